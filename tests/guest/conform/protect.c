/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SMEP, SMAP, protection keys, UMIP and what else CR4 takes from CPL 3 (SDM 3A 2.5, 4.6). */
#include "tests/guest/conform/conform.h"

const char conform_name[] = "protect";

#define CR4_TSD  4u
#define CR4_PCE  0x100u
#define CR4_UMIP 0x800u
#define CR4_SMEP 0x100000u
#define CR4_SMAP 0x200000u
#define CR4_PKE  0x400000u
#define AC_FLAG  0x40000u
#define WP       0x10000u

USER_DATA static volatile uint64_t data[512] __attribute__((aligned(4096)));

USER static word nothing(word x)
{
	return x;
}

static bool has(const char *name, bool feature, word bit)
{
	if (feature)
		return true;
	try_cr4(read_cr4() | bit);
	expect("#GP of a bit of CR4 whose feature CPUID does not name", GP, 0);
	skip(name, "CPUID does not name it");
	return false;
}

static void on(word bit)
{
	write_cr4(read_cr4() | bit);
}

static void off(word bit)
{
	write_cr4(read_cr4() & ~bit);
}

static void try_read(void)
{
	TRY("mov (%0), %%rax", ::"r"(data) : "rax");
}

static void try_write(void)
{
	TRY("movq $1, (%0)", ::"r"(data) : "memory");
}

static void smep(void)
{
	if (!has("SMEP", cpuid(7, 0).ebx & 1u << 7, CR4_SMEP))
		return;
	TRY("call *%0", ::"r"(nothing) : "rax", "memory");
	expect("a user's page runs without SMEP", NONE, 0);
	on(CR4_SMEP);
	TRY("call *%0", ::"r"(nothing) : "rax", "memory");
	expect_any("#PF(0x11) of SMEP", PF, 0x11);
	check("and CR2", trap.cr2, (word)nothing);
	check("at CPL 3 it runs", user(nothing, 7, 0), 7);
	off(CR4_SMEP);
	TRY("call *%0", ::"r"(nothing) : "rax", "memory");
	expect("and without SMEP again", NONE, 0);
}

USER static word user_int3(word x)
{
	__asm__ volatile("int3");
	return x;
}

static void smap(void)
{
	if (!has("SMAP", cpuid(7, 0).ebx & 1u << 20, CR4_SMAP)) {
		TRY("clac", ::: "cc");
		expect("#UD of CLAC without SMAP", UD, 0);
		return;
	}
	on(CR4_SMAP);
	__asm__ volatile("clac" ::: "cc");
	try_read();
	expect("#PF(1) of a read with SMAP", PF, 1);
	check("and CR2", trap.cr2, (word)data);
	try_write();
	expect("#PF(3) of a write with SMAP", PF, 3);
	TRY("stac; mov (%0), %%rax; clac", ::"r"(data) : "rax", "cc");
	expect("no #PF with RFLAGS.AC", NONE, 0);
	TRY("push (%0); add $8, %%rsp", ::"r"(data) : "memory", "cc");
	expect("#PF(1) of a PUSH from there", PF, 1);
	write_cr0(read_cr0() & ~(word)WP);
	try_write();
	expect("#PF(3) of a write without CR0.WP, too", PF, 3);
	write_cr0(read_cr0() | WP);
	user(user_int3, 0, AC_FLAG);
	expect_any("an exception at CPL 3 is no access of it", BP, 0);
	/* Accesses of the processor's own: AC does not count (SDM 3A 4.6.1). */
	*pte(gdt) |= U;
	invlpg((word)gdt);
	TRY("stac; mov %0, %%es", ::"r"(UDS) : "cc");
	__asm__ volatile("stac" ::: "cc");
	*pte(gdt) &= ~U;
	invlpg((word)gdt);
	__asm__ volatile("clac" ::: "cc");
	expect_any("#PF(1) of a descriptor in a user's page, whatever AC is", PF, 1);
	off(CR4_SMAP);
	try_read();
	expect("no #PF without SMAP", NONE, 0);
}

#define USER_INSN(name, insn)                                                                      \
	USER static word name(word x)                                                              \
	{                                                                                          \
		uint64_t m[2];                                                                     \
		__asm__ volatile(insn : "=m"(m) : "d"(0), "c"(0) : "rax", "memory");               \
		return x;                                                                          \
	}
USER_INSN(run_sgdt, "sgdt %0")
USER_INSN(run_sidt, "sidt %0")
USER_INSN(run_sldt, "sldt %0")
USER_INSN(run_str, "str %0")
USER_INSN(run_smsw, "smsw %0")
USER_INSN(run_rdtsc, "push %%rdx; rdtsc; pop %%rdx")
USER_INSN(run_rdpmc, "push %%rdx; rdpmc; pop %%rdx")
USER_INSN(run_stac, "stac")

static void umip(void)
{
	static word (*const insns[])(word) = {run_sgdt, run_sidt, run_sldt, run_str, run_smsw};
	static const char *const names[] = {"SGDT", "SIDT", "SLDT", "STR", "SMSW"};

	for (unsigned i = 0; i < ARRAY_SIZE(insns); i++) {
		user(insns[i], 0, 0);
		expect_any(names[i], NONE, 0);
	}
	if (!has("UMIP", cpuid(7, 0).ecx & 4, CR4_UMIP))
		return;
	on(CR4_UMIP);
	for (unsigned i = 0; i < ARRAY_SIZE(insns); i++) {
		user(insns[i], 0, 0);
		expect_any(names[i], GP, 0);
	}
	TRY("smsw %%eax", ::: "rax");
	expect("no #GP at CPL 0", NONE, 0);
	off(CR4_UMIP);
}

static void counters(void)
{
	user(run_rdtsc, 0, 0);
	expect_any("RDTSC at CPL 3", NONE, 0);
	on(CR4_TSD);
	user(run_rdtsc, 0, 0);
	expect_any("#GP of RDTSC at CPL 3 with CR4.TSD", GP, 0);
	TRY("rdtsc", ::: "rax", "rdx");
	expect("no #GP at CPL 0", NONE, 0);
	off(CR4_TSD);
	off(CR4_PCE);
	user(run_rdpmc, 0, 0);
	expect_any("#GP of RDPMC at CPL 3 without CR4.PCE", GP, 0);
	user(run_stac, 0, 0);
	expect_any("#UD of STAC at CPL 3", UD, 0);
}

static void set_pkru(uint32_t v)
{
	__asm__ volatile("wrpkru" ::"a"(v), "c"(0), "d"(0) : "memory");
}

USER static word user_read(word x)
{
	(void)x;
	return data[0];
}

static void keys(void)
{
	uint64_t old = *pte(data);

	if (!has("protection keys", cpuid(7, 0).ecx & 8, CR4_PKE)) {
		TRY("rdpkru", ::"c"(0) : "rax", "rdx");
		expect("#UD of RDPKRU without CR4.PKE", UD, 0);
		return;
	}
	TRY("rdpkru", ::"c"(0) : "rax", "rdx");
	expect("#UD of RDPKRU without CR4.PKE", UD, 0);
	on(CR4_PKE);
	check("CPUID.OSPKE follows CR4", cpuid(7, 0).ecx >> 4 & 1, 1);
	TRY("rdpkru", ::"c"(1) : "rax", "rdx");
	expect("#GP of RDPKRU with ECX 1", GP, 0);
	*pte(data) = old | 5ull << 59;
	invlpg((word)data);
	set_pkru(1u << 10);
	try_read();
	expect("#PF(0x21) of a key without access", PF, 0x21);
	user(user_read, 0, 0);
	expect_any("#PF(0x25) at CPL 3", PF, 0x25);
	set_pkru(2u << 10);
	try_read();
	expect("a key without writing: a read", NONE, 0);
	try_write();
	expect("#PF(0x23) of a write", PF, 0x23);
	write_cr0(read_cr0() & ~(word)WP);
	try_write();
	expect("and not without CR0.WP", NONE, 0);
	write_cr0(read_cr0() | WP);
	set_pkru(0);
	*pte(data) = old;
	invlpg((word)data);
	off(CR4_PKE);
}

void conform_main(void)
{
	smep();
	smap();
	umip();
	counters();
	keys();
}
