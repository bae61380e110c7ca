/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One core's queue of one-shot deadlines, in ticks of its clock. Intrusive,
 * allocates nothing, not locked: the caller holds the queue's lock. A sorted
 * list, since a core has a handful of them.
 */
#pragma once

#include "kernel/types.h"

#define TIMERQ_NEVER UINT64_MAX

struct timerq_node {
	struct timerq_node *next, *prev; /* NULL: not armed; zeroed memory is a valid node */
	uint64_t deadline;               /* of the last timerq_set() */
	/* The owner's, for whoever pops it; the queue does not call it. */
	void (*expired)(struct timerq_node *t);
};

struct timerq {
	struct timerq_node head; /* of a ring, earliest first, its deadline TIMERQ_NEVER */
};

void timerq_init(struct timerq *q);

/*
 * Arms t, or moves it when it is armed in this queue; TIMERQ_NEVER disarms.
 * Equal deadlines expire in the order in which they were set. True when the
 * queue's first deadline has changed: set the hardware's timer again.
 */
bool timerq_set(struct timerq *q, struct timerq_node *t, uint64_t deadline);

/* Harmless when not armed. */
void timerq_cancel(struct timerq_node *t);

/* Takes out the earliest timer whose deadline is now or past; NULL: none is. */
struct timerq_node *timerq_pop(struct timerq *q, uint64_t now);

static inline uint64_t timerq_next(const struct timerq *q)
{
	return q->head.next->deadline;
}

static inline bool timerq_armed(const struct timerq_node *t)
{
	return t->next != NULL;
}
