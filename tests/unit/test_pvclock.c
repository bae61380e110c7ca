/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sources: kernel/dev/pvclock.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/dev/pvclock.h"
#include "kernel/errno.h"

static uint8_t ram[4096];
static unsigned writes;
static uint32_t version_during;

int vm_read(struct vm *vm, gpa_t gpa, void *buf, uint64_t size)
{
	(void)vm;
	if (gpa > sizeof(ram) || size > sizeof(ram) - gpa)
		return -EFAULT;
	memcpy(buf, ram + gpa, size);
	return 0;
}

int vm_write(struct vm *vm, gpa_t gpa, const void *buf, uint64_t size)
{
	(void)vm;
	if (gpa > sizeof(ram) || size > sizeof(ram) - gpa)
		return -EFAULT;
	if (++writes == 2) /* the body: what a reader would find now */
		memcpy(&version_during, ram + (gpa - 4), 4);
	memcpy(ram + gpa, buf, size);
	return 0;
}

/* As a guest computes it. */
static uint64_t guest_time(const uint8_t *page, uint64_t tsc)
{
	uint64_t stamp, base;
	uint32_t mul;
	int8_t shift = (int8_t)page[28];

	memcpy(&stamp, page + 8, 8);
	memcpy(&base, page + 16, 8);
	memcpy(&mul, page + 24, 4);
	uint64_t d = tsc - stamp;
	d = shift >= 0 ? d << shift : d >> -shift;
	return base + (uint64_t)(((unsigned __int128)d * mul) >> 32);
}

static void scale_is_exact(void **state)
{
	const uint64_t rates[] = {1000000,    49999000,   999999999,  1000000000,   1000000001,
				  2000000000, 2000000001, 2594517000, 5800000000ull};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rates); i++) {
		assert_int_equal(pvclock_write(NULL, 64, rates[i], 1000, 5), 0);
		/* After a day the error is below a microsecond for each second. */
		uint64_t day = guest_time(ram + 64, 1000 + rates[i] * 86400) - 5;
		uint64_t want = 86400ull * 1000000000;
		uint64_t diff = day > want ? day - want : want - day;
		assert_true(diff < 86400 * 10);
		assert_int_equal(guest_time(ram + 64, 1000), 5);
		assert_int_equal(ram[64 + 29], 1); /* stable */
	}
}

static void readers_see_the_change(void **state)
{
	uint32_t before = 7, after;

	(void)state;
	memcpy(ram + 128, &before, 4);
	writes = 0;
	assert_int_equal(pvclock_write(NULL, 128, 1000000000, 0, 0), 0);
	memcpy(&after, ram + 128, 4);
	assert_int_equal(version_during & 1, 1);
	assert_int_not_equal(version_during, before);
	assert_int_equal(after & 1, 0);
	assert_int_not_equal(after, before);
	before = after;
	assert_int_equal(pvclock_write(NULL, 128, 1000000000, 0, 0), 0);
	memcpy(&after, ram + 128, 4);
	assert_int_equal(after, before + 2);
}

static void bad_addresses(void **state)
{
	(void)state;
	assert_int_equal(pvclock_write(NULL, 2, 1000000000, 0, 0), -EINVAL);
	assert_int_equal(pvclock_write(NULL, sizeof(ram), 1000000000, 0, 0), -EFAULT);
	assert_int_equal(pvclock_write(NULL, sizeof(ram) - 8, 1000000000, 0, 0), -EFAULT);
	assert_int_equal(pvclock_write_wall(NULL, UINT64_MAX - 3, 0), -EFAULT);
}

static void wall_clock(void **state)
{
	uint32_t w[3];

	(void)state;
	assert_int_equal(pvclock_write_wall(NULL, 256, 1795492644), 0);
	memcpy(w, ram + 256, sizeof(w));
	assert_int_equal(w[0] & 1, 0);
	assert_int_equal(w[1], 1795492644);
	assert_int_equal(w[2], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scale_is_exact),
		cmocka_unit_test(readers_see_the_change),
		cmocka_unit_test(bad_addresses),
		cmocka_unit_test(wall_clock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
