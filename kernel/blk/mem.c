/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block backend: a disk image in memory, changed in place and lost at power-off. Pure. */
#include "kernel/blk/blk.h"
#include "kernel/errno.h"

static int mem_transfer(struct blk *b, struct vm *vm, const struct blk_request *r)
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

static int mem_flush(struct blk *b)
{
	(void)b; /* there is no cache between the request and the image */
	return 0;
}

static const struct blk_ops mem_ops = {.transfer = mem_transfer, .flush = mem_flush};

int blk_mem_init(struct blk *b, void *image, uint64_t size, bool readonly)
{
	if (size < BLK_SECTOR)
		return -EINVAL;
	*b = (struct blk){
		.ops = &mem_ops,
		.sectors = size / BLK_SECTOR,
		.readonly = readonly,
		.image = image,
	};
	return 0;
}
