/* SPDX-License-Identifier: GPL-2.0-or-later */
/* XCR0 and the XSAVE family (SDM 1 13). */
#include "tests/guest/conform/conform.h"

const char conform_name[] = "xsave";

#define OSXSAVE 0x40000u
#define X87     1u
#define SSE     2u
#define AVX     4u

static uint8_t area[4096] __attribute__((aligned(64)));
static uint64_t ymm[4] __attribute__((aligned(32)));
static const uint64_t pattern[4] __attribute__((aligned(32))) = {1, 2, 0x3333, 0x4444};

static uint64_t *header(unsigned n)
{
	return (uint64_t *)(void *)(area + 512) + n;
}

static void clear(void)
{
	for (unsigned i = 0; i < sizeof(area); i++)
		area[i] = 0;
}

static void try_xcr0(uint64_t v)
{
	TRY("xsetbv", ::"c"(0), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
}

static uint64_t xcr(unsigned n)
{
	uint32_t lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(n));
	return (uint64_t)hi << 32 | lo;
}

USER static word user_xsetbv(word x)
{
	__asm__ volatile("xsetbv" ::"c"(0), "a"(3), "d"(0));
	return x;
}

USER static word user_xgetbv(word x)
{
	uint32_t lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(x));
	return lo;
}

static uint64_t control(void)
{
	uint64_t all = (uint64_t)cpuid(0xd, 0).edx << 32 | cpuid(0xd, 0).eax;

	check("CPUID.OSXSAVE is clear before", cpuid(1, 0).ecx >> 27 & 1, 0);
	TRY("xsave (%0)", ::"r"(area), "a"(3), "d"(0) : "memory");
	expect("#UD of XSAVE without CR4.OSXSAVE", UD, 0);
	try_xcr0(1);
	expect("#UD of XSETBV without CR4.OSXSAVE", UD, 0);
	write_cr4(read_cr4() | OSXSAVE | 0x600);
	check("CPUID.OSXSAVE follows CR4", cpuid(1, 0).ecx >> 27 & 1, 1);
	check("XCR0 after a reset", xcr(0), X87);
	check("the area's size with x87 alone", cpuid(0xd, 0).ebx, 576);
	try_xcr0(0);
	expect("#GP of XCR0 without x87", GP, 0);
	try_xcr0(X87 | AVX);
	expect("#GP of XCR0 with AVX and no SSE", GP, 0);
	try_xcr0(1ull << 63 | X87);
	expect("#GP of bit 63 of XCR0", GP, 0);
	try_xcr0(~all | X87);
	expect("#GP of XCR0 with what CPUID does not name", GP, 0);
	TRY("xsetbv", ::"c"(1), "a"(1), "d"(0));
	expect("#GP of XSETBV with 1", GP, 0);
	TRY("xgetbv", ::"c"(5) : "rax", "rdx");
	expect("#GP of XGETBV with 5", GP, 0);
	check("XCR0 is as it was", xcr(0), X87);
	user(user_xsetbv, 0, 0);
	expect_any("#GP of XSETBV at CPL 3", GP, 0);
	check("XGETBV at CPL 3", user(user_xgetbv, 0, 0), X87);
	try_xcr0(X87 | SSE);
	expect("XCR0 with SSE", NONE, 0);
	check("reads back", xcr(0), X87 | SSE);
	return all;
}

static void areas(void)
{
	clear();
	__asm__ volatile("xorps %%xmm0, %%xmm0; pcmpeqd %%xmm1, %%xmm1" ::: "memory");
	__asm__ volatile("xsave (%0)" ::"r"(area), "a"(3), "d"(0) : "memory");
	check("XSTATE_BV has SSE", *header(0) & SSE, SSE);
	check("XMM1 is at its place", *(uint64_t *)(void *)(area + 160 + 16), ~0ull);
	check("MXCSR", *(uint32_t *)(void *)(area + 24), 0x1f80);
	TRY("xsave 8(%0)", ::"r"(area), "a"(3), "d"(0) : "memory");
	expect("#GP of XSAVE, misaligned", GP, 0);
	*header(0) = 1ull << 62;
	TRY("xrstor (%0)", ::"r"(area), "a"(3), "d"(0) : "memory");
	expect("#GP of XRSTOR of a component that XCR0 has not", GP, 0);
	*header(0) = 3;
	*header(2) = 1;
	TRY("xrstor (%0)", ::"r"(area), "a"(3), "d"(0) : "memory");
	expect("#GP of XRSTOR with a reserved word in the header", GP, 0);
	*header(2) = 0;
	*(uint32_t *)(void *)(area + 24) = 0x10000;
	TRY("xrstor (%0)", ::"r"(area), "a"(3), "d"(0) : "memory");
	expect("#GP of XRSTOR with a reserved bit of MXCSR", GP, 0);
	*(uint32_t *)(void *)(area + 24) = 0x1f80;
	*header(0) = 0;
	TRY("xrstor (%0)", ::"r"(area), "a"(3), "d"(0) : "memory");
	expect("XRSTOR of initial state", NONE, 0);
	__asm__ volatile("movups %%xmm1, %0" : "=m"(*(char(*)[16])ymm));
	check("it clears XMM1", ymm[0] | ymm[1], 0);
	write_cr0(read_cr0() | 8);
	TRY("xsave (%0)", ::"r"(area), "a"(3), "d"(0) : "memory");
	expect("#NM of XSAVE with CR0.TS", NM, 0);
	write_cr0(read_cr0() & ~8ul);
}

static void load_ymm(const uint64_t *from)
{
	__asm__ volatile("vmovups (%0), %%ymm7" ::"r"(from) : "memory");
}

static void check_ymm(const char *name)
{
	uint64_t wrong = 0;

	__asm__ volatile("vmovups %%ymm7, (%0)" ::"r"(ymm) : "memory");
	for (unsigned i = 0; i < 4; i++)
		wrong |= ymm[i] ^ pattern[i];
	check(name, wrong, 0);
}

/* There and back, with other contents and exits between. */
#define ROUND_TRIP(name, save)                                                                     \
	do {                                                                                       \
		clear();                                                                           \
		load_ymm(pattern);                                                                 \
		__asm__ volatile(save " (%0)" ::"r"(area), "a"(7), "d"(0) : "memory");             \
		__asm__ volatile("vzeroall");                                                      \
		cpuid(0, 0);                                                                       \
		__asm__ volatile("xrstor (%0)" ::"r"(area), "a"(7), "d"(0) : "memory");            \
		check_ymm(name);                                                                   \
	} while (0)

static void avx(uint64_t all)
{
	unsigned features = cpuid(0xd, 1).eax, end;

	if (!(all & AVX)) {
		skip("AVX", "CPUID.0xd does not name it");
		return;
	}
	TRY("vzeroall", ::: "memory");
	expect("#UD of AVX without it in XCR0", UD, 0);
	try_xcr0(X87 | SSE | AVX);
	expect("XCR0 with AVX", NONE, 0);
	end = cpuid(0xd, 2).ebx + cpuid(0xd, 2).eax;
	check("the area's size with AVX", cpuid(0xd, 0).ebx, end);
	check("the size of AVX state", cpuid(0xd, 2).eax, 256);
	check_range("the largest size", cpuid(0xd, 0).ecx, end, 8192);
	ROUND_TRIP("YMM7 by XSAVE and XRSTOR", "xsave");
	check("its upper half is where CPUID says",
	      *(uint64_t *)(void *)(area + cpuid(0xd, 2).ebx + 7 * 16), pattern[2]);
	load_ymm(pattern);
	for (unsigned i = 0; i < 100; i++)
		in8(0x21);
	check_ymm("YMM7 over a hundred exits");
	if (features & 1)
		ROUND_TRIP("YMM7 by XSAVEOPT", "xsaveopt");
	else
		skip("XSAVEOPT", "CPUID does not name it");
	if (features & 2) {
		ROUND_TRIP("YMM7 by XSAVEC", "xsavec");
		check("XCOMP_BV", *header(1), 1ull << 63 | 7);
		check("the compacted size", cpuid(0xd, 1).ebx, 576 + 256);
	} else {
		skip("XSAVEC", "CPUID does not name it");
	}
	if (features & 4) {
		load_ymm(pattern);
		check("XGETBV 1: AVX is in use", xcr(1) & AVX, AVX);
	} else {
		skip("XGETBV 1", "CPUID does not name it");
	}
	if (!(features & 8)) {
		TRY("xsaves (%0)", ::"r"(area), "a"(7), "d"(0) : "memory");
		expect("#UD of XSAVES, which CPUID does not name", UD, 0);
	}
}

void conform_main(void)
{
	uint64_t all;

	if (!(cpuid(1, 0).ecx & 1u << 26)) {
		skip("XSAVE", "CPUID does not name it");
		try_cr4(read_cr4() | OSXSAVE);
		expect("#GP of CR4.OSXSAVE, which CPUID does not name", GP, 0);
		return;
	}
	all = control();
	areas();
	avx(all);
}
