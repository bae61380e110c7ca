/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FPU/XSAVE state of vCPUs, between memory and the registers of a core. */
#include "arch/x86/xstate.h"
#include "arch/x86/cpu.h"
#include "kernel/cpuid.h"
#include "kernel/mem.h"
#include "kernel/vcpu.h"

/* Legacy area (SDM 1 10.5.1): FCW at 0, MXCSR at 24. */
#define FXSAVE_FCW   0u
#define FXSAVE_MXCSR 24u
#define FCW_INIT     0x37fu
#define MXCSR_INIT   0x1f80u

/* What can be switched with plain XSAVE and is understood; PKRU with it. */
#define KNOWN (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_OPMASK | XCR0_ZMM_HI | XCR0_HI_ZMM | XCR0_PKRU)

uint64_t xstate_supported;
bool xstate_has_xsavec;
static bool leaks_fp_pointers;
static uint64_t area_size = 512;

void xstate_init(void)
{
	/* RstrFpErrPtrs, APM 3 E.4.7. */
	leaks_fp_pointers =
		cpuid(0, 0).ebx == CPUID_AMD_EBX && !(cpuid(0x80000008, 0).ebx & BIT(2));
	if (!(cpuid(1, 0).ecx & BIT(26)))
		return;
	struct cpuid_regs d = cpuid(0xd, 0);
	xstate_supported = (d.eax | (uint64_t)d.edx << 32) & KNOWN;
	xsetbv(0, xstate_supported);
	area_size = max_u64(576, cpuid(0xd, 0).ebx); /* for the XCR0 just set */
	/*
	 * Bochs 2.7 stores and loads AVX state of a compacted area at two offsets, and
	 * so it is lost; its size for one is not that of SDM 1 13.4.3 either.
	 */
	struct cpuid_policy host = {.host = cpuid};
	struct cpuid_regs compacted = cpuid(0xd, 1);
	xstate_has_xsavec = (compacted.eax & BIT(1)) &&
			    compacted.ebx == cpuid_xsave_size(&host, xstate_supported, true);
}

void xstate_enable(void)
{
	if (xstate_supported)
		xsetbv(0, xstate_supported);
}

void xstate_reset(void *area)
{
	uint16_t fcw = FCW_INIT;
	uint32_t mxcsr = MXCSR_INIT;

	memset(area, 0, area_size);
	memcpy((char *)area + FXSAVE_FCW, &fcw, sizeof(fcw));
	memcpy((char *)area + FXSAVE_MXCSR, &mxcsr, sizeof(mxcsr));
}

void *xstate_alloc(void)
{
	return pages_need(area_size);
}

/* XCR0 must enable all that is to be saved: the guest may have less on. */
void xstate_save(struct vcpu *v)
{
	if (xstate_supported) {
		if (v->xcr0 != xstate_supported)
			xsetbv(0, xstate_supported);
		__asm__ volatile("xsave64 (%0)" ::"r"(v->xsave), "a"(UINT32_MAX), "d"(UINT32_MAX)
				 : "memory");
	} else {
		__asm__ volatile("fxsave64 (%0)" ::"r"(v->xsave) : "memory");
	}
}

/*
 * CVE-2006-1056: the x87 instruction and data pointers survive a restore on
 * older AMD processors. An exact load of a zero takes the former owner's away.
 */
static void clear_fp_pointers(void)
{
	static const uint32_t zero;

	__asm__ volatile("fnclex; ffree %%st(7); fildl %0" ::"m"(zero));
}

void xstate_restore(struct vcpu *v)
{
	if (leaks_fp_pointers)
		clear_fp_pointers();
	if (xstate_supported) {
		xsetbv(0, xstate_supported);
		__asm__ volatile("xrstor64 (%0)" ::"r"(v->xsave), "a"(UINT32_MAX), "d"(UINT32_MAX)
				 : "memory");
		if (v->xcr0 != xstate_supported)
			xsetbv(0, v->xcr0);
	} else {
		__asm__ volatile("fxrstor64 (%0)" ::"r"(v->xsave) : "memory");
	}
}
