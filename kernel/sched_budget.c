/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling policy: a budget in each period, earliest deadline first. */
#include "kernel/errno.h"
#include "kernel/sched.h"

/*
 * A hard constant-bandwidth server for each entity. It has `left` ticks until
 * its deadline; when they are used up it waits for the deadline, which is then
 * one period later. Budgets that are together no more than the core are all
 * met then, in whatever order they wake (Abeni and Buttazzo, RTSS 1998).
 */

/* What an entity did not get in time, by a late interrupt, it gets in the next period. */
#define CARRY(e) ((int64_t)((e)->period / 256))

static void new_period(struct sched_entity *e, uint64_t now)
{
	e->edf.left = (int64_t)e->budget;
	e->edf.deadline = now + e->period;
	e->edf.throttled = false;
}

/* The periods of one that can run follow each other without a gap. */
static void refill(struct sched_entity *e, uint64_t now)
{
	if (!e->runnable || now < e->edf.deadline)
		return;
	if (now - e->edf.deadline >= e->period) { /* nobody has looked for long */
		new_period(e, now);
		return;
	}
	if (e->edf.left > CARRY(e))
		e->edf.left = CARRY(e);
	e->edf.left += (int64_t)e->budget;
	e->edf.deadline += e->period;
	e->edf.throttled = e->edf.left <= 0;
}

static int add(struct sched_queue *q, struct sched_entity *e)
{
	uint64_t sum = 0;

	if (!e->budget || e->budget > e->period || e->period > UINT32_MAX * 4ull)
		return -EINVAL;
	/* In 2^-30 of the core. A tick is forgiven: both have been rounded to whole ones. */
	for (struct sched_entity *i = q->list; i; i = i->next)
		sum += ((i->budget - 1) << 30) / i->period;
	if (sum > 1ull << 30)
		return -EBUSY;
	e->edf.deadline = 0;
	return 0;
}

static bool can_run(const struct sched_entity *e)
{
	return e->runnable && !e->edf.throttled;
}

static struct sched_entity *pick(struct sched_queue *q, uint64_t now, uint64_t *slice_end)
{
	struct sched_entity *best = q->current && can_run(q->current) ? q->current : NULL;

	for (struct sched_entity *e = q->list; e; e = e->next) {
		refill(e, now);
		if (can_run(e) && (!best || e->edf.deadline < best->edf.deadline))
			best = e;
	}
	if (best && !can_run(best)) /* its own refill did not pay its overrun */
		best = NULL;
	*slice_end =
		best ? min_u64(now + (uint64_t)best->edf.left, best->edf.deadline) : SCHED_FOREVER;
	/* Who is refilled before that goes first if its new deadline is earlier. */
	for (struct sched_entity *e = q->list; e; e = e->next)
		if (e->runnable && e->edf.throttled &&
		    (!best || e->edf.deadline + e->period < best->edf.deadline))
			*slice_end = min_u64(*slice_end, e->edf.deadline);
	return best;
}

/* One that would need more than its share until the deadline begins anew, behind the others. */
static bool wake(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
	const struct sched_entity *cur = q->current;

	if (now >= e->edf.deadline ||
	    (!e->edf.throttled && (unsigned __int128)e->edf.left * e->period >
					  (unsigned __int128)e->budget * (e->edf.deadline - now)))
		new_period(e, now);
	return !cur || e->edf.throttled || e->edf.deadline < cur->edf.deadline;
}

static void charge(struct sched_queue *q, struct sched_entity *e, uint64_t ticks)
{
	(void)q;
	e->edf.left -= (int64_t)ticks;
	e->edf.throttled = e->edf.left <= 0;
}

static void yield(struct sched_queue *q)
{
	struct sched_entity *cur = q->current;

	if (cur->edf.left > 0)
		cur->edf.left = 0;
	cur->edf.throttled = true;
}

const struct sched_ops sched_budget = {
	.name = "budget",
	.add = add,
	.wake = wake,
	.pick = pick,
	.charge = charge,
	.yield = yield,
};
