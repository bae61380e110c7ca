/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hypercalls: every argument is copied once, checked, then used. Pure. */
#include "kernel/hypercall.h"
#include "kernel/errno.h"
#include "kernel/string.h"

#define CALL_REQUESTS 64u                       /* work of one BLOCK_SUBMIT is bounded by */
#define CALL_SECTORS  MULLION_BLOCK_MAX_SECTORS /* both: the last request may exceed this */

static_assert(MULLION_EIO == EIO && MULLION_EFAULT == EFAULT && MULLION_ENODEV == ENODEV &&
		      MULLION_EINVAL == EINVAL && MULLION_ENOSYS == ENOSYS &&
		      MULLION_EROFS == EROFS,
	      "the kernel's error numbers go to guests as they are");
static_assert(MULLION_SECTOR == BLK_SECTOR, "one sector size");

static int guest_read(struct hcall_ctx *ctx, gpa_t gpa, void *buf, uint64_t size)
{
	return size > UINT64_MAX - gpa ? -EFAULT : vm_read(ctx->vm, gpa, buf, size);
}

static int guest_write(struct hcall_ctx *ctx, gpa_t gpa, const void *buf, uint64_t size)
{
	return size > UINT64_MAX - gpa ? -EFAULT : vm_write(ctx->vm, gpa, buf, size);
}

static int64_t console_write(struct hcall_ctx *ctx, gpa_t gpa, uint64_t size)
{
	char buf[256];
	uint64_t done = 0;

	size = min_u64(size, MULLION_CONSOLE_WRITE_MAX);
	while (done < size) {
		unsigned n = (unsigned)min_u64(size - done, sizeof(buf)), taken = n;

		if (guest_read(ctx, gpa + done, buf, n))
			return done ? (int64_t)done : -EFAULT;
		if (ctx->ops->console_write)
			taken = ctx->ops->console_write(ctx->owner, buf, n);
		done += taken;
		if (taken < n)
			break;
	}
	return (int64_t)done;
}

static int64_t console_read(struct hcall_ctx *ctx, gpa_t gpa, uint64_t size)
{
	char buf[MULLION_CONSOLE_READ_MAX];

	size = min_u64(size, sizeof(buf));
	/* Input that is taken from the console must have where to go: look first. */
	if (guest_read(ctx, gpa, buf, size))
		return -EFAULT;
	if (!ctx->ops->console_read)
		return 0;

	unsigned n = ctx->ops->console_read(ctx->owner, buf, (unsigned)size);

	return guest_write(ctx, gpa, buf, n) ? -EFAULT : (int64_t)n;
}

static int64_t block_info(struct hcall_ctx *ctx, uint64_t disk, gpa_t gpa, uint64_t size)
{
	if (disk != 0 || !ctx->disk)
		return -ENODEV;

	struct mullion_block_info info = {
		.sectors = ctx->disk->sectors,
		.flags = ctx->disk->readonly ? MULLION_BLOCK_FLAG_READONLY : 0,
		.max_sectors = MULLION_BLOCK_MAX_SECTORS,
		.max_segments = MULLION_BLOCK_MAX_SEGMENTS,
	};

	size = min_u64(size, sizeof(info));
	return guest_write(ctx, gpa, &info, size) ? -EFAULT : (int64_t)size;
}

/*
 * The guest's segment is read as the backend's: its 32-bit length and reserved
 * word make one 64-bit length, which is out of range when the word is not 0.
 */
static_assert(sizeof(struct blk_segment) == sizeof(struct mullion_block_segment) &&
		      offsetof(struct blk_segment, len) ==
			      offsetof(struct mullion_block_segment, len),
	      "layouts differ");

/* Runs the request, which is the hypervisor's copy; the status for the guest. */
static int block_request(struct hcall_ctx *ctx, const struct mullion_block_request *q,
			 uint64_t *sectors)
{
	struct blk_segment seg[MULLION_BLOCK_MAX_SEGMENTS];
	struct blk_request r = {.sector = q->sector, .segments = seg};
	uint64_t bytes = 0;

	switch (q->op) {
	case MULLION_BLOCK_READ:
		r.op = BLK_READ;
		break;
	case MULLION_BLOCK_WRITE:
		r.op = BLK_WRITE;
		break;
	case MULLION_BLOCK_FLUSH:
		r.op = BLK_FLUSH;
		break;
	default:
		return -EINVAL;
	}
	if (q->flags || q->reserved || q->segment_count > ARRAY_SIZE(seg) ||
	    !is_aligned(q->segments, 8))
		return -EINVAL;
	r.segment_count = q->segment_count;
	if (guest_read(ctx, q->segments, seg, q->segment_count * sizeof(seg[0])))
		return -EFAULT;
	for (unsigned i = 0; i < r.segment_count; i++) {
		if (!is_aligned(seg[i].gpa, 8) || seg[i].len > UINT32_MAX)
			return -EINVAL;
		if (seg[i].len > UINT64_MAX - seg[i].gpa)
			return -EFAULT;
		bytes += seg[i].len;
	}
	if (bytes > MULLION_BLOCK_MAX_SECTORS * BLK_SECTOR)
		return -EINVAL;
	*sectors += bytes / BLK_SECTOR;
	return blk_run(ctx->disk, ctx->vm, &r);
}

static int64_t block_submit(struct hcall_ctx *ctx, uint64_t disk, gpa_t gpa, uint64_t count)
{
	struct mullion_block_request q;
	uint64_t sectors = 0, n;

	if (disk != 0 || !ctx->disk)
		return -ENODEV;
	if (!is_aligned(gpa, 8))
		return -EINVAL;
	count = min_u64(count, CALL_REQUESTS);
	for (n = 0; n < count && sectors < CALL_SECTORS; n++, gpa += sizeof(q)) {
		if (guest_read(ctx, gpa, &q, sizeof(q)))
			break;
		q.status = block_request(ctx, &q, &sectors);
		if (guest_write(ctx, gpa + offsetof(struct mullion_block_request, status),
				&q.status, sizeof(q.status)))
			break;
	}
	if (n)
		evtchn_raise(ctx->events, MULLION_PORT_BLOCK);
	return n || !count ? (int64_t)n : -EFAULT;
}

static int64_t crash(struct hcall_ctx *ctx, uint64_t reason, gpa_t gpa, uint64_t size)
{
	char text[MULLION_CRASH_TEXT_MAX + 1];

	size = min_u64(size, MULLION_CRASH_TEXT_MAX);
	if (guest_read(ctx, gpa, text, size))
		size = 0;
	for (uint64_t i = 0; i < size; i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '.';
	text[size] = '\0';
	ctx->ops->power(ctx->owner, HCALL_CRASH, reason, text);
	return 0;
}

static int64_t event_bind(struct hcall_ctx *ctx, uint64_t port, uint64_t vector, uint64_t vcpu)
{
	if (vcpu >= ctx->vcpu_count)
		return -EINVAL;
	return evtchn_bind(ctx->events, port, vector, (unsigned)vcpu);
}

static int64_t event_send(struct hcall_ctx *ctx, uint64_t port)
{
	if (port < MULLION_PORT_USER || port >= MULLION_PORTS)
		return -EINVAL;
	evtchn_raise(ctx->events, (unsigned)port);
	return 0;
}

int64_t hypercall(struct hcall_ctx *ctx, uint64_t nr, const uint64_t args[5])
{
	const struct hcall_ops *ops = ctx->ops;

	/* A user process of the guest must not reach past its kernel. */
	if (ctx->cpl != 0)
		return -MULLION_EPERM;

	switch (nr) {
	case MULLION_VERSION:
		return MULLION_ABI_VERSION;
	case MULLION_CONSOLE_WRITE:
		return console_write(ctx, args[0], args[1]);
	case MULLION_CONSOLE_READ:
		return console_read(ctx, args[0], args[1]);
	case MULLION_BLOCK_INFO:
		return block_info(ctx, args[0], args[1], args[2]);
	case MULLION_BLOCK_SUBMIT:
		return block_submit(ctx, args[0], args[1], args[2]);
	case MULLION_TIME:
		if (args[0] > MULLION_CLOCK_VCPU)
			return -EINVAL;
		return (int64_t)ops->time_ns(ctx->owner, (enum mullion_clock)args[0]);
	case MULLION_TIMER_SET:
		ops->timer_arm(ctx->owner, args[0]);
		return 0;
	case MULLION_YIELD:
		ops->yield(ctx->owner);
		return 0;
	case MULLION_HALT:
		if (!evtchn_active(ctx->events))
			ops->halt(ctx->owner);
		return 0;
	case MULLION_EVENT_BIND:
		return event_bind(ctx, args[0], args[1], args[2]);
	case MULLION_EVENT_MASK:
		if (args[0] > UINT32_MAX)
			return -EINVAL;
		return evtchn_mask(ctx->events, (uint32_t)args[0]);
	case MULLION_EVENT_TAKE:
		if (args[0] > UINT32_MAX)
			return -EINVAL;
		return evtchn_take(ctx->events, (uint32_t)args[0]);
	case MULLION_EVENT_SEND:
		return event_send(ctx, args[0]);
	case MULLION_POWER_OFF:
		ops->power(ctx->owner, HCALL_POWER_OFF, 0, "");
		return 0;
	case MULLION_RESTART:
		ops->power(ctx->owner, HCALL_RESTART, 0, "");
		return 0;
	case MULLION_CRASH:
		return crash(ctx, args[0], args[1], args[2]);
	default:
		return -ENOSYS;
	}
}
