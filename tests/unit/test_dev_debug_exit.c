/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The port by which test suites end. */
/* sources: kernel/dev/debug_exit.c kernel/dev/iobus.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/dev/debug_exit.h"

static struct vm vm;
static unsigned ended;

void debug_exit(struct vm *v, unsigned status)
{
	assert_ptr_equal(v, &vm);
	ended = status;
}

static void test_status(void **state)
{
	struct iobus bus = {0};
	uint64_t v = 1;

	(void)state;
	assert_int_equal(debug_exit_attach(&bus, &vm), 0);
	assert_true(iobus_read(&bus, DEBUG_EXIT_PORT, 4, &v));
	assert_int_equal(v, UINT32_MAX);
	assert_int_equal(ended, 0);
	assert_true(iobus_write(&bus, DEBUG_EXIT_PORT, 4, 0));
	assert_int_equal(ended, 1);
	assert_true(iobus_write(&bus, DEBUG_EXIT_PORT, 1, 16));
	assert_int_equal(ended, 33);
	assert_true(iobus_write(&bus, DEBUG_EXIT_PORT, 4, 0xffffffff));
	assert_int_equal(ended, 0xffffffff);
	assert_false(iobus_write(&bus, DEBUG_EXIT_PORT - 1, 1, 0));
	assert_false(iobus_write(&bus, DEBUG_EXIT_PORT + 4, 1, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_status)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
