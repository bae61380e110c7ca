/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads and writes a few MSRs and ports that a guest has not by itself, and says what
 * became of each: 13 is #GP, -1 means that it was carried out.
 */
#include "guests/rt/rt.h"

#define MC0_CTL    0x400u
#define MC0_STATUS 0x401u
#define EFER       0xc0000080u
#define EFER_SVME  (1ull << 12)
#define SPEAKER    0x61 /* bit 4 toggles with refresh, bits 6 and 7 are errors: never ff */

static void string_in(void *p)
{
	uint64_t n = 4, to = gpa_of(p);

	__asm__ volatile("rep insb" : "+D"(to), "+c"(n) : "d"(SPEAKER) : "memory");
}

void guest_main(void)
{
	static uint8_t bytes[4];
	uint64_t value = 0, efer = 0;
	uint32_t v = 0;

	for (unsigned i = 0; i < 3; i++)
		print("learn: read msr 400: %d\n", probe_rdmsr(MC0_CTL, &value));
	print("learn: write msr 400: %d\n", probe_wrmsr(MC0_CTL, value));
	print("learn: read msr 401: %d\n", probe_rdmsr(MC0_STATUS, &value));
	probe_rdmsr(EFER, &efer);
	print("learn: write efer: %d\n", probe_wrmsr(EFER, efer | EFER_SVME));
	for (unsigned i = 0; i < 2; i++) {
		probe_in(SPEAKER, 1, &v);
		print("learn: port 61: %s\n", v == 0xff ? "nobody" : "answers");
	}
	probe_call(string_in, bytes);
	print("learn: port 61 by a string: %s\n", bytes[3] == 0xff ? "nobody" : "answers");
	probe_in(SPEAKER + 1, 2, &v);
	probe_out(0x80, 1, 0x4d);
	probe_in(0xcfc, 4, &v);
	print("learn: port cfc: %s\n", v == 0xffffffff ? "nobody" : "answers");
	print("learn: done\n");
}
