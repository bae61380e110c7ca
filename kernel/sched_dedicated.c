/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling policy: one vCPU owns the core; no slice, no timer. */
#include "kernel/errno.h"
#include "kernel/sched.h"

static void nothing(struct sched_queue *q)
{
	(void)q;
}

static int add(struct sched_queue *q, struct sched_entity *e)
{
	(void)q;
	return e->next ? -EBUSY : 0;
}

static void remove_or_block(struct sched_queue *q, struct sched_entity *e)
{
	(void)q;
	(void)e;
}

static bool wake(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
	(void)q;
	(void)e;
	(void)now;
	return true;
}

static struct sched_entity *pick(struct sched_queue *q, uint64_t now, uint64_t *slice_end)
{
	(void)now;
	*slice_end = SCHED_FOREVER;
	return q->list && q->list->runnable ? q->list : NULL;
}

static void charge(struct sched_queue *q, struct sched_entity *e, uint64_t ticks)
{
	(void)q;
	(void)e;
	(void)ticks;
}

const struct sched_ops sched_dedicated = {
	.name = "dedicated",
	.init = nothing,
	.add = add,
	.remove = remove_or_block,
	.wake = wake,
	.block = remove_or_block,
	.pick = pick,
	.charge = charge,
	.yield = nothing,
};
