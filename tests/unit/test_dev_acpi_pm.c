/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of the ACPI fixed hardware: PM timer, status and enable, SCI, soft-off. */
/* sources: kernel/dev/acpi_pm.c kernel/dev/iobus.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/dev/acpi_pm.h"
#include "kernel/string.h"
#include "tests/unit/dev_sim.h"

static struct sim s;
static struct acpi_pm pm;
static unsigned offs;

static struct vm vm;

void vm_end(struct vm *v, enum vm_end how)
{
	assert_ptr_equal(v, &vm);
	assert_int_equal(how, END_POWEROFF);
	offs++;
}

static int setup(void **state)
{
	(void)state;
	memset(&s, 0, sizeof(s));
	s.deadline = DEV_TIMER_NEVER;
	offs = 0;
	return acpi_pm_init(&pm, &s.bus, SIM_TIMER(&s), SIM_IRQ(&s), &vm);
}

static void out16(unsigned port, unsigned v)
{
	iobus_write(&s.bus, port, 2, v);
}

static void timer(void **state)
{
	(void)state;
	assert_int_equal(sim_in(&s, ACPI_PM_TMR, 4), 0);
	s.now = NS_PER_S;
	assert_int_equal(sim_in(&s, ACPI_PM_TMR, 4), 3579545);
	assert_int_equal(sim_in(&s, ACPI_PM_TMR + 1, 2), 3579545 >> 8 & 0xffff);
	s.now = dev_ticks_ns(UINT32_MAX, ACPI_PM_TMR_HZ);
	assert_true(sim_in(&s, ACPI_PM_TMR, 4) == UINT32_MAX);
	s.now = dev_ticks_ns(BIT(32) + 5, ACPI_PM_TMR_HZ);
	assert_int_equal(sim_in(&s, ACPI_PM_TMR, 4), 5);
	iobus_write(&s.bus, ACPI_PM_TMR, 4, 0);
	assert_int_equal(sim_in(&s, ACPI_PM_TMR, 4), 5);
}

static void timer_status(void **state)
{
	uint64_t half = dev_ticks_ns(BIT(31), ACPI_PM_TMR_HZ);

	(void)state;
	out16(0x602, 1);
	assert_int_equal(s.deadline, half);
	s.now = half;
	acpi_pm_update(&pm);
	assert_true(s.level);
	assert_true(s.deadline == DEV_TIMER_NEVER);
	assert_int_equal(sim_in(&s, 0x600, 2), 1);
	out16(0x600, 1);
	assert_false(s.level);
	assert_int_equal(s.deadline, dev_ticks_ns(BIT(32), ACPI_PM_TMR_HZ));
	out16(0x602, 0);
	assert_true(s.deadline == DEV_TIMER_NEVER);
	s.now = 10 * half;
	assert_int_equal(sim_in(&s, 0x600, 2), 1); /* without an interrupt too */
	assert_int_equal(s.rises, 1);
}

static void power_button(void **state)
{
	(void)state;
	acpi_pm_power_button(&pm);
	assert_false(s.level); /* not enabled */
	out16(0x602, 0xffff);
	assert_int_equal(sim_in(&s, 0x602, 2), 0x0721);
	assert_true(s.level);
	assert_int_equal(sim_in(&s, 0x600, 4), 0x07210100);
	out8(&s, 0x601, 0xfe); /* others */
	assert_true(s.level);
	out8(&s, 0x601, 0x01);
	assert_false(s.level);
	assert_int_equal(sim_in(&s, 0x600, 2), 0);
	iobus_write(&s.bus, 0x600, 4, 0x00200000);
	assert_int_equal(sim_in(&s, 0x600, 4), 0x00200000);
}

static void control(void **state)
{
	(void)state;
	assert_int_equal(sim_in(&s, ACPI_PM1A_CNT, 2), 1); /* SCI_EN */
	out16(ACPI_PM1A_CNT, 0);
	assert_int_equal(sim_in(&s, ACPI_PM1A_CNT, 2), 1);
	out16(ACPI_PM1A_CNT, 0x1406);
	assert_int_equal(sim_in(&s, ACPI_PM1A_CNT, 2), 0x1403);
	assert_int_equal(offs, 0);
	/* Another sleep state is none of ours. */
	out16(ACPI_PM1A_CNT, 0x2000 | 1 << 10);
	assert_int_equal(offs, 0);
	/* Linux: first the type, then the type with SLP_EN. */
	out16(ACPI_PM1A_CNT, 5 << 10 | 1);
	assert_int_equal(offs, 0);
	out16(ACPI_PM1A_CNT, 0x2000 | 5 << 10 | 1);
	assert_int_equal(offs, 1);
	assert_int_equal(sim_in(&s, ACPI_PM1A_CNT, 2), 0x1401); /* SLP_EN reads as 0 */
	out8(&s, ACPI_PM1A_CNT, 0x34);                          /* SLP_EN is in the high byte */
	assert_int_equal(offs, 1);
	out8(&s, ACPI_PM1A_CNT + 1, 0x34);
	assert_int_equal(offs, 2);
	iobus_write(&s.bus, 0x606, 2, 0xffff); /* nothing there */
	assert_int_equal(sim_in(&s, 0x606, 2), 0);
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {T(timer), T(timer_status), T(power_button), T(control)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
