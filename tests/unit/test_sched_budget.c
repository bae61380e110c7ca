/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The budget policy under a simulated clock: exact periods, late timers. */
/* sources: kernel/sched.c kernel/sched_budget.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/sched_sim.h"

typedef unsigned __int128 u128;

#define PERIODS 4096u

/* What each got in each of its periods from its first waking on, and before that in all. */
static uint64_t origin[N], got[N][PERIODS], total[N];

/* None ever has more than its part of the time and one budget. */
static void assert_bounded(const struct task *t, uint64_t to, uint64_t late)
{
	size_t i = (size_t)(t - task);
	const struct sched_entity *e = &t->e;

	assert_true((u128)total[i] * e->period <=
		    (u128)e->budget * (to - origin[i] + e->period) + (u128)late * e->period);
}

static void meter(const struct task *t, uint64_t from, uint64_t to, uint64_t slice_end)
{
	if (!t)
		return;
	size_t i = (size_t)(t - task);

	(void)slice_end;
	total[i] += to - from;
	assert_bounded(t, to, latency);
	while (from < to) {
		uint64_t k = (from - origin[i]) / t->e.period;
		uint64_t part = min_u64(to, origin[i] + (k + 1) * t->e.period) - from;

		assert_true(k < PERIODS);
		got[i][k] += part;
		from += part;
	}
}

static void begin_budget(void)
{
	begin(&sched_budget);
	memset(got, 0, sizeof(got));
	memset(total, 0, sizeof(total));
	watch = meter;
}

static struct task *spawn(uint64_t budget, uint64_t period, uint64_t run, uint64_t sleep)
{
	origin[tasks] = now;
	return start_task(
		(struct task){.e.budget = budget, .e.period = period, .run = run, .sleep = sleep});
}

/* In each whole period so far t got its budget, give or take. */
static void assert_periods(const struct task *t, uint64_t less, uint64_t more)
{
	size_t i = (size_t)(t - task);

	for (uint64_t k = 0; k < (now - origin[i]) / t->e.period; k++)
		if (got[i][k] + less < t->e.budget || got[i][k] > t->e.budget + more)
			fail_msg("task %zu: %llu of %llu in period %llu", i,
				 (unsigned long long)got[i][k], (unsigned long long)t->e.budget,
				 (unsigned long long)k);
}

static void test_alone(void **state)
{
	uint64_t end;

	(void)state;
	begin_budget();
	assert_null(sched_pick(&q, now, &end));
	assert_true(end == SCHED_FOREVER);
	struct task *t = spawn(3 * MS, 10 * MS, 0, 0);

	assert_ptr_equal(sched_pick(&q, now, &end), &t->e);
	assert_int_equal(end, START + 3 * MS);
	assert_ptr_equal(sched_pick(&q, now + MS, &end), &t->e);
	assert_int_equal(end, START + 3 * MS);
	/* Late by 20 us: those are missing in the next period. */
	now = START + 3 * MS + 20 * US;
	assert_null(sched_pick(&q, now, &end));
	assert_true(t->e.edf.throttled);
	assert_int_equal(end, START + 10 * MS);
	now = end + 5 * US;
	assert_ptr_equal(sched_pick(&q, now, &end), &t->e);
	assert_int_equal(end, START + 10 * MS + 5 * US + 3 * MS - 20 * US);
	assert_int_equal(t->e.edf.deadline, START + 20 * MS);
	/* Asleep: no timer. Awake again amid its period: the rest of the budget. */
	sched_block(&t->e, now + MS);
	assert_null(sched_pick(&q, now + MS, &end));
	assert_true(end == SCHED_FOREVER);
	assert_true(sched_wake(&t->e, now + 2 * MS));
	assert_ptr_equal(sched_pick(&q, now + 2 * MS, &end), &t->e);
	assert_int_equal(end, now + 2 * MS + 2 * MS - 20 * US);

	begin_budget();
	t = spawn(3 * MS, 10 * MS, 0, 0);
	doubting = true;
	simulate(START + 10 * HZ);
	assert_periods(t, 0, 0);
	assert_int_equal(t->e.ran, 3 * HZ);
	assert_int_equal(q.idle, 7 * HZ);
}

static const uint64_t periods[] = {2 * MS, 3 * MS, 4 * MS, 5 * MS, 7 * MS, 10 * MS, 33 * MS};

/* All run all the time and want all of the core: each gets exactly its budget, each period. */
static void test_full_load(void **state)
{
	(void)state;
	begin_budget();
	spawn(3 * MS, 10 * MS, 0, 0);
	spawn(7 * MS, 10 * MS, 0, 0);
	simulate(START + 10 * HZ);
	assert_periods(&task[0], 0, 0);
	assert_periods(&task[1], 0, 0);
	assert_true(switches <= 2001);

	for (unsigned round = 0; round < 100; round++) {
		unsigned count = 2 + round % (N - 1), left = 1000;

		begin_budget();
		rnd_state = round;
		for (unsigned i = 0; i < count; i++) {
			unsigned part = i + 1 < count ? 1 + rnd(2 * left / count - 1) : left;
			uint64_t period = periods[rnd(ARRAY_SIZE(periods))];

			left -= part;
			spawn(period / 1000 * part, period, 0, 0);
			simulate(now + rnd(3 * MS) * (round & 1));
		}
		simulate(now + HZ);
		for (unsigned i = 0; i < count; i++)
			assert_periods(&task[i], 0, 0);
	}
}

/*
 * The timer comes up to 30 us late, always. Overruns are paid back: no error
 * adds up. When all of the core is given away, who waits for the late ones is
 * late itself, by what each of them was.
 */
static void test_late_timer(void **state)
{
	static const struct {
		uint64_t error; /* in one period */
		uint64_t part[4][2];
	} sets[] = {
		{30 * US, {{3 * MS, 10 * MS}}},
		{30 * US, {{3 * MS, 10 * MS}, {7 * MS, 10 * MS}}},
		{30 * US, {{7 * MS, 10 * MS}, {3 * MS, 10 * MS}}},
		{30 * US, {{3 * MS, 10 * MS}, {3 * MS, 10 * MS}, {38 * MS / 10, 10 * MS}}},
		{30 * US, {{3 * MS, 10 * MS}, {5 * MS, 20 * MS}, {17 * MS, 40 * MS}}},
		{60 * US, {{3 * MS, 10 * MS}, {3 * MS, 10 * MS}, {4 * MS, 10 * MS}}},
		{90 * US, {{3 * MS, 10 * MS}, {2 * MS, 5 * MS}, {6 * MS, 20 * MS}}},
	};

	(void)state;
	for (unsigned s = 0; s < ARRAY_SIZE(sets); s++) {
		begin_budget();
		latency = 30 * US;
		rnd_state = s;
		for (unsigned i = 0; i < 4 && sets[s].part[i][1]; i++)
			spawn(sets[s].part[i][0], sets[s].part[i][1], 0, 0);
		simulate(START + 20 * HZ);
		for (unsigned i = 0; i < tasks; i++) {
			assert_periods(&task[i], sets[s].error, sets[s].error);
			uint64_t want = 20 * HZ / task[i].e.period * task[i].e.budget;

			assert_in_range(task[i].e.ran, want - 90 * US, want + 30 * US);
		}
	}
}

/* The timer stands at the refill of another only when that one will go first then. */
static void test_slice_end(void **state)
{
	uint64_t end;

	(void)state;
	begin_budget();
	struct task *quick = spawn(MS, 5 * MS, 0, 0), *slow = spawn(10 * MS, 20 * MS, 0, 0);

	assert_ptr_equal(sched_pick(&q, now, &end), &quick->e);
	assert_int_equal(end, START + MS);
	assert_ptr_equal(sched_pick(&q, START + MS, &end), &slow->e);
	assert_int_equal(end, START + 5 * MS);
	assert_ptr_equal(sched_pick(&q, START + 5 * MS, &end), &quick->e);
	sched_block(&quick->e, START + 5 * MS);
	assert_ptr_equal(sched_pick(&q, START + 5 * MS, &end), &slow->e);
	assert_int_equal(end, START + 11 * MS);
	/* quick has all of its budget: a new period, which still ends first. */
	assert_true(sched_wake(&quick->e, START + 6 * MS));
	assert_ptr_equal(sched_pick(&q, START + 6 * MS, &end), &quick->e);
	assert_ptr_equal(sched_pick(&q, START + 7 * MS, &end), &slow->e);
	assert_int_equal(end, START + 11 * MS);
	assert_int_equal(quick->e.edf.deadline, START + 11 * MS);
	/* Throttled it sleeps and wakes: the timer needs not to move. */
	sched_block(&quick->e, START + 8 * MS);
	assert_false(sched_wake(&quick->e, START + 8 * MS));
	/* Had it slept at the pick, the timer would have to. */
	sched_block(&quick->e, START + 8 * MS);
	assert_ptr_equal(sched_pick(&q, START + 8 * MS, &end), &slow->e);
	assert_int_equal(end, START + 12 * MS);
	assert_true(sched_wake(&quick->e, START + 9 * MS));
	/* One whose deadline is later changes nothing. */
	sched_block(&quick->e, START + 9 * MS);
	assert_ptr_equal(sched_pick(&q, START + 9 * MS, &end), &slow->e);
	struct sched_entity later = {.budget = 1, .period = 90 * MS};

	sched_add(&q, &later, START + 9 * MS);
	assert_false(sched_wake(&later, START + 9 * MS));

	/* Refilled at 5 ms, quick would still come after one whose deadline is at 8 ms. */
	begin_budget();
	quick = spawn(MS, 5 * MS, 0, 0);
	slow = spawn(6 * MS, 8 * MS, 0, 0);
	assert_ptr_equal(sched_pick(&q, START, &end), &quick->e);
	assert_ptr_equal(sched_pick(&q, START + MS, &end), &slow->e);
	assert_int_equal(end, START + 7 * MS);
}

/* When one wakes: the rest of its budget while that is no more than its part; else a new period. */
static void test_wake(void **state)
{
	(void)state;
	begin_budget();
	struct task *t = spawn(3 * MS, 10 * MS, 0, 0);
	uint64_t end;

	sched_pick(&q, now, &end);
	sched_block(&t->e, START + MS); /* 2 ms left, its part of 6.666 ms */
	assert_true(sched_wake(&t->e, START + 3 * MS));
	assert_int_equal(t->e.edf.deadline, START + 10 * MS);
	assert_int_equal(t->e.left, 2 * MS);
	sched_block(&t->e, START + 3 * MS);
	assert_true(sched_wake(&t->e, START + 4 * MS));
	assert_int_equal(t->e.edf.deadline, START + 14 * MS);
	assert_int_equal(t->e.left, 3 * MS);
	/* At and after the deadline: a new period, from now. */
	sched_block(&t->e, START + 4 * MS);
	assert_true(sched_wake(&t->e, START + 14 * MS));
	assert_int_equal(t->e.edf.deadline, START + 24 * MS);
	/* A debt is not slept away in less than a period. */
	assert_ptr_equal(sched_pick(&q, START + 14 * MS, &end), &t->e);
	sched_block(&t->e, START + 18 * MS);
	assert_null(sched_pick(&q, START + 18 * MS, &end));
	assert_true(sched_wake(&t->e, START + 19 * MS)); /* the timer is needed */
	assert_null(sched_pick(&q, START + 19 * MS, &end));
	assert_int_equal(end, START + 24 * MS);
	sched_block(&t->e, START + 19 * MS);
	assert_null(sched_pick(&q, START + 19 * MS, &end));
	assert_true(sched_wake(&t->e, START + 25 * MS));
	assert_int_equal(t->e.left, 2 * MS);
	assert_int_equal(t->e.edf.deadline, START + 35 * MS);
	/* But in more. */
	assert_ptr_equal(sched_pick(&q, START + 25 * MS, &end), &t->e);
	sched_block(&t->e, START + 29 * MS);
	assert_true(sched_wake(&t->e, START + 45 * MS));
	assert_int_equal(t->e.left, 3 * MS);

	/* Numbers as large as there are. */
	begin(&sched_budget);
	struct sched_entity big = {.budget = BIT(63) - 1, .period = BIT(63) - 1};

	sched_add(&q, &big, now);
	assert_true(sched_wake(&big, now));
	assert_ptr_equal(sched_pick(&q, now, &end), &big);
	sched_block(&big, now + 5);
	assert_true(sched_wake(&big, now + 7));
	assert_int_equal(big.edf.deadline, now + 7 + BIT(63) - 1);
}

/* Sleepers of any kind get no more than their part, and take nothing from who does not sleep. */
static void test_sleepers_do_not_gain(void **state)
{
	static const uint64_t runs[] = {MS / 10, MS, 2 * MS + 900 * US, 3 * MS, 20 * MS};
	static const uint64_t sleeps[] = {1, 100 * US, MS, 7 * MS, 9 * MS + 900 * US};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(runs) * ARRAY_SIZE(sleeps); i++) {
		begin_budget();
		doubting = true;
		struct task *sly = spawn(3 * MS, 10 * MS, runs[i % 5], sleeps[i / 5]);
		struct task *hog = spawn(14 * MS, 20 * MS, 0, 0);

		simulate(START + 2 * HZ);
		assert_true(sly->e.ran <= 2 * HZ * 3 / 10 + 3 * MS);
		assert_periods(hog, 0, 0);
	}
}

/* Who wakes for a job of its budget has it done within its period. */
static void test_response(void **state)
{
	(void)state;
	begin_budget();
	doubting = true;
	struct task *a = spawn(3 * MS, 10 * MS, 3 * MS, 10 * MS);
	struct task *b = spawn(2 * MS, 7 * MS, 2 * MS, 7 * MS + 123);

	spawn(16 * MS, 41 * MS, 0, 0);
	simulate(START + 20 * HZ);
	assert_true(a->wakes > 900 && b->wakes > 1000);
	assert_true(a->worst_done <= 10 * MS);
	assert_true(b->worst_done <= 7 * MS);
}

static void test_yield(void **state)
{
	uint64_t end;

	(void)state;
	begin_budget();
	struct task *meek = spawn(3 * MS, 10 * MS, 0, 0), *hog = spawn(7 * MS, 10 * MS, 0, 0);

	meek->yield_every = MS;
	simulate(START + HZ);
	assert_int_equal(meek->e.ran, 100 * MS);
	assert_periods(hog, 0, 0);
	assert_int_equal(q.idle, 200 * MS);

	/* One that is in debt does not get rid of it. */
	begin_budget();
	meek = spawn(3 * MS, 10 * MS, 0, 0);
	sched_pick(&q, now, &end);
	sched_give_way(&q, START + 4 * MS);
	assert_null(sched_pick(&q, START + 4 * MS, &end));
	assert_ptr_equal(sched_pick(&q, end, &end), &meek->e);
	assert_int_equal(meek->e.left, 2 * MS);
	/* Nobody there is no matter. */
	leave(&meek->e, START + 10 * MS);
	sched_give_way(&q, START + 10 * MS);
	assert_null(sched_pick(&q, START + 10 * MS, &end));
	assert_true(end == SCHED_FOREVER);
}

/* The core stands still for a while (firmware): soon all is as it was. */
static void test_stall(void **state)
{
	static const uint64_t stalls[] = {4 * MS, 9 * MS, 15 * MS, 100 * MS, 3 * HZ};
	uint64_t end;

	(void)state;
	/* Periods that are all over begin anew, with no debt and nothing saved up. */
	begin_budget();
	spawn(3 * MS, 10 * MS, 0, 0);
	spawn(14 * MS, 20 * MS, 0, 0);
	sched_pick(&q, START, &end);
	now += HZ;
	assert_non_null(sched_pick(&q, now, &end));
	for (unsigned i = 0; i < tasks; i++) {
		assert_int_equal(task[i].e.left, task[i].e.budget);
		assert_int_equal(task[i].e.edf.deadline, now + task[i].e.period);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(stalls); i++) {
		begin_budget();
		watch = NULL;
		spawn(3 * MS, 10 * MS, 0, 0);
		spawn(14 * MS, 20 * MS, 0, 0);
		simulate(START + 101 * MS);
		assert_non_null(sched_pick(&q, now, &end));
		now += stalls[i];
		/* Debts of 15 ms are paid back within 5 periods. */
		simulate(now + 100 * MS);
		uint64_t before = task[0].e.ran;

		simulate(now + HZ);
		assert_in_range(task[0].e.ran - before, 300 * MS - 3 * MS, 300 * MS + 3 * MS);
		assert_in_range(q.idle, 0, 2 * MS);
	}
}

/* Random sets that fill the core, of sleepers, hogs and who yields. */
static void test_random(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		unsigned left = 1000;

		begin_budget();
		rnd_state = round;
		doubting = rnd(2);
		latency = rnd(3) ? 0 : 20 * US;
		for (unsigned i = 0; i < N; i++) {
			unsigned part = i + 1 < N ? 1 + rnd(2 * left / N - 1) : left;
			uint64_t period = (200 + rnd(30000)) * US;
			bool hog = rnd(2) == 0;

			left -= part;
			struct task *t = spawn(period / 1000 * part, period,
					       hog ? 0 : 1 + rnd(8 * MS), rnd(20 * MS));

			if (!hog && rnd(4) == 0)
				t->yield_every = 1 + rnd(MS);
			simulate(now + rnd(4 * MS));
		}
		for (unsigned leg = 0; leg < 10; leg++) {
			unsigned i = rnd(N);

			simulate(now + rnd(40 * MS));
			if (task[i].run) {
				sched_block(&task[i].e, now);
				task[i].wake_at = now + rnd(30 * MS);
			}
		}
		/* Always runnable: not a tick less in any period, nor more. */
		for (unsigned i = 0; i < N && !latency; i++)
			if (!task[i].run)
				assert_periods(&task[i], 0, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {

		cmocka_unit_test(test_alone),      cmocka_unit_test(test_full_load),
		cmocka_unit_test(test_late_timer), cmocka_unit_test(test_slice_end),
		cmocka_unit_test(test_wake),       cmocka_unit_test(test_sleepers_do_not_gain),
		cmocka_unit_test(test_response),   cmocka_unit_test(test_yield),
		cmocka_unit_test(test_stall),      cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
