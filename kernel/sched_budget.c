/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling policy: a budget in each period, enforced; earliest deadline first. */
#include "kernel/sched.h"

static bool is_over(const struct sched_entity *e, uint64_t now)
{
	return now >= e->edf.deadline && now - e->edf.deadline >= e->period;
}

/* An overrun is paid back, if need be over several periods; not when one went by unused. */
static void refill(struct sched_entity *e, uint64_t from, uint64_t now)
{
	if (e->left > 0 || is_over(e, now))
		e->left = 0;
	e->left += (int64_t)e->budget;
	e->edf.deadline = from + e->period;
	e->edf.throttled = e->left <= 0;
}

/*
 * At its deadline a throttled one is refilled, on the grid of its periods. One
 * that is a little late keeps its deadline, and so goes first, until its budget
 * is used up; one that is late by a period, as the core stood still, starts anew.
 */
static struct sched_entity *pick(struct sched_queue *q, uint64_t now, uint64_t *end)
{
	struct sched_entity *best = NULL, *current = q->current;

	for (struct sched_entity *e = q->list; e; e = e->next) {
		if (!e->runnable)
			continue;
		if (e->left <= 0)
			e->edf.throttled = true;
		if (e == current && e->edf.throttled)
			current = NULL;
		if (is_over(e, now))
			refill(e, now, now);
		else if (e->edf.throttled && now >= e->edf.deadline)
			refill(e, e->edf.deadline, now);
		if (e->edf.throttled)
			continue;
		if (!best || e->edf.deadline < best->edf.deadline ||
		    (e == current && e->edf.deadline == best->edf.deadline))
			best = e;
	}
	*end = best ? now + (uint64_t)best->left : SCHED_FOREVER;
	for (struct sched_entity *e = q->list; e; e = e->next)
		if (e->runnable && e->edf.throttled &&
		    (!best || e->edf.deadline + e->period < best->edf.deadline))
			*end = min_u64(*end, e->edf.deadline);
	return best;
}

/* What is left, used from now to the deadline, would be more than its part of the core. */
static bool is_too_much(const struct sched_entity *e, uint64_t now)
{
	return (unsigned __int128)(uint64_t)e->left * e->period >
	       (unsigned __int128)e->budget * (e->edf.deadline - now);
}

static bool wake(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
	uint64_t end;

	if (now >= e->edf.deadline || (e->left > 0 && is_too_much(e, now)))
		refill(e, now, now);
	return pick(q, now, &end) != q->current || end < q->stop;
}

/* Nothing more until the deadline; a debt stays. */
static void yield(struct sched_queue *q)
{
	q->current->left = q->current->left < 0 ? q->current->left : 0;
}

const struct sched_ops sched_budget = {
	.name = "budget",
	.wake = wake,
	.pick = pick,
	.yield = yield,
};
