/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's ELF file: each check, each truncation, each flipped bit. */
/* sources: boot/elf.c kernel/elf.c */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "boot/elf.h"
#include "kernel/errno.h"
#include "kernel/string.h"

#define BASE 0xffffffff80000000ull

static struct {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[3];
	uint8_t text[256], data[64];
} good;

static int setup(void **state)
{
	(void)state;
	memset(&good, 0, sizeof(good));
	memcpy(good.eh.e_ident, ELFMAG, SELFMAG);
	good.eh.e_ident[EI_CLASS] = ELFCLASS64;
	good.eh.e_ident[EI_DATA] = ELFDATA2LSB;
	good.eh.e_ident[EI_VERSION] = EV_CURRENT;
	good.eh.e_type = ET_EXEC;
	good.eh.e_machine = EM_X86_64;
	good.eh.e_entry = BASE + 16;
	good.eh.e_phoff = offsetof(typeof(good), ph);
	good.eh.e_phentsize = sizeof(Elf64_Phdr);
	good.eh.e_phnum = 3;
	good.ph[0] = (Elf64_Phdr){.p_type = PT_LOAD,
				  .p_flags = PF_R | PF_X,
				  .p_offset = offsetof(typeof(good), text),
				  .p_vaddr = BASE,
				  .p_filesz = sizeof(good.text),
				  .p_memsz = sizeof(good.text)};
	good.ph[1] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = UINT64_MAX, .p_filesz = 9};
	good.ph[2] = (Elf64_Phdr){.p_type = PT_LOAD,
				  .p_flags = PF_R | PF_W,
				  .p_offset = offsetof(typeof(good), data),
				  .p_vaddr = BASE + 0x1000,
				  .p_filesz = sizeof(good.data),
				  .p_memsz = 0x1800};
	memset(good.text, 0x11, sizeof(good.text));
	memset(good.data, 0x22, sizeof(good.data));
	return 0;
}

static int check(struct elf_image *img)
{
	const char *why;

	return elf_check(&good, sizeof(good), BASE, img, &why);
}

static void refused(const char *part)
{
	struct elf_image img;
	const char *why = NULL;

	assert_int_equal(elf_check(&good, sizeof(good), BASE, &img, &why), -EINVAL);
	assert_non_null(strstr(why, part));
	setup(NULL);
}

static void a_good_file_is_laid_out(void **state)
{
	struct elf_image img;
	uint8_t *image;

	(void)state;
	assert_int_equal(check(&img), 0);
	assert_int_equal(img.entry, BASE + 16);
	assert_int_equal(img.size, 0x2800);
	image = malloc(img.size);
	memset(image, 0xee, img.size);
	elf_load(&good, BASE, &img, image);
	for (unsigned i = 0; i < img.size; i++)
		assert_int_equal(image[i], i < 256 ? 0x11 : i >= 0x1000 && i < 0x1040 ? 0x22 : 0);
	free(image);
}

static void the_header_is_checked(void **state)
{
	(void)state;
	good.eh.e_ident[1] = 'X';
	refused("not an ELF file");
	good.eh.e_ident[EI_CLASS] = ELFCLASS32;
	refused("for x86");
	good.eh.e_ident[EI_DATA] = ELFDATA2MSB;
	refused("for x86");
	good.eh.e_type = ET_DYN;
	refused("static executable");
	good.eh.e_machine = EM_386;
	refused("for x86");
	good.eh.e_phentsize = 32;
	refused("no program headers");
	good.eh.e_phnum = 0;
	refused("no program headers");
	good.eh.e_phnum = UINT16_MAX;
	refused("truncated");
	good.eh.e_phoff = sizeof(good) - sizeof(good.ph) + 1;
	refused("truncated");
	good.eh.e_phoff = UINT64_MAX - 8;
	refused("truncated");
}

static void segments_are_checked(void **state)
{
	struct elf_image img;

	(void)state;
	good.ph[2].p_offset++;
	refused("truncated");
	good.ph[2].p_offset = UINT64_MAX;
	refused("truncated");
	good.ph[2].p_filesz = UINT64_MAX;
	refused("truncated");
	good.ph[0].p_memsz--;
	refused("larger in the file");
	good.ph[0].p_vaddr = BASE - 1;
	refused("not in order");
	good.ph[2].p_vaddr = BASE + 255;
	refused("not in order");
	good.ph[2].p_memsz = ELF_IMAGE_MAX - 0x1000 + 1;
	refused("64 MiB");
	good.ph[2].p_memsz = UINT64_MAX;
	refused("64 MiB");
	good.ph[2].p_vaddr = UINT64_MAX - 0x100;
	refused("64 MiB");

	good.ph[2].p_vaddr = BASE + 256;
	assert_int_equal(check(&img), 0);
	good.ph[2].p_memsz = ELF_IMAGE_MAX - 256;
	assert_int_equal(check(&img), 0);
	assert_int_equal(img.size, ELF_IMAGE_MAX);
}

static void the_entry_must_be_code_of_the_file(void **state)
{
	(void)state;
	good.eh.e_entry = BASE - 1;
	refused("entry point");
	good.eh.e_entry = BASE + 256;
	refused("entry point");
	good.eh.e_entry = BASE + 0x1000;
	refused("entry point");
	good.ph[0].p_type = PT_NULL;
	refused("entry point");
	good.ph[0].p_flags = PF_R;
	refused("entry point");
}

/* At its exact length in memory of its own, so that the sanitizer sees a byte beyond. */
static void every_truncation_is_refused(void **state)
{
	struct elf_image img;
	const char *why;

	(void)state;
	for (size_t n = 0; n < sizeof(good); n++) {
		void *copy = malloc(n ? n : 1);

		memcpy(copy, &good, n);
		assert_int_equal(elf_check(copy, n, BASE, &img, &why), -EINVAL);
		assert_non_null(why);
		free(copy);
	}
}

/* What is still accepted with a bit of its headers flipped can be loaded. */
static void every_flipped_bit_is_refused_or_loadable(void **state)
{
	size_t headers = sizeof(good.eh) + sizeof(good.ph);
	uint8_t *image = malloc(ELF_IMAGE_MAX);
	unsigned accepted = 0;

	(void)state;
	for (size_t bit = 0; bit < headers * 8; bit++) {
		struct elf_image img;

		((uint8_t *)&good)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (!check(&img)) {
			assert_true(img.size <= ELF_IMAGE_MAX);
			if (img.size < MIB(1)) /* the large ones only take time */
				elf_load(&good, BASE, &img, image);
			accepted++;
		}
		((uint8_t *)&good)[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_true(accepted > 100);
	free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_good_file_is_laid_out, setup),
		cmocka_unit_test_setup(the_header_is_checked, setup),
		cmocka_unit_test_setup(segments_are_checked, setup),
		cmocka_unit_test_setup(the_entry_must_be_code_of_the_file, setup),
		cmocka_unit_test_setup(every_truncation_is_refused, setup),
		cmocka_unit_test_setup(every_flipped_bit_is_refused_or_loadable, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
