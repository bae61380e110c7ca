/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calendar time: what firmware said at the start, and the TSC since. */
#include "kernel/wallclock.h"
#include "arch/x86/tsc.h"

static uint64_t base, since;

void wallclock_init(uint64_t epoch, uint64_t tsc)
{
	base = epoch;
	since = tsc;
}

uint64_t wallclock_now(void)
{
	return base + tsc_to_ns(rdtsc() - since) / 1000000000ull;
}
