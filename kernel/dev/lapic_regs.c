/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The local APIC's registers: the xAPIC page, the x2APIC MSRs, APIC_BASE and TSC_DEADLINE. */
#include "kernel/dev/lapic_impl.h"

#define ICR_LOW_BITS 0xccfffu /* without delivery status */
#define SVR_BITS     0x3ffu   /* no EOI-broadcast suppression */

/*
 * Registers that both modes have. Those that are a field of struct lapic are read
 * from it. Others need a function.
 */
struct reg {
	uint16_t at;        /* of the field; 0: it is none */
	uint32_t bits;      /* that can be written */
	uint32_t read_only; /* that an x2APIC write may carry */
};

/* No field but a dword has a type here. */
#define IS_DWORD(name) _Generic(((struct lapic *)0)->name, uint32_t : 1)
#define AT(name)       .at = offsetof(struct lapic, name) * IS_DWORD(name)
#define LVT(n, allowed, status)                                                                    \
	[APIC_LVT + (n)] = {AT(lvt[n]), .bits = (allowed), .read_only = (status)}
#define LVT_SOURCE  (LVT_VECTOR | LVT_DELIVERY | LVT_MASKED)
#define LVT_LINT(n) LVT(n, LVT_SOURCE | 0xa000u, LVT_PENDING | LVT_REMOTE_IRR)

static const struct reg regs[] = {
	[APIC_TPR] = {.bits = 0xff},
	[APIC_SVR] = {AT(svr), .bits = SVR_BITS},
	[APIC_ESR] = {AT(esr)},
	LVT(LVT_TIMER, LVT_VECTOR | LVT_MASKED | 3u << LVT_TIMER_SHIFT, LVT_PENDING),
	LVT(LVT_THERMAL, LVT_SOURCE, LVT_PENDING),
	LVT(LVT_PERF, LVT_SOURCE, LVT_PENDING),
	LVT_LINT(LVT_LINT0),
	LVT_LINT(LVT_LINT1),
	LVT(LVT_ERROR, LVT_VECTOR | LVT_MASKED, LVT_PENDING),
	[APIC_TIMER_INITIAL] = {AT(initial), .bits = UINT32_MAX},
	[APIC_TIMER_DIVIDE] = {AT(divide), .bits = 0xb},
	[APIC_SELF_IPI] = {.bits = 0xff},
};

static struct reg find(const struct lapic *l, unsigned reg)
{
	struct reg r = reg < ARRAY_SIZE(regs) ? regs[reg] : (struct reg){0};

	if (reg == APIC_LVT + LVT_TIMER && !l->c.tsc_deadline)
		r.bits &= ~(2u << LVT_TIMER_SHIFT);
	return r;
}

/* False: there is none to be read. */
static bool reg_read(struct lapic *l, unsigned reg, uint32_t *v)
{
	struct reg r = find(l, reg);
	bool x2 = lapic_x2apic(l);

	switch (reg) {
	case APIC_ID:
		*v = x2 ? l->c.id : l->c.id << 24;
		return true;
	case APIC_VERSION:
		*v = LAPIC_VERSION;
		return true;
	case APIC_IRR ... APIC_IRR + 7:
		lapic_collect(l);
		/* fall through */
	case APIC_TPR:
	case APIC_ISR ... APIC_TMR + 7:
	case APIC_ICR:
		*v = l->c.page[reg].v;
		return true;
	case APIC_PPR:
		*v = lapic_ppr(l);
		return true;
	case APIC_LDR:
		*v = x2 ? (l->c.id & ~15u) << 12 | 1u << (l->c.id & 15) : l->ldr;
		return true;
	case APIC_TIMER_CURRENT:
		*v = lapic_timer_current(l);
		return true;
	default:
		if (r.at)
			*v = *(const uint32_t *)(const void *)((const char *)l + r.at);
		return r.at;
	}
}

void lapic_publish(struct lapic *l)
{
	if (!l->c.virtualized)
		return;
	for (uint64_t left = APIC_SHOWN; left; left &= left - 1) {
		unsigned reg = (unsigned)__builtin_ctzll(left);

		(void)reg_read(l, reg, &l->c.page[reg].v);
	}
	l->c.page[APIC_DFR].v = l->dfr;
}

static void write_tpr(struct lapic *l, uint8_t v)
{
	bool lower = v < lapic_tpr(l);

	l->c.page[APIC_TPR].v = v;
	if (lower && lapic_highest(l, APIC_IRR) >= 0)
		lapic_wake(l);
}

static void write_lvt(struct lapic *l, unsigned n, uint32_t v)
{
	if (!(l->svr & SVR_ENABLE))
		v |= LVT_MASKED;
	if (n == LVT_TIMER)
		lapic_timer_set_mode(l, v >> LVT_TIMER_SHIFT & 3);
	if (n == LVT_LINT0 && (v & LVT_LEVEL))
		v |= l->lvt[n] & (uint32_t)LVT_REMOTE_IRR;
	l->lvt[n] = v;
	if (n == LVT_LINT0)
		lapic_lint0_eval(l);
}

static void write_svr(struct lapic *l, uint32_t v)
{
	l->svr = v;
	if (!(v & SVR_ENABLE)) /* SDM 3A 10.4.7.2 */
		for (unsigned i = 0; i < LVT_COUNT; i++)
			l->lvt[i] |= LVT_MASKED;
}

/* v has only bits that can be written; false: no such register. */
static bool reg_write(struct lapic *l, unsigned reg, uint32_t v)
{
	switch (reg) {
	case APIC_TPR:
		write_tpr(l, (uint8_t)v);
		return true;
	case APIC_EOI:
		lapic_eoi(l);
		return true;
	case APIC_SVR:
		write_svr(l, v);
		break;
	case APIC_ESR: /* a write latches what has happened since the last one */
		l->esr = l->esr_pending;
		l->esr_pending = 0;
		break;
	case APIC_LVT ... APIC_LVT + LVT_COUNT - 1:
		write_lvt(l, reg - APIC_LVT, v);
		break;
	case APIC_TIMER_INITIAL:
		lapic_timer_set_initial(l, v);
		break;
	case APIC_TIMER_DIVIDE:
		lapic_timer_set_divide(l, v);
		break;
	default:
		return false;
	}
	lapic_publish(l);
	return true;
}

bool lapic_covers(const struct lapic *l, gpa_t gpa)
{
	return lapic_enabled(l) && !lapic_x2apic(l) &&
	       align_down(gpa, PAGE_SIZE) == align_down(l->base, PAGE_SIZE);
}

static uint32_t xapic_read(struct lapic *l, unsigned reg)
{
	uint32_t v = 0;

	switch (reg) {
	case APIC_EOI: /* write-only */
	case APIC_APR: /* this and the next not since the Pentium 4 (SDM 3A table 10-1) */
	case APIC_RRD:
		return 0;
	case APIC_DFR:
		return l->dfr;
	case APIC_ICR_HIGH:
		return l->c.page[reg].v;
	default:
		if (!reg_read(l, reg, &v))
			lapic_error(l, ESR_REGISTER);
		return v;
	}
}

uint64_t lapic_mmio_read(struct lapic *l, uint64_t offset, unsigned size)
{
	/* Registers are dwords at steps of 16 bytes; the rest is undefined (SDM 3A 10.4.1). */
	if ((offset & 15) >= 4 || offset >= PAGE_SIZE)
		return 0;
	uint32_t v = xapic_read(l, (unsigned)(offset >> 4)) >> (8 * (offset & 3));
	return size < 4 ? v & ((1u << (8 * size)) - 1) : v;
}

static void xapic_write(struct lapic *l, unsigned reg, uint32_t v)
{
	uint32_t ignored;

	switch (reg) {
	case APIC_LDR:
		l->ldr = v & 0xff000000u;
		return;
	case APIC_DFR:
		l->dfr = v | 0x0fffffffu;
		return;
	case APIC_ICR:
		l->c.page[reg].v = v & ICR_LOW_BITS;
		lapic_ipi(l, (uint64_t)l->c.page[APIC_ICR_HIGH].v << 32 | (v & ICR_LOW_BITS));
		return;
	case APIC_ICR_HIGH:
		l->c.page[reg].v = v & 0xff000000u;
		return;
	default:
		if (!reg_write(l, reg, v & find(l, reg).bits) && !reg_read(l, reg, &ignored) &&
		    reg != APIC_APR && reg != APIC_RRD)
			lapic_error(l, ESR_REGISTER);
	}
}

void lapic_mmio_write(struct lapic *l, uint64_t offset, unsigned size, uint64_t value)
{
	if ((offset & 15) == 0 && offset < PAGE_SIZE && size >= 4)
		xapic_write(l, (unsigned)(offset >> 4), (uint32_t)value);
}

static int x2apic_write(struct lapic *l, unsigned reg, uint64_t value)
{
	struct reg r = find(l, reg);
	uint32_t v = (uint32_t)value;

	if (reg == APIC_ICR) {
		/* Bit 12, delivery status in an xAPIC, is let pass. */
		if (v & ~(ICR_LOW_BITS | 0x1000u))
			return -EINVAL;
		l->c.page[reg].v = v & ICR_LOW_BITS;
		l->c.page[reg].high = (uint32_t)(value >> 32);
		lapic_ipi(l, value & ~(uint64_t)0x1000u);
		return 0;
	}
	if (value & ~(uint64_t)(r.bits | r.read_only))
		return -EINVAL;
	v &= r.bits;
	if (reg == APIC_SELF_IPI) {
		if (v < 16)
			lapic_error(l, ESR_SEND_VECTOR);
		else
			lapic_set_irq(l, (uint8_t)v, false);
		return 0;
	}
	return reg_write(l, reg, v) ? 0 : -EINVAL;
}

bool lapic_quick_write(struct lapic *l, unsigned reg, uint64_t value)
{
	if (!lapic_x2apic(l) || value > (reg == APIC_EOI ? 0 : 0xff))
		return false;
	if (reg == APIC_TPR)
		write_tpr(l, (uint8_t)value);
	else if (reg == APIC_EOI)
		lapic_eoi(l);
	else
		return reg == APIC_SELF_IPI && value >= 16 &&
		       lapic_set_irq(l, (uint8_t)value, false);
	return true;
}

void lapic_written(struct lapic *l, unsigned reg)
{
	if (lapic_x2apic(l))
		(void)x2apic_write(l, reg, l->c.page[reg].v);
	else
		xapic_write(l, reg, l->c.page[reg].v);
	/* It may be one that only reads, or have bits that do. */
	if (reg != APIC_ICR)
		lapic_publish(l);
}

/* SDM 3A 10.12.5, figure 10-27. */
static int base_write(struct lapic *l, uint64_t v)
{
	uint64_t mode = APIC_BASE_ENABLE | APIC_BASE_X2APIC;
	uint64_t legal = APIC_BASE_BSP | APIC_BASE_ENABLE | (l->c.x2apic ? APIC_BASE_X2APIC : 0) |
			 (BIT(l->c.phys_bits) - PAGE_SIZE);
	uint64_t old = l->base & mode, new = v &mode;

	if ((v & ~legal) || new == APIC_BASE_X2APIC || (old == 0 && new == mode) ||
	    (old == mode && new == APIC_BASE_ENABLE))
		return -EINVAL;
	l->base = v;
	if (old && !new)
		lapic_reset(l);
	if (old != new) {
		lapic_publish(l);
		lapic_lint0_eval(l);
		if (l->c.virtualized)
			lapic_wake(l);
	}
	return 0;
}

int lapic_msr_read(struct lapic *l, uint32_t msr, uint64_t *value)
{
	uint32_t v = 0, reg = msr - MSR_X2APIC_BASE;

	if (msr == MSR_APIC_BASE) {
		*value = l->base;
		return 0;
	}
	if (msr == MSR_TSC_DEADLINE && l->c.tsc_deadline) {
		*value = l->deadline;
		return 0;
	}
	if (reg > 0xff || !lapic_x2apic(l) || !reg_read(l, reg, &v))
		return -EINVAL;
	*value = (uint64_t)l->c.page[reg].high << 32 | v;
	return 0;
}

int lapic_msr_write(struct lapic *l, uint32_t msr, uint64_t value)
{
	if (msr == MSR_APIC_BASE)
		return base_write(l, value);
	if (msr == MSR_TSC_DEADLINE && l->c.tsc_deadline) {
		lapic_timer_set_deadline(l, value);
		return 0;
	}
	if (msr - MSR_X2APIC_BASE > 0xff || !lapic_x2apic(l))
		return -EINVAL;
	return x2apic_write(l, msr - MSR_X2APIC_BASE, value);
}
