/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtqueue as its device sees it: split and packed rings, indirect descriptors,
 * event index (virtio 1.2, 2.6 to 2.9). Nothing in a ring is trusted: it is copied
 * once, checked, and used. Pure.
 */
#pragma once

#include "kernel/blk/blk.h"
#include "kernel/vm.h"

#define VIRTQ_MAX_SIZE 256u
#define VIRTQ_SEGMENTS 66u /* of one request: 256 KiB in pages, and what goes with them */

#define VIRTIO_F_INDIRECT_DESC BIT(28)
#define VIRTIO_F_EVENT_IDX     BIT(29)
#define VIRTIO_F_VERSION_1     BIT(32)
#define VIRTIO_F_RING_PACKED   BIT(34)

struct virtq {
	struct vm *vm;
	gpa_t desc, driver, device; /* descriptor table or ring, driver area, device area */
	uint16_t size;              /* entries: 1 to VIRTQ_MAX_SIZE; a power of 2 if split */
	bool ready, packed, event_idx, indirect;
	uint16_t next, used;       /* where the next request is taken, and the next answer put */
	bool next_wrap, used_wrap; /* packed: the wrap counters that go with them */
};

/* Segments that are left of what the device reads or writes. */
struct virtq_part {
	struct blk_segment *seg;
	unsigned count;
};

struct virtq_chain {
	uint16_t id;               /* as the driver wants it back */
	uint16_t slots;            /* entries of a packed ring that it takes */
	struct virtq_part out, in; /* what the device reads, and what it writes */
	struct blk_segment seg[VIRTQ_SEGMENTS];
};

/* Address, size and features are set: positions as at the start. -EINVAL: a size it may not have.
 */
int virtq_start(struct virtq *q, struct vm *vm, uint64_t features);

/*
 * Takes the next request: 1; 0 when there is none, then the driver notifies of the
 * next one. -EINVAL, -EFAULT: the driver breaks the rules, and the device must stop.
 */
int virtq_pop(struct virtq *q, struct virtq_chain *c);
/* Gives c back, so many bytes of c->in written. 1: with an interrupt, 0: without; -EFAULT. */
int virtq_push(struct virtq *q, const struct virtq_chain *c, uint32_t written);

/* Copies the first n bytes of p, and takes them off: how many there were, or -EFAULT. */
long virtq_take(struct virtq *q, struct virtq_part *p, void *to, uint64_t n);
long virtq_put(struct virtq *q, struct virtq_part *p, const void *from, uint64_t n);
/* Bytes that are left of it. */
uint64_t virtq_length(const struct virtq_part *p);
