/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scheduling policies under a simulated clock: shares, latency, exact accounts. */
/* sources: kernel/sched.c kernel/sched_dedicated.c kernel/sched_fair.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "tests/unit/sched_sim.h"

static struct task *spawn(unsigned weight, uint64_t run, uint64_t sleep)
{
	return start_task((struct task){.e.weight = weight, .run = run, .sleep = sleep});
}

/* ran is share/total of busy within 3 percent. */
static void assert_share(const struct task *t, uint64_t share, uint64_t total)
{
	uint64_t want = q.busy * share / total, got = t->e.ran;

	if (got < want - want * 3 / 100 || got > want + want * 3 / 100)
		fail_msg("ran %llu, expected %llu", (unsigned long long)got,
			 (unsigned long long)want);
}

static void test_dedicated(void **state)
{
	uint64_t end = 0;

	(void)state;
	begin(&sched_dedicated);
	assert_null(sched_pick(&q, now, &end));
	assert_true(end == SCHED_FOREVER);
	now += 10;
	struct task *t = spawn(1, 3 * MS, 7 * MS);

	assert_ptr_equal(sched_pick(&q, now, &end), &t->e);
	assert_true(end == SCHED_FOREVER);
	sched_give_way(&q, now);
	assert_ptr_equal(sched_pick(&q, now, &end), &t->e);
	simulate(START + 10 + 100 * MS);
	assert_int_equal(t->e.ran, 30 * MS);
	assert_int_equal(q.idle, 70 * MS + 10);
	assert_int_equal(t->worst, 0);
	leave(&t->e, now);
	assert_null(sched_pick(&q, now, &end));
}

static void test_fair_shares(void **state)
{
	static const unsigned weights[][3] = {{2, 1, 0},      {5, 3, 1},  {1, 1, 1},
					      {1000, 500, 0}, {10, 1, 0}, {7, 11, 13}};

	(void)state;
	for (unsigned c = 0; c < ARRAY_SIZE(weights); c++) {
		unsigned total = 0;

		begin(&sched_fair);
		for (unsigned i = 0; i < 3 && weights[c][i]; i++) {
			spawn(weights[c][i], 0, 0);
			total += weights[c][i];
		}
		simulate(START + 10 * HZ);
		assert_int_equal(q.idle, 0);
		for (unsigned i = 0; i < tasks; i++)
			assert_share(&task[i], weights[c][i], total);
		/* A switch a slice at most. */
		assert_true(switches <= 10 * HZ / SLICE + 1);
	}
}

/* Accounted after every few ticks, as when exits come thick and fast. */
static void test_fair_shares_in_small_steps(void **state)
{
	uint64_t end;

	(void)state;
	begin(&sched_fair);
	spawn(999, 0, 0);
	spawn(333, 0, 0);
	sched_pick(&q, now, &end);
	for (unsigned i = 0; i < 3000000; i++) {
		now += 100 + rnd(3000);
		sched_account(&q, now);
		if (now >= end)
			sched_pick(&q, now, &end);
	}
	check_accounts();
	assert_share(&task[0], 3, 4);
	assert_share(&task[1], 1, 4);
}

static void test_fair_alone_has_no_timer(void **state)
{
	uint64_t end;

	(void)state;
	begin(&sched_fair);
	assert_null(sched_pick(&q, now, &end));
	assert_true(end == SCHED_FOREVER);
	struct task *a = spawn(1, 0, 0);

	assert_ptr_equal(sched_pick(&q, now, &end), &a->e);
	assert_true(end == SCHED_FOREVER);
	now += HZ;
	assert_ptr_equal(sched_pick(&q, now, &end), &a->e);
	assert_true(end == SCHED_FOREVER);

	/* Company: the core is told to look again, and the slice gets an early end. */
	struct task *b = &task[tasks++];

	*b = (struct task){.e.weight = 1};
	sched_add(&q, &b->e, now);
	assert_true(sched_wake(&b->e, now));
	assert_false(sched_wake(&b->e, now)); /* nothing new */
	assert_non_null(sched_pick(&q, now, &end));
	assert_int_equal(end, now + SLICE / 8);
	/* A slice goes on when picked again amid it. */
	assert_ptr_equal(sched_pick(&q, now + 1, &end), &a->e);
	assert_int_equal(end, now + SLICE / 8);
	now += SLICE / 8;
	assert_ptr_equal(sched_pick(&q, now, &end), &b->e);
	assert_int_equal(end, now + SLICE);
	sched_block(&b->e, now + 2);
	sched_block(&b->e, now + 2);
	assert_ptr_equal(sched_pick(&q, now + 3, &end), &a->e);
	assert_true(end == SCHED_FOREVER);
	sched_account(&q, now + 3);
	check_accounts();
}

/* How long the current one may go on depends on both weights and on its lead. */
static void test_fair_preemption_time(void **state)
{
	uint64_t end;

	(void)state;
	begin(&sched_fair);
	struct task *heavy = spawn(2, 0, 0);

	sched_pick(&q, now, &end);
	now += 2 * SLICE;
	sched_account(&q, now);
	struct task *light = spawn(1, 0, 0); /* level with it: no credit at first */

	assert_ptr_equal(sched_pick(&q, now, &end), &heavy->e);
	assert_int_equal(end, now + SLICE / 4); /* until ahead by SLICE / 8: 2 ticks for 1 */
	now += SLICE / 16;
	sched_block(&light->e, now);
	assert_ptr_equal(sched_pick(&q, now, &end), &heavy->e);
	now += SLICE / 16; /* light has slept; heavy is ahead of it by SLICE / 16 */
	assert_true(sched_wake(&light->e, now));
	assert_ptr_equal(sched_pick(&q, now, &end), &heavy->e);
	assert_int_equal(end, now + SLICE / 8);
	assert_ptr_equal(sched_pick(&q, end, &end), &light->e);
}

/* One who ran alone for long, or slept for long, pays or earns nothing for it. */
static void test_fair_no_debt_from_the_past(void **state)
{
	(void)state;
	begin(&sched_fair);
	struct task *a = spawn(1, 0, 0), *b = spawn(1, 1, 100 * HZ);

	simulate(START + 100 * HZ);
	uint64_t a0 = a->e.ran, b0 = b->e.ran;

	b->run = 0;
	simulate(now + 2 * HZ); /* b wakes for good */
	assert_in_range(a->e.ran - a0, 97 * HZ / 100, 103 * HZ / 100);
	assert_in_range(b->e.ran - b0, 97 * HZ / 100, 103 * HZ / 100);

	/* The same when the first one blocks before the second wakes. */
	begin(&sched_fair);
	a = spawn(1, 100 * HZ, HZ);
	b = spawn(1, 1, 200 * HZ);
	simulate(START + 100 * HZ + HZ / 2);
	a0 = a->e.ran, b0 = b->e.ran;
	assert_false(a->e.runnable || b->e.runnable);
	b->wake_at = now;
	a->wake_at = now + MS;
	b->run = a->run = 0;
	simulate(now + MS + 2 * HZ);
	assert_in_range(a->e.ran - a0, 97 * HZ / 100, 103 * HZ / 100);
	assert_in_range(b->e.ran - b0, 97 * HZ / 100, 103 * HZ / 100);
}

/* A mostly idle vCPU gets the core as soon as it wakes; the others share the rest. */
static void test_fair_wake_latency(void **state)
{
	(void)state;
	begin(&sched_fair);
	struct task *light = spawn(1, MS / 10, 10 * MS);

	spawn(1, 0, 0);
	spawn(1, 0, 0);
	simulate(START + 100 * MS); /* it has slept once at least */
	light->worst = 0;
	simulate(START + 10 * HZ);
	assert_true(light->wakes > 900);
	assert_int_equal(light->worst, 0);
	assert_share(&task[1], 1, 2);
	assert_share(&task[2], 1, 2);
}

/* A short sleep now and then does not take more than the share, nor lose it. */
static void test_fair_sleeping_earns_nothing(void **state)
{
	static const uint64_t runs[] = {MS / 10, MS, 2 * MS + MS / 2, 4 * MS, 20 * MS};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(runs); i++) {
		begin(&sched_fair);
		struct task *sly = spawn(1, runs[i], 1000), *hog = spawn(1, 0, 0);

		simulate(START + 10 * HZ);
		assert_share(sly, 1, 2);
		assert_share(hog, 1, 2);
		/* Nobody waits longer than a slice and a bit. */
		assert_true(sly->worst <= SLICE + MS && hog->worst <= SLICE + MS);
	}
}

/* One who yields on end gives the core away, and does not save up for later. */
static void test_fair_yield(void **state)
{
	(void)state;
	begin(&sched_fair);
	struct task *meek = spawn(1, 0, 0), *hog = spawn(1, 0, 0);

	meek->yield_every = 1000;
	simulate(START + 10 * HZ);
	assert_true(meek->e.ran > 0 && meek->e.ran < HZ / 100);
	uint64_t m0 = meek->e.ran, h0 = hog->e.ran;

	meek->yield_every = 0;
	simulate(now + 2 * HZ);
	assert_in_range(meek->e.ran - m0, 97 * HZ / 100, 103 * HZ / 100);
	assert_in_range(hog->e.ran - h0, 97 * HZ / 100, 103 * HZ / 100);
	/* Alone it goes on; nobody there is no matter. */
	leave(&hog->e, now);
	meek->yield_every = 10000;
	tasks = 1;
	q.busy = meek->e.ran, q.idle = q.last - START - q.busy;
	simulate(now + MS);
	leave(&meek->e, now);
	sched_give_way(&q, now);
	assert_null(q.current);
}

static void test_add_remove(void **state)
{
	struct sched_entity none = {0};
	uint64_t end;

	(void)state;
	begin(&sched_fair);
	assert_false(sched_wake(&none, now)); /* in no queue */
	sched_block(&none, now);
	struct task *a = spawn(1, 0, 0), *b = spawn(3, 0, 0), *c = spawn(1, 0, 0);

	sched_pick(&q, now, &end);
	now += MS;
	leave(&b->e, now);
	leave(&q.current[0], now); /* whoever runs */
	assert_null(q.current);
	assert_int_equal(q.busy, MS);
	assert_non_null(sched_pick(&q, now, &end));
	assert_true(q.current == &a->e || q.current == &c->e);
	assert_true(end == SCHED_FOREVER);
	/* A clock that is behind counts nothing, and nothing twice. */
	sched_account(&q, now - MS);
	sched_account(&q, now + MS);
	assert_int_equal(q.busy, 2 * MS);
	assert_int_equal(q.idle, 0);
}

/* Random sleepers and hogs: nobody waits for long, nothing gets lost. */
static void test_fair_random(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		uint64_t total = 0;

		begin(&sched_fair);
		rnd_state = round;
		for (unsigned i = 0; i < N; i++) {
			bool hog = rnd(3) == 0;

			spawn(1 + rnd(4), hog ? 0 : 1 + rnd(8 * MS), rnd(20 * MS));
			total += task[i].e.weight;
		}
		for (unsigned leg = 0; leg < 20; leg++) {
			simulate(now + HZ / 4);
			for (unsigned i = 0; i < N; i++)
				if (task[i].run)
					task[i].run = 1 + rnd(8 * MS);
		}
		for (unsigned i = 0; i < N; i++) {
			struct task *t = &task[i];

			/* At least its share when it never sleeps. */
			if (t->run == 0)
				assert_true(t->e.ran >=
					    (now - START) * t->e.weight / total * 97 / 100);
			/* Its turn comes within a round of everybody, slept or not. */
			assert_true(t->worst <= 2 * N * 4 * SLICE);
		}
	}
}

static bool viewer_ends;

static void *keep_accounts(void *arg)
{
	uint64_t end;

	(void)arg;
	while (!__atomic_load_n(&viewer_ends, __ATOMIC_RELAXED)) {
		__atomic_store_n(&now, now + 1000, __ATOMIC_RELAXED);
		sched_pick(&q, now, &end);
	}
	return NULL;
}

/* Another core sees accounts that fit together to the tick, whatever this one is doing. */
static void test_view_from_another_core(void **state)
{
	struct sched_view view, last = {0};
	uint64_t seen[5] = {0};
	pthread_t core;

	(void)state;
	begin(&sched_fair);
	for (unsigned i = 0; i < 5; i++)
		spawn(i + 1, 0, 0);
	assert_int_equal(pthread_create(&core, NULL, keep_accounts, NULL), 0);
	for (unsigned i = 0; i < 200000; i++) {
		uint64_t ran = 0;

		/* The host stops this core's thread amid an account now and then. */
		while (!sched_view(&q, __atomic_load_n(&now, __ATOMIC_RELAXED), &view))
			;
		for (unsigned j = 0; j < tasks; j++) {
			assert_true(task[j].e.viewed >= seen[j]);
			ran += seen[j] = task[j].e.viewed;
		}
		assert_int_equal(view.busy + view.idle, view.last - view.since);
		assert_int_equal(ran, view.busy);
		assert_true(view.last >= last.last);
		last = view;
	}
	__atomic_store_n(&viewer_ends, true, __ATOMIC_RELAXED);
	pthread_join(core, NULL);
	assert_true(last.busy > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dedicated),
		cmocka_unit_test(test_fair_shares),
		cmocka_unit_test(test_fair_shares_in_small_steps),
		cmocka_unit_test(test_fair_alone_has_no_timer),
		cmocka_unit_test(test_fair_preemption_time),
		cmocka_unit_test(test_fair_no_debt_from_the_past),
		cmocka_unit_test(test_fair_wake_latency),
		cmocka_unit_test(test_fair_sleeping_earns_nothing),
		cmocka_unit_test(test_fair_yield),
		cmocka_unit_test(test_add_remove),
		cmocka_unit_test(test_fair_random),
		cmocka_unit_test(test_view_from_another_core),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
