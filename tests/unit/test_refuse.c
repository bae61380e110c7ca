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

static const char never[] = "no line gives it";

static void clear(struct refusals *r)
{
	memset(r, 0, sizeof(*r));
	r->room = REFUSE_RANGES;
}

/* True when it begins a range. */
static bool add_why(struct refusals *r, unsigned kind, uint64_t first, uint64_t last,
		    const char *why)
{
	struct refuse_range a = {.first = first, .last = last, .why = why, .kind = (uint8_t)kind};
	struct refuse_range *begun = refuse_add(r, &a);

	if (begun) {
		assert_ptr_equal(begun, &r->range[r->ranges - 1]);
		begun->rip = first; /* to be known again */
	}
	return begun != NULL;
}

static bool add(struct refusals *r, unsigned kind, uint64_t id)
{
	return add_why(r, kind, id, id, NULL);
}

static void sweep_is_one_range(void **state)
{
	static struct refusals r;

	(void)state;
	clear(&r);
	for (uint64_t i = 0; i < 0x2000; i++)
		assert_int_equal(add(&r, REFUSE_RDMSR, i), i == 0);
	assert_int_equal(r.ranges, 1);
	assert_int_equal(r.range[0].first, 0);
	assert_int_equal(r.range[0].last, 0x1fff);
	assert_int_equal(r.range[0].count, 0x2000);
	assert_false(add(&r, REFUSE_RDMSR, 77));
	assert_int_equal(r.count[REFUSE_RDMSR], 0x2001);
	/* Another kind is another range. */
	assert_true(add(&r, REFUSE_WRMSR, 77));
	assert_int_equal(r.ranges, 2);
}

static void gap_is_closed(void **state)
{
	static struct refusals r;

	(void)state;
	clear(&r);
	add(&r, REFUSE_IN, 10);
	add(&r, REFUSE_IN, 12);
	add(&r, REFUSE_OUT, 11);
	assert_int_equal(r.ranges, 3);
	add(&r, REFUSE_IN, 11);
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
	clear(&r);
	assert_true(add(&r, REFUSE_READ, UINT64_MAX));
	assert_true(add(&r, REFUSE_READ, 0)); /* no neighbour by wrapping */
	assert_int_equal(r.ranges, 2);
	assert_false(add(&r, REFUSE_READ, UINT64_MAX - 1));
	assert_int_equal(r.ranges, 2);
	assert_false(add(&r, REFUSE_READ, UINT64_MAX));
}

static void overflow_is_counted(void **state)
{
	static struct refusals r;
	unsigned room = REFUSE_RANGES - (REFUSE_KINDS - 1);

	(void)state;
	clear(&r);
	for (uint64_t i = 0; i < room; i++)
		assert_true(add(&r, REFUSE_READ, 4 * i));
	assert_false(add(&r, REFUSE_READ, 4 * REFUSE_RANGES));
	assert_int_equal(r.unnamed[REFUSE_READ], 1);
	assert_int_equal(r.count[REFUSE_READ], room + 1);
	/* Each other kind is named all the same, once for certain. */
	for (unsigned k = 0; k < REFUSE_KINDS; k++)
		if (k != REFUSE_READ)
			assert_true(add(&r, k, 7));
	assert_int_equal(r.ranges, REFUSE_RANGES);
	assert_false(add(&r, REFUSE_WRITE, 70));
	assert_int_equal(r.unnamed[REFUSE_WRITE], 1);
	assert_int_equal(r.unnamed[REFUSE_READ], 1);
}

/* Against a plain bit map: every id is in one range exactly, and no two ranges touch. */
static void random_against_a_map(void **state)
{
	static struct refusals r;
	static bool seen[200];

	(void)state;
	srand(7);
	for (unsigned round = 0; round < 200; round++) {
		clear(&r);
		memset(seen, 0, sizeof(seen));
		for (unsigned i = 0; i < 100; i++) {
			unsigned id = (unsigned)rand() % 100 + 1, size = (unsigned)rand() % 4 + 1;
			bool apart = !seen[id - 1] && !seen[id + size];

			for (unsigned j = id; j < id + size; j++)
				apart = apart && !seen[j];
			assert_int_equal(add_why(&r, REFUSE_IN, id, id + size - 1, NULL), apart);
			for (unsigned j = id; j < id + size; j++)
				seen[j] = true;
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

/* One that cannot be given is none with one that can, wherever it is. */
static void why_keeps_apart(void **state)
{
	static struct refusals r;

	(void)state;
	clear(&r);
	assert_true(add(&r, REFUSE_RDMSR, 10));
	assert_true(add_why(&r, REFUSE_RDMSR, 11, 11, never));
	assert_true(add(&r, REFUSE_RDMSR, 12));
	assert_true(add_why(&r, REFUSE_RDMSR, 10, 10, never + 1));
	assert_false(add_why(&r, REFUSE_RDMSR, 12, 12, never));
	assert_int_equal(r.ranges, 4);
	assert_int_equal(r.range[1].first, 11);
	assert_int_equal(r.range[1].last, 12);
	assert_ptr_equal(r.range[1].why, never);
	assert_false(add(&r, REFUSE_RDMSR, 11));
	assert_int_equal(r.ranges, 3);
	assert_int_equal(r.range[0].count, 3);
}

static void pci_functions_stay_alone(void **state)
{
	static struct refusals r;

	(void)state;
	clear(&r);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(add(&r, REFUSE_PCI_READ, 8), i == 0);
		assert_int_equal(add(&r, REFUSE_PCI_READ, 10), i == 0);
		assert_int_equal(add(&r, REFUSE_PCI_READ, 9), i == 0);
		assert_int_equal(add(&r, REFUSE_PCI_WRITE, 9), i == 0);
		assert_int_equal(add(&r, REFUSE_PCI_WRITE, 10), i == 0);
	}
	assert_int_equal(r.ranges, 5);
	for (unsigned i = 0; i < r.ranges; i++) {
		assert_int_equal(r.range[i].first, r.range[i].last);
		assert_int_equal(r.range[i].count, 3);
	}
}

/* A wide access closes several gaps at once; the oldest range keeps its place and its rip. */
static void wide_access_joins_many(void **state)
{
	static struct refusals r;

	(void)state;
	clear(&r);
	add(&r, REFUSE_OUT, 90);
	add(&r, REFUSE_IN, 12);
	add(&r, REFUSE_IN, 10);
	add(&r, REFUSE_OUT, 93);
	add(&r, REFUSE_IN, 15);
	add(&r, REFUSE_IN, 20);
	assert_false(add_why(&r, REFUSE_IN, 11, 14, NULL));
	assert_int_equal(r.ranges, 4);
	assert_int_equal(r.range[1].first, 10);
	assert_int_equal(r.range[1].last, 15);
	assert_int_equal(r.range[1].count, 4);
	assert_int_equal(r.range[1].rip, 12);
	assert_int_equal(r.range[2].first, 93);
	assert_int_equal(r.range[3].first, 20);
	assert_int_equal(r.count[REFUSE_IN], 5);
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
		cmocka_unit_test(sweep_is_one_range),
		cmocka_unit_test(gap_is_closed),
		cmocka_unit_test(ends_of_the_number_line),
		cmocka_unit_test(overflow_is_counted),
		cmocka_unit_test(random_against_a_map),
		cmocka_unit_test(why_keeps_apart),
		cmocka_unit_test(pci_functions_stay_alone),
		cmocka_unit_test(wide_access_joins_many),
		cmocka_unit_test(kinds_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
