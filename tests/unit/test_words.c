/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of text, the nearest right word, numbers. */
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

/* The pieces of a text, each in brackets. */
static void cuts(const char *text, char at, const char *want)
{
	struct span rest = words_span(text);
	char got[64] = "";

	do {
		struct span part = words_cut(&rest, at);

		snprintf(got + strlen(got), sizeof(got) - strlen(got), "[%.*s]", (int)part.len,
			 part.s);
	} while (rest.len);
	assert_string_equal(got, want);
}

static void test_cut(void **state)
{
	(void)state;
	cuts("", ' ', "[]");
	cuts("   ", ' ', "[]");
	cuts("one", ' ', "[one]");
	cuts("  one two\t three \r", ' ', "[one][two][three]");
	cuts(" a b, c ,,d\t", ',', "[a b][c][][d]");
	cuts("a,", ',', "[a]");
	cuts(",a", ',', "[][a]");
	cuts(" key = a = b ", '=', "[key][a][b]");
	cuts("two\r\n\tlines\r\n", '\n', "[two][lines]");
	assert_true(words_is((struct span){"start up", 5}, "start"));
	assert_false(words_is(words_span("start"), "star"));
	assert_false(words_is(words_span("star"), "start"));
	assert_true(words_is(words_span(""), ""));
}

static void nearest(const char *word, int found, const char *want)
{
	static const char *const list[] = {"list", "info", "start", "stats", "suspend", "resume"};
	struct words_search search = {.word = words_span(word), .least = WORDS_UNLIKE};
	int i = 0;

	while (i < (int)ARRAY_SIZE(list) && !words_offer(&search, words_span(list[i])))
		i++;
	assert_int_equal(i < (int)ARRAY_SIZE(list) ? i : -1, found);
	if (want)
		assert_true(words_is(search.nearest, want));
	else if (found < 0)
		assert_int_equal(search.nearest.len, 0);
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
	assert_int_equal(words_unlike(words_span("abc"), words_span("abc")), 0);
	assert_int_equal(words_unlike(words_span(""), words_span("")), 0);
	assert_int_equal(words_unlike(words_span("abcd"), words_span("acbd")), 2);
	assert_int_equal(words_unlike(words_span("mem"), words_span("memory")), 3);
	assert_int_equal(words_unlike(words_span("aa"), words_span("a")), 1);
	assert_int_equal(words_unlike(words_span("a"), words_span("b")), WORDS_UNLIKE);
	assert_int_equal(words_unlike(words_span(""), words_span("b")), WORDS_UNLIKE);
}

/* In a block of exactly its length: nothing behind it is read. */
static bool number(const char *text, unsigned base, uint64_t *n)
{
	size_t len = strlen(text);
	char *copy = memcpy(malloc(len ? len : 1), text, len);
	bool is = words_number((struct span){copy, (unsigned)len}, base, n);

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
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_unlike),
		cmocka_unit_test(test_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
