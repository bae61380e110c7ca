/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Architectural MSR numbers (SDM 4 table 2-2; APM 2 appendix A). Pure. */
#pragma once

#include "kernel/types.h"

#define MSR_TSC                    0x10u
#define MSR_PLATFORM_ID            0x17u
#define MSR_APIC_BASE              0x1bu
#define MSR_FEATURE_CONTROL        0x3au
#define MSR_TSC_ADJUST             0x3bu
#define MSR_PRED_CMD               0x49u
#define PRED_CMD_IBPB              1u
#define MSR_BIOS_SIGN_ID           0x8bu
#define MSR_MTRRCAP                0xfeu
#define MSR_ARCH_CAPABILITIES      0x10au
#define ARCH_CAP_IF_PSCHANGE_MC_NO BIT(6)
#define MSR_SYSENTER_CS            0x174u
#define MSR_SYSENTER_ESP           0x175u
#define MSR_SYSENTER_EIP           0x176u
#define MSR_MCG_CAP                0x179u
#define MSR_MCG_STATUS             0x17au
#define MSR_MISC_ENABLE            0x1a0u
#define MSR_DEBUGCTL               0x1d9u
#define DEBUGCTL_BTF               BIT(1) /* TF steps branches only */
#define MSR_MTRR_PHYSBASE0         0x200u
#define MSR_MTRR_FIX64K_00000      0x250u
#define MSR_MTRR_FIX16K_80000      0x258u
#define MSR_MTRR_FIX16K_A0000      0x259u
#define MSR_MTRR_FIX4K_C0000       0x268u
#define MSR_PAT                    0x277u
#define MSR_MTRR_DEF_TYPE          0x2ffu
#define MSR_TSC_DEADLINE           0x6e0u
#define MSR_X2APIC_BASE            0x800u
#define MSR_EFER                   0xc0000080u
#define MSR_STAR                   0xc0000081u
#define MSR_LSTAR                  0xc0000082u
#define MSR_CSTAR                  0xc0000083u
#define MSR_SFMASK                 0xc0000084u
#define MSR_FS_BASE                0xc0000100u
#define MSR_GS_BASE                0xc0000101u
#define MSR_KERNEL_GS_BASE         0xc0000102u
#define MSR_TSC_AUX                0xc0000103u
#define MSR_SYSCFG                 0xc0010010u
#define MSR_HWCR                   0xc0010015u
#define MSR_NB_CFG                 0xc001001fu
#define MSR_PERF_EVTSEL0           0xc0010000u /* and 7 more: four to select, four to count */
#define MSR_DE_CFG                 0xc0011029u
#define MSR_VM_CR                  0xc0010114u
#define MSR_VM_HSAVE_PA            0xc0010117u

#define APIC_BASE_BSP    BIT(8)
#define APIC_BASE_X2APIC BIT(10)
#define APIC_BASE_ENABLE BIT(11)
