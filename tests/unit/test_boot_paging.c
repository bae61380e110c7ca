/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loader's page tables, walked as the CPU does, with large and small pages. */
/* sources: boot/paging.c arch/x86/pt.c arch/x86/pt_host.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "arch/x86/pt.h"
#include "boot/paging.h"
#include "kernel/errno.h"
#include "kernel/string.h"

#define PAGES 64u
#define NONE  UINT64_MAX
#define ADDR  0x000ffffffffff000ull
#define LINK  0xffffffff80000000ull
/* DIRECT_MAP_BASE, kernel/mem.h */
#define DIRECT 0xffff800000000000ull

static struct {
	void *page[PAGES];
	unsigned used, limit;
} pool;

hpa_t pt_page_alloc(void)
{
	if (pool.used == pool.limit)
		return 0;
	pool.page[pool.used] = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	memset(pool.page[pool.used], 0, PAGE_SIZE);
	return (uintptr_t)pool.page[pool.used++];
}

void pt_page_free(hpa_t page)
{
	(void)page;
}

uint64_t *pt_page_map(hpa_t page)
{
	return (uint64_t *)(uintptr_t)page;
}

static int setup(void **state)
{
	(void)state;
	pool.limit = PAGES;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	while (pool.used)
		free(pool.page[--pool.used]);
	return 0;
}

/* What the CPU makes of virt, with levels of tables from root; NONE: not mapped. */
static uint64_t walk(uint64_t root, unsigned levels, uint64_t virt)
{
	uint64_t table = root;

	for (unsigned shift = 3 + 9 * levels;; shift -= 9) {
		uint64_t e = ((const uint64_t *)(uintptr_t)table)[virt >> shift & 511];

		if (!(e & 1))
			return NONE;
		assert_true(e & 2);                             /* writable */
		assert_int_equal(e & 0xf000000000000018ull, 0); /* WB, executable */
		if (e & 0x80) {
			assert_true(shift == 30 || shift == 21);
			assert_int_equal(e & ADDR & (BIT(shift) - 1), 0);
			return (e & ADDR) + (virt & (BIT(shift) - 1));
		}
		assert_true(shift > 21);
		table = e & ADDR;
	}
}

static struct handoff_mem mem[] = {
	{0x1000, 0x9f000, HANDOFF_MEM_FREE, 1},
	{GIB(4), GIB(2) + MIB(1), HANDOFF_MEM_FREE, 1},
	{GIB(9) - PAGE_SIZE, 2 * PAGE_SIZE, HANDOFF_MEM_ACPI, 1},
	{GIB(600), PAGE_SIZE, HANDOFF_MEM_LOADER, 1},
	{GIB(700), GIB(200), HANDOFF_MEM_RESERVED, 0},
	{GIB(1000), GIB(24), HANDOFF_MEM_RESERVED, 0},
	{BIT(47) - PAGE_SIZE, GIB(8), HANDOFF_MEM_FREE, 1},
};
static const struct memmap map = {.mem = mem, .count = ARRAY_SIZE(mem)};

static void check_map(bool gib_pages)
{
	struct paging p = {.gib_pages = gib_pages};
	const uint64_t mapped[] = {
		0,          0xfee00000, GIB(4) - 1, GIB(4),     GIB(6) + MIB(1) - 1,
		GIB(9) - 1, GIB(9),     GIB(600),   BIT(47) - 1};
	const uint64_t unmapped[] = {GIB(7), GIB(8) - 1, GIB(10), GIB(601), GIB(700), GIB(1000)};

	assert_int_equal(paging_build(&p, &map, MIB(514), LINK, MIB(3)), 0);
	for (unsigned levels = 4; levels <= 5; levels++) {
		uint64_t root = levels == 4 ? p.pml4 : p.pml5;

		for (unsigned i = 0; i < ARRAY_SIZE(mapped); i++) {
			assert_int_equal(walk(root, levels, mapped[i]), mapped[i]);
			assert_int_equal(walk(root, levels, DIRECT + mapped[i]),
					 mapped[i] < BIT(46) ? mapped[i] : NONE);
		}
		for (unsigned i = 0; i < ARRAY_SIZE(unmapped); i++) {
			assert_int_equal(walk(root, levels, unmapped[i]), NONE);
			assert_int_equal(walk(root, levels, DIRECT + unmapped[i]), NONE);
		}
		assert_int_equal(walk(root, levels, LINK), MIB(514));
		assert_int_equal(walk(root, levels, LINK + MIB(4) - 1), MIB(518) - 1);
		assert_int_equal(walk(root, levels, LINK + MIB(4)), NONE);
		assert_int_equal(walk(root, levels, LINK - 1), NONE);
	}
}

static void large_pages(void **state)
{
	(void)state;
	check_map(true);
	/* 2 roots; 1:1: one table for each 512 GiB touched; the image: 2. */
	assert_int_equal(pool.used, 2 + 3 + 2);
}

static void small_pages(void **state)
{
	(void)state;
	check_map(false);
	assert_int_equal(pool.used, 2 + 3 + 2 + 4 + 3 + 2 + 1 + 1);
}

static void running_out_of_pages_is_said(void **state)
{
	(void)state;
	for (unsigned gib = 0; gib < 2; gib++) {
		unsigned need;

		pool.limit = PAGES;
		check_map(gib);
		need = pool.used;
		teardown(NULL);
		for (pool.limit = 0; pool.limit < need; pool.limit++) {
			struct paging p = {.gib_pages = gib};

			assert_int_equal(paging_build(&p, &map, MIB(514), LINK, MIB(3)), -ENOMEM);
			teardown(NULL);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(large_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(small_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(running_out_of_pages_is_said, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
