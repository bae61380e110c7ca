/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page-table format of extended page tables. */
#include "vmx/ept_format.h"
#include "arch/x86/pt_host.h"

#define EPT_RWX (EPT_R | EPT_W | EPT_X)

static_assert(EPT_PS == PTE_PS, "large pages");
static_assert(PT_R == EPT_R && PT_W == EPT_W && PT_X == EPT_X, "protections are EPT's bits");

static uint64_t ept_leaf(hpa_t pa, unsigned level, unsigned prot, enum mem_type type)
{
	/* 2, 3 and 7 are misconfigurations (SDM 3C 28.3.3.1). */
	bool known = type == MT_WB || type == MT_WC || type == MT_WT || type == MT_WP;

	return pa | (prot & PT_RWX) | EPT_TYPE(known ? type : MT_UC) |
	       (type == MT_WB ? EPT_IPAT : 0) | (level > 1 ? EPT_PS : 0);
}

static uint64_t ept_table(hpa_t pa)
{
	return pa | EPT_RWX;
}

static bool ept_present(uint64_t e)
{
	return e & EPT_RWX;
}

static hpa_t ept_addr(uint64_t e, unsigned level)
{
	(void)level;
	return e & EPT_ADDR;
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
	.table = ept_table,
	.present = ept_present,
	.is_leaf = pte_is_leaf, /* bit 7 of all but level 1 in both */
	.addr = ept_addr,
	.prot = ept_prot,
	.type = ept_type,
};
