/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio block device as a driver finds and uses it: PCI, registers, MSI-X, requests. */
/* sources: kernel/dev/virtio_blk.c kernel/dev/virtio.c kernel/dev/virtq.c kernel/dev/msix.c */
/* sources: kernel/dev/pci.c kernel/dev/reset.c kernel/dev/iobus.c kernel/blk/blk.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/dev/virtio_blk.h"
#include "kernel/errno.h"
#include "tests/unit/dev_sim.h"
#include "tests/unit/pci_alone.h"
#include "tests/unit/virtq_driver.h"

#define ECAM 0xfeb00000ull
#define BAR  0xc0004000ull
#define SLOT 1u

#define COMMON_CAP 1u
#define NOTIFY_CAP 2u
#define ISR_CAP    3u
#define DEVICE_CAP 4u
#define WINDOW_CAP 5u

static struct sim s, irq;
static struct iobus memory;
static struct pci pci;
static struct reset reset;
static struct virtio_blk b;
static struct blk disk;
static uint8_t image[64 * BLK_SECTOR];
static struct driver d;
static struct vm vm;
static struct apic_msg message;
static unsigned messages;

unsigned vm_message(struct vm *v, const struct apic_msg *m)
{
	assert_ptr_equal(v, &vm);
	messages++;
	message = *m;
	return 1;
}

static uint64_t rd(uint64_t at, unsigned size)
{
	uint64_t value;

	assert_true(iobus_read(&memory, at, size, &value));
	return value;
}

static void wr(uint64_t at, uint64_t value, unsigned size)
{
	assert_true(iobus_write(&memory, at, size, value));
}

static uint64_t config(unsigned reg, unsigned size)
{
	return rd(ECAM + (SLOT << 15) + reg, size);
}

static void config_set(unsigned reg, uint64_t value, unsigned size)
{
	wr(ECAM + (SLOT << 15) + reg, value, size);
}

/* Where the structure of that type begins; from the list of capabilities. */
static unsigned cap(unsigned type)
{
	unsigned at = (unsigned)config(0x34, 1);

	for (unsigned n = 0; at && n < 16; n++, at = (unsigned)config(at + 1, 1))
		if (config(at, 1) == 9 && config(at + 3, 1) == type)
			return at;
	fail();
	return 0;
}

static uint64_t where(unsigned type)
{
	return (config(0x10, 4) & ~0xfull) + config(cap(type) + 8, 4);
}

static int setup(void **state)
{
	(void)state;
	memset(&s, 0, sizeof(s));
	memset(&irq, 0, sizeof(irq));
	memset(&memory, 0, sizeof(memory));
	memset(&message, 0, sizeof(message));
	messages = 0;
	for (unsigned i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(i * 7 + i / 512);
	assert_int_equal(blk_mem_init(&disk, image, sizeof(image), false), 0);
	assert_int_equal(pci_init(&pci, &s.bus, &memory, ECAM, &reset, &vm), 0);
	virtio_blk_prepare(&b, &disk, "guest");
	b.virtio.vm = &vm;
	b.virtio.irq = SIM_IRQ(&irq);
	b.virtio.later = SIM_TIMER(&s);
	assert_int_equal(virtio_init(&b.virtio, &pci, SLOT, BAR), 0);
	s.deadline = DEV_TIMER_NEVER;
	return 0;
}

/* Up to a queue that works; features besides VERSION_1. */
static void start(uint64_t features, unsigned size)
{
	struct virtq unused;
	uint64_t c;

	config_set(4, 6, 2);
	c = where(COMMON_CAP);
	driver_init(&d, &unused, size, features & VIRTIO_F_RING_PACKED,
		    features & VIRTIO_F_EVENT_IDX);
	wr(c + 20, 0, 1);
	wr(c + 20, 3, 1);
	features |= VIRTIO_F_VERSION_1;
	for (unsigned i = 0; i < 2; i++) {
		wr(c + 8, i, 4);
		wr(c + 12, (uint32_t)(features >> (32 * i)), 4);
	}
	wr(c + 20, 11, 1);
	assert_int_equal(rd(c + 20, 1), 11);
	wr(c + 22, 0, 2);
	wr(c + 24, size, 2);
	wr(c + 26, 1, 2);
	wr(c + 32, d.desc, 8);
	wr(c + 40, (uint32_t)d.driver, 4);
	wr(c + 44, 0, 4);
	wr(c + 48, (uint32_t)d.device, 4);
	wr(c + 52, 0, 4);
	assert_int_equal(rd(c + 32, 8), d.desc);
	assert_int_equal(rd(c + 40, 4), d.driver);
	wr(c + 28, 1, 2);
	assert_int_equal(rd(c + 28, 2), 1);
	wr(c + 20, 15, 1);
}

static void kick(void)
{
	wr(where(NOTIFY_CAP), 0, 2);
}

#define HEADER (RAM_BASE + 0x9000)
#define DATA   (RAM_BASE + 0x10000)
#define STATUS (RAM_BASE + 0x9100)

/* A request with data in one segment; its status, and how many bytes were written. */
static unsigned request(unsigned type, uint64_t sector, uint32_t len, bool write, uint32_t *written)
{
	struct driver_seg seg[] = {{HEADER, 16, false}, {DATA, len, write}, {STATUS, 1, true}};
	unsigned id, n = 3;

	put(HEADER, type, 8);
	put(HEADER + 8, sector, 8);
	put(STATUS, 0xee, 1);
	if (!len) {
		seg[1] = seg[2];
		n = 2;
	}
	driver_add(&d, seg, n, 0);
	kick();
	assert_true(driver_used(&d, n, &id, written));
	return (unsigned)get(STATUS, 1);
}

static void found_by_a_driver(void **state)
{
	(void)state;
	assert_int_equal(config(0, 4), 0x10421af4);
	assert_int_equal(config(8, 4) >> 8, 0x010000);
	assert_int_equal(config(6, 2) & 0x10, 0x10);
	assert_int_equal(config(0x3d, 1), 1);
	/* Sizing, with the BAR out of the way. */
	config_set(0x10, UINT32_MAX, 4);
	assert_int_equal(config(0x10, 4), 0xffffc000);
	config_set(0x10, 0xd0000000, 4);
	uint64_t value;
	assert_false(iobus_read(&memory, 0xd0000000, 4, &value));
	config_set(4, 2, 2);
	assert_int_equal(rd(0xd0000000 + 18, 2), VIRTIO_BLK_QUEUES);
	config_set(0x10, 0xd0010000, 4);
	assert_false(iobus_read(&memory, 0xd0000000, 4, &value));
	assert_int_equal(rd(0xd0010000 + 18, 2), VIRTIO_BLK_QUEUES);
	/* Onto the ECAM it does not get, and comes back from there. */
	config_set(0x10, ECAM, 4);
	assert_int_equal(config(0, 4), 0x10421af4);
	assert_false(iobus_read(&memory, 0xd0010000, 4, &value));
	config_set(0x10, BAR, 4);
	assert_int_equal(rd(BAR + 18, 2), VIRTIO_BLK_QUEUES);
	config_set(4, 0, 2);
	assert_false(iobus_read(&memory, BAR, 4, &value));
	/* The same registers by mechanism 1; nothing is at functions and slots beside it. */
	iobus_write(&s.bus, 0xcf8, 4, 0x80000800);
	assert_int_equal(sim_in(&s, 0xcfc, 4), 0x10421af4);
	assert_int_equal(rd(ECAM + (SLOT << 15 | 1 << 12), 4), UINT32_MAX);
	assert_int_equal(rd(ECAM + (2 << 15), 4), UINT32_MAX);
	assert_int_equal(config(0x100, 4), 0);
	assert_int_equal(config(2, 4), 0); /* crosses a doubleword */
	wr(ECAM + (2 << 15), 1, 4);
	config_set(0x100, 1, 4);
	assert_int_equal(virtio_init(&b.virtio, &pci, SLOT, BAR), -EEXIST);
	assert_int_equal(virtio_init(&b.virtio, &pci, PCI_SLOTS, BAR), -EINVAL);
}

static void device_configuration(void **state)
{
	uint64_t c;

	(void)state;
	config_set(4, 2, 2);
	c = where(DEVICE_CAP);
	assert_int_equal(rd(c, 8), 64);
	assert_int_equal(rd(c + 8, 4), 4096);
	assert_int_equal(rd(c + 12, 4), VIRTQ_SEGMENTS - 2);
	assert_int_equal(rd(c + 34, 2), VIRTIO_BLK_QUEUES);
	assert_int_equal(rd(c + 56, 1), 1);
	assert_int_equal(rd(c + 60, 4), 0);
	assert_int_equal(rd(c + 0xfe, 4), 0);
	wr(c, 0, 8);
	assert_int_equal(rd(c, 8), 64);
	/* Through the window in configuration space. */
	unsigned w = cap(WINDOW_CAP);
	config_set(w + 4, 0, 1);
	config_set(w + 8, c - BAR, 4);
	config_set(w + 12, 4, 4);
	assert_int_equal(config(w + 16, 4), 64);
	config_set(w + 8, 22, 4);
	config_set(w + 12, 2, 4);
	config_set(w + 16, 3, 4);
	assert_int_equal(rd(BAR + 22, 2), 3);
	/* Outside it shows nothing. */
	config_set(w + 8, VIRTIO_BAR_SIZE, 4);
	config_set(w + 16, 5, 4);
	config_set(w + 8, 23, 4);
	config_set(w + 16, 6, 4);
	config_set(w + 8, 22, 4);
	config_set(w + 12, 3, 4);
	config_set(w + 16, 7, 4);
	config_set(w + 12, 2, 4);
	config_set(w + 4, 1, 1);
	config_set(w + 16, 8, 4);
	assert_int_equal(rd(BAR + 22, 2), 3);
}

static void negotiation(void **state)
{
	uint64_t c;

	(void)state;
	config_set(4, 2, 2);
	c = where(COMMON_CAP);
	uint64_t offered = 0;
	for (unsigned i = 0; i < 3; i++) {
		wr(c, i, 4);
		offered |= i < 2 ? rd(c + 4, 4) << (32 * i) : rd(c + 4, 4);
	}
	assert_int_equal(offered & (VIRTIO_F_VERSION_1 | VIRTIO_F_RING_PACKED),
			 VIRTIO_F_VERSION_1 | VIRTIO_F_RING_PACKED);
	/* Not without VERSION_1, nor with what was not offered. */
	wr(c + 20, 3, 1);
	wr(c + 20, 11, 1);
	assert_int_equal(rd(c + 20, 1), 3);
	wr(c + 8, 1, 4);
	wr(c + 12, 1 | 1u << 31, 4);
	wr(c + 20, 11, 1);
	assert_int_equal(rd(c + 20, 1), 3);
	wr(c + 12, 1, 4);
	wr(c + 8, 2, 4);
	wr(c + 12, 1, 4);
	wr(c + 20, 11, 1);
	assert_int_equal(rd(c + 20, 1), 11);
	/* Too late. */
	wr(c + 8, 1, 4);
	wr(c + 12, 0, 4);
	assert_int_equal(rd(c + 12, 4), 1);
	/* A queue that is not there, and a size that may not be. */
	wr(c + 22, VIRTIO_BLK_QUEUES, 2);
	wr(c + 28, 1, 2);
	assert_int_equal(rd(c + 24, 2), 0);
	wr(c + 22, 1, 2);
	assert_int_equal(rd(c + 24, 2), VIRTQ_MAX_SIZE);
	wr(c + 24, 3, 2);
	wr(c + 28, 1, 2);
	assert_int_equal(rd(c + 28, 2), 0);
	assert_int_equal(rd(c + 20, 1), 11 | 0x40);
	wr(c + 20, 0, 1);
	assert_int_equal(rd(c + 20, 1), 0);
	assert_int_equal(rd(c + 24, 2), VIRTQ_MAX_SIZE);
}

static void requests(void **state)
{
	uint32_t written;
	const uint64_t layouts[] = {0, VIRTIO_F_RING_PACKED | VIRTIO_F_EVENT_IDX};

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		start(layouts[i], 8);
		assert_int_equal(request(0, 3, 1024, true, &written), 0);
		assert_int_equal(written, 1025);
		assert_memory_equal(ram_at(DATA), image + 3 * 512, 1024);
		memset(ram_at(DATA), 0x5a, 512);
		assert_int_equal(request(1, 63, 512, false, &written), 0);
		assert_int_equal(written, 1);
		assert_int_equal(image[63 * 512], 0x5a);
		assert_int_equal(request(4, 0, 0, false, &written), 0);
		assert_int_equal(request(8, 0, 20, true, &written), 0);
		assert_memory_equal(ram_at(DATA), "guest\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
		/* Beyond the end, odd, unknown. */
		assert_int_equal(request(0, 63, 1024, true, &written), 1);
		assert_int_equal(request(0, 1ull << 62, 512, true, &written), 1);
		assert_int_equal(request(1, 0, 100, false, &written), 1);
		assert_int_equal(request(99, 0, 512, true, &written), 2);
		/* Zeroes: sector, count, flags. */
		put(DATA, 10, 8);
		put(DATA + 8, 2, 8);
		assert_int_equal(request(13, 0, 16, false, &written), 0);
		assert_int_equal(image[10 * 512] | image[12 * 512 - 1], 0);
		assert_int_equal(image[12 * 512], (uint8_t)(12 * 512 * 7 + 12));
		assert_int_equal(request(11, 0, 16, false, &written), 0);
		put(DATA + 12, 1, 4);
		assert_int_equal(request(13, 0, 16, false, &written), 0);
		assert_int_equal(request(11, 0, 16, false, &written), 2);
		put(DATA, 63, 8);
		put(DATA + 12, 0, 4);
		assert_int_equal(request(11, 0, 16, false, &written), 1);
		assert_int_equal(request(11, 0, 15, false, &written), 1);
		assert_int_equal(request(11, 0, 32, false, &written), 1);
		disk.readonly = true;
		assert_int_equal(request(1, 0, 512, false, &written), 1);
		put(DATA, 0, 8);
		put(DATA + 8, 1, 8);
		assert_int_equal(request(13, 0, 16, false, &written), 1);
		disk.readonly = false;
	}
}

/* Header, data and status as the driver likes to cut them (2.6.4.1). */
static void any_framing(void **state)
{
	const struct driver_seg seg[] = {{HEADER, 7, false},
					 {HEADER + 7, 9, false},
					 {DATA, 100, true},
					 {DATA + 100, 412, true},
					 {DATA + 512, 513, true}};
	unsigned id;
	uint32_t written;

	(void)state;
	start(VIRTIO_F_INDIRECT_DESC, 8);
	put(HEADER, 0, 8);
	put(HEADER + 8, 5, 8);
	driver_add(&d, seg, 5, RAM_BASE + 0x8000);
	kick();
	assert_true(driver_used(&d, 1, &id, &written));
	assert_int_equal(written, 1025);
	assert_memory_equal(ram_at(DATA), image + 5 * 512, 1024);
	assert_int_equal(get(DATA + 1024, 1), 0);
}

static void interrupts(void **state)
{
	uint32_t written;
	unsigned m;

	(void)state;
	start(0, 8);
	request(4, 0, 0, false, &written);
	assert_true(irq.level);
	assert_int_equal(config(6, 2) & 8, 8);
	assert_int_equal(rd(where(ISR_CAP), 1), 1);
	assert_false(irq.level);
	assert_int_equal(rd(where(ISR_CAP), 1), 0);
	config_set(4, 6 | 1 << 10, 2);
	request(4, 0, 0, false, &written);
	assert_false(irq.level);
	config_set(4, 6, 2);
	assert_true(irq.level);
	/* MSI-X: vector 1, first masked. */
	m = (unsigned)config(0x34, 1);
	while (config(m, 1) != 0x11)
		m = (unsigned)config(m + 1, 1);
	uint64_t table = BAR + config(m + 4, 4), pba = BAR + config(m + 8, 4);
	config_set(m + 2, 0x8000, 2);
	assert_false(irq.level);
	wr(table + 16, 0xfee01000, 4);
	wr(table + 24, 0x4041, 4);
	request(4, 0, 0, false, &written);
	assert_int_equal(messages, 0);
	assert_int_equal(rd(pba, 8), 2);
	wr(table + 28, 0, 4);
	assert_int_equal(messages, 1);
	assert_int_equal(message.dest, 1);
	assert_int_equal(message.vector, 0x41);
	assert_int_equal(message.delivery, APIC_DM_FIXED);
	assert_false(message.logical || message.wide || message.level);
	assert_int_equal(rd(pba, 8), 0);
	request(4, 0, 0, false, &written);
	assert_int_equal(messages, 2);
	config_set(m + 2, 0xc000, 2);
	request(4, 0, 0, false, &written);
	assert_int_equal(messages, 2);
	config_set(m + 2, 0x8000, 2);
	assert_int_equal(messages, 3);
	wr(table + 16, 0xfeeab004, 4);
	wr(table + 24, 0x0152, 4);
	request(4, 0, 0, false, &written);
	assert_int_equal(messages, 4);
	assert_int_equal(message.dest, 0xab);
	assert_int_equal(message.vector, 0x52);
	assert_int_equal(message.delivery, APIC_DM_LOWEST);
	assert_true(message.logical);
	/* Not to the local APICs: it goes nowhere. */
	wr(table + 16, 0xfed00000, 4);
	request(4, 0, 0, false, &written);
	wr(table + 16, 0x1fee00000, 8);
	request(4, 0, 0, false, &written);
	assert_int_equal(messages, 4);
	wr(table + 16, 0xfee00000, 8);
	wr(table + 24, 0x12345678fff, 8);
	assert_int_equal(rd(table + 24, 8), 0x12345678fff);
	wr(table + 26, 0, 2);
	assert_int_equal(rd(table + 25, 1), 0);
	assert_int_equal(rd(table + 24, 4), 0x45678fff);
	/* No vector: no message; a vector that is not there is none. */
	wr(where(COMMON_CAP) + 22, 0, 2);
	wr(where(COMMON_CAP) + 26, MSIX_VECTORS, 2);
	assert_int_equal(rd(where(COMMON_CAP) + 26, 2), 0xffff);
	request(4, 0, 0, false, &written);
	assert_int_equal(messages, 4);
}

/* The device stops, says so, and works again after a reset. */
static void broken_rules(void **state)
{
	static const struct driver_seg short_header = {HEADER, 15, false},
				       no_status[] = {{HEADER, 16, false}},
				       outside[] = {{HEADER, 16, false}, {RAM_END, 1, true}};
	const struct {
		const struct driver_seg *s;
		unsigned n;
	} bad[] = {{&short_header, 1}, {no_status, 1}, {outside, 2}};
	uint32_t written;
	unsigned id;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		start(0, 8);
		driver_add(&d, bad[i].s, bad[i].n, 0);
		kick();
		assert_int_equal(rd(where(COMMON_CAP) + 20, 1), 0x4f);
		assert_int_equal(rd(where(ISR_CAP), 1), 2);
		kick();
		assert_false(driver_used(&d, bad[i].n, &id, &written));
	}
	start(0, 8);
	put(d.driver + 2, 100, 2);
	kick();
	assert_int_equal(rd(where(COMMON_CAP) + 20, 1), 0x4f);
	start(0, 8);
	assert_int_equal(request(4, 0, 0, false, &written), 0);
	wr(where(NOTIFY_CAP) + 4 * VIRTIO_BLK_QUEUES, 0, 2); /* no such queue */
	wr(where(NOTIFY_CAP) + 4, 1, 2);                     /* one that is not ready */
}

/* Long work is done in steps, so that others have their turn. */
static void long_work(void **state)
{
	static uint8_t large[512 << 10];
	struct driver_seg seg[3] = {{HEADER, 16, false}, {DATA, 0x20000, true}, {STATUS, 1, true}};
	uint32_t written;
	unsigned id, done = 0;

	(void)state;
	assert_int_equal(blk_mem_init(&disk, large, sizeof(large), false), 0);
	start(0, 32);
	put(HEADER, 0, 8);
	put(HEADER + 8, 0, 8);
	for (unsigned i = 0; i < 8; i++)
		driver_add(&d, seg, 3, 0);
	s.now = 77;
	kick();
	assert_int_equal(s.deadline, 77);
	for (unsigned step = 0; step < 8 && s.deadline == 77; step++) {
		while (driver_used(&d, 3, &id, &written))
			done++;
		assert_in_range(done, 2 * (step + 1), 2 * (step + 1) + 1);
		s.deadline = DEV_TIMER_NEVER;
		virtio_serve_all(&b.virtio);
	}
	while (driver_used(&d, 3, &id, &written))
		done++;
	assert_int_equal(done, 8);
	/* One that is too long for a step is refused, though the disk has all of it. */
	static uint8_t huge[1 << 20];
	struct driver_seg much[5] = {{HEADER, 16, false}};

	assert_int_equal(blk_mem_init(&disk, huge, sizeof(huge), false), 0);
	for (unsigned i = 1; i < 4; i++)
		much[i] = (struct driver_seg){DATA, 0x20000, true};
	much[4] = (struct driver_seg){STATUS, 1, true};
	driver_add(&d, much, 5, 0);
	kick();
	assert_true(driver_used(&d, 5, &id, &written));
	assert_int_equal(get(STATUS, 1), 1);
	assert_int_equal(written, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(found_by_a_driver, setup),
		cmocka_unit_test_setup(device_configuration, setup),
		cmocka_unit_test_setup(negotiation, setup),
		cmocka_unit_test_setup(requests, setup),
		cmocka_unit_test_setup(any_framing, setup),
		cmocka_unit_test_setup(interrupts, setup),
		cmocka_unit_test_setup(broken_rules, setup),
		cmocka_unit_test_setup(long_work, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
