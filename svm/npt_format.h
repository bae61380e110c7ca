/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page-table format of nested paging. Pure. */
#ifndef SVM_NPT_FORMAT_H
#define SVM_NPT_FORMAT_H

#include "arch/x86/pt.h"

/*
 * 4-level host tables, walked as user accesses (APM 2 15.25.5): every entry
 * has U set. The host's CR4.PAE/EFER.LMA at VMRUN choose the format, EFER.NXE
 * enables NX, and the host's IA32_PAT (PT_HOST_PAT) gives the memory types,
 * which the CPU combines with the guest's PAT (APM 2 15.25.8). PT_U has no
 * meaning here and is not reported.
 */
extern const struct pt_format pt_format_npt;

#endif
