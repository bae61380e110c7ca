/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event ports: what raise, bind, mask and take do to interrupts and to HALT. */
/* sources: kernel/evtchn.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "kernel/errno.h"
#include "kernel/evtchn.h"

static struct evtchn e;
static unsigned sent[256], wakes, last_vcpu;

void evtchn_notify(struct evtchn *events, unsigned vcpu, uint8_t vector)
{
	assert_ptr_equal(events, &e);
	if (vector)
		sent[vector]++;
	else
		wakes++;
	last_vcpu = vcpu;
}

static int setup(void **state)
{
	(void)state;
	e = (struct evtchn){0};
	memset(sent, 0, sizeof(sent));
	wakes = 0;
	return 0;
}

static void test_raise(void **state)
{
	(void)state;
	assert_false(evtchn_active(&e));
	evtchn_raise(&e, 31);
	assert_true(evtchn_active(&e));
	assert_int_equal(wakes, 1); /* not bound: only whoever waits is woken */
	assert_int_equal(evtchn_take(&e, ~BIT(31) & UINT32_MAX), 0);
	assert_true(evtchn_active(&e));
	assert_int_equal(evtchn_take(&e, UINT32_MAX), BIT(31));
	assert_false(evtchn_active(&e));
	assert_int_equal(evtchn_take(&e, UINT32_MAX), 0);
}

static void test_bind(void **state)
{
	(void)state;
	assert_int_equal(evtchn_bind(&e, MULLION_PORTS, 0x40, 0), -EINVAL);
	assert_int_equal(evtchn_bind(&e, UINT64_MAX, 0x40, 0), -EINVAL);
	assert_int_equal(evtchn_bind(&e, 1ull << 32, 0x40, 0), -EINVAL);
	assert_int_equal(evtchn_bind(&e, 0, 31, 0), -EINVAL);
	assert_int_equal(evtchn_bind(&e, 0, 1, 0), -EINVAL);
	assert_int_equal(evtchn_bind(&e, 0, 256, 0), -EINVAL);
	assert_int_equal(evtchn_bind(&e, 0, 0x100000040, 0), -EINVAL);
	assert_int_equal(evtchn_bind(&e, 31, 255, 7), 0);
	assert_int_equal(evtchn_bind(&e, 0, 32, 0), 0);
	assert_int_equal(wakes, 0);

	evtchn_raise(&e, 31);
	assert_int_equal(sent[255], 1);
	assert_int_equal(last_vcpu, 7);
	evtchn_raise(&e, 31); /* still pending: sent again */
	assert_int_equal(sent[255], 2);
	assert_int_equal(sent[32], 0);

	/* What came before the binding is not lost. */
	evtchn_raise(&e, 8);
	assert_int_equal(evtchn_bind(&e, 8, 0x50, 3), 0);
	assert_int_equal(sent[0x50], 1);
	assert_int_equal(last_vcpu, 3);
	assert_int_equal(evtchn_bind(&e, 31, 0, 0), 0);
	evtchn_raise(&e, 31);
	assert_int_equal(sent[255], 2);
}

static void test_mask(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MULLION_PORTS; i++)
		assert_int_equal(evtchn_bind(&e, i, 0x40 + i, 0), 0);
	assert_int_equal(evtchn_mask(&e, UINT32_MAX), 0);
	for (unsigned i = 0; i < MULLION_PORTS; i += 2)
		evtchn_raise(&e, i);
	assert_false(evtchn_active(&e));
	for (unsigned i = 0; i < MULLION_PORTS; i++)
		assert_int_equal(sent[0x40 + i], 0);
	assert_int_equal(evtchn_mask(&e, ~(uint32_t)7), UINT32_MAX);
	assert_int_equal(sent[0x40], 1);
	assert_int_equal(sent[0x41], 0);
	assert_int_equal(sent[0x42], 1);
	assert_int_equal(sent[0x44], 0);
	assert_true(evtchn_active(&e));
	/* Unmasked again: those that were unmasked already are not sent again. */
	assert_int_equal(evtchn_mask(&e, 0), ~(uint32_t)7);
	assert_int_equal(sent[0x40], 1);
	for (unsigned i = 4; i < MULLION_PORTS; i++)
		assert_int_equal(sent[0x40 + i], i % 2 == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_raise, setup),
		cmocka_unit_test_setup(test_bind, setup),
		cmocka_unit_test_setup(test_mask, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
