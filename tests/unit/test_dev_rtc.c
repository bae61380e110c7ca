/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of the MC146818: calendar, setting, modes, alarm, periodic interrupt, CMOS. */
/* sources: kernel/dev/rtc.c kernel/date.c kernel/dev/iobus.c */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "kernel/dev/rtc.h"
#include "kernel/string.h"
#include "tests/unit/dev_sim.h"

#define EPOCH 1709251198ull /* 2024-02-29 23:59:58 UTC, a Thursday */

static struct sim s;
static struct rtc r;

static int start(uint64_t epoch)
{
	memset(&s, 0, sizeof(s));
	s.deadline = DEV_TIMER_NEVER;
	return rtc_init(&r, &s.bus, SIM_TIMER(&s), SIM_IRQ(&s), epoch, GIB(3), GIB(5));
}

static int setup(void **state)
{
	(void)state;
	return start(EPOCH);
}

static void run_timer(void *model)
{
	rtc_timer(model);
}

static unsigned rd(unsigned reg)
{
	out8(&s, 0x70, reg);
	return in8(&s, 0x71);
}

static void wr(unsigned reg, unsigned v)
{
	iobus_write(&s.bus, 0x70, 2, reg | 0x80 | v << 8); /* both ports at once */
}

static void expect(unsigned century, unsigned year, unsigned month, unsigned day, unsigned hour,
		   unsigned minute, unsigned second)
{
	assert_int_equal(rd(0x32), century);
	assert_int_equal(rd(9), year);
	assert_int_equal(rd(8), month);
	assert_int_equal(rd(7), day);
	assert_int_equal(rd(4), hour);
	assert_int_equal(rd(2), minute);
	assert_int_equal(rd(0), second);
}

static void calendar(void **state)
{
	(void)state;
	expect(0x20, 0x24, 0x02, 0x29, 0x23, 0x59, 0x58);
	assert_int_equal(rd(6), 5); /* Thursday */
	s.now = 2 * NS_PER_S - 1;
	assert_int_equal(rd(0), 0x59);
	s.now++;
	expect(0x20, 0x24, 0x03, 0x01, 0x00, 0x00, 0x00);
	assert_int_equal(rd(6), 6);
	assert_int_equal(in8(&s, 0x70), 0xff);
}

static void calendar_against_libc(void **state)
{
	(void)state;
	for (uint64_t t = 0; t < 16725225600; t += 86400 * 13 + 12347) {
		time_t when = (time_t)t;
		struct tm tm;

		start(t);
		wr(11, 0x06);
		gmtime_r(&when, &tm);
		expect((unsigned)(tm.tm_year + 1900) / 100, (unsigned)(tm.tm_year + 1900) % 100,
		       (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday, (unsigned)tm.tm_hour,
		       (unsigned)tm.tm_min, (unsigned)tm.tm_sec);
		assert_int_equal(rd(6), tm.tm_wday + 1);
		/* Set to itself: the same. */
		wr(11, 0x86);
		wr(11, 0x06);
		assert_int_equal(rd(7), tm.tm_mday);
		assert_int_equal(r.base / NS_PER_S, t);
	}
}

static void twelve_hours(void **state)
{
	static const unsigned bcd[4] = {0x12, 0x01, 0x11, 0x12};

	(void)state;
	start(0);
	wr(11, 0x00);
	for (unsigned h = 0; h < 24; h++) {
		s.now = h * 3600 * NS_PER_S;
		if (h % 12 == 0 || h % 12 == 1 || h % 12 == 11)
			assert_int_equal(rd(4),
					 bcd[h % 12 == 11 ? 2 : h % 12] | (h >= 12 ? 0x80u : 0));
	}
	wr(11, 0x80);
	wr(4, 0x92); /* 12 PM */
	wr(11, 0x00);
	assert_int_equal(rd(4), 0x92);
	wr(11, 0x06); /* while it runs nothing is lost */
	assert_int_equal(rd(4), 12);
}

static void setting(void **state)
{
	(void)state;
	s.now = 300 * NS_PER_MS;
	wr(11, 0x92); /* SET takes UIE away */
	assert_int_equal(rd(11), 0x82);
	s.now = 5 * NS_PER_S + 700 * NS_PER_MS;
	expect(0x20, 0x24, 0x02, 0x29, 0x23, 0x59, 0x58); /* stands */
	wr(0x32, 0x19);
	wr(9, 0x99);
	wr(8, 0x12);
	wr(7, 0x31);
	wr(4, 0x23);
	wr(2, 0x59);
	wr(0, 0x59);
	expect(0x19, 0x99, 0x12, 0x31, 0x23, 0x59, 0x59);
	wr(11, 0x02);
	/* The divider ran on: 300 ms are left of the second. */
	s.now += 299 * NS_PER_MS;
	expect(0x19, 0x99, 0x12, 0x31, 0x23, 0x59, 0x59);
	s.now += NS_PER_MS;
	expect(0x20, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00);
	assert_int_equal(rd(6), 7); /* a Saturday */
	/* A running clock takes single fields, too. */
	wr(9, 0x38);
	expect(0x20, 0x38, 0x01, 0x01, 0x00, 0x00, 0x00);
	/* Out of reset the first update comes after half a second. */
	wr(10, 0x70);
	s.now += 123456789;
	assert_int_equal(rd(10), 0x70);
	wr(10, 0x26);
	s.now += 499 * NS_PER_MS;
	assert_int_equal(rd(0), 0);
	s.now += NS_PER_MS;
	assert_int_equal(rd(0), 1);
}

static void nonsense_dates(void **state)
{
	(void)state;
	wr(11, 0x82);
	for (unsigned reg = 0; reg < 10; reg++)
		wr(reg, 0xff);
	wr(0x32, 0xff);
	assert_int_equal(rd(7), 0xff); /* as written, until it runs */
	wr(11, 0x02);
	assert_int_equal(rd(0x32), 0x25);
	wr(11, 0x82);
	for (unsigned reg = 0; reg < 10; reg++)
		wr(reg, 0);
	wr(0x32, 0);
	wr(11, 0x02);
	expect(0x19, 0x70, 0x01, 0x01, 0x00, 0x00, 0x00);
	start(UINT64_MAX);
	expect(0x25, 0x00, 0x01, 0x01, 0x00, 0x00, 0x00);
}

static void update_in_progress(void **state)
{
	(void)state;
	assert_int_equal(rd(10), 0x26);
	s.now = NS_PER_S - 244142;
	assert_int_equal(rd(10), 0x26);
	s.now++;
	assert_int_equal(rd(10), 0xa6);
	s.now = NS_PER_S;
	assert_int_equal(rd(10), 0x26);
	wr(10, 0xff);
	assert_int_equal(rd(10), 0x7f);
	wr(10, 0x26);
	wr(11, 0x82);
	s.now = 2 * NS_PER_S - 1;
	assert_int_equal(rd(10), 0x26);
}

static void update_interrupt(void **state)
{
	(void)state;
	s.now = 100;
	wr(1, 0x7f); /* no alarm */
	wr(11, 0x12);
	assert_int_equal(s.deadline, NS_PER_S);
	s.now = NS_PER_S;
	rtc_timer(&r);
	assert_true(s.level);
	/* Not told again before it is read, however long that takes. */
	assert_true(s.deadline == DEV_TIMER_NEVER);
	s.now = 10 * NS_PER_S;
	assert_int_equal(rd(12), 0x90 | 0x40); /* PF is a flag without an interrupt */
	assert_false(s.level);
	assert_int_equal(s.deadline, 11 * NS_PER_S);
	assert_int_equal(rd(12), 0);
	assert_int_equal(s.rises, 1);
	/* A flag that stands interrupts when it is enabled. */
	wr(11, 0x02);
	s.now += NS_PER_S;
	rtc_timer(&r);
	assert_false(s.level);
	wr(11, 0x12);
	assert_true(s.level);
	wr(11, 0x02);
	assert_false(s.level);
	wr(12, 0xff);
	wr(13, 0);
	assert_int_equal(rd(12) & 0x1f, 0x10);
	assert_int_equal(rd(13), 0x80);
}

static void periodic_interrupt(void **state)
{
	(void)state;
	wr(11, 0x42);
	for (unsigned i = 1; i <= 2048; i++) {
		assert_int_equal(s.deadline, (i * NS_PER_S + 1023) / 1024);
		s.now = s.deadline;
		rtc_timer(&r);
		assert_int_equal(s.rises, i);
		assert_int_equal(rd(12) & 0xc0, 0xc0);
	}
	/* Rates 1 and 2 are 256 and 128 Hz, 0 is off. */
	wr(10, 0x21);
	assert_int_equal(s.deadline, 2 * NS_PER_S + NS_PER_S / 256);
	wr(10, 0x22);
	assert_int_equal(s.deadline, 2 * NS_PER_S + NS_PER_S / 128);
	wr(10, 0x23);
	assert_int_equal(s.deadline, 2 * NS_PER_S + 122071);
	wr(10, 0x2f);
	assert_int_equal(s.deadline, 2 * NS_PER_S + NS_PER_S / 2);
	wr(10, 0x20);
	assert_true(s.deadline == DEV_TIMER_NEVER);
	wr(10, 0x76);
	assert_true(s.deadline == DEV_TIMER_NEVER);
	s.now += NS_PER_S;
	assert_int_equal(rd(12), 0);
}

static void set_alarm(unsigned h, unsigned m, unsigned sec)
{
	wr(5, h);
	wr(3, m);
	wr(1, sec);
}

static void alarm(void **state)
{
	(void)state;
	set_alarm(0x00, 0x00, 0x05);
	wr(11, 0x22);
	assert_int_equal(s.deadline, 7 * NS_PER_S);
	sim_run(&s, 8 * NS_PER_S, run_timer, &r);
	assert_int_equal(s.rises, 1);
	assert_int_equal(rd(12), 0xa0 | 0x50);
	assert_int_equal(s.deadline, (86400 + 7) * NS_PER_S); /* tomorrow */
	set_alarm(0xff, 0xc0, 0x30);                          /* each minute */
	assert_int_equal(s.deadline, 32 * NS_PER_S);
	set_alarm(0xff, 0x00, 0x00); /* each hour; this one has gone */
	assert_int_equal(s.deadline, (3600 + 2) * NS_PER_S);
	set_alarm(0xff, 0xff, 0xff); /* each second */
	assert_int_equal(s.deadline, 9 * NS_PER_S);
	set_alarm(0x23, 0xff, 0x10);
	assert_int_equal(s.deadline, (23 * 3600 + 2 + 10) * NS_PER_S);
	set_alarm(0x23, 0x00, 0x60); /* never */
	assert_true(s.deadline == DEV_TIMER_NEVER);
	set_alarm(0x23, 0x60, 0x00);
	assert_true(s.deadline == DEV_TIMER_NEVER);
	set_alarm(0x24, 0x00, 0x00);
	assert_true(s.deadline == DEV_TIMER_NEVER);
	/* Gone by unseen, without an interrupt: the flag tells. */
	wr(11, 0x02);
	set_alarm(0x12, 0x34, 0x56);
	rd(12);
	s.now += 86400 * NS_PER_S;
	assert_int_equal(rd(12) & 0x20, 0x20);
	s.now += 3600 * NS_PER_S;
	assert_int_equal(rd(12) & 0x20, 0);
	/* In 12-hour and binary mode. */
	start(0);
	wr(11, 0x24);
	set_alarm(0x83, 4, 5);
	assert_int_equal(s.deadline, (15 * 3600 + 4 * 60 + 5) * NS_PER_S);
	set_alarm(0x0c, 0, 1);
	assert_int_equal(s.deadline, 1 * NS_PER_S);
	set_alarm(0x00, 0, 1);
	assert_true(s.deadline == DEV_TIMER_NEVER);
	wr(11, 0xa4);
	set_alarm(0x0c, 0, 1);
	assert_true(s.deadline == DEV_TIMER_NEVER); /* time stands */
}

static void memory(void **state)
{
	unsigned sum = 0;

	(void)state;
	assert_int_equal(rd(0x15) | rd(0x16) << 8, 640);
	assert_int_equal(rd(0x17) | rd(0x18) << 8, 0xffff);
	assert_int_equal(rd(0x30) | rd(0x31) << 8, 0xffff);
	assert_int_equal(rd(0x34) | rd(0x35) << 8, (GIB(3) - MIB(16)) >> 16);
	assert_int_equal(rd(0x5b) | rd(0x5c) << 8 | rd(0x5d) << 16, GIB(5) >> 16);
	for (unsigned i = 0x10; i < 0x2e; i++)
		sum += rd(i);
	assert_int_equal(rd(0x2e) << 8 | rd(0x2f), sum);
	for (unsigned i = 14; i < 128; i++) {
		if (i == 0x32)
			continue;
		wr(i, i ^ 0x5a);
		assert_int_equal(rd(i), i ^ 0x5a);
	}
	memset(&s, 0, sizeof(s));
	rtc_init(&r, &s.bus, SIM_TIMER(&s), SIM_IRQ(&s), 0, MIB(8), UINT64_MAX);
	assert_int_equal(rd(0x30) | rd(0x31) << 8, 7 * 1024);
	assert_int_equal(rd(0x34) | rd(0x35) << 8, 0);
	assert_int_equal(rd(0x5d), 0xff);
	rtc_init(&r, &s.bus, SIM_TIMER(&s), SIM_IRQ(&s), 0, KIB(512), 0);
	assert_int_equal(rd(0x15) | rd(0x16) << 8, 512);
	assert_int_equal(rd(0x30) | rd(0x31) << 8, 0);
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(calendar),         T(calendar_against_libc), T(twelve_hours),
		T(setting),          T(nonsense_dates),        T(update_in_progress),
		T(update_interrupt), T(periodic_interrupt),    T(alarm),
		T(memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
