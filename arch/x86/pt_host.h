/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of 4-level x86-64 page tables, as host paging and NPT use them. Pure. */
#ifndef ARCH_X86_PT_HOST_H
#define ARCH_X86_PT_HOST_H

#include "arch/x86/pt.h"

/* SDM 3A 4.5.4, APM 2 5.4. */
#define PTE_P  BIT(0)
#define PTE_W  BIT(1)
#define PTE_U  BIT(2)
#define PTE_A  BIT(5)
#define PTE_D  BIT(6)
#define PTE_PS BIT(7) /* levels 2 and 3 */
#define PTE_G  BIT(8)
#define PTE_NX BIT(63) /* needs EFER.NXE; reserved without */

#define PTE_ADDR 0x000ffffffffff000ull

/*
 * IA32_PAT of the hypervisor on every core. Entries 0 to 3 are those at reset
 * (SDM 3A 11.12.4), so that tables made by firmware and the loader mean the
 * same before and after: 0 WB, 1 WT, 2 UC-, 3 UC, then 4 WC, 5 WP, 6 UC-, 7 UC.
 * NPT uses them too: nested tables are read with the host's PAT (APM 2 15.25.8).
 */
#define PT_HOST_PAT 0x0007050100070406ull

/* The PWT, PCD and PAT bits that select the type; PAT is bit 7 at level 1, 12 above. */
uint64_t pte_type_bits(enum mem_type type, unsigned level);
enum mem_type pte_type(uint64_t e, unsigned level);
hpa_t pte_addr(uint64_t e, unsigned level); /* of a leaf or (level 4 or no PS) a table */
uint64_t pte_table(hpa_t pa);
bool pte_present(uint64_t e);
bool pte_is_leaf(uint64_t e, unsigned level);

/* Pages are global and supervisor's, unless PT_U is given; tables restrict nothing. */
extern const struct pt_format pt_format_host;

#endif
