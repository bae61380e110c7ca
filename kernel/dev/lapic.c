/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The local APIC: accepting, prioritizing and ending interrupts; pins and reset. */
#include "kernel/dev/lapic.h"

#include "kernel/dev/lapic_impl.h"

static bool map_test(const uint32_t *map, uint8_t v)
{
	return __atomic_load_n(&map[v / 32], __ATOMIC_RELAXED) >> (v % 32) & 1u;
}

/* Atomic because IRR may be set for a vCPU that runs elsewhere. */
static void map_set(uint32_t *map, uint8_t v)
{
	__atomic_fetch_or(&map[v / 32], 1u << (v % 32), __ATOMIC_ACQ_REL);
}

static void map_clear(uint32_t *map, uint8_t v)
{
	__atomic_fetch_and(&map[v / 32], ~(1u << (v % 32)), __ATOMIC_ACQ_REL);
}

static int map_highest(const uint32_t *map)
{
	const uint64_t *wide = (const void *)map;

	for (int i = 3; i >= 0; i--) {
		uint64_t w = __atomic_load_n(&wide[i], __ATOMIC_RELAXED);

		if (w)
			return i * 64 + 63 - __builtin_clzll(w);
	}
	return -1;
}

int lapic_highest_irr(const struct lapic *l)
{
	return map_highest(l->irr);
}

/* SDM 3A 10.8.3.1. */
uint8_t lapic_ppr(const struct lapic *l)
{
	int top = map_highest(l->isr);
	unsigned isrv = top < 0 ? 0 : (unsigned)top & 0xf0u;

	return (uint8_t)(l->tpr >> 4 >= isrv >> 4 ? l->tpr : isrv);
}

void lapic_set_tpr(struct lapic *l, uint8_t tpr)
{
	/* CR8 has the upper half only: a lower half that MMIO gave stays. */
	if ((tpr & 0xf) == 0 && tpr == (l->tpr & 0xf0))
		return;
	l->tpr = tpr;
}

int lapic_pending_vector(struct lapic *l, uint8_t tpr)
{
	int irr;

	if (!lapic_enabled(l))
		return -1;
	lapic_set_tpr(l, tpr);
	irr = map_highest(l->irr);
	return irr >> 4 > lapic_ppr(l) >> 4 ? irr : -1;
}

void lapic_accept(struct lapic *l, uint8_t vector)
{
	map_clear(l->irr, vector);
	map_set(l->isr, vector);
}

bool lapic_set_irq(struct lapic *l, uint8_t vector, bool level)
{
	if (!lapic_sw_enabled(l))
		return false;
	if (vector < 16) {
		lapic_error(l, ESR_RECV_VECTOR);
		return false;
	}
	if (level)
		map_set(l->tmr, vector);
	else
		map_clear(l->tmr, vector);
	map_set(l->irr, vector);
	lapic_wake(l);
	return true;
}

bool lapic_receive(struct lapic *l, const struct apic_msg *m)
{
	if (!lapic_enabled(l))
		return false;
	switch (m->delivery) {
	case APIC_DM_FIXED:
	case APIC_DM_LOWEST:
		return lapic_set_irq(l, m->vector, m->level);
	case APIC_DM_NMI:
	case APIC_DM_INIT:
	case APIC_DM_SIPI:
		lapic_signal(l, (enum apic_delivery)m->delivery,
			     m->delivery == APIC_DM_SIPI ? m->vector : 0);
		return true;
	default:
		return false; /* no SMM; ExtINT comes by LINT0 only */
	}
}

/* A second error of the same kind before the guest writes the ESR is not told again. */
void lapic_error(struct lapic *l, uint32_t bit)
{
	if (l->esr_pending & bit)
		return;
	l->esr_pending |= bit;
	if (!(l->lvt[LVT_ERROR] & LVT_MASKED))
		lapic_set_irq(l, (uint8_t)l->lvt[LVT_ERROR], false);
}

void lapic_eoi(struct lapic *l)
{
	int v = map_highest(l->isr);

	if (v < 0)
		return;
	map_clear(l->isr, (uint8_t)v);
	if (map_test(l->tmr, (uint8_t)v)) {
		uint32_t *lint0 = &l->lvt[LVT_LINT0];

		if ((*lint0 & LVT_REMOTE_IRR) && (*lint0 & LVT_VECTOR) == (uint32_t)v) {
			*lint0 &= ~(uint32_t)LVT_REMOTE_IRR;
			lapic_lint0_eval(l);
		}
		lapic_eoi_broadcast(l, (uint8_t)v);
	}
	if (lapic_highest_irr(l) >= 0)
		lapic_wake(l);
}

bool lapic_extint_pending(const struct lapic *l)
{
	/* Without an APIC the pin is the processor's INTR (SDM 3A 10.4.3). */
	if (!l->lint[0] || !lapic_enabled(l))
		return l->lint[0];
	return (l->lvt[LVT_LINT0] & (LVT_MASKED | LVT_DELIVERY)) == APIC_DM_EXTINT << 8;
}

void lapic_lint0_eval(struct lapic *l)
{
	uint32_t *e = &l->lvt[LVT_LINT0];

	if (lapic_extint_pending(l)) {
		lapic_wake(l);
		return;
	}
	if (!l->lint[0] || (*e & (LVT_MASKED | LVT_DELIVERY | LVT_REMOTE_IRR)) || !(*e & LVT_LEVEL))
		return;
	if (lapic_set_irq(l, (uint8_t)*e, true))
		*e |= (uint32_t)LVT_REMOTE_IRR;
}

/* The rising edge of a pin with an LVT entry. */
static void lint_edge(struct lapic *l, unsigned pin, uint32_t e)
{
	if (e & LVT_MASKED)
		return;
	if ((e & LVT_DELIVERY) == APIC_DM_NMI << 8)
		lapic_signal(l, APIC_DM_NMI, 0);
	/* LINT1 knows edges only (SDM 3A 10.5.1, trigger mode). */
	if ((e & LVT_DELIVERY) == APIC_DM_FIXED << 8 && (pin == 1 || !(e & LVT_LEVEL)))
		lapic_set_irq(l, (uint8_t)e, false);
}

void lapic_lint(struct lapic *l, unsigned pin, bool level)
{
	bool rose = level && !l->lint[pin & 1];

	pin &= 1;
	l->lint[pin] = level;
	if (rose && lapic_enabled(l))
		lint_edge(l, pin, l->lvt[LVT_LINT0 + pin]);
	else if (rose && pin == 1)
		lapic_signal(l, APIC_DM_NMI, 0);
	if (pin == 0)
		lapic_lint0_eval(l);
}

/* SDM 3A 10.4.7.1, 10.4.7.3. */
void lapic_reset(struct lapic *l)
{
	*l = (struct lapic){
		.c = l->c,
		.base = l->base,
		.lint = {l->lint[0], l->lint[1]},
		.dfr = UINT32_MAX,
		.svr = 0xff,
		.next = DEV_TIMER_NEVER,
	};
	for (unsigned i = 0; i < LVT_COUNT; i++)
		l->lvt[i] = LVT_MASKED;
	dev_timer_arm(l->c.timer, DEV_TIMER_NEVER);
}

void lapic_init(struct lapic *l, const struct lapic_config *c)
{
	*l = (struct lapic){
		.c = *c,
		.base = LAPIC_DEFAULT_BASE | APIC_BASE_ENABLE | (c->bsp ? APIC_BASE_BSP : 0),
	};
	lapic_reset(l);
}
