/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hostile guest: instructions that a guest does not have, or that would do harm. */
#include "tests/guest/hostile/hostile.h"

/* Run with RAX = RDI = the scratch page, RCX = RDX = 0. */
static const struct insn {
	const char *name, *bytes;
	uint8_t len;
} insns[] = {
#define I(name, bytes)                                                                             \
	{                                                                                          \
		name, bytes, sizeof(bytes) - 1                                                     \
	}
	I("vmcall", "\x0f\x01\xc1"),
	I("vmmcall", "\x0f\x01\xd9"),
	/* VMX: SDM 3C 30. */
	I("vmxon", "\xf3\x0f\xc7\x37"),
	I("vmclear", "\x66\x0f\xc7\x37"),
	I("vmptrld", "\x0f\xc7\x37"),
	I("vmptrst", "\x0f\xc7\x3f"),
	I("vmread", "\x0f\x78\xc8"),
	I("vmwrite", "\x0f\x79\xc8"),
	I("vmlaunch", "\x0f\x01\xc2"),
	I("vmresume", "\x0f\x01\xc3"),
	I("vmxoff", "\x0f\x01\xc4"),
	I("vmfunc", "\x0f\x01\xd4"),
	I("invept", "\x66\x0f\x38\x80\x0f"),
	I("invvpid", "\x66\x0f\x38\x81\x0f"),
	I("getsec", "\x0f\x37"),
	I("encls", "\x0f\x01\xcf"),
	I("enclv", "\x0f\x01\xc0"),
	I("tdcall", "\x66\x0f\x01\xcc"),
	I("seamcall", "\x66\x0f\x01\xcf"),
	I("seamret", "\x66\x0f\x01\xcd"),
	/* SVM: APM 3, SVM instructions. */
	I("vmrun", "\x0f\x01\xd8"),
	I("vmload", "\x0f\x01\xda"),
	I("vmsave", "\x0f\x01\xdb"),
	I("stgi", "\x0f\x01\xdc"),
	I("clgi", "\x0f\x01\xdd"),
	I("skinit", "\x0f\x01\xde"),
	I("invlpga", "\x0f\x01\xdf"),
	I("psmash", "\xf3\x0f\x01\xff"),
	I("pvalidate", "\xf2\x0f\x01\xff"),
	I("rmpadjust", "\xf3\x0f\x01\xfe"),
	I("rmpupdate", "\xf2\x0f\x01\xfe"),
	I("invlpgb", "\x0f\x01\xfe"),
	I("tlbsync", "\x0f\x01\xff"),
	I("clzero", "\x0f\x01\xfc"),
	I("rdpru", "\x0f\x01\xfd"),
	I("mcommit", "\xf3\x0f\x01\xfa"),
	/* Waiting, counting, caches. */
	I("monitor", "\x0f\x01\xc8"),
	I("mwait", "\x0f\x01\xc9"),
	I("monitorx", "\x0f\x01\xfa"),
	I("mwaitx", "\x0f\x01\xfb"),
	I("tpause", "\x66\x0f\xae\xf0"),
	I("umonitor", "\xf3\x0f\xae\xf0"),
	I("umwait", "\xf2\x0f\xae\xf0"),
	I("pause", "\xf3\x90"),
	I("rdpmc", "\x0f\x33"),
	I("rdtscp", "\x0f\x01\xf9"),
	I("rdpid", "\xf3\x0f\xc7\xf8"),
	I("rdrand", "\x0f\xc7\xf0"),
	I("rdseed", "\x0f\xc7\xf8"),
	I("invd", "\x0f\x08"),
	I("wbinvd", "\x0f\x09"),
	I("wbnoinvd", "\xf3\x0f\x09"),
	I("clflush", "\x0f\xae\x3f"),
	I("invlpg", "\x0f\x01\x3f"),
	I("invpcid", "\x66\x0f\x38\x82\x0f"),
	/* Modes, system calls, other state. */
	I("rsm", "\x0f\xaa"),
	I("syscall", "\x0f\x05"),
	I("sysret", "\x48\x0f\x07"),
	I("sysenter", "\x0f\x34"),
	I("sysexit", "\x0f\x35"),
	I("swapgs twice", "\x0f\x01\xf8\x0f\x01\xf8"),
	I("smsw", "\x0f\x01\xe0"),
	I("clts", "\x0f\x06"),
	I("xgetbv", "\x0f\x01\xd0"),
	I("xsetbv", "\x0f\x01\xd1"),
	I("xsave", "\x0f\xae\x27"),
	I("xrstor", "\x0f\xae\x2f"),
	I("xsaves", "\x0f\xc7\x2f"),
	I("xrstors", "\x0f\xc7\x1f"),
	I("fxsave", "\x0f\xae\x07"),
	I("fninit", "\xdb\xe3"),
	I("movaps", "\x0f\x28\xc0"),
	I("vzeroall", "\xc5\xfc\x77"),
	I("kmovw", "\xc5\xf8\x92\xc0"),
	I("rdpkru", "\x0f\x01\xee"),
	I("wrpkru", "\x0f\x01\xef"),
	I("rdfsbase", "\xf3\x48\x0f\xae\xc0"),
	I("clac", "\x0f\x01\xca"),
	I("stac", "\x0f\x01\xcb"),
	I("setssbsy", "\xf3\x0f\x01\xe8"),
	I("clui", "\xf3\x0f\x01\xee"),
	I("uiret", "\xf3\x0f\x01\xec"),
	I("serialize", "\x0f\x01\xe8"),
	I("xsusldtrk", "\xf2\x0f\x01\xe8"),
	I("hreset", "\xf3\x0f\x3a\xf0\xc0\x00"),
	I("enqcmds", "\xf3\x0f\x38\xf8\x07"),
	I("pconfig", "\x0f\x01\xc5"),
	I("wrmsrns", "\x0f\x01\xc6"),
	I("rdmsrlist", "\xf2\x0f\x01\xc6"),
	I("lock mov cr0", "\xf0\x0f\x20\xc2"),
	I("mov cr1", "\x0f\x20\xca"),
	I("mov cr5", "\x0f\x20\xea"),
	I("mov cr15", "\x44\x0f\x20\xfa"),
	I("mov dr4", "\x0f\x21\xe2"),
	I("mov dr8", "\x44\x0f\x21\xc2"),
	/* Not instructions, or not well formed. */
	I("ud0", "\x0f\xff\xc0"),
	I("ud1", "\x0f\xb9\xc0"),
	I("ud2", "\x0f\x0b"),
	I("lock nop", "\xf0\x90"),
	I("16 bytes", "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90"),
	I("15 bytes", "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90"),
	I("15-byte rdtsc", "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x0f\x31"),
	I("15-byte cpuid",
	  "\x89\xc8\x53\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x0f\xa2\x5b"),
	I("salc", "\xd6"),
	I("into", "\xce"),
	I("lea reg", "\x8d\xc0"),
	I("far call", "\xff\x1f"),
	I("int1", "\xf1"),
	I("int3", "\xcc"),
#undef I
};

static uint8_t code[64] __attribute__((aligned(64)));

void test_insns(void)
{
	static const uint8_t setup[] = {0x48, 0x89, 0xf8, 0x31, 0xc9, 0x31, 0xd2};
	uint64_t cr0 = read_cr0(), cr4 = read_cr4();
	struct tally t = {0};

	for (unsigned i = 0; i < ARRAY_SIZE(insns); i++) {
		memset(scratch, 0, sizeof(scratch));
		memcpy(code, setup, sizeof(setup));
		memcpy(code + sizeof(setup), insns[i].bytes, insns[i].len);
		code[sizeof(setup) + insns[i].len] = 0xc3;
		int v = count(&t, probe_call((void (*)(void *))(uintptr_t)code, scratch));

		write_cr0(cr0);
		write_cr4(cr4);
		if (option("verbose", NULL) || (v >= 0 && v != VEC_UD && v != VEC_GP))
			print("  %s: %d\n", insns[i].name, v);
	}
	report("instructions", &t);
}

void test_cpuid(void)
{
	static const uint32_t bases[] = {0,          0x40000000, 0x40010000, 0x80000000,
					 0x8fffff00, 0xc0000000, 0xffffff00};
	struct tally t = {0};
	uint32_t mix = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(bases); i++)
		for (uint32_t leaf = 0; leaf < 0x100; leaf++)
			for (uint32_t sub = 0; sub < 4; sub++) {
				struct cpuid_regs r = cpuid(bases[i] + leaf, sub);

				mix ^= r.eax ^ r.ebx ^ r.ecx ^ r.edx;
				count(&t, -1);
			}
	for (unsigned i = 0; i < 256; i++) {
		cpuid((uint32_t)random64(), (uint32_t)random64());
		count(&t, -1);
	}
	report("cpuid", &t);
	struct cpuid_regs one = cpuid(1, 0), ext = cpuid(0x80000001, 0);

	print("hostile: cpuid shows hypervisor %u, VMX %u, SVM %u, MONITOR %u (mix %08x)\n",
	      one.ecx >> 31, one.ecx >> 5 & 1, ext.ecx >> 2 & 1, one.ecx >> 3 & 1, mix);
}
