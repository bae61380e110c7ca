/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A core under a simulated clock, and vCPUs that run and sleep, for the tests of policies. */
#ifndef TESTS_UNIT_SCHED_SIM_H
#define TESTS_UNIT_SCHED_SIM_H

#include "kernel/sched.h"

#define HZ    1000000000ull
#define US    (HZ / 1000000)
#define MS    (HZ / 1000)
#define SLICE (5 * MS)
#define START 123456789ull
#define N     6u

/* What a simulated vCPU does: runs for `run` ticks, sleeps for `sleep`, again. */
struct task {
	struct sched_entity e;
	uint64_t run, sleep;   /* run 0: never sleeps by itself */
	uint64_t left;         /* of the present run */
	uint64_t wake_at;      /* while asleep */
	uint64_t asked;        /* when it woke; 0: has run since */
	uint64_t woke;         /* when it woke last */
	uint64_t worst, wakes; /* latency, wakes */
	uint64_t worst_done;   /* from waking to going to sleep */
	uint64_t yield_every;  /* 0: never */
};

static struct sched_queue q;
static struct task task[N];
static unsigned tasks;
static uint64_t now, switches; /* picks that changed who runs */
static uint64_t latency;       /* the timer is late by up to this */
static bool doubting;          /* look whether wake was right to say that all is as before */
/* Sees all time that passes: who ran, NULL for nobody, and until when at the latest. */
static void (*watch)(const struct task *t, uint64_t from, uint64_t to, uint64_t slice_end);

/* Takes e out of its queue, which the hypervisor never does. */
static inline void leave(struct sched_entity *e, uint64_t at)
{
	struct sched_entity **link = &e->queue->list;

	sched_block(e, at);
	while (*link != e)
		link = &(*link)->next;
	*link = e->next;
	e->queue = NULL;
}

static uint32_t rnd_state;

static inline uint32_t rnd(uint32_t below)
{
	rnd_state = rnd_state * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)(rnd_state >> 4) * below) >> 28);
}

static inline void begin(const struct sched_ops *ops)
{
	now = START;
	tasks = 0;
	switches = 0;
	latency = 0;
	doubting = false;
	watch = NULL;
	rnd_state = 99;
	sched_init(&q, ops, SLICE, now);
}

/* Like `like`, awake from now on. */
static inline struct task *start_task(struct task like)
{
	struct task *t = &task[tasks++];

	assert_true(tasks <= N);
	*t = like;
	t->left = t->run;
	sched_add(&q, &t->e, now);
	sched_wake(&t->e, now);
	t->asked = t->woke = now;
	return t;
}

static inline void check_accounts(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < tasks; i++)
		sum += task[i].e.ran;
	assert_int_equal(sum, q.busy);
	assert_int_equal(q.busy + q.idle, q.last - START);
}

static inline uint64_t next_wake(void)
{
	uint64_t at = UINT64_MAX;

	for (unsigned i = 0; i < tasks; i++)
		if (!task[i].e.runnable && task[i].wake_at)
			at = min_u64(at, task[i].wake_at);
	return at;
}

/* Wakes who is due; true when the core was told to pick again. */
static inline bool wake_due(void)
{
	bool again = false;

	for (unsigned i = 0; i < tasks; i++) {
		struct task *t = &task[i];

		if (t->e.runnable || !t->wake_at || t->wake_at > now)
			continue;
		again |= sched_wake(&t->e, now);
		t->wake_at = 0;
		t->asked = t->woke = now;
		t->left = t->run;
		t->wakes++;
	}
	return again;
}

/* The core's loop until `end`, as kernel/cpuloop.c does it. */
static inline void simulate(uint64_t end)
{
	while (now < end) {
		uint64_t slice_end, stop;
		struct sched_entity *before = q.current, *e = sched_pick(&q, now, &slice_end);
		struct task *t = e ? container_of(e, struct task, e) : NULL;
		uint64_t fires = slice_end;

		if (slice_end != SCHED_FOREVER && latency)
			fires += rnd((uint32_t)latency + 1);
		assert_ptr_equal(q.current, e);
		assert_true(slice_end > now);
		switches += e != before;
		if (t) {
			assert_true(e->runnable);
			if (t->asked)
				t->worst = max_u64(t->worst, now - t->asked);
			t->asked = 0;
		}
		for (bool again = false; !again;) {
			stop = min_u64(min_u64(fires, end), next_wake());
			if (t && t->run)
				stop = min_u64(stop, now + t->left);
			if (t && t->yield_every)
				stop = min_u64(stop, now + t->yield_every);
			if (t)
				t->left -= min_u64(t->left, stop - now);
			if (watch)
				watch(t, now, stop, slice_end);
			now = stop;
			if (t && t->run && t->left == 0) {
				sched_block(e, now);
				t->wake_at = now + t->sleep;
				t->worst_done = max_u64(t->worst_done, now - t->woke);
				again = true;
			} else if (t && t->yield_every) {
				sched_give_way(&q, now);
				again = true;
			}
			again |= wake_due() || now >= fires || now >= end;
			if (t && e->runnable && again)
				t->asked = now;
			if (doubting && !again && now < slice_end) {
				uint64_t same;

				assert_ptr_equal(sched_pick(&q, now, &same), e);
				assert_true(same >= slice_end);
			}
		}
	}
	sched_account(&q, now);
	check_accounts();
}

#endif
