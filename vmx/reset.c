/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vCPU's VMCS and cached state made anew. */
#include "vmx/vmx.h"

static void reset_vmcs(struct vcpu *v)
{
	struct vmx_vcpu *h = vmx_hw(v);

	h->cached = h->dirty = 0;
	vmwrite(VM_ENTRY_INTERRUPTION_INFO, 0);
	vmwrite(GUEST_ACTIVITY, 0);
	vmwrite(GUEST_PENDING_DEBUG, 0);
	h->injected = false;
	vmwrite(CR4_MASK, ~vmx_cr4_owned(v));
	vmx_set_proc(h, PROC_INTERRUPT_WINDOW | PROC_NMI_WINDOW, false);
	vmx_set_tpr(v, 0);
	vmx_cache_set(h, CACHE_INTERRUPTIBILITY, 0);
	for (unsigned i = 0; i < 4; i++)
		vmwrite(GUEST_PDPTE(i), 0);
}

void vmx_vcpu_reset(struct vcpu *v, const struct vcpu_start *start)
{
	struct vmx_vcpu *h = vmx_hw(v);
	bool borrowed = vmx_borrow(h);

	reset_vmcs(v);
	vcpu_reset_registers(v, 0x600, start); /* family 6 */
	vmx_give_back(h, borrowed);
}
