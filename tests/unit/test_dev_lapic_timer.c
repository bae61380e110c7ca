/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of the local APIC's timer: one-shot, periodic, TSC deadline. */
/* sources: kernel/dev/lapic.c kernel/dev/lapic_regs.c */
/* sources: kernel/dev/lapic_timer.c kernel/dev/lapic_route.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/errno.h"
#include "tests/unit/lapic_sim.h"

static void run_timer(void *model)
{
	lapic_timer(model);
}

static void timer_one_shot(void **state)
{
	(void)state;
	enable_all();
	wr(0, 0x320, 0x40);
	wr(0, 0x3e0, 0xb); /* divide by 1 */
	wr(0, 0x380, 1000);
	assert_int_equal(s[0].deadline, 10000);
	s[0].now = 9989;
	assert_int_equal(rd(0, 0x390), 2);
	lapic_timer(&l[0]); /* too early */
	assert_int_equal(lapic_highest(&l[0], APIC_IRR), -1);
	s[0].now = 10000;
	assert_int_equal(rd(0, 0x390), 0);
	lapic_timer(&l[0]);
	assert_int_equal(take(0), 0x40);
	assert_true(s[0].deadline == DEV_TIMER_NEVER);
	lapic_timer(&l[0]); /* once */
	assert_int_equal(lapic_highest(&l[0], APIC_IRR), -1);
	assert_int_equal(rd(0, 0x380), 1000);
	assert_int_equal(rd(0, 0x390), 0);
	wr(0, 0x380, 0xffffffff);
	wr(0, 0x3e0, 0xa); /* by 128, while it runs: the count stays */
	assert_true(rd(0, 0x390) == 0xffffffff);
	assert_true(s[0].deadline == 10000 + 0xffffffffull * 1280);
	wr(0, 0x380, 0);
	assert_true(s[0].deadline == DEV_TIMER_NEVER);
	wr(0, 0x320, 0x10040); /* masked: passes silently */
	wr(0, 0x380, 1);
	s[0].now = s[0].deadline;
	lapic_timer(&l[0]);
	assert_int_equal(lapic_highest(&l[0], APIC_IRR), -1);
}

static void timer_dividers(void **state)
{
	static const unsigned by[16] = {2, 4, 8, 16, 0, 0, 0, 0, 32, 64, 128, 1};

	(void)state;
	for (unsigned d = 0; d < 16; d++) {
		wr(0, 0x3e0, d);
		if (by[d] == 0)
			continue;
		wr(0, 0x380, 100);
		assert_int_equal(s[0].deadline, s[0].now + 1000 * by[d]);
		s[0].now += 500 * by[d];
		assert_int_equal(rd(0, 0x390), 50);
	}
	/* A changed divider takes effect from where the count is. */
	wr(0, 0x3e0, 0xb);
	wr(0, 0x380, 1000);
	s[0].now += 2500;
	wr(0, 0x3e0, 0);
	assert_int_equal(rd(0, 0x390), 750);
	assert_int_equal(s[0].deadline, s[0].now + 15000);
}

static void timer_periodic(void **state)
{
	(void)state;
	enable_all();
	wr(0, 0x3e0, 0xb);
	wr(0, 0x320, 0x20040);
	wr(0, 0x380, 100000); /* 1 ms */
	for (unsigned i = 1; i <= 5; i++) {
		assert_int_equal(s[0].deadline, i * NS_PER_MS);
		s[0].now = s[0].deadline + 123;
		lapic_timer(&l[0]);
		assert_int_equal(take(0), 0x40);
		wr(0, 0xb0, 0);
	}
	/* Descheduled for long: one interrupt, and the phase is kept. */
	s[0].now = 100 * NS_PER_MS + 300000;
	assert_int_equal(rd(0, 0x390), 70000);
	lapic_timer(&l[0]);
	assert_int_equal(s[0].deadline, 101 * NS_PER_MS);
	assert_int_equal(take(0), 0x40);
	wr(0, 0xb0, 0);
	/* To one-shot in the middle: this period is the last. */
	wr(0, 0x320, 0x40);
	assert_int_equal(rd(0, 0x390), 70000);
	assert_int_equal(s[0].deadline, 101 * NS_PER_MS);
	s[0].now = s[0].deadline;
	lapic_timer(&l[0]);
	assert_true(s[0].deadline == DEV_TIMER_NEVER);
	/* A period of 10 ns does not storm. */
	wr(0, 0x320, 0x20040);
	wr(0, 0x380, 1);
	assert_true(s[0].deadline >= s[0].now + 10000);
	s[0].now = s[0].deadline;
	lapic_timer(&l[0]);
	assert_true(s[0].deadline >= s[0].now + 10000);
	assert_int_equal(rd(0, 0x390), 1);
}

static void timer_deadline(void **state)
{
	uint64_t v;

	(void)state;
	enable_all();
	assert_int_equal(wrx(0, 0x6e0, 5000), 0); /* not in this mode: ignored */
	assert_int_equal(rdx(0, 0x6e0, &v), 0);
	assert_int_equal(v, 0);
	wr(0, 0x380, 1000);
	wr(0, 0x320, 0x40040); /* the change of mode disarms */
	assert_true(s[0].deadline == DEV_TIMER_NEVER);
	wr(0, 0x380, 1000); /* ignored now */
	assert_int_equal(rd(0, 0x380) + rd(0, 0x390), 0);
	assert_int_equal(wrx(0, 0x6e0, 5001), 0);
	assert_int_equal(s[0].deadline, 2001);
	assert_int_equal(rdx(0, 0x6e0, &v), 0);
	assert_int_equal(v, 5001);
	assert_int_equal(wrx(0, 0x6e0, 0), 0);
	assert_true(s[0].deadline == DEV_TIMER_NEVER);
	wrx(0, 0x6e0, 5000);
	lapic_tsc_changed(&l[0]);
	assert_int_equal(s[0].deadline, 2000);
	s[0].now = 2000;
	lapic_timer(&l[0]);
	assert_int_equal(take(0), 0x40);
	rdx(0, 0x6e0, &v);
	assert_int_equal(v, 0);
	wr(0, 0xb0, 0);
	/* Gone by, and converted to 0: fires at once. */
	wrx(0, 0x6e0, 1);
	assert_int_equal(take(0), 0x40);
	rdx(0, 0x6e0, &v);
	assert_int_equal(v, 0);
	lapic_tsc_changed(&l[0]);
	assert_true(s[0].deadline == DEV_TIMER_NEVER);
	wr(0, 0x320, 0x20040);
	wrx(0, 0x6e0, 100000);
	lapic_tsc_changed(&l[0]);
	assert_true(s[0].deadline == DEV_TIMER_NEVER);
	/* Without the feature. */
	l[0].c.tsc_deadline = false;
	assert_int_equal(rdx(0, 0x6e0, &v), -EINVAL);
	assert_int_equal(wrx(0, 0x6e0, 0), -EINVAL);
	wr(0, 0x320, 0x60040);
	assert_int_equal(rd(0, 0x320), 0x20040);
}

static void timer_keeps_count(void **state)
{
	(void)state;
	enable_all();
	wr(0, 0x320, 0x20040);
	wr(0, 0x3e0, 0x3);   /* by 16, as Linux */
	wr(0, 0x380, 62500); /* 10 ms */
	sim_run(&s[0], 10 * NS_PER_S, run_timer, &l[0]);
	assert_int_equal(s[0].deadline, 10 * NS_PER_S + 10 * NS_PER_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(timer_one_shot), T(timer_dividers),    T(timer_periodic),
		T(timer_deadline), T(timer_keeps_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
