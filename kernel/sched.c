/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run queues: what all policies share, which is the list and the accounts. */
#include "kernel/sched.h"

void sched_init(struct sched_queue *q, const struct sched_ops *ops, uint64_t slice, uint64_t now)
{
	*q = (struct sched_queue){
		.ops = ops, .slice = max_u64(slice, 1), .last = now, .since = now};
}

/* Before and behind changes. x86 keeps the order of stores; the fences are for the compiler. */
static void count_write(struct sched_queue *q)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
	q->writes++;
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

/* Another core's clock may be a little behind: then nothing has passed. */
static void account(struct sched_queue *q, uint64_t now)
{
	uint64_t ticks = now > q->last ? now - q->last : 0;

	q->last += ticks;
	if (q->current) {
		q->busy += ticks;
		q->current->ran += ticks;
		q->current->left -= (int64_t)ticks;
		if (q->ops->charge)
			q->ops->charge(q, q->current, ticks);
	} else {
		q->idle += ticks;
	}
}

void sched_account(struct sched_queue *q, uint64_t now)
{
	count_write(q);
	account(q, now);
	count_write(q);
}

bool sched_view(struct sched_queue *q, uint64_t now, struct sched_view *view)
{
	uint32_t writes = __atomic_load_n(&q->writes, __ATOMIC_ACQUIRE);
	struct sched_entity *current = __atomic_load_n(&q->current, __ATOMIC_RELAXED);
	uint64_t late = now > q->last ? now - q->last : 0;

	*view = (struct sched_view){q->since, q->last + late, q->busy + (current ? late : 0),
				    q->idle + (current ? 0 : late)};
	for (struct sched_entity *e = q->list; e; e = e->next)
		e->viewed = e->ran + (e == current ? late : 0);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return !(writes & 1) && writes == __atomic_load_n(&q->writes, __ATOMIC_RELAXED);
}

void sched_add(struct sched_queue *q, struct sched_entity *e, uint64_t now)
{
	sched_account(q, now);
	e->queue = q;
	e->next = q->list;
	q->list = e;
	if (q->ops->add)
		q->ops->add(q, e);
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
	count_write(q);
	account(q, now);
	e->runnable = false;
	if (q->current == e)
		q->current = NULL;
	count_write(q);
}

struct sched_entity *sched_pick(struct sched_queue *q, uint64_t now, uint64_t *slice_end)
{
	count_write(q); /* until it is decided whose the time since then is */
	account(q, now);
	q->current = q->ops->pick(q, q->last, slice_end);
	q->stop = *slice_end;
	count_write(q);
	return q->current;
}

void sched_give_way(struct sched_queue *q, uint64_t now)
{
	sched_account(q, now);
	if (q->current && q->ops->yield)
		q->ops->yield(q);
}
