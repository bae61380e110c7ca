/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page-table format of extended page tables. Pure. */
#pragma once

#include "arch/x86/pt.h"

/*
 * EPT entries (SDM 3C 28.3.2). Write-back leaves ignore the guest's PAT: RAM
 * that the hypervisor reads write-back is not used with another type by the
 * guest, which SDM 3A 11.12.4 leaves undefined. Others combine with it, so
 * that a guest can make a device's memory write-combining. UC- is UC.
 */
extern const struct pt_format pt_format_ept;

#define EPT_R         BIT(0)
#define EPT_W         BIT(1)
#define EPT_X         BIT(2)
#define EPT_TYPE(t)   ((uint64_t)(t) << 3) /* bits 5:3, enum mem_type */
#define EPT_TYPE_MASK EPT_TYPE(7)
#define EPT_IPAT      BIT(6) /* ignore PAT */
