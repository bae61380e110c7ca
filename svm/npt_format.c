/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page-table format of nested paging: host entries that are always the user's. */
#include "svm/npt_format.h"

#include "arch/x86/pt_host.h"

/* A user page of the host's: without G, which is reserved in upper levels of nested tables. */
static uint64_t npt_leaf(hpa_t pa, unsigned level, unsigned prot, enum mem_type type)
{
	return pt_format_host.leaf(pa, level, prot | (unsigned)PT_U, type);
}

static unsigned npt_prot(uint64_t e)
{
	return pt_format_host.prot(e) & ~(unsigned)PT_U;
}

const struct pt_format pt_format_npt = {
	.leaf = npt_leaf,
	.table = pte_table,
	.present = pte_present,
	.is_leaf = pte_is_leaf,
	.addr = pte_addr,
	.prot = npt_prot,
	.type = pte_type,
};
