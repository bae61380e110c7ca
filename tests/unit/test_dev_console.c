/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio console: what a driver is told of its ports, and bytes both ways. */
/* sources: kernel/dev/virtio_console.c kernel/dev/virtio.c kernel/dev/virtq.c kernel/dev/msix.c */
/* sources: kernel/dev/pci.c kernel/dev/reset.c kernel/dev/iobus.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/dev/virtio_console.h"
#include "kernel/errno.h"
#include "tests/unit/dev_sim.h"
#include "tests/unit/pci_alone.h"
#include "tests/unit/virtq_driver.h"

#define MULTIPORT   BIT(1)
#define DRIVER_OK   15u
#define NEEDS_RESET 0x40u
#define QUEUES      6u
#define TEXT        (RAM_BASE + 0x40000)
#define SIZE        64u

enum { RX0, TX0, CONTROL_RX, CONTROL_TX, RX1, TX1 };

static struct sim s, irq;
static struct iobus memory;
static struct pci pci;
static struct reset reset;
static struct virtio_console c;
static struct driver d[QUEUES];
static struct vm vm;

/* The other end. */
static char wrote[2][4096], waits[2][1024];
static unsigned wrote_n[2], waits_n[2], pieces;

void vm_port_write(struct vm *v, unsigned port, const char *p, unsigned n)
{
	assert_ptr_equal(v, &vm);
	memcpy(wrote[port] + wrote_n[port], p, n);
	wrote_n[port] += n;
	pieces++;
}

unsigned vm_port_read(struct vm *v, unsigned port, char *p, unsigned n)
{
	(void)v;
	assert_true(n <= waits_n[port]);
	memcpy(p, waits[port], n);
	memmove(waits[port], waits[port] + n, waits_n[port] -= n);
	return n;
}

unsigned vm_port_waiting(const struct vm *v, unsigned port)
{
	(void)v;
	return waits_n[port];
}

unsigned vm_message(struct vm *v, const struct apic_msg *m)
{
	(void)v;
	(void)m;
	fail();
	return 0;
}

static void start(uint64_t features)
{
	struct virtio *v = &c.virtio;

	memset(ram, 0, sizeof(ram));
	v->accepted = VIRTIO_F_VERSION_1 | features;
	v->status = DRIVER_OK;
	v->pci.config[PCI_COMMAND] |= PCI_COMMAND_MASTER;
	for (unsigned i = 0; i < QUEUES; i++)
		assert_int_equal(driver_start(&d[i], v, i, SIZE), 0);
}

static int setup(void **state)
{
	(void)state;
	memset(&s, 0, sizeof(s));
	memset(&irq, 0, sizeof(irq));
	memset(&memory, 0, sizeof(memory));
	memset(wrote_n, 0, sizeof(wrote_n));
	memset(waits_n, 0, sizeof(waits_n));
	pieces = 0;
	s.deadline = DEV_TIMER_NEVER;
	assert_int_equal(pci_init(&pci, &s.bus, &memory, 0xfeb00000, &reset, &vm), 0);
	c.config.columns = 80;
	c.config.rows = 25;
	virtio_console_prepare(&c);
	c.virtio.vm = &vm;
	c.virtio.irq = SIM_IRQ(&irq);
	c.virtio.later = SIM_TIMER(&s);
	assert_int_equal(virtio_init(&c.virtio, &pci, 4, 0xc0010000), 0);
	start(MULTIPORT);
	return 0;
}

/* All that is to be done; each visit is short. */
static void serve(void)
{
	virtio_serve_all(&c.virtio);
	for (unsigned i = 0; s.deadline != DEV_TIMER_NEVER; i++) {
		assert_true(i < 1000);
		s.deadline = DEV_TIMER_NEVER;
		virtio_serve_all(&c.virtio);
	}
}

static void give(unsigned queue, gpa_t at, uint32_t len)
{
	driver_add(
		&d[queue],
		&(struct driver_seg){at, len, queue != TX0 && queue != TX1 && queue != CONTROL_TX},
		1, 0);
}

static uint32_t taken(unsigned queue)
{
	unsigned id;
	uint32_t written;

	assert_true(driver_used(&d[queue], 1, &id, &written));
	return written;
}

static bool nothing(unsigned queue)
{
	unsigned id;
	uint32_t written;

	return !driver_used(&d[queue], 1, &id, &written);
}

static void say(uint32_t port, unsigned event, unsigned value)
{
	put(TEXT, port, 4);
	put(TEXT + 4, event, 2);
	put(TEXT + 6, value, 2);
	give(CONTROL_TX, TEXT, 8);
	serve();
	taken(CONTROL_TX);
}

#define BOX (TEXT + 0x1000)

/* The next message: its text's length. */
static uint32_t told(uint32_t port, unsigned event)
{
	uint32_t n;

	give(CONTROL_RX, BOX, 64);
	serve();
	n = taken(CONTROL_RX);
	assert_true(n >= 8);
	assert_int_equal(get(BOX, 4), port);
	assert_int_equal(get(BOX + 4, 2), event);
	return n - 8;
}

static void ports(void **state)
{
	(void)state;
	say(0, 0, 1);
	assert_int_equal(told(0, 1), 0);
	assert_int_equal(told(1, 1), 0);
	say(0, 3, 1);
	assert_int_equal(told(0, 4), 0);
	assert_int_equal(told(0, 5), 4);
	assert_int_equal(get(BOX + 8, 2), 80);
	assert_int_equal(get(BOX + 10, 2), 25);
	assert_int_equal(told(0, 6), 0);
	assert_int_equal(get(BOX + 6, 2), 1);
	say(1, 3, 1);
	assert_int_equal(told(1, 6), 0);
	assert_int_equal(told(1, 7), strlen(VIRTIO_CONSOLE_AGENT));
	assert_memory_equal(ram_at(BOX + 8), VIRTIO_CONSOLE_AGENT, strlen(VIRTIO_CONSOLE_AGENT));
	/* Another size. */
	c.config.columns = 132;
	virtio_console_resized(&c);
	assert_int_equal(told(0, 5), 4);
	assert_int_equal(get(BOX + 8, 2), 132);
	/* A port that is not there, what is not known, a device that is not ready: nothing follows.
	 */
	say(2, 3, 1);
	say(UINT32_MAX, 6, 1);
	say(0, 9, 1);
	say(0, 0, 0);
	give(CONTROL_RX, BOX, 64);
	serve();
	assert_true(nothing(CONTROL_RX));
	assert_int_equal(c.virtio.status, DRIVER_OK);
	/* A message that is cut off. */
	give(CONTROL_TX, TEXT, 7);
	serve();
	assert_int_equal(c.virtio.status, DRIVER_OK | NEEDS_RESET);
}

static void output(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3000; i++)
		put(TEXT + i, 'a' + i % 26, 1);
	give(TX0, TEXT, 3000);
	give(TX0, TEXT, 5);
	give(TX1, TEXT, 7);
	virtio_serve_all(&c.virtio);
	/* Not all at once: others have their turn. */
	assert_int_equal(wrote_n[0], 256);
	assert_true(nothing(TX0));
	serve();
	assert_int_equal(wrote_n[0], 3005);
	assert_memory_equal(wrote[0], ram_at(TEXT), 3000);
	assert_int_equal(wrote_n[1], 7);
	assert_int_equal(pieces, 12 + 1 + 1);
	assert_int_equal(taken(TX0), 0);
	assert_int_equal(taken(TX0), 0);
	assert_int_equal(taken(TX1), 0);
	/* Outside of memory: what could be read was written. */
	give(TX0, RAM_END - 2, 5);
	serve();
	assert_int_equal(c.virtio.status, DRIVER_OK | NEEDS_RESET);
}

/* What is half written is not read on without the bus, or when the driver has broken the rules. */
static void stops(void **state)
{
	(void)state;
	give(TX0, TEXT, 1000);
	virtio_serve_all(&c.virtio);
	assert_int_equal(wrote_n[0], 256);
	c.virtio.pci.config[PCI_COMMAND] &= ~(uint32_t)PCI_COMMAND_MASTER;
	serve();
	assert_int_equal(wrote_n[0], 256);
	c.virtio.pci.config[PCI_COMMAND] |= PCI_COMMAND_MASTER;
	virtio_serve_all(&c.virtio);
	assert_int_equal(wrote_n[0], 512);
	waits_n[0] = 1;
	give(RX0, BOX, 0);
	serve();
	assert_int_equal(c.virtio.status, DRIVER_OK | NEEDS_RESET);
	assert_int_equal(wrote_n[0], 512);
	assert_true(nothing(TX0));
}

static void input(void **state)
{
	(void)state;
	memcpy(waits[0], "typed", waits_n[0] = 5);
	memcpy(waits[1], "told", waits_n[1] = 4);
	virtio_console_receive(&c, 0);
	assert_int_equal(waits_n[0], 5); /* no buffer yet */
	give(RX0, BOX, 3);
	give(RX0, BOX + 3, 64);
	give(RX1, BOX + 100, 64);
	serve();
	assert_int_equal(taken(RX0), 3);
	assert_int_equal(taken(RX0), 2);
	assert_memory_equal(ram_at(BOX), "typed", 5);
	/* Nobody has opened the other one. */
	assert_true(nothing(RX1));
	say(1, 6, 1);
	assert_true(nothing(RX1));
	assert_int_equal(waits_n[1], 0);
	memcpy(waits[1], "told", waits_n[1] = 4);
	say(1, 6, 1); /* it was */
	assert_int_equal(taken(RX1), 4);
	assert_memory_equal(ram_at(BOX + 100), "told", 4);
	say(1, 6, 0);
	waits_n[1] = 1;
	give(RX1, BOX, 1);
	virtio_console_receive(&c, 1);
	assert_int_equal(waits_n[1], 1);
	/* Many small buffers: one, then others have their turn. */
	waits_n[0] = 60;
	for (unsigned i = 0; i < 60; i++)
		give(RX0, BOX, 1);
	virtio_serve_all(&c.virtio);
	assert_int_equal(waits_n[0], 59);
	virtio_console_receive(&c, 0);
	assert_int_equal(waits_n[0], 58);
	serve();
	assert_int_equal(waits_n[0], 0);
	for (unsigned i = 0; i < 60; i++)
		assert_int_equal(taken(RX0), 1);
	/* A buffer without room. */
	waits_n[0] = 1;
	give(RX0, BOX, 0);
	serve();
	assert_int_equal(waits_n[0], 1);
	assert_int_equal(c.virtio.status, DRIVER_OK | NEEDS_RESET);
}

/* What waited, and what was half written, is of no interest after a reset. */
static void forgets(void **state)
{
	(void)state;
	say(0, 0, 1);
	say(1, 6, 1);
	give(TX0, TEXT, 1000);
	virtio_serve_all(&c.virtio);
	assert_int_equal(wrote_n[0], 256);
	c.virtio.model->reset(&c.virtio);
	start(MULTIPORT);
	give(CONTROL_RX, BOX, 64);
	serve();
	assert_true(nothing(CONTROL_RX));
	assert_int_equal(wrote_n[0], 256);
	assert_false(c.port[1].open);
}

/* A driver that knows one port only reads the size from the configuration. */
static void one_port(void **state)
{
	(void)state;
	start(0);
	c.config.rows = 50;
	virtio_console_resized(&c);
	assert_int_equal(c.virtio.generation, 1);
	assert_int_equal(c.virtio.isr, 2);
	assert_true(irq.level);
	assert_int_equal(c.virtio.config[2], 50);
	give(TX0, TEXT, 9);
	serve();
	assert_int_equal(wrote_n[0], 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ports, setup),    cmocka_unit_test_setup(output, setup),
		cmocka_unit_test_setup(input, setup),    cmocka_unit_test_setup(forgets, setup),
		cmocka_unit_test_setup(one_port, setup), cmocka_unit_test_setup(stops, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
