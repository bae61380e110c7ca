/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small driver for a virtio block device on PCI: a split ring, and a table for each request. */
#include "tests/guest/bench/blk.h"
#include "tests/guest/conform/conform.h"

#define DEVICE   0x10421af4u
#define RING     64u
#define SEGMENTS (BLK_LARGEST / PAGE_SIZE)

#define F_INDIRECT  (1u << 28)
#define F_VERSION_1 1u /* of the upper half */

#define CAP_VENDOR 0x09u
#define CAP_MSIX   0x11u
enum { COMMON = 1, NOTIFY = 2 };

/* Of the common configuration (4.1.4.3). */
enum {
	ACCEPTED_PAGE = 8,
	ACCEPTED = 0xc,
	STATUS = 0x14,
	QUEUE_SIZE = 0x18,
	QUEUE_VECTOR = 0x1a,
	QUEUE_READY = 0x1c,
	QUEUE_AREAS = 0x20
};

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };

struct desc {
	uint64_t at;
	uint32_t length;
	uint16_t flags, next;
};

struct header {
	uint32_t type, reserved;
	uint64_t sector;
};

static struct desc ring[RING] __attribute__((aligned(16)));
static struct {
	uint16_t flags, index, entry[RING];
} avail;
static struct {
	uint16_t flags, index;
	struct {
		uint32_t id, length;
	} entry[RING];
} used __attribute__((aligned(4)));

/* A request: its header, the data in pages, its status. */
static struct desc table[BLK_BATCH][SEGMENTS + 2] __attribute__((aligned(16)));
static struct header header;
static uint8_t status;
static char data[BLK_LARGEST] __attribute__((aligned(PAGE_SIZE)));
static word bar, at[3]; /* COMMON and NOTIFY */

static void out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static uint32_t in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static uint32_t config(unsigned slot, unsigned reg)
{
	out32(0xcf8, 0x80000000u | slot << 11 | (reg & 0xfcu));
	return in32(0xcfc);
}

static void set_config(unsigned slot, unsigned reg, uint32_t value)
{
	(void)config(slot, reg);
	out32(0xcfc, value);
}

#define WRITE(size, address, value) (*(volatile uint##size##_t *)(address) = (value))

static void msix(unsigned slot, unsigned cap, uint8_t vector)
{
	word entry = bar + config(slot, cap + 4);

	WRITE(32, entry, 0xfee00000u);
	WRITE(32, entry + 4, 0);
	WRITE(32, entry + 8, vector);
	WRITE(32, entry + 12, 0);
	set_config(slot, cap, config(slot, cap) | 0x80000000u);
}

static void start_queue(void)
{
	word c = at[COMMON];
	word areas[] = {(word)ring, (word)&avail, (word)&used};

	WRITE(8, c + STATUS, 0);
	WRITE(8, c + STATUS, 3);
	WRITE(32, c + ACCEPTED_PAGE, 0);
	WRITE(32, c + ACCEPTED, F_INDIRECT);
	WRITE(32, c + ACCEPTED_PAGE, 1);
	WRITE(32, c + ACCEPTED, F_VERSION_1);
	WRITE(8, c + STATUS, 0xb);
	WRITE(16, c + QUEUE_SIZE, RING);
	WRITE(16, c + QUEUE_VECTOR, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(areas); i++) {
		WRITE(32, c + QUEUE_AREAS + 8 * i, (uint32_t)areas[i]);
		WRITE(32, c + QUEUE_AREAS + 8 * i + 4, 0);
	}
	WRITE(16, c + QUEUE_READY, 1);
	WRITE(8, c + STATUS, 0xf);
}

bool blk_init(uint8_t vector)
{
	unsigned slot = 0;

	while (config(slot, 0) != DEVICE)
		if (++slot == 32)
			return false;
	set_config(slot, 4, 6); /* memory, bus master */
	bar = config(slot, 0x10) & ~0xful;
	for (unsigned cap = config(slot, 0x34) & 0xff; cap; cap = config(slot, cap) >> 8 & 0xff) {
		uint32_t head = config(slot, cap), type = head >> 24;

		if ((head & 0xff) == CAP_VENDOR && type && type < ARRAY_SIZE(at))
			at[type] = bar + config(slot, cap + 8);
		if ((head & 0xff) == CAP_MSIX)
			msix(slot, cap, vector);
	}
	start_queue();
	return true;
}

void blk_prepare(unsigned bytes, bool interrupt)
{
	unsigned last = bytes / PAGE_SIZE + 1;

	avail.flags = !interrupt;
	for (unsigned i = 0; i < BLK_BATCH; i++) {
		struct desc *t = table[i];

		t[0] = (struct desc){(word)&header, sizeof(header), DESC_NEXT, 1};
		for (unsigned n = 1; n < last; n++)
			t[n] = (struct desc){(word)data + (n - 1) * PAGE_SIZE, PAGE_SIZE,
					     DESC_WRITE | DESC_NEXT, (uint16_t)(n + 1)};
		t[last] = (struct desc){(word)&status, 1, DESC_WRITE, 0};
		ring[i] =
			(struct desc){(word)t, (last + 1) * (uint32_t)sizeof(*t), DESC_INDIRECT, 0};
	}
}

void blk_start(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		avail.entry[(avail.index + i) % RING] = (uint16_t)i;
	__asm__ volatile("" ::: "memory");
	avail.index = (uint16_t)(avail.index + count);
	__asm__ volatile("" ::: "memory");
	WRITE(16, at[NOTIFY], 0);
}

bool blk_done(void)
{
	return *(volatile uint16_t *)&used.index == avail.index && !status;
}
