/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of PCI configuration space and of the ports that reset. */
/* sources: kernel/dev/pci.c kernel/dev/reset.c kernel/dev/iobus.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/dev/pci.h"
#include "kernel/errno.h"
#include "kernel/string.h"
#include "tests/unit/dev_sim.h"

static struct sim s;
static struct pci pci;
static struct iobus memory;
static struct reset reset;
static unsigned resets, written;

static struct vm vm;

void vm_end(struct vm *v, enum vm_end how)
{
	assert_ptr_equal(v, &vm);
	assert_int_equal(how, END_RESTART);
	resets++;
}

static void on_written(struct pci_func *f, unsigned reg)
{
	(void)f;
	written = reg;
}

/* What the last access outside the models was, and what it finds there. */
static struct {
	unsigned calls, function, reg;
	bool write;
	uint32_t value;
} beyond;

uint32_t pci_beyond(struct vm *v, uint16_t function, unsigned reg, bool write)
{
	assert_ptr_equal(v, &vm);
	beyond.calls++;
	beyond.function = function;
	beyond.reg = reg;
	beyond.write = write;
	return beyond.value;
}

static int setup(void **state)
{
	(void)state;
	memset(&s, 0, sizeof(s));
	memset(&beyond, 0, sizeof(beyond));
	memset(&memory, 0, sizeof(memory));
	beyond.value = UINT32_MAX;
	resets = written = 0;
	assert_int_equal(pci_init(&pci, &s.bus, &memory, 0xfeb00000, &reset, &vm), 0);
	return reset_init(&reset, &s.bus, &vm);
}

static void out32(unsigned port, uint32_t v)
{
	iobus_write(&s.bus, port, 4, v);
}

static uint32_t config(unsigned bus, unsigned slot, unsigned func, unsigned reg)
{
	out32(0xcf8, 0x80000000u | bus << 16 | slot << 11 | func << 8 | reg);
	return (uint32_t)sim_in(&s, 0xcfc, 4);
}

/* pci_check_type1(): a byte to 0xcfb must not reach the address register. */
static void linux_probe(void **state)
{
	(void)state;
	out8(&s, 0xcfb, 0x01);
	assert_int_equal(sim_in(&s, 0xcf8, 4), 0);
	out32(0xcf8, 0x80000000);
	assert_true(sim_in(&s, 0xcf8, 4) == 0x80000000);
	assert_int_equal(sim_in(&s, 0xcfe, 2), 0x0008);
	assert_int_equal(config(0, 0, 0, 8) >> 16, 0x0600);
}

static void host_bridge(void **state)
{
	(void)state;
	assert_int_equal(config(0, 0, 0, 0), 0x00081b36);
	assert_int_equal(in8(&s, 0xcfd), 0x1b);
	assert_int_equal(sim_in(&s, 0xcfd, 2), 0x081b);
	assert_int_equal(config(0, 0, 0, 0x2c), 0x11001af4);
	assert_int_equal(config(0, 0, 0, 0x0c), 0);
	out32(0xcfc, 0xffffffff);
	assert_int_equal(config(0, 0, 0, 0x0c), 0);
	config(0, 0, 0, 0x3c);
	out8(&s, 0xcfc, 11);
	out8(&s, 0xcfd, 11);
	assert_int_equal(config(0, 0, 0, 0x3c), 11);
	/* Everything else is absent. */
	for (unsigned slot = 1; slot < 32; slot++)
		assert_true(config(0, slot, 0, 0) == UINT32_MAX);
	assert_true(config(0, 0, 1, 0) == UINT32_MAX);
	assert_true(config(1, 0, 0, 0) == UINT32_MAX);
	out32(0xcfc, 0);
	out32(0xcf8, 0);
	assert_true(sim_in(&s, 0xcfc, 4) == UINT32_MAX);
	assert_int_equal(in8(&s, 0xcfc), 0xff);
}

static void address_register(void **state)
{
	(void)state;
	out32(0xcf8, 0xffffffff);
	assert_true(sim_in(&s, 0xcf8, 4) == 0x80fffffc);
	iobus_write(&s.bus, 0xcf8, 2, 0);
	out8(&s, 0xcf8, 0);
	assert_true(sim_in(&s, 0xcf8, 4) == 0x80fffffc);
	assert_int_equal(sim_in(&s, 0xcf8, 2), 0xffff);
	assert_int_equal(in8(&s, 0xcfa), 0xff);
	/* Across the end: byte by byte. */
	assert_int_equal(sim_in(&s, 0xcff, 4), 0xffffffff);
}

static void functions(void **state)
{
	static struct pci_func f = {.config = {0x10411af4}, .written = on_written};

	(void)state;
	f.bar.size = 0x1000;
	f.writable[1] = 0x00000006;
	assert_int_equal(pci_add(&pci, 0, &f, 0), -EEXIST);
	assert_int_equal(pci_add(&pci, 32, &f, 0), -EINVAL);
	assert_int_equal(pci_add(&pci, 31, &f, 0), 0);
	assert_int_equal(config(0, 31, 0, 0), 0x10411af4);
	config(0, 31, 0, 0x10);
	out32(0xcfc, 0xffffffff);
	assert_true(config(0, 31, 0, 0x10) == 0xfffff000);
	assert_int_equal(written, 4);
	iobus_write(&s.bus, 0xcfe, 2, 0xfebc);
	assert_true(config(0, 31, 0, 0x10) == 0xfebcf000);
	config(0, 31, 0, 4);
	iobus_write(&s.bus, 0xcfc, 2, 0xffff);
	assert_int_equal(config(0, 31, 0, 4), 6);
	config(0, 31, 0, 0xfc);
	out8(&s, 0xcff, 1);
	assert_int_equal(written, 63);
}

static void absent_functions_are_told(void **state)
{
	(void)state;
	config(0, 0, 0, 0);
	out32(0xcfc, 0);
	assert_int_equal(beyond.calls, 0); /* the bridge's own */
	beyond.value = 0x12345678;
	assert_int_equal(config(0xff, 0x1f, 2, 0xfc), 0x12345678);
	assert_int_equal(beyond.function, 0xfffa);
	assert_int_equal(beyond.reg, 63);
	assert_false(beyond.write);
	assert_int_equal(in8(&s, 0xcfd), 0x56);
	assert_int_equal(sim_in(&s, 0xcfe, 2), 0x1234);
	assert_int_equal(sim_in(&s, 0xcfd, 2), 0x3456);
	config(0, 0, 1, 4); /* a further function of the bridge's slot */
	assert_int_equal(beyond.function, 1);
	assert_int_equal(beyond.reg, 1);
	assert_int_equal(beyond.calls, 5);
	out8(&s, 0xcfc, 7);
	assert_int_equal(beyond.calls, 6);
	assert_true(beyond.write);
	assert_int_equal(config(0, 0, 0, 0), 0x00081b36);
	/* Not enabled: no access to configuration space. */
	out32(0xcf8, 0x00000800);
	assert_true(sim_in(&s, 0xcfc, 4) == UINT32_MAX);
	out32(0xcfc, 0);
	assert_int_equal(beyond.calls, 6);
}

static void reset_cf9(void **state)
{
	(void)state;
	out8(&s, 0xcf9, 0x02);
	assert_int_equal(in8(&s, 0xcf9), 0x02);
	assert_int_equal(resets, 0);
	out8(&s, 0xcf9, 0x06);
	assert_int_equal(resets, 1);
	out8(&s, 0xcf9, 0x06); /* no edge */
	assert_int_equal(resets, 1);
	out8(&s, 0xcf9, 0xf0);
	assert_int_equal(in8(&s, 0xcf9), 0);
	out8(&s, 0xcf9, 0x0e);
	assert_int_equal(resets, 2);
	out32(0xcf8, 0x80000600); /* the address register, not 0xcf9 */
	assert_int_equal(resets, 2);
	assert_int_equal(in8(&s, 0xcf9), 0x0e);
}

static void other_resets(void **state)
{
	(void)state;
	assert_int_equal(in8(&s, 0x64), 0xff);
	assert_int_equal(in8(&s, 0x60), 0xff);
	out8(&s, 0x60, 0xfe);
	out8(&s, 0x64, 0xaa);
	assert_int_equal(resets, 0);
	out8(&s, 0x64, 0xfe);
	assert_int_equal(resets, 1);
	assert_int_equal(in8(&s, 0x92), 0x02);
	out8(&s, 0x92, 0xfc);
	assert_int_equal(in8(&s, 0x92), 0x00);
	assert_int_equal(resets, 1);
	out8(&s, 0x92, 0x03);
	assert_int_equal(resets, 2);
	out8(&s, 0x92, 0x01);
	assert_int_equal(resets, 2);
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(linux_probe), T(host_bridge),  T(address_register),          T(functions),
		T(reset_cf9),   T(other_resets), T(absent_functions_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
