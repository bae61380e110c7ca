/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio block device (virtio 1.2, 5.2): a disk of a PC. Pure. */
#pragma once

#include "kernel/dev/virtio.h"

#define VIRTIO_BLK_QUEUES 4u
#define VIRTIO_BLK_SERIAL 20u /* bytes */

struct virtio_blk {
	struct virtio virtio; /* virtio_blk_prepare(), and the rest as virtio_init() says */
	struct blk *disk;
	char serial[VIRTIO_BLK_SERIAL]; /* filled up with zeroes */
	struct {                        /* 5.2.4 */
		uint64_t capacity;
		uint32_t size_max, seg_max, geometry, block_size, topology[2];
		uint16_t cache, queues;
		uint32_t max_discard, max_discard_seg, discard_alignment;
		uint32_t max_zeroes, max_zeroes_seg, zeroes_unmap, reserved;
	} config;
};

/* The guest sees name, cut to VIRTIO_BLK_SERIAL bytes, as the disk's serial number. */
void virtio_blk_prepare(struct virtio_blk *b, struct blk *disk, const char *name);
