/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report writer: the same calls as text and as JSON. */
/* sources: kernel/mon/report.c kernel/print.c kernel/words.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/mon/report.h"
#include "tests/unit/json_check.h"

static char seen[4096];
static struct report r;

static void out(void *ctx, const char *bytes, size_t n)
{
	assert_ptr_equal(ctx, &r);
	strncat(seen, bytes, n);
}

static void begin(bool json)
{
	seen[0] = '\0';
	r = (struct report){.out = out, .ctx = &r, .json = json};
}

static const char table[] = "vm_name:-8 count:6 note:-1";

static void test_table(void **state)
{
	(void)state;
	for (int json = 0; json < 2; json++) {
		begin(json);
		report_begin(&r, REPORT_TABLE, table);
		report_row(&r, "%s\t%u\t%s", "demo", 7, "a\tb");
		report_row(&r, "%s\t%llu\t%s", "a-long-name", 12345678ull, "");
		report_end(&r);
		assert_string_equal(
			seen, json ? "[{\"vm_name\":\"demo\",\"count\":7,\"note\":\"a\\u0009b\"},"
				     "{\"vm_name\":\"a-long-name\",\"count\":12345678,"
				     "\"note\":\"\"}]\n"
				   : "vm_name    count  note\n"
				     "demo           7  a\tb\n"
				     "a-long-name  12345678   \n");
	}
	assert_true(json_line(seen));
	begin(true);
	report_begin(&r, REPORT_TABLE, table);
	report_end(&r);
	assert_string_equal(seen, "[]\n");
}

static void test_record(void **state)
{
	(void)state;
	for (int json = 0; json < 2; json++) {
		begin(json);
		report_begin(&r, REPORT_RECORD, "name:-1 size_mib:1 lines entries next:1");
		report_row(&r, "%s\t%u", "x", 3);
		report_begin(&r, REPORT_LIST, "");
		report_row(&r, "one\t1");
		report_row(&r, "two");
		report_end(&r);
		report_begin(&r, REPORT_ARRAYS, "vm_name:-8 count:6");
		report_row(&r, "%s\t%u", "a", 1);
		report_row(&r, "%s\t%u", "b", 2);
		report_end(&r);
		report_row(&r, "%u", 9);
		report_end(&r);
		assert_string_equal(seen, json ? "{\"name\":\"x\",\"size_mib\":3,"
						 "\"lines\":[\"one\\u00091\",\"two\"],"
						 "\"entries\":[[\"a\",1],[\"b\",2]],\"next\":9}\n"
					       : "name            x\n"
						 "size_mib        3\n"
						 "\nlines:\none\t1\ntwo\n"
						 "\nentries:\nvm_name    count\n"
						 "a              1\n"
						 "b              2\n"
						 "next            9\n");
	}
	assert_true(json_line(seen));
}

static void test_strings(void **state)
{
	char all[256];

	(void)state;
	for (unsigned i = 0; i < 255; i++)
		all[i] = (char)(i + 1);
	all[255] = '\0';
	begin(true);
	report_quoted(&r, all);
	assert_true(strlen(seen) < 2000);
	strcat(seen, "\n");
	assert_true(json_line(seen));
	begin(true);
	report_quoted(&r, "a\"\\\n\xff");
	assert_string_equal(seen, "\"a\\\"\\\\\\u000a\\u00ff\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_record),
		cmocka_unit_test(test_strings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
