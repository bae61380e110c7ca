/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio disk under any accesses to its registers, with any rings in guest memory. */
/* sources: kernel/dev/virtio_blk.c kernel/dev/virtio.c kernel/dev/virtq.c kernel/dev/msix.c */
/* sources: kernel/dev/pci.c kernel/dev/reset.c kernel/dev/iobus.c kernel/blk/blk.c */
#include <string.h>

#include "kernel/dev/virtio_blk.h"
#include "tests/fuzz/dev_input.h"

#define RAM_SIZE 0x8000u
#define RINGS    0x1000u /* the first byte of RAM: nothing is below */
#define SECTORS  16u
#define BAR      0xc0000000u
#define ECAM     0xfeb00000ull
#define SLOT     1u

static uint8_t ram[RAM_SIZE];

static uint8_t *at(gpa_t gpa, uint64_t size)
{
	return gpa >= RINGS && size <= RAM_SIZE && gpa - RINGS <= RAM_SIZE - size
		       ? ram + (gpa - RINGS)
		       : NULL;
}

int vm_read(struct vm *vm, gpa_t gpa, void *buf, uint64_t size)
{
	const uint8_t *p = at(gpa, size);

	(void)vm;
	if (p)
		memcpy(buf, p, size);
	return p ? 0 : -EFAULT;
}

int vm_write(struct vm *vm, gpa_t gpa, const void *buf, uint64_t size)
{
	uint8_t *p = at(gpa, size);

	(void)vm;
	if (p)
		memcpy(p, buf, size);
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

static bool armed;

struct dev_timer {
	uint64_t now;
};

void dev_timer_arm(struct dev_timer *t, uint64_t deadline)
{
	MUST(deadline == t->now);
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

/* A driver that has come as far as a queue that works, with these features. */
static void start(uint64_t features, unsigned size)
{
	features |= VIRTIO_F_VERSION_1;
	wr(ECAM + (SLOT << 15) + 4, 6, 2);
	for (unsigned i = 0; i < 2; i++) {
		wr(BAR + 8, i, 4);
		wr(BAR + 12, (uint32_t)(features >> (32 * i)), 4);
	}
	wr(BAR + 20, 11, 1);
	wr(BAR + 24, size, 2);
	wr(BAR + 32, RINGS, 8);
	wr(BAR + 40, RINGS + 0x400, 8);
	wr(BAR + 48, RINGS + 0x600, 8);
	wr(BAR + 28, 1, 2);
	wr(BAR + 20, 15, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct virtio_blk b;
	static struct pci pci;
	static struct reset reset;
	static struct dev_timer timer = {5};
	struct input in = {data, size};
	struct blk disk;
	uint8_t *image =
		calloc(SECTORS, BLK_SECTOR); /* exactly as large: the sanitizer sees its ends */
	uint64_t value;

	memset(ram, 0, sizeof(ram));
	memset(&b, 0, sizeof(b));
	ports = memory = (struct iobus){0};
	MUST(image && !blk_mem_init(&disk, image, SECTORS * BLK_SECTOR, take(&in, 1) & 1));
	MUST(!pci_init(&pci, &ports, &memory, ECAM, &reset, NULL));
	virtio_blk_prepare(&b, &disk, "fuzz");
	b.virtio.irq = (struct dev_irq){on_irq, ram, SLOT};
	b.virtio.later = &timer;
	MUST(!virtio_init(&b.virtio, &pci, SLOT, BAR));
	value = take(&in, 1);
	start((value & 7) << 28 | (value >> 3 & 1) << 34, (unsigned)(value >> 4) + 1);
	while (in.left) {
		unsigned op = (unsigned)take(&in, 1);

		switch (op & 7) {
		case 0: /* registers of the device */
			wr(BAR + take(&in, 2) % VIRTIO_BAR_SIZE, take(&in, 8), take_size(&in));
			break;
		case 1:
			iobus_read(&memory, BAR + take(&in, 2) % VIRTIO_BAR_SIZE, take_size(&in),
				   &value);
			break;
		case 2: /* its configuration space */
			wr(ECAM + (SLOT << 15) + take(&in, 1), take(&in, 4), 1u << (op >> 3 & 3));
			break;
		case 3:
			iobus_read(&memory, ECAM + (SLOT << 15) + take(&in, 1), 1u << (op >> 3 & 3),
				   &value);
			break;
		case 4: /* guest memory */
		case 5:
			value = take(&in, 2) % (RAM_SIZE - 256);
			for (unsigned i = 0, n = op >> 3 << 3; i <= n && in.left; i++)
				ram[value + i] = (uint8_t)take(&in, 1);
			break;
		case 6:
			wr(BAR + 0x1000, 0, 2);
			break;
		case 7:
			if (armed)
				virtio_serve_all(&b.virtio);
			armed = false;
			break;
		}
		MUST(b.virtio.chain.out.count + b.virtio.chain.in.count <= VIRTQ_SEGMENTS);
	}
	free(image);
	return 0;
}
