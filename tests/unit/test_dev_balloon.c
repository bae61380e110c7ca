/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtio balloon: which blocks go, when the host has them, and what a driver cannot do. */
/* sources: kernel/dev/virtio_balloon.c kernel/dev/virtio.c kernel/dev/virtq.c kernel/dev/msix.c */
/* sources: kernel/dev/pci.c kernel/dev/reset.c kernel/dev/iobus.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/dev/virtio_balloon.h"
#include "kernel/errno.h"
#include "tests/unit/dev_sim.h"
#include "tests/unit/pci_alone.h"
#include "tests/unit/virtq_driver.h"

#define DRIVER_OK   15u
#define NEEDS_RESET 0x40u
#define QUEUES      5u
#define TEXT        (RAM_BASE + 0x40000)
#define SIZE        64u
#define BAR         0xc0014000u
#define BLOCKS      1000u
#define PAGES       512u /* of a block */
#define HOST(n)     (GIB(7) + (n)*VM_BLOCK)

enum { INFLATE, DEFLATE, LINUX_REPORT, HINTS, REPORT };

static struct sim s, irq;
static struct iobus memory;
static struct pci pci;
static struct reset reset;
static struct virtio_balloon b;
static struct driver d[QUEUES];
static struct vm vm;
static struct vm_block block[BLOCKS];
static unsigned flushes, gave, took;
static bool refuse;

hpa_t vm_ram_take(struct vm *v, gpa_t gpa)
{
	uint64_t n = gpa / VM_BLOCK;

	assert_ptr_equal(v, &vm);
	assert_true(is_aligned(gpa, VM_BLOCK));
	if (refuse || n >= BLOCKS || block[n].host == VM_BLOCK_GONE)
		return 0;
	block[n].host = VM_BLOCK_GONE;
	took++;
	return HOST(n);
}

void vm_ram_flush(struct vm *v)
{
	assert_ptr_equal(v, &vm);
	flushes++;
}

void vm_ram_give(hpa_t host)
{
	assert_int_equal(block[(host - GIB(7)) / VM_BLOCK].host, VM_BLOCK_GONE);
	gave++;
}

unsigned vm_message(struct vm *v, const struct apic_msg *m)
{
	(void)v;
	(void)m;
	fail();
	return 0;
}

static void start(void)
{
	struct virtio *v = &b.virtio;

	v->accepted = VIRTIO_F_VERSION_1;
	v->status = DRIVER_OK;
	v->pci.config[PCI_COMMAND] |= PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY;
	for (unsigned i = 0; i < QUEUES; i++)
		assert_int_equal(driver_start(&d[i], v, i, SIZE), 0);
}

static int setup(void **state)
{
	(void)state;
	memset(ram, 0, sizeof(ram));
	memset(&s, 0, sizeof(s));
	memset(&irq, 0, sizeof(irq));
	memset(&memory, 0, sizeof(memory));
	memset(&b, 0, sizeof(b));
	memset(block, 0, sizeof(block));
	for (unsigned i = 0; i < BLOCKS; i++)
		block[i].host = HOST(i);
	flushes = gave = took = refuse = 0;
	s.deadline = DEV_TIMER_NEVER;
	assert_int_equal(pci_init(&pci, &s.bus, &memory, 0xfeb00000, &reset, &vm), 0);
	virtio_balloon_prepare(&b, block, BLOCKS);
	b.virtio.vm = &vm;
	b.virtio.irq = SIM_IRQ(&irq);
	b.virtio.later = SIM_TIMER(&s);
	assert_int_equal(virtio_init(&b.virtio, &pci, 5, BAR), 0);
	start();
	return 0;
}

static void serve(void)
{
	virtio_serve_all(&b.virtio);
	for (unsigned i = 0; s.deadline != DEV_TIMER_NEVER; i++) {
		assert_true(i < 1000);
		s.deadline = DEV_TIMER_NEVER;
		virtio_serve_all(&b.virtio);
	}
}

static void used(unsigned queue)
{
	unsigned id;
	uint32_t written;

	serve();
	assert_true(driver_used(&d[queue], 1, &id, &written));
	assert_int_equal(written, 0);
}

/* n pages from the first one on. */
static void pages(unsigned queue, uint32_t first, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		put(TEXT + 4 * i, first + i, 4);
	driver_add(&d[queue], &(struct driver_seg){TEXT, 4 * n, false}, 1, 0);
	used(queue);
}

static void report(unsigned queue, gpa_t gpa, uint32_t len)
{
	driver_add(&d[queue], &(struct driver_seg){gpa, len, true}, 1, 0);
	used(queue);
}

static void inflate(void **state)
{
	(void)state;
	pages(INFLATE, 3 * PAGES, PAGES - 1);
	pages(INFLATE, 3 * PAGES, PAGES - 1); /* twice is once */
	assert_int_equal(took, 0);
	pages(INFLATE, 4 * PAGES - 1, 1);
	assert_int_equal(took, 1);
	assert_int_equal(block[3].host, VM_BLOCK_GONE);
	assert_int_equal(flushes, 1);
	assert_int_equal(gave, 0);
	virtio_balloon_flushed(&b);
	assert_int_equal(gave, 1);
	assert_int_equal(flushes, 1);
	/* One has left: the block is whole again when all are back. */
	pages(DEFLATE, 3 * PAGES + 70, 1);
	block[3].host = HOST(3); /* touched */
	pages(INFLATE, 3 * PAGES + 71, 1);
	assert_int_equal(took, 1);
	pages(INFLATE, 3 * PAGES + 70, 1);
	assert_int_equal(took, 2);
}

static void not_ram(void **state)
{
	(void)state;
	pages(INFLATE, BLOCKS * PAGES, PAGES);
	pages(INFLATE, UINT32_MAX - PAGES, PAGES);
	pages(DEFLATE, UINT32_MAX - PAGES, PAGES);
	report(REPORT, BLOCKS * VM_BLOCK, VM_BLOCK);
	report(REPORT, UINT64_MAX - 5 * VM_BLOCK, UINT32_MAX);
	report(REPORT, UINT64_MAX, UINT32_MAX);
	assert_int_equal(took | flushes, 0);
}

static void another_driver(void **state)
{
	(void)state;
	pages(INFLATE, 0, PAGES - 1);
	b.virtio.model->reset(&b.virtio);
	pages(INFLATE, PAGES - 1, 1);
	assert_int_equal(took, 0);
	assert_int_equal(block[0].host, HOST(0));
	pages(INFLATE, 0, PAGES - 1);
	assert_int_equal(took, 1);
}

static void reports(void **state)
{
	(void)state;
	report(REPORT, VM_BLOCK + PAGE_SIZE, 3 * VM_BLOCK);
	assert_int_equal(took, 2);
	assert_int_equal(block[2].host & block[3].host, VM_BLOCK_GONE);
	report(LINUX_REPORT, 0, VM_BLOCK);
	report(HINTS, VM_BLOCK, VM_BLOCK - 1);
	assert_int_equal(took, 3);
	/* The third waits for another round: vCPUs may answer for the first two only. */
	assert_int_equal(flushes, 1);
	virtio_balloon_flushed(&b);
	assert_int_equal(gave, 2);
	assert_int_equal(flushes, 2);
	virtio_balloon_flushed(&b);
	assert_int_equal(gave, 3);
	assert_int_equal(flushes, 2);
	/* What it has given back already, and what cannot be taken. */
	report(REPORT, 0, VM_BLOCK);
	refuse = true;
	report(REPORT, 8 * VM_BLOCK, VM_BLOCK);
	assert_int_equal(flushes, 2);
}

static void bounded(void **state)
{
	(void)state;
	report(REPORT, 0, UINT32_MAX);
	assert_int_equal(took, 256);
	report(REPORT, 256 * VM_BLOCK, UINT32_MAX);
	assert_int_equal(took, 256); /* no room */
	virtio_balloon_flushed(&b);
	assert_int_equal(gave, 256);
	report(REPORT, 256 * VM_BLOCK, UINT32_MAX);
	assert_int_equal(took, 512);
	pages(INFLATE, 0, 1024);
	driver_add(&d[INFLATE], &(struct driver_seg){TEXT, 4097, false}, 1, 0);
	serve();
	assert_int_equal(b.virtio.status, DRIVER_OK | NEEDS_RESET);
}

static void configuration(void **state)
{
	uint64_t value;

	(void)state;
	iobus_write(&memory, 0xfeb00000 + (5 << 15) + 4, 2,
		    PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_equal(b.virtio.features & 0xff, BIT(0) | BIT(2) | BIT(5));
	virtio_balloon_ask(&b, 77);
	assert_int_equal(b.virtio.isr, 2);
	iobus_read(&memory, BAR + 0x200, 4, &value);
	assert_int_equal(value, 77);
	iobus_write(&memory, BAR + 0x204, 4, 66);
	iobus_write(&memory, BAR + 0x200, 4, 55); /* the host's */
	iobus_write(&memory, BAR + 0x204, 2, 44);
	iobus_write(&memory, BAR + 0x2f0, 4, 33);
	iobus_read(&memory, BAR + 0x204, 4, &value);
	assert_int_equal(value, 66);
	assert_int_equal(b.config.wanted, 77);
	iobus_write(&memory, BAR + 20, 1, 0);
	assert_int_equal(b.config.actual, 0);
	assert_int_equal(b.config.wanted, 77);
	virtio_balloon_prepare(&b, block, BLOCKS);
	assert_int_equal(b.config.wanted, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(inflate, setup),
		cmocka_unit_test_setup(not_ram, setup),
		cmocka_unit_test_setup(another_driver, setup),
		cmocka_unit_test_setup(reports, setup),
		cmocka_unit_test_setup(bounded, setup),
		cmocka_unit_test_setup(configuration, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
