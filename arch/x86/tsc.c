/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TSC frequency: measured against a clock of known rate, compared with CPUID. */
#include "arch/x86/tsc.h"
#include "kernel/log.h"

#define PM_TIMER_HZ 3579545u /* ACPI 6.5 4.8.2.1 */
#define PIT_HZ      1193182u
#define PIT_CH2     0x42u
#define PIT_CMD     0x43u
#define PIT_GATE    0x61u
#define TRIES       5u
#define NS_PER_S    1000000000u

static uint64_t hz, ns_per_tick, ticks_per_ns; /* the latter two as 32.32 */

/*
 * One measurement. An interrupt of firmware (SMI), or a host that takes the
 * core away, between reading one clock and the other spoils it either way:
 * doubt is the most that this can have been, in ticks.
 */
struct measured {
	uint64_t hz, doubt; /* hz 0: the clock stands still */
};

/* TSC ticks in about 10 ms of the PM timer, scaled to a second. */
static struct measured by_pm_timer(uint16_t port)
{
	const uint32_t mask = 0xffffff; /* some have 32 bits, all have these */
	uint32_t start, now, want = PM_TIMER_HZ / 100, spins = 0;
	uint64_t before, t0, t1, doubt;

	start = in32(port) & mask;
	do { /* begin at an edge */
		before = rdtsc();
		now = in32(port) & mask;
		if (++spins > 1000000)
			return (struct measured){0};
	} while (now == start);
	start = now;
	t0 = rdtsc();
	doubt = t0 - before;
	do {
		before = rdtsc();
		now = in32(port) & mask;
		t1 = rdtsc();
		if (++spins > 100000000)
			return (struct measured){0};
	} while (((now - start) & mask) < want);
	return (struct measured){
		.hz = (t1 - t0) * PM_TIMER_HZ / ((now - start) & mask),
		.doubt = doubt + (t1 - before),
	};
}

/* As above by counting PIT channel 2 down once in mode 0 (8254 data sheet). */
static struct measured by_pit(void)
{
	const uint16_t count = PIT_HZ / 100;
	uint64_t before, t0, t1, doubt;
	uint32_t spins = 0;

	out8(PIT_GATE, (uint8_t)((in8(PIT_GATE) & ~2u) | 1u)); /* gate on, speaker off */
	out8(PIT_CMD, 0xb0);                                   /* channel 2, both bytes, mode 0 */
	out8(PIT_CH2, count & 0xff);
	before = rdtsc();
	out8(PIT_CH2, count >> 8);
	t0 = t1 = rdtsc();
	doubt = t0 - before;
	do {
		before = t1;
		if (++spins > 100000000)
			return (struct measured){0};
		t1 = rdtsc();
	} while (!(in8(PIT_GATE) & 0x20));
	return (struct measured){
		.hz = (t1 - t0) * PIT_HZ / count,
		.doubt = doubt + (rdtsc() - before),
	};
}

static uint64_t by_cpuid(void)
{
	if (cpuid(0, 0).eax < 0x15)
		return 0;
	struct cpuid_regs r = cpuid(0x15, 0);
	return r.eax && r.ebx && r.ecx ? (uint64_t)r.ecx * r.ebx / r.eax : 0;
}

APART void tsc_init(uint16_t pm_timer_port)
{
	const char *ref = "PM timer";
	uint64_t told = by_cpuid(), best;
	struct measured least = {.doubt = UINT64_MAX};

	for (unsigned i = 0; i < TRIES; i++) {
		struct measured m = {0};
		if (pm_timer_port)
			m = by_pm_timer(pm_timer_port);
		if (!m.hz) {
			ref = "PIT";
			m = by_pit();
		}
		if (m.hz && m.doubt < least.doubt)
			least = m;
	}
	best = least.hz;
	if (!best && !told)
		panic("no clock to calibrate the TSC with: neither ACPI PM timer nor PIT counts");
	hz = best ? best : told;
	/* CPUID is exact where it agrees; some machines and emulators invent it. */
	if (best && told) {
		uint64_t diff = best > told ? best - told : told - best;
		if (diff < told / 200)
			hz = told;
		else
			log_warn("CPUID claims a TSC of %lu kHz, the %s says %lu kHz: using that",
				 (told / 1000), ref, (best / 1000));
	}
	if (hz < 1000000) /* also keeps the ratios below in range */
		panic("a TSC of %lu Hz is too slow to keep time with", hz);
	/* Above 2^32 Hz the ratio would overflow: divide in two steps. */
	ns_per_tick = ((uint64_t)NS_PER_S << 32) / hz;
	ticks_per_ns = (hz << 30) / NS_PER_S << 2;
	log_info("TSC %lu.%03lu MHz (%s)", (hz / 1000000), (hz / 1000 % 1000),
		 hz == told ? "CPUID" : ref);
}

uint64_t tsc_hz(void)
{
	return hz;
}

uint64_t tsc_to_ns(uint64_t ticks)
{
	return mul_ratio(ticks, ns_per_tick);
}

uint64_t ns_to_tsc(uint64_t ns)
{
	return mul_ratio(ns, ticks_per_ns);
}

void delay_us(unsigned us)
{
	uint64_t end = rdtsc() + ns_to_tsc((uint64_t)us * 1000);

	while (rdtsc() < end)
		cpu_relax();
}
