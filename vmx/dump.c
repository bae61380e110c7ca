/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vCPU's VMCS for a crash dump: what entry may have refused is among it (SDM 3C 26.3). */
#include "kernel/log.h"
#include "vmx/vmx.h"

void vmx_dump(struct vcpu *v)
{
	struct vmx_vcpu *h = vmx_hw(v);

	log_info("vmx: exit reason %#lx, qualification %#lx, GPA %#lx, linear %#lx, length %lu",
		 vmread(EXIT_REASON), vmread(EXIT_QUALIFICATION), vmread(GUEST_PHYSICAL_ADDRESS),
		 vmread(GUEST_LINEAR_ADDRESS), vmread(EXIT_INSTRUCTION_LENGTH));
	log_info("vmx: interruption %#lx/%#lx, IDT vectoring %#lx/%#lx, entry event %#lx",
		 vmread(EXIT_INTERRUPTION_INFO), vmread(EXIT_INTERRUPTION_ERROR_CODE),
		 vmread(IDT_VECTORING_INFO), vmread(IDT_VECTORING_ERROR_CODE),
		 vmread(VM_ENTRY_INTERRUPTION_INFO));
	log_info("vmx: real CR0 %#lx CR4 %#lx, guest's CR0 %#lx CR4 %#lx EFER %#lx PAT %#lx",
		 vmread(GUEST_CR0), vmread(GUEST_CR4), vmx_get_cr0(h), vmx_get_cr4(v),
		 vmread(GUEST_IA32_EFER), vmread(GUEST_IA32_PAT));
	log_info("vmx: interruptibility %#lx, activity %lu, pending debug %#lx, DR7 %#lx, "
		 "DEBUGCTL %#lx, TPR %#x",
		 vmx_cache_get(h, CACHE_INTERRUPTIBILITY), vmread(GUEST_ACTIVITY),
		 vmread(GUEST_PENDING_DEBUG), vmread(GUEST_DR7), vmread(GUEST_IA32_DEBUGCTL),
		 vmx_get_tpr(v));
	log_info("vmx: controls pin %#x proc %#x proc2 %#x exit %#x entry %#lx, VPID %u",
		 vmx_controls.pin, h->proc, vmx_controls.proc2 | h->apic_mode, vmx_controls.exit,
		 vmread(VM_ENTRY_CONTROLS), h->vpid);
	log_info("vmx: EPTP %#lx, TSC offset %#lx, PDPTEs %#lx %#lx %#lx %#lx", vmread(EPT_POINTER),
		 vmread(TSC_OFFSET), vmread(GUEST_PDPTE(0)), vmread(GUEST_PDPTE(1)),
		 vmread(GUEST_PDPTE(2)), vmread(GUEST_PDPTE(3)));
}
