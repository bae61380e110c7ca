/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page-table engine: map, unmap, protect, split and walk in any format. */
#include "arch/x86/pt.h"

/*
 *   47     39 38     30 29     21 20     12 11        0
 *  | level 4 | level 3 | level 2 | level 1 | in page   |
 *   root --> table --> table --> table --> 4 KiB page
 *                 |         `--> 2 MiB page
 *                 `--> 1 GiB page
 *
 * Invariant: a table other than the root has at least one present entry, or pt->keep.
 * Changes come in two steps: first all that can fail (checks, and splits, which
 * need pages but change no mapping), then what cannot.
 */
#define ENTRIES  512u
#define TOP      4u
#define PA_LIMIT BIT(52) /* address bits 51:12 in all formats (SDM 3A 4.5, APM 2 5.3) */

static unsigned shift_of(unsigned level)
{
	return PAGE_SHIFT + 9 * (level - 1);
}

static uint64_t size_of(unsigned level)
{
	return BIT(shift_of(level));
}

static uint64_t *entry_of(uint64_t *table, unsigned level, uint64_t va)
{
	return &table[(va >> shift_of(level)) % ENTRIES];
}

/* One store, after all stores to what it points to: a core may be walking these tables. */
static void set_entry(uint64_t *e, uint64_t value)
{
	__atomic_store_n(e, value, __ATOMIC_RELEASE);
}

static uint64_t *child_of(uint64_t e)
{
	return pt_page_map(e & PT_ADDR);
}

static bool is_present(uint64_t e)
{
	return e & PT_R;
}

static bool is_table(uint64_t e, unsigned level)
{
	return level > 1 && is_present(e) && (level == TOP || !(e & PT_PS));
}

/* Address bits below a large page's alignment have other meanings: PAT is bit 12 there. */
static hpa_t leaf_pa(uint64_t e, unsigned level)
{
	return align_down(e & PT_ADDR, size_of(level));
}

static bool good_range(uint64_t va, uint64_t size)
{
	return size != 0 && is_aligned(va | size, PAGE_SIZE) && va < PT_VA_LIMIT &&
	       size <= PT_VA_LIMIT - va;
}

/* Every format can express these; none can express "present, but not readable" (EPT: not always).
 */
static bool good_prot(unsigned prot)
{
	return (prot & PT_R) && !(prot & ~PT_RWX);
}

int pt_init(struct pt *pt, const struct pt_format *fmt, unsigned max_leaf)
{
	if (max_leaf < 1 || max_leaf >= TOP)
		return -EINVAL;
	*pt = (struct pt){.fmt = fmt, .max_leaf = max_leaf};
	pt->root = pt_page_alloc();
	return pt->root ? 0 : -ENOMEM;
}

/*
 * The entry that maps va, its value and its level, or an entry that is not
 * present. Each is read once: another core may split a leaf meanwhile, and its
 * entry points to a table then.
 */
static uint64_t *find(const struct pt *pt, uint64_t va, unsigned *level, uint64_t *value)
{
	uint64_t *table = pt_page_map(pt->root);

	for (unsigned l = TOP;; l--) {
		uint64_t *e = entry_of(table, l, va);

		*value = __atomic_load_n(e, __ATOMIC_ACQUIRE);
		if (!is_table(*value, l)) {
			*level = l;
			return e;
		}
		table = child_of(*value);
	}
}

int pt_walk(const struct pt *pt, uint64_t va, struct pt_leaf *out)
{
	unsigned level;
	uint64_t e;

	if (va >= PT_VA_LIMIT)
		return -ENOENT;
	(void)find(pt, va, &level, &e);
	if (!is_present(e))
		return -ENOENT;
	*out = (struct pt_leaf){
		.pa = leaf_pa(e, level) + va % size_of(level),
		.level = level,
		.prot = pt->fmt->prot(e),
		.type = pt->fmt->type(e, level),
	};
	return 0;
}

static bool any_mapped(const struct pt *pt, uint64_t va, uint64_t end)
{
	unsigned level;
	uint64_t e;

	for (; va < end; va = align_down(va, size_of(level)) + size_of(level)) {
		(void)find(pt, va, &level, &e);
		if (is_present(e))
			return true;
	}
	return false;
}

static bool is_empty(const uint64_t *table)
{
	for (unsigned i = 0; i < ENTRIES; i++)
		if (is_present(table[i]))
			return false;
	return true;
}

/*
 * Gives every leaf in the range the protection, or removes it (prot 0) with
 * the tables that get empty. No leaf may cross an end of the range.
 */
static void change(struct pt *pt, uint64_t *table, unsigned level, uint64_t va, uint64_t end,
		   unsigned prot)
{
	const struct pt_format *f = pt->fmt;

	for (uint64_t next; va < end; va = next) {
		uint64_t *e = entry_of(table, level, va);

		next = min_u64(align_down(va, size_of(level)) + size_of(level), end);
		if (is_table(*e, level)) {
			uint64_t *child = child_of(*e);

			change(pt, child, level - 1, va, next, prot);
			if (prot == 0 && !pt->keep && is_empty(child)) {
				hpa_t page = *e & PT_ADDR;

				set_entry(e, 0);
				pt_page_free(page);
			}
		} else if (is_present(*e)) {
			uint64_t leaf =
				f->leaf(leaf_pa(*e, level), level, prot, f->type(*e, level));

			set_entry(e, prot ? leaf | f->leaf_bits : 0);
		}
	}
}

struct mapping {
	uint64_t pa_minus_va; /* modulo 2^64 */
	unsigned prot;
	enum mem_type type;
};

static int fill(struct pt *pt, uint64_t *table, unsigned level, uint64_t va, uint64_t end,
		const struct mapping *m)
{
	const struct pt_format *f = pt->fmt;

	for (uint64_t next; va < end; va = next) {
		uint64_t *e = entry_of(table, level, va);
		hpa_t pa = va + m->pa_minus_va;

		next = min_u64(align_down(va, size_of(level)) + size_of(level), end);
		if (level <= pt->max_leaf && next - va == size_of(level) &&
		    is_aligned(pa, size_of(level)) && !is_present(*e)) {
			set_entry(e, f->leaf(pa, level, m->prot, m->type) | f->leaf_bits);
			continue;
		}
		if (!is_present(*e)) {
			hpa_t page = pt_page_alloc();

			if (!page)
				return -ENOMEM;
			set_entry(e, page | f->table_bits);
		}

		int err = fill(pt, child_of(*e), level - 1, va, next, m);

		if (err)
			return err;
	}
	return 0;
}

int pt_map(struct pt *pt, uint64_t va, hpa_t pa, uint64_t size, unsigned prot, enum mem_type type)
{
	const struct mapping m = {.pa_minus_va = pa - va, .prot = prot, .type = type};

	if (!good_range(va, size) || !good_prot(prot) || !is_aligned(pa, PAGE_SIZE) ||
	    pa >= PA_LIMIT || size > PA_LIMIT - pa)
		return -EINVAL;

	uint64_t *root = pt_page_map(pt->root);

	if (any_mapped(pt, va, va + size))
		return -EEXIST;

	int err = fill(pt, root, TOP, va, va + size, &m);

	/* Nothing was mapped here, so what is there now is ours, empty tables included. */
	if (err)
		change(pt, root, TOP, va, va + size, 0);
	return err;
}

/* Makes va the boundary of a leaf. When memory runs out, what is split maps what it did. */
static int split_at(struct pt *pt, uint64_t va)
{
	const struct pt_format *f = pt->fmt;

	while (va < PT_VA_LIMIT) {
		unsigned level;
		uint64_t leaf, *e = find(pt, va, &level, &leaf);

		if (!is_present(leaf) || is_aligned(va, size_of(level)))
			break;

		hpa_t page = pt_page_alloc();

		if (!page)
			return -ENOMEM;

		uint64_t *child = pt_page_map(page);

		for (unsigned i = 0; i < ENTRIES; i++)
			child[i] = f->leaf(leaf_pa(leaf, level) + i * size_of(level - 1), level - 1,
					   f->prot(leaf), f->type(leaf, level)) |
				   f->leaf_bits;
		set_entry(e, page | f->table_bits);
	}
	return 0;
}

static int change_range(struct pt *pt, uint64_t va, uint64_t size, unsigned prot)
{
	if (!good_range(va, size))
		return -EINVAL;

	int err = split_at(pt, va);

	if (!err)
		err = split_at(pt, va + size);
	if (!err)
		change(pt, pt_page_map(pt->root), TOP, va, va + size, prot);
	return err;
}

int pt_unmap(struct pt *pt, uint64_t va, uint64_t size)
{
	return change_range(pt, va, size, 0);
}

int pt_protect(struct pt *pt, uint64_t va, uint64_t size, unsigned prot)
{
	return good_prot(prot) ? change_range(pt, va, size, prot) : -EINVAL;
}
