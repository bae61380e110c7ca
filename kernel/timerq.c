/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A queue of one-shot deadlines as a sorted ring. */
#include "kernel/timerq.h"

void timerq_init(struct timerq *q)
{
	q->head =
		(struct timerq_node){.next = &q->head, .prev = &q->head, .deadline = TIMERQ_NEVER};
}

void timerq_cancel(struct timerq_node *t)
{
	if (!timerq_armed(t))
		return;
	t->next->prev = t->prev;
	t->prev->next = t->next;
	t->next = t->prev = NULL;
}

bool timerq_set(struct timerq *q, struct timerq_node *t, uint64_t deadline)
{
	uint64_t before = timerq_next(q);

	timerq_cancel(t);
	t->deadline = deadline;
	if (deadline != TIMERQ_NEVER) {
		struct timerq_node *later = q->head.next;

		while (later->deadline <= deadline) /* the head's is never */
			later = later->next;
		t->next = later;
		t->prev = later->prev;
		later->prev->next = t;
		later->prev = t;
	}
	return timerq_next(q) != before;
}

struct timerq_node *timerq_pop(struct timerq *q, uint64_t now)
{
	struct timerq_node *t = q->head.next;

	if (t == &q->head || t->deadline > now)
		return NULL;
	timerq_cancel(t);
	return t;
}
