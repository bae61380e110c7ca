/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The physical allocator against a map of pages, and its limits. */
/* sources: kernel/alloc.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/alloc.h"
#include "kernel/errno.h"

#define P PAGE_SIZE

static struct alloc_range store[64];
static struct alloc a;

static void check(void)
{
	uint64_t sum = 0;

	assert_true(a.count <= a.capacity);
	for (unsigned i = 0; i < a.count; i++) {
		assert_true(a.r[i].size > 0);
		assert_true(is_aligned(a.r[i].base | a.r[i].size, P));
		if (i > 0) /* sorted, and a gap between any two */
			assert_true(a.r[i - 1].base + a.r[i - 1].size < a.r[i].base);
		sum += a.r[i].size;
	}
	assert_int_equal(sum, a.free_bytes);
}

static void test_free_merges(void **state)
{
	(void)state;
	alloc_init(&a, store, 4);
	assert_int_equal(alloc_free(&a, 10 * P, P), 0);
	assert_int_equal(alloc_free(&a, 12 * P, P), 0);
	assert_int_equal(a.count, 2);
	assert_int_equal(alloc_free(&a, 11 * P, P), 0); /* both neighbours */
	assert_int_equal(a.count, 1);
	assert_int_equal(alloc_free(&a, 13 * P, P), 0); /* below */
	assert_int_equal(alloc_free(&a, 9 * P, P), 0);  /* above */
	assert_int_equal(a.count, 1);
	assert_int_equal(a.r[0].base, 9 * P);
	assert_int_equal(a.free_bytes, 5 * P);
	check();
}

static void test_free_refuses(void **state)
{
	(void)state;
	alloc_init(&a, store, 2);
	assert_int_equal(alloc_free(&a, 10 * P, 4 * P), 0);
	assert_int_equal(alloc_free(&a, 9 * P, 2 * P), -EEXIST);
	assert_int_equal(alloc_free(&a, 13 * P, 2 * P), -EEXIST);
	assert_int_equal(alloc_free(&a, 11 * P, P), -EEXIST);
	assert_int_equal(alloc_free(&a, 8 * P, 8 * P), -EEXIST);
	assert_int_equal(alloc_free(&a, 20 * P, 0), -EINVAL);
	assert_int_equal(alloc_free(&a, 20 * P + 1, P), -EINVAL);
	assert_int_equal(alloc_free(&a, 20 * P, P + 8), -EINVAL);
	assert_int_equal(alloc_free(&a, 0 - P, P), -EINVAL); /* ends at 2^64 */
	assert_int_equal(alloc_free(&a, 0 - P, 2 * P), -EINVAL);
	assert_int_equal(alloc_free(&a, 20 * P, P), 0);
	assert_int_equal(alloc_free(&a, 30 * P, P), -ENOSPC);
	assert_int_equal(alloc_free(&a, 14 * P, P), 0); /* a neighbour needs no room */
	assert_int_equal(a.free_bytes, 6 * P);
	check();
}

static void test_take_from_top(void **state)
{
	hpa_t at;

	(void)state;
	alloc_init(&a, store, 8);
	alloc_free(&a, MIB(1), MIB(15));
	alloc_free(&a, GIB(4), MIB(3));
	assert_int_equal(alloc_take(&a, P, P, 0, &at), 0);
	assert_int_equal(at, GIB(4) + MIB(3) - P);
	assert_int_equal(alloc_take(&a, MIB(2), MIB(2), 0, &at), 0);
	assert_int_equal(at, GIB(4));
	assert_int_equal(alloc_take(&a, MIB(2), MIB(2), 0, &at),
			 0); /* the higher one is too small */
	assert_int_equal(at, MIB(14));
	assert_int_equal(alloc_take(&a, P, P, MIB(2) + 1, &at), 0); /* below a limit */
	assert_int_equal(at, MIB(2) - P);
	assert_int_equal(alloc_take(&a, P, P, MIB(1), &at), -ENOMEM);
	assert_int_equal(alloc_take(&a, P, P, P / 2, &at), -ENOMEM);
	assert_int_equal(alloc_take(&a, MIB(32), P, 0, &at), -ENOMEM);
	assert_int_equal(alloc_take(&a, UINT64_MAX & ~(P - 1), P, 0, &at), -ENOMEM);
	assert_int_equal(alloc_take(&a, P, BIT(63), 0, &at), -ENOMEM);
	assert_int_equal(alloc_take(&a, 0, P, 0, &at), -EINVAL);
	assert_int_equal(alloc_take(&a, P + 1, P, 0, &at), -EINVAL);
	assert_int_equal(alloc_take(&a, P, P / 2, 0, &at), -EINVAL);
	assert_int_equal(alloc_take(&a, P, 3 * P, 0, &at), -EINVAL);
	assert_int_equal(alloc_take(&a, P, 0, 0, &at), -EINVAL);
	check();
}

static void test_extents_full(void **state)
{
	hpa_t at;

	(void)state;
	alloc_init(&a, store, 2);
	alloc_free(&a, 0, 8 * P);
	alloc_free(&a, 16 * P, 3 * P);
	assert_int_equal(alloc_take(&a, 2 * P, P, 7 * P, &at), -ENOSPC);
	assert_int_equal(a.free_bytes, 11 * P);
	assert_int_equal(alloc_take(&a, 2 * P, P, 8 * P, &at), 0); /* an end needs no room */
	assert_int_equal(at, 6 * P);
	check();
}

static void test_full_extents_use_other_place(void **state)
{
	hpa_t at;

	(void)state;
	alloc_init(&a, store, 2);
	alloc_free(&a, 2 * P, 2 * P);
	alloc_free(&a, 9 * P, 4 * P); /* 9..12: an aligned pair in its middle */
	assert_int_equal(alloc_take(&a, 2 * P, 2 * P, 0, &at), 0);
	assert_int_equal(at, 2 * P);
	check();
}

static void test_largest(void **state)
{
	hpa_t at;

	(void)state;
	alloc_init(&a, store, 8);
	assert_int_equal(alloc_largest(&a, P), 0);
	alloc_free(&a, MIB(1), MIB(2));
	assert_int_equal(alloc_largest(&a, P), MIB(2));
	assert_int_equal(alloc_largest(&a, MIB(2)), MIB(1));
	assert_int_equal(alloc_largest(&a, GIB(1)), 0);
	assert_int_equal(alloc_take(&a, alloc_largest(&a, MIB(2)), MIB(2), 0, &at), 0);
	assert_int_equal(at, MIB(2));
	alloc_free(&a, 0 - 8 * P, 4 * P); /* rounding up its base wraps */
	assert_int_equal(alloc_largest(&a, GIB(1)), 0);
}

/* Thousands of random calls against one flag a page. */
#define PAGES 256u

static uint32_t rnd_state = 12345;

static uint32_t rnd(uint32_t below)
{
	rnd_state = rnd_state * 1664525u + 1013904223u;
	return (rnd_state >> 8) % below;
}

static bool all(const bool *is_free, unsigned from, unsigned n, bool value)
{
	for (unsigned i = from; i < from + n; i++)
		if (is_free[i] != value)
			return false;
	return true;
}

static void set(bool *is_free, unsigned from, unsigned n, bool value)
{
	for (unsigned i = from; i < from + n; i++)
		is_free[i] = value;
}

/* The highest place for n pages below limit, or PAGES. */
static unsigned best(const bool *is_free, unsigned n, unsigned align, unsigned limit)
{
	for (unsigned at = limit + 1; at-- > 0;)
		if (at % align == 0 && at + n <= limit && all(is_free, at, n, true))
			return at;
	return PAGES;
}

static void test_random(void **state)
{
	static bool is_free[PAGES];

	(void)state;
	alloc_init(&a, store, ARRAY_SIZE(store));
	for (unsigned round = 0; round < 50000; round++) {
		unsigned n = 1 + rnd(12), at = rnd(PAGES - n + 1), align = 1u << rnd(4);
		unsigned limit = rnd(4) ? PAGES : rnd(PAGES) + 1, want;
		bool full = a.count == a.capacity;
		hpa_t got;
		int err;

		switch (rnd(2)) {
		case 0:
			err = alloc_free(&a, at * P, n * P);
			if (err == -ENOSPC)
				break;
			assert_int_equal(err, all(is_free, at, n, false) ? 0 : -EEXIST);
			if (err == 0)
				set(is_free, at, n, true);
			break;
		default:
			want = best(is_free, n, align, limit);
			err = alloc_take(&a, n * P, align * P, limit * P, &got);
			if (full)
				assert_true(err == 0 || err == -ENOSPC || err == -ENOMEM);
			else if (want == PAGES)
				assert_int_equal(err, -ENOMEM);
			else
				assert_int_equal(got, want * P);
			if (err == 0)
				set(is_free, (unsigned)(got / P), n, false);
		}
		check();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_free_merges),
		cmocka_unit_test(test_free_refuses),
		cmocka_unit_test(test_take_from_top),
		cmocka_unit_test(test_extents_full),
		cmocka_unit_test(test_full_extents_use_other_place),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
