/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Test guest: dies of a triple fault with known values in its registers. */
#include "guests/rt/rt.h"

void guest_main(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none = {0, 0};

	print("triple: going down\n");
	__asm__ volatile("lidt %0; mov $0x7e57, %%eax; mov $0xdeadbeef, %%ebx; ud2"
			 :
			 : "m"(none)
			 : "rax", "rbx");
}
