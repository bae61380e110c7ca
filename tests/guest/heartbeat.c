/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test guest: a beat every 100 ms by the one-shot timer, and a complaint when
 * one is late. Command line: margin=MS (default 20), beats=N (then powers off).
 */
#include "guests/rt/rt.h"

#define PERIOD_NS 100000000ull

void guest_main(void)
{
	uint64_t margin = 20, beats = 0, worst = 0, missed = 0;
	uint64_t due = time_ns(MULLION_CLOCK_MONOTONIC) + PERIOD_NS;

	option("margin", &margin);
	option("beats", &beats);
	print("heartbeat: every %llu ms, margin %lu ms\n", PERIOD_NS / 1000000, margin);
	for (uint64_t n = 1; !beats || n <= beats; n++, due += PERIOD_NS) {
		uint64_t late;

		timer_set(due);
		while (!(event_take(1u << MULLION_PORT_TIMER)))
			halt();
		late = time_ns(MULLION_CLOCK_MONOTONIC) - due;
		if ((int64_t)late < 0)
			print("early beat %lu by %lu us\n", n, -late / 1000);
		else if (late > worst)
			worst = late;
		if ((int64_t)late > (int64_t)(margin * 1000000)) {
			missed++;
			print("missed beat %lu: %lu us late\n", n, late / 1000);
			due += late; /* one stop is one complaint */
		}
		print("beat %lu\n", n);
	}
	print("heartbeat: %lu beats, %lu missed, worst %lu us late\n", beats, missed, worst / 1000);
}
