/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page-table format of nested paging: host entries that are always the user's. */
#include "svm/npt_format.h"

#include "arch/x86/pt_host.h"

/*
 * G means nothing in a nested entry and is reserved in upper levels. Accessed
 * and dirty are set from the start: no locked update by the hardware later.
 */
static uint64_t npt_leaf(hpa_t pa, unsigned level, unsigned prot, enum mem_type type)
{
	return pa | PTE_P | PTE_U | PTE_A | PTE_D | (prot & PT_W ? PTE_W : 0) |
	       (prot & PT_X ? 0 : PTE_NX) | (level > 1 ? PTE_PS : 0) | pte_type_bits(type, level);
}

static uint64_t npt_table(hpa_t pa)
{
	return pa | PTE_P | PTE_W | PTE_U | PTE_A;
}

static unsigned npt_prot(uint64_t e)
{
	return (unsigned)(PT_R | (e & PTE_W ? PT_W : 0) | (e & PTE_NX ? 0 : PT_X));
}

const struct pt_format pt_format_npt = {
	.name = "NPT",
	.leaf = npt_leaf,
	.table = npt_table,
	.present = pte_present,
	.is_leaf = pte_is_leaf,
	.addr = pte_addr,
	.prot = npt_prot,
	.type = pte_type,
};
