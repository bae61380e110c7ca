/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of the I/O bus: ranges, splitting at their ends, and what nobody answers. */
/* sources: kernel/dev/iobus.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/dev/dev.h"
#include "kernel/errno.h"
#include "kernel/string.h"

struct echo {
	uint64_t offset, value;
	unsigned size, reads, writes;
};

static uint64_t echo_read(void *dev, uint64_t offset, unsigned size)
{
	struct echo *e = dev;

	e->offset = offset;
	e->size = size;
	e->reads++;
	return 0xfedcba9876543210ull + offset; /* wider than asked: the bus cuts it */
}

static void echo_write(void *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct echo *e = dev;

	e->offset = offset;
	e->size = size;
	e->value = value;
	e->writes++;
}

static const struct io_ops echo_ops = {.read = echo_read, .write = echo_write};

static void refuses_bad_ranges(void **state)
{
	struct iobus b = {0};
	struct echo e = {0};

	(void)state;
	assert_int_equal(iobus_add(&b, 0x10, 0, &echo_ops, &e), -EINVAL);
	assert_int_equal(iobus_add(&b, UINT64_MAX - 3, 5, &echo_ops, &e), -EINVAL);
	assert_int_equal(iobus_add(&b, UINT64_MAX - 3, 4, &echo_ops, &e), 0);
	assert_int_equal(iobus_add(&b, UINT64_MAX, 1, &echo_ops, &e), -EEXIST);
	assert_int_equal(iobus_add(&b, 0x100, 0x10, &echo_ops, &e), 0);
	assert_int_equal(iobus_add(&b, 0x10f, 1, &echo_ops, &e), -EEXIST);
	assert_int_equal(iobus_add(&b, 0xff, 2, &echo_ops, &e), -EEXIST);
	assert_int_equal(iobus_add(&b, 0x0, 0x1000, &echo_ops, &e), -EEXIST);
	assert_int_equal(iobus_add(&b, 0x110, 1, &echo_ops, &e), 0);
	assert_int_equal(iobus_add(&b, 0xff, 1, &echo_ops, &e), 0);
	assert_int_equal(b.count, 4);
}

static void fills_up(void **state)
{
	struct iobus b = {0};
	struct echo e[IOBUS_MAX];
	uint64_t v;

	(void)state;
	memset(e, 0, sizeof(e));
	/* In an order that inserts at both ends and in the middle. */
	for (unsigned i = 0; i < IOBUS_MAX; i++) {
		unsigned k = i * 7 % IOBUS_MAX;

		assert_int_equal(iobus_add(&b, k * 4, 2, &echo_ops, &e[k]), 0);
	}
	assert_int_equal(iobus_add(&b, 0x1000, 1, &echo_ops, &e[0]), -ENOSPC);
	for (unsigned k = 0; k < IOBUS_MAX; k++) {
		assert_true(iobus_read(&b, k * 4 + 1, 1, &v));
		assert_int_equal(v, 0x11);
		assert_int_equal(e[k].reads, 1);
		assert_false(iobus_read(&b, k * 4 + 2, 1, &v));
	}
}

static void cuts_to_size(void **state)
{
	struct iobus b = {0};
	struct echo e = {0};
	uint64_t v;

	(void)state;
	iobus_add(&b, 0x100, 8, &echo_ops, &e);
	assert_true(iobus_read(&b, 0x100, 8, &v));
	assert_true(v == 0xfedcba9876543210ull);
	assert_true(iobus_read(&b, 0x102, 2, &v));
	assert_int_equal(v, 0x3212);
	assert_int_equal(e.size, 2);
	assert_true(iobus_write(&b, 0x104, 1, 0x1234567));
	assert_int_equal(e.value, 0x67);
	assert_int_equal(e.offset, 4);
}

static void splits_at_ends(void **state)
{
	struct iobus b = {0};
	struct echo e = {0}, f = {0};
	uint64_t v;

	(void)state;
	iobus_add(&b, 0x100, 2, &echo_ops, &e);
	iobus_add(&b, 0x103, 1, &echo_ops, &f);
	/* 0x101, a hole, 0x103, nothing. */
	assert_true(iobus_read(&b, 0x101, 4, &v));
	assert_true(v == 0xff10ff11);
	assert_int_equal(e.reads, 1);
	assert_int_equal(f.reads, 1);
	assert_int_equal(e.size, 1);
	assert_true(iobus_write(&b, 0xff, 2, 0xabcd));
	assert_int_equal(e.value, 0xab);
	assert_int_equal(e.offset, 0);
	assert_int_equal(e.writes, 1);
}

static void nobody_is_all_ones(void **state)
{
	struct iobus b = {0};
	struct echo e = {0};
	uint64_t v;

	(void)state;
	assert_false(iobus_read(&b, 0, 8, &v));
	assert_true(v == UINT64_MAX);
	iobus_add(&b, 0x100, 2, &echo_ops, &e);
	assert_false(iobus_read(&b, 0xfc, 4, &v));
	assert_true(v == UINT32_MAX);
	assert_false(iobus_read(&b, 0x102, 1, &v));
	assert_int_equal(v, 0xff);
	assert_false(iobus_write(&b, UINT64_MAX, 8, 0)); /* wraps */
	assert_false(iobus_read(&b, UINT64_MAX, 1, &v));
	assert_int_equal(e.reads + e.writes, 0);
}

/* Where nothing answered is known the next time, as long as nothing is there. */
static void gaps_are_remembered(void **state)
{
	struct iobus b = {0};
	struct echo e = {0}, f = {0};
	uint64_t v;

	(void)state;
	iobus_add(&b, 0x100, 0x10, &echo_ops, &e);
	iobus_add(&b, 0x200, 0x10, &echo_ops, &e);
	for (unsigned i = 0; i < 2; i++) {
		assert_false(iobus_read(&b, 0x180, 4, &v)); /* between the two */
		assert_false(iobus_read(&b, 0x110, 1, &v));
		assert_false(iobus_read(&b, 0x1fc, 4, &v));
		assert_true(iobus_read(&b, 0x1fd, 4, &v)); /* its last byte is not in the gap */
		assert_true(iobus_read(&b, 0x10f, 1, &v));
		assert_true(iobus_read(&b, 0x200, 1, &v));
		assert_false(iobus_read(&b, 0xfc, 4, &v)); /* below all */
		assert_false(iobus_read(&b, 0, 1, &v));
		assert_true(iobus_read(&b, 0xfd, 4, &v));
		assert_false(iobus_read(&b, 0x210, 8, &v)); /* above all */
		assert_false(iobus_read(&b, UINT64_MAX, 8, &v));
		assert_true(iobus_read(&b, 0x20f, 8, &v));
	}
	assert_false(iobus_read(&b, 0x180, 4, &v));
	iobus_add(&b, 0x182, 1, &echo_ops, &f);
	assert_true(iobus_read(&b, 0x180, 4, &v));
	assert_int_equal(f.reads, 1);
	assert_false(iobus_read(&b, 0x180, 2, &v));
	iobus_remove(&b, 0x182);
	assert_false(iobus_read(&b, 0x180, 4, &v));
	iobus_remove(&b, 0x200);
	assert_false(iobus_read(&b, 0x200, 4, &v));
	assert_int_equal(f.reads, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_bad_ranges), cmocka_unit_test(fills_up),
		cmocka_unit_test(cuts_to_size),       cmocka_unit_test(splits_at_ends),
		cmocka_unit_test(nobody_is_all_ones), cmocka_unit_test(gaps_are_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
