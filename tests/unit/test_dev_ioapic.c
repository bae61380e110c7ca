/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of the I/O APIC: registers, edge and level delivery, remote IRR and its ways to end. */
/* sources: kernel/dev/ioapic.c kernel/dev/iobus.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/dev/ioapic.h"
#include "kernel/string.h"
#include "kernel/vm.h"
#include "tests/unit/dev_sim.h"

static struct sim s;
static struct ioapic io;
static struct apic_msg last;
static unsigned sent, accept;

static struct vm vm;

unsigned vm_message(struct vm *v, const struct apic_msg *m)
{
	assert_ptr_equal(v, &vm);
	last = *m;
	sent++;
	return accept;
}

static int setup(void **state)
{
	(void)state;
	memset(&s, 0, sizeof(s));
	memset(&last, 0, sizeof(last));
	sent = 0;
	accept = 1;
	return ioapic_init(&io, &s.bus, &vm, 5);
}

static uint32_t rd(unsigned index)
{
	iobus_write(&s.bus, IOAPIC_BASE, 4, index);
	return (uint32_t)sim_in(&s, IOAPIC_BASE + 0x10, 4);
}

static void wr(unsigned index, uint32_t v)
{
	iobus_write(&s.bus, IOAPIC_BASE, 1, index);
	iobus_write(&s.bus, IOAPIC_BASE + 0x10, 4, v);
}

static void registers(void **state)
{
	(void)state;
	assert_int_equal(rd(0), 5u << 24);
	assert_int_equal(rd(2), 5u << 24);
	assert_int_equal(rd(1), 0x00170020);
	wr(0, 0x07ffffff);
	assert_int_equal(rd(0), 7u << 24);
	wr(0, 0xffffffff);
	assert_int_equal(rd(0), 15u << 24); /* four bits */
	wr(1, 0);
	assert_int_equal(rd(1), 0x00170020);
	for (unsigned i = 0x10; i < 0x40; i += 2) {
		assert_int_equal(rd(i), 0x10000);
		assert_int_equal(rd(i + 1), 0);
		wr(i, 0xffffffff);
		wr(i + 1, 0xffffffff);
		assert_int_equal(rd(i), 0x1afff); /* no delivery status, no remote IRR */
		assert_true(rd(i + 1) == 0xff000000);
	}
	for (unsigned i = 0x40; i < 0x100; i++) {
		wr(i, 0);
		assert_true(rd(i) == 0xffffffff);
	}
	rd(0x3f);
	assert_int_equal(sim_in(&s, IOAPIC_BASE, 4), 0x3f);
	/* Narrow and misplaced accesses do nothing. */
	iobus_write(&s.bus, IOAPIC_BASE + 0x10, 2, 0);
	iobus_write(&s.bus, IOAPIC_BASE + 0x11, 4, 0);
	iobus_write(&s.bus, IOAPIC_BASE + 0x20, 4, 0);
	assert_true(rd(0x3f) == 0xff000000);
	assert_int_equal(sim_in(&s, IOAPIC_BASE + 0x10, 1), 0);
	assert_int_equal(sim_in(&s, IOAPIC_BASE + 0xffc, 4), 0);
	assert_int_equal(sent, 0);
}

static void edge(void **state)
{
	(void)state;
	wr(0x15, 0x03000000);
	ioapic_set_irq(&io, 2, true); /* masked: lost */
	wr(0x14, 0x0932);             /* logical, lowest priority */
	assert_int_equal(sent, 0);
	ioapic_set_irq(&io, 2, true);
	assert_int_equal(sent, 0);
	ioapic_set_irq(&io, 2, false);
	ioapic_set_irq(&io, 2, true);
	assert_int_equal(sent, 1);
	assert_int_equal(last.dest, 3);
	assert_int_equal(last.vector, 0x32);
	assert_int_equal(last.delivery, APIC_DM_LOWEST);
	assert_true(last.logical && !last.level && !last.wide);
	assert_int_equal(rd(0x14), 0x0932);
	ioapic_eoi(&io, 0x32); /* nothing for an edge */
	assert_int_equal(sent, 1);
	ioapic_set_irq(&io, 24, true);
	ioapic_set_irq(&io, UINT32_MAX, true);
	assert_int_equal(sent, 1);
}

static void level(void **state)
{
	(void)state;
	wr(0x22, 0x8040);
	ioapic_set_irq(&io, 9, true);
	ioapic_set_irq(&io, 9, true);
	assert_int_equal(sent, 1);
	assert_true(last.level);
	assert_int_equal(rd(0x22), 0xc040);
	ioapic_eoi(&io, 0x41);
	assert_int_equal(sent, 1);
	ioapic_eoi(&io, 0x40); /* still high */
	assert_int_equal(sent, 2);
	ioapic_set_irq(&io, 9, false);
	iobus_write(&s.bus, IOAPIC_BASE + 0x40, 4, 0x40);
	assert_int_equal(sent, 2);
	assert_int_equal(rd(0x22), 0x8040);
	/* High while masked: delivered when it is unmasked. */
	wr(0x22, 0x18040);
	ioapic_set_irq(&io, 9, true);
	assert_int_equal(sent, 2);
	wr(0x22, 0x8040);
	assert_int_equal(sent, 3);
	/* Masked in service, ended, unmasked. */
	wr(0x22, 0x18040);
	ioapic_eoi(&io, 0x40);
	assert_int_equal(sent, 3);
	wr(0x22, 0x8040);
	assert_int_equal(sent, 4);
}

/* Two pins may share a vector. */
static void shared_vector(void **state)
{
	(void)state;
	wr(0x20, 0x8040);
	wr(0x22, 0x8040);
	ioapic_set_irq(&io, 8, true);
	ioapic_set_irq(&io, 9, true);
	assert_int_equal(sent, 2);
	ioapic_set_irq(&io, 8, false);
	ioapic_eoi(&io, 0x40);
	assert_int_equal(sent, 3);
	assert_int_equal(rd(0x20), 0x8040);
	assert_int_equal(rd(0x22), 0xc040);
}

/* Linux's clear_IO_APIC_pin() on old versions: over to edge and back. */
static void remote_irr_cleared_by_edge(void **state)
{
	(void)state;
	wr(0x22, 0x8040);
	ioapic_set_irq(&io, 9, true);
	wr(0x22, 0x1c040); /* what was read, masked: remote IRR is read-only */
	assert_int_equal(rd(0x22), 0x1c040);
	wr(0x22, 0x10040);
	assert_int_equal(rd(0x22), 0x10040);
	wr(0x22, 0x18040);
	assert_int_equal(rd(0x22), 0x18040);
	wr(0x22, 0x8040);
	assert_int_equal(sent, 2);
}

static void not_accepted(void **state)
{
	(void)state;
	accept = 0;
	wr(0x22, 0x8040);
	ioapic_set_irq(&io, 9, true);
	assert_int_equal(rd(0x22), 0x8040); /* no remote IRR that nobody would end */
	accept = 1;
	wr(0x23, 0x01000000);
	assert_int_equal(sent, 2);
	assert_int_equal(last.dest, 1);
	assert_int_equal(rd(0x22), 0xc040);
}

/* NMI, INIT and ExtINT are edges whatever the trigger mode says. */
static void nmi_is_edge(void **state)
{
	(void)state;
	wr(0x22, 0x8400);
	ioapic_set_irq(&io, 9, true);
	ioapic_set_irq(&io, 9, true);
	assert_int_equal(sent, 1);
	assert_int_equal(last.delivery, APIC_DM_NMI);
	wr(0x23, 0x01000000);
	assert_int_equal(sent, 1);
	assert_int_equal(rd(0x22), 0x8400);
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(registers),
		T(edge),
		T(level),
		T(shared_vector),
		T(remote_irr_cleared_by_edge),
		T(not_accepted),
		T(nmi_is_edge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
