/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of the 8254: every mode, latches, BCD, exact time, missed ticks, port 0x61. */
/* sources: kernel/dev/pit.c kernel/dev/iobus.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/dev/pit.h"
#include "kernel/string.h"
#include "tests/unit/dev_sim.h"

static struct sim s;
static struct pit p;

static int setup(void **state)
{
	(void)state;
	memset(&s, 0, sizeof(s));
	s.now = 5 * NS_PER_S + 77;
	s.deadline = DEV_TIMER_NEVER;
	return pit_init(&p, &s.bus, SIM_TIMER(&s), SIM_IRQ(&s));
}

static void run_timer(void *model)
{
	pit_timer(model);
}

static void control(unsigned v)
{
	out8(&s, 0x43, v);
}

static void program(unsigned channel, unsigned ctl, unsigned count)
{
	control(channel << 6 | 0x30 | ctl);
	out8(&s, (uint16_t)(0x40 + channel), count & 0xff);
	out8(&s, (uint16_t)(0x40 + channel), count >> 8);
}

static unsigned read16(unsigned channel)
{
	uint8_t low = in8(&s, (uint16_t)(0x40 + channel));

	return (unsigned)(in8(&s, (uint16_t)(0x40 + channel)) << 8 | low);
}

static unsigned latched(unsigned channel)
{
	control(channel << 6);
	return read16(channel);
}

static unsigned status(unsigned channel)
{
	control(0xe0 | 2u << channel);
	return in8(&s, (uint16_t)(0x40 + channel));
}

static bool out2(void)
{
	return in8(&s, 0x61) & 0x20;
}

/* Goes to the moment at which n more ticks of the PIT's clock are over. */
static void ticks(uint64_t n)
{
	s.now = dev_ticks_ns(dev_ticks(s.now, PIT_HZ) + n, PIT_HZ);
}

static void conversion_is_exact(void **state)
{
	(void)state;
	assert_int_equal(dev_ticks(NS_PER_S, PIT_HZ), PIT_HZ);
	assert_int_equal(dev_ticks(NS_PER_S - 1, PIT_HZ), PIT_HZ - 1);
	assert_int_equal(dev_ticks(86400 * 365 * NS_PER_S, PIT_HZ), 86400ull * 365 * PIT_HZ);
	for (uint64_t t = 1; t < 5000000; t += 997) {
		uint64_t ns = dev_ticks_ns(t, PIT_HZ);

		assert_int_equal(dev_ticks(ns, PIT_HZ), t);
		assert_int_equal(dev_ticks(ns - 1, PIT_HZ), t - 1);
	}
	/* No 64-bit overflow at the end of time. */
	assert_true(dev_ticks(UINT64_MAX, 3579545) > dev_ticks(UINT64_MAX - NS_PER_S, 3579545));
}

static void mode0(void **state)
{
	(void)state;
	out8(&s, 0x61, 1);
	program(2, 0, 1000);
	assert_false(out2());
	assert_int_equal(latched(2), 1000);
	ticks(400);
	assert_int_equal(read16(2), 600);
	out8(&s, 0x61, 0); /* the gate holds the count */
	ticks(5000);
	assert_int_equal(latched(2), 600);
	out8(&s, 0x61, 1);
	ticks(599);
	assert_false(out2());
	assert_int_equal(read16(2), 1);
	ticks(1);
	assert_true(out2());
	assert_int_equal(read16(2), 0);
	ticks(1);
	assert_int_equal(read16(2), 0xffff); /* counts on */
	assert_true(out2());
	/* The first byte of a new count stops it and lowers the output. */
	out8(&s, 0x42, 10);
	assert_false(out2());
	ticks(100000);
	assert_false(out2());
	out8(&s, 0x42, 0);
	ticks(10);
	assert_true(out2());
}

static void mode0_interrupt(void **state)
{
	(void)state;
	program(0, 0, 1000);
	assert_false(s.level);
	assert_int_equal(dev_ticks(s.deadline, PIT_HZ), dev_ticks(s.now, PIT_HZ) + 1000);
	sim_run(&s, s.now + NS_PER_S, run_timer, &p);
	assert_int_equal(s.rises, 1);
	assert_true(s.level);
	assert_true(s.deadline == DEV_TIMER_NEVER);
	pit_timer(&p);
	assert_int_equal(s.rises, 1);
	control(0x30); /* a new mode 0: low again, and nothing happens without a count */
	assert_false(s.level);
	assert_true(s.deadline == DEV_TIMER_NEVER);
}

static void mode2(void **state)
{
	(void)state;
	out8(&s, 0x61, 1);
	program(2, 4, 100);
	assert_true(out2());
	assert_int_equal(read16(2), 100);
	ticks(98);
	assert_true(out2());
	ticks(1);
	assert_int_equal(read16(2), 1);
	assert_false(out2());
	ticks(1);
	assert_int_equal(read16(2), 100);
	assert_true(out2());
	/* A new count waits for the end of the period. */
	ticks(30);
	out8(&s, 0x42, 50);
	out8(&s, 0x42, 0);
	assert_int_equal(status(2) & 0x40, 0x40); /* null count */
	assert_int_equal(read16(2), 70);
	ticks(69);
	assert_int_equal(read16(2), 1);
	ticks(1);
	assert_int_equal(read16(2), 50);
	assert_int_equal(status(2) & 0x40, 0);
	/* A low gate raises the output, a rising one starts anew. */
	ticks(49);
	assert_false(out2());
	out8(&s, 0x61, 0);
	assert_true(out2());
	ticks(10);
	assert_int_equal(read16(2), 1);
	out8(&s, 0x61, 1);
	assert_int_equal(read16(2), 50);
}

static void mode3(void **state)
{
	(void)state;
	out8(&s, 0x61, 1);
	program(2, 0x0e, 100); /* mode 7 is 3 */
	assert_int_equal(status(2), 0x80 | 0x30 | 3 << 1);
	for (unsigned t = 0; t < 200; t++) {
		assert_int_equal(out2(), t % 100 < 50);
		assert_int_equal(read16(2), 100 - 2 * (t % 50));
		ticks(1);
	}
	/* An odd count is high for one tick more. */
	program(2, 6, 5);
	for (unsigned t = 0; t < 20; t++) {
		static const unsigned value[5] = {4, 2, 0, 4, 2};

		assert_int_equal(out2(), t % 5 < 3);
		assert_int_equal(read16(2), value[t % 5]);
		ticks(1);
	}
	program(2, 6, 1); /* illegal: must not harm */
	for (unsigned t = 0; t < 5; t++) {
		assert_int_equal(read16(2), 0);
		ticks(1);
	}
}

static void mode4(void **state)
{
	(void)state;
	out8(&s, 0x61, 1);
	program(2, 8, 10);
	assert_true(out2());
	ticks(9);
	assert_true(out2());
	ticks(1);
	assert_false(out2());
	ticks(1);
	assert_true(out2());
	assert_int_equal(read16(2), 0xffff);
	/* Linux's one-shot clock event: a new count starts at once. */
	program(0, 8, 10);
	s.rises = 0;
	sim_run(&s, s.now + NS_PER_MS, run_timer, &p);
	assert_int_equal(s.rises, 1);
	assert_true(s.level);
	out8(&s, 0x40, 0x00);
	out8(&s, 0x40, 0x10);
	assert_int_equal(dev_ticks(s.deadline, PIT_HZ), dev_ticks(s.now, PIT_HZ) + 0x1001);
	sim_run(&s, s.now + NS_PER_S, run_timer, &p);
	assert_int_equal(s.rises, 2);
}

static void modes_1_and_5(void **state)
{
	(void)state;
	for (unsigned mode = 1; mode <= 5; mode += 4) {
		out8(&s, 0x61, 0);
		program(2, mode << 1, 10);
		assert_true(out2());
		ticks(50);
		assert_true(out2());
		assert_int_equal(status(2), 0x80 | 0x40 | 0x30 | mode << 1);
		out8(&s, 0x61, 1);
		assert_int_equal(out2(), mode == 5);
		ticks(5);
		assert_int_equal(read16(2), 5);
		out8(&s, 0x61, 0); /* a falling gate does nothing */
		out8(&s, 0x61, 1); /* a rising one starts again */
		assert_int_equal(read16(2), 10);
		out8(&s, 0x42, 20); /* for the next trigger */
		out8(&s, 0x42, 0);
		ticks(9);
		assert_int_equal(out2(), mode == 5);
		ticks(1);
		assert_int_equal(out2(), mode == 1);
		ticks(1);
		assert_true(out2());
		out8(&s, 0x61, 0);
		out8(&s, 0x61, 1);
		assert_int_equal(read16(2), 20);
	}
	/* Channel 0's gate never rises: no interrupt in these modes. */
	program(0, 2, 10);
	assert_true(s.deadline == DEV_TIMER_NEVER);
}

static void byte_accesses(void **state)
{
	(void)state;
	out8(&s, 0x61, 1);
	control(0x90); /* low byte, mode 0 */
	out8(&s, 0x42, 0x80);
	ticks(1);
	assert_int_equal(in8(&s, 0x42), 0x7f);
	assert_int_equal(in8(&s, 0x42), 0x7f);
	control(0x80);
	ticks(1);
	assert_int_equal(in8(&s, 0x42), 0x7f); /* one byte was latched */
	assert_int_equal(in8(&s, 0x42), 0x7e);
	control(0xa0); /* high byte */
	out8(&s, 0x42, 0x02);
	ticks(1);
	assert_int_equal(in8(&s, 0x42), 0x01);
	control(0xb0);
	assert_int_equal(status(2) & 0x40, 0x40);
	assert_int_equal(in8(&s, 0x43), 0xff);
	/* A control word between the bytes starts the pair anew. */
	out8(&s, 0x42, 0x11);
	control(0xb4);
	out8(&s, 0x42, 0x34);
	out8(&s, 0x42, 0x12);
	assert_int_equal(read16(2), 0x1234);
}

static void latches(void **state)
{
	(void)state;
	program(0, 4, 0x1234);
	program(1, 4, 0x4321);
	control(0xc6); /* read back count and status of 0 and 1 */
	ticks(0x100);
	control(0x00); /* ignored while one is there */
	control(0xde); /* nothing to be latched */
	assert_int_equal(in8(&s, 0x40), 0xb4);
	assert_int_equal(read16(0), 0x1234);
	assert_int_equal(in8(&s, 0x41), 0xb4);
	assert_int_equal(read16(1), 0x4321);
	assert_int_equal(read16(0), 0x1134);
	assert_int_equal(latched(0), 0x1134);
	control(0xe2);
	control(0xe2);
	assert_int_equal(in8(&s, 0x40), 0xb4);
	assert_int_equal(in8(&s, 0x40), 0x34); /* the second one was ignored */
	/* A latch in the middle of a pair begins with the low byte. */
	assert_int_equal(latched(0), 0x1134);
	/* A control word drops what is latched. */
	control(0xc2);
	program(0, 4, 0x2222);
	assert_int_equal(read16(0), 0x2222);
}

/* Digits are what no system has a timer count in: the bit is told, and the count is binary. */
static void bcd(void **state)
{
	(void)state;
	program(1, 0 | 1, 0x1000);
	ticks(1);
	assert_int_equal(read16(1), 0x0fff);
	program(1, 4 | 1, 0);
	assert_int_equal(read16(1), 0);
	assert_int_equal(status(1), 0xb5);
}

static void no_drift(void **state)
{
	uint64_t start = dev_ticks(s.now, PIT_HZ);

	(void)state;
	program(0, 4, 1193); /* about 1 kHz */
	s.rises = 0;
	sim_run(&s, s.now + 60 * NS_PER_S, run_timer, &p);
	assert_int_equal(s.rises, (dev_ticks(s.now, PIT_HZ) - start) / 1193);
	assert_int_equal(s.rises, 60 * PIT_HZ / 1193);
	/* 65536 in square waves, as firmware leaves it. */
	program(0, 6, 0);
	s.rises = 0;
	sim_run(&s, s.now + 10 * NS_PER_S, run_timer, &p);
	assert_int_equal(s.rises, 10 * PIT_HZ / 65536);
}

static void missed_ticks(void **state)
{
	uint64_t phase;

	(void)state;
	program(0, 4, 11932);
	phase = dev_ticks(s.now, PIT_HZ) % 11932;
	s.rises = 0;
	s.now += 3 * NS_PER_S;
	pit_timer(&p);
	assert_int_equal(s.rises, 1);
	assert_true(s.deadline > s.now);
	assert_true(s.deadline <= s.now + 10 * NS_PER_MS);
	assert_int_equal(dev_ticks(s.deadline, PIT_HZ) % 11932, phase);
	/* Early calls do nothing. */
	pit_timer(&p);
	assert_int_equal(s.rises, 1);
	/* A new count after many periods still waits for the end of the running one. */
	out8(&s, 0x40, 0x10);
	out8(&s, 0x40, 0x27);
	assert_int_equal(status(0) & 0x40, 0x40);
	assert_int_equal(dev_ticks(s.deadline, PIT_HZ) % 11932, phase);
	/* A count of 2 does not storm. */
	program(0, 4, 2);
	s.rises = 0;
	sim_run(&s, s.now + 10 * NS_PER_MS, run_timer, &p);
	assert_in_range(s.rises, 100, 500);
}

static void new_count_at_period_end(void **state)
{
	uint64_t start = dev_ticks(s.now, PIT_HZ);

	(void)state;
	program(0, 4, 1000);
	ticks(1);
	out8(&s, 0x40, 2000 & 0xff);
	out8(&s, 0x40, 2000 >> 8);
	assert_int_equal(dev_ticks(s.deadline, PIT_HZ), start + 1000);
	s.now = s.deadline;
	pit_timer(&p);
	assert_int_equal(dev_ticks(s.deadline, PIT_HZ), start + 3000);
}

static void port61(void **state)
{
	unsigned toggles = 0;

	(void)state;
	out8(&s, 0x61, 0xff);
	assert_int_equal(in8(&s, 0x61) & 0xcf, 0x0f);
	out8(&s, 0x61, 0x02);
	assert_int_equal(in8(&s, 0x61) & 0xcf, 0x02);
	for (unsigned i = 0; i < 1000; i++) {
		uint8_t before = in8(&s, 0x61);

		s.now += 1000;
		toggles += (before ^ in8(&s, 0x61)) >> 4 & 1;
	}
	assert_in_range(toggles, 65, 67); /* 1 ms at 15 us each */
}

/* quick_pit_calibrate(): the most significant byte falls by one every 256 ticks. */
static void linux_calibration(void **state)
{
	uint64_t begin;

	(void)state;
	out8(&s, 0x61, (in8(&s, 0x61) & ~2u) | 1);
	control(0xb0);
	out8(&s, 0x42, 0xff);
	out8(&s, 0x42, 0xff);
	in8(&s, 0x42);
	assert_int_equal(in8(&s, 0x42), 0xff);
	begin = s.now;
	for (unsigned expect = 0xfe; expect > 0xe0; expect--) {
		do {
			s.now += 500;
			in8(&s, 0x42);
		} while (in8(&s, 0x42) != expect);
		assert_in_range(dev_ticks(s.now - begin, PIT_HZ), (0xff - expect) * 256 - 1,
				(0xff - expect) * 256 + 2);
	}
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(conversion_is_exact),
		T(mode0),
		T(mode0_interrupt),
		T(mode2),
		T(mode3),
		T(mode4),
		T(modes_1_and_5),
		T(byte_accesses),
		T(latches),
		T(bcd),
		T(no_drift),
		T(missed_ticks),
		T(new_count_at_period_end),
		T(port61),
		T(linux_calibration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
