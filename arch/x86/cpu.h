/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Privileged and otherwise special instructions, one inline function each. */
#pragma once

#include "arch/x86/regs.h"
#include "kernel/types.h"

static inline struct cpuid_regs cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_regs r;
	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "0"(leaf), "2"(subleaf));
	return r;
}

#define CPUID_AMD_EBX 0x68747541u /* "Auth", of the vendor string in leaf 0 */

/* RDTSCP, and with it MSR_TSC_AUX (SDM 2B RDTSCP). */
static inline bool cpu_has_rdtscp(void)
{
	return (cpuid(0x80000001, 0).edx & BIT(27)) != 0;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;
	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

/* rdmsr/wrmsr that survive a #GP: false when the MSR is not there. */
bool rdmsr_safe(uint32_t msr, uint64_t *v);
bool wrmsr_safe(uint32_t msr, uint64_t v);

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;
	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (uint64_t)hi << 32 | lo;
}

/* For short spans: an instruction or two less. */
static inline uint32_t rdtsc_low(void)
{
	uint32_t lo;
	__asm__ volatile("rdtsc" : "=a"(lo)::"rdx", "memory");
	return lo;
}

#define PORT_ACCESSORS(bits, suffix)                                                               \
	static inline uint##bits##_t in##bits(uint16_t port)                                       \
	{                                                                                          \
		uint##bits##_t v;                                                                  \
		__asm__ volatile("in" suffix " %1, %0" : "=a"(v) : "Nd"(port) : "memory");         \
		return v;                                                                          \
	}                                                                                          \
	static inline void out##bits(uint16_t port, uint##bits##_t v)                              \
	{                                                                                          \
		__asm__ volatile("out" suffix " %0, %1" ::"a"(v), "Nd"(port) : "memory");          \
	}
PORT_ACCESSORS(8, "b")
PORT_ACCESSORS(16, "w")
PORT_ACCESSORS(32, "l")
#undef PORT_ACCESSORS

#define REG_ACCESSORS(r)                                                                           \
	static inline uint64_t read_##r(void)                                                      \
	{                                                                                          \
		uint64_t v;                                                                        \
		__asm__ volatile("mov %%" #r ", %0" : "=r"(v)::"memory");                          \
		return v;                                                                          \
	}                                                                                          \
	static inline void write_##r(uint64_t v)                                                   \
	{                                                                                          \
		__asm__ volatile("mov %0, %%" #r ::"r"(v) : "memory");                             \
	}
REG_ACCESSORS(cr0)
REG_ACCESSORS(cr2)
REG_ACCESSORS(cr3)
REG_ACCESSORS(cr4)
REG_ACCESSORS(dr0)
REG_ACCESSORS(dr1)
REG_ACCESSORS(dr2)
REG_ACCESSORS(dr3)
REG_ACCESSORS(dr6)
#undef REG_ACCESSORS

/* Only with CR4.OSXSAVE set. */
static inline uint64_t xgetbv(uint32_t n)
{
	uint32_t lo, hi;
	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(n));
	return (uint64_t)hi << 32 | lo;
}

static inline void xsetbv(uint32_t n, uint64_t v)
{
	__asm__ volatile("xsetbv" ::"c"(n), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

#define INSTRUCTIONS(name, text)                                                                   \
	static inline void name(void)                                                              \
	{                                                                                          \
		__asm__ volatile(text ::: "memory");                                               \
	}
INSTRUCTIONS(irq_off, "cli")
/* Takes whatever interrupt is pending now; the NOP ends the STI shadow. */
INSTRUCTIONS(irq_window, "sti; nop; cli")
/* HLT entered in the STI shadow: an interrupt before it still ends it. */
INSTRUCTIONS(irq_on_halt_off, "sti; hlt; cli")
INSTRUCTIONS(cpu_relax, "pause")
INSTRUCTIONS(wbinvd, "wbinvd")
#undef INSTRUCTIONS

struct desc_ptr {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

/* False: there is none just now (SDM 1 7.3.17.1). */
static inline bool rdrand(uint64_t *value)
{
	bool ok;

	__asm__ volatile("rdrand %0; setc %1" : "=r"(*value), "=qm"(ok) : : "cc");
	return ok;
}
