/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The local APIC: accepting, prioritizing and ending interrupts; pins and reset. */
#include "kernel/dev/lapic.h"

#include "kernel/dev/lapic_impl.h"
#include "kernel/string.h"

/* A map of all vectors: eight slots. Atomic because the guest or its processor may read it. */
static bool map_test(const struct apic_slot *map, uint8_t v)
{
	return __atomic_load_n(&map[v / 32].v, __ATOMIC_RELAXED) >> (v % 32) & 1u;
}

static void map_set(struct apic_slot *map, uint8_t v)
{
	__atomic_fetch_or(&map[v / 32].v, 1u << (v % 32), __ATOMIC_ACQ_REL);
}

static void map_clear(struct apic_slot *map, uint8_t v)
{
	__atomic_fetch_and(&map[v / 32].v, ~(1u << (v % 32)), __ATOMIC_ACQ_REL);
}

static int map_highest(const struct apic_slot *map)
{
#pragma GCC unroll 8
	for (int i = 7; i >= 0; i--) {
		uint32_t w = __atomic_load_n(&map[i].v, __ATOMIC_RELAXED);

		if (w)
			return i * 32 + 31 - __builtin_clz(w);
	}
	return -1;
}

int lapic_highest(struct lapic *l, enum apic_reg map)
{
	lapic_collect(l);
	return map_highest(&l->c.page[map]);
}

void lapic_collect(struct lapic *l)
{
	if (!l->any_posted)
		return;
	l->any_posted = false;
	for (unsigned i = 0; i < ARRAY_SIZE(l->posted); i++) {
		l->c.page[APIC_IRR + i].v |= l->posted[i].v;
		l->posted[i].v = 0;
	}
	/* Its remote IRR, too, may have been set from another core. */
	l->c.page[APIC_LVT + LVT_LINT0].v = l->lvt[LVT_LINT0];
}

/* SDM 3A 10.8.3.1. */
uint8_t lapic_ppr(const struct lapic *l)
{
	int top = map_highest(&l->c.page[APIC_ISR]);
	unsigned isrv = top < 0 ? 0 : (unsigned)top & 0xf0u, tpr = lapic_tpr(l);

	return (uint8_t)(tpr >> 4 >= isrv >> 4 ? tpr : isrv);
}

void lapic_set_tpr(struct lapic *l, uint8_t tpr)
{
	/* CR8 has the upper half only: a lower half that MMIO gave stays. */
	if ((tpr & 0xf) == 0 && tpr == (lapic_tpr(l) & 0xf0))
		return;
	l->c.page[APIC_TPR].v = tpr;
}

int lapic_pending_vector(struct lapic *l, uint8_t tpr)
{
	if (!lapic_enabled(l))
		return -1;
	lapic_set_tpr(l, tpr);
	int irr = lapic_highest(l, APIC_IRR);
	return irr >= 0 && irr >> 4 > lapic_ppr(l) >> 4 ? irr : -1;
}

void lapic_accept(struct lapic *l, uint8_t vector)
{
	map_clear(&l->c.page[APIC_IRR], vector);
	map_set(&l->c.page[APIC_ISR], vector);
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
		map_set(&l->c.page[APIC_TMR], vector);
	else
		map_clear(&l->c.page[APIC_TMR], vector);
	map_set(l->c.virtualized ? l->posted : &l->c.page[APIC_IRR], vector);
	l->any_posted = l->c.virtualized;
	lapic_wake(l);
	return true;
}

bool lapic_receive(struct lapic *l, const struct apic_msg *m)
{
	enum apic_delivery what = (enum apic_delivery)m->delivery;

	/* Which looks itself whether it is enabled. */
	if (what <= APIC_DM_LOWEST)
		return lapic_set_irq(l, m->vector, m->level);
	/* No SMM; ExtINT comes by LINT0 only. */
	if (!lapic_enabled(l) ||
	    (what != APIC_DM_NMI && what != APIC_DM_INIT && what != APIC_DM_SIPI))
		return false;
	lapic_signal(l, what, what == APIC_DM_SIPI ? m->vector : 0);
	return true;
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

void lapic_ended(struct lapic *l, uint8_t vector)
{
	uint32_t *lint0 = &l->lvt[LVT_LINT0];

	if (!map_test(&l->c.page[APIC_TMR], vector))
		return;
	if ((*lint0 & LVT_REMOTE_IRR) && (*lint0 & LVT_VECTOR) == vector) {
		*lint0 &= ~(uint32_t)LVT_REMOTE_IRR;
		lapic_lint0_eval(l);
		lapic_publish(l);
	}
	lapic_eoi_broadcast(l, vector);
}

void lapic_eoi(struct lapic *l)
{
	int v = map_highest(&l->c.page[APIC_ISR]);

	if (v < 0)
		return;
	map_clear(&l->c.page[APIC_ISR], (uint8_t)v);
	lapic_ended(l, (uint8_t)v);
	/* The processor is to be told of the ISR, too, where it has it. */
	if (l->c.virtualized || lapic_highest(l, APIC_IRR) >= 0)
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
	memset(l->c.page, 0, PAGE_SIZE);
	lapic_publish(l);
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
