/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sources: kernel/refuse.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/refuse.h"

static void sweep_is_one_range(void **state)
{
	static struct refusals r;

	(void)state;
	memset(&r, 0, sizeof(r));
	for (uint64_t i = 0; i < 0x2000; i++)
		assert_int_equal(refuse_add(&r, REFUSE_RDMSR, i), i == 0);
	assert_int_equal(r.ranges, 1);
	assert_int_equal(r.range[0].first, 0);
	assert_int_equal(r.range[0].last, 0x1fff);
	assert_int_equal(r.range[0].count, 0x2000);
	assert_false(refuse_add(&r, REFUSE_RDMSR, 77));
	assert_int_equal(r.count[REFUSE_RDMSR], 0x2001);
	/* Another kind is another range. */
	assert_true(refuse_add(&r, REFUSE_WRMSR, 77));
	assert_int_equal(r.ranges, 2);
}

static void gap_is_closed(void **state)
{
	static struct refusals r;

	(void)state;
	memset(&r, 0, sizeof(r));
	refuse_add(&r, REFUSE_IN, 10);
	refuse_add(&r, REFUSE_IN, 12);
	refuse_add(&r, REFUSE_OUT, 11);
	assert_int_equal(r.ranges, 3);
	refuse_add(&r, REFUSE_IN, 11);
	assert_int_equal(r.ranges, 2);
	for (unsigned i = 0; i < r.ranges; i++)
		if (r.range[i].kind == REFUSE_IN) {
			assert_int_equal(r.range[i].first, 10);
			assert_int_equal(r.range[i].last, 12);
			assert_int_equal(r.range[i].count, 3);
		}
}

static void ends_of_the_number_line(void **state)
{
	static struct refusals r;

	(void)state;
	memset(&r, 0, sizeof(r));
	assert_true(refuse_add(&r, REFUSE_READ, UINT64_MAX));
	assert_true(refuse_add(&r, REFUSE_READ, 0)); /* no neighbour by wrapping */
	assert_int_equal(r.ranges, 2);
	assert_false(refuse_add(&r, REFUSE_READ, UINT64_MAX - 1));
	assert_int_equal(r.ranges, 2);
	assert_false(refuse_add(&r, REFUSE_READ, UINT64_MAX));
}

static void overflow_is_counted(void **state)
{
	static struct refusals r;
	unsigned room = REFUSE_RANGES - (REFUSE_KINDS - 1);

	(void)state;
	memset(&r, 0, sizeof(r));
	for (uint64_t i = 0; i < room; i++)
		assert_true(refuse_add(&r, REFUSE_READ, 4 * i));
	assert_false(refuse_add(&r, REFUSE_READ, 4 * REFUSE_RANGES));
	assert_int_equal(r.unnamed, 1);
	assert_int_equal(r.count[REFUSE_READ], room + 1);
	/* Each other kind is named all the same, once for certain. */
	for (unsigned k = 0; k < REFUSE_KINDS; k++)
		if (k != REFUSE_READ)
			assert_true(refuse_add(&r, (enum refuse_kind)k, 7));
	assert_int_equal(r.ranges, REFUSE_RANGES);
	assert_false(refuse_add(&r, REFUSE_WRITE, 70));
	assert_int_equal(r.unnamed, 2);
}

/* Against a plain bit map: every id is in one range exactly, and no two ranges touch. */
static void random_against_a_map(void **state)
{
	static struct refusals r;
	static bool seen[200];

	(void)state;
	srand(7);
	for (unsigned round = 0; round < 200; round++) {
		memset(&r, 0, sizeof(r));
		memset(seen, 0, sizeof(seen));
		for (unsigned i = 0; i < 100; i++) {
			unsigned id = (unsigned)rand() % 100 + 1;
			bool apart = !seen[id - 1] && !seen[id] && !seen[id + 1];

			assert_int_equal(refuse_add(&r, REFUSE_IN, id), apart);
			seen[id] = true;
		}
		uint64_t total = 0;
		for (unsigned id = 0; id < 110; id++) {
			unsigned in = 0;
			for (unsigned j = 0; j < r.ranges; j++)
				in += id >= r.range[j].first && id <= r.range[j].last;
			assert_int_equal(in, seen[id]);
		}
		for (unsigned j = 0; j < r.ranges; j++) {
			total += r.range[j].count;
			for (unsigned k = 0; k < r.ranges; k++)
				assert_true(r.range[j].last + 1 != r.range[k].first);
		}
		assert_int_equal(total, 100);
	}
}

static void kinds_have_names(void **state)
{
	(void)state;
	for (unsigned k = 0; k < REFUSE_KINDS; k++)
		assert_true(strlen(refuse_kind_names[k]) > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sweep_is_one_range),      cmocka_unit_test(gap_is_closed),
		cmocka_unit_test(ends_of_the_number_line), cmocka_unit_test(overflow_is_counted),
		cmocka_unit_test(random_against_a_map),    cmocka_unit_test(kinds_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
