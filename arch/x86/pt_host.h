/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of 4-level x86-64 page tables, as host paging and NPT use them. Pure. */
#pragma once

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

/*
 * IA32_PAT of the hypervisor on every core. Entries 0 to 3 are those at reset
 * (SDM 3A 11.12.4), so that tables made by firmware and the loader mean the
 * same before and after: 0 WB, 1 WT, 2 UC-, 3 UC, then 4 WC, 5 WP, 6 UC-, 7 UC.
 * NPT uses them too: nested tables are read with the host's PAT (APM 2 15.25.8).
 */
#define PT_HOST_PAT 0x0007050100070406ull

/* Pages are global and the supervisor's; tables restrict nothing. */
extern const struct pt_format pt_format_host;

/*
 * 4-level host tables, walked as user accesses (APM 2 15.25.5): every entry
 * has U set. The host's CR4.PAE/EFER.LMA at VMRUN choose the format, EFER.NXE
 * enables NX, and the host's IA32_PAT (PT_HOST_PAT) gives the memory types,
 * which the CPU combines with the guest's PAT (APM 2 15.25.8).
 */
extern const struct pt_format pt_format_npt;
