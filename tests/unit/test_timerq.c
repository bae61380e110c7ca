/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The timer queue: order, changes, and random use against a plain table. */
/* sources: kernel/timerq.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/timerq.h"

#define N 24u

static struct timerq q;
static struct timerq_node t[N];

static int setup(void **state)
{
	(void)state;
	timerq_init(&q);
	for (unsigned i = 0; i < N; i++)
		t[i] = (struct timerq_node){0};
	return 0;
}

static void test_empty(void **state)
{
	(void)state;
	assert_true(timerq_next(&q) == TIMERQ_NEVER);
	assert_null(timerq_pop(&q, TIMERQ_NEVER)); /* the ring's head never expires */
	timerq_cancel(&t[0]);
	assert_false(timerq_armed(&t[0]));
}

static void test_order(void **state)
{
	(void)state;
	assert_true(timerq_set(&q, &t[0], 30));
	assert_true(timerq_set(&q, &t[1], 10));
	assert_false(timerq_set(&q, &t[2], 20));
	assert_false(timerq_set(&q, &t[3], 10)); /* after the other 10 */
	assert_int_equal(timerq_next(&q), 10);
	assert_null(timerq_pop(&q, 9));
	assert_ptr_equal(timerq_pop(&q, 10), &t[1]);
	assert_false(timerq_armed(&t[1]));
	assert_ptr_equal(timerq_pop(&q, 100), &t[3]);
	assert_ptr_equal(timerq_pop(&q, 100), &t[2]);
	assert_ptr_equal(timerq_pop(&q, 100), &t[0]);
	assert_null(timerq_pop(&q, 100));
}

static void test_change(void **state)
{
	(void)state;
	timerq_set(&q, &t[0], 10);
	timerq_set(&q, &t[1], 20);
	assert_true(timerq_set(&q, &t[0], 30)); /* later: the other is first now */
	assert_int_equal(timerq_next(&q), 20);
	assert_true(timerq_set(&q, &t[0], 5));
	assert_false(timerq_set(&q, &t[0], 5)); /* nothing new */
	assert_true(timerq_set(&q, &t[0], TIMERQ_NEVER));
	assert_false(timerq_armed(&t[0]));
	assert_int_equal(timerq_next(&q), 20);
	timerq_cancel(&t[1]);
	assert_true(timerq_next(&q) == TIMERQ_NEVER);
	assert_true(timerq_set(&q, &t[2], TIMERQ_NEVER - 1));
	assert_ptr_equal(timerq_pop(&q, TIMERQ_NEVER), &t[2]);
	assert_true(timerq_set(&q, &t[2], 0)); /* at once */
	assert_ptr_equal(timerq_pop(&q, 0), &t[2]);
}

static uint32_t rnd_state = 7;

static uint32_t rnd(uint32_t below)
{
	rnd_state = rnd_state * 1664525u + 1013904223u;
	return (rnd_state >> 8) % below;
}

/* The model: deadline and the order of setting, for each timer. */
static uint64_t deadline[N], stamp[N];

static unsigned first(void)
{
	unsigned best = N;

	for (unsigned i = 0; i < N; i++)
		if (deadline[i] != TIMERQ_NEVER &&
		    (best == N || deadline[i] < deadline[best] ||
		     (deadline[i] == deadline[best] && stamp[i] < stamp[best])))
			best = i;
	return best;
}

static void test_random(void **state)
{
	uint64_t now = 0;

	(void)state;
	for (unsigned i = 0; i < N; i++)
		deadline[i] = TIMERQ_NEVER;
	for (unsigned round = 1; round < 100000; round++) {
		unsigned i = rnd(N), f = first();
		uint64_t before = f < N ? deadline[f] : TIMERQ_NEVER;

		switch (rnd(4)) {
		case 0:
		case 1:
			deadline[i] = rnd(8) ? now + rnd(50) : TIMERQ_NEVER;
			stamp[i] = round;
			f = first();
			assert_int_equal(timerq_set(&q, &t[i], deadline[i]),
					 (f < N ? deadline[f] : TIMERQ_NEVER) != before);
			break;
		case 2:
			timerq_cancel(&t[i]);
			deadline[i] = TIMERQ_NEVER;
			break;
		default:
			now += rnd(20);
			for (struct timerq_node *n; (n = timerq_pop(&q, now));) {
				f = first();
				assert_ptr_equal(n, &t[f]);
				assert_true(deadline[f] <= now);
				deadline[f] = TIMERQ_NEVER;
			}
		}
		f = first();
		assert_true(timerq_next(&q) == (f < N ? deadline[f] : TIMERQ_NEVER));
		assert_int_equal(timerq_armed(&t[i]), deadline[i] != TIMERQ_NEVER);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_empty, setup),
		cmocka_unit_test_setup(test_order, setup),
		cmocka_unit_test_setup(test_change, setup),
		cmocka_unit_test_setup(test_random, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
