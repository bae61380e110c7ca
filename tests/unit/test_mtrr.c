/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MTRR arithmetic: real machines' settings, overlaps, odd masks, and random ones. */
/* sources: arch/x86/mtrr.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/x86/msr.h"
#include "arch/x86/mtrr.h"

#define E    BIT(11)
#define FE   BIT(10)
#define BITS 40u
#define ALL  (BIT(BITS) - 1)

static struct mtrr m;

static void begin(uint64_t def_type)
{
	m = (struct mtrr){.phys_bits = BITS, .def_type = def_type};
}

static void range(uint64_t base, uint64_t mask, enum mem_type type)
{
	m.variable[m.variable_count].base = base | type;
	m.variable[m.variable_count++].mask = (mask & ~(PAGE_SIZE - 1)) | E;
}

static void sized(uint64_t base, uint64_t size, enum mem_type type)
{
	range(base, ALL & ~(size - 1), type);
}

static void assert_run(hpa_t pa, uint64_t size, enum mem_type want, uint64_t want_size)
{
	enum mem_type type;

	assert_int_equal(mtrr_uniform(&m, pa, size, &type), want_size);
	assert_int_equal(type, want);
}

static void test_disabled(void **state)
{
	(void)state;
	begin(MT_WB);
	sized(0, GIB(1), MT_WB);
	assert_run(0, GIB(8), MT_UC, GIB(8));
	m = (struct mtrr){0}; /* no MTRRs */
	assert_run(0, GIB(8), MT_UC, GIB(8));
	assert_run(UINT64_MAX - 4095, 4096, MT_UC, 4095);
}

/* The fixed ranges, on or not, have no say: nobody asks about memory below 1 MiB. */
static void test_fixed_enable(void **state)
{
	(void)state;
	begin(E | FE | MT_WB);
	sized(MIB(1), MIB(1), MT_UC);
	assert_run(MIB(1), GIB(1), MT_UC, MIB(1));
	assert_run(MIB(2), GIB(1), MT_WB, GIB(1));
}

static void test_reserved_types(void **state)
{
	static const uint64_t reserved[] = {2, 3, 7};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(reserved); i++) {
		begin(E | reserved[i]);
		assert_run(GIB(1), GIB(1), MT_UC, GIB(1));
		begin(E | MT_WB);
		range(GIB(1), ALL & ~(GIB(1) - 1), (enum mem_type)reserved[i]);
		assert_run(GIB(1), GIB(8), MT_UC, GIB(1));
	}
}

/* Default UC, RAM made of WB ranges: as most firmware sets it. */
static void test_ram_ranges(void **state)
{
	(void)state;
	begin(E | MT_UC);
	sized(0, GIB(2), MT_WB);
	sized(GIB(2), GIB(1), MT_WB);
	sized(GIB(4), GIB(4), MT_WB);
	assert_run(0, GIB(16), MT_WB, GIB(3));
	assert_run(GIB(1) + 5, KIB(4), MT_WB, KIB(4));
	assert_run(GIB(3), GIB(16), MT_UC, GIB(1));
	assert_run(GIB(4), GIB(16), MT_WB, GIB(4));
	assert_run(GIB(8), BIT(BITS) - GIB(8), MT_UC, BIT(BITS) - GIB(8));
}

/* Default WB with an uncacheable hole below 4 GiB, as OVMF sets it. */
static void test_hole(void **state)
{
	(void)state;
	begin(E | MT_WB);
	sized(GIB(2), GIB(2), MT_UC);
	sized(0xc0000000, MIB(256), MT_WC);           /* WC in UC: undefined, so UC */
	m.variable[m.variable_count++].base = GIB(8); /* not valid */
	assert_run(0, GIB(16), MT_WB, GIB(2));
	assert_run(GIB(2), GIB(16), MT_UC, GIB(2));
	assert_run(GIB(4), GIB(16), MT_WB, GIB(16));
	/* Beyond the physical width there is nothing. */
	assert_run(BIT(BITS) - KIB(4), MIB(1), MT_WB, KIB(4));
	assert_run(BIT(BITS), MIB(1), MT_UC, MIB(1));
}

static void test_overlaps(void **state)
{
	static const struct {
		enum mem_type a, b, want;
	} t[] = {
		{MT_WB, MT_UC, MT_UC}, {MT_WB, MT_WT, MT_WT}, {MT_WT, MT_UC, MT_UC},
		{MT_WB, MT_WB, MT_WB}, {MT_WC, MT_WB, MT_UC}, {MT_WP, MT_WT, MT_UC},
		{MT_WC, MT_WC, MT_WC}, {MT_UC, MT_UC, MT_UC},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++)
		for (unsigned swap = 0; swap < 2; swap++) {
			begin(E | MT_WB);
			sized(GIB(1), GIB(1), swap ? t[i].b : t[i].a);
			sized(GIB(1), MIB(1), swap ? t[i].a : t[i].b);
			enum mem_type type;

			mtrr_uniform(&m, GIB(1), KIB(4), &type);
			assert_int_equal(type, t[i].want);
		}
	/* Three: WT and WB with UC beside, whatever the order. */
	begin(E | MT_WB);
	sized(0, GIB(1), MT_WT);
	sized(0, MIB(4), MT_UC);
	sized(0, MIB(8), MT_WB);
	assert_run(0, GIB(1), MT_UC, MIB(4));
	assert_run(MIB(4), GIB(1), MT_WT, GIB(1) - MIB(4));
}

static void test_mask_with_holes(void **state)
{
	(void)state;
	begin(E | MT_WB);
	range(MIB(4), ALL & ~(MIB(4) - 1) & ~BIT(30), MT_UC); /* at 4 MiB and at 1 GiB + 4 MiB */
	assert_run(0, GIB(8), MT_WB, MIB(4));
	assert_run(MIB(4), GIB(8), MT_UC, MIB(4));
	assert_run(MIB(8), GIB(8), MT_WB, GIB(1) - MIB(4));
	assert_run(GIB(1) + MIB(5), GIB(8), MT_UC, MIB(3));
	begin(E | MT_WB);
	range(0, 0, MT_WT); /* everything */
	assert_run(0, BIT(BITS), MT_WT, BIT(BITS));
	begin(E | MT_WB);
	range(BIT(50) | GIB(1), ~0ull & ~(GIB(1) - 1),
	      MT_UC); /* bits above the width do not count */
	assert_run(0, GIB(8), MT_WB, GIB(1));
	assert_run(GIB(1), GIB(8), MT_UC, GIB(1));
}

/* AMD: RAM above 4 GiB is WB without a range. */
static void test_tom2(void **state)
{
	(void)state;
	begin(E | MT_UC);
	m.wb_end = GIB(6);
	sized(0, GIB(2), MT_WB);
	sized(GIB(5), GIB(1), MT_WC);
	assert_run(0, GIB(9), MT_WB, GIB(2));
	assert_run(GIB(2), GIB(9), MT_UC, GIB(2));
	assert_run(GIB(4), GIB(9), MT_WB, GIB(1));
	assert_run(GIB(5), GIB(9), MT_WC, GIB(1));
	assert_run(GIB(6), GIB(9), MT_UC, GIB(9));
	m.wb_end = 0;
	assert_run(GIB(2), GIB(3), MT_UC, GIB(3));
}

/* Random settings, page by page. */
static uint32_t rnd_state = 3;

static uint32_t rnd(uint32_t below)
{
	rnd_state = rnd_state * 1664525u + 1013904223u;
	return (rnd_state >> 8) % below;
}

static enum mem_type slow_type(hpa_t pa)
{
	unsigned seen = 0; /* a bit a type */

	for (unsigned i = 0; i < m.variable_count; i++)
		if ((pa & m.variable[i].mask & ~0xfffull) ==
		    (m.variable[i].base & m.variable[i].mask & ~0xfffull))
			seen |= 1u << (m.variable[i].base & 7);
	switch (seen) {
	case 0:
		return (enum mem_type)(m.def_type & 7);
	case 1u << MT_WC:
		return MT_WC;
	case 1u << MT_WT:
	case 1u << MT_WT | 1u << MT_WB:
		return MT_WT;
	case 1u << MT_WP:
		return MT_WP;
	case 1u << MT_WB:
		return MT_WB;
	default:
		return MT_UC;
	}
}

static void test_random(void **state)
{
	static const enum mem_type types[] = {MT_UC, MT_WC, MT_WT, MT_WP, MT_WB, MT_WB};

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		begin(E | types[rnd(6)]);
		m.phys_bits = 22; /* 4 MiB: 1024 pages */
		for (unsigned i = rnd(6); i-- > 0;) {
			uint64_t mask = rnd(4) ? 0x3ff000 & ~(BIT(12 + rnd(11)) - 1)
					       : 0x3ff000 & ((uint64_t)rnd(1024) << 12);

			range((uint64_t)rnd(1024) << 12, mask, types[rnd(6)]);
		}
		for (hpa_t pa = 0; pa < MIB(4);) {
			enum mem_type type;
			uint64_t n = mtrr_uniform(&m, pa, MIB(4) - pa, &type);

			assert_true(n > 0 && is_aligned(n, PAGE_SIZE));
			for (hpa_t at = pa; at < pa + n; at += PAGE_SIZE)
				assert_int_equal(slow_type(at), type);
			pa += n; /* and no shorter than need be */
			if (pa < MIB(4))
				assert_int_not_equal(slow_type(pa), type);
		}
	}
}

static uint64_t fake_cap, fake_syscfg;
static unsigned reads;

static uint64_t fake_read(uint32_t msr)
{
	reads++;
	switch (msr) {
	case MSR_MTRRCAP:
		return fake_cap;
	case MSR_MTRR_DEF_TYPE:
		return E | FE | MT_WB;
	case MSR_SYSCFG:
		return fake_syscfg;
	case 0xc001001d:
		return GIB(6) | 0x123;
	default:
		return msr;
	}
}

static void test_load(void **state)
{
	(void)state;
	fake_cap = 0x500 | 8;
	mtrr_load(&m, fake_read, 39, false);
	assert_int_equal(m.phys_bits, 39);
	assert_int_equal(m.variable_count, 8);
	assert_int_equal(m.def_type, E | FE | MT_WB);
	assert_int_equal(m.variable[7].base, 0x20e);
	assert_int_equal(m.variable[7].mask, 0x20f);
	assert_int_equal(m.wb_end, 0);
	fake_cap = 0xff; /* more variable ones than there can be */
	fake_syscfg = BIT(21);
	reads = 0;
	mtrr_load(&m, fake_read, 48, true);
	assert_int_equal(m.variable_count, MTRR_MAX_VARIABLE);
	assert_int_equal(reads, 2 + 2 * MTRR_MAX_VARIABLE + 1);
	assert_int_equal(m.wb_end, 0);
	fake_syscfg = BIT(21) | BIT(22);
	mtrr_load(&m, fake_read, 48, true);
	assert_int_equal(m.wb_end, GIB(6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disabled),
		cmocka_unit_test(test_fixed_enable),
		cmocka_unit_test(test_reserved_types),
		cmocka_unit_test(test_ram_ranges),
		cmocka_unit_test(test_hole),
		cmocka_unit_test(test_overlaps),
		cmocka_unit_test(test_mask_with_holes),
		cmocka_unit_test(test_tom2),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_load),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
