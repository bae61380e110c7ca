/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Multiboot and PVH kernels: what they find in memory, and images that are refused. */
/* sources: kernel/elf.c */
/* sources: kernel/load/pc.c kernel/load/multiboot.c kernel/load/pvh.c kernel/load/bzimage.c */
/* sources: kernel/load/elf.c kernel/load/image.c kernel/load/start.c kernel/print.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/errno.h"
#include "kernel/load/load.h"
#include "tests/unit/load_refuse.h"

#define SIZE   1024u
#define HEADER 512u /* of multiboot, at the segment's begin */
#define NOTE   768u

static uint8_t image[SIZE];
static struct pc_image pc;

static void put(unsigned at, uint64_t v, unsigned size)
{
	memcpy(image + at, &v, size);
}

static void multiboot_header(uint32_t flags)
{
	put(HEADER, 0x1badb002, 4);
	put(HEADER + 4, flags, 4);
	put(HEADER + 8, -(0x1badb002 + flags), 4);
}

#define PH(i) (52 + (i)*32)

static void segment(unsigned i, uint32_t type, uint32_t offset, uint32_t paddr, uint32_t filesz,
		    uint32_t memsz)
{
	const uint32_t s[8] = {type, offset, paddr + 0x80000000, paddr, filesz, memsz, 5, 0};

	memcpy(image + PH(i), s, sizeof(s));
}

/* ELF32 at 1 MiB, linked for the upper half, with both a header and a note. */
static void good_image(void)
{
	memset(image, 0, sizeof(image));
	memcpy(image, "\177ELF\1\1\1", 7);
	put(16, 2, 2);
	put(18, 3, 2);
	put(24, 0x80100020, 4);
	put(28, 52, 4);
	put(42, 32, 2);
	put(44, 2, 2);
	segment(0, 1, HEADER, 0x100000, 512, 0x1800);
	segment(1, 4, NOTE, 0, 20 + 16, 0);
	for (unsigned i = HEADER; i < SIZE; i++)
		image[i] = (uint8_t)(i * 7);
	multiboot_header(3);
	/* A note of somebody else's, then Xen's. */
	memcpy(image + NOTE, "\4\0\0\0\0\0\0\0\22\0\0\0GNU", 16);
	memcpy(image + NOTE + 16, "\4\0\0\0\4\0\0\0\22\0\0\0Xen\0\x40\0\x10\0", 20);
	pc = (struct pc_image){.path = "\\mullion\\k.elf",
			       .cmdline = "one two",
			       .module = {{"first", 5}, {"second", 6}},
			       .module_path = {"\\a", "\\b"},
			       .modules = 2};
}

static int load_cut(struct test_mem *t, uint64_t size)
{
	uint8_t *copy = memcpy(malloc(size ? size : 1), image, size);
	int err;

	t->m.why[0] = 0;
	pc.kernel = (struct load_file){copy, size};
	err = pc_load(&t->m, &pc, &start);
	free(copy);
	assert_int_equal(t->m.why[0] != 0, err != 0);
	return err;
}

static int load(struct test_mem *t)
{
	return load_cut(t, SIZE);
}

static const char *text_at(struct test_mem *t, gpa_t gpa)
{
	return (const char *)test_mem_at(t, gpa, 64);
}

static void check_memory(struct test_mem *t)
{
	assert_memory_equal(t->ram + 0x100000, image + HEADER, 512);
	for (unsigned i = 512; i < 0x1800; i++)
		assert_int_equal(t->ram[0x100000 + i], 0);
	assert_memory_equal(t->ram + 0x102000, "first", 5);
	assert_memory_equal(t->ram + 0x103000, "second", 6);
	assert_false(start.long_mode || start.real_mode);
	assert_int_equal(start.rbx, GUEST_FLAT_INFO);
}

static void multiboot(void **state)
{
	struct test_mem t;
	gpa_t mod;

	(void)state;
	good_image();
	test_mem_init(&t, MIB(64));
	assert_int_equal(load_cut(&t, SIZE), 0);
	check_memory(&t);
	assert_int_equal(start.rax, 0x2badb002);
	assert_int_equal(start.rip, 0x100020);
#define INFO(at, size) test_mem_get(&t, GUEST_FLAT_INFO + (at), size)
	assert_int_equal(INFO(0, 4), 0x24d);
	assert_int_equal(INFO(4, 4), 639);
	assert_int_equal(INFO(8, 4), 63 * 1024);
	assert_string_equal(text_at(&t, INFO(16, 4)), "k.elf one two");
	assert_int_equal(INFO(20, 4), 2);
	mod = INFO(24, 4);
	assert_int_equal(test_mem_get(&t, mod, 4), 0x102000);
	assert_int_equal(test_mem_get(&t, mod + 4, 4), 0x102005);
	assert_string_equal(text_at(&t, test_mem_get(&t, mod + 8, 4)), "\\a");
	assert_int_equal(test_mem_get(&t, mod + 16, 4), 0x103000);
	assert_string_equal(text_at(&t, test_mem_get(&t, mod + 24, 4)), "\\b");
	assert_int_equal(INFO(44, 4), 4 * 24);
	assert_int_equal(test_mem_get(&t, INFO(48, 4), 4), 20);
	assert_int_equal(test_mem_get(&t, INFO(48, 4) + 3 * 24 + 4, 8), MIB(1));
	assert_int_equal(test_mem_get(&t, INFO(48, 4) + 3 * 24 + 12, 8), MIB(63));
	assert_int_equal(test_mem_get(&t, INFO(48, 4) + 3 * 24 + 20, 4), E820_RAM);
	assert_string_equal(text_at(&t, INFO(64, 4)), "Mullion");
	test_mem_free(&t);
}

static void pvh(void **state)
{
	struct test_mem t;
	gpa_t list, map;

	(void)state;
	good_image();
	pc.boot = BOOT_PVH;
	test_mem_init(&t, GIB(4)); /* 1 GiB of it above 4 GiB */
	assert_int_equal(load_cut(&t, SIZE), 0);
	check_memory(&t);
	assert_int_equal(start.rip, 0x100040);
	assert_int_equal(INFO(0, 4), 0x336ec578);
	assert_int_equal(INFO(4, 4), 1);
	assert_int_equal(INFO(12, 4), 2);
	list = INFO(16, 8);
	assert_int_equal(test_mem_get(&t, list, 8), 0x102000);
	assert_int_equal(test_mem_get(&t, list + 8, 8), 5);
	assert_int_equal(test_mem_get(&t, list + 32, 8), 0x103000);
	assert_string_equal(text_at(&t, INFO(24, 8)), "one two");
	assert_int_equal(INFO(32, 8), GUEST_ACPI);
	map = INFO(40, 8);
	assert_int_equal(INFO(48, 4), 5);
	assert_int_equal(test_mem_get(&t, map + 4 * 24, 8), GIB(4));
	assert_int_equal(test_mem_get(&t, map + 4 * 24 + 8, 8), GIB(1));
	assert_int_equal(test_mem_get(&t, map + 4 * 24 + 16, 4), E820_RAM);
	/* By itself, too, when it is no multiboot kernel. */
	pc.boot = BOOT_AUTO;
	put(HEADER, 0, 4);
	assert_int_equal(load_cut(&t, SIZE), 0);
	assert_int_equal(start.rip, 0x100040);
	test_mem_free(&t);
}

/* No ELF: the header's addresses say what goes where. */
static void addresses(uint32_t header, uint32_t load, uint32_t end, uint32_t bss, uint32_t entry)
{
	const uint32_t a[5] = {header, load, end, bss, entry};

	good_image();
	memset(image, 0x90, HEADER);
	multiboot_header(BIT(16) | 3);
	memcpy(image + HEADER + 12, a, sizeof(a));
}

static void multiboot_by_addresses(void **state)
{
	struct test_mem t;

	(void)state;
	test_mem_init(&t, MIB(64));
	/* The file from 256 bytes before its header on, and a BSS. */
	addresses(0x200100, 0x200000, 0, 0x201000, 0x200004);
	assert_int_equal(load_cut(&t, SIZE), 0);
	assert_memory_equal(t.ram + 0x200000, image + 256, SIZE - 256);
	for (unsigned i = SIZE - 256; i < 0x1000; i++)
		assert_int_equal(t.ram[0x200000 + i], 0);
	assert_int_equal(t.ram[0x201000], 'f'); /* the first module */
	assert_int_equal(start.rip, 0x200004);
	/* Less of the file, no BSS. */
	addresses(0x200000, 0x200000, 0x200040, 0, 0x20003f);
	assert_int_equal(load_cut(&t, SIZE), 0);
	assert_memory_equal(t.ram + 0x200000, image + HEADER, 0x40);

	/* No header at all. */
	pc.boot = BOOT_FLAT;
	memset(image, 0x90, SIZE);
	assert_int_equal(load_cut(&t, SIZE), 0);
	assert_memory_equal(t.ram + 0x100000, image, SIZE);
	assert_int_equal(start.rip, 0x100000);
	assert_int_equal(start.rax, 0x2badb002);
	assert_int_equal(load_cut(&t, 1), 0);
	assert_int_equal(load_cut(&t, 0), -EINVAL);

	addresses(0x1fffff, 0x200000, 0, 0, 0x200000);
	assert_int_equal(load_cut(&t, SIZE), -EINVAL);
	addresses(0x200201, 0x200000, 0, 0, 0x200000); /* begins before the file */
	assert_int_equal(load_cut(&t, SIZE), -EINVAL);
	addresses(0x200000, 0x200000, 0x1fffff, 0, 0x200000);
	assert_int_equal(load_cut(&t, SIZE), -EINVAL);
	addresses(0x200000, 0x200000, 0x200201, 0, 0x200000); /* ends behind it */
	assert_int_equal(load_cut(&t, SIZE), -EINVAL);
	addresses(0x200000, 0x200000, 0, 0, 0x200200);
	assert_int_equal(load_cut(&t, SIZE), -EINVAL);
	assert_non_null(strstr(t.m.why, "entry"));
	addresses(0x200000, 0x200000, 0, 0xffffffff, 0x200000);
	assert_int_equal(load_cut(&t, SIZE), -EINVAL);
	addresses(0x9c000, 0x9c000, 0, 0, 0x9c000);
	assert_int_equal(load_cut(&t, SIZE), -EINVAL);
	assert_non_null(strstr(t.m.why, "start information"));
	addresses(0x7c00, 0x7c00, 0, 0, 0x7c00);
	/* From there, and modules are not where the start information is. */
	assert_int_equal(load_cut(&t, SIZE), 0);
	assert_memory_equal(t.ram + 0x7c00, image + HEADER, SIZE - HEADER);
	assert_memory_equal(t.ram + MIB(1), "first", 5);
	test_mem_free(&t);
}

static void refuses_bad_images(void **state)
{
	struct test_mem t;

	(void)state;
	test_mem_init(&t, MIB(4));
	REFUSED(-EINVAL, "flags 0x8", multiboot_header(8));
	REFUSED(-EINVAL, "no multiboot header", pc.boot = BOOT_MULTIBOOT, put(HEADER + 8, 0, 4));
	REFUSED(-EINVAL, "neither", put(HEADER, 0, 4), put(NOTE + 16, 5, 4));
	REFUSED(-EINVAL, "neither", put(HEADER, 0, 4), put(NOTE + 24, 17, 4));
	REFUSED(-EINVAL, "neither", put(HEADER, 0, 4), put(NOTE, 0xffffffff, 4));
	REFUSED(-EINVAL, "neither", put(HEADER, 0, 4), put(NOTE + 4, 0xfffffff0, 4));
	REFUSED(-EINVAL, "neither", put(HEADER, 0, 4), put(PH(1) + 4, SIZE - 8, 4));
	REFUSED(-EINVAL, "neither", put(HEADER, 0, 4), put(NOTE + 32, 0x101800, 4));
	REFUSED(-EINVAL, "entry 0x80100200", put(24, 0x80100200, 4));
	REFUSED(-EINVAL, "not an ELF", pc.boot = BOOT_PVH, image[0] = 0);
	REFUSED(-EINVAL, "bzImage", image[0] = 0, put(HEADER, 0, 4));
	REFUSED(-EINVAL, "bzImage", pc.boot = BOOT_LINUX);
	/* Rounded up: what it says is enough. */
	REFUSED(-ENOMEM, "need at least 5 MiB of memory below 3 GiB, the VM has 4 MiB",
		pc.module[1].size = MIB(3));
	REFUSED(-ENOMEM, "need at least", pc.module[1].size = UINT64_MAX - MIB(1));
	test_mem_free(&t);
}

/* Of any length, and with any word wrong: refused or loaded, and nothing read beyond. */
static void survives_every_cut(void **state)
{
	struct test_mem t;

	(void)state;
	test_mem_init(&t, MIB(4));
	for (unsigned boot = BOOT_AUTO; boot <= BOOT_FLAT; boot++) {
		good_image();
		pc.boot = (enum config_boot)boot;
		for (uint64_t n = 0; boot != BOOT_FLAT && n < SIZE; n++)
			assert_int_equal(load_cut(&t, n), -EINVAL);
		for (unsigned at = 0; at < SIZE; at += 4)
			for (unsigned bit = 0; bit < 32; bit++) {
				uint32_t old;

				memcpy(&old, image + at, 4);
				put(at, old ^ BIT(bit), 4);
				(void)load_cut(&t, SIZE);
				put(at, old, 4);
			}
	}
	test_mem_free(&t);
}

static void memory_that_fails(void **state)
{
	struct test_mem t;

	(void)state;
	test_mem_init(&t, MIB(4));
	for (unsigned boot = BOOT_AUTO; boot <= BOOT_PVH; boot += BOOT_PVH) {
		good_image();
		pc.boot = (enum config_boot)boot;
		for (long n = 0;; n++) {
			t.fail_after = n;
			int err = load_cut(&t, SIZE);

			if (t.fail_after >= 0)
				break; /* all of them were done */
			assert_int_equal(err, -EFAULT);
		}
	}
	test_mem_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(multiboot),
		cmocka_unit_test(pvh),
		cmocka_unit_test(multiboot_by_addresses),
		cmocka_unit_test(refuses_bad_images),
		cmocka_unit_test(survives_every_cut),
		cmocka_unit_test(memory_that_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
