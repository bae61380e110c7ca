/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual machine control block and its bits (APM 2 appendices B and C). Pure. */
#pragma once

#include "kernel/types.h"

struct vmcb_seg {
	uint16_t selector, attrib;
	uint32_t limit;
	uint64_t base;
};

struct vmcb {
	/* Control area (APM 2 table B-1). */
	uint32_t intercept_cr; /* reads 15:0, writes 31:16 */
	uint32_t intercept_dr;
	uint32_t intercept_exc;
	uint32_t intercept1, intercept2, intercept3;
	uint8_t reserved_018[0x24];
	uint16_t pause_threshold, pause_count;
	uint64_t iopm_pa, msrpm_pa;
	uint64_t tsc_offset;
	uint32_t asid;
	uint32_t tlb_control; /* 7:0 */
	uint64_t int_ctl;
	uint64_t int_state;
	uint64_t exit_code;
	uint64_t exit_info1, exit_info2;
	uint64_t exit_int_info;
	uint64_t np_ctl;
	uint64_t avic_bar, ghcb;
	uint64_t event_inj;
	uint64_t n_cr3;
	uint64_t virt_ext;
	uint64_t clean; /* 31:0 */
	uint64_t next_rip;
	uint8_t insn_bytes;
	uint8_t insn[15];
	uint8_t reserved_0e0[0x320];

	/* State save area (APM 2 table B-2). */
	struct vmcb_seg es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	uint8_t reserved_4a0[0x2b];
	uint8_t cpl;
	uint32_t reserved_4cc;
	uint64_t efer;
	uint8_t reserved_4d8[0x70];
	uint64_t cr4, cr3, cr0, dr7, dr6;
	uint64_t rflags, rip;
	uint8_t reserved_580[0x58];
	uint64_t rsp;
	uint64_t s_cet, ssp, isst_addr;
	uint64_t rax;
	uint64_t star, lstar, cstar, sfmask, kernel_gs_base;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint64_t cr2;
	uint8_t reserved_648[0x20];
	uint64_t g_pat;
	uint64_t dbgctl;
	uint8_t reserved_678[0x988];
};

/* Both ends of every run without a hole. */
#define VMCB_AT(field, offset)                                                                     \
	static_assert(offsetof(struct vmcb, field) == (offset), "APM 2 appendix B: " #field)
VMCB_AT(intercept_cr, 0x000);
VMCB_AT(intercept3, 0x014);
VMCB_AT(pause_threshold, 0x03c);
VMCB_AT(next_rip, 0x0c8);
VMCB_AT(insn, 0x0d1);
VMCB_AT(es, 0x400);
VMCB_AT(tr, 0x490);
VMCB_AT(cpl, 0x4cb);
VMCB_AT(efer, 0x4d0);
VMCB_AT(cr4, 0x548);
VMCB_AT(rip, 0x578);
VMCB_AT(rsp, 0x5d8);
VMCB_AT(cr2, 0x640);
VMCB_AT(g_pat, 0x668);
VMCB_AT(dbgctl, 0x670);
static_assert(sizeof(struct vmcb_seg) == 16, "APM 2 table B-2");
static_assert(sizeof(struct vmcb) == 4096, "APM 2 appendix B");
#undef VMCB_AT

/*
 * Intercepts: 32-bit words from offset 000h on (0: intercept_cr, 3: intercept1,
 * 4: intercept2); the exit's code is the number of its bit. A wrong word does
 * not compile: the shift leaves it.
 */
#define ICPT(word, exit) (1u << (VMEXIT_##exit - 32u * (word)))

/* tlb_control, offset 05Ch */
#define TLB_KEEP       0u
#define TLB_FLUSH_ALL  1u /* every ASID, the host's too */
#define TLB_FLUSH_ASID 3u /* this guest's; needs SVM_FEATURE_FLUSH_BY_ASID */

/* int_ctl, offset 060h */
#define INT_V_TPR          0x0full
#define INT_V_IRQ          BIT(8)
#define INT_V_PRIO_SHIFT   16u
#define INT_V_IGN_TPR      BIT(20)
#define INT_V_INTR_MASKING BIT(24)
#define INT_V_VECTOR_SHIFT 32u

/* int_state, offset 068h */
#define INT_SHADOW BIT(0)

/* exit_int_info and event_inj; types are as in enum event_type (APM 2 15.20) */
#define EVENT_VECTOR      0xffull
#define EVENT_TYPE(e)     ((unsigned)((e) >> 8) & 7u)
#define EVENT_TYPE_SHIFT  8u
#define EVENT_EV          BIT(11)
#define EVENT_V           BIT(31)
#define EVENT_ERROR_SHIFT 32u

#define NP_ENABLE BIT(0) /* np_ctl */

/* clean, offset 0C0h: a set bit says that the CPU may use what it has cached */
#define CLEAN_I   BIT(0) /* intercepts, TSC offset, pause filter */
#define CLEAN_TPR BIT(3) /* int_ctl */
#define CLEAN_NP  BIT(4) /* N_CR3, NP_ENABLE, G_PAT */
#define CLEAN_CRX BIT(5) /* CR0, CR3, CR4, EFER */
#define CLEAN_DRX BIT(6) /* DR6, DR7 */
#define CLEAN_DT  BIT(7) /* GDTR, IDTR */
#define CLEAN_SEG BIT(8) /* ES, CS, SS, DS, CPL */
#define CLEAN_CR2 BIT(9)
#define CLEAN_LBR BIT(10)
#define CLEAN_ALL 0x7ffull

/* exit_code (APM 2 appendix C). Only 31:0 count: see svm_exit_code(). */
#define VMEXIT_CR4_WRITE   0x14u
#define VMEXIT_CR8_WRITE   0x18u
#define VMEXIT_EXCP(v)     (0x40u + (v))
#define VMEXIT_EXCP_LAST   0x5fu
#define VMEXIT_INTR        0x60u
#define VMEXIT_NMI         0x61u
#define VMEXIT_INIT        0x63u
#define VMEXIT_VINTR       0x64u
#define VMEXIT_RDPMC       0x6fu
#define VMEXIT_CPUID       0x72u
#define VMEXIT_IRET        0x74u
#define VMEXIT_INVD        0x76u
#define VMEXIT_HLT         0x78u
#define VMEXIT_INVLPGA     0x7au
#define VMEXIT_IOIO        0x7bu
#define VMEXIT_MSR         0x7cu
#define VMEXIT_TASK_SWITCH 0x7du
#define VMEXIT_SHUTDOWN    0x7fu
#define VMEXIT_VMRUN       0x80u
#define VMEXIT_VMMCALL     0x81u
#define VMEXIT_VMLOAD      0x82u
#define VMEXIT_VMSAVE      0x83u
#define VMEXIT_STGI        0x84u
#define VMEXIT_CLGI        0x85u
#define VMEXIT_SKINIT      0x86u
#define VMEXIT_WBINVD      0x89u
#define VMEXIT_MONITOR     0x8au
#define VMEXIT_MWAIT       0x8bu
#define VMEXIT_MWAIT_COND  0x8cu
#define VMEXIT_XSETBV      0x8du
#define VMEXIT_RDPRU       0x8eu
#define VMEXIT_NPF         0x400u
#define VMEXIT_INVALID     0xffffffffu
#define VMEXIT_BUSY        0xfffffffeu

/* exit_info1 of IOIO (APM 2 15.10.2) */
#define IOIO_IN         BIT(0)
#define IOIO_STR        BIT(2)
#define IOIO_SIZE(i)    ((uint8_t)((i) >> 4) & 7u) /* one bit: 1, 2 or 4 bytes */
#define IOIO_PORT_SHIFT 16u

/* exit_info1 of NPF (APM 2 15.25.6): a page-fault error code and: */
#define NPF_I    BIT(4)
#define NPF_WALK BIT(33) /* on the guest's own page tables */

/* attrib of a segment: 7:0 and 11:8 are bits 47:40 and 55:52 of the descriptor */
#define ATTR_P         (1u << 7)
#define ATTR_L         (1u << 9)
#define ATTR_DB        (1u << 10)
#define ATTR_DPL_SHIFT 5u

/* CPUID 8000_000A EDX */
#define SVM_FEATURE_NPT            (1u << 0)
#define SVM_FEATURE_NRIP           (1u << 3)
#define SVM_FEATURE_CLEAN          (1u << 5)
#define SVM_FEATURE_FLUSH_BY_ASID  (1u << 6)
#define SVM_FEATURE_DECODE_ASSISTS (1u << 7)

/* VM_CR MSR (APM 2 15.30.1) */
#define VM_CR_R_INIT BIT(1)
#define VM_CR_LOCK   BIT(3)
#define VM_CR_SVMDIS BIT(4)
