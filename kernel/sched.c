/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run queues: what all policies share, which is the list and the accounts. */
#include "kernel/sched.h"

void sched_init(struct sched_queue *q, const struct sched_ops *ops, uint64_t slice, uint64_t now)
{
	*q = (struct sched_queue){.ops = ops, .slice = max_u64(slice, 1), .last = now};
}

/* Another core's clock may be a little behind: then nothing has passed. */
void sched_account(struct sched_queue *q, uint64_t now)
{
	uint64_t ticks = now > q->last ? now - q->last : 0;

	q->last += ticks;
	if (q->current) {
		q->busy += ticks;
		q->current->ran += ticks;
		if (q->ops->charge)
			q->ops->charge(q, q->current, ticks);
	} else {
		q->idle += ticks;
	}
}

int sched_add(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
	sched_account(q, now);
	e->runnable = false;
	e->next = q->list;
	q->list = e;

	int err = q->ops->add(q, e);

	if (err)
		q->list = e->next;
	else
		e->queue = q;
	return err;
}

bool sched_wake(struct sched_entity *e, uint64_t now)
{
	struct sched_queue *q = e->queue;

	if (!q || e->runnable)
		return false;
	sched_account(q, now);
	e->runnable = true;
	return !q->ops->wake || q->ops->wake(q, e, q->last);
}

void sched_block(struct sched_entity *e, uint64_t now)
{
	struct sched_queue *q = e->queue;

	if (!q || !e->runnable)
		return;
	sched_account(q, now);
	e->runnable = false;
	if (q->current == e)
		q->current = NULL;
}

struct sched_entity *sched_pick(struct sched_queue *q, uint64_t now, uint64_t *slice_end)
{
	sched_account(q, now);
	q->current = q->ops->pick(q, q->last, slice_end);
	q->stop = *slice_end;
	return q->current;
}
