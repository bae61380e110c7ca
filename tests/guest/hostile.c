/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test guest: does everything a guest must not do, and is still there after it.
 * Command line: quick (fewer ports); only=GROUP-bits (1 cpuid, 2 instructions, 4
 * control registers, 8 tables, 16 exceptions, 32 user, 64 MSRs, 128 ports, 256
 * memory, 512 hypercalls, 1024 halt); strictcpu (reserved bits of control registers
 * too); nostep (no single steps over what exits); dbloop (ends in an endless #DB).
 */
#include "tests/guest/hostile/hostile.h"

uint8_t scratch[2 * PAGE_SIZE] __attribute__((aligned(4096)));

int count(struct tally *t, int vector)
{
	t->tried++;
	if (vector < 0)
		t->quiet++;
	else if (vector == VEC_UD)
		t->ud++;
	else if (vector == VEC_GP)
		t->gp++;
	else if (vector == VEC_PF)
		t->pf++;
	else
		t->other++;
	return vector;
}

void report(const char *group, const struct tally *t)
{
	print("hostile: %s: %u tried, %u quiet, %u #GP, %u #UD, %u #PF, %u other\n", group,
	      t->tried, t->quiet, t->gp, t->ud, t->pf, t->other);
}

uint64_t random64(void)
{
	static uint64_t x = 0x9e3779b97f4a7c15;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

void guest_main(void)
{
	static void (*const groups[])(void) = {test_cpuid,  test_insns,      test_control,
					       test_tables, test_exceptions, test_user,
					       test_msrs};
	static void (*const later[])(void) = {test_memory, test_hypercalls, test_halt};
	uint64_t only = ~0ull;

	option("only", &only);
	print("hostile: start\n");
	for (unsigned i = 0; i < ARRAY_SIZE(groups); i++)
		if (only >> i & 1)
			groups[i]();
	if (only & 128)
		test_ports(option("quick", NULL));
	for (unsigned i = 0; i < ARRAY_SIZE(later); i++)
		if (only >> (8 + i) & 1)
			later[i]();
	print("hostile: %lu stray interrupts\n", rt_stray);
	print("hostile: done, still here\n");
	if (option("dbloop", NULL)) {
		print("hostile: now an endless #DB\n");
		endless_debug();
	}
}
