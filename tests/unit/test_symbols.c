/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Symbol lookup in a table made by hand. */
/* sources: kernel/symbols.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/symbols.h"

const struct symbol symbol_table[] = {{0, 0}, {0x10, 6}, {0x40, 11}};
const uint32_t symbol_count = 3;
const char symbol_names[] = "entry\0main\0last";

static void finds(uint64_t at, const char *name, uint64_t offset)
{
	uint64_t got = UINT64_MAX;

	assert_string_equal(symbols_find(at, &got), name);
	assert_int_equal(got, offset);
}

static void test_lookup(void **state)
{
	(void)state;
	finds(0, "entry", 0);
	finds(0xf, "entry", 0xf);
	finds(0x10, "main", 0);
	finds(0x3f, "main", 0x2f);
	finds(0x40, "last", 0);
	finds(0x12345678, "last", 0x12345638);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_lookup)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
