/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page-table format of extended page tables. */
#include "vmx/ept_format.h"

#define EPT_RWX (EPT_R | EPT_W | EPT_X)

static_assert(PT_R == EPT_R && PT_W == EPT_W && PT_X == EPT_X, "protections are EPT's bits");

static uint64_t ept_leaf(hpa_t pa, unsigned level, unsigned prot, enum mem_type type)
{
	/* 2, 3 and 7 are misconfigurations (SDM 3C 28.3.3.1). */
	bool known = type == MT_WB || type == MT_WC || type == MT_WT || type == MT_WP;

	return pa | prot | EPT_TYPE(known ? type : MT_UC) | (type == MT_WB ? EPT_IPAT : 0) |
	       (level > 1 ? PT_PS : 0);
}

static unsigned ept_prot(uint64_t e)
{
	return (unsigned)(e & EPT_RWX);
}

static enum mem_type ept_type(uint64_t e, unsigned level)
{
	(void)level;
	return (enum mem_type)((e & EPT_TYPE_MASK) >> 3);
}

const struct pt_format pt_format_ept = {
	.leaf = ept_leaf,
	.table_bits = EPT_RWX,
	.prot = ept_prot,
	.type = ept_type,
};
