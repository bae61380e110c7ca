/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the VMX backend that is arithmetic on data. Pure. */
#pragma once

#include "kernel/vcpu.h"
#include "vmx/vmcs.h"

/*
 * What a core says of itself: its MSRs from IA32_VMX_BASIC on (but for VMCS_ENUM), the
 * control words from the "true" MSRs where there are any.
 */
#define VMX_CAP_MSRS     13u
#define VMX_CAP_CONTROLS 4u /* pin to entry: have a "true" MSR */
struct vmx_caps {
	union {
		struct {
			uint64_t basic, pin, proc, exit, entry, misc;
			uint64_t cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
			uint64_t unused, proc2, ept_vpid;
		};
		uint64_t msr[VMX_CAP_MSRS];
	};
};
#define CAP_AT(field, n) (offsetof(struct vmx_caps, field) == (n) * sizeof(uint64_t))
static_assert(CAP_AT(exit, 3) && CAP_AT(entry, VMX_CAP_CONTROLS) && CAP_AT(misc, 5) &&
		      CAP_AT(cr4_fixed1, 9) && CAP_AT(proc2, 11) &&
		      CAP_AT(ept_vpid, VMX_CAP_MSRS - 1),
	      "SDM 3D appendix A: the numbers of MSRs from IA32_VMX_BASIC on");
#undef CAP_AT

/* caps.c */
struct vmx_controls {
	uint32_t pin, proc, proc2, exit, entry;
};

/*
 * Solves all words of this backend. -ENODEV and the name of the first control that cannot be 1
 * and must, or the other way round.
 */
int vmx_choose_controls(const struct vmx_caps *caps, struct vmx_controls *c, const char **name);
/* The first MSR (not the "true" one) in which the cores differ; 0 when they do not. */
uint32_t vmx_caps_differ(const struct vmx_caps *a, const struct vmx_caps *b);

/* decode.c */
enum vcpu_exit_kind vmx_exit_kind(uint32_t basic_reason);
/* Is it caused by executing an instruction, so that its length is valid (SDM 3C 27.2.5)? */
bool vmx_exit_has_length(uint32_t basic_reason);
/* The rest of an exit whose kind says vmx_exit_kind(). */
void vmx_decode_io(uint64_t qualification, struct vcpu_exit *exit);
void vmx_decode_ept(uint64_t qualification, gpa_t gpa, struct vcpu_exit *exit);
/*
 * Exit, entry or IDT-vectoring information to an event. Reserved bits are dropped, and
 * so are error and insn_len where info says that there is none.
 */
struct vcpu_event vmx_decode_event(uint32_t info, uint32_t error, uint32_t insn_len);
/* And back. Error codes go in protected mode only (SDM 3C 26.2.1.3). */
uint32_t vmx_encode_event(const struct vcpu_event *e, bool protected_mode);

enum vmx_cr_op { CR_MOV_TO, CR_MOV_FROM, CR_CLTS, CR_LMSW };

struct vmx_cr_access {
	uint8_t cr, gpr;
	enum vmx_cr_op op;
	uint16_t msw;
};

struct vmx_cr_access vmx_decode_cr(uint64_t qualification);

/* rules.c: what the architecture allows in control registers. */
struct vmx_mode {
	uint64_t cr0, cr3, cr4, efer; /* as the guest sees them, before the change */
	bool cs_l;
};

/* False: #GP(0). */
bool vmx_cr0_allowed(const struct vmx_mode *m, uint64_t cr0);
bool vmx_cr4_allowed(const struct vmx_mode *m, uint64_t cr4, uint64_t allowed);
bool vmx_is_pae(uint64_t cr0, uint64_t cr4, uint64_t efer);
bool vmx_pdpte_valid(uint64_t e, unsigned phys_bits);

/* CR bits that the guest changes without an exit. */
#define CR0_GUEST_OWNED (CR0_MP | CR0_EM | CR0_TS | CR0_WP | CR0_AM)
#define CR4_GUEST_OWNED                                                                            \
	(CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PGE | CR4_PCE | CR4_OSFXSR |         \
	 CR4_OSXMMEXCPT | CR4_UMIP | CR4_FSGSBASE | CR4_OSXSAVE | CR4_SMEP | CR4_SMAP)
/* And what it may set at all, if processor and CPUID policy have it. */
#define CR4_GUEST_ALLOWED (CR4_GUEST_OWNED | CR4_PAE | CR4_MCE | CR4_PCIDE | CR4_PKE)
