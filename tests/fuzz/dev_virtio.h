/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the targets of virtio devices share: guest memory that counts what is moved, a driver
 * that has come as far as queues that work, and what a hostile one does then.
 */
#ifndef TESTS_FUZZ_DEV_VIRTIO_H
#define TESTS_FUZZ_DEV_VIRTIO_H

#include <string.h>

#include "kernel/dev/virtio.h"
#include "tests/fuzz/dev_input.h"

#define RAM_SIZE   0x8000u
#define RINGS      0x1000u /* the first byte of RAM: nothing is below */
#define RINGS_STEP 0x880u  /* from those of a queue to those of the next one */
#define BAR        0xc0000000u
#define ECAM       0xfeb00000ull
#define SLOT       1u
#define CONFIG     (ECAM + (SLOT << 15))

/* Accesses to find a request, and to give it back (kernel/dev/virtq.c): a packed ring is longest.
 */
#define POP_CALLS  (VIRTQ_MAX_SIZE + 2)
#define POP_BYTES  (2 + 16 * (VIRTQ_MAX_SIZE + 1))
#define PUSH_CALLS 5u
#define PUSH_BYTES 16u
#define NONE_CALLS 3u /* when there is none */
#define NONE_BYTES 6u
/* Requests before others have their turn: each counts as 4 KiB of 256. */
#define SERVE_REQUESTS 64u

/* What one operation may do at most in guest memory. */
struct bound {
	unsigned requests; /* buffers, where they are not requests */
	unsigned calls;    /* for the data of one of them */
	uint64_t bytes;    /* of data, of all of them */
};

static uint8_t ram[RAM_SIZE];
static uint64_t calls, bytes; /* of one operation */

/* Another vCPU: it writes this when the guest's memory has been read so many times more. */
static struct {
	unsigned reads;
	gpa_t gpa;
	uint64_t value;
} other;
/* What another core does whenever that memory is written; may be NULL. */
static void (*meanwhile)(void);

static uint8_t *at(gpa_t gpa, uint64_t size)
{
	return gpa >= RINGS && size <= RAM_SIZE && gpa - RINGS <= RAM_SIZE - size
		       ? ram + (gpa - RINGS)
		       : NULL;
}

static void put(gpa_t gpa, uint64_t value, unsigned size)
{
	uint8_t *p = at(gpa, size);

	if (p)
		memcpy(p, &value, size);
}

int vm_read(struct vm *vm, gpa_t gpa, void *buf, uint64_t size)
{
	const uint8_t *p = at(gpa, size);

	(void)vm;
	calls++;
	bytes += size;
	if (p)
		memcpy(buf, p, size);
	if (other.reads && !--other.reads)
		put(other.gpa, other.value, 2);
	return p ? 0 : -EFAULT;
}

int vm_write(struct vm *vm, gpa_t gpa, const void *buf, uint64_t size)
{
	uint8_t *p = at(gpa, size);

	(void)vm;
	calls++;
	bytes += size;
	if (p)
		memcpy(p, buf, size);
	if (meanwhile)
		meanwhile();
	return p ? 0 : -EFAULT;
}

static void on_irq(void *ctx, unsigned line, bool level)
{
	(void)level;
	MUST(ctx == ram && line == SLOT);
}

unsigned vm_message(struct vm *vm, const struct apic_msg *m)
{
	(void)vm;
	MUST(m->dest <= 0xff && m->delivery <= 7);
	return 1;
}

uint32_t pci_beyond(struct vm *vm, uint16_t function, unsigned reg, bool write)
{
	(void)vm;
	(void)function;
	(void)reg;
	(void)write;
	return UINT32_MAX;
}

void vm_end(struct vm *vm, enum vm_end how)
{
	(void)vm;
	(void)how;
	abort();
}

struct dev_timer {
	uint64_t now;
};

static struct dev_timer timer = {5};
static bool armed;

void dev_timer_arm(struct dev_timer *t, uint64_t deadline)
{
	MUST(t == &timer && deadline >= t->now);
	armed = true;
}

uint64_t dev_now(const struct dev_timer *t)
{
	return t->now;
}

static struct iobus ports, memory;

static void wr(uint64_t addr, uint64_t value, unsigned size)
{
	iobus_write(&memory, addr, size, value);
}

/*
 * v is prepared: a driver that has come as far as queues that work. option: the target's own
 * byte, of which bit 1 is longer queues.
 */
static void start(struct virtio *v, uint64_t option, struct input *in)
{
	static struct pci pci;
	static struct reset reset;
	uint64_t value = take(in, 1);
	uint64_t features = (value & 7) << 28 | (value >> 3 & 1) << 34 | VIRTIO_F_VERSION_1;

	memset(ram, 0, sizeof(ram));
	ports = memory = (struct iobus){0};
	armed = false;
	other.reads = 0;
	MUST(!pci_init(&pci, &ports, &memory, ECAM, &reset, NULL));
	v->irq = (struct dev_irq){on_irq, ram, SLOT};
	v->later = &timer;
	features |= v->features; /* all of its kind */
	MUST(!virtio_init(v, &pci, SLOT, BAR));
	wr(CONFIG + 4, 6, 2);
	for (unsigned i = 0; i < 2; i++) {
		wr(BAR + 8, i, 4);
		wr(BAR + 12, (uint32_t)(features >> (32 * i)), 4);
	}
	wr(BAR + 20, 11, 1);
	for (unsigned i = 0; i < v->model->queues; i++) {
		uint64_t rings = RINGS + i * RINGS_STEP;

		wr(BAR + 22, i, 2);
		wr(BAR + 24, ((value >> 4) + 1) << (option & 2), 2);
		wr(BAR + 32, rings, 8);
		wr(BAR + 40, rings + 0x400, 8);
		wr(BAR + 48, rings + 0x600, 8);
		wr(BAR + 28, 1, 2);
	}
	wr(BAR + 20, 15, 1);
}

/* As a driver should: up to four buffers, or a table, where the device looks next, or behind. */
static void offer(const struct virtq *q, bool indirect, struct input *in)
{
	unsigned shape = (unsigned)take(in, 1), n = (shape & 3) + 1, out = shape >> 2 & 3;
	unsigned first = q->next + (shape >> 4);

	if (!q->ready)
		return;
	for (unsigned i = 0; i < n; i++) {
		unsigned entry = (first + i) % q->size;
		bool wrap = q->next_wrap == (q->next + (shape >> 4) + i < q->size);
		unsigned flags = (i + 1 < n ? 1u : 0) | (i >= out && out < 3 ? 2u : 0);

		if (indirect && !i)
			flags = 4;
		if (q->packed)
			flags |= wrap ? 1u << 7 : 1u << 15;
		put(q->desc + 16 * entry, take(in, 2), 8);
		put(q->desc + 16 * entry + 8, take(in, 2), 4);
		put(q->desc + 16 * entry + 12, q->packed ? first : flags, 2);
		put(q->desc + 16 * entry + 14, q->packed ? flags : (entry + 1) % q->size, 2);
	}
	if (q->packed)
		return;
	put(q->driver + 4 + 2 * (first % q->size), first % q->size, 2);
	put(q->driver + 2, first + 1, 2);
}

static void access(struct virtio *v, unsigned op, struct input *in)
{
	unsigned queue = (op >> 3) % v->model->queues;
	uint64_t offset, value;

	/* One take() a statement: compilers differ in which argument comes first. */
	switch (op & 7) {
	case 0: /* registers of the device */
		offset = take(in, 2) % VIRTIO_BAR_SIZE;
		value = take(in, 8);
		wr(BAR + offset, value, take_size(in));
		break;
	case 1:
		offset = take(in, 2) % VIRTIO_BAR_SIZE;
		iobus_read(&memory, BAR + offset, take_size(in), &value);
		break;
	case 2: /* its configuration space */
		offset = take(in, 1);
		wr(CONFIG + offset, take(in, 4), 1u << (op >> 3 & 3));
		break;
	case 3:
		iobus_read(&memory, CONFIG + take(in, 1), 1u << (op >> 3 & 3), &value);
		break;
	case 4: /* guest memory */
		offset = take(in, 2) % (RAM_SIZE - 256);
		for (unsigned i = 0, n = op >> 3 << 3; i <= n && in->left; i++)
			ram[offset + i] = (uint8_t)take(in, 1);
		break;
	case 5:
		offer(&v->queue[queue], op & 0x80, in);
		break;
	case 6:
		if (op & 0x80) {
			other.reads = (unsigned)take(in, 1) + 1;
			other.gpa = take(in, 2);
			other.value = take(in, 2);
		}
		wr(BAR + 0x1000 + 4 * queue, 0, 2);
		break;
	default:
		if (armed) {
			armed = false;
			virtio_serve_all(v);
		}
	}
}

/*
 * Does what the input says. own(): what happens to this kind of device, not by its driver;
 * may be NULL. check(): what must be so after each operation.
 */
static void operate(struct virtio *v, struct input *in, const struct bound *b,
		    void (*own)(unsigned op, struct input *in), void (*check)(void))
{
	const unsigned n = b->requests + 1; /* one may break the rules, and be in vain */

	while (in->left) {
		unsigned op = (unsigned)take(in, 1);
		/* 2.1.2, and PCI 3.0, 6.2.2 */
		bool idle =
			(v->status & 0x40) || !(v->pci.config[PCI_COMMAND] & PCI_COMMAND_MASTER);

		calls = bytes = 0;
		if (own && (op & 7) == 7 && op >> 3)
			own(op >> 3, in);
		else
			access(v, op, in);
		MUST(!idle || !calls);
		MUST(calls <=
		     n * (POP_CALLS + PUSH_CALLS + b->calls) + v->model->queues * NONE_CALLS);
		MUST(bytes <=
		     n * (POP_BYTES + PUSH_BYTES) + v->model->queues * NONE_BYTES + b->bytes);
		MUST(v->chain.out.count + v->chain.in.count <= VIRTQ_SEGMENTS);
		if (check)
			check();
	}
}

#endif
