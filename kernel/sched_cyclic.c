/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling policy: a table of windows that repeats each major frame (ARINC 653). */
#include "kernel/sched.h"

#define ANYBODY 0u /* instead of a group */

void sched_cyclic_table(struct sched_queue *q, const struct sched_window *window, unsigned count,
			uint64_t frame, uint64_t start, bool slack)
{
	q->cyclic = (typeof(q->cyclic)){window, count, frame, start, slack, 0};
}

/* Whose window now is in, and its end: counted from the first frame, so that nothing adds up. */
static unsigned window_at(const struct sched_queue *q, uint64_t now, uint64_t *end)
{
	uint64_t in_frame = (now - q->cyclic.start) % q->cyclic.frame, frame = now - in_frame;
	uint64_t ticks = 0;

	for (unsigned i = 0; i < q->cyclic.count; i++) {
		ticks += q->cyclic.window[i].ticks;
		if (in_frame < ticks) {
			*end = frame + ticks;
			return q->cyclic.window[i].group;
		}
	}
	*end = frame + q->cyclic.frame;
	return 0;
}

static struct sched_entity *first(const struct sched_queue *q, unsigned group,
				  const struct sched_entity *except)
{
	struct sched_entity *best = NULL;

	for (struct sched_entity *e = q->list; e; e = e->next)
		if (e != except && e->runnable && (group == ANYBODY || e->group == group) &&
		    (!best || e->turn < best->turn))
			best = e;
	return best;
}

/*
 * Who has had its turn, or wakes, goes to the end of the line: so the current
 * one stays first of those who may run until its turn is over, and goes on with
 * the rest of its turn when a window or an owner of it came between.
 */
static void stand_last(struct sched_queue *q, struct sched_entity *e)
{
	e->turn = ++q->cyclic.turns;
	e->left = (int64_t)q->slice;
}

static struct sched_entity *pick(struct sched_queue *q, uint64_t now, uint64_t *end)
{
	struct sched_entity *e;

	*end = SCHED_FOREVER;
	if (!first(q, ANYBODY, NULL))
		return NULL;
	*end = q->cyclic.start;
	if (now < q->cyclic.start)
		return NULL;
	if (q->current && q->current->left <= 0)
		stand_last(q, q->current);

	unsigned group = window_at(q, now, end);

	e = group ? first(q, group, NULL) : NULL;
	if (!e && q->cyclic.slack) {
		group = ANYBODY;
		e = first(q, group, NULL);
	}
	if (e && first(q, group, e))
		*end = min_u64(*end, now + (uint64_t)e->left);
	return e;
}

static bool wake(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
	uint64_t end;

	stand_last(q, e);
	return pick(q, now, &end) != q->current || end < q->stop;
}

static void yield(struct sched_queue *q)
{
	stand_last(q, q->current);
}

const struct sched_ops sched_cyclic = {
	.name = "cyclic",
	.wake = wake,
	.pick = pick,
	.yield = yield,
};
