/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vCPU's VMCS as data: for the check of a refused entry, and for crash dumps. */
#include "kernel/log.h"
#include "vmx/vmx.h"

void vmx_snapshot(struct vcpu *v, struct vmx_guest_state *s)
{
	struct vmx_vcpu *h = vmx_hw(v);

	*s = (struct vmx_guest_state){
		.cr0 = vmread(GUEST_CR0),
		.cr3 = vmread(GUEST_CR3),
		.cr4 = vmread(GUEST_CR4),
		.dr7 = vmread(GUEST_DR7),
		.debugctl = vmread(GUEST_IA32_DEBUGCTL),
		.efer = vmread(GUEST_IA32_EFER),
		.pat = vmread(GUEST_IA32_PAT),
		.sysenter_esp = vmread(GUEST_SYSENTER_ESP),
		.sysenter_eip = vmread(GUEST_SYSENTER_EIP),
		.rip = vmx_cache_get(h, CACHE_RIP),
		.rsp = vmx_cache_get(h, CACHE_RSP),
		.rflags = vmx_cache_get(h, CACHE_RFLAGS),
		.gdtr_base = vmread(GUEST_GDTR_BASE),
		.idtr_base = vmread(GUEST_IDTR_BASE),
		.pending_debug = vmread(GUEST_PENDING_DEBUG),
		.link = vmread(VMCS_LINK_POINTER),
		.gdtr_limit = (uint32_t)vmread(GUEST_GDTR_LIMIT),
		.idtr_limit = (uint32_t)vmread(GUEST_IDTR_LIMIT),
		.activity = (uint32_t)vmread(GUEST_ACTIVITY),
		.interruptibility = (uint32_t)vmx_cache_get(h, CACHE_INTERRUPTIBILITY),
		.entry_controls = (uint32_t)vmread(VM_ENTRY_CONTROLS),
		.entry_info = (uint32_t)vmread(VM_ENTRY_INTERRUPTION_INFO),
	};
	for (unsigned i = 0; i < 4; i++)
		s->pdpte[i] = vmread(GUEST_PDPTE(i));
	for (unsigned i = 0; i < SREG_COUNT; i++)
		s->seg[i] = vmx_get_seg(v, (enum vcpu_sreg)i);
}

void vmx_dump(struct vcpu *v)
{
	struct vmx_vcpu *h = vmx_hw(v);
	struct vmx_guest_state s;

	vmx_snapshot(v, &s);
	log_info("vmx: exit reason %#lx, qualification %#lx, GPA %#lx, linear %#lx, length %lu",
		 vmread(EXIT_REASON), vmread(EXIT_QUALIFICATION), vmread(GUEST_PHYSICAL_ADDRESS),
		 vmread(GUEST_LINEAR_ADDRESS), vmread(EXIT_INSTRUCTION_LENGTH));
	log_info("vmx: interruption %#lx/%#lx, IDT vectoring %#lx/%#lx, entry event %#x",
		 vmread(EXIT_INTERRUPTION_INFO), vmread(EXIT_INTERRUPTION_ERROR_CODE),
		 vmread(IDT_VECTORING_INFO), vmread(IDT_VECTORING_ERROR_CODE), s.entry_info);
	log_info("vmx: real CR0 %#lx CR4 %#lx, guest's CR0 %#lx CR4 %#lx EFER %#lx", s.cr0, s.cr4,
		 vmx_get_cr0(h), vmx_get_cr4(v), s.efer);
	log_info("vmx: interruptibility %#x, activity %u, pending debug %#lx, TPR %#x",
		 s.interruptibility, s.activity, s.pending_debug, vmx_get_tpr(v));
	log_info("vmx: controls pin %#x proc %#x proc2 %#x exit %#x entry %#x, VPID %u",
		 vmx_controls.pin, h->proc, vmx_controls.proc2, vmx_controls.exit, s.entry_controls,
		 h->vpid);
	log_info("vmx: EPTP %#lx, TSC offset %#lx, PDPTEs %#lx %#lx %#lx %#lx", vmread(EPT_POINTER),
		 vmread(TSC_OFFSET), s.pdpte[0], s.pdpte[1], s.pdpte[2], s.pdpte[3]);
}
