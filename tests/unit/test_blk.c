/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block requests: ranges, scatter lists, read-only disks, and the disk in memory. */
/* sources: kernel/blk/blk.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/blk/blk.h"
#include "kernel/errno.h"
#include "tests/unit/fake_ram.h"

#define SECTORS 64u

static uint8_t *image; /* exactly as large as the disk: the sanitizer watches its ends */
static struct blk disk;

static int setup(void **state)
{
	(void)state;
	image = test_malloc(SECTORS * BLK_SECTOR);
	for (unsigned i = 0; i < SECTORS * BLK_SECTOR; i++)
		image[i] = (uint8_t)(i / BLK_SECTOR + i);
	memset(ram, 0xee, sizeof(ram));
	return blk_mem_init(&disk, image, SECTORS * BLK_SECTOR, false);
}

static int teardown(void **state)
{
	(void)state;
	test_free(image);
	return 0;
}

static int run(enum blk_op op, uint64_t sector, const struct blk_segment *s, unsigned n)
{
	struct blk_request r = {.op = op, .sector = sector, .segments = s, .segment_count = n};

	return blk_run(&disk, NULL, &r);
}

static int run1(enum blk_op op, uint64_t sector, gpa_t gpa, uint64_t len)
{
	struct blk_segment s = {gpa, len};

	return run(op, sector, &s, 1);
}

static void test_init(void **state)
{
	struct blk b;

	(void)state;
	assert_int_equal(blk_mem_init(&b, image, 0, false), -EINVAL);
	assert_int_equal(blk_mem_init(&b, image, 511, false), -EINVAL);
	assert_int_equal(blk_mem_init(&b, image, 1535, true), 0);
	assert_int_equal(b.sectors, 2);
	assert_true(b.readonly);
}

static void test_scatter(void **state)
{
	const struct blk_segment s[] = {
		{RAM_END - 1024, 1024}, {RAM_BASE, 512}, {RAM_BASE + 8192, 2048}};

	(void)state;
	assert_int_equal(run(BLK_READ, 3, s, 3), 0);
	assert_memory_equal(ram_at(RAM_END - 1024), image + 3 * 512, 1024);
	assert_memory_equal(ram_at(RAM_BASE), image + 5 * 512, 512);
	assert_memory_equal(ram_at(RAM_BASE + 8192), image + 6 * 512, 2048);
	assert_int_equal(*(uint8_t *)ram_at(RAM_BASE + 512), 0xee);
	assert_int_equal(*(uint8_t *)ram_at(RAM_BASE + 8191), 0xee);

	memset(ram, 0x11, 512);
	memset(ram_at(RAM_BASE + 8192), 0x22, 2048);
	memset(ram_at(RAM_END - 1024), 0x33, 1024);
	assert_int_equal(run(BLK_WRITE, SECTORS - 7, s, 3), 0);
	assert_int_equal(image[(SECTORS - 7) * 512 - 1], (uint8_t)(SECTORS - 8 + 511));
	assert_int_equal(image[(SECTORS - 7) * 512], 0x33);
	assert_int_equal(image[(SECTORS - 5) * 512], 0x11);
	assert_int_equal(image[(SECTORS - 4) * 512], 0x22);
	assert_int_equal(image[SECTORS * 512 - 1], 0x22);
}

static void test_range(void **state)
{
	const struct blk_segment huge[] = {{RAM_BASE, 512}, {RAM_BASE, UINT64_MAX - 511}};
	const struct blk_segment two[] = {{RAM_BASE, 512}, {RAM_BASE, 512}};

	(void)state;
	assert_int_equal(run1(BLK_READ, 0, RAM_BASE, SECTORS * 512), 0);
	assert_int_equal(run1(BLK_READ, 0, RAM_BASE, SECTORS * 512 + 512), -EINVAL);
	assert_int_equal(run1(BLK_READ, SECTORS - 1, RAM_BASE, 512), 0);
	assert_int_equal(run1(BLK_READ, SECTORS, RAM_BASE, 512), -EINVAL);
	assert_int_equal(run1(BLK_READ, SECTORS - 1, RAM_BASE, 1024), -EINVAL);
	assert_int_equal(run(BLK_WRITE, SECTORS - 1, two, 2), -EINVAL);
	assert_int_equal(run1(BLK_READ, UINT64_MAX, RAM_BASE, 512), -EINVAL);
	assert_int_equal(run1(BLK_READ, UINT64_MAX / 512 + 1, RAM_BASE, 512), -EINVAL);
	assert_int_equal(run1(BLK_READ, 0, RAM_BASE, 0), -EINVAL);
	assert_int_equal(run1(BLK_READ, 0, RAM_BASE, 511), -EINVAL);
	assert_int_equal(run1(BLK_READ, 0, RAM_BASE, 1ull << 32 | 512), -EINVAL);
	assert_int_equal(run(BLK_READ, 0, huge, 2), -EINVAL); /* their sum is 0 */
	assert_int_equal(run(BLK_READ, 0, NULL, 0), -EINVAL);
	assert_int_equal(run1((enum blk_op)7, 0, RAM_BASE, 512), -EINVAL);
}

static void test_memory(void **state)
{
	(void)state;
	assert_int_equal(run1(BLK_READ, 0, RAM_END - 511, 512), -EFAULT);
	assert_int_equal(run1(BLK_WRITE, 0, RAM_END - 511, 512), -EFAULT);
	assert_int_equal(run1(BLK_READ, 0, 0, 512), -EFAULT);
	assert_int_equal(run1(BLK_WRITE, 0, UINT64_MAX - 255, 512), -EFAULT);
}

static void test_readonly(void **state)
{
	(void)state;
	disk.readonly = true;
	assert_int_equal(run1(BLK_WRITE, 0, RAM_BASE, 512), -EROFS);
	assert_int_equal(run1(BLK_READ, 0, RAM_BASE, 512), 0);
	assert_int_equal(image[1], 1);
}

static void test_flush(void **state)
{
	(void)state;
	assert_int_equal(run(BLK_FLUSH, 0, NULL, 0), 0);
	assert_int_equal(run(BLK_FLUSH, 1, NULL, 0), -EINVAL);
	assert_int_equal(run1(BLK_FLUSH, 0, RAM_BASE, 512), -EINVAL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_init),   T(test_scatter),  T(test_range),
		T(test_memory), T(test_readonly), T(test_flush),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
