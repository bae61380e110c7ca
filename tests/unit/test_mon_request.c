/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests: one flat JSON object a line, or a sentence that says what is wrong. */
/* sources: kernel/mon/request.c kernel/words.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/mon/request.h"

static struct request q;

static void good(const char *text, uint64_t id, const char *command)
{
	assert_null(request_parse(&q, text));
	assert_int_equal(q.id, id);
	assert_string_equal(q.command, command);
}

static void bad(const char *text, uint64_t id, const char *why)
{
	/* No byte behind it is looked at: what is on the heap is guarded. */
	char *copy = strdup(text);
	const char *got = request_parse(&q, copy);

	free(copy);
	assert_non_null(got);
	assert_non_null(strstr(got, why));
	assert_int_equal(q.id, id);
}

static void test_good(void **state)
{
	(void)state;
	good("{\"id\":7,\"command\":\"stats demo\"}", 7, "stats demo");
	good(" { \"command\" : \"list\" }\r", 0, "list");
	good("{\"x\":-1.5E+3,\"y\":\"\\u00e4\\\"\",\"z\":null,\"command\":\"a\\u0041\\tb\\/"
	     "\",\"id\":18446744073709551609}",
	     UINT64_MAX - 6, "aA b/");
	good("{\"command\":\"list\",\"a key that is long indeed, idcommand\":true}", 0, "list");
	good("{\"command\":\"a\",\"command\":\"b\"}", 0, "b");
}

static void test_bad(void **state)
{
	char text[400];

	(void)state;
	bad("", 0, "one JSON object");
	bad("list", 0, "one JSON object");
	bad("{", 0, "one JSON object");
	bad("{}", 0, "no \"command\"");
	bad("{\"id\":3}", 3, "no \"command\"");
	bad("{\"id\":3", 3, "one JSON object");
	bad("{\"id\":-3,\"command\":\"x\"}", 0, "unsigned integer");
	bad("{\"id\":\"3\",\"command\":\"x\"}", 0, "unsigned integer");
	bad("{\"id\":99999999999999999999,\"command\":\"x\"}", 0, "unsigned integer");
	bad("{\"command\":7}", 0, "a string");
	bad("{\"command\":\"list\"}x", 0, "one JSON object");
	bad("{\"command\":\"list\"},", 0, "one JSON object");
	bad("{\"command\":\"list\",}", 0, "one JSON object");
	bad("{\"command\":\"list}", 0, "one JSON object");
	bad("{\"command\":\"list\\", 0, "one JSON object");
	bad("{\"command\":\"\\x\"}", 0, "one JSON object");
	bad("{\"command\":\"\\u12\"}", 0, "one JSON object");
	bad("{\"command\":\"a\tb\"}", 0, "one JSON object");
	bad("{\"command\":[]}", 0, "one JSON object");
	bad("{\"command\":}", 0, "one JSON object");
	bad("{\"command\" \"x\"}", 0, "one JSON object");
	bad("{command:1", 0, "one JSON object");
	bad("{\"a\":1", 0, "one JSON object");
	memset(text, 'x', sizeof(text));
	memcpy(text, "{\"command\":\"", 12);
	strcpy(text + 200, "\"}");
	bad(text, 0, "at most 120 bytes");
	strcpy(text + 12 + LINE_SIZE - 1, "\"}");
	assert_null(request_parse(&q, text));
	assert_int_equal(strlen(q.command), LINE_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
