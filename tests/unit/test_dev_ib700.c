/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The watchdog's two ports. */
/* sources: kernel/dev/ib700.c kernel/dev/iobus.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/dev/ib700.h"

static struct vm vm;
static uint64_t armed = 1;

int vm_watchdog(struct vm *v, uint64_t ns)
{
	assert_ptr_equal(v, &vm);
	armed = ns;
	return 0;
}

static void test_ports(void **state)
{
	struct iobus bus = {0};
	uint64_t v = 0;

	(void)state;
	assert_int_equal(ib700_attach(&bus, &vm), 0);
	assert_true(iobus_write(&bus, IB700_START, 1, 0));
	assert_int_equal(armed, 30000000001);
	assert_true(iobus_write(&bus, IB700_START, 1, 14));
	assert_int_equal(armed, 2000000001);
	assert_true(iobus_write(&bus, IB700_STOP, 1, 0xff));
	assert_int_equal(armed, 0);
	armed = 7;
	assert_true(iobus_write(&bus, IB700_STOP + 1, 1, 0));
	assert_int_equal(armed, 7);
	/* Bits 7:4 are not looked at; time 0 is the guest's wish to be bitten soon. */
	assert_true(iobus_write(&bus, IB700_START, 1, 0xfe));
	assert_int_equal(armed, 2000000001);
	assert_true(iobus_read(&bus, IB700_START, 1, &v));
	assert_int_equal(v & 0xff, 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_ports)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
