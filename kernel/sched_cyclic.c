/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling policy: a fixed table of windows in each major frame (ARINC 653 part 1, 2.3.1). */
#include "kernel/errno.h"
#include "kernel/sched.h"

void sched_cyclic_table(struct sched_queue *q, const struct sched_window *window, unsigned count,
			uint64_t frame, uint64_t start, bool slack)
{
	q->cyclic.window = window;
	q->cyclic.count = count;
	q->cyclic.frame = frame;
	q->cyclic.start = start;
	q->cyclic.slack = slack;
}

/* Whose time it is (0: nobody's), and when that ends. From the frame's start each time: no drift.
 */
static unsigned window_at(const struct sched_queue *q, uint64_t now, uint64_t *end)
{
	uint64_t frame, at;

	*end = q->cyclic.start;
	if (now < *end)
		return 0;
	frame = at = now - (now - q->cyclic.start) % q->cyclic.frame;
	for (unsigned i = 0; i < q->cyclic.count; i++) {
		at += q->cyclic.window[i].ticks;
		*end = at;
		if (now < at)
			return q->cyclic.window[i].group;
	}
	*end = frame + q->cyclic.frame;
	return 0;
}

static int add(struct sched_queue *q, struct sched_entity *e)
{
	for (unsigned i = 0; i < q->cyclic.count; i++)
		if (e->group && q->cyclic.window[i].group == e->group)
			return 0;
	return -EINVAL;
}

/* group 0: of any. */
static bool may(const struct sched_entity *e, unsigned group)
{
	return e->runnable && (!group || e->group == group);
}

static unsigned count(const struct sched_queue *q, unsigned group)
{
	unsigned n = 0;

	for (const struct sched_entity *e = q->list; e; e = e->next)
		n += may(e, group);
	return n;
}

/* In turns: the first behind the one that ran last. */
static struct sched_entity *next(const struct sched_queue *q, unsigned group)
{
	struct sched_entity *first = NULL;
	bool behind = false;

	for (struct sched_entity *e = q->list; e; e = e->next) {
		if (may(e, group) && behind)
			return e;
		if (may(e, group) && !first)
			first = e;
		behind = behind || e == q->cyclic.last;
	}
	return first;
}

static struct sched_entity *pick(struct sched_queue *q, uint64_t now, uint64_t *slice_end)
{
	uint64_t end;
	unsigned group = window_at(q, now, &end), n = group ? count(q, group) : 0;
	struct sched_entity *e = q->current;

	if (!n && q->cyclic.slack && now >= q->cyclic.start) {
		group = 0;
		n = count(q, 0);
	}
	if (!n) {
		*slice_end = count(q, 0) ? end : SCHED_FOREVER;
		return NULL;
	}
	if (!e || !may(e, group) || now >= q->cyclic.stop) {
		e = q->cyclic.last = next(q, group);
		q->cyclic.stop = now + q->slice;
	}
	*slice_end = n > 1 ? min_u64(end, q->cyclic.stop) : end;
	return e;
}

/* Somebody's own time is not disturbed by who has to wait for a window. */
static bool wake(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
	uint64_t end;
	unsigned group = window_at(q, now, &end);

	return !q->current || q->current->group != group || e->group == group;
}

static void yield(struct sched_queue *q)
{
	q->cyclic.stop = 0;
}

const struct sched_ops sched_cyclic = {
	.name = "cyclic",
	.add = add,
	.wake = wake,
	.pick = pick,
	.yield = yield,
};
