/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rates of the clocks against the TSC, and what their registers say (8254, MC146818 and 8259A
 * data sheets; ACPI 6.4, 4.8.3.3).
 */
#include "tests/guest/conform/conform.h"

const char conform_name[] = "clock";

#define PIT_HZ 1193182u
#define PM_HZ  3579545u
#define MS(n)  ((n)*PIT_HZ / 1000)

enum { RTC_SECONDS = 0, RTC_HOURS = 4, RTC_A = 10, RTC_B, RTC_C, RTC_D };

static uint64_t tsc_hz; /* by the PIT */

static void near(const char *name, uint64_t got, uint64_t want)
{
	check_range(name, got, want - want / 200, want + want / 200);
}

static uint64_t hz(uint64_t events, uint64_t ticks)
{
	return events * tsc_hz / ticks;
}

/* ---- the PIT ---- */

/* Channel 2, whose output can be seen, in mode 0: ticks of the TSC until it is high. */
static uint64_t one_shot(unsigned count)
{
	uint64_t begin;

	out8(0x61, (uint8_t)((in8(0x61) & ~2) | 1));
	out8(0x43, 0xb0);
	out8(0x42, (uint8_t)count);
	out8(0x42, (uint8_t)(count >> 8));
	begin = rdtsc();
	while (!(in8(0x61) & 0x20))
		;
	return rdtsc() - begin;
}

static unsigned latched(unsigned channel)
{
	unsigned low;

	out8(0x43, (uint8_t)(channel << 6));
	low = in8((uint16_t)(0x40 + channel));
	return low | (unsigned)in8((uint16_t)(0x40 + channel)) << 8;
}

static void pit(void)
{
	uint64_t long_one = one_shot(MS(50)), short_one = one_shot(MS(25));
	unsigned a, b;

	tsc_hz = long_one * 20;
	near("PIT: half the count takes half the time", short_one * 2, long_one);
	if (cpuid(0, 0).eax >= 0x15 && cpuid(0x15, 0).ecx) {
		struct cpuid_regs r = cpuid(0x15, 0);

		near("PIT: the TSC's rate is what CPUID says", tsc_hz,
		     (uint64_t)r.ecx * r.ebx / r.eax);
	} else {
		skip("PIT: the TSC's rate is what CPUID says", "CPUID does not say it");
	}
	out8(0x43, 0xb4); /* mode 2 */
	out8(0x42, 0);
	out8(0x42, 0);
	a = latched(2);
	for (uint64_t end = rdtsc() + tsc_hz / 1000; rdtsc() < end;)
		;
	b = latched(2);
	check_range("PIT: it counts down", (a - b) & 0xffff, 1, 0x7fff);
	out8(0x43, 0xe8); /* read-back: the status alone, of channel 2 */
	check("PIT: the status has mode and access", in8(0x42) & 0x3f, 0x34);
	out8(0x61, in8(0x61) & 0xfe);
	a = latched(2);
	for (uint64_t end = rdtsc() + tsc_hz / 1000; rdtsc() < end;)
		;
	check("PIT: it stands with its gate low", latched(2), a);
}

/* ---- the PICs, with the PIT's channel 0 ---- */

static volatile unsigned ticks, stray;
static volatile uint64_t first_tick, last_tick;

static void on_tick(struct frame *f)
{
	(void)f;
	if (++ticks == 2) /* the one before has waited for its unmasking */
		first_tick = rdtsc();
	last_tick = rdtsc();
	out8(0x20, 0x20);
}

static void on_stray(struct frame *f)
{
	(void)f;
	stray++;
}

static void pics(void)
{
	static const uint8_t words[][2] = {{0x20, 0x11}, {0x21, 0x20}, {0x21, 4}, {0x21, 1},
					   {0xa0, 0x11}, {0xa1, 0x28}, {0xa1, 2}, {0xa1, 1}};

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		out8(words[i][0], words[i][1]);
	out8(0xa1, 0xff);
	for (unsigned i = 0x20; i < 0x30; i++)
		handlers[i] = on_stray;
	handlers[0x20] = on_tick;
	/* Their line is the local APIC's LINT0. */
	*(volatile uint32_t *)0xfee000f0ul = 0x1ff;
	*(volatile uint32_t *)0xfee00350ul = 0x700;
	out8(0x43, 0x34); /* mode 2, 100 Hz */
	out8(0x40, (uint8_t)(PIT_HZ / 100));
	out8(0x40, (uint8_t)(PIT_HZ / 100 >> 8));
	out8(0x21, 0xff);
	__asm__ volatile("sti" ::: "memory");
	for (uint64_t end = rdtsc() + tsc_hz / 50; rdtsc() < end;)
		;
	check("PIC: none while masked", ticks, 0);
	out8(0x20, 0x0a);
	check("PIC: it is in the IRR", in8(0x20) & 1, 1);
	out8(0x21, 0xfe);
	while (ticks < 12)
		__asm__ volatile("sti; hlt" ::: "memory");
	__asm__ volatile("cli" ::: "memory");
	near("PIC: 100 Hz of the PIT, in mHz", hz(1000 * (ticks - 2), last_tick - first_tick),
	     100000);
	out8(0x20, 0x0b);
	check("PIC: nothing is in service after EOI", in8(0x20), 0);
	out8(0x21, 0xff);
	check("PIC: the mask reads back", in8(0x21), 0xff);
	check("PIC: no other interrupt", stray, 0);
	out8(0x43, 0x30); /* and no more of them */
	*(volatile uint32_t *)0xfee00350ul = 0x10000;
}

/* ---- the RTC ---- */

static uint8_t rtc(unsigned reg)
{
	out8(0x70, (uint8_t)reg);
	return in8(0x71);
}

static void rtc_set(unsigned reg, uint8_t value)
{
	out8(0x70, (uint8_t)reg);
	out8(0x71, value);
}

/* When the flag of register C has come so often. */
static uint64_t flags(uint8_t flag, unsigned count)
{
	while (count)
		count -= rtc(RTC_C) & flag ? 1 : 0;
	return rdtsc();
}

static void rtc_rates(void)
{
	uint64_t begin, end;

	rtc_set(RTC_A, 0x26);   /* 1024 Hz */
	begin = flags(0x40, 2); /* the first is an old one */
	end = flags(0x40, 128);
	near("RTC: 1024 Hz of PF", hz(128, end - begin), 1024);
	rtc_set(RTC_A, 0x2a); /* 64 Hz */
	begin = flags(0x40, 2);
	end = flags(0x40, 8);
	near("RTC: 64 Hz of PF, in mHz", hz(8000, end - begin), 64000);
	begin = flags(0x10, 1);
	end = flags(0x10, 1);
	near("RTC: an update a second, in mHz", hz(1000, end - begin), 1000);
	/* 244 us before, so that who sees it low has that long; and an update takes up to 2 ms. */
	while (!(rtc(RTC_A) & 0x80))
		;
	begin = rdtsc();
	rtc(RTC_C);
	end = flags(0x10, 1);
	check_range("RTC: UIP comes before the update, in us", (end - begin) * 1000000 / tsc_hz,
		    200, 2300);
}

static void rtc_registers(void)
{
	uint8_t b = rtc(RTC_B), seconds, bcd, binary;

	check("RTC: register D says valid", rtc(RTC_D), 0x80);
	rtc_set(RTC_D, 0);
	check("and is read-only", rtc(RTC_D), 0x80);
	rtc(RTC_C);
	check("RTC: reading C clears it", rtc(RTC_C) & 0x30, 0);
	rtc_set(0x40, 0x5a);
	check("RTC: CMOS keeps a byte", rtc(0x40), 0x5a);
	rtc_set(RTC_B, 0x82); /* SET, 24 hours, BCD */
	rtc_set(RTC_SECONDS, 0x45);
	rtc_set(RTC_HOURS, 0x23);
	bcd = rtc(RTC_HOURS);
	rtc_set(RTC_B, 0x02);
	seconds = rtc(RTC_SECONDS);
	check("RTC: the time that was set", seconds == 0x45 || seconds == 0x46, 1);
	check("RTC: hours in BCD", bcd, 0x23);
	rtc_set(RTC_B, 0x06);
	binary = rtc(RTC_HOURS);
	check("RTC: hours in binary", binary, 23);
	rtc_set(RTC_B, b);
}

/* ---- the others ---- */

static void local_timer(void)
{
	volatile uint32_t *apic = (volatile uint32_t *)0xfee00000ul;
	uint64_t ticks_of_one;
	uint32_t counted;

	apic[0xf0 / 4] = 0x1ff;
	apic[0x320 / 4] = 0x10044;
	apic[0x3e0 / 4] = 0xb;
	apic[0x380 / 4] = 0xffffffff;
	ticks_of_one = one_shot(MS(50));
	counted = 0xffffffff - apic[0x390 / 4];
	if (cpuid(0, 0).eax >= 0x15 && cpuid(0x15, 0).ecx)
		near("local APIC: its clock is what CPUID says", hz(counted, ticks_of_one),
		     cpuid(0x15, 0).ecx);
	else
		skip("local APIC: its clock is what CPUID says", "CPUID does not say it");
	apic[0x3e0 / 4] = 3; /* by 16 */
	apic[0x380 / 4] = 0xffffffff;
	one_shot(MS(50));
	near("local APIC: divided by 16", (0xffffffff - apic[0x390 / 4]) * 16ull, counted);
	apic[0x380 / 4] = 0;
}

static void pm_timer(void)
{
	const uint32_t *table = NULL;
	uint32_t begin, end, port, width;
	uint64_t took;

	for (word at = 0x80000; at < 0x100000; at += 4)
		if (*(const volatile uint32_t *)at == 0x50434146) /* FACP */
			table = (const uint32_t *)at;
	if (!table) {
		skip("ACPI: 3.579545 MHz of the PM timer", "no FADT below 1 MiB");
		return;
	}
	port = table[76 / 4];
	width = table[112 / 4] & 0x100 ? 32 : 24;
	__asm__ volatile("inl %w1, %0" : "=a"(begin) : "d"(port));
	took = one_shot(MS(50));
	__asm__ volatile("inl %w1, %0" : "=a"(end) : "d"(port));
	near("ACPI: 3.579545 MHz of the PM timer",
	     hz((end - begin) & (width == 32 ? 0xffffffff : 0xffffff), took), PM_HZ);
}

void conform_main(void)
{
	pit();
	pics();
	rtc_rates();
	rtc_registers();
	local_timer();
	pm_timer();
}
