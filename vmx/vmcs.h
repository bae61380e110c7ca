/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VMCS fields, controls and field formats, named as in SDM 3C 24 and appendices A and B. Pure. */
#pragma once

#include "kernel/types.h"

/* An encoding (SDM 3D appendix B); a type of its own, so that it is no value. */
struct vmcs_field {
	uint32_t enc;
};

#define VMCS(e) ((struct vmcs_field){e})

/* clang-format off */
#define VPID                          VMCS(0x0000)
#define GUEST_SELECTOR(s)             VMCS(0x0800 + 2u * (s)) /* s: enum vcpu_sreg, in this order */
#define GUEST_INTERRUPT_STATUS        VMCS(0x0810) /* RVI, SVI */
#define HOST_SELECTOR(s)              VMCS(0x0c00 + 2u * (s)) /* ES to GS; then TR, there is no LDTR */

#define MSR_BITMAP_ADDRESS            VMCS(0x2004)
#define TSC_OFFSET                    VMCS(0x2010)
#define VIRTUAL_APIC_ADDRESS          VMCS(0x2012)
#define APIC_ACCESS_ADDRESS           VMCS(0x2014)
#define EPT_POINTER                   VMCS(0x201a)
#define EOI_EXIT_BITMAP(n)            VMCS(0x201c + 2u * (n))
#define ENCLS_EXITING_BITMAP          VMCS(0x202e)
#define GUEST_PHYSICAL_ADDRESS        VMCS(0x2400)
#define VMCS_LINK_POINTER             VMCS(0x2800)
#define GUEST_IA32_DEBUGCTL           VMCS(0x2802)
#define GUEST_IA32_PAT                VMCS(0x2804)
#define GUEST_IA32_EFER               VMCS(0x2806)
#define GUEST_PDPTE(n)                VMCS(0x280a + 2u * (n))
#define HOST_IA32_PAT                 VMCS(0x2c00)
#define HOST_IA32_EFER                VMCS(0x2c02)

#define PIN_BASED_CONTROLS            VMCS(0x4000)
#define PROC_BASED_CONTROLS           VMCS(0x4002)
#define EXCEPTION_BITMAP              VMCS(0x4004)
#define PAGE_FAULT_ERROR_CODE_MASK    VMCS(0x4006)
#define PAGE_FAULT_ERROR_CODE_MATCH   VMCS(0x4008)
#define CR3_TARGET_COUNT              VMCS(0x400a)
#define VM_EXIT_CONTROLS              VMCS(0x400c)
#define VM_EXIT_MSR_STORE_COUNT       VMCS(0x400e)
#define VM_EXIT_MSR_LOAD_COUNT        VMCS(0x4010)
#define VM_ENTRY_CONTROLS             VMCS(0x4012)
#define VM_ENTRY_MSR_LOAD_COUNT       VMCS(0x4014)
#define VM_ENTRY_INTERRUPTION_INFO    VMCS(0x4016)
#define VM_ENTRY_EXCEPTION_ERROR_CODE VMCS(0x4018)
#define VM_ENTRY_INSTRUCTION_LENGTH   VMCS(0x401a)
#define TPR_THRESHOLD                 VMCS(0x401c)
#define PROC_BASED_CONTROLS2          VMCS(0x401e)
#define VM_INSTRUCTION_ERROR          VMCS(0x4400)
#define EXIT_REASON                   VMCS(0x4402)
#define EXIT_INTERRUPTION_INFO        VMCS(0x4404)
#define EXIT_INTERRUPTION_ERROR_CODE  VMCS(0x4406)
#define IDT_VECTORING_INFO            VMCS(0x4408)
#define IDT_VECTORING_ERROR_CODE      VMCS(0x440a)
#define EXIT_INSTRUCTION_LENGTH       VMCS(0x440c)
#define GUEST_LIMIT(s)                VMCS(0x4800 + 2u * (s))
#define GUEST_GDTR_LIMIT              VMCS(0x4810)
#define GUEST_IDTR_LIMIT              VMCS(0x4812)
#define GUEST_ACCESS_RIGHTS(s)        VMCS(0x4814 + 2u * (s))
#define GUEST_INTERRUPTIBILITY        VMCS(0x4824)
#define GUEST_ACTIVITY                VMCS(0x4826)
#define GUEST_SYSENTER_CS             VMCS(0x482a)
#define GUEST_PREEMPTION_TIMER        VMCS(0x482e)
#define HOST_SYSENTER_CS              VMCS(0x4c00)

#define CR0_MASK                      VMCS(0x6000)
#define CR4_MASK                      VMCS(0x6002)
#define CR0_SHADOW                    VMCS(0x6004)
#define CR4_SHADOW                    VMCS(0x6006)
#define EXIT_QUALIFICATION            VMCS(0x6400)
#define GUEST_LINEAR_ADDRESS          VMCS(0x640a)
#define GUEST_CR0                     VMCS(0x6800)
#define GUEST_CR3                     VMCS(0x6802)
#define GUEST_CR4                     VMCS(0x6804)
#define GUEST_BASE(s)                 VMCS(0x6806 + 2u * (s))
#define GUEST_GDTR_BASE               VMCS(0x6816)
#define GUEST_IDTR_BASE               VMCS(0x6818)
#define GUEST_DR7                     VMCS(0x681a)
#define GUEST_RSP                     VMCS(0x681c)
#define GUEST_RIP                     VMCS(0x681e)
#define GUEST_RFLAGS                  VMCS(0x6820)
#define GUEST_PENDING_DEBUG           VMCS(0x6822)
#define GUEST_SYSENTER_ESP            VMCS(0x6824)
#define GUEST_SYSENTER_EIP            VMCS(0x6826)
#define HOST_CR0                      VMCS(0x6c00)
#define HOST_CR3                      VMCS(0x6c02)
#define HOST_CR4                      VMCS(0x6c04)
#define HOST_FS_BASE                  VMCS(0x6c06)
#define HOST_GS_BASE                  VMCS(0x6c08)
#define HOST_TR_BASE                  VMCS(0x6c0a)
#define HOST_GDTR_BASE                VMCS(0x6c0c)
#define HOST_IDTR_BASE                VMCS(0x6c0e)
#define HOST_SYSENTER_ESP             VMCS(0x6c10)
#define HOST_SYSENTER_EIP             VMCS(0x6c12)
#define HOST_RIP                      VMCS(0x6c16)

/* Pin-based controls (SDM 3C 24.6.1). */
#define PIN_PREEMPTION_TIMER          BIT(6)

/* Primary processor-based controls (24.6.2). */
#define PROC_INTERRUPT_WINDOW         BIT(2)
#define PROC_NMI_WINDOW               BIT(22)
#define PROC_SECONDARY                BIT(31)

/* Secondary processor-based controls (24.6.2). */
#define PROC2_APIC_ACCESSES           BIT(0)
#define PROC2_EPT                     BIT(1)
#define PROC2_RDTSCP                  BIT(3)
#define PROC2_X2APIC                  BIT(4)
#define PROC2_VPID                    BIT(5)
#define PROC2_APICV                   (BIT(8) | BIT(9)) /* registers, and interrupt delivery */
#define PROC2_ENCLS                   BIT(15)

/* VM-entry controls (24.8.1). */
#define ENTRY_IA32E                   BIT(9)

/* Guest interruptibility state (24.4.2). */
#define BLOCKED_BY_STI                BIT(0)
#define BLOCKED_BY_MOV_SS             BIT(1)
#define BLOCKED_BY_NMI                BIT(3)
#define BLOCKED_SHADOW                (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS)

/* Pending debug exceptions and exit qualification of #DB (24.4.2, 27.2.1). */
#define DEBUG_BS                      BIT(14)
#define DEBUG_QUALIFICATION           0x1600full /* RTM, BS, BD, B3:B0 */

/* VM-entry, VM-exit and IDT-vectoring interruption information (24.8.3, 24.9.2, 24.9.3). */
#define INFO_VECTOR                   0xffull
#define INFO_TYPE(info)               ((unsigned)(info) >> 8 & 7u)
#define INFO_ERROR                    BIT(11)
#define INFO_NMI_UNBLOCKED            BIT(12) /* VM exit only: by IRET */
#define INFO_VALID                    BIT(31)

/* Basic exit reasons (appendix C). */
#define REASON_ENTRY_FAILED           BIT(31)
#define REASON_EXCEPTION_NMI          0u
#define REASON_EXTERNAL_INTERRUPT     1u
#define REASON_TRIPLE_FAULT           2u
#define REASON_INIT                   3u
#define REASON_SIPI                   4u
#define REASON_INTERRUPT_WINDOW       7u
#define REASON_NMI_WINDOW             8u
#define REASON_TASK_SWITCH            9u
#define REASON_CPUID                  10u
#define REASON_GETSEC                 11u
#define REASON_HLT                    12u
#define REASON_INVD                   13u
#define REASON_RDPMC                  15u
#define REASON_RSM                    17u
#define REASON_VMCALL                 18u
#define REASON_VMCLEAR                19u
#define REASON_VMXON                  27u
#define REASON_CR_ACCESS              28u
#define REASON_IO                     30u
#define REASON_RDMSR                  31u
#define REASON_WRMSR                  32u
#define REASON_MWAIT                  36u
#define REASON_MONITOR                39u
#define REASON_ENTRY_MACHINE_CHECK    41u /* with REASON_ENTRY_FAILED */
#define REASON_TPR_BELOW_THRESHOLD    43u
#define REASON_APIC_ACCESS            44u
#define REASON_EOI                    45u
#define REASON_EPT_VIOLATION          48u
#define REASON_EPT_MISCONFIGURATION   49u
#define REASON_INVEPT                 50u
#define REASON_PREEMPTION_TIMER       52u
#define REASON_INVVPID                53u
#define REASON_WBINVD                 54u
#define REASON_XSETBV                 55u
#define REASON_APIC_WRITE             56u
#define REASON_VMFUNC                 59u
#define REASON_ENCLS                  60u
#define REASON_COUNT                  61u

/* Exit qualification of EPT violations (table 27-7). */
#define EPT_QUAL_FETCH                BIT(2)
#define EPT_QUAL_GVA_VALID            BIT(7)
#define EPT_QUAL_FINAL                BIT(8) /* not an access to a guest page table */
#define EPT_QUAL_NMI_UNBLOCKED        BIT(12)

/* Exit qualification of APIC accesses (table 27-6): their types from 10 on. */
#define APIC_QUAL_NO_GVA              BIT(15)

/* Capability MSRs (appendix A) and their fields. */
#define MSR_VMX_BASIC                 0x480u /* the others in the order of struct vmx_caps */
#define MSR_VMX_VMCS_ENUM             0x48au
#define MSR_VMX_PROCBASED2            0x48bu
#define MSR_VMX_EPT_VPID              0x48cu
#define VMX_TRUE_OFFSET               0xcu /* from a control MSR to its "true" one */
#define BASIC_TRUE_CONTROLS           BIT(55)
#define EPT_CAP_WALK_4                BIT(6)
#define EPT_CAP_WB                    BIT(14)
#define EPT_CAP_2M                    BIT(16)
#define EPT_CAP_INVEPT                BIT(20)
#define EPT_CAP_INVEPT_SINGLE         BIT(25)
#define VPID_CAP_INVVPID              BIT(32)
#define VPID_CAP_SINGLE               BIT(41)

#define FEATURE_CONTROL_LOCK          BIT(0)
#define FEATURE_CONTROL_VMX           BIT(2) /* outside SMX */

/* EPT pointer (24.6.11): WB, walk length 4, no accessed and dirty flags. */
#define EPTP_WB_WALK_4                (6ull | 3ull << 3)
/* clang-format on */
