/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page-table engine in all three formats against a plain array of pages. */
/* sources: arch/x86/pt.c arch/x86/pt_host.c vmx/ept_format.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/pt.h"
#include "arch/x86/pt_host.h"
#include "kernel/errno.h"
#include "vmx/ept_format.h"

static const struct pt_format *const formats[] = {&pt_format_host, &pt_format_npt, &pt_format_ept};

/* A pool of table pages; page numbers are far from 0 to catch truncation. */
#define POOL      4096u
#define POOL_BASE 0x000f123400000000ull

static uint64_t *pool[POOL];
static unsigned pool_used;
static long pool_budget; /* allocations until failure; negative: no limit */

hpa_t pt_page_alloc(void)
{
	if (pool_budget == 0)
		return 0;
	if (pool_budget > 0)
		pool_budget--;
	for (unsigned i = 0; i < POOL; i++)
		if (!pool[i]) {
			pool[i] = calloc(1, PAGE_SIZE);
			pool_used++;
			return POOL_BASE + i * PAGE_SIZE;
		}
	return 0;
}

uint64_t *pt_page_map(hpa_t page)
{
	uint64_t i = (page - POOL_BASE) / PAGE_SIZE;

	assert_true(is_aligned(page, PAGE_SIZE));
	assert_true(i < POOL && pool[i]);
	return pool[i];
}

void pt_page_free(hpa_t page)
{
	free(pt_page_map(page)); /* the sanitizer catches what still points here */
	pool[(page - POOL_BASE) / PAGE_SIZE] = NULL;
	pool_used--;
}

static struct pt pt;

static void start(unsigned format, unsigned max_leaf)
{
	pool_budget = -1;
	assert_int_equal(pt_init(&pt, formats[format], max_leaf), 0);
	assert_int_equal(pool_used, 1);
}

static void stop(void)
{
	pool_budget = -1;
	assert_int_equal(pt_unmap(&pt, 0, PT_VA_LIMIT), 0);
	assert_int_equal(pool_used, 1);
	pt_page_free(pt.root);
}

static void assert_leaf(uint64_t va, hpa_t pa, unsigned level, unsigned prot, enum mem_type type)
{
	struct pt_leaf l;

	assert_int_equal(pt_walk(&pt, va, &l), 0);
	assert_int_equal(l.pa, pa);
	assert_int_equal(l.level, level);
	assert_int_equal(l.prot, prot);
	assert_int_equal(l.type, type);
}

/* Tables that others may be walking stay, are used again, and go when nobody does. */
static void test_keep(void **state)
{
	struct pt_leaf leaf;
	unsigned used;

	(void)state;
	for (unsigned f = 0; f < ARRAY_SIZE(formats); f++) {
		start(f, 3);
		pt.keep = true;
		assert_int_equal(pt_map(&pt, GIB(1), GIB(5), GIB(1), PT_RWX, MT_WB), 0);
		assert_int_equal(pt_protect(&pt, GIB(1) + MIB(2), PAGE_SIZE, PT_R), 0);
		used = pool_used;
		assert_int_equal(used, 4);
		assert_int_equal(pt_unmap(&pt, GIB(1), GIB(1)), 0);
		assert_int_equal(pool_used, used);
		assert_int_equal(pt_walk(&pt, GIB(1) + MIB(2), &leaf), -ENOENT);
		/* Where a table is, small pages: those of a walker are as good. */
		assert_int_equal(pt_map(&pt, GIB(1), GIB(7), MIB(4), PT_RWX, MT_WB), 0);
		assert_int_equal(pool_used, used);
		assert_leaf(GIB(1), GIB(7), 2, PT_RWX, MT_WB);
		assert_leaf(GIB(1) + MIB(2) + 5, GIB(7) + MIB(2) + 5, 1, PT_RWX, MT_WB);
		pt.keep = false;
		stop();
	}
}

static void assert_hole(uint64_t va)
{
	struct pt_leaf l;

	assert_int_equal(pt_walk(&pt, va, &l), -ENOENT);
}

#define EACH_FORMAT(f) for (unsigned f = 0; f < ARRAY_SIZE(formats); f++)

static void test_init(void **state)
{
	(void)state;
	pool_budget = -1;
	assert_int_equal(pt_init(&pt, formats[0], 0), -EINVAL);
	assert_int_equal(pt_init(&pt, formats[0], 4), -EINVAL);
	pool_budget = 0;
	assert_int_equal(pt_init(&pt, formats[0], 3), -ENOMEM);
	assert_int_equal(pool_used, 0);
}

static void test_leaf_sizes(void **state)
{
	(void)state;
	EACH_FORMAT(f)
	for (unsigned max = 1; max <= 3; max++) {
		start(f, max);
		/* Up to a 1 GiB page and down again: 4K, 2M, 1G, 2M, 4K. */
		uint64_t va = GIB(1) - MIB(2) - KIB(4), size = GIB(1) + 2 * (MIB(2) + KIB(4));
		hpa_t off = GIB(5);

		if (max == 1)
			size = MIB(8);
		assert_int_equal(pt_map(&pt, va, va + off, size, PT_RWX, MT_WB), 0);
		assert_leaf(va + 5, va + off + 5, 1, PT_RWX, MT_WB);
		assert_leaf(GIB(1) - 1, GIB(6) - 1, max > 2 ? 2 : max, PT_RWX, MT_WB);
		assert_leaf(GIB(1), GIB(6), max, PT_RWX, MT_WB);
		assert_leaf(va + size - 1, va + off + size - 1, 1, PT_RWX, MT_WB);
		assert_hole(va - 1);
		assert_hole(va + size);
		if (max == 3)
			assert_int_equal(pool_used, 1 + 1 + 2 + 2);
		assert_int_equal(pt_unmap(&pt, va, size), 0);
		assert_int_equal(pool_used, 1);
		stop();
	}
}

/* A large leaf needs both addresses aligned. */
static void test_misaligned_pair(void **state)
{
	(void)state;
	start(0, 3);
	assert_int_equal(pt_map(&pt, GIB(2), GIB(2) + MIB(2), GIB(1), PT_RWX, MT_WB), 0);
	assert_leaf(GIB(2), GIB(2) + MIB(2), 2, PT_RWX, MT_WB);
	assert_int_equal(pt_map(&pt, GIB(4), GIB(2) + KIB(4), MIB(2), PT_RWX, MT_WB), 0);
	assert_leaf(GIB(4), GIB(2) + KIB(4), 1, PT_RWX, MT_WB);
	stop();
}

static void test_limits(void **state)
{
	const uint64_t top = PT_VA_LIMIT - KIB(4), pa_top = BIT(52) - KIB(4);
	struct pt_leaf l;

	(void)state;
	start(0, 3);
	assert_int_equal(pt_map(&pt, 0, 0, 0, PT_R, MT_WB), -EINVAL);
	assert_int_equal(pt_map(&pt, 1, 0, KIB(4), PT_R, MT_WB), -EINVAL);
	assert_int_equal(pt_map(&pt, 0, 8, KIB(4), PT_R, MT_WB), -EINVAL);
	assert_int_equal(pt_map(&pt, 0, 0, 4095, PT_R, MT_WB), -EINVAL);
	assert_int_equal(pt_map(&pt, PT_VA_LIMIT, 0, KIB(4), PT_R, MT_WB), -EINVAL);
	assert_int_equal(pt_map(&pt, top, 0, KIB(8), PT_R, MT_WB), -EINVAL);
	assert_int_equal(pt_map(&pt, top, 0, 0 - top, PT_R, MT_WB), -EINVAL);
	assert_int_equal(pt_map(&pt, 0, pa_top, KIB(8), PT_R, MT_WB), -EINVAL);
	assert_int_equal(pt_map(&pt, 0, BIT(52), KIB(4), PT_R, MT_WB), -EINVAL);
	assert_int_equal(pt_map(&pt, 0, 0 - KIB(4), KIB(4), PT_R, MT_WB), -EINVAL);
	assert_int_equal(pt_map(&pt, 0, 0, KIB(4), PT_W | PT_X, MT_WB), -EINVAL);
	assert_int_equal(pt_map(&pt, 0, 0, KIB(4), PT_R | BIT(4), MT_WB), -EINVAL);
	assert_int_equal(pt_protect(&pt, 0, KIB(4), PT_X), -EINVAL);
	assert_int_equal(pt_unmap(&pt, 0, 17), -EINVAL);
	assert_int_equal(pt_unmap(&pt, 0, PT_VA_LIMIT + KIB(4)), -EINVAL);
	assert_int_equal(pt_walk(&pt, PT_VA_LIMIT, &l), -ENOENT);
	assert_int_equal(pt_walk(&pt, UINT64_MAX, &l), -ENOENT);
	assert_int_equal(pool_used, 1);

	assert_int_equal(pt_map(&pt, top, pa_top, KIB(4), PT_R, MT_UC), 0);
	assert_leaf(PT_VA_LIMIT - 1, BIT(52) - 1, 1, PT_R, MT_UC);
	assert_int_equal(pt_map(&pt, 0, BIT(52) - GIB(1), GIB(1), PT_R, MT_WB), 0);
	assert_leaf(GIB(1) - 1, BIT(52) - 1, 3, PT_R, MT_WB);
	assert_hole(PT_VA_LIMIT); /* does not wrap to what is mapped at 0 */
	assert_int_equal(pt_unmap(&pt, 0, PT_VA_LIMIT), 0);
	assert_int_equal(pool_used, 1);
	stop();
}

static void test_exists(void **state)
{
	(void)state;
	EACH_FORMAT(f)
	{
		start(f, 3);
		assert_int_equal(pt_map(&pt, GIB(1), 0, MIB(4), PT_R, MT_WB), 0);
		unsigned tables = pool_used;

		assert_int_equal(
			pt_map(&pt, GIB(1) + MIB(4) - KIB(4), GIB(9), MIB(64), PT_R, MT_WB),
			-EEXIST);
		assert_int_equal(pt_map(&pt, 0, 0, GIB(1) + KIB(4), PT_R, MT_WB), -EEXIST);
		assert_int_equal(pt_map(&pt, 0, 0, GIB(512), PT_R, MT_WB), -EEXIST);
		assert_int_equal(pool_used, tables);
		assert_hole(0);
		assert_hole(GIB(1) + MIB(4));
		assert_int_equal(pt_map(&pt, GIB(1) + MIB(4), GIB(9), GIB(1), PT_R, MT_WB), 0);
		stop();
	}
}

/* One page out of a 1 GiB page; the other 262,143 are as before. */
static void test_split_keeps_the_rest(void **state)
{
	(void)state;
	EACH_FORMAT(f)
	{
		const uint64_t hole = GIB(1) + MIB(6) + KIB(12);

		start(f, 3);
		assert_int_equal(pt_map(&pt, GIB(1), GIB(7), GIB(1), PT_R | PT_X, MT_WP), 0);
		assert_int_equal(pt_unmap(&pt, hole, KIB(4)), 0);
		for (uint64_t va = GIB(1); va < GIB(2); va += KIB(4)) {
			bool fine = va >= GIB(1) + MIB(6) && va < GIB(1) + MIB(8);

			if (va == hole)
				assert_hole(va);
			else
				assert_leaf(va, va + GIB(6), fine ? 1 : 2, PT_R | PT_X, MT_WP);
		}
		assert_int_equal(pool_used, 4);
		/* An aligned 2 MiB needs one split only, of the 1 GiB page. */
		assert_int_equal(pt_unmap(&pt, GIB(1), GIB(1)), 0);
		assert_int_equal(pt_map(&pt, GIB(1), GIB(7), GIB(1), PT_R, MT_WB), 0);
		assert_int_equal(pt_protect(&pt, GIB(1) + MIB(2), MIB(2), PT_R | PT_W), 0);
		assert_int_equal(pool_used, 3);
		assert_leaf(GIB(1) + MIB(2), GIB(7) + MIB(2), 2, PT_R | PT_W, MT_WB);
		assert_leaf(GIB(1) + MIB(4), GIB(7) + MIB(4), 2, PT_R, MT_WB);
		stop();
	}
}

static void test_types(void **state)
{
	static const enum mem_type types[] = {MT_UC, MT_WC, MT_WT, MT_WP, MT_WB, MT_UC_MINUS};

	(void)state;
	EACH_FORMAT(f)
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++)
		for (unsigned level = 1; level <= 3; level++) {
			const struct pt_format *fmt = formats[f];
			enum mem_type want = types[i];
			uint64_t e = fmt->leaf(GIB(3), level, PT_R | PT_X, want) | fmt->leaf_bits;

			if (f == 2 && want == MT_UC_MINUS) /* EPT has no UC- */
				want = MT_UC;
			assert_int_equal(fmt->type(e, level), want);
			assert_int_equal(align_down(e & PT_ADDR, MIB(2)), GIB(3));
			assert_int_equal(fmt->prot(e), PT_R | PT_X);
			/* What the engine reads itself: bit 7 is a type's at level 1. */
			assert_true(e & PT_R && (level == 1 || e & PT_PS));
			assert_true(fmt->table_bits & PT_R);
			assert_int_equal(fmt->table_bits & (PT_ADDR | PT_PS), 0);
		}
}

static uint64_t leaf(const struct pt_format *f, hpa_t pa, unsigned level, unsigned prot,
		     enum mem_type type)
{
	return f->leaf(pa, level, prot, type) | f->leaf_bits;
}

/* Entries as the manuals draw them. */
static void test_encodings(void **state)
{
	const hpa_t pa = GIB(3);

	(void)state;
	assert_int_equal(leaf(&pt_format_host, pa, 1, PT_RWX, MT_WB), pa | 0x163);
	assert_int_equal(leaf(&pt_format_host, pa, 1, PT_R, MT_WB), pa | 0x161 | BIT(63));
	assert_int_equal(leaf(&pt_format_host, pa, 1, PT_RWX, MT_UC), pa | 0x163 | 0x18);
	assert_int_equal(leaf(&pt_format_host, pa, 1, PT_RWX, MT_WC), pa | 0x163 | 0x80);
	assert_int_equal(leaf(&pt_format_host, pa, 2, PT_RWX, MT_WC), pa | 0x1e3 | 0x1000);
	assert_int_equal(leaf(&pt_format_host, pa, 3, PT_RWX, MT_WP), pa | 0x1e3 | 0x1008);
	assert_int_equal(leaf(&pt_format_host, pa, 1, PT_RWX, (enum mem_type)3), pa | 0x163 | 0x18);
	assert_int_equal(pt_format_host.table_bits, 0x27);

	assert_int_equal(leaf(&pt_format_npt, pa, 1, PT_RWX, MT_WB), pa | 0x67);
	assert_int_equal(leaf(&pt_format_npt, pa, 1, PT_R, MT_WT), pa | 0x65 | 0x8 | BIT(63));
	assert_int_equal(leaf(&pt_format_npt, pa, 3, PT_RWX, MT_UC), pa | 0xe7 | 0x18);
	assert_int_equal(pt_format_npt.table_bits, 0x27);

	assert_int_equal(leaf(&pt_format_ept, pa, 1, PT_RWX, MT_WB), pa | 0x77);
	assert_int_equal(leaf(&pt_format_ept, pa, 2, PT_R, MT_WB), pa | 0xf1);
	assert_int_equal(leaf(&pt_format_ept, pa, 2, PT_R | PT_W, MT_UC), pa | 0x83);
	assert_int_equal(leaf(&pt_format_ept, pa, 1, PT_RWX, MT_WC), pa | 0x0f);
	assert_int_equal(leaf(&pt_format_ept, pa, 1, PT_RWX, MT_UC_MINUS), pa | 0x07);
	assert_int_equal(pt_format_ept.table_bits, 0x07);

	/* All types but UC- twice, and the first four as at reset. */
	assert_int_equal(PT_HOST_PAT & 0xffffffff, 0x00070406);
	for (unsigned i = 0, seen = 0; i < 8; i++) {
		seen |= 1u << (PT_HOST_PAT >> 8 * i & 0xff);
		if (i == 7)
			assert_int_equal(seen, 0xf3);
	}
}

/* The model: one record a page, for 2 GiB and a bit around a 512 GiB boundary. */
struct page {
	hpa_t pa;
	uint8_t prot, type;
	bool mapped;
};

#define SPAN  (GIB(2) + MIB(16))
#define BASE  (GIB(512) - GIB(1) - MIB(8))
#define PAGES (SPAN / PAGE_SIZE)

static struct page *model;
static uint32_t rnd_state;

static uint32_t rnd(uint32_t below)
{
	rnd_state = rnd_state * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)(rnd_state >> 4) * below) >> 28);
}

/* A page number, often at or next to a boundary of a large page. */
static uint64_t random_page(void)
{
	uint64_t at = rnd((uint32_t)PAGES);

	switch (rnd(5)) {
	case 0:
		return at;
	case 1: /* 1 GiB boundaries within: at 8 MiB, + 1 GiB, + 2 GiB */
		at = 2048 + 262144 * rnd(3);
		break;
	default:
		at = align_down(at, 512);
	}
	return min_u64(at + rnd(3) - (at > 0 ? rnd(2) : 0), PAGES - 1);
}

static uint64_t random_size(uint64_t at)
{
	static const uint32_t max[] = {4, 512, 1024, 4096, 262144, 600000};
	uint64_t n = 1 + rnd(max[rnd(ARRAY_SIZE(max))]);

	if (rnd(3) == 0)
		n = align_up(at + n, rnd(2) ? 512 : 262144) - at;
	return min_u64(n, PAGES - at);
}

static const unsigned prots[] = {PT_R, PT_R | PT_W, PT_R | PT_X, PT_RWX};
static const enum mem_type mtypes[] = {MT_UC, MT_WC, MT_WT, MT_WP, MT_WB};

static bool model_any(uint64_t at, uint64_t n)
{
	for (uint64_t i = at; i < at + n; i++)
		if (model[i].mapped)
			return true;
	return false;
}

static void check_page(uint64_t i)
{
	const struct page *p = &model[i];
	struct pt_leaf l;
	int err = pt_walk(&pt, BASE + i * PAGE_SIZE + 7, &l);

	assert_int_equal(err, p->mapped ? 0 : -ENOENT);
	if (err == 0 && (l.pa != p->pa + 7 || l.prot != p->prot || (uint8_t)l.type != p->type))
		fail_msg("page %llu", (unsigned long long)i);
}

static void check_around(uint64_t at, uint64_t n)
{
	uint64_t step = n > 1024 ? 61 : 1;

	for (uint64_t i = at > 2 ? at - 2 : 0; i < min_u64(at + n + 2, PAGES); i += step)
		check_page(i);
	check_page(at + n - 1);
	if (at + n < PAGES)
		check_page(at + n);
	if (at > 0)
		check_page(at - 1);
}

/* What the tables take, counted by walking them. No table but the root is empty. */
static unsigned count_tables(uint64_t *table, unsigned level)
{
	unsigned n = 1, present = 0;

	for (unsigned i = 0; i < 512; i++) {
		if (!(table[i] & BIT(0)))
			continue;
		present++;
		if (level == 4 || (level > 1 && !(table[i] & BIT(7))))
			n += count_tables(pt_page_map(table[i] & PT_ADDR), level - 1);
	}
	assert_true(level == 4 || present > 0);
	return n;
}

static void check_tables(void)
{
	assert_int_equal(pool_used, count_tables(pt_page_map(pt.root), 4));
}

static void one_operation(void)
{
	uint64_t at = random_page(), n = random_size(at), va = BASE + at * PAGE_SIZE;
	unsigned prot = prots[rnd(ARRAY_SIZE(prots))];
	enum mem_type type = mtypes[rnd(ARRAY_SIZE(mtypes))];
	/* Mostly congruent with va, so that large pages come up. */
	hpa_t pa = va + GIB(1) * (1 + rnd(1000)) + (rnd(3) ? 0 : rnd(2) ? KIB(4) : MIB(2));
	unsigned op = rnd(3);
	int err;

	pool_budget = rnd(3) ? -1 : (long)rnd(5);
	if (op == 0) {
		bool any = model_any(at, n);

		err = pt_map(&pt, va, pa, n * PAGE_SIZE, prot, type);
		if (any)
			assert_int_equal(err, -EEXIST);
	} else if (op == 1) {
		err = pt_unmap(&pt, va, n * PAGE_SIZE);
	} else {
		err = pt_protect(&pt, va, n * PAGE_SIZE, prot);
	}
	if (err != -EEXIST)
		assert_true(err == 0 || (err == -ENOMEM && pool_budget == 0));
	pool_budget = -1;
	for (uint64_t i = at; err == 0 && i < at + n; i++) {
		if (op == 0)
			model[i] = (struct page){pa + (i - at) * PAGE_SIZE, (uint8_t)prot,
						 (uint8_t)type, true};
		else if (op == 1)
			model[i].mapped = false;
		else
			model[i].prot = (uint8_t)prot;
	}
	check_around(at, n);
}

static void test_random(void **state)
{
	(void)state;
	EACH_FORMAT(f)
	for (unsigned max = 1; max <= 3; max++) {
		rnd_state = 1000 * f + max;
		model = calloc(PAGES, sizeof(*model));
		start(f, max);
		for (unsigned round = 0; round < 1200; round++) {
			one_operation();
			if (round % 50 == 0)
				check_tables();
		}
		for (uint64_t i = 0; i < PAGES; i++)
			check_page(i);
		check_tables();
		assert_int_equal(pt_unmap(&pt, BASE, SPAN), 0);
		assert_int_equal(pool_used, 1);
		stop();
		free(model);
	}
}

/* Fails the 1st, 2nd, … allocation of a pt_map: no trace is left until it succeeds. */
static void fail_everywhere(int (*call)(void), unsigned want_pages)
{
	static uint64_t before[POOL][512];
	unsigned pages = pool_used;

	for (unsigned budget = 0;; budget++) {
		for (unsigned i = 0; i < POOL; i++)
			if (pool[i])
				memcpy(before[i], pool[i], PAGE_SIZE);
		pool_budget = (long)budget;
		int err = call();

		pool_budget = -1;
		if (err == 0) {
			assert_int_equal(budget, want_pages); /* and no more than needed */
			return;
		}
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(pool_used, pages);
		for (unsigned i = 0; i < POOL; i++)
			if (pool[i])
				assert_memory_equal(before[i], pool[i], PAGE_SIZE);
	}
}

/* What pages around the ends of the ranges below, and others, are mapped to; not how. */
#define SAMPLES 26000u

static void sample(uint64_t *to)
{
	static const uint64_t ends[] = {GIB(4) + MIB(2), GIB(5) - MIB(4),  GIB(6),
					GIB(8),          GIB(10) - MIB(2), GIB(10)};

	for (unsigned i = 0; i < SAMPLES; i++) {
		uint64_t va = i < 16 * ARRAY_SIZE(ends) ? ends[i / 16] + KIB(4) * (i % 16) - KIB(32)
							: GIB(4) + KIB(4) * 61 * i;

		struct pt_leaf l;

		to[i] = pt_walk(&pt, va, &l)
				? 0
				: l.pa | (uint64_t)l.prot << 52 | (uint64_t)l.type << 56;
	}
}

/* The same of a call that splits: all that is left is what has been split. */
static void fail_every_split(int (*call)(void), unsigned want_pages)
{
	static uint64_t before[SAMPLES], after[SAMPLES];
	unsigned pages = pool_used;

	sample(before);
	for (unsigned budget = 0;; budget++) {
		pool_budget = (long)budget;
		int err = call();

		pool_budget = -1;
		if (err == 0)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_true(pool_used - pages < want_pages);
		sample(after);
		assert_memory_equal(before, after, sizeof(before));
	}
	assert_int_equal(pool_used - pages, want_pages); /* and no more than needed */
}

static int map_wide(void)
{
	/* 4 KiB below 512 GiB to 4 KiB above 513 GiB. */
	return pt_map(&pt, GIB(512) - KIB(4), GIB(512) - KIB(4), GIB(1) + KIB(8), PT_RWX, MT_WB);
}

static int unmap_inside(void) /* both ends in one 2 MiB page */
{
	return pt_unmap(&pt, GIB(4) + MIB(2) + KIB(4), KIB(8));
}

static int unmap_two(void) /* two 2 MiB pages of one 1 GiB page */
{
	return pt_unmap(&pt, GIB(5) - MIB(4) - KIB(4), KIB(8));
}

static int protect_across(void) /* two 1 GiB pages */
{
	return pt_protect(&pt, GIB(6) + KIB(4), GIB(2), PT_R);
}

static int protect_half(void) /* 2 MiB aligned start, 1 GiB aligned end */
{
	return pt_protect(&pt, GIB(10) - MIB(2), MIB(2), PT_R);
}

static int unmap_whole(void)
{
	return pt_unmap(&pt, GIB(9), GIB(1) - MIB(2));
}

/* Another core splits a leaf while it is looked at: it is the page of before, or one within. */
static const struct pt_format *real;
static uint64_t split_va;

/* The walk asks for the protection last. */
static unsigned prot_and_split(uint64_t e)
{
	uint64_t va = split_va;

	if (va) {
		split_va = 0;
		assert_int_equal(pt_protect(&pt, va, KIB(4), PT_RWX), 0);
	}
	return real->prot(e);
}

static void test_split_under_a_walk(void **state)
{
	(void)state;
	EACH_FORMAT(f)
	{
		struct pt_format slow = *formats[f];
		const uint64_t va = GIB(1) + MIB(2) + KIB(8);

		real = formats[f];
		slow.prot = prot_and_split;
		start(f, 3);
		assert_int_equal(pt_map(&pt, GIB(1), GIB(7), GIB(1), PT_R | PT_W, MT_WB), 0);
		pt.fmt = &slow;
		for (unsigned level = 3; level > 1; level--) {
			split_va = level == 3 ? GIB(1) + MIB(4) : GIB(1) + MIB(2);
			assert_leaf(va, va + GIB(6), level, PT_R | PT_W, MT_WB);
			assert_int_equal(split_va, 0);
		}
		assert_leaf(va, va + GIB(6), 1, PT_R | PT_W, MT_WB);
		pt.fmt = real;
		stop();
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	EACH_FORMAT(f)
	{
		start(f, 3);
		fail_everywhere(map_wide, 3 + 3); /* 3 tables below, L3 + L2 + L1 above */
		assert_int_equal(pt_map(&pt, GIB(4), GIB(4), GIB(6), PT_RWX, MT_WB), 0);
		fail_every_split(unmap_inside, 2);
		fail_every_split(unmap_two, 2);
		fail_every_split(protect_across, 4);
		fail_every_split(protect_half, 1);
		fail_every_split(unmap_whole, 0);
		stop();
	}
}

/* A failed map under a table that others use leaves theirs alone. */
static void test_no_memory_beside_others(void **state)
{
	(void)state;
	start(0, 2);
	assert_int_equal(pt_map(&pt, 0, 0, KIB(4), PT_R, MT_WB), 0);
	pool_budget = 3;
	assert_int_equal(pt_map(&pt, KIB(4), KIB(4), GIB(4), PT_R, MT_WB), -ENOMEM);
	assert_leaf(0, 0, 1, PT_R, MT_WB);
	assert_hole(KIB(4));
	assert_int_equal(pool_used, 4);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_init),
		cmocka_unit_test(test_leaf_sizes),
		cmocka_unit_test(test_misaligned_pair),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_exists),
		cmocka_unit_test(test_split_keeps_the_rest),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_split_under_a_walk),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_no_memory_beside_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
