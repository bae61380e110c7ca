/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block backend: sectors moved between a disk in memory and guest memory. Front
 * ends parse and copy their requests; all checks against the disk are made here, once.
 */
#pragma once

#include "kernel/types.h"
#include "kernel/vm.h"

#define BLK_SECTOR 512u

enum blk_op { BLK_READ, BLK_WRITE, BLK_FLUSH };

struct blk_segment {
	gpa_t gpa;
	uint64_t len; /* bytes: of a request together a multiple of BLK_SECTOR, not 0 */
};

struct blk_request {
	enum blk_op op;
	uint64_t sector;
	const struct blk_segment *segments; /* the front end's copy, not guest memory */
	unsigned segment_count;
};

struct blk {
	uint64_t sectors;
	bool readonly;
	uint8_t *image;
};

/*
 * Runs a request to its end: 0; -EINVAL segment length or range; -EROFS;
 * -EFAULT a segment is not RAM of the VM (part of it may be done); -EIO.
 */
int blk_run(struct blk *b, struct vm *vm, const struct blk_request *r);

/* Sectors become zero: 0, -EINVAL, -EROFS. */
int blk_zero(struct blk *b, uint64_t sector, uint64_t count);

/*
 * A disk in memory. Bytes beyond the last whole sector do not belong to it.
 * -EINVAL when there is not one whole sector.
 */
int blk_mem_init(struct blk *b, void *image, uint64_t size, bool readonly);
