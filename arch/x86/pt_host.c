/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page-table formats of host paging and of NPT, which share the encoding of entries. */
#include "arch/x86/pt_host.h"

#define PTE_PWT       BIT(3)
#define PTE_PCD       BIT(4)
#define PTE_PAT_4K    BIT(7)
#define PTE_PAT_LARGE BIT(12)

static_assert(PTE_P == PT_R && PTE_PS == PT_PS, "what the engine reads itself");

/* Index in PT_HOST_PAT. A type that x86 does not define gets the strictest. */
static unsigned pat_index(enum mem_type type)
{
	for (unsigned i = 0; i < 8; i++)
		if ((PT_HOST_PAT >> (8 * i) & 7) == (unsigned)type)
			return i;
	return 3;
}

/* PAT is bit 7 at level 1, 12 above. */
static uint64_t pte_type_bits(enum mem_type type, unsigned level)
{
	unsigned i = pat_index(type);

	return (i & 1 ? PTE_PWT : 0) | (i & 2 ? PTE_PCD : 0) |
	       (i & 4 ? level == 1 ? PTE_PAT_4K : PTE_PAT_LARGE : 0);
}

static enum mem_type pte_type(uint64_t e, unsigned level)
{
	unsigned i = (e & PTE_PWT ? 1u : 0) | (e & PTE_PCD ? 2u : 0) |
		     (e & (level == 1 ? PTE_PAT_4K : PTE_PAT_LARGE) ? 4u : 0);

	return (enum mem_type)(PT_HOST_PAT >> (8 * i) & 7);
}

/* Accessed and dirty are set from the start: no locked update by the hardware later. */
static uint64_t pte_leaf(hpa_t pa, unsigned level, unsigned prot, enum mem_type type)
{
	return pa | PTE_P | PTE_A | PTE_D | (prot & PT_W ? PTE_W : 0) | (prot & PT_X ? 0 : PTE_NX) |
	       (level > 1 ? PTE_PS : 0) | pte_type_bits(type, level);
}

static unsigned pte_prot(uint64_t e)
{
	return (unsigned)(PT_R | (e & PTE_W ? PT_W : 0) | (e & PTE_NX ? 0 : PT_X));
}

#define TABLE_BITS (PTE_P | PTE_W | PTE_U | PTE_A)

const struct pt_format pt_format_host = {
	.leaf = pte_leaf,
	.leaf_bits = PTE_G,
	.table_bits = TABLE_BITS,
	.prot = pte_prot,
	.type = pte_type,
};

/* User pages of the host's, without G, which is reserved in upper levels of nested tables. */
const struct pt_format pt_format_npt = {
	.leaf = pte_leaf,
	.leaf_bits = PTE_U,
	.table_bits = TABLE_BITS,
	.prot = pte_prot,
	.type = pte_type,
};
