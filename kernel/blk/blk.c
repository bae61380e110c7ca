/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk image in memory, changed in place and lost at power-off. Pure. */
#include "kernel/blk/blk.h"

/* Whole sectors in sum, and within the disk; nothing can wrap. */
static bool in_range(const struct blk *b, const struct blk_request *r)
{
	if (r->segment_count == 0 || r->sector > b->sectors)
		return false;

	uint64_t room = (b->sectors - r->sector) * BLK_SECTOR, left = room;

	for (unsigned i = 0; i < r->segment_count; i++) {
		if (r->segments[i].len > left)
			return false;
		left -= r->segments[i].len;
	}
	return left < room && left % BLK_SECTOR == 0;
}

/* Of a request that is within the disk. */
static int transfer(struct blk *b, struct vm *vm, const struct blk_request *r)
{
	uint8_t *at = b->image + r->sector * BLK_SECTOR;

	for (unsigned i = 0; i < r->segment_count; i++) {
		const struct blk_segment *s = &r->segments[i];
		int err = r->op == BLK_READ ? vm_write(vm, s->gpa, at, s->len)
					    : vm_read(vm, s->gpa, at, s->len);

		if (err)
			return err;
		at += s->len;
	}
	return 0;
}

int blk_run(struct blk *b, struct vm *vm, const struct blk_request *r)
{
	if (r->op == BLK_FLUSH) /* there is no cache between the request and the image */
		return r->segment_count || r->sector ? -EINVAL : 0;
	if ((r->op != BLK_READ && r->op != BLK_WRITE) || !in_range(b, r))
		return -EINVAL;
	return r->op == BLK_WRITE && b->readonly ? -EROFS : transfer(b, vm, r);
}

int blk_zero(struct blk *b, uint64_t sector, uint64_t count)
{
	if (sector > b->sectors || count > b->sectors - sector)
		return -EINVAL;
	if (b->readonly)
		return -EROFS;
	memset(b->image + sector * BLK_SECTOR, 0, count * BLK_SECTOR);
	return 0;
}

int blk_mem_init(struct blk *b, void *image, uint64_t size, bool readonly)
{
	if (size < BLK_SECTOR)
		return -EINVAL;
	*b = (struct blk){.sectors = size / BLK_SECTOR, .readonly = readonly, .image = image};
	return 0;
}
