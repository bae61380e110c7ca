/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The local APIC that the processor virtualizes (SDM 3C 29): its mode, and what waits in it. */
#include "vmx/vmx.h"

void vmx_set_apic_mode(struct vcpu *v, uint32_t mode)
{
	struct vmx_vcpu *h = vmx_hw(v);

	h->apic_mode = mode;
	vmwrite(PROC_BASED_CONTROLS2, vmx_controls.proc2 | mode);
	vmwrite(MSR_BITMAP_ADDRESS,
		virt_to_phys(vmx_msr_bitmap) + (mode & PROC2_X2APIC ? PAGE_SIZE : 0));
	/* A translation made without "virtualize APIC accesses" may not know of it (28.3.3.4). */
	vmx_flush_tlb(v);
}

bool vmx_virtualize_apic(struct vcpu *v, uint64_t base, int irr, int isr)
{
	bool there = align_down(base, PAGE_SIZE) == LAPIC_DEFAULT_BASE;
	uint64_t mode = base & APIC_BASE_X2APIC   ? PROC2_APICV | PROC2_X2APIC
			: base & APIC_BASE_ENABLE ? PROC2_APICV | (there ? PROC2_APIC_ACCESSES : 0)
						  : 0;
	const struct apic_slot *tmr = v->apic_page + APIC_TMR;
	struct vmx_vcpu *h = vmx_hw(v);

	if (mode != h->apic_mode)
		vmx_set_apic_mode(v, (uint32_t)mode);
	vmwrite(GUEST_INTERRUPT_STATUS,
		(unsigned)(isr > 0 ? isr << 8 : 0) | (unsigned)(irr > 0 ? irr : 0));
	/* The I/O APIC waits for the end of what is level-triggered. */
	for (unsigned i = 0; i < ARRAY_SIZE(h->eoi_exit); i++) {
		uint64_t map = (uint64_t)tmr[2 * i + 1].v << 32 | tmr[2 * i].v;

		if (map != h->eoi_exit[i])
			vmwrite(EOI_EXIT_BITMAP(i), h->eoi_exit[i] = map);
	}
	return mode;
}
