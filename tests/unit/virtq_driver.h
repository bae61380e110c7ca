/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The driver's side of a virtqueue in fake RAM, as virtio 1.2 chapter 2 tells it to behave. */
#ifndef TESTS_UNIT_VIRTQ_DRIVER_H
#define TESTS_UNIT_VIRTQ_DRIVER_H

#include "kernel/dev/virtio.h"
#include "tests/unit/fake_ram.h"

#define D_NEXT     1u
#define D_WRITE    2u
#define D_INDIRECT 4u

struct driver {
	gpa_t desc, driver, device;
	unsigned size;
	bool packed, event_idx;
	unsigned free;        /* split: next descriptor; never more than size in flight */
	unsigned avail, seen; /* split: indices; packed: positions */
	bool wrap, seen_wrap;
};

struct driver_seg {
	gpa_t gpa;
	uint32_t len;
	bool write;
};

static inline void put(gpa_t at, uint64_t value, unsigned size)
{
	memcpy(ram_at(at), &value, size);
}

static inline uint64_t get(gpa_t at, unsigned size)
{
	uint64_t value = 0;

	memcpy(&value, ram_at(at), size);
	return value;
}

static inline void put_desc(gpa_t at, gpa_t addr, uint32_t len, unsigned a, unsigned b)
{
	put(at, addr, 8);
	put(at + 8, len, 4);
	put(at + 12, a, 2);
	put(at + 14, b, 2);
}

static inline unsigned packed_flags(bool wrap, unsigned flags)
{
	return flags | (wrap ? 1u << 7 : 1u << 15);
}

/* Rings of a device's queue, each in 16 KiB of its own; as virtq_start(). */
static inline int driver_start(struct driver *d, struct virtio *v, unsigned queue, unsigned size)
{
	gpa_t at = RAM_BASE + 0x4000 * queue;

	*d = (struct driver){
		.desc = at, .driver = at + 0x2000, .device = at + 0x3000, .size = size};
	v->queue[queue] = (struct virtq){
		.desc = d->desc, .driver = d->driver, .device = d->device, .size = (uint16_t)size};
	return virtq_start(&v->queue[queue], v->vm, v->accepted);
}

/* indirect: 0, or where a table may stand. Returns the id. */
static inline unsigned driver_add(struct driver *d, const struct driver_seg *s, unsigned n,
				  gpa_t indirect)
{
	unsigned head = d->packed ? d->avail : d->free;

	if (indirect) {
		for (unsigned i = 0; i < n; i++) {
			unsigned flags = s[i].write ? D_WRITE : 0;

			if (d->packed)
				put_desc(indirect + 16 * i, s[i].gpa, s[i].len, 0, flags);
			else
				put_desc(indirect + 16 * i, s[i].gpa, s[i].len,
					 flags | (i + 1 < n ? D_NEXT : 0), i + 1);
		}
	}
	if (!d->packed) {
		if (indirect) {
			put_desc(d->desc + 16 * head, indirect, 16 * n, D_INDIRECT, 0);
			d->free = (d->free + 1) % d->size;
		} else {
			for (unsigned i = 0; i < n; i++) {
				unsigned at = d->free;

				d->free = (d->free + 1) % d->size;
				put_desc(d->desc + 16 * at, s[i].gpa, s[i].len,
					 (s[i].write ? D_WRITE : 0) | (i + 1 < n ? D_NEXT : 0),
					 d->free);
			}
		}
		put(d->driver + 4 + 2 * (d->avail % d->size), head, 2);
		put(d->driver + 2, ++d->avail, 2);
		return head;
	}
	for (unsigned i = 0; i < (indirect ? 1 : n); i++) {
		unsigned flags = indirect ? D_INDIRECT
					  : (s[i].write ? D_WRITE : 0) | (i + 1 < n ? D_NEXT : 0);

		put_desc(d->desc + 16 * d->avail, indirect ? indirect : s[i].gpa,
			 indirect ? 16 * n : s[i].len, head, packed_flags(d->wrap, flags));
		if (++d->avail == d->size) {
			d->avail = 0;
			d->wrap = !d->wrap;
		}
	}
	return head;
}

/* The next answer: false when there is none. slots: what the request took (packed). */
static inline bool driver_used(struct driver *d, unsigned slots, unsigned *id, uint32_t *written)
{
	if (!d->packed) {
		if ((uint16_t)d->seen == get(d->device + 2, 2))
			return false;
		*id = (unsigned)get(d->device + 4 + 8 * (d->seen % d->size), 4);
		*written = (uint32_t)get(d->device + 8 + 8 * (d->seen % d->size), 4);
		d->seen++;
		return true;
	}
	unsigned flags = (unsigned)get(d->desc + 16 * d->seen + 14, 2);

	if (!!(flags & 1u << 7) != d->seen_wrap || !!(flags & 1u << 15) != d->seen_wrap)
		return false;
	*id = (unsigned)get(d->desc + 16 * d->seen + 12, 2);
	*written = (uint32_t)get(d->desc + 16 * d->seen + 8, 4);
	d->seen += slots;
	if (d->seen >= d->size) {
		d->seen -= d->size;
		d->seen_wrap = !d->seen_wrap;
	}
	return true;
}

/* With the event index: the driver wants an interrupt for the next answer. */
static inline void driver_want(struct driver *d)
{
	if (!d->packed) {
		put(d->driver + 4 + 2 * d->size, d->seen, 2);
	} else {
		put(d->driver, d->seen | (d->seen_wrap ? 1u << 15 : 0), 2);
		put(d->driver + 2, 2, 2);
	}
}

#define RINGS (RAM_BASE + 0x1000)

static inline void driver_init(struct driver *d, struct virtq *q, unsigned size, bool packed,
			       bool event_idx)
{
	memset(ram, 0, sizeof(ram));
	*d = (struct driver){.desc = RINGS,
			     .driver = RINGS + 0x2000,
			     .device = RINGS + 0x3000,
			     .size = size,
			     .packed = packed,
			     .event_idx = event_idx,
			     .wrap = true,
			     .seen_wrap = true};
	*q = (struct virtq){
		.desc = d->desc, .driver = d->driver, .device = d->device, .size = (uint16_t)size};
}

#endif
