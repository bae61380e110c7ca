/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether AMD-V is there, allowed, and able (APM 2 15.4, 15.30.1). */
#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "kernel/log.h"
#include "svm/svm.h"

#define CPUID_SVM    (1u << 2)  /* 8000_0001 ECX */
#define CPUID_1G     (1u << 26) /* 8000_0001 EDX */
#define CPUID_RDPRU  (1u << 4)  /* 8000_0008 EBX */
#define CPUID_HYPERV (1u << 31) /* 1 ECX */

struct svm_caps svm_caps;

/* "TCGTCGTCGTCG" in the hypervisor's leaf. */
static bool is_tcg(void)
{
	struct cpuid_regs r;

	if (!(cpuid(1, 0).ecx & CPUID_HYPERV))
		return false;
	r = cpuid(0x40000000, 0);
	return r.ebx == 0x54474354 && r.ecx == 0x43544743 && r.edx == 0x47435447;
}

void svm_read_caps(struct svm_caps *caps)
{
	struct cpuid_regs svm = cpuid(0x8000000a, 0), wide = cpuid(0x80000008, 0);

	*caps = (struct svm_caps){
		.features = svm.edx,
		.asids = svm.ebx,
		.signature = cpuid(1, 0).eax,
		.page_1g = (cpuid(0x80000001, 0).edx & CPUID_1G) != 0,
		.rdpru = (wide.ebx & CPUID_RDPRU) != 0,
		.tcg = is_tcg(),
	};
}

/* SVMDIS that is not locked is cleared by cpu_on. */
static const char *why_off(void)
{
	uint64_t vm_cr;

	if (!rdmsr_safe(MSR_VM_CR, &vm_cr) || !(vm_cr & VM_CR_SVMDIS) || !(vm_cr & VM_CR_LOCK))
		return NULL;
	if (cpuid(0x8000000a, 0).edx & SVM_FEATURE_LOCK)
		return "AMD-V is locked off by the firmware with a key (VM_CR.SVMDIS and LOCK are "
		       "set): switch on \"SVM mode\" in the firmware setup";
	return "AMD-V is switched off by the firmware (VM_CR.SVMDIS is set and locked): switch on "
	       "\"SVM mode\" in the firmware setup";
}

const char *svm_probe(struct vcpu_caps *caps)
{
	const char *why;

	if (cpuid(0x80000000, 0).eax < 0x8000000a || !(cpuid(0x80000001, 0).ecx & CPUID_SVM))
		return "the processor has no AMD-V (CPUID 8000_0001 ECX.SVM is clear)";
	why = why_off();
	if (why)
		return why;
	svm_read_caps(&svm_caps);
	if (!svm_has(SVM_FEATURE_NPT))
		return "the processor's AMD-V has no nested paging (CPUID 8000_000A EDX.NP), which "
		       "is needed: use a processor of family 10h or later";
	if (svm_caps.asids < 2)
		return "the processor's AMD-V has no ASID for guests (CPUID 8000_000A EBX): a "
		       "hypervisor under this one must offer some";
	svm_maps_init();
	/* Nested tables are in the host's format and have its page sizes (APM 2 15.25.5). */
	*caps = (struct vcpu_caps){.pt_max_leaf = svm_caps.page_1g ? 3 : 2};
	log_info("AMD-V: %u ASIDs, features 0x%x%s", svm_caps.asids, svm_caps.features,
		 svm_caps.tcg ? ", on QEMU's software CPU" : "");
	return NULL;
}
