/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's ACPI tables: good ones of several kinds, and firmware that is wrong. */
/* sources: arch/x86/acpi.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/acpi.h"
#include "kernel/errno.h"

/* Physical memory from BASE on; everything else cannot be mapped. */
#define BASE 0x7fe00000ull
#define MEM  0x4000u

static uint8_t *mem;
static char warnings[4096];
static unsigned warned;
static struct acpi_info info;

/* A block of exactly len bytes each time, so that a read beyond is caught. */
static void *mapped[64];
static unsigned mapped_count;

const void *acpi_map(hpa_t pa, uint64_t len)
{
	void *p;

	assert_in_range(len, 1, ACPI_MAX_TABLE);
	if (pa < BASE || pa - BASE > MEM || len > MEM - (pa - BASE))
		return NULL;
	p = memcpy(malloc(len), mem + (pa - BASE), len);
	assert_true(mapped_count < 64);
	mapped[mapped_count++] = p;
	return p;
}

static void unmap_all(void)
{
	while (mapped_count)
		free(mapped[--mapped_count]);
}

void acpi_warn(const char *table, const char *sentence)
{
	warned++;
	assert_int_equal(strlen(table), 4);
	strcat(strcat(strcat(strcat(warnings, table), " "), sentence), "\n");
}

static int parse(hpa_t rsdp)
{
	int err;

	warnings[0] = 0;
	warned = 0;
	err = acpi_parse(rsdp, &info);
	unmap_all();
	return err;
}

static void put(unsigned at, uint64_t v, unsigned size)
{
	memcpy(mem + at, &v, size);
}

static void sum(unsigned at, unsigned size, unsigned where)
{
	uint8_t s = 0;

	mem[at + where] = 0;
	for (unsigned i = 0; i < size; i++)
		s = (uint8_t)(s + mem[at + i]);
	mem[at + where] = (uint8_t)-s;
}

/* Header and sum of a table whose body is in place. */
static void table(unsigned at, const char *signature, unsigned size)
{
	memcpy(mem + at, signature, 4);
	put(at + 4, size, 4);
	sum(at, size, 9);
}

enum { RSDP = 0x10, XSDT = 0x100, MADT = 0x400, FADT = 0x1000, DSDT = 0x1200 };

static unsigned madt_size;

static void madt_add(const uint8_t *e)
{
	memcpy(mem + MADT + madt_size, e, e[1]);
	madt_size += e[1];
	table(MADT, "APIC", madt_size);
}

#define MADT_ADD(...) madt_add((const uint8_t[]){__VA_ARGS__})

static void list(unsigned tables)
{
	static const unsigned where[] = {MADT, FADT};

	for (unsigned i = 0; i < tables; i++)
		put(XSDT + 36 + 8 * i, BASE + where[i], 8);
	table(XSDT, "XSDT", 36 + 8 * tables);
}

static void rsdp(void)
{
	memcpy(mem + RSDP, "RSD PTR ", 8);
	mem[RSDP + 15] = 2;
	put(RSDP + 16, 0xdeadbeef, 4);
	put(RSDP + 20, 36, 4);
	put(RSDP + 24, BASE + XSDT, 8);
	sum(RSDP, 20, 8);
	sum(RSDP, 36, 32);
}

#define FADT_SIZE 244u

static void fadt(void)
{
	put(FADT + 40, BASE + DSDT, 4);
	put(FADT + 48, 0xb2, 4);
	mem[FADT + 52] = 0xa0;
	put(FADT + 56, 0x600, 4);
	put(FADT + 64, 0x604, 4);
	put(FADT + 76, 0x608, 4);
	mem[FADT + 88] = 4;
	mem[FADT + 89] = 2;
	mem[FADT + 91] = 4;
	put(FADT + 109, 3, 2);
	put(FADT + 112, 1u << 8 | 1u << 10, 4);
	memcpy(mem + FADT + 116, "\1\10\0\1\xf9\x0c\0\0\0\0\0\0\6", 13);
	table(FADT, "FACP", FADT_SIZE);
}

static const uint8_t s5[] = {0x08, '_', 'S', '5', '_', 0x12, 0x08, 4, 0x0a, 5, 0x0a, 6, 0, 0};

static void dsdt(const uint8_t *aml, unsigned n)
{
	memcpy(mem + DSDT + 36 + 7, aml, n);
	table(DSDT, "DSDT", 36 + 7 + n);
}

static int setup(void **state)
{
	(void)state;
	mem = calloc(1, MEM);
	madt_size = 44;
	put(MADT + 36, 0xfee00000, 4);
	put(MADT + 40, 1, 4);
	table(MADT, "APIC", madt_size);
	fadt();
	dsdt(s5, sizeof(s5));
	list(2);
	rsdp();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(mem);
	return 0;
}

static void check_clean(void)
{
	if (warnings[0])
		fail_msg("%s", warnings);
}

static void check_warns(const char *text)
{
	if (!strstr(warnings, text))
		fail_msg("\"%s\" does not say \"%s\"", warnings, text);
}

static void processors(void **state)
{
	(void)state;
	MADT_ADD(0, 8, 1, 10, 1, 0, 0, 0);
	MADT_ADD(0, 8, 2, 11, 0, 0, 0, 0); /* disabled: an empty socket */
	MADT_ADD(0, 8, 3, 12, 2, 0, 0, 0); /* can be plugged in later */
	MADT_ADD(0, 8, 4, 10, 1, 0, 0, 0); /* the id is there already */
	MADT_ADD(0, 8, 5, 255, 1, 0, 0, 0);
	MADT_ADD(0, 8, 6, 13, 0, 0, 0, 0); /* disabled here, enabled below */
	MADT_ADD(0, 8, 7, 13, 1, 0, 0, 0);
	MADT_ADD(9, 16, 0, 0, 0x34, 0x12, 0, 0, 1, 0, 0, 0, 0x78, 0x56, 0, 0);
	MADT_ADD(9, 16, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0); /* as local APIC above */
	MADT_ADD(9, 16, 0, 0, 255, 255, 255, 255, 1, 0, 0, 0, 1, 0, 0, 0);
	assert_int_equal(parse(BASE + RSDP), 0);
	check_clean();
	assert_int_equal(info.cpu_count, 3);
	assert_int_equal(info.apic_id[0], 10);
	assert_int_equal(info.apic_id[1], 13);
	assert_int_equal(info.apic_id[2], 0x1234);
}

static void interrupts(void **state)
{
	(void)state;
	MADT_ADD(1, 12, 8, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0);
	MADT_ADD(1, 12, 9, 0, 0, 0x10, 0xc0, 0xfe, 24, 0, 0, 0);
	MADT_ADD(2, 10, 0, 0, 2, 0, 0, 0, 0, 0);
	MADT_ADD(2, 10, 0, 9, 9, 0, 0, 0, 0x0d, 0);
	MADT_ADD(2, 10, 0, 11, 20, 0, 0, 0, 0x0f, 0);
	MADT_ADD(4, 6, 255, 0, 0, 1); /* NMI: not looked at */
	MADT_ADD(5, 12, 0, 0, 0, 0, 0, 0xd0, 1, 0, 0, 0);
	assert_int_equal(parse(BASE + RSDP), 0);
	check_clean();
	assert_int_equal(info.ioapic_count, 2);
	assert_int_equal(info.ioapic[1].address, 0xfec01000);
	assert_int_equal(info.ioapic[1].gsi_base, 24);
	assert_int_equal(info.override_count, 3);
	assert_true(info.override[0].gsi == 2 && !info.override[0].low && !info.override[0].level);
	assert_true(info.override[1].gsi == 9 && !info.override[1].low && info.override[1].level);
	assert_true(info.override[2].gsi == 20 && info.override[2].low && info.override[2].level);
	assert_int_equal(info.lapic, 0x1d0000000);
}

static void fixed_hardware(void **state)
{
	(void)state;
	assert_int_equal(parse(BASE + RSDP), 0);
	check_clean();
	assert_true(info.has_s5);
	assert_int_equal(info.pm_timer, 0x608);
	assert_int_equal(info.pm1a_cnt, 0x604);
	assert_int_equal(info.pm1b_cnt, 0);
	assert_int_equal(info.smi_cmd, 0xb2);
	assert_int_equal(info.acpi_enable, 0xa0);
	assert_int_equal(info.reset, 0xcf9);
	assert_int_equal(info.reset_value, 6);
	assert_int_equal(info.slp_typa, 5);
	assert_int_equal(info.slp_typb, 6);

	/* extended blocks win, where they are: ports, or memory, which is not used */
	memcpy(mem + FADT + 172, "\1\20\0\2\4\x12\0\0\0\0\0\0", 12);
	memcpy(mem + FADT + 184, "\1\20\0\2\x14\x12\0\0\0\0\0\0", 12);
	memcpy(mem + FADT + 208, "\0\40\0\3\0\0\0\xe0\0\0\0\0", 12);
	put(FADT + 112, 0, 4);
	table(FADT, "FACP", FADT_SIZE);
	assert_int_equal(parse(BASE + RSDP), 0);
	assert_int_equal(info.pm1a_cnt, 0x1204);
	assert_int_equal(info.pm1b_cnt, 0x1214);
	assert_int_equal(info.pm_timer, 0);
	assert_false(info.reset);
	/* no timer; a reset register in a space that cannot be used */
	mem[FADT + 91] = 0;
	put(FADT + 112, 1u << 10, 4);
	mem[FADT + 116] = 0x7f;
	table(FADT, "FACP", FADT_SIZE);
	assert_int_equal(parse(BASE + RSDP), 0);
	assert_int_equal(info.pm_timer, 0);
	assert_int_equal(info.reset, 0);
	/* hardware-reduced: no PM1 registers whatever is written there */
	put(FADT + 112, 1u << 20, 4);
	table(FADT, "FACP", FADT_SIZE);
	assert_int_equal(parse(BASE + RSDP), 0);
	assert_int_equal(info.pm1a_cnt | info.pm1b_cnt | info.pm_timer, 0);
	/* ACPI 1.0: 116 bytes */
	fadt();
	table(FADT, "FACP", 116);
	assert_int_equal(parse(BASE + RSDP), 0);
	check_clean();
	assert_int_equal(info.pm_timer, 0x608);
	assert_int_equal(info.pm1a_cnt, 0x604);
	assert_int_equal(info.reset, 0);
	assert_true(info.has_s5);
	/* X_DSDT wins */
	fadt();
	put(FADT + 40, 0x1234, 4);
	put(FADT + 140, BASE + DSDT, 8);
	table(FADT, "FACP", FADT_SIZE);
	assert_int_equal(parse(BASE + RSDP), 0);
	check_clean();
	assert_true(info.has_s5);
}

static void sleep_types(void **state)
{
	static const struct {
		uint8_t aml[24];
		unsigned size;
		int a, b; /* -1: not there */
	} t[] = {
		{{0x08, '\\', '_', 'S', '5', '_', 0x12, 6, 2, 0, 1}, 11, 0, 1},
		{{0x08, '_', 'S', '5', '_', 0x12, 6, 2, 0xff, 0x0a, 7}, 11, 7, 7},
		{{0x08, '_', 'S', '5', '_', 0x12, 0x4a, 0x00, 4, 0x0b, 3, 0, 0x0a, 2, 0, 0},
		 16,
		 3,
		 2},
		/* more than three bits: only those count */
		{{0x08, '_', 'S', '5', '_', 0x12, 7, 2, 0x0a, 0x0d, 1}, 11, 5, 1},
		/* a reference, not a definition; not a package; other things than integers */
		{{0x70, '_', 'S', '5', '_', 0x12, 6, 2, 0, 1}, 10, -1, -1},
		{{0x08, '_', 'S', '5', '_', 0x0a, 6, 2, 0, 1}, 10, -1, -1},
		{{0x08, '_', 'S', '5', '_', 0x12, 6, 2, 0x0d, 'x'}, 10, -1, -1},
		{{0x08, '_', 'S', '5', '_', 0x12, 6, 2, 1, 0x0d}, 10, -1, -1},
		/* the table ends within it */
		{{0x08, '_', 'S', '5', '_', 0x12, 6, 2, 1}, 9, -1, -1},
		{{0x08, '_', 'S', '5', '_', 0x12, 6, 2, 1, 0x0a}, 10, -1, -1},
		{{0x08, '_', 'S', '5', '_', 0x12, 6, 2}, 8, -1, -1},
		{{0x08, '_', 'S', '5', '_', 0x12, 0xc6}, 7, -1, -1},
		{{0x08, '_', 'S', '5', '_', 0x12}, 6, -1, -1},
		{{0x08, '_', 'S', '5', '_'}, 5, -1, -1},
		{{0x08, '_', 'S', '5'}, 4, -1, -1},
		/* a decoy first */
		{{'_', 'S', '5', '_', 8, '_', 'S', '5', '_', 0x12, 6, 2, 1, 1}, 14, 1, 1},
	};

	(void)state;
	for (unsigned n = 0; n < ARRAY_SIZE(t); n++) {
		memset(mem + DSDT, 0, 128);
		dsdt(t[n].aml, t[n].size);
		assert_int_equal(parse(BASE + RSDP), 0);
		if (info.has_s5 != (t[n].a >= 0) ||
		    (info.has_s5 && (info.slp_typa != t[n].a || info.slp_typb != t[n].b)))
			fail_msg("case %u: %d %u %u", n, info.has_s5, info.slp_typa, info.slp_typb);
		if (t[n].a < 0)
			check_warns("_S5_");
	}
	/* right behind the header */
	memcpy(mem + DSDT + 36, s5, sizeof(s5));
	table(DSDT, "DSDT", 36 + sizeof(s5));
	assert_int_equal(parse(BASE + RSDP), 0);
	assert_true(info.has_s5 && info.slp_typb == 6);
}

static void root_pointers(void **state)
{
	(void)state;
	assert_int_equal(parse(0), -ENOENT);
	assert_int_equal(parse(BASE + MEM - 10), -ENOENT);
	assert_int_equal(parse(UINT64_MAX - 5), -ENOENT);
	assert_int_equal(parse(BASE), -ENOENT);
	check_warns("RSDP");
	/* the extended sum is wrong */
	mem[RSDP + 33] ^= 1;
	assert_int_equal(parse(BASE + RSDP), -ENOENT);
	check_warns("wrong checksum");
	/* no XSDT, a broken one, one that is something else */
	rsdp();
	put(RSDP + 24, 0, 8);
	sum(RSDP, 36, 32);
	assert_int_equal(parse(BASE + RSDP), -ENOENT);
	check_warns("RSDP points to a table outside");
	rsdp();
	mem[XSDT + 20] ^= 1;
	assert_int_equal(parse(BASE + RSDP), -ENOENT);
	check_warns("XSDT table has a wrong checksum");
	table(XSDT, "XXDT", 44);
	assert_int_equal(parse(BASE + RSDP), -ENOENT);
	check_warns("XSDT is not what");
	/* an empty one */
	list(0);
	assert_int_equal(parse(BASE + RSDP), 0);
	assert_false(info.has_s5 || info.has_madt);
	list(2);
	mem[RSDP + 3] = 'x';
	sum(RSDP, 36, 32);
	assert_int_equal(parse(BASE + RSDP), -ENOENT);
}

static void broken_tables_are_skipped(void **state)
{
	(void)state;
	/* a table that cannot be mapped beside good ones */
	put(XSDT + 36 + 16, 0x1000, 8);
	table(XSDT, "XSDT", 36 + 24);
	assert_int_equal(parse(BASE + RSDP), 0);
	assert_true(info.has_madt && info.has_s5);
	/* lengths below the header, above any sense, beyond memory */
	put(MADT + 4, 35, 4);
	assert_int_equal(parse(BASE + RSDP), 0);
	check_warns("APIC table has an impossible length");
	check_warns("APIC table is not there");
	assert_false(info.has_madt);
	assert_true(info.has_s5);
	put(MADT + 4, UINT32_MAX, 4);
	assert_int_equal(parse(BASE + RSDP), 0);
	check_warns("impossible length");
	put(MADT + 4, ACPI_MAX_TABLE, 4);
	assert_int_equal(parse(BASE + RSDP), 0);
	check_warns("ends outside memory");
	/* good sums but too short to be what they say */
	table(MADT, "APIC", 40);
	table(FADT, "FACP", 115);
	assert_int_equal(parse(BASE + RSDP), 0);
	check_warns("APIC table is too short");
	check_warns("FACP table is too short");
	assert_false(info.has_madt || info.pm1a_cnt || info.has_s5);
	/* the DSDT is not there, or broken: no power-off, all else works */
	fadt();
	put(FADT + 40, 0x1000, 4);
	table(FADT, "FACP", FADT_SIZE);
	assert_int_equal(parse(BASE + RSDP), 0);
	check_warns("points to a table outside memory");
	assert_true(info.pm1a_cnt && !info.has_s5);
	fadt();
	mem[DSDT + 50] ^= 1;
	assert_int_equal(parse(BASE + RSDP), 0);
	check_warns("DSDT table has a wrong checksum");
	/* names that are not text do not get into the log */
	put(DSDT, 0x1b07ff00, 4);
	assert_int_equal(parse(BASE + RSDP), 0);
	check_warns("???? table");
	/* no tables at all */
	list(0);
	assert_int_equal(parse(BASE + RSDP), 0);
	assert_false(info.has_madt || info.pm1a_cnt || info.has_s5);
	assert_int_equal(warned, 2);
}

static void broken_madt_entries(void **state)
{
	static const uint8_t lengths[] = {0, 1, 9, 255};

	(void)state;
	MADT_ADD(0, 8, 1, 10, 1, 0, 0, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		unsigned size = madt_size;

		memcpy(mem + MADT + size, (uint8_t[]){0, lengths[i], 1, 11, 1, 0, 0, 0}, 8);
		table(MADT, "APIC", size + 8);
		assert_int_equal(parse(BASE + RSDP), 0);
		check_warns("entry of impossible length");
		assert_int_equal(info.cpu_count, 1);
	}
	/* too short for its type: skipped, the next is taken */
	memset(mem + MADT + madt_size, 0, 16);
	MADT_ADD(1, 8, 8, 0, 0, 0, 0xc0, 0xfe);
	MADT_ADD(9, 12, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0);
	MADT_ADD(0, 8, 1, 12, 1, 0, 0, 0);
	assert_int_equal(parse(BASE + RSDP), 0);
	check_warns("too short; it is ignored");
	assert_int_equal(info.cpu_count, 2);
	assert_int_equal(info.ioapic_count, 0);
	/* one byte is left over */
	mem[MADT + madt_size] = 0;
	table(MADT, "APIC", madt_size + 1);
	assert_int_equal(parse(BASE + RSDP), 0);
	assert_int_equal(info.cpu_count, 2);
}

static void more_than_there_is_room_for(void **state)
{
	(void)state;
	put(XSDT + 36, BASE + 0x1800, 8); /* MADT and its many entries do not fit at 0x400 */
	table(XSDT, "XSDT", 36 + 16);
	memcpy(mem + 0x1800, mem + MADT, 44);
	for (unsigned i = 0; i < ACPI_MAX_CPUS + 3; i++)
		memcpy(mem + 0x1800 + 44 + i * 16,
		       (uint8_t[]){9, 16, 0, 0, (uint8_t)i, (uint8_t)(i >> 8), 0, 0, 1, 0, 0, 0, 0,
				   0, 0, 0},
		       16);
	table(0x1800, "APIC", 44 + (ACPI_MAX_CPUS + 3) * 16);
	assert_int_equal(parse(BASE + RSDP), 0);
	assert_int_equal(info.cpu_count, ACPI_MAX_CPUS);
	assert_int_equal(warned, 3);
	check_warns("more than 256 processors");

	put(XSDT + 36, BASE + MADT, 8);
	table(XSDT, "XSDT", 36 + 16);
	for (unsigned i = 0; i < ACPI_MAX_IOAPICS + 1; i++)
		MADT_ADD(1, 12, (uint8_t)i, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	for (unsigned i = 0; i < ACPI_MAX_OVERRIDES + 1; i++)
		MADT_ADD(2, 10, 0, 0, 0, 0, 0, 0, 0, 0);
	assert_int_equal(parse(BASE + RSDP), 0);
	assert_int_equal(info.ioapic_count, ACPI_MAX_IOAPICS);
	assert_int_equal(info.override_count, ACPI_MAX_OVERRIDES);
	assert_int_equal(warned, 2);

	/* a list of more tables than any firmware has: the last ones are found */
	madt_size = 44;
	table(MADT, "APIC", madt_size);
	memset(mem + 0x1800, 0, 36 + 300 * 8);
	put(0x1800 + 36 + 298 * 8, BASE + MADT, 8);
	put(0x1800 + 36 + 299 * 8, BASE + FADT, 8);
	table(0x1800, "XSDT", 36 + 300 * 8);
	put(RSDP + 24, BASE + 0x1800, 8);
	sum(RSDP, 36, 32);
	assert_int_equal(parse(BASE + RSDP), 0);
	check_clean();
	assert_true(info.has_madt && info.has_s5);
}

/* A broken table does not count: another with its signature does. */
static void finds_the_good_table(void **state)
{
	(void)state;
	table(0x1800, "APIC", 44);
	mem[0x1800 + 38] ^= 1;
	put(XSDT + 36, BASE + 0x1800, 8);
	put(XSDT + 44, BASE + MADT, 8);
	put(XSDT + 52, BASE + FADT, 8);
	table(XSDT, "XSDT", 60);
	assert_int_equal(parse(BASE + RSDP), 0);
	assert_true(info.has_madt && info.has_s5);
	check_warns("APIC table has a wrong checksum");
	assert_int_equal(parse(BASE), -ENOENT);
	assert_int_equal(warned, 1);
}

/* Any byte of any table changed, with the sums made right again: no harm. */
static void every_byte_changed(void **state)
{
	static const unsigned where[] = {XSDT, MADT, FADT, DSDT};

	(void)state;
	MADT_ADD(0, 8, 1, 10, 1, 0, 0, 0);
	MADT_ADD(1, 12, 8, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0);
	MADT_ADD(9, 16, 0, 0, 0x34, 0x12, 0, 0, 1, 0, 0, 0, 0x78, 0x56, 0, 0);
	for (unsigned t = 0; t < ARRAY_SIZE(where); t++) {
		uint32_t size;

		memcpy(&size, mem + where[t] + 4, 4);
		for (unsigned i = 0; i < size; i++) {
			uint8_t old = mem[where[t] + i];

			for (unsigned v = 0; v < 4; v++) {
				mem[where[t] + i] = (uint8_t[]){0, 0xff, 0x80, old ^ 1}[v];
				if (i < 4 || i > 9)
					sum(where[t], size, 9);
				parse(BASE + RSDP);
			}
			mem[where[t] + i] = old;
			sum(where[t], size, 9);
		}
	}
	assert_int_equal(parse(BASE + RSDP), 0);
	check_clean();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(processors),           TEST(interrupts),
		TEST(fixed_hardware),       TEST(sleep_types),
		TEST(root_pointers),        TEST(broken_tables_are_skipped),
		TEST(broken_madt_entries),  TEST(more_than_there_is_room_for),
		TEST(finds_the_good_table), TEST(every_byte_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
