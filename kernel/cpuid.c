/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID policy: deny by default; each bit that is let through is named here. */
#include "kernel/cpuid.h"
#include "guests/include/mullion.h"
#include "kernel/dev/pvclock.h"

#define B(n) (1u << (n))

/*
 * CPUID.1:ECX (SDM 2A table 3-10): SSE3 PCLMUL SSSE3 CX16 PCID SSE4.1 SSE4.2 MOVBE
 * POPCNT AES RDRAND; with AVX: AVX FMA F16C.
 */
#define F1C_HOST                                                                                   \
	(B(0) | B(1) | B(9) | B(13) | F1C_PCID | B(19) | B(20) | B(22) | B(23) | B(25) | B(30))
#define F1C_PCID         B(17)
#define F1C_X2APIC       B(21)
#define F1C_TSC_DEADLINE B(24)
#define F1C_XSAVE        B(26)
#define F1C_OSXSAVE      B(27)
#define F1C_WITH_AVX     (B(12) | B(28) | B(29))
#define F1C_HYPERVISOR   B(31)

/*
 * CPUID.1:EDX: FPU VME DE PSE TSC MSR PAE MCE CX8 APIC SEP MTRR PGE MCA CMOV PAT
 * PSE36 CLFSH MMX FXSR SSE SSE2 SS. MCA has no banks (kernel/msr.c), but systems
 * complain when it is not there.
 */
#define F1D_APIC B(9)
#define F1D_HOST                                                                                   \
	(B(0) | B(1) | B(2) | B(3) | B(4) | B(5) | B(6) | B(7) | B(8) | F1D_APIC | B(11) | B(12) | \
	 B(13) | B(14) | B(15) | B(16) | B(17) | B(19) | B(23) | B(24) | B(25) | B(26) | B(27))
#define F1D_HTT B(28)

/* CPUID.7.0:EBX: FSGSBASE BMI1 SMEP BMI2 ERMS INVPCID RDSEED ADX SMAP CLFLUSHOPT CLWB SHA */
#define F7B_HOST                                                                                   \
	(B(0) | B(3) | B(7) | B(8) | B(9) | B(10) | B(18) | B(19) | B(20) | B(23) | B(24) | B(29))
#define F7B_WITH_AVX B(5) /* AVX2 */
/* AVX-512 F DQ IFMA CD BW VL */
#define F7B_WITH_AVX512 (B(16) | B(17) | B(21) | B(28) | B(30) | B(31))
#define F7C_HOST        (B(2) /* UMIP */ | B(8) /* GFNI */)
#define F7C_PKU         B(3)
#define F7C_OSPKE       B(4)
#define F7C_WITH_AVX    (B(9) | B(10)) /* VAES, VPCLMULQDQ */
/* AVX-512 VBMI VBMI2 VNNI BITALG VPOPCNTDQ */
#define F7C_WITH_AVX512 (B(1) | B(6) | B(11) | B(12) | B(14))
#define F7C_RDPID       B(22)
#define F7D_HOST        B(4) /* FSRM */

/* CPUID.80000001: LAHF ABM SSE4A MISALIGNSSE 3DNOWPREFETCH; SYSCALL NX MMXEXT 1G RDTSCP LM */
#define F81C_HOST   (B(0) | B(5) | B(6) | B(7) | B(8))
#define F81D_RDTSCP B(27)
#define F81D_HOST   (B(11) | B(20) | B(22) | B(26) | B(29))
#define F81D_LEGACY 0x0183f3ffu /* AMD repeats CPUID.1:EDX here */

#define MAX_BASIC    0x16u
#define MAX_EXTENDED 0x80000008u

static uint32_t leaf1_ecx(const struct cpuid_policy *p, uint32_t host)
{
	host &= F1C_HOST | (p->xcr0_supported ? F1C_XSAVE : 0) |
		(p->xcr0_supported & XCR0_AVX ? F1C_WITH_AVX : 0);
	if ((p->cr4 & CR4_OSXSAVE) && (host & F1C_XSAVE))
		host |= F1C_OSXSAVE;
	/* Ours, whatever the host has: the local APIC is emulated. */
	return host | F1C_X2APIC | F1C_TSC_DEADLINE | F1C_HYPERVISOR;
}

static struct cpuid_regs leaf7(const struct cpuid_policy *p, struct cpuid_regs h)
{
	const uint64_t zmm = XCR0_OPMASK | XCR0_ZMM_HI | XCR0_HI_ZMM;
	bool avx = p->xcr0_supported & XCR0_AVX, avx512 = (p->xcr0_supported & zmm) == zmm;

	h.eax = 0;
	h.ebx &= F7B_HOST | (avx ? F7B_WITH_AVX : 0) | (avx512 ? F7B_WITH_AVX512 : 0);
	h.ecx &= F7C_HOST | (p->has_rdtscp ? F7C_RDPID : 0) | (avx ? F7C_WITH_AVX : 0) |
		 (avx512 ? F7C_WITH_AVX512 : 0) | (p->xcr0_supported & XCR0_PKRU ? F7C_PKU : 0);
	if ((p->cr4 & CR4_PKE) && (h.ecx & F7C_PKU))
		h.ecx |= F7C_OSPKE;
	h.edx &= F7D_HOST;
	return h;
}

/* Deterministic cache parameters: the caches are real, their sharing is not. */
static struct cpuid_regs leaf4(const struct cpuid_policy *p, struct cpuid_regs h)
{
	if ((h.eax & 0x1f) == 0)
		return (struct cpuid_regs){0};
	h.eax = (h.eax & 0x3fff) | (p->vcpus - 1) << 26;
	return h;
}

/* Extended topology: one thread a core, all cores in one package. */
static struct cpuid_regs leaf_b(const struct cpuid_policy *p, uint32_t sub)
{
	struct cpuid_regs o = {0, 0, sub & 0xff, p->apic_id};

	if (sub == 0) {
		o.ebx = 1;
		o.ecx |= 1u << 8;
	} else if (sub == 1) {
		o.eax = p->vcpus > 1 ? 32 - (uint32_t)__builtin_clz(p->vcpus - 1) : 0;
		o.ebx = p->vcpus;
		o.ecx |= 2u << 8;
	}
	return o;
}

/* Computed: the host's figure is for the host's XCR0. */
uint32_t cpuid_xsave_size(const struct cpuid_policy *p, uint64_t components, bool compacted)
{
	uint32_t end = 512 + 64; /* legacy area and header */

	for (unsigned i = 2; i < 63; i++) {
		if (!(components & BIT(i)))
			continue;
		struct cpuid_regs c = p->host(0xd, i);
		uint32_t at = c.ebx;

		if (compacted)
			at = c.ecx & 2 ? (uint32_t)align_up(end, 64) : end;
		end = (uint32_t)max_u64(end, (uint64_t)at + c.eax);
	}
	return end;
}

static struct cpuid_regs leaf_d(const struct cpuid_policy *p, uint32_t sub)
{
	struct cpuid_regs h = {0};

	if (!p->xcr0_supported)
		return h;
	if (sub == 0) {
		h.eax = (uint32_t)p->xcr0_supported;
		h.ebx = cpuid_xsave_size(p, p->xcr0, false);
		h.ecx = cpuid_xsave_size(p, p->xcr0_supported, false);
		h.edx = (uint32_t)(p->xcr0_supported >> 32);
	} else if (sub == 1) {
		/* XSAVEOPT, XSAVEC, XGETBV 1; no XSAVES: there is no IA32_XSS. */
		h.eax = p->host(0xd, 1).eax & (p->has_xsavec ? 7 : 5);
		h.ebx = h.eax & 2 ? cpuid_xsave_size(p, p->xcr0, true) : 0;
	} else if (sub < 63 && (p->xcr0_supported & BIT(sub))) {
		h = p->host(0xd, sub);
	}
	return h;
}

/*
 * The crystal is the local APIC timer's clock: operating systems take it for
 * that. They multiply kHz by the numerator in 32 bits: it must stay small.
 */
static struct cpuid_regs leaf15(const struct cpuid_policy *p)
{
	uint64_t most = UINT32_MAX / p->apic_khz;
	uint64_t den = p->tsc_khz > most ? p->apic_khz * most / p->tsc_khz : p->apic_khz;
	uint64_t num = (p->tsc_khz * den + p->apic_khz / 2) / p->apic_khz;

	return (struct cpuid_regs){(uint32_t)den, (uint32_t)num, p->apic_khz * 1000, 0};
}

static struct cpuid_regs hypervisor(const struct cpuid_policy *p, uint32_t leaf)
{
	if (leaf >= KVM_CPUID_BASE && !p->kvm_clock)
		return (struct cpuid_regs){0};
	switch (leaf) {
	case MULLION_CPUID_BASE:
		return (struct cpuid_regs){MULLION_CPUID_MAX, MULLION_SIGNATURE_EBX,
					   MULLION_SIGNATURE_ECX, MULLION_SIGNATURE_EDX};
	case MULLION_CPUID_ABI:
		return (struct cpuid_regs){MULLION_ABI_VERSION, p->pv_features, p->hypercall_insn,
					   0};
	case MULLION_CPUID_CLOCKS:
		return (struct cpuid_regs){p->tsc_khz, p->apic_khz, 0, 0};
	case KVM_CPUID_BASE:
		return (struct cpuid_regs){KVM_CPUID_FEATURES, KVM_SIGNATURE_EBX, KVM_SIGNATURE_ECX,
					   KVM_SIGNATURE_EDX};
	case KVM_CPUID_FEATURES:
		return (struct cpuid_regs){
			(uint32_t)(KVM_FEATURE_CLOCK2 | KVM_FEATURE_STEAL | KVM_FEATURE_STABLE), 0,
			0, 0};
	default:
		return (struct cpuid_regs){0};
	}
}

static struct cpuid_regs extended(const struct cpuid_policy *p, uint32_t leaf)
{
	struct cpuid_regs h = p->host(leaf, 0);

	switch (leaf) {
	case 0x80000000:
		h.eax = (uint32_t)min_u64(h.eax, MAX_EXTENDED);
		return h;
	case 0x80000001:
		h.ebx = 0;
		h.ecx &= F81C_HOST;
		h.edx &= F81D_HOST | (p->has_rdtscp ? F81D_RDTSCP : 0) | (F81D_LEGACY & F1D_HOST);
		return h;
	case 0x80000002 ... 0x80000006:
		return h;
	case 0x80000007:
		return (struct cpuid_regs){0, 0, 0, h.edx & B(8)}; /* invariant TSC */
	case 0x80000008:
		/* Address widths; 48 linear bits are what is modelled. */
		return (struct cpuid_regs){(h.eax & 0xff) | 48u << 8, 0, p->vcpus - 1, 0};
	default:
		return (struct cpuid_regs){0};
	}
}

static struct cpuid_regs allowed(const struct cpuid_policy *p, uint32_t leaf, uint32_t sub)
{
	struct cpuid_regs h;

	if (leaf >= 0x40000000 && leaf < 0x50000000)
		return hypervisor(p, leaf);
	if (leaf >= 0x80000000)
		return extended(p, leaf);
	switch (leaf) {
	case 0:
		h = p->host(0, 0);
		h.eax = MAX_BASIC;
		return h;
	case 1:
		h = p->host(1, 0);
		h.ebx = (h.ebx & 0xff00) | p->vcpus << 16 | p->apic_id << 24;
		h.ecx = leaf1_ecx(p, h.ecx);
		h.edx = (h.edx & F1D_HOST) | (p->vcpus > 1 ? F1D_HTT : 0);
		h.edx = p->apic_enabled ? h.edx | F1D_APIC : h.edx & ~F1D_APIC;
		return h;
	case 2:
		return p->host(2, 0);
	case 4:
		return leaf4(p, p->host(4, sub));
	case 7:
		return sub ? (struct cpuid_regs){0} : leaf7(p, p->host(7, 0));
	case 0xb:
		return leaf_b(p, sub);
	case 0xd:
		return leaf_d(p, sub);
	case 0x15:
		return leaf15(p);
	case 0x16:
		return (struct cpuid_regs){p->tsc_khz / 1000, p->tsc_khz / 1000, 100, 0};
	default:
		return (struct cpuid_regs){0};
	}
}

struct cpuid_regs cpuid_guest(const struct cpuid_policy *p, uint32_t leaf, uint32_t sub)
{
	struct cpuid_regs r = allowed(p, leaf, sub);

	cpuid_limit(p->model, leaf, sub, &r);
	return r;
}

uint64_t cpuid_cr4_allowed(const struct cpuid_policy *p)
{
	const uint64_t always = CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE | CR4_MCE |
				CR4_PGE | CR4_PCE | CR4_OSFXSR | CR4_OSXMMEXCPT;
	struct cpuid_regs f1 = cpuid_guest(p, 1, 0), f7 = cpuid_guest(p, 7, 0);

	return always | (f1.ecx & F1C_PCID ? CR4_PCIDE : 0) |
	       (f1.ecx & F1C_XSAVE ? CR4_OSXSAVE : 0) | (f7.ebx & B(0) ? CR4_FSGSBASE : 0) |
	       (f7.ebx & B(7) ? CR4_SMEP : 0) | (f7.ebx & B(20) ? CR4_SMAP : 0) |
	       (f7.ecx & B(2) ? CR4_UMIP : 0) | (f7.ecx & F7C_PKU ? CR4_PKE : 0);
}
