/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The switch, and two guests' network devices at it; and the entropy device. */
/* sources: kernel/net.c kernel/dev/virtio_net.c kernel/dev/virtio_rng.c kernel/dev/virtio.c */
/* sources: kernel/dev/virtq.c kernel/dev/msix.c kernel/dev/pci.c kernel/dev/reset.c */
/* sources: kernel/dev/iobus.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/dev/virtio_net.h"
#include "kernel/dev/virtio_rng.h"
#include "tests/unit/dev_sim.h"
#include "tests/unit/pci_alone.h"
#include "tests/unit/virtq_driver.h"

static struct net_port port[4];
static unsigned woken[4];

void net_wake(struct net_port *p)
{
	woken[p - port]++;
}

static struct net_frame frame(const uint8_t *to, const uint8_t *from, unsigned length)
{
	struct net_frame f = {.length = (uint16_t)length};

	for (unsigned i = 0; i < length; i++)
		f.bytes[i] = (uint8_t)(i + length);
	memcpy(f.bytes, to, NET_MAC);
	memcpy(f.bytes + NET_MAC, from, NET_MAC);
	return f;
}

static const uint8_t everybody[NET_MAC] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* Three at one switch, one at another; they stay, as in the hypervisor. */
static int join(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		port[i] = (struct net_port){.net = i < 3 ? "lan" : "other",
					    .mac = {2, 0, 0, 0, 0, (uint8_t)i}};
		net_join(&port[i]);
	}
	return 0;
}

static unsigned waiting(void)
{
	unsigned set = 0;

	for (unsigned i = 0; i < 4; i++) {
		set |= net_waiting(&port[i]) ? 1u << i : 0;
		net_flush(&port[i]);
	}
	return set;
}

static void who_gets_what(void **state)
{
	struct net_frame f, got;

	(void)state;
	f = frame(port[1].mac, port[0].mac, 60);
	net_send(&port[0], &f);
	assert_int_equal(woken[1], 1);
	assert_true(net_receive(&port[1], &got));
	assert_int_equal(got.length, 60);
	assert_memory_equal(got.bytes, f.bytes, 60);
	assert_false(net_receive(&port[1], &got));
	net_send(&port[0], &f);
	assert_int_equal(waiting(), 1u << 1);
	f = frame(everybody, port[0].mac, NET_FRAME_MAX);
	net_send(&port[0], &f);
	assert_int_equal(waiting(), 1u << 1 | 1u << 2);
	f = frame((const uint8_t[]){0x33, 0x33, 0, 0, 0, 1}, port[2].mac, 60);
	net_send(&port[2], &f);
	assert_int_equal(waiting(), 1u << 0 | 1u << 1);
	/* To another switch, to itself, to nobody. */
	f = frame(port[3].mac, port[0].mac, 60);
	net_send(&port[0], &f);
	f = frame(port[0].mac, port[0].mac, 60);
	net_send(&port[0], &f);
	f = frame((const uint8_t[]){2, 0, 0, 0, 0, 9}, port[0].mac, 60);
	net_send(&port[0], &f);
	assert_int_equal(waiting(), 0);
	assert_int_equal(port[0].refused, 0);
	/* In another's name, and what is no frame. */
	f = frame(port[1].mac, port[2].mac, 60);
	net_send(&port[0], &f);
	f = frame(port[1].mac, port[0].mac, NET_FRAME_MIN);
	f.length--;
	net_send(&port[0], &f);
	assert_int_equal(waiting(), 0);
	assert_int_equal(port[0].refused, 2);
}

static void no_room(void **state)
{
	struct net_frame f = frame(port[1].mac, port[0].mac, 60);

	(void)state;
	port[1].lost = 0;
	for (unsigned i = 0; i < NET_QUEUE + 3; i++) {
		f.bytes[14] = (uint8_t)i;
		net_send(&port[0], &f);
	}
	assert_int_equal(port[1].lost, 3);
	for (unsigned i = 0; i < NET_QUEUE; i++) {
		assert_true(net_receive(&port[1], &f));
		assert_int_equal(f.bytes[14], i);
	}
	assert_false(net_receive(&port[1], &f));
}

#define ECAM 0xfeb00000ull
#define BAR  0xc0000000u
#define DATA (RAM_BASE + 0x10000)

static struct sim s, irq;
static struct iobus memory;
static struct pci pci;
static struct reset reset;
static struct driver d[2];

static struct vm vm;

unsigned vm_message(struct vm *v, const struct apic_msg *m)
{
	(void)v;
	(void)m;
	fail();
	return 0;
}

static void wr(uint64_t at, uint64_t value, unsigned size)
{
	assert_true(iobus_write(&memory, at, size, value));
}

/* A device with all of its queues ready, split, of 8 entries. */
static void start(struct virtio *v)
{
	memset(&memory, 0, sizeof(memory));
	memset(&s, 0, sizeof(s));
	memset(ram, 0, sizeof(ram));
	assert_int_equal(pci_init(&pci, &s.bus, &memory, ECAM, &reset, &vm), 0);
	v->vm = &vm;
	v->irq = SIM_IRQ(&irq);
	v->later = SIM_TIMER(&s);
	assert_int_equal(virtio_init(v, &pci, 1, BAR), 0);
	wr(ECAM + (1 << 15) + 4, 6, 2);
	wr(BAR + 8, 1, 4);
	wr(BAR + 12, 1, 4);
	wr(BAR + 20, 11, 1);
	for (unsigned i = 0; i < v->model->queues; i++) {
		d[i] = (struct driver){.desc = RINGS + 0x400 * i,
				       .driver = RINGS + 0x400 * i + 0x100,
				       .device = RINGS + 0x400 * i + 0x200,
				       .size = 8};
		wr(BAR + 22, i, 2);
		wr(BAR + 24, 8, 2);
		wr(BAR + 32, d[i].desc, 8);
		wr(BAR + 40, d[i].driver, 8);
		wr(BAR + 48, d[i].device, 8);
		wr(BAR + 28, 1, 2);
	}
	wr(BAR + 20, 15, 1);
}

static unsigned status(void)
{
	uint64_t value;

	assert_true(iobus_read(&memory, BAR + 20, 1, &value));
	return (unsigned)value;
}

static void a_network_device(void **state)
{
	static struct virtio_net n;
	const struct driver_seg buffer = {DATA, 12 + NET_FRAME_MAX, true};
	const struct driver_seg sent[] = {{DATA + 0x1000, 12, false}, {DATA + 0x100c, 60, false}};
	struct net_frame f, got;
	uint64_t mac = 0;
	uint32_t written;
	unsigned id;

	(void)state;
	virtio_net_prepare(&n, &port[0]);
	start(&n.virtio);
	for (unsigned i = 0; i < NET_MAC; i++) {
		uint64_t byte;

		assert_true(iobus_read(&memory, BAR + 0x200 + i, 1, &byte));
		mac |= byte << (8 * i);
	}
	assert_memory_equal(&mac, port[0].mac, NET_MAC);
	/* Out. */
	f = frame(port[1].mac, port[0].mac, 60);
	memcpy(ram_at(DATA + 0x100c), f.bytes, 60);
	driver_add(&d[1], sent, 2, 0);
	wr(BAR + 0x1004, 1, 2);
	assert_true(driver_used(&d[1], 2, &id, &written));
	assert_int_equal(written, 0);
	assert_true(net_receive(&port[1], &got));
	assert_memory_equal(got.bytes, f.bytes, 60);
	/* In: what comes before there is a buffer waits. */
	f = frame(port[0].mac, port[1].mac, NET_FRAME_MAX);
	net_send(&port[1], &f);
	virtio_net_receive(&n);
	assert_true(net_waiting(&port[0]));
	driver_add(&d[0], &buffer, 1, 0);
	driver_add(&d[0], &buffer, 1, 0);
	wr(BAR + 0x1000, 0, 2);
	assert_true(driver_used(&d[0], 1, &id, &written));
	assert_int_equal(written, 12 + NET_FRAME_MAX);
	assert_int_equal(get(DATA + 10, 2), 1);
	assert_memory_equal(ram_at(DATA + 12), f.bytes, NET_FRAME_MAX);
	assert_false(driver_used(&d[0], 1, &id, &written));
	f = frame(port[0].mac, port[1].mac, 60);
	net_send(&port[1], &f);
	virtio_net_receive(&n);
	assert_true(driver_used(&d[0], 1, &id, &written));
	assert_int_equal(written, 72);
	assert_int_equal(status(), 15);
}

/* Whoever sends and gives buffers all the while does not keep the core for ever. */
static struct driver_seg endless = {DATA, 12 + NET_FRAME_MAX, true};

static void more_comes(gpa_t gpa, uint64_t size)
{
	struct net_frame f = frame(port[0].mac, port[1].mac, 60);

	(void)size;
	if (gpa != d[0].driver + 2) /* the index of what is available is read */
		return;
	ram_after_read = NULL;
	net_send(&port[1], &f);
	driver_add(&d[0], &endless, 1, 0);
	ram_after_read = more_comes;
}

static void an_end_to_it(void **state)
{
	static struct virtio_net n;
	struct net_frame f = frame(port[0].mac, port[1].mac, 60);

	(void)state;
	net_flush(&port[0]);
	virtio_net_prepare(&n, &port[0]);
	start(&n.virtio);
	s.deadline = DEV_TIMER_NEVER;
	driver_add(&d[0], &endless, 1, 0);
	net_send(&port[1], &f);
	ram_after_read = more_comes;
	s.now = 7;
	virtio_net_receive(&n);
	ram_after_read = NULL;
	assert_int_equal(s.deadline, 7);
	assert_in_range(get(d[0].device + 2, 2), NET_QUEUE, NET_QUEUE + 1);
	net_flush(&port[0]);
}

static void broken_rules(void **state)
{
	static struct virtio_net n;
	static const struct {
		unsigned queue;
		struct driver_seg seg;
		unsigned status;
	} t[] = {
		{1, {DATA, 11, false}, 0x4f},                        /* no header */
		{1, {RAM_END - 20, 100, false}, 0x4f},               /* outside memory */
		{1, {DATA, 12 + NET_FRAME_MAX + 1, false}, 15},      /* lost, as too long */
		{0, {DATA, 12 + 59, true}, 0x4f},                    /* no room */
		{0, {RAM_END - 12, 12 + NET_FRAME_MAX, true}, 0x4f}, /* outside memory */
		{0, {RAM_END, 12 + NET_FRAME_MAX, true}, 0x4f},
	};
	struct net_frame f = frame(port[0].mac, port[1].mac, 60);

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		net_flush(&port[0]);
		virtio_net_prepare(&n, &port[0]);
		start(&n.virtio);
		driver_add(&d[t[i].queue], &t[i].seg, 1, 0);
		net_send(&port[1], &f);
		wr(BAR + 0x1000 + 4 * t[i].queue, 0, 2);
		assert_int_equal(status(), t[i].status);
	}
	assert_int_equal(waiting(), 0);
}

static unsigned randoms;

static bool on_random(uint64_t *value)
{
	*value = 0x0101010101010101ull * ++randoms;
	return randoms < 12;
}

static void randomness(void **state)
{
	static struct virtio_rng r;
	const struct driver_seg few = {DATA, 13, true}, many = {DATA, 512, true};
	uint32_t written;
	unsigned id;

	(void)state;
	virtio_rng_prepare(&r, on_random);
	start(&r.virtio);
	driver_add(&d[0], &few, 1, 0);
	wr(BAR + 0x1000, 0, 2);
	assert_true(driver_used(&d[0], 1, &id, &written));
	assert_int_equal(written, 13);
	assert_int_equal(get(DATA, 8), 0x0101010101010101);
	assert_int_equal(get(DATA + 8, 8), 0x0202020202);
	driver_add(&d[0], &many, 1, 0);
	wr(BAR + 0x1000, 0, 2);
	assert_true(driver_used(&d[0], 1, &id, &written));
	assert_int_equal(written, 64);
	/* There is no more. */
	driver_add(&d[0], &many, 1, 0);
	wr(BAR + 0x1000, 0, 2);
	assert_true(driver_used(&d[0], 1, &id, &written));
	assert_int_equal(written, 8);
	driver_add(&d[0], &(struct driver_seg){RAM_END - 4, 8, true}, 1, 0);
	randoms = 0;
	wr(BAR + 0x1000, 0, 2);
	assert_int_equal(status(), 0x4f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_gets_what),    cmocka_unit_test(no_room),
		cmocka_unit_test(a_network_device), cmocka_unit_test(an_end_to_it),
		cmocka_unit_test(broken_rules),     cmocka_unit_test(randomness),
	};

	return cmocka_run_group_tests(tests, join, NULL);
}
