/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling policy: one vCPU owns the core; no slice, no timer. */
#include "kernel/sched.h"

static struct sched_entity *pick(struct sched_queue *q, uint64_t now, uint64_t *slice_end)
{
	(void)now;
	*slice_end = SCHED_FOREVER;
	return q->list && q->list->runnable ? q->list : NULL;
}

const struct sched_ops sched_dedicated = {.name = "dedicated", .pick = pick};
