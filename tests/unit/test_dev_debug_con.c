/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The port that emulators of PCs print by. */
/* sources: kernel/dev/debug_con.c kernel/dev/iobus.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/dev/debug_con.h"

static char text[8];
static unsigned length;

static struct vm vm;

void vm_console_write(struct vm *v, const char *p, unsigned n)
{
	assert_ptr_equal(v, &vm);
	assert_int_equal(n, 1);
	text[length++ % sizeof(text)] = *p;
}

static void test_bytes(void **state)
{
	struct iobus bus = {0};
	uint64_t v;

	(void)state;
	assert_int_equal(debug_con_attach(&bus, &vm), 0);
	assert_true(iobus_read(&bus, DEBUG_CON_PORT, 1, &v));
	assert_int_equal(v, 0xe9);
	assert_true(iobus_write(&bus, DEBUG_CON_PORT, 1, 'o'));
	assert_true(iobus_write(&bus, DEBUG_CON_PORT, 1, 'k'));
	assert_int_equal(length, 2);
	assert_memory_equal(text, "ok", 2);
	assert_false(iobus_write(&bus, DEBUG_CON_PORT + 1, 1, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_bytes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
