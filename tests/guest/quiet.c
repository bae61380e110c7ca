/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test guest: runs for a time without doing anything that exits, interrupts on.
 * Command line: seconds=N (default 10), again and again.
 */
#include "guests/rt/rt.h"

void guest_main(void)
{
	uint64_t seconds = 10;

	option("seconds", &seconds);
	irq_on();
	for (;;) {
		print("quiet: begins\n");
		uint64_t until = rdtsc() + seconds * rt_info->tsc_khz * 1000;

		while ((int64_t)(rdtsc() - until) < 0)
			;
		print("quiet: ends\n");
	}
}
