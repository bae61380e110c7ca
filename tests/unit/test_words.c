/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nearest right word. */
/* sources: kernel/words.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/words.h"

static const char *list(unsigned i)
{
	static const char *const words[] = {"list", "info", "start", "stats", "suspend", "resume"};

	return i < ARRAY_SIZE(words) ? words[i] : NULL;
}

static void nearest(const char *word, int found, const char *want)
{
	const char *near = "";

	assert_int_equal(words_find(list, word, &near), found);
	if (want)
		assert_string_equal(near, want);
	else if (found < 0)
		assert_null(near);
}

static void test_find(void **state)
{
	(void)state;
	nearest("list", 0, NULL);
	nearest("resume", 5, NULL);
	nearest("lsit", -1, "list");
	nearest("ifno", -1, "info");
	nearest("stat", -1, "start");
	nearest("statss", -1, "stats");
	nearest("susp", -1, "suspend");
	nearest("xyzzy", -1, NULL);
	nearest("", -1, NULL);
}

static void test_unlike(void **state)
{
	(void)state;
	assert_int_equal(words_unlike("abc", 3, "abc", 3), 0);
	assert_int_equal(words_unlike("", 0, "", 0), 0);
	assert_int_equal(words_unlike("abcd", 4, "acbd", 4), 2);
	assert_int_equal(words_unlike("mem", 3, "memory", 6), 3);
	assert_int_equal(words_unlike("aa", 2, "a", 1), 1);
	assert_int_equal(words_unlike("a", 1, "b", 1), WORDS_UNLIKE);
	assert_int_equal(words_unlike("", 0, "b", 1), WORDS_UNLIKE);
}

/* In a block of exactly its length: nothing behind it is read. */
static bool number(const char *text, unsigned base, uint64_t *n)
{
	size_t len = strlen(text);
	char *copy = memcpy(malloc(len ? len : 1), text, len);
	bool is = words_number(copy, len, base, n);

	free(copy);
	return is;
}

static void test_number(void **state)
{
	static const char *const bad[] = {"", "-1", "1x", " 1", "1 ", "1a", "0x1", "1/", "1:"};
	uint64_t n;

	(void)state;
	assert_true(number("0", 10, &n) && n == 0);
	assert_true(number("0099", 10, &n) && n == 99);
	assert_true(number("18446744073709551615", 10, &n) && n == UINT64_MAX);
	assert_false(number("18446744073709551616", 10, &n));
	assert_false(number("99999999999999999999", 10, &n));
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		n = 1;
		assert_false(number(bad[i], 10, &n));
		assert_int_equal(n, 0);
	}
	/* Every byte, as the second digit. */
	for (unsigned c = 1; c < 256; c++) {
		const char text[] = {'1', (char)c, '\0'};
		bool digit = strchr("0123456789abcdefABCDEF", (int)c);

		assert_int_equal(number(text, 16, &n), digit);
		assert_int_equal(n, digit ? strtoul(text, NULL, 16) : 0);
		digit = c >= '0' && c <= '9';
		assert_int_equal(number(text, 10, &n), digit);
	}
	assert_true(number("fFffFFff00000000", 16, &n) && n == UINT64_MAX << 32);
	assert_false(number("10000000000000000", 16, &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_unlike),
		cmocka_unit_test(test_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
