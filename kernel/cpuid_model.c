/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named baselines of the processor that a guest sees: the levels of the x86-64 psABI, 3.1.1. */
#include "kernel/cpuid.h"

#define B(n)  (1u << (n))
#define EBX   offsetof(struct cpuid_regs, ebx)
#define ECX   offsetof(struct cpuid_regs, ecx)
#define LATER (CPU_V4 + 1) /* of no level */

/*
 * Instructions of programs, by the first level that has them. What only kernels use (SMEP,
 * PCID and the like) and hints of speed are as the processor has them.
 */
static const struct {
	uint32_t leaf;
	uint8_t reg, level;
	uint32_t bits;
} isa[] = {
	/* SSE3 SSSE3 CX16 SSE4.1 SSE4.2 POPCNT; LAHF */
	{1, ECX, CPU_V2, B(0) | B(9) | B(13) | B(19) | B(20) | B(23)},
	{0x80000001, ECX, CPU_V2, B(0)},
	/* FMA MOVBE XSAVE AVX F16C; BMI1 AVX2 BMI2; LZCNT */
	{1, ECX, CPU_V3, B(12) | B(22) | B(26) | B(28) | B(29)},
	{7, EBX, CPU_V3, B(3) | B(5) | B(8)},
	{0x80000001, ECX, CPU_V3, B(5)},
	/* AVX-512 F DQ CD BW VL */
	{7, EBX, CPU_V4, B(16) | B(17) | B(28) | B(30) | B(31)},
	/* PCLMUL AES RDRAND; FSGSBASE RDSEED ADX IFMA CLFLUSHOPT CLWB SHA; SSE4A MISALIGNSSE
	 * 3DNOWPREFETCH
	 */
	{1, ECX, LATER, B(1) | B(25) | B(30)},
	{7, EBX, LATER, B(0) | B(18) | B(19) | B(21) | B(23) | B(24) | B(29)},
	{0x80000001, ECX, LATER, B(6) | B(7) | B(8)},
	/* All but UMIP; XSAVEOPT XSAVEC XGETBV 1 */
	{7, ECX, LATER, ~B(2)},
	{0xd, offsetof(struct cpuid_regs, eax), LATER, 7},
};

static uint32_t *reg_of(struct cpuid_regs *r, unsigned row)
{
	return (uint32_t *)((char *)r + isa[row].reg);
}

uint64_t cpuid_model_xcr0(enum config_cpu model)
{
	static const uint64_t xcr0[] = {
		[CPU_HOST] = UINT64_MAX,
		[CPU_V3] = XCR0_X87 | XCR0_SSE | XCR0_AVX,
		[CPU_V4] = XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_OPMASK | XCR0_ZMM_HI | XCR0_HI_ZMM,
	};

	return xcr0[model];
}

void cpuid_limit(enum config_cpu model, uint32_t leaf, uint32_t sub, struct cpuid_regs *r)
{
	for (unsigned i = 0; model != CPU_HOST && i < ARRAY_SIZE(isa); i++)
		if (isa[i].leaf == leaf && isa[i].level > model && sub == (leaf == 0xd))
			*reg_of(r, i) &= ~isa[i].bits;
}

uint32_t cpuid_lacks(const struct cpuid_policy *p, uint32_t *leaf)
{
	for (unsigned i = 0; i < ARRAY_SIZE(isa); i++) {
		struct cpuid_regs r = cpuid_guest(p, isa[i].leaf, 0);
		uint32_t lacks = isa[i].bits & ~*reg_of(&r, i);

		*leaf = isa[i].leaf;
		if (lacks && isa[i].level <= p->model)
			return lacks;
	}
	return 0;
}
