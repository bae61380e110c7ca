/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests of the virtio block device: virtio 1.2, 5.2.6. */
#include "kernel/dev/virtio_blk.h"

/* Features (5.2.3). */
#define F_SIZE_MAX     BIT(1)
#define F_SEG_MAX      BIT(2)
#define F_RO           BIT(5)
#define F_FLUSH        BIT(9)
#define F_MQ           BIT(12)
#define F_DISCARD      BIT(13)
#define F_WRITE_ZEROES BIT(14)

/* No request may keep the core for long: as many bytes, or sectors of zeroes, as it may ask for. */
#define MAX_SEGMENTS 64u
#define MAX_SEGMENT  KIB(4)
#define MAX_BYTES    (MAX_SEGMENTS * MAX_SEGMENT)
#define MAX_ZEROES   ((uint32_t)(MAX_BYTES / BLK_SECTOR))
static_assert(MAX_SEGMENTS + 2 <= VIRTQ_SEGMENTS, "and the header and the status");

enum {
	TYPE_IN = 0,
	TYPE_OUT = 1,
	TYPE_FLUSH = 4,
	TYPE_GET_ID = 8,
	TYPE_DISCARD = 11,
	TYPE_WRITE_ZEROES = 13
};
enum { STATUS_OK, STATUS_IOERR, STATUS_UNSUPP };

struct header {
	uint32_t type, reserved;
	uint64_t sector;
};

struct zeroes {
	uint64_t sector;
	uint32_t count, flags;
};

/* The status is the last byte that the device may write. */
static int split_status(struct virtq_part *in, gpa_t *status)
{
	if (!in->count)
		return -EINVAL;

	struct blk_segment *last = &in->seg[in->count - 1];

	*status = last->gpa + --last->len;
	if (!last->len)
		in->count--;
	return 0;
}

static int move(struct virtio_blk *b, enum blk_op op, uint64_t sector, const struct virtq_part *p)
{
	struct blk_request r = {op, sector, p->seg, p->count};

	return virtq_length(p) > MAX_BYTES ? -EINVAL : blk_run(b->disk, b->virtio.vm, &r);
}

/* A discarded sector reads as zero; only whoever asks for zeroes may say what of the space. */
static int zero(struct virtio_blk *b, struct virtq *q, struct virtq_part *out, bool discard)
{
	struct zeroes z;
	int err = virtq_take(q, out, &z, sizeof(z)) == sizeof(z) && !out->count ? 0 : -EINVAL;

	if (err || z.count > MAX_ZEROES)
		return -EINVAL;
	if (z.flags & (discard ? UINT32_MAX : ~1u))
		return -ENOTSUP;
	return blk_zero(b->disk, z.sector, z.count);
}

static long request(struct virtio *v, unsigned queue)
{
	struct virtio_blk *b = container_of(v, struct virtio_blk, virtio);
	struct virtq *q = &v->queue[queue];
	struct virtq_part *out = &v->chain.out, *in = &v->chain.in;
	struct header h;
	gpa_t at;
	uint8_t status = STATUS_OK;
	uint64_t written = 0;
	int err = virtq_take(q, out, &h, sizeof(h)) == sizeof(h) ? split_status(in, &at) : -EINVAL;

	if (err)
		return err;
	switch (h.type) {
	case TYPE_IN:
		written = virtq_length(in);
		err = move(b, BLK_READ, h.sector, in);
		break;
	case TYPE_OUT:
		err = move(b, BLK_WRITE, h.sector, out);
		break;
	case TYPE_FLUSH: /* there is no cache between the request and the image */
		break;
	case TYPE_GET_ID:
		written = min_u64(virtq_length(in), VIRTIO_BLK_SERIAL);
		err = virtq_put(q, in, b->serial, written) < 0 ? -EFAULT : 0;
		break;
	case TYPE_DISCARD:
	case TYPE_WRITE_ZEROES:
		err = zero(b, q, out, h.type == TYPE_DISCARD);
		break;
	default:
		err = -ENOTSUP;
	}
	if (err) {
		status = err == -ENOTSUP ? STATUS_UNSUPP : STATUS_IOERR;
		written = 0;
	}
	err = vm_write(v->vm, at, &status, 1);
	return err ?: (long)(written + 1);
}

static const struct virtio_model model = {
	.id = VIRTIO_ID_BLK,
	.class_code = 0x010000,
	.queues = VIRTIO_BLK_QUEUES,
	.request = request,
};

void virtio_blk_prepare(struct virtio_blk *b, struct blk *disk, const char *name)
{
	b->disk = disk;
	memset(b->serial, 0, sizeof(b->serial));
	memcpy(b->serial, name, min_u64(strlen(name), sizeof(b->serial)));
	b->virtio.model = &model;
	b->virtio.features = F_SIZE_MAX | F_SEG_MAX | F_FLUSH | F_MQ | F_DISCARD | F_WRITE_ZEROES |
			     (disk->readonly ? F_RO : 0);
	b->virtio.config = (const uint8_t *)&b->config;
	b->virtio.config_size = offsetof(typeof(b->config), reserved);
	b->config = (typeof(b->config)){
		.capacity = disk->sectors,
		.size_max = MAX_SEGMENT,
		.seg_max = MAX_SEGMENTS,
		.queues = VIRTIO_BLK_QUEUES,
		.max_discard = MAX_ZEROES,
		.max_discard_seg = 1,
		.discard_alignment = 1,
		.max_zeroes = MAX_ZEROES,
		.max_zeroes_seg = 1,
		.zeroes_unmap = 1,
	};
}
