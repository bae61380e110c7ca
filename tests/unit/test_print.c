/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formatted printing against libc's snprintf, and what libc leaves open. */
/* sources: kernel/print.c */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/print.h"

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat"

/* volatile: unchecked by the compiler; flags that C11 ignores (%-05d, %+x) are tested as well. */
static int (*volatile ours)(char *, size_t, const char *, ...) = ksnprintf;
static int (*volatile theirs)(char *, size_t, const char *, ...) = snprintf;

#define SAME(size, ...)                                                                            \
	do {                                                                                       \
		char got[128], want[128];                                                          \
		memset(got, 'x', sizeof(got));                                                     \
		memset(want, 'x', sizeof(want));                                                   \
		int g = ours(got, size, __VA_ARGS__), w = theirs(want, size, __VA_ARGS__);         \
		assert_int_equal(g, w);                                                            \
		if ((size) > 0)                                                                    \
			assert_string_equal(got, want);                                            \
		assert_int_equal(got[size], 'x'); /* nothing behind the buffer */                  \
	} while (0)

static void numbers(const char *spec)
{
	static const char *const length[] = {"", "l", "ll"};
	static const uint64_t value[] = {
		0,        1,          42,        127,        128,        255,
		256,      32768,      65535,     65536,      INT_MAX,    0x80000000u,
		UINT_MAX, 1ull << 32, INT64_MAX, 1ull << 63, UINT64_MAX, 0xfffffffffffffff6ull};

	for (unsigned l = 0; l < sizeof(length) / sizeof(*length); l++) {
		for (const char *c = "dux"; *c; c++) {
			char fmt[40];

			snprintf(fmt, sizeof(fmt), "<%s%s%c>", spec, length[l], *c);
			for (unsigned v = 0; v < sizeof(value) / sizeof(*value); v++)
				SAME(100, fmt, value[v]);
		}
	}
}

static void test_integers(void **state)
{
	static const char *const width[] = {"", "1", "5", "25"};
	char spec[32];

	(void)state;
	for (unsigned flags = 0; flags < 8; flags++)
		for (unsigned w = 0; w < 4; w++) {
			snprintf(spec, sizeof(spec), "%%%s%s%s%s", flags & 1 ? "-" : "",
				 flags & 2 ? "0" : "", flags & 4 ? "#" : "", width[w]);
			numbers(spec);
		}
}

static void test_text(void **state)
{
	const char open_ended[3] = {'a', 'b', 'c'}; /* not terminated */

	(void)state;
	SAME(100, "plain");
	SAME(100, "%s|%10s|%-10s|%.*s|%10.*s|%-10.*s|%.*s", "abc", "abc", "abc", 2, "abc", 2, "abc",
	     2, "abc", 0, "abc");
	SAME(100, "%.*s", 2, open_ended);
	SAME(100, "%c%c|%5c|%-5c|", 'a', 0xe4, 'b', 'c');
	SAME(100, "100%%|");
	SAME(100, "%s", (char *)NULL);
	SAME(100, "%c", 0); /* a NUL counts */
}

static void test_bounds(void **state)
{
	char b[4] = "zzz";

	(void)state;
	for (unsigned size = 0; size < 30; size++) {
		SAME(size, "%s and %d", "a longer text", -12345);
		SAME(size, "%015x", 0xabcdefu);
	}
	assert_int_equal(ksnprintf(NULL, 0, "%d", 12345), 5);
	assert_int_equal(ksnprintf(b, 1, "abc"), 3);
	assert_memory_equal(b, "\0zz", 4);
}

static void test_not_ours(void **state)
{
	char b[64];

	(void)state;
	/* A mistaken format is shown as it stands; nothing is read from the arguments. */
	assert_int_equal(ours(b, sizeof(b), "a%yb %5f%"), 9);
	assert_string_equal(b, "a%yb %5f%");
	/* Nor does a width make a text endless. */
	assert_int_equal(ours(b, sizeof(b), "%99999999999d", 1), 999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_not_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
