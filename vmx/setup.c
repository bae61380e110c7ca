/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes VMCSs, puts them on and off cores, and fills in controls, host and first guest state. */
#include "arch/x86/gdt.h"
#include "arch/x86/traps.h"
#include "kernel/log.h"
#include "vmx/vmx.h"

static void clear(struct vmx_vcpu *h)
{
	if (vmclear(h->vmcs))
		panic("vmx: VMCLEAR of %#lx failed", virt_to_phys(h->vmcs));
	h->launched = 0;
}

static void write_controls(struct vcpu *v)
{
	static const struct vmcs_field zero[] = {
		VM_EXIT_MSR_STORE_COUNT, VM_EXIT_MSR_LOAD_COUNT,     VM_ENTRY_MSR_LOAD_COUNT,
		CR3_TARGET_COUNT,        PAGE_FAULT_ERROR_CODE_MASK, PAGE_FAULT_ERROR_CODE_MATCH,
	};
	struct vmx_vcpu *h = vmx_hw(v);

	for (unsigned i = 0; i < ARRAY_SIZE(zero); i++)
		vmwrite(zero[i], 0);
	h->pin = vmx_controls.pin;
	h->proc = vmx_controls.proc;
	h->entry = vmx_controls.entry;
	vmwrite(PIN_BASED_CONTROLS, vmx_controls.pin);
	vmwrite(PROC_BASED_CONTROLS, h->proc);
	vmx_set_apic_mode(v, 0);
	vmwrite(VM_EXIT_CONTROLS, vmx_controls.exit);
	vmwrite(VM_ENTRY_CONTROLS, h->entry);
	/*
	 * #DB and #AC: their delivery can fault into themselves for ever
	 * (CVE-2015-8104, CVE-2015-5307). #MC is the host's.
	 */
	vmwrite(EXCEPTION_BITMAP, BIT(VEC_DB) | BIT(VEC_AC) | BIT(VEC_MC));
	vmwrite(VPID, h->vpid);
	vmwrite(VIRTUAL_APIC_ADDRESS, virt_to_phys(v->apic_page));
	if (vcpu_caps.apic_access) {
		vmwrite(APIC_ACCESS_ADDRESS, vcpu_caps.apic_access);
		for (unsigned i = 0; i < ARRAY_SIZE(h->eoi_exit); i++)
			vmwrite(EOI_EXIT_BITMAP(i), h->eoi_exit[i] = 0);
	}
	h->threshold = 0;
	vmwrite(TPR_THRESHOLD, 0);
	if (vmx_controls.proc2 & PROC2_ENCLS)
		vmwrite(ENCLS_EXITING_BITMAP, ~0ull);

	vmwrite(CR0_MASK, ~vmx_cr0_owned());
	vmwrite(VMCS_LINK_POINTER, ~0ull);
}

/*
 * What an exit loads (SDM 3C 27.5). It also sets the limits of GDTR and IDTR to
 * 0xffff. That is harmless here: the IDT has all 256 gates, so no vector goes
 * beyond it, and the hypervisor loads no selector that it did not make itself.
 */
static void write_host_state(struct cpu *cpu)
{
	/*
	 * ES to GS and TR as gdt_load() leaves them. Null selectors in DS, ES, FS and
	 * GS are fine in 64-bit mode; RPL must be 0 (SDM 3C 26.2.3).
	 */
	static const uint16_t selectors[] = {SEL_DATA, SEL_CODE, SEL_DATA, SEL_DATA, 0, 0, SEL_TSS};

	for (unsigned i = 0; i < ARRAY_SIZE(selectors); i++)
		vmwrite(HOST_SELECTOR(i), selectors[i]);
	vmwrite(HOST_CR0, read_cr0());
	vmwrite(HOST_CR3, read_cr3());
	vmwrite(HOST_CR4, read_cr4());
	vmwrite(HOST_FS_BASE, 0);
	vmwrite(HOST_GS_BASE, (uint64_t)(uintptr_t)cpu);
	vmwrite(HOST_TR_BASE, cpu->tss_va);
	vmwrite(HOST_GDTR_BASE, cpu->gdt_va);
	vmwrite(HOST_IDTR_BASE, (uint64_t)(uintptr_t)idt);
	vmwrite(HOST_SYSENTER_CS, 0);
	vmwrite(HOST_SYSENTER_ESP, 0);
	vmwrite(HOST_SYSENTER_EIP, 0);
	vmwrite(HOST_IA32_PAT, rdmsr(MSR_PAT));
	vmwrite(HOST_IA32_EFER, rdmsr(MSR_EFER));
	vmwrite(HOST_RIP, (uint64_t)(uintptr_t)vmx_exit_point);
}

void vmx_vcpu_create(struct vcpu *v)
{
	struct vmx_vcpu *h = pages_need(sizeof(*h));

	v->hw = h;
	h->vmcs = pages_need(PAGE_SIZE);
	h->vpid = v->tag; /* 0 is the host's (SDM 3C 28.1) */

	*(uint32_t *)h->vmcs = vmx_revision();
	clear(h);
}

void vmx_load(struct vcpu *v)
{
	struct vmx_vcpu *h = vmx_hw(v);
	struct vmx_cpu *c = vmx_this_cpu();

	if (vmptrld(h->vmcs))
		panic("vmx: VMPTRLD of %#lx failed", virt_to_phys(h->vmcs));
	if (h->last != this_cpu()) {
		vmwrite(EPT_POINTER, vmx_eptp(v->vm));
		write_host_state(this_cpu());
		/* Whatever this core remembers of the VPID or the EPT root is from another life. */
		vmx_flush_linear(h);
		vmx_flush_tlb(v);
		h->last = this_cpu();
	}
	/* One whose APIC is elsewhere may have left translations of the page (28.3.3.4). */
	if (h->apic_mode & PROC2_APIC_ACCESSES)
		vmx_flush_tlb(v);
	vmwrite(TSC_OFFSET, v->tsc_offset);
	for (unsigned i = 0; i < SWITCHED_COUNT; i++)
		if (c->msr[i] != h->msr[i])
			wrmsr(vmx_switched_msr[i], h->msr[i]);
}

/*
 * VMCLEAR each time, not only when the vCPU moves: a VMCS that stays active on a
 * core may be written back by it at any time, and nobody tells the backend before
 * a vCPU is loaded or reset elsewhere (SDM 3C 24.1).
 */
void vmx_unload(struct vcpu *v)
{
	struct vmx_vcpu *h = vmx_hw(v);
	struct vmx_cpu *c = vmx_this_cpu();

	for (unsigned i = 0; i < SWITCHED_COUNT; i++)
		c->msr[i] = h->msr[i] = rdmsr(vmx_switched_msr[i]);
	vmx_cache_flush(h);
	h->cached = 0;
	clear(h);
}

void vmx_vcpu_reset(struct vcpu *v, const struct vcpu_start *start)
{
	struct vmx_vcpu *h = vmx_hw(v);

	h->last = NULL; /* flushes here, and again where it runs */
	vmx_load(v);
	write_controls(v);
	/* Common code says anew what its APIC is. */
	__atomic_or_fetch(&v->requests, VCPU_REQ_EVENT, __ATOMIC_SEQ_CST);
	vmwrite(VM_ENTRY_INTERRUPTION_INFO, 0);
	vmwrite(GUEST_ACTIVITY, 0);
	vmwrite(GUEST_PENDING_DEBUG, 0);
	vmwrite(CR4_MASK, ~vmx_cr4_owned(v));
	vmx_set_tpr(v, 0);
	vmx_cache_set(h, CACHE_INTERRUPTIBILITY, 0);
	for (unsigned i = 0; i < 4; i++)
		vmwrite(GUEST_PDPTE(i), 0);
	vcpu_reset_registers(v, 0x600, start); /* family 6 */
	vmx_unload(v);
}
