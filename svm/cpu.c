/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AMD-V of one core: on, off, and which vCPU is loaded. */
#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "arch/x86/percpu.h"
#include "arch/x86/regs.h"
#include "kernel/mem.h"
#include "svm/svm.h"

static struct svm_cpu cores[MAX_CPUS];

static bool same_caps(const struct svm_caps *a, const struct svm_caps *b)
{
	return a->features == b->features && a->asids == b->asids && a->signature == b->signature &&
	       a->page_1g == b->page_1g && a->rdpru == b->rdpru;
}

const char *svm_cpu_on(struct cpu *cpu)
{
	struct svm_cpu *c = &cores[cpu->id];
	struct svm_caps caps;
	uint64_t vm_cr = 0;

	svm_read_caps(&caps);
	if (!same_caps(&caps, &svm_caps))
		return "AMD-V of this core differs from the boot core's (CPUID 1, 8000_0008, "
		       "8000_000A): all cores must be alike";
	c->hsave = pages_need(2 * PAGE_SIZE);
	c->host_vmcb_pa = virt_to_phys(c->hsave) + PAGE_SIZE;
	if (rdmsr_safe(MSR_VM_CR, &vm_cr) && (vm_cr & VM_CR_SVMDIS)) {
		if (vm_cr & VM_CR_LOCK)
			return "AMD-V is locked off on this core (VM_CR.SVMDIS) though not on the "
			       "boot core: the firmware is wrong";
		vm_cr &= ~VM_CR_SVMDIS;
	}
	/*
	 * An intercepted INIT stays pending and would reset the core after STGI:
	 * as #SX it does no harm (APM 2 15.28). Emulators without it lose nothing.
	 */
	wrmsr_safe(MSR_VM_CR, vm_cr | VM_CR_R_INIT);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, virt_to_phys(c->hsave));
	cpu->hw = c;
	return NULL;
}

void svm_cpu_off(struct cpu *cpu)
{
	uint64_t vm_cr;

	if (!cpu->hw)
		return;
	/* With GIF = 0 the core would be deaf for good once SVME is clear. */
	__asm__ volatile("stgi" ::: "memory");
	wrmsr(MSR_VM_HSAVE_PA, 0);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~EFER_SVME);
	if (rdmsr_safe(MSR_VM_CR, &vm_cr))
		wrmsr_safe(MSR_VM_CR, vm_cr & ~VM_CR_R_INIT);
	cpu->hw = NULL;
}

void svm_load(struct vcpu *v)
{
	struct cpu *cpu = this_cpu();
	struct svm_cpu *c = cpu->hw;
	struct svm_vcpu *s = svm_of(v);

	/* Another core's cache and TLB say nothing about this one's. The last ASID is shared. */
	if (s->core != cpu->id || s->vmcb.asid == svm_caps.asids - 1) {
		s->core = cpu->id;
		svm_flush_tlb(v);
		svm_dirty(s, CLEAN_ALL);
	}
	/* Here and not once: nothing that the host does with these then matters. */
	svm_save_host(c->host_vmcb_pa);
}

/* All state is in the VMCB already. */
void svm_unload(struct vcpu *v)
{
	(void)v;
}
