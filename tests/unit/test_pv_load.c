/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loader of PV guests: a good image byte by byte, and each way in which one can be bad. */
/* sources: kernel/elf.c */
/* sources: kernel/load/pv.c kernel/load/elf.c kernel/load/image.c kernel/load/start.c */
/* sources: kernel/print.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guests/include/mullion.h"
#include "kernel/errno.h"
#include "kernel/load/load.h"
#include "tests/unit/load_refuse.h"

#define IMAGE_SIZE 1024u

static uint8_t image[IMAGE_SIZE];

static const struct mullion_start_info info = {
	.name = "demo",
	.cmdline = "hello world",
	.features = MULLION_FEATURE_CONSOLE | MULLION_FEATURE_TIME,
	.vcpu_count = 2,
	.tsc_khz = 2600000,
	.apic_khz = 100000,
	.boot_epoch = 1700000000,
};

static void put(unsigned at, uint64_t v, unsigned size)
{
	memcpy(image + at, &v, size);
}

#define PH(i, field) (64 + (i)*56 + (field))
enum { P_TYPE = 0, P_FLAGS = 4, P_OFFSET = 8, P_PADDR = 24, P_FILESZ = 32, P_MEMSZ = 40 };

static void segment(unsigned i, uint64_t offset, uint64_t paddr, uint64_t filesz, uint64_t memsz)
{
	put(PH(i, P_TYPE), 1, 4);
	put(PH(i, P_FLAGS), i == 0 ? 5 : 6, 4);
	put(PH(i, P_OFFSET), offset, 8);
	put(PH(i, P_PADDR), paddr, 8);
	put(PH(i, P_FILESZ), filesz, 8);
	put(PH(i, P_MEMSZ), memsz, 8);
}

/* Code at 2 MiB, data at 4 MiB with a BSS. */
static void good_image(void)
{
	memset(image, 0, sizeof(image));
	memcpy(image, "\177ELF\2\1\1", 7);
	put(16, 2, 2);
	put(18, 62, 2);
	put(20, 1, 4);
	put(24, 0x200010, 8);
	put(32, 64, 8);
	put(52, 64, 2);
	put(54, 56, 2);
	put(56, 2, 2);
	segment(0, 512, 0x200000, 256, 256);
	segment(1, 768, 0x400000, 256, 0x3000);
	for (unsigned i = 512; i < IMAGE_SIZE; i++)
		image[i] = (uint8_t)(i * 7);
}

/* In a block of exactly that size, so that a read beyond is caught. */
static int load_cut(struct test_mem *t, uint64_t size)
{
	uint8_t *copy = memcpy(malloc(size ? size : 1), image, size);
	struct mullion_start_info i = info;
	int err;

	t->m.why[0] = 0;
	err = pv_load(&t->m, (struct load_file){copy, size}, &i, &start);
	free(copy);
	/* A failure says why, a success says nothing. */
	assert_int_equal(t->m.why[0] != 0, err != 0);
	return err;
}

static int load(struct test_mem *t)
{
	return load_cut(t, IMAGE_SIZE);
}

/* The walk of the start tables in the guest's own memory. */
static uint64_t translate(struct test_mem *t, uint64_t va)
{
	uint64_t e = test_mem_get(t, start.cr3 + (va >> 39) * 8, 8);

	if (!(e & 1))
		return UINT64_MAX;
	e = test_mem_get(t, (e & ~0xfffull) + (va >> 30 & 511) * 8, 8);
	if (!(e & 1))
		return UINT64_MAX;
	e = test_mem_get(t, (e & ~0xfffull) + (va >> 21 & 511) * 8, 8);
	if ((e & 0x83) != 0x83) /* present, writable, 2 MiB */
		return UINT64_MAX;
	return (e & 0xfffffffe00000) | (va & 0x1fffff);
}

static void loads_a_good_image(void **state)
{
	struct mullion_start_info s;
	struct test_mem t;

	(void)state;
	good_image();
	test_mem_init(&t, MIB(32));
	memset(t.ram + 0x403000, 0xcc, 0x1000);
	assert_int_equal(load(&t), 0);
	assert_memory_equal(t.ram + 0x200000, image + 512, 256);
	assert_memory_equal(t.ram + 0x400000, image + 768, 256);
	for (unsigned i = 256; i < 0x3000; i++)
		assert_int_equal(t.ram[0x400000 + i], 0);
	assert_int_equal(t.ram[0x403000], 0xcc);

	assert_true(start.long_mode);
	assert_int_equal(start.rip, 0x200010);
	assert_int_equal(start.rdi, GUEST_INFO);
	assert_int_equal(start.rsp, GUEST_STACK_TOP);
	assert_int_equal(start.rsp % 16, 0);
	assert_int_equal(start.rsi, 0);
	assert_int_equal(start.gdt_limit, 31);
	assert_int_equal(test_mem_get(&t, start.gdt + 16, 8), 0x00af9b000000ffff);
	assert_int_equal(test_mem_get(&t, start.gdt + 24, 8), 0x00cf93000000ffff);
	assert_int_equal(translate(&t, 0), 0);
	assert_int_equal(translate(&t, MIB(32) - 1), MIB(32) - 1);
	assert_int_equal(translate(&t, GIB(1)), UINT64_MAX);
	assert_int_equal(translate(&t, BIT(39)), UINT64_MAX);

	memcpy(&s, t.ram + start.rdi, sizeof(s));
	assert_int_equal(s.magic, MULLION_START_MAGIC);
	assert_int_equal(s.version, MULLION_START_VERSION);
	assert_int_equal(s.size, sizeof(s));
	assert_int_equal(s.abi_version, MULLION_ABI_VERSION);
	assert_int_equal(s.features, info.features);
	assert_int_equal(s.vcpu_count, 2);
	assert_int_equal(s.tsc_khz, 2600000);
	assert_int_equal(s.apic_khz, 100000);
	assert_int_equal(s.boot_epoch, 1700000000);
	assert_string_equal(s.name, "demo");
	assert_string_equal(s.cmdline, "hello world");
	test_mem_free(&t);
}

/* The map covers all of RAM once, in order; what the start state uses is BOOT memory. */
static void memory_map(void **state)
{
	static const uint64_t sizes[] = {MIB(8), MIB(32), GIB(3), GIB(3) + MIB(2), GIB(5)};

	(void)state;
	good_image();
	for (unsigned n = 0; n < ARRAY_SIZE(sizes); n++) {
		struct mullion_start_info s;
		struct test_mem t;
		uint64_t sum = 0, end = 0;

		test_mem_init(&t, sizes[n]);
		assert_int_equal(load(&t), 0);
		memcpy(&s, t.ram + start.rdi, sizeof(s));
		for (unsigned i = 0; i < s.memory_count; i++) {
			const struct mullion_memory *m = &s.memory[i];

			assert_true(m->base >= end && m->size && m->reserved == 0);
			assert_int_equal((m->base | m->size) % PAGE_SIZE, 0);
			assert_true(load_in_ram(&t.m, m->base, m->size));
			assert_int_equal(translate(&t, m->base), m->base);
			end = m->base + m->size;
			assert_int_equal(translate(&t, end - 1), end - 1);
			sum += m->size;
			if (m->type == MULLION_MEM_BOOT) {
				assert_true(m->base <= start.gdt && m->base <= start.rdi);
				assert_true(end >= start.rsp && end > start.cr3);
			}
		}
		assert_int_equal(sum, sizes[n]);
		assert_int_equal(s.memory_bytes, sizes[n]);
		assert_int_equal(s.memory_count, sizes[n] > GIB(3) ? 4 : 3);
		test_mem_free(&t);
	}
}

static void refuses_bad_images(void **state)
{
	struct test_mem t;

	(void)state;
	test_mem_init(&t, MIB(32));
	REFUSED(-EINVAL, "not an ELF file", image[0] = 0);
	REFUSED(-EINVAL, "not an ELF file for x86", image[4] = 1);
	REFUSED(-EINVAL, "not an ELF file for x86", image[5] = 2);
	REFUSED(-EINVAL, "not an ELF file for x86", put(18, 183, 2));
	REFUSED(-EINVAL, "no program headers", image[4] = 1, put(18, 3, 2));
	REFUSED(-EINVAL, "-static -no-pie", put(16, 3, 2));
	REFUSED(-EINVAL, "static executable", put(16, 1, 2));
	REFUSED(-EINVAL, "program headers", put(56, 0, 2));
	REFUSED(-EINVAL, "program headers", put(54, 32, 2));
	REFUSED(-EINVAL, "truncated", put(32, IMAGE_SIZE - 111, 8));
	REFUSED(-EINVAL, "truncated", put(32, UINT64_MAX, 8));
	REFUSED(-EINVAL, "truncated", put(56, 0xffff, 2));
	REFUSED(-EINVAL, "dynamically", put(PH(1, P_TYPE), 3, 4));
	REFUSED(-EINVAL, "larger in the file", put(PH(0, P_FILESZ), 257, 8));
	REFUSED(-EINVAL, "truncated", put(PH(1, P_OFFSET), 769, 8));
	REFUSED(-EINVAL, "truncated", put(PH(1, P_OFFSET), UINT64_MAX, 8));
	REFUSED(-EINVAL, "start information at 0x0-0x73fff",
		put(PH(0, P_PADDR), GUEST_START_END - 1, 8));
	REFUSED(-EINVAL, "start information", put(PH(0, P_PADDR), 0, 8));
	REFUSED(-EINVAL, "overlap", put(PH(1, P_PADDR), 0x2000ff, 8));
	REFUSED(-EINVAL, "overlap", put(PH(1, P_PADDR), 0x200100 - 0x3000, 8));
	REFUSED(-ENOMEM, "needs at least 33 MiB", put(PH(1, P_PADDR), MIB(32) - 0x1000, 8));
	REFUSED(-EINVAL, "not in the VM's memory", put(PH(1, P_PADDR), GIB(3) - 0x1000, 8));
	REFUSED(-EINVAL, "not in the VM's memory", put(PH(1, P_PADDR), GIB(4), 8));
	REFUSED(-EINVAL, "not in the VM's memory", put(PH(1, P_PADDR), UINT64_MAX, 8));
	REFUSED(-EINVAL, "not in the VM's memory", put(PH(1, P_MEMSZ), UINT64_MAX, 8));
	REFUSED(-EINVAL, "entry", put(24, 0x200100, 8));
	REFUSED(-EINVAL, "entry", put(24, 0x1fffff, 8));
	REFUSED(-EINVAL, "entry", put(24, 0x400000, 8)); /* data */
	/* nothing to do with memory: other types, empty segments */
	good_image();
	put(PH(1, P_TYPE), 0x6474e551, 4);
	put(PH(1, P_PADDR), 0, 8);
	assert_int_equal(load(&t), 0);
	good_image();
	segment(1, 0, 0, 0, 0);
	assert_int_equal(load(&t), 0);
	test_mem_free(&t);
}

static void refuses_every_cut(void **state)
{
	struct mullion_start_info i = info;
	struct test_mem t;

	(void)state;
	good_image();
	test_mem_init(&t, MIB(32));
	for (uint64_t n = 0; n < IMAGE_SIZE; n++)
		assert_int_equal(load_cut(&t, n), -EINVAL);
	assert_int_equal(pv_load(&t.m, (struct load_file){NULL, 0}, &i, &start), -EINVAL);
	test_mem_free(&t);
}

static void too_many_segments(void **state)
{
	static uint8_t big[64 + 40 * 56];
	struct mullion_start_info info_copy = info;
	struct test_mem t;

	(void)state;
	good_image();
	put(56, 40, 2);
	memcpy(big, image, 64);
	for (unsigned i = 0; i < 40; i++) {
		segment(0, 0, 0x200000 + i * 0x1000, 16, 16);
		memcpy(big + 64 + i * 56, image + 64, 56);
	}
	test_mem_init(&t, MIB(32));
	assert_int_equal(pv_load(&t.m, (struct load_file){big, sizeof(big)}, &info_copy, &start),
			 -EINVAL);
	assert_non_null(strstr(t.m.why, "segments"));
	test_mem_free(&t);
}

static void memory_that_does_not_do(void **state)
{
	struct test_mem t;

	(void)state;
	good_image();
	test_mem_init(&t, MIB(2));
	check_refusal(&t, -ENOMEM, "needs at least 3 MiB of memory below 3 GiB, the VM has 2 MiB");
	test_mem_free(&t);
	/* tables for 94 GiB are the most that fit; never touched here beyond the start */
	t.m = (struct load_mem){.vm = (void *)&t, .size = GIB(94)};
	assert_int_equal(start_tables(&t.m, GIB(95), &start), -ENOMEM);

	/* every write may fail */
	test_mem_init(&t, MIB(32));
	for (long n = 0;; n++) {
		t.fail_after = n;
		if (load(&t) == 0)
			break;
		assert_non_null(strstr(t.m.why, "cannot be written"));
		assert_in_range(n, 0, 1000);
	}
	test_mem_free(&t);
}

static void ram_boundaries(void **state)
{
	struct load_mem m = {.size = GIB(3) + MIB(2)};

	(void)state;
	assert_true(load_in_ram(&m, 0, GIB(3)));
	assert_false(load_in_ram(&m, 0, GIB(3) + 1));
	assert_true(load_in_ram(&m, GIB(3) - 1, 1));
	assert_false(load_in_ram(&m, GIB(3), 1));
	assert_true(load_in_ram(&m, GIB(4), MIB(2)));
	assert_false(load_in_ram(&m, GIB(4) - 1, 1));
	assert_false(load_in_ram(&m, GIB(4), MIB(2) + 1));
	assert_false(load_in_ram(&m, GIB(4) + MIB(2), 1));
	assert_false(load_in_ram(&m, UINT64_MAX, 2));
	assert_false(load_in_ram(&m, GIB(4), UINT64_MAX));
	assert_int_equal(guest_ram_gpa(GIB(3) - 1), GIB(3) - 1);
	assert_int_equal(guest_ram_gpa(GIB(3)), GIB(4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_a_good_image), cmocka_unit_test(memory_map),
		cmocka_unit_test(refuses_bad_images), cmocka_unit_test(refuses_every_cut),
		cmocka_unit_test(too_many_segments),  cmocka_unit_test(memory_that_does_not_do),
		cmocka_unit_test(ram_boundaries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
