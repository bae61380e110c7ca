/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks of a block request against its disk, common to all backends. Pure. */
#include "kernel/blk/blk.h"
#include "kernel/errno.h"

/* All segments whole sectors, and their sum within the disk; nothing can wrap. */
static bool in_range(const struct blk *b, const struct blk_request *r)
{
	if (r->segment_count == 0 || r->sector > b->sectors)
		return false;

	uint64_t left = b->sectors - r->sector;

	for (unsigned i = 0; i < r->segment_count; i++) {
		uint64_t len = r->segments[i].len;

		if (len == 0 || len % BLK_SECTOR || len / BLK_SECTOR > left)
			return false;
		left -= len / BLK_SECTOR;
	}
	return true;
}

int blk_run(struct blk *b, struct vm *vm, const struct blk_request *r)
{
	if (r->op == BLK_FLUSH)
		return r->segment_count || r->sector ? -EINVAL : b->ops->flush(b);
	if ((r->op != BLK_READ && r->op != BLK_WRITE) || !in_range(b, r))
		return -EINVAL;
	if (r->op == BLK_WRITE && b->readonly)
		return -EROFS;
	return b->ops->transfer(b, vm, r);
}
