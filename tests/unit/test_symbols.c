/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Symbol lookup: in this test's own file, in one made by hand, and in damaged ones. */
/* sources: kernel/symbols.c */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/errno.h"
#include "kernel/symbols.h"

#define NAMES "\0func\0label\0local\0data\0undef\0last"
enum { N_FUNC = 1, N_LABEL = 6, N_LOCAL = 12, N_DATA = 18, N_UNDEF = 23, N_LAST = 29 };

/* As the file has it: the tables are not aligned. */
struct __attribute__((packed)) file {
	Elf64_Ehdr header;
	char odd;
	Elf64_Sym sym[8];
	char names[sizeof(NAMES)];
	Elf64_Shdr section[3];
};

static struct file make(void)
{
	struct file f = {
		.header = {.e_ident = "\177ELF\2\1\1",
			   .e_shoff = offsetof(struct file, section),
			   .e_shentsize = sizeof(Elf64_Shdr),
			   .e_shnum = 3},
		.names = NAMES,
		.sym = {{0},
			{N_LABEL, ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), 0, 1, 0x1000, 0},
			{N_FUNC, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0x1000, 0x20},
			{N_LOCAL, ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), 0, 1, 0x1010, 0},
			{N_DATA, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), 0, 2, 0x1008, 0x100},
			{N_UNDEF, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, SHN_UNDEF, 0x1004, 0x100},
			{N_UNDEF, ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE), 0, SHN_ABS, 0x1004, 0x100},
			{N_LAST, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0x40000, 0x10}},
		.section = {{0},
			    {.sh_type = SHT_SYMTAB,
			     .sh_offset = offsetof(struct file, sym),
			     .sh_size = sizeof(f.sym),
			     .sh_link = 2,
			     .sh_entsize = sizeof(Elf64_Sym)},
			    {.sh_type = SHT_STRTAB,
			     .sh_offset = offsetof(struct file, names),
			     .sh_size = sizeof(NAMES)}},
	};
	return f;
}

/* As arch/x86/panic.c does, for addresses that are no return addresses. */
static int name_of(const void *file, size_t size, uint64_t addr, char *to, size_t to_size)
{
	struct symbols s;
	uint64_t offset;
	const char *name;
	int err = symbols_init(&s, file, size);

	if (err)
		return err;
	name = symbols_find(&s, addr, &offset);
	if (!name)
		return -ENOENT;
	snprintf(to, to_size, "%s+0x%llx", name, (unsigned long long)offset);
	return 0;
}

/* On the heap and exactly as large as it is, so that a read beyond is caught. */
static int lookup(const void *file, size_t size, uint64_t addr, char name[64])
{
	char *copy = malloc(size ? size : 1);
	int err;

	memcpy(copy, file, size);
	err = name_of(copy, size, addr, name, 64);
	free(copy);
	return err;
}

static void finds(const struct file *f, uint64_t addr, const char *want)
{
	char name[64] = "";
	int err = lookup(f, sizeof(*f), addr, name);

	assert_int_equal(err, want ? 0 : -ENOENT);
	if (want)
		assert_string_equal(name, want);
}

static void test_lookup(void **state)
{
	struct file f = make();

	(void)state;
	finds(&f, 0, NULL);
	finds(&f, 0xfff, NULL);
	finds(&f, 0x1000, "func+0x0"); /* not the label */
	finds(&f, 0x100f, "func+0xf"); /* not data, nor what is not in the file */
	finds(&f, 0x1010, "local+0x0");
	finds(&f, 0x1fff, "local+0xfef");
	finds(&f, 0x1010 + 0xffff, "local+0xffff");
	finds(&f, 0x1010 + 0x10000, NULL);
	finds(&f, 0x4000f, "last+0xf");
	finds(&f, 0x40010, NULL);
	finds(&f, UINT64_MAX, NULL);
}

static void test_bad_names(void **state)
{
	struct file f = make();

	(void)state;
	f.sym[7].st_name = sizeof(NAMES); /* behind the table */
	finds(&f, 0x40000, NULL);
	f.sym[7].st_name = UINT32_MAX;
	finds(&f, 0x40000, NULL);
	f.sym[7].st_name = 0; /* empty */
	finds(&f, 0x40000, NULL);
	f.sym[7].st_name = N_LAST;
	f.section[2].sh_size = N_LAST; /* it is not part of the table */
	finds(&f, 0x40000, NULL);
	finds(&f, 0x1000, "func+0x0");
	f.section[2].sh_size = N_LAST + 4; /* nor is its NUL */
	finds(&f, 0x1000, NULL);
	f.section[2].sh_size = 0;
	finds(&f, 0x40000, NULL);
	/* A symbol that wraps around. */
	f = make();
	f.sym[7].st_value = UINT64_MAX - 1;
	f.sym[7].st_size = UINT64_MAX;
	finds(&f, UINT64_MAX, "last+0x1");
	finds(&f, 0, NULL);
}

static void test_bad_files(void **state)
{
	struct file f = make();
	char name[64];

	(void)state;
#define BAD(error, change)                                                                         \
	do {                                                                                       \
		f = make();                                                                        \
		change;                                                                            \
		assert_int_equal(lookup(&f, sizeof(f), 0x1000, name), error);                      \
	} while (0)
	BAD(-EINVAL, f.header.e_ident[0] = 0);
	BAD(-EINVAL, f.header.e_ident[EI_CLASS] = ELFCLASS32);
	BAD(-EINVAL, f.header.e_ident[EI_DATA] = ELFDATA2MSB);
	BAD(-EINVAL, f.header.e_shentsize = 40);
	BAD(-EINVAL, f.header.e_shoff = sizeof(f) + 1);
	BAD(-EINVAL, f.header.e_shoff = UINT64_MAX);
	BAD(-EINVAL, f.header.e_shnum = 4);
	BAD(-ENOENT, f.header.e_shnum = 0);
	BAD(-ENOENT, f.section[1].sh_type = SHT_PROGBITS);
	BAD(-ENOENT, f.section[1].sh_offset = sizeof(f));
	BAD(-ENOENT, f.section[1].sh_size = UINT64_MAX);
	BAD(-ENOENT, f.section[1].sh_link = 3);
	BAD(-ENOENT, f.section[1].sh_link = UINT32_MAX);
	BAD(-ENOENT, f.section[2].sh_offset = UINT64_MAX);
	/* Cut anywhere: the section headers come last here. */
	f = make();
	for (size_t n = 0; n < sizeof(f); n++)
		assert_int_equal(lookup(&f, n, 0x1000, name), -EINVAL);
}

static void test_random_damage(void **state)
{
	char name[64];

	(void)state;
	srand(3);
	for (unsigned round = 0; round < 100000; round++) {
		struct file f = make();
		uint8_t *bytes = (uint8_t *)&f;

		for (unsigned n = 1 + (unsigned)rand() % 4; n; n--)
			bytes[(size_t)rand() % sizeof(f)] ^= (uint8_t)(1u << rand() % 8);
		lookup(&f, sizeof(f), 0x1000 + (uint64_t)rand() % 64, name);
	}
}

extern const char __executable_start[];

static void test_own_file(void **state)
{
	static char file[8 << 20];
	FILE *exe = fopen("/proc/self/exe", "rb");
	size_t size;
	char name[64];

	(void)state;
	assert_non_null(exe);
	size = fread(file, 1, sizeof(file), exe);
	fclose(exe);
	/* Position-independent: symbol values count from the start of the image. */
	assert_int_equal(
		name_of(file, size,
			(uint64_t)((uintptr_t)symbols_find - (uintptr_t)__executable_start) + 3,
			name, sizeof(name)),
		0);
	assert_string_equal(name, "symbols_find+0x3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),    cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_bad_files), cmocka_unit_test(test_random_damage),
		cmocka_unit_test(test_own_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
