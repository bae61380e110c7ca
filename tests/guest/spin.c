/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test guest: wants all the time there is, and says each second how much it got.
 * Command line: seconds=N (then powers off).
 */
#include "guests/rt/rt.h"

void guest_main(void)
{
	uint64_t seconds = 0, got = time_ns(MULLION_CLOCK_VCPU);
	uint64_t wall = time_ns(MULLION_CLOCK_MONOTONIC), first_got = got, first_wall = wall;

	option("seconds", &seconds);
	for (uint64_t s = 1; !seconds || s <= seconds; s++) {
		uint64_t until = rdtsc() + rt_info->tsc_khz * 1000, loops = 0, now, ran;

		while ((int64_t)(rdtsc() - until) < 0)
			loops++;
		now = time_ns(MULLION_CLOCK_MONOTONIC);
		ran = time_ns(MULLION_CLOCK_VCPU);
		print("spin %lu us of %lu us, %lu loops\n", (ran - got) / 1000, (now - wall) / 1000,
		      loops);
		got = ran;
		wall = now;
	}
	print("spin: total %lu us of %lu us\n", (got - first_got) / 1000,
	      (wall - first_wall) / 1000);
}
