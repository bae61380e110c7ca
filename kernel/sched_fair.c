/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling policy: weighted sharing by virtual time. */
#include "kernel/errno.h"
#include "kernel/sched.h"

/*
 * An entity's virtual time is what it has run divided by its weight; the
 * runnable one with the least is next. Whole ticks with a separate fraction:
 * exact for any length of charge, and no wrap-around in a machine's life.
 */
static void init(struct sched_queue *q)
{
	q->u.fair.vtime = 0;
}

/* ticks of e's running as virtual time. */
static uint64_t virtual_of(const struct sched_entity *e, uint64_t ticks)
{
	return mul_ratio(ticks, e->u.fair.inverse);
}

static struct sched_entity *least(const struct sched_queue *q, const struct sched_entity *except)
{
	struct sched_entity *best = NULL;

	for (struct sched_entity *e = q->list; e; e = e->next)
		if (e != except && e->runnable && (!best || e->u.fair.vtime < best->u.fair.vtime))
			best = e;
	return best;
}

/*
 * Follows the runnable entity that is farthest behind. Must be done before
 * one blocks: the queue's time has to include what the last one ran, or who
 * wakes next would be placed in the past and starve it.
 */
static void advance(struct sched_queue *q)
{
	const struct sched_entity *e = least(q, NULL);

	if (e)
		q->u.fair.vtime = max_u64(q->u.fair.vtime, e->u.fair.vtime);
}

static void charge(struct sched_queue *q, struct sched_entity *e, uint64_t ticks)
{
	unsigned __int128 v = (unsigned __int128)ticks * e->u.fair.inverse + e->u.fair.fraction;

	e->u.fair.vtime += (uint64_t)(v >> 32);
	e->u.fair.fraction = (uint32_t)v;
	advance(q);
}

static int add(struct sched_queue *q, struct sched_entity *e)
{
	if (e->weight == 0)
		return -EINVAL;
	e->u.fair.inverse = (1ull << 32) / e->weight;
	e->u.fair.vtime = q->u.fair.vtime;
	e->u.fair.fraction = 0;
	return 0;
}

static void remove_or_block(struct sched_queue *q, struct sched_entity *e)
{
	(void)q;
	(void)e;
}

/*
 * The current entity may run on until it is ahead by a small part of a slice:
 * less than the credit, so that one who slept for long goes first at once, and
 * enough to bound the number of switches.
 */
static bool wake(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
	const struct sched_entity *cur = q->current;
	uint64_t credit = virtual_of(e, q->slice / 2), v = q->u.fair.vtime;
	bool changed = q->u.fair.endless;

	/* Never moved back, so that sleeping often earns nothing more. */
	e->u.fair.vtime = max_u64(e->u.fair.vtime, v > credit ? v - credit : 0);
	if (!cur)
		return true;
	if (q->u.fair.endless)
		q->u.fair.stop = now + q->slice;
	q->u.fair.endless = false;

	uint64_t until = e->u.fair.vtime + virtual_of(e, q->slice / 8);
	uint64_t ahead = until > cur->u.fair.vtime ? until - cur->u.fair.vtime : 0;

	if (ahead < q->slice && now + ahead * cur->weight < q->u.fair.stop) {
		q->u.fair.stop = now + ahead * cur->weight;
		changed = true;
	}
	return changed;
}

/* To the end of the list, so that among equals it comes last. */
static void rotate(struct sched_queue *q, struct sched_entity *e)
{
	struct sched_entity **link = &q->list;

	while (*link != e)
		link = &(*link)->next;
	*link = e->next;
	while (*link)
		link = &(*link)->next;
	*link = e;
	e->next = NULL;
}

static struct sched_entity *pick(struct sched_queue *q, uint64_t now, uint64_t *slice_end)
{
	struct sched_entity *e = q->current;

	if (!e || now >= q->u.fair.stop) {
		e = least(q, NULL);
		q->u.fair.stop = now + q->slice;
		if (e)
			rotate(q, e);
	}
	q->u.fair.endless = !e || !least(q, e);
	*slice_end = q->u.fair.endless ? SCHED_FOREVER : q->u.fair.stop;
	return e;
}

/* Behind the next one. Credit is lost, or a spinning guest could save it up and starve others. */
static void yield(struct sched_queue *q)
{
	struct sched_entity *cur = q->current, *other = least(q, cur);

	if (other)
		cur->u.fair.vtime = max_u64(cur->u.fair.vtime, other->u.fair.vtime);
	q->u.fair.stop = 0;
}

const struct sched_ops sched_fair = {
	.name = "fair",
	.init = init,
	.add = add,
	.remove = remove_or_block,
	.wake = wake,
	.block = remove_or_block,
	.pick = pick,
	.charge = charge,
	.yield = yield,
};
