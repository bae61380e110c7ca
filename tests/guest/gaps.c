/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test guest: finds out by the TSC when it has the core and when not, and
 * whether that keeps to a period. Command line: period=US; count=N periods;
 * gap=US, what is taken for a loss of the core (default 60); rounds=N.
 */
#include "guests/rt/rt.h"

#define MAX 8192u

static struct {
	uint64_t from, to;
} run[MAX];

static uint64_t ns(uint64_t ticks)
{
	return ticks * 1000000 / rt_info->tsc_khz;
}

/* Notes when it runs, without an exit; the first run may have begun before: left out. */
static unsigned watch(uint64_t end, uint64_t gap)
{
	uint64_t last = rdtsc(), now = last;
	unsigned n = 0;

	do {
		last = now;
		now = rdtsc();
	} while (now - last < gap);
	run[0].from = now;
	for (end += now; now < end && n < MAX - 1;) {
		last = now;
		now = rdtsc();
		if (now - last < gap)
			continue;
		run[n++].to = last;
		run[n].from = now;
	}
	run[n].to = now;
	return n; /* the last one is not over */
}

/* What part of each period it had, the first beginning with the first run. */
static void report(unsigned n, uint64_t period, uint64_t count)
{
	uint64_t least = UINT64_MAX, most = 0, sum = 0;
	int64_t early = 0, late = 0;
	unsigned i = 0;

	for (uint64_t p = 0; p < count; p++) {
		uint64_t begin = run[0].from + p * period, had = 0;

		/* A run that begins shortly before its period is the period's. */
		while (i < n && run[i].from < begin + period - period / 100) {
			int64_t off = (int64_t)(run[i].from - begin);

			if (!had && off < early)
				early = off;
			if (!had && off > late)
				late = off;
			had += run[i].to - run[i].from;
			i++;
		}
		least = had < least ? had : least;
		most = had > most ? had : most;
		sum += had;
	}
	print("gaps: %lu periods of %lu ns: had %lu to %lu ns, %lu on average; began -%lu to +%lu "
	      "ns\n",
	      count, ns(period), ns(least), ns(most), ns(sum / count), ns((uint64_t)-early),
	      ns((uint64_t)late));
}

void guest_main(void)
{
	uint64_t period = 10000, count = 100, gap = 60, rounds = 1;

	option("period", &period);
	option("count", &count);
	option("gap", &gap);
	option("rounds", &rounds);
	period = period * rt_info->tsc_khz / 1000;
	gap = gap * rt_info->tsc_khz / 1000;
	for (uint64_t r = 0; !rounds || r < rounds; r++)
		report(watch((count + 1) * period, gap), period, count);
}
