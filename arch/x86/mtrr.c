/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Effective memory types from MTRR values (SDM 3A 11.11, APM 2 7.7). */
#include "arch/x86/mtrr.h"

#include "arch/x86/msr.h"

#define CAP_COUNT     0xffull
#define DEF_ENABLED   BIT(11) /* E */
#define MASK_VALID    BIT(11)
#define SYSCFG_TOM2   BIT(21) /* MtrrTom2En */
#define SYSCFG_TOM2WB BIT(22) /* Tom2ForceMemTypeWB */
#define MSR_TOP_MEM2  0xc001001du

void mtrr_load(struct mtrr *m, uint64_t (*read)(uint32_t msr), unsigned phys_bits, bool amd)
{
	uint64_t cap = read(MSR_MTRRCAP);

	*m = (struct mtrr){
		.phys_bits = phys_bits,
		.variable_count = (unsigned)min_u64(cap & CAP_COUNT, MTRR_MAX_VARIABLE),
		.def_type = read(MSR_MTRR_DEF_TYPE),
	};
	for (unsigned i = 0; i < m->variable_count; i++) {
		m->variable[i].base = read(MSR_MTRR_PHYSBASE0 + 2 * i);
		m->variable[i].mask = read(MSR_MTRR_PHYSBASE0 + 2 * i + 1);
	}
	if (amd &&
	    (read(MSR_SYSCFG) & (SYSCFG_TOM2 | SYSCFG_TOM2WB)) == (SYSCFG_TOM2 | SYSCFG_TOM2WB))
		m->wb_end = align_down(read(MSR_TOP_MEM2), MIB(8));
}

/* Reserved encodings cannot be loaded; should one be read, nothing is safer than UC. */
static enum mem_type type_of(uint64_t field)
{
	enum mem_type t = (enum mem_type)(field & 7);

	return t == MT_WC || t == MT_WT || t == MT_WP || t == MT_WB ? t : MT_UC;
}

/*
 * Whether a variable range has pa, and lowers *until to where that may change.
 * A mask with holes is legal: then it may change with its lowest bit.
 */
static bool in_range(const struct mtrr *m, unsigned n, hpa_t pa, hpa_t *until)
{
	uint64_t width = BIT(m->phys_bits) - 1, page = PAGE_SIZE - 1;
	uint64_t mask = m->variable[n].mask & width & ~page;
	uint64_t base = m->variable[n].base & mask;
	uint64_t size = mask ? mask & -mask : BIT(m->phys_bits);
	bool inside = (pa & mask) == base;

	if (inside || (~mask & width & ~(size - 1)))
		*until = min_u64(*until, align_down(pa, size) + size);
	else if (pa < base)
		*until = min_u64(*until, base);
	return inside;
}

/* SDM 3A 11.11.4.1: UC wins, WT over WB. What else overlaps is undefined: UC then. */
static enum mem_type overlap(enum mem_type a, enum mem_type b)
{
	if (a == b)
		return a;
	return (a == MT_WT && b == MT_WB) || (a == MT_WB && b == MT_WT) ? MT_WT : MT_UC;
}

/* The type of pa, and the first address above it where it may be another. */
static enum mem_type type_at(const struct mtrr *m, hpa_t pa, hpa_t *until)
{
	enum mem_type type = MT_UC;
	bool found = false;

	*until = UINT64_MAX;
	if (!(m->def_type & DEF_ENABLED) || pa >= BIT(m->phys_bits))
		return MT_UC;
	*until = BIT(m->phys_bits);
	for (unsigned i = 0; i < m->variable_count; i++) {
		if (!(m->variable[i].mask & MASK_VALID) || !in_range(m, i, pa, until))
			continue;
		enum mem_type t = type_of(m->variable[i].base);

		type = found ? overlap(type, t) : t;
		found = true;
	}
	if (found)
		return type;
	if (pa < GIB(4) && m->wb_end > GIB(4))
		*until = min_u64(*until, GIB(4));
	if (pa < GIB(4) || pa >= m->wb_end)
		return type_of(m->def_type);
	*until = min_u64(*until, m->wb_end);
	return MT_WB;
}

uint64_t mtrr_uniform(const struct mtrr *m, hpa_t pa, uint64_t size, enum mem_type *type)
{
	hpa_t end = size > UINT64_MAX - pa ? UINT64_MAX : pa + size, at = pa, next;

	*type = type_at(m, pa, &at);
	while (at < end && type_at(m, at, &next) == *type)
		at = next;
	return min_u64(at, end) - pa;
}
