/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sources: kernel/cpuid.c kernel/cpuid_model.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/regs.h"
#include "guests/include/mullion.h"
#include "kernel/cpuid.h"
#include "kernel/dev/pvclock.h"

/* A host that has everything; leaf 0xd as on a CPU with AVX-512 and PKU. */
static struct cpuid_regs everything(uint32_t leaf, uint32_t sub)
{
	struct cpuid_regs o = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};

	if (leaf == 0)
		return (struct cpuid_regs){0x20, 1, 2, 3};
	if (leaf == 0x80000000)
		return (struct cpuid_regs){0x80000021, 1, 2, 3};
	if (leaf == 0x80000008)
		return (struct cpuid_regs){0x3930, UINT32_MAX, UINT32_MAX, UINT32_MAX};
	if (leaf == 4)
		return (struct cpuid_regs){sub < 2 ? 0xfc004121u : 0, 7, 63, 1};
	if (leaf != 0xd)
		return o;
	switch (sub) {
	case 2:
		return (struct cpuid_regs){256, 576, 0, 0};
	case 5:
		return (struct cpuid_regs){64, 1088, 0, 0};
	case 6:
		return (struct cpuid_regs){512, 1152, 0, 0};
	case 7:
		return (struct cpuid_regs){1024, 1664, 0, 0};
	case 9:
		return (struct cpuid_regs){8, 2688, 2, 0};
	default:
		return o;
	}
}

static struct cpuid_regs nothing(uint32_t leaf, uint32_t sub)
{
	(void)leaf;
	(void)sub;
	return (struct cpuid_regs){0};
}

static struct cpuid_policy policy(void)
{
	return (struct cpuid_policy){
		.host = everything,
		.xcr0_supported = 0x2e7,
		.has_xsavec = true,
		.xcr0 = 0x2e7,
		.cr4 = CR4_OSXSAVE | CR4_PKE,
		.apic_enabled = true,
		.apic_id = 3,
		.vcpus = 4,
		.tsc_khz = 2594517,
		.apic_khz = 100000,
		.pv_features = 5,
		.hypercall_insn = MULLION_INSN_VMMCALL,
		.has_rdtscp = true,
	};
}

static void hidden_features_stay_hidden(void **state)
{
	struct cpuid_policy p = policy();
	struct cpuid_regs o = cpuid_guest(&p, 1, 0);

	(void)state;
	/* MONITOR, DS-CPL, VMX, SMX, EIST, TM2, PDCM, DCA */
	assert_int_equal(o.ecx & (1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8 |
				  1u << 15 | 1u << 18),
			 0);
	/* PSN, DS, ACPI, TM, PBE */
	assert_int_equal(o.edx & (1u << 18 | 1u << 21 | 1u << 22 | 1u << 29 | 1u << 31), 0);
	o = cpuid_guest(&p, 7, 0);
	/* SGX, HLE, RTM, MPX, PT; LA57, WAITPKG; all speculation controls */
	assert_int_equal(o.ebx & (1u << 2 | 1u << 4 | 1u << 11 | 1u << 14 | 1u << 25), 0);
	assert_int_equal(o.ecx & (1u << 16 | 1u << 5 | 1u << 7), 0);
	assert_int_equal(o.edx & (1u << 26 | 1u << 27 | 1u << 29 | 1u << 31 | 1u << 20), 0);
	o = cpuid_guest(&p, 0x80000001, 0);
	assert_int_equal(o.ecx & (1u << 2 | 1u << 12 | 1u << 10 | 1u << 9),
			 0); /* SVM, SKINIT, IBS */
	/* Performance counters, SVM's own leaf, and whatever comes later. */
	const uint32_t zero[] = {5,          6,          0xa,        0xf,        0x10,
				 0x12,       0x14,       0x17,       0x8000000a, 0x8000001f,
				 0x40000003, 0x40000100, 0x4fffffff, 0xffffffff};
	for (unsigned i = 0; i < ARRAY_SIZE(zero); i++) {
		o = cpuid_guest(&p, zero[i], 0);
		assert_int_equal(o.eax | o.ebx | o.ecx | o.edx, 0);
	}
	assert_int_equal(cpuid_guest(&p, 7, 1).eax, 0);
}

static void identity_and_topology(void **state)
{
	struct cpuid_policy p = policy();
	struct cpuid_regs o = cpuid_guest(&p, 1, 0);

	(void)state;
	assert_int_equal(o.ebx >> 24, 3);
	assert_int_equal((o.ebx >> 16) & 0xff, 4);
	assert_true(o.edx & (1u << 28));
	assert_true(o.ecx & (1u << 31)); /* hypervisor */
	assert_true(o.ecx & (1u << 21)); /* x2APIC is ours */
	assert_int_equal(cpuid_guest(&p, 4, 0).eax >> 26, 3);
	assert_int_equal((cpuid_guest(&p, 4, 0).eax >> 14) & 0xfff, 0);
	assert_int_equal(cpuid_guest(&p, 4, 2).ebx, 0);
	o = cpuid_guest(&p, 0xb, 0);
	assert_int_equal(o.eax, 0);
	assert_int_equal(o.ebx, 1);
	assert_int_equal(o.edx, 3);
	o = cpuid_guest(&p, 0xb, 1);
	assert_int_equal(o.eax, 2);
	assert_int_equal(o.ebx, 4);
	assert_int_equal(cpuid_guest(&p, 0xb, 2).ebx, 0);
	assert_int_equal(cpuid_guest(&p, 0, 0).eax, 0x16);
	assert_int_equal(cpuid_guest(&p, 0x80000000, 0).eax, 0x80000008);
	assert_int_equal(cpuid_guest(&p, 0x80000008, 0).eax & 0xffff, 48 << 8 | 0x30);
}

static void mirrors(void **state)
{
	struct cpuid_policy p = policy();

	(void)state;
	assert_true(cpuid_guest(&p, 1, 0).ecx & (1u << 27));
	assert_true(cpuid_guest(&p, 7, 0).ecx & (1u << 4));
	p.cr4 = 0;
	assert_false(cpuid_guest(&p, 1, 0).ecx & (1u << 27));
	assert_false(cpuid_guest(&p, 7, 0).ecx & (1u << 4));
	assert_true(cpuid_guest(&p, 1, 0).edx & (1u << 9));
	p.apic_enabled = false;
	assert_false(cpuid_guest(&p, 1, 0).edx & (1u << 9));
	/* Without XSAVE there is no AVX in any leaf. */
	p.xcr0_supported = 0;
	p.cr4 = CR4_OSXSAVE | CR4_PKE;
	assert_false(cpuid_guest(&p, 1, 0).ecx & (1u << 26 | 1u << 27 | 1u << 28 | 1u << 12));
	assert_false(cpuid_guest(&p, 7, 0).ebx & (1u << 5 | 1u << 16));
	assert_false(cpuid_guest(&p, 7, 0).ecx & (1u << 3 | 1u << 4));
	assert_int_equal(cpuid_guest(&p, 0xd, 0).ecx, 0);
	assert_false(cpuid_cr4_allowed(&p) & (CR4_OSXSAVE | CR4_PKE));
	p.has_rdtscp = false;
	assert_false(cpuid_guest(&p, 7, 0).ecx & (1u << 22)); /* RDPID */
	assert_false(cpuid_guest(&p, 0x80000001, 0).edx & (1u << 27));
}

static void xsave_sizes(void **state)
{
	struct cpuid_policy p = policy();

	(void)state;
	assert_int_equal(cpuid_guest(&p, 0xd, 0).ebx, 2696);
	assert_int_equal(cpuid_guest(&p, 0xd, 0).ecx, 2696);
	/* 576 + 256 + 64 + 512 + 1024, aligned to 64, + 8 */
	assert_int_equal(cpuid_guest(&p, 0xd, 1).ebx, 2440);
	assert_int_equal(cpuid_guest(&p, 0xd, 1).eax, 7);
	p.has_xsavec = false;
	assert_int_equal(cpuid_guest(&p, 0xd, 1).eax, 5);
	assert_int_equal(cpuid_guest(&p, 0xd, 1).ebx, 0);
	p.has_xsavec = true;
	p.xcr0 = 7;
	assert_int_equal(cpuid_guest(&p, 0xd, 0).ebx, 832);
	assert_int_equal(cpuid_guest(&p, 0xd, 0).ecx, 2696);
	p.xcr0 = 1;
	assert_int_equal(cpuid_guest(&p, 0xd, 0).ebx, 576);
	assert_int_equal(cpuid_guest(&p, 0xd, 2).eax, 256);
	assert_int_equal(cpuid_guest(&p, 0xd, 3).eax, 0); /* MPX: not given */
	assert_int_equal(cpuid_guest(&p, 0xd, 64).eax, 0);
}

/* What an operating system computes of leaf 0x15, in 32 bits, is the TSC's rate. */
static void crystal(void **state)
{
	const uint32_t khz[] = {1000, 49999, 100000, 1000000, 2594517, 3500000, 5800000};
	struct cpuid_policy p = policy();

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(khz); i++) {
		p.tsc_khz = khz[i];
		struct cpuid_regs o = cpuid_guest(&p, 0x15, 0);
		uint32_t crystal_khz = o.ecx / 1000;
		uint32_t tsc = crystal_khz * o.ebx / o.eax;
		uint32_t diff = tsc > khz[i] ? tsc - khz[i] : khz[i] - tsc;

		assert_int_equal(crystal_khz, p.apic_khz);
		assert_true((uint64_t)crystal_khz * o.ebx <= UINT32_MAX);
		assert_true(diff <= khz[i] / 20000 + 1); /* 50 ppm */
	}
}

static void hypervisor_leaves(void **state)
{
	struct cpuid_policy p = policy();
	struct cpuid_regs o = cpuid_guest(&p, MULLION_CPUID_BASE, 0);
	char sig[13] = {0};

	(void)state;
	memcpy(sig, &o.ebx, 4);
	memcpy(sig + 4, &o.ecx, 4);
	memcpy(sig + 8, &o.edx, 4);
	assert_string_equal(sig, MULLION_SIGNATURE);
	assert_int_equal(o.eax, MULLION_CPUID_MAX);
	o = cpuid_guest(&p, MULLION_CPUID_ABI, 0);
	assert_int_equal(o.eax, MULLION_ABI_VERSION);
	assert_int_equal(o.ebx, 5);
	assert_int_equal(o.ecx, MULLION_INSN_VMMCALL);
	assert_int_equal(cpuid_guest(&p, MULLION_CPUID_CLOCKS, 0).eax, 2594517);
	p.kvm_clock = true;
	o = cpuid_guest(&p, KVM_CPUID_BASE, 0);
	memcpy(sig, &o.ebx, 4);
	memcpy(sig + 4, &o.ecx, 4);
	memcpy(sig + 8, &o.edx, 4);
	assert_string_equal(sig, "KVMKVMKVM");
	assert_int_equal(cpuid_guest(&p, KVM_CPUID_FEATURES, 0).eax,
			 KVM_FEATURE_CLOCK2 | KVM_FEATURE_STEAL | KVM_FEATURE_STABLE);
}

static void register_masks(void **state)
{
	struct cpuid_policy p = policy();

	(void)state;
	assert_true(cpuid_cr4_allowed(&p) & CR4_OSXSAVE);
	assert_false(cpuid_cr4_allowed(&p) & (CR4_VMXE | CR4_SMXE | CR4_LA57));
	p.host = nothing;
	p.xcr0_supported = 0;
	assert_false(cpuid_cr4_allowed(&p) & (CR4_SMEP | CR4_SMAP | CR4_UMIP | CR4_FSGSBASE |
					      CR4_PCIDE | CR4_PKE | CR4_OSXSAVE));
}

static struct cpuid_policy model(enum config_cpu cpu)
{
	struct cpuid_policy p = policy();

	p.model = cpu;
	p.xcr0_supported &= cpuid_model_xcr0(cpu);
	return p;
}

/* The instructions of programs are the level's, whatever the host has beyond. */
static void levels(void **state)
{
	static const struct {
		uint32_t f1c, f7b, f7c, f81c, xcr0;
	} want[] = {
		[CPU_V1] = {0x81220000, 0x100680, 4, 0, 0},
		[CPU_V2] = {0x81ba2201, 0x100680, 4, 1, 0},
		[CPU_V3] = {0xb5fa3201, 0x1007a8, 4, 0x21, 7},
		[CPU_V4] = {0xb5fa3201, 0xd01307a8, 4, 0x21, 0xe7},
	};

	(void)state;
	for (unsigned cpu = CPU_V1; cpu <= CPU_V4; cpu++) {
		struct cpuid_policy p = model(cpu);
		uint32_t leaf, osxsave = p.xcr0_supported ? 1u << 27 : 0;

		assert_int_equal(cpuid_guest(&p, 1, 0).ecx, want[cpu].f1c | osxsave);
		assert_int_equal(cpuid_guest(&p, 7, 0).ebx, want[cpu].f7b);
		assert_int_equal(cpuid_guest(&p, 7, 0).ecx, want[cpu].f7c);
		assert_int_equal(cpuid_guest(&p, 0x80000001, 0).ecx, want[cpu].f81c);
		assert_int_equal(cpuid_guest(&p, 0xd, 0).eax, want[cpu].xcr0);
		assert_int_equal(cpuid_guest(&p, 0xd, 1).eax, 0);
		assert_int_equal(cpuid_guest(&p, 0xd, 2).eax, cpu < CPU_V3 ? 0 : 256);
		assert_int_equal(cpuid_lacks(&p, &leaf), 0);
	}
}

/* A model that promises what the host has not is found out. */
static void lacking(void **state)
{
	struct cpuid_policy p = model(CPU_V4);
	uint32_t leaf;

	(void)state;
	p.xcr0_supported = 7;
	assert_int_equal(cpuid_lacks(&p, &leaf), 0xd0030000);
	assert_int_equal(leaf, 7);
	p = model(CPU_V3);
	p.xcr0_supported = 0;
	assert_int_equal(cpuid_lacks(&p, &leaf), 0x34001000); /* all but MOVBE */
	assert_int_equal(leaf, 1);
	p = model(CPU_V2);
	p.host = nothing;
	assert_int_equal(cpuid_lacks(&p, &leaf), 0x982201);
	p.model = CPU_HOST;
	assert_int_equal(cpuid_lacks(&p, &leaf), 0);
	p = model(CPU_V1);
	p.host = nothing;
	assert_int_equal(cpuid_lacks(&p, &leaf), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hidden_features_stay_hidden),
		cmocka_unit_test(identity_and_topology),
		cmocka_unit_test(mirrors),
		cmocka_unit_test(xsave_sizes),
		cmocka_unit_test(crystal),
		cmocka_unit_test(hypervisor_leaves),
		cmocka_unit_test(register_masks),
		cmocka_unit_test(levels),
		cmocka_unit_test(lacking),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
