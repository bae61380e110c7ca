/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cyclic policy under a simulated clock: windows on their table, turns, slack. */
/* sources: kernel/sched.c kernel/sched_cyclic.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/sched_sim.h"

#define FRAME (50 * MS)
#define FIRST (START + 7 * MS) /* start of the first frame */

static const struct sched_window plain[] = {
	{20 * MS, 1}, {5 * MS, 0}, {10 * MS, 2}, {3 * MS, 1}, {2 * MS, 3},
};

static const struct sched_window *table;
static unsigned windows;
static uint64_t frame;

static void begin_cyclic(const struct sched_window *w, unsigned count, uint64_t ticks, bool slack)
{
	begin(&sched_cyclic);
	table = w;
	windows = count;
	frame = ticks;
	sched_cyclic_table(&q, w, count, ticks, FIRST, slack);
}

static void begin_plain(bool slack)
{
	begin_cyclic(plain, ARRAY_SIZE(plain), FRAME, slack);
}

static struct task *spawn(unsigned group, uint64_t run, uint64_t sleep)
{
	return start_task((struct task){.e.group = group, .run = run, .sleep = sleep});
}

/* The table as one would walk it by hand, window by window, from the first frame on. */
static struct {
	uint64_t from, to;
	unsigned next, group; /* UINT_MAX: before the first frame */
	uint64_t rest;        /* of the frame */
} at;

#define NOT_YET UINT32_MAX

static void walk_from_start(void)
{
	at.from = START;
	at.to = FIRST;
	at.next = 0;
	at.group = NOT_YET;
	at.rest = frame;
}

static void walk_to(uint64_t when)
{
	while (at.to <= when) {
		uint64_t ticks = at.next < windows ? table[at.next].ticks : at.rest;

		at.group = at.next < windows ? table[at.next].group : 0;
		at.from = at.to;
		at.to += ticks;
		at.rest -= ticks;
		if (at.next++ == windows) {
			at.next = 0;
			at.rest = frame;
		}
	}
}

static bool any_runnable(unsigned group)
{
	for (unsigned i = 0; i < tasks; i++)
		if (task[i].e.runnable && (!group || task[i].e.group == group))
			return true;
	return false;
}

/* With a timer that is on time: each tick is whose it should be. */
static void check_strictly(const struct task *t, uint64_t from, uint64_t to, uint64_t slice_end)
{
	if (from == to)
		return;
	walk_to(from);
	bool owned = at.group && at.group != NOT_YET && any_runnable(at.group);

	/* Nothing goes on over a boundary. */
	if (any_runnable(0)) {
		assert_true(slice_end <= at.to);
		assert_true(to <= at.to);
	} else {
		assert_true(slice_end == SCHED_FOREVER);
	}
	if (owned) {
		assert_non_null(t);
		assert_int_equal(t->e.group, at.group);
	} else if (q.cyclic.slack && at.group != NOT_YET) {
		assert_int_equal(t != NULL, any_runnable(0));
	} else {
		assert_null(t);
	}
}

static void watch_strictly(void)
{
	walk_from_start();
	watch = check_strictly;
}

static void assert_pick(uint64_t when, const struct task *t, uint64_t until)
{
	uint64_t end;

	assert_ptr_equal(sched_pick(&q, when, &end), t ? &t->e : NULL);
	assert_int_equal(end, until);
}

static void test_table(void **state)
{
	(void)state;
	begin_plain(false);
	assert_pick(now, NULL, SCHED_FOREVER);
	struct task *a = spawn(1, 0, 0);

	assert_pick(START, NULL, FIRST); /* not yet */
	for (unsigned f = 0; f < 3; f++) {
		uint64_t base = FIRST + f * FRAME;

		assert_pick(base, a, base + 20 * MS);
		assert_pick(base + 20 * MS - 1, a, base + 20 * MS);
		assert_pick(base + 20 * MS, NULL, base + 25 * MS); /* nobody's */
		assert_pick(base + 25 * MS, NULL, base + 35 * MS); /* of group 2 */
		assert_pick(base + 35 * MS, a, base + 38 * MS);
		assert_pick(base + 38 * MS, NULL, base + 40 * MS);
		assert_pick(base + 40 * MS, NULL, base + 50 * MS); /* rest of the frame */
	}
	assert_int_equal(a->e.ran, 3 * 23 * MS);
	/* Years later, to the tick. */
	uint64_t years = FIRST + FRAME * 20 * 86400 * 3000;

	assert_pick(years - 1, NULL, years);
	assert_pick(years, a, years + 20 * MS);
	sched_block(&a->e, years + 1);
	assert_pick(years + 1, NULL, SCHED_FOREVER);
	sched_account(&q, years + 5);
	check_accounts();

	/* Windows that fill their frame have no rest. */
	static const struct sched_window full[] = {{3, 1}, {4, 2}, {5, 1}};

	begin_cyclic(full, 3, 12, false);
	a = spawn(1, 0, 0);
	assert_pick(FIRST + 11, a, FIRST + 12);
	assert_pick(FIRST + 12, a, FIRST + 15);
	assert_pick(FIRST + 15, NULL, FIRST + 19);
}

/* wake says to pick again only when something would change. */
static void test_wake(void **state)
{
	(void)state;
	for (unsigned slack = 0; slack < 2; slack++) {
		begin_plain(slack);
		assert_pick(FIRST, NULL, SCHED_FOREVER);
		struct task *a = spawn(1, 0, 0), *b = spawn(2, 0, 0), *b2 = spawn(2, 0, 0);

		assert_pick(FIRST, a, FIRST + 20 * MS);
		sched_block(&b->e, FIRST);
		assert_false(sched_wake(&b->e, FIRST + MS)); /* not its window */
		sched_block(&b->e, FIRST + MS);
		sched_block(&b2->e, FIRST + MS);
		sched_block(&a->e, FIRST + 2 * MS);
		assert_pick(FIRST + 2 * MS, NULL, SCHED_FOREVER);
		/* The first one to wake needs the timer, or gets the time; the next does not. */
		assert_true(sched_wake(&b->e, FIRST + 3 * MS));
		assert_pick(FIRST + 3 * MS, slack ? b : NULL, FIRST + 20 * MS);
		assert_int_equal(sched_wake(&b2->e, FIRST + 4 * MS), slack);
		if (slack) /* it shares what is nobody's */
			assert_pick(FIRST + 4 * MS, b, FIRST + 8 * MS);
		/* The owner takes it back at once. */
		assert_true(sched_wake(&a->e, FIRST + 5 * MS));
		assert_pick(FIRST + 5 * MS, a, FIRST + 20 * MS);
		/* Its window is over while it runs. */
		if (slack)
			assert_pick(FIRST + 20 * MS, b, FIRST + 23 * MS); /* the rest of its turn */
		else
			assert_pick(FIRST + 20 * MS, NULL, FIRST + 25 * MS);
		assert_pick(FIRST + 25 * MS, slack ? b2 : b, FIRST + 30 * MS);
	}
}

static uint64_t ran_at(unsigned i)
{
	return task[i].e.ran;
}

static void test_shares(void **state)
{
	(void)state;
	for (unsigned slack = 0; slack < 2; slack++) {
		begin_plain(slack);
		doubting = true;
		watch_strictly();
		spawn(1, 0, 0);
		spawn(2, 0, 0);
		spawn(1, 0, 0);
		spawn(3, 0, 0);
		simulate(FIRST + 200 * FRAME);
		assert_int_equal(q.busy, 200 * (slack ? FRAME : 35 * MS));
		/* What is nobody's, 15 ms a frame, is shared by the four in turns. */
		uint64_t least = slack ? 400 * MS : 0, most = slack ? 1100 * MS : 0;

		assert_in_range(ran_at(0), 2300 * MS + least - SLICE, 2300 * MS + most + SLICE);
		assert_in_range(ran_at(1), 2000 * MS + least, 2000 * MS + most);
		assert_in_range(ran_at(3), 400 * MS + least, 400 * MS + most);
		/* Equals share equally, whatever is left of a slice at the end of a window. */
		assert_in_range(ran_at(0), ran_at(2) - 2 * SLICE, ran_at(2) + 2 * SLICE);
	}
}

/* Windows that slices do not fit into: turns go on where they were cut. */
static void test_turns(void **state)
{
	static const uint64_t lengths[] = {1 * MS, 3 * MS, 7 * MS, 7 * MS + 1, 13 * MS, 29 * MS};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		const struct sched_window w[] = {{lengths[i], 1}, {4 * MS, 2}};

		begin_cyclic(w, 2, 40 * MS, false);
		doubting = true;
		watch_strictly();
		for (unsigned k = 0; k < 3; k++)
			spawn(1, 0, 0);
		struct task *meek = spawn(2, 0, 0), *other = spawn(2, 0, 0);

		meek->yield_every = MS / 4;
		simulate(FIRST + 300 * 40 * MS);
		for (unsigned k = 0; k < 3; k++)
			assert_in_range(ran_at(k), 100 * lengths[i] - SLICE,
					100 * lengths[i] + SLICE);
		assert_int_equal(meek->e.ran + other->e.ran, 1200 * MS);
		assert_in_range(meek->e.ran, 50 * MS, 70 * MS);
		/* Alone, one who yields goes on. */
		uint64_t before = meek->e.ran;

		sched_block(&other->e, now);
		simulate(now + 40 * MS);
		assert_int_equal(meek->e.ran - before, 4 * MS);
	}
}

/* When each window began to be used, after its start by the table. */
static uint64_t latest, begun;

static void check_starts(const struct task *t, uint64_t from, uint64_t to, uint64_t slice_end)
{
	static uint64_t seen;

	if (from == to)
		return;
	uint64_t before = at.from;

	walk_to(from);
	if (at.from != before && from < at.to)
		seen = 0;
	if (t && t->e.group == at.group && !seen) {
		seen = from;
		latest = max_u64(latest, from - at.from);
		begun++;
	}
	/* The timer was set to the table's time, however late this one came. */
	assert_true(slice_end <= at.to);
}

/* A timer that is always late, by up to 20 us: windows are late by that and no more, for ever. */
static void test_late_timer(void **state)
{
	(void)state;
	for (unsigned slack = 0; slack < 2; slack++) {
		begin_plain(slack);
		latency = 20 * US;
		walk_from_start();
		watch = check_starts;
		latest = begun = 0;
		spawn(1, 0, 0);
		spawn(1, 0, 0);
		spawn(2, 0, 0);
		spawn(3, 0, 0);
		simulate(FIRST + 1000 * FRAME);
		assert_int_equal(begun, 4000);
		assert_in_range(latest, 1, 20 * US);
		uint64_t end;

		sched_pick(&q, FIRST + 1001 * FRAME - 1, &end);
		assert_int_equal(end, FIRST + 1001 * FRAME);
	}
}

/* Sleepers and hogs in random tables: each tick is whose the table says it is. */
static void test_random(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct sched_window w[8];
		unsigned count = 1 + round % ARRAY_SIZE(w);
		uint64_t ticks = 0;

		rnd_state = round;
		for (unsigned i = 0; i < count; i++) {
			w[i] = (struct sched_window){1 + rnd(round & 1 ? 20 * MS : 10 * US),
						     rnd(4)};
			ticks += w[i].ticks;
		}
		w[0].group = 1;
		begin_cyclic(w, count, ticks + rnd(2) * rnd(5 * MS), round & 2);
		rnd_state = round;
		doubting = rnd(2);
		watch_strictly();
		for (unsigned i = 0; i < N; i++) {
			struct task t = {.e.group = w[rnd(count)].group};

			if (rnd(3)) {
				t.run = 1 + rnd(8 * MS);
				t.sleep = rnd(20 * MS);
			} else if (rnd(3) == 0) {
				t.yield_every = MS / 2;
			}
			if (t.e.group)
				start_task(t);
			simulate(now + rnd(20 * MS));
		}
		simulate(now + (round & 1 ? HZ : HZ / 20));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),      cmocka_unit_test(test_wake),
		cmocka_unit_test(test_shares),     cmocka_unit_test(test_turns),
		cmocka_unit_test(test_late_timer), cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
