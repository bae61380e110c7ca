/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One core's run queue and its policy. Pure: time is an argument, in ticks of
 * the TSC. Not locked: the caller holds the queue's lock.
 *
 * A core's loop calls sched_pick() and runs what it returned until the slice
 * ends, it blocks, or sched_wake() on this queue said to look again; then it
 * calls sched_pick() anew. Every tick from sched_init() on is either some
 * entity's or idle.
 */
#pragma once

#include "kernel/types.h"

#define SCHED_FOREVER UINT64_MAX /* a slice without an end: no timer is needed */

struct sched_queue;

/* What is scheduled: embedded in a vCPU. Zeroed, then what its policy asks for, then sched_add().
 */
struct sched_entity {
	unsigned weight;         /* fair: share of the core against the others, 1.. */
	unsigned group;          /* cyclic: who may run in whose window: the VM's number, 1.. */
	uint64_t budget, period; /* budget: ticks in each period; 0 < budget <= period */

	/* To be read only. */
	struct sched_queue *queue; /* NULL: in none yet */
	bool runnable;
	uint64_t ran;    /* ticks, in all */
	uint64_t viewed; /* likewise, at the last sched_view() */

	/* The queue's and the policy's own. */
	struct sched_entity *next;
	int64_t left; /* ticks: of the budget, below 0 an overrun, paid back; of a cyclic turn */
	struct {
		uint64_t vtime; /* ticks run per weight, since placed */
		uint64_t inverse;
		uint32_t fraction; /* of vtime, in 2^-32 */
	} fair;
	struct {
		uint64_t deadline; /* end of the period, when the budget is refilled */
		bool throttled;    /* until then */
	} edf;
	uint64_t turn; /* cyclic: its place in the line: least is first */
};

/* A window of the cyclic policy's table. */
struct sched_window {
	uint64_t ticks;
	unsigned group; /* 0: nobody's */
};

struct sched_ops {
	const char *name;
	/* e has joined the list, not runnable. NULL: nothing is to be prepared. */
	void (*add)(struct sched_queue *q, struct sched_entity *e);
	/* Who runs from now to *slice_end; NULL: nobody, look again at *slice_end. */
	struct sched_entity *(*pick)(struct sched_queue *q, uint64_t now, uint64_t *slice_end);

	/* Only where entities share the core: */
	/* e has become runnable: true when the core must pick again. */
	bool (*wake)(struct sched_queue *q, struct sched_entity *e, uint64_t now);
	void (*charge)(struct sched_queue *q, struct sched_entity *e, uint64_t ticks);
	void (*yield)(struct sched_queue *q); /* the current entity lets others go first */
};

struct sched_queue {
	const struct sched_ops *ops;
	uint64_t slice;               /* ticks */
	struct sched_entity *current; /* since the last pick; NULL: idle */
	uint64_t stop;                /* when the last pick said to pick again */

	uint64_t last, busy, idle; /* busy + idle = last - since, exactly */
	uint64_t since;            /* time of sched_init() */
	uint32_t writes;           /* begun and ended on these and on each ran: odd during one */

	struct sched_entity *list; /* all, runnable or not */
	struct {
		uint64_t vtime; /* least of the runnable; never goes back */
		uint64_t stop;  /* end of the current slice, when others wait */
		bool endless;   /* the last pick set no end: nobody waited */
	} fair;
	struct {
		const struct sched_window *window; /* the caller's; their sum is at most frame */
		unsigned count;
		uint64_t frame, start; /* ticks; of the first frame */
		bool slack;            /* time that is nobody's goes to whoever can run */
		uint64_t turns;        /* given so far */
	} cyclic;
};

struct sched_view {
	uint64_t since, last, busy, idle;
};

/* The core is one entity's: no timer, no preemption. */
extern const struct sched_ops sched_dedicated;
/*
 * Weighted sharing by virtual time: who has run least for its weight is next.
 * One who slept keeps what it is owed up to half a slice: enough to go before
 * others at once, too little to hold them up. Alone, its slice has no end.
 */
extern const struct sched_ops sched_fair;

/*
 * Each has a budget of ticks in each period, enforced: none gets more, and each
 * that wants it gets all of it, earliest deadline first; what is left of the
 * core is idle. An overrun, as of a late timer, is paid back in the next period;
 * only when all of the core is given away do the others' overruns delay one past
 * its deadline. All that holds while the budgets come to no more than the core,
 * which is the caller's care. Who wakes late starts a new period rather than
 * overtake the others (constant bandwidth server, hard).
 */
extern const struct sched_ops sched_budget;
/*
 * A table of windows that repeats each major frame (ARINC 653): in a window
 * runs its group only, in turns of a slice when several can. Who wakes is last
 * in turn; a turn that a window's end cuts goes on later. With slack, time
 * whose owners cannot use it goes to whoever can run, until an owner wakes.
 */
extern const struct sched_ops sched_cyclic;

void sched_init(struct sched_queue *q, const struct sched_ops *ops, uint64_t slice, uint64_t now);

/* The table of a cyclic queue, before anybody joins; the first frame begins at start. */
void sched_cyclic_table(struct sched_queue *q, const struct sched_window *window, unsigned count,
			uint64_t frame, uint64_t start, bool slack);

/* Joins the queue, blocked. kernel/place.c has seen that its policy can take it. */
void sched_add(struct sched_queue *q, struct sched_entity *e, uint64_t now);

/* True when its core must pick again (kick it if that is another one). Idempotent. */
bool sched_wake(struct sched_entity *e, uint64_t now);

/* Idempotent. When e is the current one, its core must pick again. */
void sched_block(struct sched_entity *e, uint64_t now);

/*
 * Who runs now, NULL when nobody can. *slice_end is when to pick again at the
 * latest, also when nobody runs; SCHED_FOREVER: no need. May be called at any
 * time: a slice that is not over goes on.
 */
struct sched_entity *sched_pick(struct sched_queue *q, uint64_t now, uint64_t *slice_end);

/* Brings ran, busy and idle up to now. */
void sched_account(struct sched_queue *q, uint64_t now);

/*
 * The accounts as sched_account() would make them: busy + idle = last - since,
 * and the sum of the entities' viewed = busy. The only one that may be called
 * from another core without the queue's lock, by one caller at a time. False:
 * the core changed them meanwhile, what was read may not fit together; try again.
 */
bool sched_view(struct sched_queue *q, uint64_t now, struct sched_view *view);

/*
 * The current entity gives up its slice (budget: what is left until its
 * deadline); its core must pick again.
 */
void sched_give_way(struct sched_queue *q, uint64_t now);
