/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log ring: every line once, in order, whatever was overwritten or damaged. */
/* sources: kernel/dmesg.c kernel/print.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/dmesg.h"

static struct dmesg d;
static char line[DMESG_LINE];

static int setup(void **state)
{
	(void)state;
	memset(&d, 0, sizeof(d));
	return 0;
}

static void test_lines(void **state)
{
	uint64_t at = 0;

	(void)state;
	assert_false(dmesg_read(&log_ring, &at, line));
	assert_false(dmesg_read(&d, &at, line));
	dmesg_add(&d, 0, "first");
	dmesg_add(&d, 61000002345, "second\nwith a newline\xff");
	assert_true(dmesg_read(&d, &at, line));
	assert_string_equal(line, "    0.000000 first");
	assert_true(dmesg_read(&d, &at, line));
	assert_string_equal(line, "   61.000002 second with a newline?");
	assert_false(dmesg_read(&d, &at, line));
	assert_int_equal(at, d.head);
	/* The cursor goes on where it was; one of another ring is no harm. */
	dmesg_add(&d, 1, "");
	assert_true(dmesg_read(&d, &at, line));
	assert_string_equal(line, "    0.000000 ");
	at = UINT64_MAX;
	assert_false(dmesg_read(&d, &at, line));
	assert_int_equal(at, d.head);
}

static void test_overwritten(void **state)
{
	uint64_t at = 0, n = 0, last = 0;
	char text[32];

	(void)state;
	for (unsigned i = 1; i <= 10000; i++) {
		snprintf(text, sizeof(text), "line %u", i);
		dmesg_add(&d, i * 1000, text);
	}
	while (dmesg_read(&d, &at, line)) {
		uint64_t i = strtoull(line + strlen("    0.000000 line "), NULL, 10);

		assert_true(n == 0 ? i > 8000 : i == last + 1);
		last = i;
		n++;
	}
	assert_int_equal(last, 10000);
	assert_true(n > 1200);
}

static void test_long(void **state)
{
	char text[600];
	uint64_t at = 0;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	dmesg_add(&d, 0, text);
	dmesg_add(&d, 0, "next");
	assert_true(dmesg_read(&d, &at, line));
	assert_int_equal(strlen(line), DMESG_LINE - 2);
	assert_true(dmesg_read(&d, &at, line));
	assert_string_equal(line, "    0.000000 next");
}

/* A copy that a reset has damaged: any bytes, any head. */
static void test_damaged(void **state)
{
	(void)state;
	srand(1);
	for (unsigned round = 0; round < 200; round++) {
		uint64_t at = 0, n = 0;

		for (unsigned i = 0; i < sizeof(d.text); i++)
			d.text[i] = (char)rand();
		d.head = round == 0 ? UINT64_MAX : (uint64_t)rand() << (round % 40);
		while (dmesg_read(&d, &at, line)) {
			for (const char *c = line; *c; c++)
				assert_in_range(*c, ' ', '~');
			assert_true(n++ < sizeof(d.text));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_lines, setup),
		cmocka_unit_test_setup(test_overwritten, setup),
		cmocka_unit_test_setup(test_long, setup),
		cmocka_unit_test_setup(test_damaged, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
