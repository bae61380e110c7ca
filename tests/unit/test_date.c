/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calendar time to days and seconds, against libc for 140 years, and what is no date. */
/* sources: kernel/date.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "kernel/date.h"

static void every_day_is_as_libc_says(void **state)
{
	(void)state;
	for (time_t t = 86399; t < 140ll * 366 * 86400; t += 86400) {
		struct tm tm;

		gmtime_r(&t, &tm);
		assert_int_equal(date_seconds((unsigned)tm.tm_year + 1900, (unsigned)tm.tm_mon + 1,
					      (unsigned)tm.tm_mday, 23, 59, 59),
				 t);
		assert_int_equal(date_days((unsigned)tm.tm_year + 1900, (unsigned)tm.tm_mon + 1,
					   (unsigned)tm.tm_mday),
				 t / 86400);
	}
}

/* As the clock of a PC may say it. */
static void days_beyond_their_month_go_on(void **state)
{
	(void)state;
	assert_int_equal(date_days(2023, 2, 31), date_days(2023, 3, 3));
	assert_int_equal(date_days(2024, 2, 31), date_days(2024, 3, 2));
	assert_int_equal(date_days(2024, 12, 99), date_days(2025, 1, 1) + 67);
}

static void no_date_is_zero(void **state)
{
	(void)state;
	assert_int_equal(date_seconds(1969, 12, 31, 0, 0, 0), 0);
	assert_int_equal(date_seconds(10000, 1, 1, 0, 0, 0), 0);
	assert_int_equal(date_seconds(2024, 0, 1, 0, 0, 0), 0);
	assert_int_equal(date_seconds(2024, 13, 1, 0, 0, 0), 0);
	assert_int_equal(date_seconds(2024, 1, 0, 0, 0, 0), 0);
	assert_int_equal(date_seconds(2024, 1, 32, 0, 0, 0), 0);
	assert_int_equal(date_seconds(2024, 1, 1, 24, 0, 0), 0);
	assert_int_equal(date_seconds(2024, 1, 1, 0, 60, 0), 0);
	assert_int_equal(date_seconds(2024, 1, 1, 0, 0, 60), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_is_as_libc_says),
		cmocka_unit_test(days_beyond_their_month_go_on),
		cmocka_unit_test(no_date_is_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
