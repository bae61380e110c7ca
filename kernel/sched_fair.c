/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling policy: weighted sharing by virtual time. */
#include "kernel/sched.h"

/*
 * An entity's virtual time is what it has run divided by its weight; the
 * runnable one with the least is next. Whole ticks with a separate fraction:
 * exact for any length of charge, and no wrap-around in a machine's life.
 */

/* ticks of e's running as virtual time. */
static uint64_t virtual_of(const struct sched_entity *e, uint64_t ticks)
{
	return mul_ratio(ticks, e->fair.inverse);
}

static struct sched_entity *least(const struct sched_queue *q, const struct sched_entity *except)
{
	struct sched_entity *best = NULL;

	for (struct sched_entity *e = q->list; e; e = e->next)
		if (e != except && e->runnable && (!best || e->fair.vtime < best->fair.vtime))
			best = e;
	return best;
}

static void charge(struct sched_queue *q, struct sched_entity *e, uint64_t ticks)
{
	unsigned __int128 v = (unsigned __int128)ticks * e->fair.inverse + e->fair.fraction;

	e->fair.vtime += (uint64_t)(v >> 32);
	e->fair.fraction = (uint32_t)v;
	/*
	 * The queue's time follows who is farthest behind. That e still counts is needed: were
	 * what the last one ran before it blocked left out, who wakes next would be placed in
	 * the past and starve it.
	 */
	e = least(q, NULL);
	if (e)
		q->fair.vtime = max_u64(q->fair.vtime, e->fair.vtime);
}

static void add(struct sched_queue *q, struct sched_entity *e)
{
	e->fair.inverse = (1ull << 32) / e->weight;
	e->fair.vtime = q->fair.vtime;
}

/*
 * The current entity may run on until it is ahead by a small part of a slice:
 * less than the credit, so that one who slept for long goes first at once, and
 * enough to bound the number of switches.
 */
static bool wake(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
	const struct sched_entity *cur = q->current;
	uint64_t credit = virtual_of(e, q->slice / 2), v = q->fair.vtime;
	bool changed = q->fair.endless;

	/* Never moved back, so that sleeping often earns nothing more. */
	e->fair.vtime = max_u64(e->fair.vtime, v > credit ? v - credit : 0);
	if (!cur)
		return true;
	if (q->fair.endless)
		q->fair.stop = now + q->slice;
	q->fair.endless = false;

	uint64_t until = e->fair.vtime + virtual_of(e, q->slice / 8);
	uint64_t ahead = until > cur->fair.vtime ? until - cur->fair.vtime : 0;

	if (ahead < q->slice && now + ahead * cur->weight < q->fair.stop) {
		q->fair.stop = now + ahead * cur->weight;
		changed = true;
	}
	return changed;
}

static struct sched_entity *pick(struct sched_queue *q, uint64_t now, uint64_t *slice_end)
{
	struct sched_entity *e = q->current;

	if (!e || now >= q->fair.stop) {
		e = least(q, NULL);
		q->fair.stop = now + q->slice;
	}
	q->fair.endless = !e || !least(q, e);
	*slice_end = q->fair.endless ? SCHED_FOREVER : q->fair.stop;
	return e;
}

/* Behind the next one. Credit is lost, or a spinning guest could save it up and starve others. */
static void yield(struct sched_queue *q)
{
	struct sched_entity *cur = q->current, *other = least(q, cur);

	if (other)
		cur->fair.vtime = max_u64(cur->fair.vtime, other->fair.vtime + 1);
	q->fair.stop = 0;
}

const struct sched_ops sched_fair = {
	.name = "fair",
	.add = add,
	.wake = wake,
	.pick = pick,
	.charge = charge,
	.yield = yield,
};
