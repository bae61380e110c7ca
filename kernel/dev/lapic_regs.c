/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The local APIC's registers: the xAPIC page, the x2APIC MSRs, APIC_BASE and TSC_DEADLINE. */
#include "kernel/dev/lapic_impl.h"
#include "kernel/errno.h"

#define MSR_APIC_BASE    0x1bu
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_X2APIC_FIRST 0x800u
#define MSR_X2APIC_LAST  0x8ffu

/* Register numbers: MMIO offset / 16, MSR - 0x800 (SDM 3A table 10-1, 10-6). */
enum {
	REG_ID = 0x02,
	REG_VERSION = 0x03,
	REG_TPR = 0x08,
	REG_APR = 0x09, /* xAPIC only */
	REG_PPR = 0x0a,
	REG_EOI = 0x0b,
	REG_RRD = 0x0c, /* xAPIC only */
	REG_LDR = 0x0d,
	REG_DFR = 0x0e, /* xAPIC only */
	REG_SVR = 0x0f,
	REG_ISR = 0x10,
	REG_TMR = 0x18,
	REG_IRR = 0x20,
	REG_ESR = 0x28,
	REG_ICR = 0x30,
	REG_ICR_HIGH = 0x31, /* xAPIC only */
	REG_LVT = 0x32,
	REG_LVT_END = REG_LVT + LVT_COUNT,
	REG_INITIAL = 0x38,
	REG_CURRENT = 0x39,
	REG_DIVIDE = 0x3e,
	REG_SELF_IPI = 0x3f, /* x2APIC only */
};

#define ICR_LOW_BITS 0xccfffu /* without delivery status */
#define SVR_BITS     0x3ffu   /* no EOI-broadcast suppression */

static uint32_t x2apic_ldr(const struct lapic *l)
{
	return (l->c.id & ~15u) << 12 | 1u << (l->c.id & 15);
}

/* Registers that both modes have; false: there is none to be read. */
static bool reg_read(struct lapic *l, unsigned reg, uint32_t *v)
{
	bool x2 = lapic_x2apic(l);

	switch (reg) {
	case REG_ID:
		*v = x2 ? l->c.id : l->c.id << 24;
		return true;
	case REG_VERSION:
		*v = LAPIC_VERSION;
		return true;
	case REG_TPR:
		*v = l->tpr;
		return true;
	case REG_PPR:
		*v = lapic_ppr(l);
		return true;
	case REG_LDR:
		*v = x2 ? x2apic_ldr(l) : l->ldr;
		return true;
	case REG_SVR:
		*v = l->svr;
		return true;
	case REG_ISR ... REG_ISR + 7:
		*v = l->isr[reg - REG_ISR];
		return true;
	case REG_TMR ... REG_TMR + 7:
		*v = l->tmr[reg - REG_TMR];
		return true;
	case REG_IRR ... REG_IRR + 7:
		*v = l->irr[reg - REG_IRR];
		return true;
	case REG_ESR:
		*v = l->esr;
		return true;
	case REG_ICR:
		*v = (uint32_t)l->icr;
		return true;
	case REG_LVT ... REG_LVT_END - 1:
		*v = l->lvt[reg - REG_LVT];
		return true;
	case REG_INITIAL:
		*v = l->initial;
		return true;
	case REG_CURRENT:
		*v = lapic_timer_current(l);
		return true;
	case REG_DIVIDE:
		*v = l->divide;
		return true;
	default:
		return false;
	}
}

/* The bits of a register that can be written; UINT32_MAX for those where anything goes. */
static uint32_t reg_bits(const struct lapic *l, unsigned reg)
{
	switch (reg) {
	case REG_TPR:
	case REG_SELF_IPI:
		return 0xff;
	case REG_SVR:
		return SVR_BITS;
	case REG_LVT + LVT_TIMER:
		return LVT_VECTOR | LVT_MASKED | (l->c.tsc_deadline ? 3u << 17 : 1u << 17);
	case REG_LVT + LVT_THERMAL:
	case REG_LVT + LVT_PERF:
		return LVT_VECTOR | LVT_DELIVERY | LVT_MASKED;
	case REG_LVT + LVT_LINT0:
	case REG_LVT + LVT_LINT1:
		return LVT_VECTOR | LVT_DELIVERY | LVT_MASKED | 0xa000u;
	case REG_LVT + LVT_ERROR:
		return LVT_VECTOR | LVT_MASKED;
	case REG_INITIAL:
		return UINT32_MAX;
	case REG_DIVIDE:
		return 0xb;
	default:
		return 0; /* EOI, ESR */
	}
}

/* Read-only bits, which an x2APIC write may carry: delivery status and remote IRR. */
static uint32_t reg_read_only(unsigned reg)
{
	switch (reg) {
	case REG_LVT + LVT_LINT0:
	case REG_LVT + LVT_LINT1:
		return 0x5000;
	case REG_LVT ... REG_LVT + LVT_PERF:
	case REG_LVT + LVT_ERROR:
		return 0x1000;
	default:
		return 0;
	}
}

static void write_tpr(struct lapic *l, uint8_t v)
{
	bool lower = v < l->tpr;

	l->tpr = v;
	if (lower && lapic_highest_irr(l) >= 0)
		l->c.ops->wake(l->c.ctx, l);
}

static void write_lvt(struct lapic *l, unsigned n, uint32_t v)
{
	if (!(l->svr & SVR_ENABLE))
		v |= LVT_MASKED;
	if (n == LVT_TIMER)
		lapic_timer_set_mode(l, v >> 17 & 3);
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

/* v has only bits of reg_bits(); false: no such register. */
static bool reg_write(struct lapic *l, unsigned reg, uint32_t v)
{
	switch (reg) {
	case REG_TPR:
		write_tpr(l, (uint8_t)v);
		return true;
	case REG_EOI:
		lapic_eoi(l);
		return true;
	case REG_SVR:
		write_svr(l, v);
		return true;
	case REG_ESR: /* a write latches what has happened since the last one */
		l->esr = l->esr_pending;
		l->esr_pending = 0;
		return true;
	case REG_LVT ... REG_LVT_END - 1:
		write_lvt(l, reg - REG_LVT, v);
		return true;
	case REG_INITIAL:
		lapic_timer_set_initial(l, v);
		return true;
	case REG_DIVIDE:
		lapic_timer_set_divide(l, v);
		return true;
	default:
		return false;
	}
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
	case REG_APR:
		return lapic_apr(l);
	case REG_EOI: /* write-only */
	case REG_RRD:
		return 0;
	case REG_DFR:
		return l->dfr;
	case REG_ICR_HIGH:
		return (uint32_t)(l->icr >> 32);
	default:
		if (!reg_read(l, reg, &v))
			lapic_error(l, ESR_REGISTER);
		return v;
	}
}

uint64_t lapic_mmio_read(struct lapic *l, uint64_t offset, unsigned size)
{
	uint32_t v;

	/* Registers are dwords at steps of 16 bytes; the rest is undefined (SDM 3A 10.4.1). */
	if ((offset & 15) >= 4 || offset >= PAGE_SIZE)
		return 0;
	v = xapic_read(l, (unsigned)(offset >> 4)) >> (8 * (offset & 3));
	return size < 4 ? v & ((1u << (8 * size)) - 1) : v;
}

static void xapic_write(struct lapic *l, unsigned reg, uint32_t v)
{
	uint32_t ignored;

	switch (reg) {
	case REG_LDR:
		l->ldr = v & 0xff000000u;
		return;
	case REG_DFR:
		l->dfr = v | 0x0fffffffu;
		return;
	case REG_ICR:
		l->icr = (l->icr & ~(uint64_t)UINT32_MAX) | (v & ICR_LOW_BITS);
		l->c.ops->ipi(l->c.ctx, l, l->icr);
		return;
	case REG_ICR_HIGH:
		l->icr = (uint64_t)(v & 0xff000000u) << 32 | (uint32_t)l->icr;
		return;
	default:
		if (!reg_write(l, reg, v & reg_bits(l, reg)) && !reg_read(l, reg, &ignored) &&
		    reg != REG_APR && reg != REG_RRD)
			lapic_error(l, ESR_REGISTER);
	}
}

void lapic_mmio_write(struct lapic *l, uint64_t offset, unsigned size, uint64_t value)
{
	if ((offset & 15) == 0 && offset < PAGE_SIZE && size >= 4)
		xapic_write(l, (unsigned)(offset >> 4), (uint32_t)value);
}

static int x2apic_read(struct lapic *l, unsigned reg, uint64_t *value)
{
	uint32_t v;

	if (reg == REG_ICR) {
		*value = l->icr;
		return 0;
	}
	if (!reg_read(l, reg, &v))
		return -EINVAL;
	*value = v;
	return 0;
}

static int x2apic_write(struct lapic *l, unsigned reg, uint64_t value)
{
	uint32_t v = (uint32_t)value;

	if (reg == REG_ICR) {
		/* Bit 12, delivery status in an xAPIC, is let pass. */
		if (v & ~(ICR_LOW_BITS | 0x1000u))
			return -EINVAL;
		l->icr = value & ~(uint64_t)0x1000u;
		l->c.ops->ipi(l->c.ctx, l, l->icr);
		return 0;
	}
	if (value & ~(uint64_t)(reg_bits(l, reg) | reg_read_only(reg)))
		return -EINVAL;
	v &= reg_bits(l, reg);
	if (reg == REG_SELF_IPI) {
		if (v < 16)
			lapic_error(l, ESR_SEND_VECTOR);
		else
			lapic_set_irq(l, (uint8_t)v, false);
		return 0;
	}
	return reg_write(l, reg, v) ? 0 : -EINVAL;
}

/* SDM 3A 10.12.5, figure 10-27. */
static int base_write(struct lapic *l, uint64_t v)
{
	uint64_t mode = APIC_BASE_ENABLE | APIC_BASE_X2APIC;
	uint64_t legal = APIC_BASE_BSP | APIC_BASE_ENABLE | (l->c.x2apic ? APIC_BASE_X2APIC : 0) |
			 (BIT(l->c.phys_bits) - PAGE_SIZE);
	uint64_t old = l->base & mode, new = v &mode;

	if ((v & ~legal) || new == APIC_BASE_X2APIC)
		return -EINVAL;
	if ((old == 0 && new == mode) || (old == mode && new == APIC_BASE_ENABLE))
		return -EINVAL;
	l->base = v;
	if (old && !new)
		lapic_reset(l);
	if (old != new)
		lapic_lint0_eval(l);
	return 0;
}

int lapic_msr_read(struct lapic *l, uint32_t msr, uint64_t *value)
{
	if (msr == MSR_APIC_BASE) {
		*value = l->base;
		return 0;
	}
	if (msr == MSR_TSC_DEADLINE && l->c.tsc_deadline) {
		*value = l->deadline;
		return 0;
	}
	if (msr < MSR_X2APIC_FIRST || msr > MSR_X2APIC_LAST || !lapic_x2apic(l))
		return -EINVAL;
	return x2apic_read(l, msr - MSR_X2APIC_FIRST, value);
}

int lapic_msr_write(struct lapic *l, uint32_t msr, uint64_t value)
{
	if (msr == MSR_APIC_BASE)
		return base_write(l, value);
	if (msr == MSR_TSC_DEADLINE && l->c.tsc_deadline) {
		lapic_timer_set_deadline(l, value);
		return 0;
	}
	if (msr < MSR_X2APIC_FIRST || msr > MSR_X2APIC_LAST || !lapic_x2apic(l))
		return -EINVAL;
	return x2apic_write(l, msr - MSR_X2APIC_FIRST, value);
}
