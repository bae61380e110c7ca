/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of the 8259A pair: priorities, modes, cascade, level inputs and spurious interrupts. */
/* sources: kernel/dev/pic.c kernel/dev/iobus.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/dev/pic.h"
#include "kernel/string.h"
#include "tests/unit/dev_sim.h"

static struct sim s;
static struct pic p;

static void init_chip(uint16_t port, unsigned base, unsigned icw3, unsigned icw4)
{
	out8(&s, port, 0x11);
	out8(&s, port + 1, base);
	out8(&s, port + 1, icw3);
	out8(&s, port + 1, icw4);
}

static int setup(void **state)
{
	(void)state;
	memset(&s, 0, sizeof(s));
	assert_int_equal(pic_init(&p, &s.bus, SIM_IRQ(&s)), 0);
	init_chip(0x20, 0x30, 4, 1);
	init_chip(0xa0, 0x38, 2, 1);
	return 0;
}

static uint8_t isr(uint16_t port)
{
	out8(&s, port, 0x0b);
	return in8(&s, port);
}

static uint8_t irr(uint16_t port)
{
	out8(&s, port, 0x0a);
	return in8(&s, port);
}

static void pulse(unsigned line)
{
	pic_set_irq(&p, line, false);
	pic_set_irq(&p, line, true);
}

static void masked_at_power_up(void **state)
{
	struct pic q;

	(void)state;
	memset(&s, 0, sizeof(s));
	assert_int_equal(pic_init(&q, &s.bus, SIM_IRQ(&s)), 0);
	pic_set_irq(&q, 3, true);
	assert_false(s.level);
	assert_int_equal(in8(&s, 0x21), 0xff);
	out8(&s, 0x21, 0xfb); /* Linux's probe_8259A() */
	assert_int_equal(in8(&s, 0x21), 0xfb);
}

static void edge(void **state)
{
	(void)state;
	pic_set_irq(&p, 0, true);
	assert_true(s.level && p.out_level);
	assert_int_equal(irr(0x20), 0x01);
	assert_int_equal(pic_ack(&p), 0x30);
	assert_false(s.level);
	assert_int_equal(irr(0x20), 0);
	assert_int_equal(isr(0x20), 0x01);
	pic_set_irq(&p, 0, true); /* no edge */
	out8(&s, 0x20, 0x20);
	assert_int_equal(isr(0x20), 0);
	assert_false(s.level);
	pulse(0);
	assert_true(s.level);
	/* Gone before the acknowledge: IR7, nothing in service. */
	pic_set_irq(&p, 0, false);
	assert_false(s.level);
	assert_int_equal(pic_ack(&p), 0x37);
	assert_int_equal(isr(0x20), 0);
}

static void masked_edge_waits(void **state)
{
	(void)state;
	out8(&s, 0x21, 0x02);
	pulse(1);
	assert_false(s.level);
	assert_int_equal(irr(0x20), 0x02);
	out8(&s, 0x21, 0x00);
	assert_true(s.level);
}

static void priorities(void **state)
{
	(void)state;
	pulse(4);
	pulse(1);
	assert_int_equal(pic_ack(&p), 0x31);
	assert_false(s.level); /* 4 is lower than what is in service */
	pulse(0);
	assert_true(s.level);
	assert_int_equal(pic_ack(&p), 0x30);
	out8(&s, 0x20, 0x20);
	assert_false(s.level);
	assert_int_equal(isr(0x20), 0x02);
	out8(&s, 0x20, 0x61); /* specific */
	assert_true(s.level);
	assert_int_equal(pic_ack(&p), 0x34);
	out8(&s, 0x20, 0x20);
	out8(&s, 0x20, 0x20); /* nothing to end */
	assert_int_equal(isr(0x20), 0);
}

static void rotation(void **state)
{
	(void)state;
	out8(&s, 0x20, 0xc3); /* 3 is lowest: 4 is highest */
	pulse(1);
	pulse(4);
	assert_int_equal(pic_ack(&p), 0x34);
	out8(&s, 0x20, 0xa0); /* rotate on EOI: 4 is lowest now */
	pulse(5);
	pulse(4);
	assert_int_equal(pic_ack(&p), 0x35);
	out8(&s, 0x20, 0xe5); /* specific: 5 is lowest */
	assert_int_equal(pic_ack(&p), 0x31);
	out8(&s, 0x20, 0x20);
	assert_int_equal(pic_ack(&p), 0x34);
	out8(&s, 0x20, 0x40); /* no operation */
	assert_int_equal(isr(0x20), 0x10);
}

static void auto_eoi(void **state)
{
	(void)state;
	init_chip(0x20, 0x50, 4, 3);
	pulse(6);
	assert_int_equal(pic_ack(&p), 0x56);
	assert_int_equal(isr(0x20), 0);
	out8(&s, 0x20, 0x80); /* rotate in auto-EOI mode */
	pulse(2 + 1);
	assert_int_equal(pic_ack(&p), 0x53);
	pulse(3);
	pulse(4);
	assert_int_equal(pic_ack(&p), 0x54);
	out8(&s, 0x20, 0x00);
	assert_int_equal(pic_ack(&p), 0x53);
	pulse(4);
	pulse(5);
	assert_int_equal(pic_ack(&p), 0x55); /* 4 stayed lowest */
	assert_int_equal(pic_ack(&p), 0x54);
}

static void cascade(void **state)
{
	(void)state;
	pic_set_irq(&p, 2, true); /* not a line */
	pic_set_irq(&p, 16, true);
	assert_false(s.level);
	pulse(12);
	assert_int_equal(irr(0x20), 0x04);
	assert_int_equal(pic_ack(&p), 0x3c);
	assert_int_equal(isr(0x20), 0x04);
	assert_int_equal(isr(0xa0), 0x10);
	pulse(8); /* higher on the slave, but IR2 is in service on the master */
	assert_false(s.level);
	assert_int_equal(irr(0x20), 0x04);
	pulse(3);
	assert_false(s.level);
	pulse(1);
	assert_int_equal(pic_ack(&p), 0x31);
	out8(&s, 0x20, 0x20);
	out8(&s, 0xa0, 0x20);
	assert_false(s.level);
	out8(&s, 0x20, 0x20);
	assert_int_equal(pic_ack(&p), 0x38);
	out8(&s, 0xa0, 0x20);
	out8(&s, 0x20, 0x20);
	assert_int_equal(pic_ack(&p), 0x33);
	/* The slave asks, which is masked, and no more. */
	out8(&s, 0x20, 0x20);
	out8(&s, 0x21, 0x04);
	pic_set_irq(&p, 9, true);
	assert_int_equal(irr(0x20) & 0x04, 0x04);
	pic_set_irq(&p, 9, false);
	assert_int_equal(irr(0x20) & 0x04, 0);
	assert_false(s.level);
}

static void special_fully_nested(void **state)
{
	(void)state;
	init_chip(0x20, 0x30, 4, 0x11);
	pulse(12);
	assert_int_equal(pic_ack(&p), 0x3c);
	pulse(8);
	assert_true(s.level);
	assert_int_equal(pic_ack(&p), 0x38);
	pulse(9);
	assert_false(s.level);
}

static void special_mask(void **state)
{
	(void)state;
	pulse(1);
	assert_int_equal(pic_ack(&p), 0x31);
	pulse(5);
	assert_false(s.level);
	out8(&s, 0x21, 0x02);
	assert_false(s.level);
	out8(&s, 0x20, 0x68);
	assert_true(s.level); /* lower ones too, while 1 is masked */
	assert_int_equal(pic_ack(&p), 0x35);
	out8(&s, 0x20, 0x20); /* does not end the masked one */
	assert_int_equal(isr(0x20), 0x02);
	out8(&s, 0x20, 0x20);
	assert_int_equal(isr(0x20), 0x02);
	out8(&s, 0x20, 0x48);
	out8(&s, 0x20, 0x20);
	assert_int_equal(isr(0x20), 0);
}

/* Poll mode is for machines without an acknowledge cycle: here a read stays a read. */
static void polling(void **state)
{
	(void)state;
	pulse(6);
	out8(&s, 0x20, 0x0c);
	assert_int_equal(in8(&s, 0x20), 0x40);
	assert_true(s.level);
	assert_int_equal(isr(0x20), 0);
}

static void level_inputs(void **state)
{
	(void)state;
	iobus_write(&s.bus, 0x4d0, 2, 0xffff);
	assert_int_equal(sim_in(&s, 0x4d0, 2), 0xdef8);
	pic_set_irq(&p, 9, true);
	assert_int_equal(pic_ack(&p), 0x39);
	out8(&s, 0xa0, 0x20);
	out8(&s, 0x20, 0x20);
	assert_true(s.level); /* still asserted */
	assert_int_equal(pic_ack(&p), 0x39);
	pic_set_irq(&p, 9, false);
	out8(&s, 0xa0, 0x20);
	out8(&s, 0x20, 0x20);
	assert_false(s.level);
	/* An input that is high when it becomes level-triggered asks at once. */
	out8(&s, 0x4d0, 0);
	pulse(5);
	assert_int_equal(pic_ack(&p), 0x35);
	out8(&s, 0x20, 0x20);
	assert_false(s.level);
	out8(&s, 0x4d0, 0x20);
	assert_true(s.level);
}

static void initialization(void **state)
{
	(void)state;
	pulse(1);
	out8(&s, 0x21, 0xff);
	out8(&s, 0x20, 0x19);  /* level-triggered by ICW1 */
	assert_false(s.level); /* not while it is being initialized */
	out8(&s, 0x21, 0x47);
	out8(&s, 0x21, 0x04);
	out8(&s, 0x21, 0x01);
	assert_int_equal(in8(&s, 0x21), 0);
	assert_true(s.level);
	assert_int_equal(pic_ack(&p), 0x41);
	/* Single, without ICW4: two words, edges forgotten. */
	out8(&s, 0x20, 0x12);
	out8(&s, 0x21, 0x60);
	out8(&s, 0x21, 0x5a);
	assert_int_equal(in8(&s, 0x21), 0x5a);
	assert_int_equal(irr(0x20), 0);
	/* Cascaded without ICW4. */
	out8(&s, 0x20, 0x10);
	out8(&s, 0x21, 0x60);
	out8(&s, 0x21, 0x04);
	out8(&s, 0x21, 0xa5);
	assert_int_equal(in8(&s, 0x21), 0xa5);
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(masked_at_power_up), T(edge),     T(masked_edge_waits), T(priorities),
		T(rotation),           T(auto_eoi), T(cascade),           T(special_fully_nested),
		T(special_mask),       T(polling),  T(level_inputs),      T(initialization),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
