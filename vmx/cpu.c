/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds out whether a core has VT-x and may use it, and turns it on and off. */
#include "kernel/log.h"
#include "kernel/print.h"
#include "vmx/vmx.h"

struct vmx_caps vmx_caps;
struct vmx_controls vmx_controls;
uint8_t *vmx_msr_bitmap;

const uint32_t vmx_switched_msr[SWITCHED_COUNT] = {MSR_STAR, MSR_LSTAR, MSR_CSTAR, MSR_SFMASK,
						   MSR_KERNEL_GS_BASE};
static_assert(REG_LSTAR == REG_STAR + 1 && REG_CSTAR == REG_STAR + 2 &&
		      REG_SFMASK == REG_STAR + 3 && REG_KERNEL_GS_BASE == REG_STAR + 4,
	      "the order of vmx_switched_msr");

static struct vmx_cpu vmx_cpus[MAX_CPUS];
static char why_buf[160];

static void read_caps(struct vmx_caps *c)
{
	memset(c, 0, sizeof(*c));
	c->basic = rdmsr(MSR_VMX_BASIC);
	uint32_t to_true = c->basic & BASIC_TRUE_CONTROLS ? VMX_TRUE_OFFSET : 0;
	for (unsigned i = 1; MSR_VMX_BASIC + i < MSR_VMX_VMCS_ENUM; i++)
		c->msr[i] = rdmsr(MSR_VMX_BASIC + i + (i <= VMX_CAP_CONTROLS ? to_true : 0));
	/* These two MSRs exist only if the control that speaks of them does (SDM 3D A.3.3, A.10).
	 */
	if (c->proc >> 32 & PROC_SECONDARY)
		c->proc2 = rdmsr(MSR_VMX_PROCBASED2);
	if (c->proc2 >> 32 & (PROC2_EPT | PROC2_VPID))
		c->ept_vpid = rdmsr(MSR_VMX_EPT_VPID);
}

/* SDM 3C 23.7. */
static const char *feature_control_refuses(void)
{
	uint64_t fc = rdmsr(MSR_FEATURE_CONTROL);

	if ((fc & FEATURE_CONTROL_LOCK) && !(fc & FEATURE_CONTROL_VMX))
		return "the firmware has switched VT-x off and locked it (IA32_FEATURE_CONTROL): "
		       "enable Intel Virtualization Technology in the firmware setup, then power "
		       "the machine off and on";
	return NULL;
}

static void allow_msr(uint8_t *bitmap, uint32_t msr)
{
	/* SDM 3C 24.6.9: reads of low MSRs, of high ones, then writes likewise; 1 KiB each. */
	uint32_t byte = (msr & 0x1fff) / 8 + (msr >= 0xc0000000 ? 1024 : 0);
	uint8_t bit = (uint8_t) ~(1u << (msr & 7));

	bitmap[byte] &= bit;
	bitmap[byte + 2048] &= bit;
}

static void fill_msr_bitmap(uint8_t *bitmap)
{
	static const uint32_t in_vmcs[] = {MSR_FS_BASE, MSR_GS_BASE, MSR_SYSENTER_CS,
					   MSR_SYSENTER_ESP, MSR_SYSENTER_EIP};

	memset(bitmap, 0xff, PAGE_SIZE);
	for (unsigned i = 0; i < ARRAY_SIZE(in_vmcs); i++)
		allow_msr(bitmap, in_vmcs[i]);
	for (unsigned i = 0; i < SWITCHED_COUNT; i++)
		allow_msr(bitmap, vmx_switched_msr[i]);
}

/* Registers of an x2APIC, from MSR_X2APIC_BASE on, that need no exit (SDM 3C 29.5). */
#define X2APIC_READ                                                                                \
	(APIC_SHOWN | BIT(APIC_TPR) | BIT(APIC_PPR) | 0xffffffull << APIC_ISR | BIT(APIC_ICR))
#define X2APIC_WRITE (BIT(APIC_TPR) | BIT(APIC_EOI) | BIT(APIC_SELF_IPI))

/* The page that stands for local APICs where guests have theirs; 0: it takes more controls. */
static hpa_t prepare_apic(void)
{
	uint64_t *bitmap = (uint64_t *)(void *)(vmx_msr_bitmap + PAGE_SIZE);

	if (~vmx_caps.proc2 >> 32 & (PROC2_APIC_ACCESSES | PROC2_X2APIC | PROC2_APICV))
		return 0;
	memcpy(bitmap, vmx_msr_bitmap, PAGE_SIZE);
	bitmap[MSR_X2APIC_BASE / 64] = ~X2APIC_READ;
	bitmap[(2048 * 8 + MSR_X2APIC_BASE) / 64] = ~X2APIC_WRITE;
	/* Who comes to it without an APIC there reads what nobody's memory is. */
	return virt_to_phys(memset(pages_need(PAGE_SIZE), 0xff, PAGE_SIZE));
}

/*
 * CVE-2018-12207: a guest that changes the page size of its own code gets a
 * machine check, and with it the machine, from an executable large EPT page.
 */
static bool needs_lazy_exec(void)
{
	uint64_t caps = 0;

	if (cpuid(7, 0).edx & BIT(29))
		(void)rdmsr_safe(MSR_ARCH_CAPABILITIES, &caps);
	return !(caps & ARCH_CAP_IF_PSCHANGE_MC_NO);
}

const char *vmx_probe(struct vcpu_caps *caps)
{
	const char *missing = NULL, *why;

	if (!(cpuid(1, 0).ecx & BIT(5)))
		return "the processor has no VT-x (CPUID.1:ECX.VMX is clear); under another "
		       "hypervisor, enable nested virtualization there";
	why = feature_control_refuses();
	if (why)
		return why;

	read_caps(&vmx_caps);
	if (vmx_choose_controls(&vmx_caps, &vmx_controls, &missing)) {
		ksnprintf(why_buf, sizeof(why_buf),
			  "the processor's VT-x lacks a feature that is required: %s; a machine "
			  "with a newer processor is needed",
			  missing);
		return why_buf;
	}

	vmx_msr_bitmap = pages_need(2 * PAGE_SIZE);
	fill_msr_bitmap(vmx_msr_bitmap);
	*caps = (struct vcpu_caps){
		.pt_max_leaf = vmx_caps.ept_vpid & EPT_CAP_2M ? 2 : 1,
		.lazy_exec = needs_lazy_exec(),
		.keeps_slices = vmx_caps.pin >> 32 & PIN_PREEMPTION_TIMER,
		.rdtscp = cpu_has_rdtscp() && (vmx_controls.proc2 & PROC2_RDTSCP),
		.apic_access = prepare_apic(),
	};
	return NULL;
}

static const char *differs_from_boot_core(const struct cpu *cpu)
{
	struct vmx_caps mine;

	read_caps(&mine);
	uint32_t differs = vmx_caps_differ(&mine, &vmx_caps);
	if (!differs)
		return NULL;
	ksnprintf(why_buf, sizeof(why_buf),
		  "core %u (APIC id %u) differs from the boot core in MSR %#x: update the "
		  "firmware, so that all cores run the same microcode",
		  cpu->id, cpu->apic_id, differs);
	return why_buf;
}

const char *vmx_cpu_on(struct cpu *cpu)
{
	struct vmx_cpu *c = &vmx_cpus[cpu->id];
	const char *why = feature_control_refuses() ?: differs_from_boot_core(cpu);
	uint64_t cr0 = read_cr0(), fc;

	if (why)
		return why;
	c->vmxon = pages_need(PAGE_SIZE);

	/* The register is per core and cleared by reset: firmware may have left it open. */
	fc = rdmsr(MSR_FEATURE_CONTROL);
	if (!(fc & FEATURE_CONTROL_LOCK))
		wrmsr(MSR_FEATURE_CONTROL, fc | FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX);

	/* SDM 3C 23.8 */
	write_cr0((cr0 | vmx_caps.cr0_fixed0) & vmx_caps.cr0_fixed1);
	write_cr4((read_cr4() | CR4_VMXE | vmx_caps.cr4_fixed0) & vmx_caps.cr4_fixed1);
	*(uint32_t *)c->vmxon = vmx_revision();
	if (vmxon(c->vmxon)) {
		write_cr4(read_cr4() & ~CR4_VMXE);
		return "VMXON failed";
	}
	for (unsigned i = 0; i < SWITCHED_COUNT; i++)
		c->msr[i] = rdmsr(vmx_switched_msr[i]);
	cpu->hw = c;
	if (cpu->id == 0)
		vmx_leash_init();
	return NULL;
}

void vmx_cpu_off(struct cpu *cpu)
{
	if (!cpu->hw)
		return;
	__asm__ volatile("vmxoff" ::: "cc", "memory");
	write_cr4(read_cr4() & ~CR4_VMXE);
	cpu->hw = NULL;
}

void vmx_vmwrite_failed(uint32_t enc, uint64_t value)
{
	log_err("vmx: VMWRITE of %#lx to field %#x failed: error %lu", value, enc,
		vmread(VM_INSTRUCTION_ERROR));
}
