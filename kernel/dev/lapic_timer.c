/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The local APIC's timer: one-shot, periodic and TSC-deadline (SDM 3A 10.5.4). */
#include "kernel/dev/lapic_impl.h"

/* A shorter period only costs its guest time: ticks in between are left out. */
#define MIN_PERIOD_NS 20000u

static uint64_t tick_ns(const struct lapic *l)
{
	unsigned d = (l->divide & 3u) | (l->divide >> 1 & 4u);

	return (uint64_t)LAPIC_TICK_NS * (d == 7 ? 1u : 2u << d);
}

/* At most 2^32 * 128 ticks of 10 ns. */
static uint64_t period(const struct lapic *l)
{
	return l->initial * tick_ns(l);
}

static void arm(struct lapic *l, uint64_t next)
{
	l->next = next;
	dev_timer_arm(l->c.timer, next);
}

/* The expiry that follows start, if there is a count; a periodic one not too soon. */
static void arm_after_start(struct lapic *l, uint64_t now)
{
	uint64_t next = l->initial ? l->start + period(l) : DEV_TIMER_NEVER;

	if (lapic_timer_mode(l) == TIMER_PERIODIC)
		next = max_u64(next, now + MIN_PERIOD_NS);
	arm(l, next);
}

static void begin_period(struct lapic *l, uint64_t now)
{
	l->start += (now - l->start) / period(l) * period(l);
}

uint32_t lapic_timer_current(const struct lapic *l)
{
	if (l->next == DEV_TIMER_NEVER || l->initial == 0 || lapic_timer_mode(l) == TIMER_DEADLINE)
		return 0;
	uint64_t ticks = (dev_now(l->c.timer) - l->start) / tick_ns(l);
	if (lapic_timer_mode(l) == TIMER_PERIODIC)
		ticks %= l->initial;
	return ticks >= l->initial ? 0 : l->initial - (uint32_t)ticks;
}

void lapic_timer_set_initial(struct lapic *l, uint32_t count)
{
	uint64_t now = dev_now(l->c.timer);

	if (lapic_timer_mode(l) == TIMER_DEADLINE)
		return;
	l->initial = count;
	l->start = now;
	arm_after_start(l, now);
}

void lapic_timer_set_divide(struct lapic *l, uint32_t divide)
{
	uint64_t now = dev_now(l->c.timer);
	uint32_t left = lapic_timer_current(l);

	l->divide = divide;
	if (left == 0)
		return;
	/* The count goes on from where it is; start may lie before the clock's 0. */
	l->start = now - (l->initial - left) * tick_ns(l);
	arm_after_start(l, now);
}

void lapic_timer_set_mode(struct lapic *l, unsigned mode)
{
	unsigned old = lapic_timer_mode(l);
	uint64_t now = dev_now(l->c.timer);

	if (old == mode)
		return;
	l->lvt[LVT_TIMER] =
		(l->lvt[LVT_TIMER] & ~(3u << LVT_TIMER_SHIFT)) | mode << LVT_TIMER_SHIFT;
	if (old == TIMER_DEADLINE || mode == TIMER_DEADLINE) {
		l->initial = 0;
		l->deadline = 0;
		arm(l, DEV_TIMER_NEVER);
	} else if (l->next != DEV_TIMER_NEVER) {
		begin_period(l, now);
		arm_after_start(l, now);
	}
}

void lapic_timer_set_deadline(struct lapic *l, uint64_t tsc)
{
	if (lapic_timer_mode(l) != TIMER_DEADLINE)
		return;
	l->deadline = tsc;
	lapic_tsc_changed(l);
}

void lapic_tsc_changed(struct lapic *l)
{
	if (lapic_timer_mode(l) != TIMER_DEADLINE)
		return;
	if (l->deadline == 0) {
		arm(l, DEV_TIMER_NEVER);
		return;
	}
	/* Only the guest's 0 disarms; a conversion to 0 is a time gone by. */
	l->next = lapic_tsc_to_ns(l, l->deadline);
	if (l->next <= dev_now(l->c.timer))
		lapic_timer(l);
	else
		dev_timer_arm(l->c.timer, l->next);
}

void lapic_timer(void *lapic)
{
	struct lapic *l = lapic;
	uint64_t now = dev_now(l->c.timer);

	if (l->next == DEV_TIMER_NEVER)
		return;
	if (now < l->next) {
		dev_timer_arm(l->c.timer, l->next);
		return;
	}
	if (lapic_timer_mode(l) == TIMER_PERIODIC) {
		begin_period(l, now);
		arm_after_start(l, now);
	} else {
		l->deadline = 0;
		arm(l, DEV_TIMER_NEVER);
	}
	if (!(l->lvt[LVT_TIMER] & LVT_MASKED))
		lapic_set_irq(l, (uint8_t)l->lvt[LVT_TIMER], false);
}
