/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Architectural register bits (SDM 3A 2.5, SDM 1 3.4.3, APM 2 3.1). Pure. */
#pragma once

#include "kernel/types.h"

/* What CPUID answers. */
struct cpuid_regs {
	uint32_t eax, ebx, ecx, edx;
};

#define RFLAGS_CF    BIT(0)
#define RFLAGS_RSVD1 BIT(1) /* always 1 */
#define RFLAGS_PF    BIT(2)
#define RFLAGS_AF    BIT(4)
#define RFLAGS_ZF    BIT(6)
#define RFLAGS_SF    BIT(7)
#define RFLAGS_TF    BIT(8)
#define RFLAGS_IF    BIT(9)
#define RFLAGS_DF    BIT(10)
#define RFLAGS_OF    BIT(11)
#define RFLAGS_NT    BIT(14)
#define RFLAGS_RF    BIT(16)
#define RFLAGS_VM    BIT(17)
#define RFLAGS_AC    BIT(18)

#define CR0_PE BIT(0)
#define CR0_MP BIT(1)
#define CR0_EM BIT(2)
#define CR0_TS BIT(3)
#define CR0_ET BIT(4)
#define CR0_NE BIT(5)
#define CR0_WP BIT(16)
#define CR0_AM BIT(18)
#define CR0_NW BIT(29)
#define CR0_CD BIT(30)
#define CR0_PG BIT(31)

#define CR4_VME        BIT(0)
#define CR4_PVI        BIT(1)
#define CR4_TSD        BIT(2)
#define CR4_DE         BIT(3)
#define CR4_PSE        BIT(4)
#define CR4_PAE        BIT(5)
#define CR4_MCE        BIT(6)
#define CR4_PGE        BIT(7)
#define CR4_PCE        BIT(8)
#define CR4_OSFXSR     BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_UMIP       BIT(11)
#define CR4_LA57       BIT(12)
#define CR4_VMXE       BIT(13)
#define CR4_SMXE       BIT(14)
#define CR4_FSGSBASE   BIT(16)
#define CR4_PCIDE      BIT(17)
#define CR4_OSXSAVE    BIT(18)
#define CR4_SMEP       BIT(20)
#define CR4_SMAP       BIT(21)
#define CR4_PKE        BIT(22)

#define EFER_SCE  BIT(0)
#define EFER_LME  BIT(8)
#define EFER_LMA  BIT(10)
#define EFER_NXE  BIT(11)
#define EFER_SVME BIT(12)

#define DR6_INIT 0xffff0ff0ull
#define DR6_BS   BIT(14)
#define DR6_BT   BIT(15)
#define DR7_INIT 0x400ull

#define XCR0_X87    BIT(0)
#define XCR0_SSE    BIT(1)
#define XCR0_AVX    BIT(2)
#define XCR0_OPMASK BIT(5)
#define XCR0_ZMM_HI BIT(6)
#define XCR0_HI_ZMM BIT(7)
#define XCR0_PKRU   BIT(9)

enum x86_vector {
	VEC_DE = 0,
	VEC_DB = 1,
	VEC_NMI = 2,
	VEC_BP = 3,
	VEC_OF = 4,
	VEC_UD = 6,
	VEC_DF = 8,
	VEC_TS = 10,
	VEC_NP = 11,
	VEC_SS = 12,
	VEC_GP = 13,
	VEC_PF = 14,
	VEC_AC = 17,
	VEC_MC = 18,
	VEC_VE = 20,
	VEC_CP = 21,
	VEC_SX = 30, /* AMD: a redirected INIT (APM 2 15.28) */
};

/* #PF error code (SDM 3A 4.7). */
#define PFEC_P    BIT(0)
#define PFEC_W    BIT(1)
#define PFEC_U    BIT(2)
#define PFEC_RSVD BIT(3)
#define PFEC_I    BIT(4)

/* Memory types as MTRRs, PAT and EPT encode them (SDM 3A 11.3). */
enum mem_type {
	MT_UC = 0,
	MT_WC = 1,
	MT_WT = 4,
	MT_WP = 5,
	MT_WB = 6,
	MT_UC_MINUS = 7, /* PAT only */
};
