/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test guest: finds out by the TSC when it has the core and when not, and
 * whether that keeps to a period. Command line: period=US; count=N periods;
 * gap=US, what is taken for a loss of the core (default 60); rounds=N; sleep:
 * it sleeps before, so that its first period begins when it wakes.
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

/* The guest's TSC began with its clock. */
static uint64_t sleep_until_fresh(uint64_t period)
{
	uint64_t wake = time_ns(MULLION_CLOCK_MONOTONIC) + 3 * ns(period);

	timer_set(wake);
	while (!event_take(1u << MULLION_PORT_TIMER))
		halt();
	return wake / 1000 * rt_info->tsc_khz / 1000;
}

/* Notes when it runs, without an exit, for a time. */
static unsigned watch(uint64_t ticks, uint64_t gap)
{
	uint64_t last = rdtsc(), now = last, end = now + ticks;
	unsigned n = 0;

	for (run[0].from = now; now < end && n < MAX - 1;) {
		last = now;
		now = rdtsc();
		if (now - last < gap)
			continue;
		run[n++].to = last;
		run[n].from = now;
	}
	run[n].to = now;
	return n + 1;
}

/* What part of each period it had, and when in it its first run began. */
static void report(unsigned n, uint64_t begin, uint64_t period, uint64_t count, uint64_t account)
{
	uint64_t least = UINT64_MAX, most = 0, sum = 0, first = UINT64_MAX, last = 0;
	uint64_t latest = 0;
	unsigned i = 0;

	for (uint64_t p = 0; p < count; p++, begin += period) {
		uint64_t had = 0, end = begin + period, start = 0;

		for (; i < n && run[i].from < end; i++) {
			uint64_t from = run[i].from < begin ? begin : run[i].from;
			uint64_t to = run[i].to < end ? run[i].to : end;

			if (!had)
				start = from - begin;
			had += to > from ? to - from : 0;
			if (run[i].to > end)
				break;
		}
		least = had < least ? had : least;
		most = had > most ? had : most;
		first = start < first ? start : first;
		latest = start > last ? p : latest;
		last = start > last ? start : last;
		sum += had;
	}
	print("gaps: %lu periods of %lu ns: had %lu to %lu ns, %lu on average; began at %lu to "
	      "%lu ns (in period %lu); on account %lu ns\n",
	      count, ns(period), ns(least), ns(most), ns(sum / count), ns(first), ns(last), latest,
	      account / (count + 2));
}

void guest_main(void)
{
	uint64_t period = 10000, count = 100, gap = 60, rounds = 1, begin;
	bool sleeps = option("sleep", NULL);

	option("period", &period);
	option("count", &count);
	option("gap", &gap);
	option("rounds", &rounds);
	if (!count || !period)
		crash(1, "gaps: period= and count= are at least 1");
	period = period * rt_info->tsc_khz / 1000;
	gap = gap * rt_info->tsc_khz / 1000;
	for (uint64_t r = 0; !rounds || r < rounds; r++) {
		begin = sleeps ? sleep_until_fresh(period) : 0;
		uint64_t account = time_ns(MULLION_CLOCK_VCPU);
		unsigned n = watch((count + 2) * period, gap);

		account = time_ns(MULLION_CLOCK_VCPU) - account;
		/*
		 * Without a beginning that it knows, one run a period is expected: the first may
		 * have begun before, the others give the period more exactly than the kHz do. It is
		 * a whole number of ticks: rounded, lest one tick less adds up to a drift.
		 */
		if (!sleeps && n > count + 1) {
			period = (run[count + 1].from - run[1].from + count / 2) / count;
			begin = run[1].from - period / 20;
		}
		report(n, begin, period, count, account);
	}
}
