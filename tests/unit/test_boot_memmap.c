/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's memory map: types, order, overlaps, hostile values, a full array. */
/* sources: boot/memmap.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "boot/memmap.h"
#include "kernel/errno.h"
#include "kernel/string.h"

#define WB   EFI_MEMORY_WB
#define MMIO 11 /* UEFI 2.10 table 7.10 */

static struct handoff_mem mem[64];
static struct memmap map;

static int setup(void **state)
{
	(void)state;
	memset(mem, 0xa5, sizeof(mem));
	map = (struct memmap){.mem = mem, .max = ARRAY_SIZE(mem)};
	return 0;
}

static void expect(uint32_t i, uint64_t base, uint64_t end, uint32_t type)
{
	assert_true(i < map.count);
	assert_int_equal(mem[i].base, base);
	assert_int_equal(mem[i].base + mem[i].size, end);
	assert_int_equal(mem[i].type, type);
}

static void expect_sane(void)
{
	for (uint32_t i = 0; i < map.count; i++) {
		assert_true(mem[i].size > 0);
		assert_true(is_aligned(mem[i].base | mem[i].size, PAGE_SIZE));
		if (i)
			assert_true(mem[i - 1].base + mem[i - 1].size <= mem[i].base);
	}
}

static void types_are_translated_and_sorted(void **state)
{
	/* 48 bytes apart, as firmware does so that nobody indexes an array. */
	struct {
		EFI_MEMORY_DESCRIPTOR d;
		uint64_t more;
	} efi[] = {
		{{EfiConventionalMemory, 0, 0x100000, 0, 0x100, WB}, 0},
		{{EfiBootServicesData, 0, 0x1000, 0, 0x9f, WB}, 0},
		{{EfiBootServicesCode, 0, 0x200000, 0, 1, WB}, 0},
		{{EfiLoaderCode, 0, 0x201000, 0, 1, WB}, 0},
		{{EfiLoaderData, 0, 0x202000, 0, 1, WB}, 0},
		{{EfiRuntimeServicesCode, 0, 0x203000, 0, 1, WB}, 0},
		{{EfiRuntimeServicesData, 0, 0x204000, 0, 1, WB}, 0},
		{{EfiACPIReclaimMemory, 0, 0x205000, 0, 1, WB}, 0},
		{{EfiACPIMemoryNVS, 0, 0x206000, 0, 1, WB}, 0},
		{{MMIO, 0, 0xfee00000, 0, 1, 1}, 0},
		{{EfiUnusableMemory, 0, 0x207000, 0, 1, WB}, 0},
		{{14 /* persistent */, 0, 0x208000, 0, 1, WB}, 0},
		{{0x80000001 /* an OEM's */, 0, 0x209000, 0, 1, WB}, 0},
		{{EfiConventionalMemory, 0, 0x20a000, 0, 1, 0}, 0},
		{{EfiConventionalMemory, 0, 0x20b000, 0, 1, WB}, 0},
	};

	(void)state;
	assert_int_equal(memmap_convert(&map, efi, sizeof(efi), sizeof(efi[0])), 0);
	expect_sane();
	assert_int_equal(map.count, 16);
	expect(0, 0, 0x1000, HANDOFF_MEM_RESERVED);
	expect(1, 0x1000, 0xa0000, HANDOFF_MEM_FREE);
	expect(2, 0x100000, 0x200000, HANDOFF_MEM_FREE);
	assert_int_equal(mem[2].flags, HANDOFF_MEM_WB);
	expect(3, 0x200000, 0x201000, HANDOFF_MEM_FREE);
	expect(4, 0x201000, 0x202000, HANDOFF_MEM_LOADER);
	expect(5, 0x202000, 0x203000, HANDOFF_MEM_LOADER);
	expect(6, 0x203000, 0x204000, HANDOFF_MEM_RESERVED);
	expect(7, 0x204000, 0x205000, HANDOFF_MEM_RESERVED);
	expect(8, 0x205000, 0x206000, HANDOFF_MEM_ACPI);
	expect(9, 0x206000, 0x207000, HANDOFF_MEM_ACPI);
	expect(10, 0x207000, 0x208000, HANDOFF_MEM_RESERVED);
	expect(11, 0x208000, 0x209000, HANDOFF_MEM_RESERVED);
	expect(12, 0x209000, 0x20a000, HANDOFF_MEM_RESERVED);
	expect(13, 0x20a000, 0x20b000, HANDOFF_MEM_FREE);
	assert_int_equal(mem[13].flags, 0);
	expect(14, 0x20b000, 0x20c000, HANDOFF_MEM_FREE);
	expect(15, 0xfee00000, 0xfee01000, HANDOFF_MEM_RESERVED);
	assert_int_equal(mem[15].flags, 0);
}

static void page_zero_is_reserved_even_when_firmware_calls_it_free(void **state)
{
	EFI_MEMORY_DESCRIPTOR efi = {EfiConventionalMemory, 0, 0, 0, 0xa0, WB};

	(void)state;
	assert_int_equal(memmap_convert(&map, &efi, sizeof(efi), sizeof(efi)), 0);
	assert_int_equal(map.count, 2);
	expect(0, 0, 0x1000, HANDOFF_MEM_RESERVED);
	expect(1, 0x1000, 0xa0000, HANDOFF_MEM_FREE);
}

static void the_more_careful_type_wins_an_overlap(void **state)
{
	EFI_MEMORY_DESCRIPTOR efi[] = {
		{EfiACPIMemoryNVS, 0, 0x104000, 0, 4, WB},
		{EfiLoaderData, 0, 0x10b000, 0, 1, WB},
		{EfiLoaderData, 0, 0x105000, 0, 1, WB},
		{EfiConventionalMemory, 0, 0x100000, 0, 16, WB},
		{EfiUnusableMemory, 0, 0x106000, 0, 4, WB},
	};

	(void)state;
	assert_int_equal(memmap_convert(&map, efi, sizeof(efi), sizeof(efi[0])), 0);
	expect_sane();
	assert_int_equal(map.count, 7);
	expect(1, 0x100000, 0x104000, HANDOFF_MEM_FREE);
	expect(2, 0x104000, 0x106000, HANDOFF_MEM_ACPI);
	expect(3, 0x106000, 0x10a000, HANDOFF_MEM_RESERVED);
	expect(4, 0x10a000, 0x10b000, HANDOFF_MEM_FREE);
	expect(5, 0x10b000, 0x10c000, HANDOFF_MEM_LOADER);
	expect(6, 0x10c000, 0x110000, HANDOFF_MEM_FREE);
}

static void hostile_descriptors_are_cut_or_dropped(void **state)
{
	EFI_MEMORY_DESCRIPTOR efi[] = {
		{EfiConventionalMemory, 0, 0x100000, 0, 0, WB},
		{EfiConventionalMemory, 0, UINT64_MAX - 0xfff, 0, 2, WB},
		{EfiConventionalMemory, 0, BIT(52), 0, 1, WB},
		{MMIO, 0, BIT(51), 0, UINT64_MAX, 0},
		{EfiConventionalMemory, 0, 0x200800, 0, 1, WB},
		{EfiConventionalMemory, 0, 0x300000, 0, 1, WB}, /* cut off by size below */
	};

	(void)state;
	assert_int_equal(memmap_convert(&map, efi, sizeof(efi) - 1, sizeof(efi[0])), 0);
	expect_sane();
	assert_int_equal(map.count, 3);
	expect(1, 0x200000, 0x202000, HANDOFF_MEM_FREE);
	expect(2, BIT(51), BIT(52), HANDOFF_MEM_RESERVED);

	assert_int_equal(memmap_convert(&map, efi, sizeof(efi), 39), -EINVAL);
	assert_int_equal(memmap_convert(&map, efi, sizeof(efi), 0), -EINVAL);
	assert_int_equal(map.count, 0);
	assert_int_equal(memmap_convert(&map, efi, 0, 40), 0);
	assert_int_equal(map.count, 1);
	/* A stride beyond the end: one descriptor, no wrap-around. */
	assert_int_equal(memmap_convert(&map, efi, sizeof(efi), UINT64_MAX - 8), 0);
}

static void a_full_array_is_refused_and_left_alone(void **state)
{
	struct handoff_mem before[3];

	(void)state;
	map.max = 3;
	assert_int_equal(memmap_set(&map, 0x1000, 0x8000, HANDOFF_MEM_FREE, 0), 0);
	assert_int_equal(memmap_set(&map, 0x2000, 0x1000, HANDOFF_MEM_LOADER, 0), 0);
	assert_int_equal(map.count, 3);
	memcpy(before, mem, sizeof(before));
	assert_int_equal(memmap_set(&map, 0x5000, 0x1000, HANDOFF_MEM_ACPI, 0), -ENOSPC);
	assert_int_equal(memmap_set(&map, 0x9000, 0x1000, HANDOFF_MEM_ACPI, 0), -ENOSPC);
	assert_int_equal(map.count, 3);
	assert_memory_equal(before, mem, sizeof(before));
	/* Exactly in place of an entry, or over several, needs no room. */
	assert_int_equal(memmap_set(&map, 0x3000, 0x6000, HANDOFF_MEM_ACPI, 0), 0);
	assert_int_equal(map.count, 3);
	assert_int_equal(memmap_set(&map, 0, 0x10000, HANDOFF_MEM_RESERVED, 0), 0);
	assert_int_equal(map.count, 1);
	map.max = 0;
	map.count = 0;
	assert_int_equal(memmap_convert(&map, mem, 0, 40), -ENOSPC);
}

/* Random ranges against an array with one byte for each page. */
static void random_ranges_match_a_page_array(void **state)
{
	static struct handoff_mem big[512];
	static uint8_t model[256];
	struct memmap m = {.mem = big, .max = ARRAY_SIZE(big)};

	(void)state;
	srand(1);
	for (unsigned round = 0; round < 4000; round++) {
		unsigned page = (unsigned)rand() % 256, n = (unsigned)rand() % (256 - page) % 40;
		uint8_t type = (uint8_t)(1 + rand() % 8), seen[256] = {0};

		if (round % 500 == 0) {
			m.count = 0;
			memset(model, 0, sizeof(model));
		}
		assert_int_equal(memmap_set(&m, page * PAGE_SIZE, n * PAGE_SIZE, type, 0), 0);
		memset(model + page, type, n);
		for (uint32_t i = 0; i < m.count; i++) {
			assert_true(m.mem[i].size);
			assert_true(!i || m.mem[i - 1].base + m.mem[i - 1].size <= m.mem[i].base);
			memset(seen + m.mem[i].base / PAGE_SIZE, (int)m.mem[i].type,
			       m.mem[i].size / PAGE_SIZE);
		}
		assert_memory_equal(seen, model, sizeof(seen));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(types_are_translated_and_sorted, setup),
		cmocka_unit_test_setup(page_zero_is_reserved_even_when_firmware_calls_it_free,
				       setup),
		cmocka_unit_test_setup(the_more_careful_type_wins_an_overlap, setup),
		cmocka_unit_test_setup(hostile_descriptors_are_cut_or_dropped, setup),
		cmocka_unit_test_setup(a_full_array_is_refused_and_left_alone, setup),
		cmocka_unit_test_setup(random_ranges_match_a_page_array, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
