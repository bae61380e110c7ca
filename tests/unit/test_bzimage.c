/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bzImage loader: what the kernel finds in memory, and images that are refused. */
/* sources: kernel/elf.c */
/* sources: kernel/load/bzimage.c kernel/load/pc.c kernel/load/multiboot.c kernel/load/pvh.c */
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

#define SETUP (5 * 512u) /* boot sector and 4 setup sectors */
#define BODY  8192u
#define SIZE  (SETUP + BODY)

static uint8_t image[SIZE];
static const char *cmdline = "console=ttyS0";
static enum config_boot boot;

static void put(unsigned at, uint64_t v, unsigned size)
{
	memcpy(image + at, &v, size);
}

/* Header fields as Linux Documentation/arch/x86/boot.rst lists them. */
static void good_image(void)
{
	for (unsigned i = 0; i < SIZE; i++)
		image[i] = (uint8_t)(i * 11);
	memset(image, 0, SETUP);
	put(0x1f1, 4, 1);
	put(0x1f4, BODY / 16, 4);
	put(0x1fe, 0xaa55, 2);
	put(0x200, 0x66eb, 2); /* jmp: the header ends at 0x268 */
	memcpy(image + 0x202, "HdrS", 4);
	put(0x206, 0x020f, 2);
	put(0x211, 1, 1);
	put(0x22c, 0x7fffffff, 4);
	put(0x230, 0x200000, 4);
	put(0x234, 1, 1);
	put(0x236, 0x7f, 2);
	put(0x238, 2047, 4);
	put(0x258, 0x1000000, 8);
	put(0x260, 0x400000, 4);
}

static int load_cut(struct test_mem *t, uint64_t size, struct load_file initrd)
{
	uint8_t *copy = memcpy(malloc(size ? size : 1), image, size);
	int err;

	t->m.why[0] = 0;
	err = bzimage_load(&t->m,
			   &(struct pc_image){.boot = boot,
					      .kernel = {copy, size},
					      .module = {initrd},
					      .modules = !!initrd.data,
					      .cmdline = cmdline},
			   &start);
	free(copy);
	assert_int_equal(t->m.why[0] != 0, err != 0);
	return err;
}

static const struct load_file no_initrd;

static int load(struct test_mem *t)
{
	return load_cut(t, SIZE, no_initrd);
}

static void loads_a_good_image(void **state)
{
	struct test_mem t;
	gpa_t bp;

	(void)state;
	good_image();
	test_mem_init(&t, MIB(64));
	assert_int_equal(load(&t), 0);
	assert_memory_equal(t.ram + 0x1000000, image + SETUP, BODY);
	assert_true(start.long_mode);
	assert_int_equal(start.rip, 0x1000200);
	bp = start.rsi;
	assert_int_equal(bp, GUEST_INFO);
	/* the header as in the file, but for what the loader says */
	assert_int_equal(test_mem_get(&t, bp + 0x1f1, 1), 4);
	assert_int_equal(test_mem_get(&t, bp + 0x202, 4), 0x53726448);
	assert_int_equal(test_mem_get(&t, bp + 0x206, 2), 0x020f);
	assert_int_equal(test_mem_get(&t, bp + 0x210, 1), 0xff);
	assert_int_equal(test_mem_get(&t, bp + 0x1fa, 2), 0xffff);
	assert_int_equal(test_mem_get(&t, bp + 0x218, 8), 0); /* no initrd */
	assert_int_equal(test_mem_get(&t, bp + 0x228, 4), GUEST_CMDLINE);
	assert_int_equal(test_mem_get(&t, bp + 0x258, 8), 0x1000000);
	assert_int_equal(test_mem_get(&t, bp + 0x070, 8), GUEST_ACPI);
	/* everything else is zero: the sentinel above all */
	for (unsigned i = 0; i < 0x1e8; i++)
		if (i < 0x70 || i >= 0x78)
			assert_int_equal(test_mem_get(&t, bp + i, 1), 0);
	assert_int_equal(test_mem_get(&t, bp + 0x1ef, 1), 0);
	for (unsigned i = 0x268; i < 0x2d0; i++)
		assert_int_equal(test_mem_get(&t, bp + i, 1), 0);
	assert_string_equal((char *)t.ram + GUEST_CMDLINE, cmdline);
	/* the kernel's own memory, boot_params and all below 4 GiB are mapped */
	for (uint64_t va = 0; va < GIB(4); va += GIB(1)) {
		uint64_t pd =
			test_mem_get(&t, start.cr3 + PAGE_SIZE + (va >> 30) * 8, 8) & ~0xfffull;

		assert_int_equal(test_mem_get(&t, pd, 8) & ~0x60ull, va | 0x83);
		assert_int_equal(test_mem_get(&t, pd + 511 * 8, 8) & ~0x60ull,
				 (va + GIB(1) - MIB(2)) | 0x83);
	}
	test_mem_free(&t);
}

static void header_length(void **state)
{
	struct test_mem t;

	(void)state;
	test_mem_init(&t, MIB(64));
	/* a header that says it ends at 0x301 is cut where boot_params has other fields */
	good_image();
	put(0x201, 0xff, 1);
	memset(image + 0x268, 0xee, 0x100);
	assert_int_equal(load(&t), 0);
	assert_int_equal(test_mem_get(&t, GUEST_INFO + 0x28f, 1), 0xee);
	assert_int_equal(test_mem_get(&t, GUEST_INFO + 0x290, 1), 0);
	/* one that is shorter than its version has all fields nevertheless */
	good_image();
	put(0x201, 0, 1);
	assert_int_equal(load(&t), 0);
	assert_int_equal(test_mem_get(&t, GUEST_INFO + 0x260, 4), 0x400000);
	/* setup_sects 0 means 4 */
	good_image();
	put(0x1f1, 0, 1);
	assert_int_equal(load(&t), 0);
	assert_memory_equal(t.ram + 0x1000000, image + SETUP, BODY);
	test_mem_free(&t);
}

static void memory_map(void **state)
{
	static const uint64_t sizes[] = {MIB(64), GIB(3), GIB(3) + MIB(2), GIB(8)};

	(void)state;
	good_image();
	for (unsigned n = 0; n < ARRAY_SIZE(sizes); n++) {
		struct test_mem t;
		uint64_t usable = 0, end = 0, count;

		test_mem_init(&t, sizes[n]);
		assert_int_equal(load(&t), 0);
		count = test_mem_get(&t, GUEST_INFO + 0x1e8, 1);
		assert_int_equal(count, sizes[n] > GIB(3) ? 5 : 4);
		for (unsigned i = 0; i < count; i++) {
			gpa_t e = GUEST_INFO + 0x2d0 + i * 20;
			uint64_t base = test_mem_get(&t, e, 8), size = test_mem_get(&t, e + 8, 8);

			assert_true(base >= end && size);
			assert_true(load_in_ram(&t.m, base, size));
			end = base + size;
			if (test_mem_get(&t, e + 16, 4) == 1) {
				usable += size;
				assert_true(end <= GUEST_ACPI || base >= GUEST_ACPI_END);
			}
		}
		assert_int_equal(usable, sizes[n] - MIB(1) + GUEST_EBDA);
		test_mem_free(&t);
	}
}

static void initrd_placement(void **state)
{
	static uint8_t data[10000];
	const struct load_file initrd = {data, sizeof(data)};
	struct test_mem t;
	gpa_t at;

	(void)state;
	memset(data, 0x5a, sizeof(data));
	good_image();
	test_mem_init(&t, MIB(64));
	/* behind what the kernel needs, wherever that ends */
	assert_int_equal(load_cut(&t, SIZE, initrd), 0);
	at = test_mem_get(&t, GUEST_INFO + 0x218, 4);
	assert_int_equal(at, 0x1400000);
	assert_int_equal(test_mem_get(&t, GUEST_INFO + 0x21c, 4), sizeof(data));
	assert_memory_equal(t.ram + at, data, sizeof(data));
	put(0x260, 0x400001, 4);
	assert_int_equal(load_cut(&t, SIZE, initrd), 0);
	assert_int_equal(test_mem_get(&t, GUEST_INFO + 0x218, 4), 0x1401000);
	/* its last byte may be at initrd_addr_max, which may be below the kernel, too */
	good_image();
	put(0x22c, 0x1400000 + sizeof(data) - 1, 4);
	assert_int_equal(load_cut(&t, SIZE, initrd), 0);
	put(0x22c, 0x1400000 + sizeof(data) - 2, 4);
	assert_int_equal(load_cut(&t, SIZE, initrd), -EINVAL);
	assert_non_null(strstr(t.m.why, "below 0x140270e"));
	put(0x22c, 0x100000, 4);
	assert_int_equal(load_cut(&t, SIZE, initrd), -EINVAL);
	put(0x22c, 0, 4);
	assert_int_equal(load(&t), 0); /* without one */
	put(0x22c, UINT32_MAX, 4);
	assert_int_equal(load_cut(&t, SIZE, initrd), 0);
	test_mem_free(&t);
	/* exactly as much memory as it takes, and a page less */
	good_image();
	test_mem_init(&t, 0x1400000 + 3 * PAGE_SIZE);
	assert_int_equal(load_cut(&t, SIZE, initrd), 0);
	assert_int_equal(test_mem_get(&t, GUEST_INFO + 0x218, 4), 0x1400000);
	test_mem_free(&t);
	test_mem_init(&t, 0x1400000 + 2 * PAGE_SIZE);
	assert_int_equal(load_cut(&t, SIZE, initrd), -ENOMEM);
	assert_non_null(strstr(t.m.why, "need at least 21 MiB"));
	/* sizes that wrap or that no guest has; data is never looked at */
	assert_int_equal(load_cut(&t, SIZE, (struct load_file){data, UINT64_MAX}), -ENOMEM);
	assert_int_equal(load_cut(&t, SIZE, (struct load_file){data, GIB(3)}), -ENOMEM);
	/* nothing given is nothing, whatever its size says */
	assert_int_equal(load_cut(&t, SIZE, (struct load_file){NULL, 77}), 0);
	assert_int_equal(test_mem_get(&t, GUEST_INFO + 0x218, 8), 0);
	test_mem_free(&t);
}

/* No 64-bit entry: the 32-bit one, paging off. */
static void starts_a_32_bit_kernel(void **state)
{
	struct test_mem t;

	(void)state;
	good_image();
	put(0x236, 0x7e, 2);
	test_mem_init(&t, MIB(64));
	assert_int_equal(load_cut(&t, SIZE, no_initrd), 0);
	assert_false(start.long_mode || start.real_mode);
	assert_int_equal(start.rip, 0x1000000);
	assert_int_equal(start.rsi, GUEST_INFO);
	assert_int_equal(test_mem_get(&t, start.gdt + 0x10, 8), 0x00cf9b000000ffff);
	assert_int_equal(test_mem_get(&t, start.gdt + 0x18, 8), 0x00cf93000000ffff);
	assert_int_equal(start.gdt_limit, 0x1f);
	test_mem_free(&t);
}

/* The fields that boot.rst's "real mode" loader fills in, at segment 0x1000. */
static void starts_in_real_mode(void **state)
{
	static uint8_t data[10000];
	const struct load_file initrd = {data, sizeof(data)};
	const struct e820 *map;
	struct test_mem t;

	(void)state;
	boot = BOOT_LINUX16;
	good_image();
	for (unsigned i = 0x268; i < SETUP; i++)
		image[i] = (uint8_t)(i * 7); /* code */
	image[0] = 0x4d;
	test_mem_init(&t, GIB(4));
	assert_int_equal(load_cut(&t, SIZE, initrd), 0);
	assert_true(start.real_mode && !start.long_mode);
	assert_int_equal(start.sipi << 12, GUEST_BIOS);
	assert_memory_equal(t.ram + 0x1000000, image + SETUP, BODY);
	/* The setup code is as in the file, but for these. */
#define CHANGED(at, size, v)                                                                       \
	do {                                                                                       \
		assert_int_equal(test_mem_get(&t, 0x10000 + (at), size), v);                       \
		memcpy(t.ram + 0x10000 + (at), image + (at), size);                                \
	} while (0)
	CHANGED(0x1fa, 2, 0xffff);
	CHANGED(0x210, 1, 0xff);
	CHANGED(0x211, 1, 0x81);
	CHANGED(0x214, 4, 0x1000000);
	CHANGED(0x218, 4, 0x1400000);
	CHANGED(0x21c, 4, sizeof(data));
	CHANGED(0x224, 2, 0xde00);
	CHANGED(0x228, 4, 0x1e000);
	assert_memory_equal(t.ram + 0x10000, image, SETUP);
	assert_string_equal((char *)t.ram + 0x1e000, cmdline);
	/* Nothing is where the other entries have it. */
	assert_int_equal(test_mem_get(&t, GUEST_INFO + 0x202, 4), 0);
	assert_int_equal(test_mem_get(&t, GUEST_CMDLINE, 1), 0);
	/* The BIOS takes the map from its end, up to an entry of no type. */
	for (map = (void *)(t.ram + GUEST_BIOS); map->size != GUEST_EBDA || map->type != E820_RAM;)
		map = (const void *)((const char *)map + 1);
	assert_int_equal(map[0].base, 0);
	assert_int_equal(map[3].base, MIB(1));
	assert_int_equal(map[3].size, GIB(3) - MIB(1));
	assert_int_equal(map[4].size, GIB(1));
	assert_int_equal(map[5].type, 0);

	REFUSED(-EINVAL, "zImage", put(0x211, 0, 1));
	REFUSED(-EINVAL, "13 characters, the kernel takes 12", put(0x238, 12, 4));
	good_image();
	put(0x22c, 0x1400000 + sizeof(data) - 2, 4);
	assert_int_equal(load_cut(&t, SIZE, initrd), -EINVAL);
	assert_non_null(strstr(t.m.why, "below 0x140270e"));
	boot = BOOT_AUTO;
	test_mem_free(&t);
}

/* More setup code than there is room before the heap. */
static void too_much_setup_code(void **state)
{
	static uint8_t big[65 * 512 + BODY];
	struct pc_image pc = {.kernel = {big, sizeof(big)}, .cmdline = "", .boot = BOOT_LINUX16};
	struct test_mem t;

	(void)state;
	good_image();
	memcpy(big, image, SETUP);
	test_mem_init(&t, MIB(64));
	big[0x1f1] = 63;
	assert_int_equal(bzimage_load(&t.m, &pc, &start), 0);
	big[0x1f1] = 64;
	assert_int_equal(bzimage_load(&t.m, &pc, &start), -EINVAL);
	assert_string_equal(t.m.why, "the kernel's 16-bit code has 33280 bytes, 32768 fit");
	pc.boot = BOOT_LINUX;
	assert_int_equal(bzimage_load(&t.m, &pc, &start), 0);
	test_mem_free(&t);
}

static void refuses_bad_images(void **state)
{
	struct test_mem t;

	(void)state;
	test_mem_init(&t, MIB(64));
	REFUSED(-EINVAL, "not a Linux bzImage", put(0x1fe, 0, 2));
	REFUSED(-EINVAL, "not a Linux bzImage", put(0x202, 0, 4));
	REFUSED(-EINVAL, "gzip", put(0x202, 0, 4), memcpy(image, "\037\213", 2));
	REFUSED(-EINVAL, "2.06", put(0x206, 0x206, 2));
	REFUSED(-EINVAL, "2.11", put(0x206, 0x20b, 2));
	REFUSED(-EINVAL, "zImage", put(0x211, 0, 1));
	REFUSED(-EINVAL, "truncated", put(0x1f4, BODY / 16 + 1, 4));
	REFUSED(-EINVAL, "truncated", put(0x1f4, UINT32_MAX, 4));
	REFUSED(-EINVAL, "truncated", put(0x1f1, 255, 1));
	REFUSED(-EINVAL, "loaded at 0x0", put(0x258, 0, 8));
	REFUSED(-EINVAL, "loaded at 0xff000", put(0x258, 0xff000, 8));
	REFUSED(-EINVAL, "loaded at 0x1000001", put(0x258, 0x1000001, 8));
	REFUSED(-EINVAL, "loaded at 0xffff", put(0x258, ~0xfffull, 8));
	REFUSED(-EINVAL, "loaded at 0xc0000000", put(0x258, GIB(3), 8));
	REFUSED(-ENOMEM, "at least 80 MiB of memory below 3 GiB, the VM has 64 MiB",
		put(0x260, MIB(64), 4));
	REFUSED(-ENOMEM, "memory below 3 GiB, the VM", put(0x260, UINT32_MAX, 4));
	/* an init_size that is smaller than the file says does not count */
	good_image();
	put(0x260, 1, 4);
	assert_int_equal(load(&t), 0);
	test_mem_free(&t);
	test_mem_init(&t, 0x1000000 + BODY - PAGE_SIZE);
	check_refusal(&t, -ENOMEM, "at least 17 MiB");
	test_mem_free(&t);
}

static void refuses_every_cut(void **state)
{
	struct test_mem t;

	(void)state;
	good_image();
	test_mem_init(&t, MIB(64));
	/* syssize is in paragraphs: up to 15 bytes may be missing from the last */
	for (uint64_t n = 0; n < SIZE - 15; n += n < 0x300 ? 1 : 13)
		assert_int_equal(load_cut(&t, n, no_initrd), -EINVAL);
	assert_int_equal(load_cut(&t, SIZE - 16, no_initrd), -EINVAL);
	assert_int_equal(load_cut(&t, SIZE - 15, no_initrd), 0);
	assert_int_equal(bzimage_load(&t.m, &(struct pc_image){.cmdline = ""}, &start), -EINVAL);
	assert_non_null(strstr(t.m.why, "empty"));
	test_mem_free(&t);
}

static void command_lines(void **state)
{
	static char text[5000];
	struct test_mem t;

	(void)state;
	good_image();
	test_mem_init(&t, MIB(64));
	memset(text, 'x', sizeof(text));
	cmdline = text;
	text[2047] = 0;
	assert_int_equal(load(&t), 0);
	assert_string_equal((char *)t.ram + GUEST_CMDLINE, text);
	text[2047] = 'x';
	text[2048] = 0;
	check_refusal(&t, -EINVAL, "2048 characters, the kernel takes 2047");
	/* never more than the page for it */
	put(0x238, UINT32_MAX, 4);
	text[2048] = 'x';
	text[4096] = 0;
	check_refusal(&t, -EINVAL, "the kernel takes 4095");
	text[4095] = 0;
	assert_int_equal(load(&t), 0);
	assert_int_equal(test_mem_get(&t, start.cr3, 8) & ~0x60ull, (start.cr3 + PAGE_SIZE) | 3);
	cmdline = "console=ttyS0";
	test_mem_free(&t);
}

static void every_write_may_fail(void **state)
{
	const struct load_file initrd = {image, 100};
	struct test_mem t;

	(void)state;
	good_image();
	test_mem_init(&t, MIB(64));
	for (boot = BOOT_LINUX; boot <= BOOT_LINUX16; boot++)
		for (long n = 0;; n++) {
			t.fail_after = n;
			if (load_cut(&t, SIZE, initrd) == 0)
				break;
			assert_non_null(strstr(t.m.why, "cannot be written"));
			assert_in_range(n, 0, 4000);
		}
	boot = BOOT_AUTO;
	test_mem_free(&t);
}

/* The header of Debian 12's 6.1 kernel, with its body made short. */
static void debian_header(void **state)
{
	struct test_mem t;

	(void)state;
	good_image();
	put(0x201, 0x6a, 1);
	put(0x260, 0x3378000, 4);
	test_mem_init(&t, MIB(64));
	check_refusal(&t, -ENOMEM, "at least 68 MiB");
	test_mem_free(&t);
	test_mem_init(&t, MIB(68));
	assert_int_equal(load(&t), 0);
	test_mem_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_a_good_image),
		cmocka_unit_test(header_length),
		cmocka_unit_test(memory_map),
		cmocka_unit_test(initrd_placement),
		cmocka_unit_test(starts_a_32_bit_kernel),
		cmocka_unit_test(starts_in_real_mode),
		cmocka_unit_test(too_much_setup_code),
		cmocka_unit_test(refuses_bad_images),
		cmocka_unit_test(refuses_every_cut),
		cmocka_unit_test(command_lines),
		cmocka_unit_test(every_write_may_fail),
		cmocka_unit_test(debian_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
