/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AMD-V: whether it is there and allowed (APM 2 15.4, 15.30.1), on and off, and who is loaded. */
#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "arch/x86/percpu.h"
#include "arch/x86/regs.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "svm/svm.h"

#define CPUID_SVM    (1u << 2)  /* 8000_0001 ECX */
#define CPUID_HYPERV (1u << 31) /* 1 ECX */

struct svm_caps svm_caps;
static struct svm_cpu cores[MAX_CPUS];

/* "TCGTCGTCGTCG" in the hypervisor's leaf. */
static bool is_tcg(void)
{
	if (!(cpuid(1, 0).ecx & CPUID_HYPERV))
		return false;
	struct cpuid_regs r = cpuid(0x40000000, 0);
	return r.ebx == 0x54474354 && r.ecx == 0x43544743 && r.edx == 0x47435447;
}

static void read_caps(struct svm_caps *caps)
{
	struct cpuid_regs svm = cpuid(0x8000000a, 0);

	*caps = (struct svm_caps){
		.features = svm.edx,
		.asids = svm.ebx,
		.signature = cpuid(1, 0).eax,
		.tcg = is_tcg(),
	};
}

/* SVMDIS that is not locked is cleared by cpu_on. */
static const char *why_off(void)
{
	uint64_t vm_cr;

	if (!rdmsr_safe(MSR_VM_CR, &vm_cr) || !(vm_cr & VM_CR_SVMDIS) || !(vm_cr & VM_CR_LOCK))
		return NULL;
	return "AMD-V is switched off by the firmware (VM_CR.SVMDIS is set and locked): switch on "
	       "\"SVM mode\" in the firmware setup";
}

const char *svm_probe(struct vcpu_caps *caps)
{
	if (cpuid(0x80000000, 0).eax < 0x8000000a || !(cpuid(0x80000001, 0).ecx & CPUID_SVM))
		return "the processor has no AMD-V (CPUID 8000_0001 ECX.SVM is clear)";
	const char *why = why_off();
	if (why)
		return why;
	read_caps(&svm_caps);
	if (!svm_has(SVM_FEATURE_NPT))
		return "the processor's AMD-V has no nested paging (CPUID 8000_000A EDX.NP), which "
		       "is needed: use a processor of family 10h or later";
	if (svm_caps.asids < 2)
		return "the processor's AMD-V has no ASID for guests (CPUID 8000_000A EBX): a "
		       "hypervisor under this one must offer some";
	svm_maps_init();
	/* Nested tables are in the host's format and have its page sizes (APM 2 15.25.5). */
	*caps = (struct vcpu_caps){
		.pt_max_leaf = 2,
		.rdtscp = cpu_has_rdtscp(),
	};
	log_info("AMD-V: %u ASIDs, features 0x%x%s", svm_caps.asids, svm_caps.features,
		 svm_caps.tcg ? ", on QEMU's software CPU" : "");
	return NULL;
}

const char *svm_cpu_on(struct cpu *cpu)
{
	struct svm_cpu *c = &cores[cpu->id];
	const char *why = why_off();
	struct svm_caps caps;
	uint64_t vm_cr = 0;

	if (why)
		return why;
	read_caps(&caps);
	if (memcmp(&caps, &svm_caps, sizeof(caps)))
		return "AMD-V of this core differs from the boot core's (CPUID 1, 8000_0001, "
		       "8000_000A): all cores must be alike";
	c->hsave = pages_need(2 * PAGE_SIZE);
	c->host_vmcb_pa = virt_to_phys(c->hsave) + PAGE_SIZE;
	/*
	 * An intercepted INIT stays pending and would reset the core after STGI:
	 * as #SX it does no harm (APM 2 15.28). Emulators without it lose nothing.
	 */
	(void)rdmsr_safe(MSR_VM_CR, &vm_cr);
	wrmsr_safe(MSR_VM_CR, (vm_cr & ~VM_CR_SVMDIS) | VM_CR_R_INIT);
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
