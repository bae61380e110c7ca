/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hypercalls: every argument is copied once, checked, then used. Pure. */
#include "kernel/hypercall.h"

#define CALL_REQUESTS 64u                       /* work of one BLOCK_SUBMIT is bounded by */
#define CALL_SECTORS  MULLION_BLOCK_MAX_SECTORS /* both: the last request may exceed this */

static_assert(MULLION_EIO == EIO && MULLION_EFAULT == EFAULT && MULLION_ENODEV == ENODEV &&
		      MULLION_EINVAL == EINVAL && MULLION_ENOSYS == ENOSYS &&
		      MULLION_EROFS == EROFS,
	      "the kernel's error numbers go to guests as they are");
static_assert(MULLION_SECTOR == BLK_SECTOR && BLK_READ == 0 &&
		      MULLION_BLOCK_WRITE - MULLION_BLOCK_READ == BLK_WRITE &&
		      MULLION_BLOCK_FLUSH - MULLION_BLOCK_READ == BLK_FLUSH,
	      "one block device");

static int64_t console_write(struct hcall_ctx *ctx, gpa_t gpa, uint64_t size)
{
	char buf[256];
	uint64_t done = 0;

	size = min_u64(size, MULLION_CONSOLE_WRITE_MAX);
	while (done < size) {
		unsigned n = (unsigned)min_u64(size - done, sizeof(buf));

		if (vm_read(ctx->vm, gpa + done, buf, n))
			return done ? (int64_t)done : -EFAULT;
		vm_console_write(ctx->vm, buf, n);
		done += n;
	}
	return (int64_t)done;
}

static int64_t console_read(struct hcall_ctx *ctx, gpa_t gpa, uint64_t size)
{
	char buf[MULLION_CONSOLE_READ_MAX];
	unsigned n = (unsigned)min_u64(size, sizeof(buf));

	/* Input that is taken from the console must have where to go: look first. */
	if (vm_read(ctx->vm, gpa, buf, n))
		return -EFAULT;
	n = vm_port_read(ctx->vm, 0, buf, n);
	return vm_write(ctx->vm, gpa, buf, n) ? -EFAULT : (int64_t)n;
}

static int64_t block_info(struct hcall_ctx *ctx, gpa_t gpa, uint64_t size)
{
	struct mullion_block_info info = {
		.sectors = ctx->disk->sectors,
		.flags = ctx->disk->readonly ? MULLION_BLOCK_FLAG_READONLY : 0,
		.max_sectors = MULLION_BLOCK_MAX_SECTORS,
		.max_segments = MULLION_BLOCK_MAX_SEGMENTS,
	};

	size = min_u64(size, sizeof(info));
	return vm_write(ctx->vm, gpa, &info, size) ? -EFAULT : (int64_t)size;
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
	/* blk_run() refuses what is none of these. */
	struct blk_request r = {
		.op = (enum blk_op)(q->op - MULLION_BLOCK_READ),
		.sector = q->sector,
		.segments = seg,
		.segment_count = q->segment_count,
	};
	uint64_t bytes = 0;

	if (q->flags || q->reserved || q->segment_count > ARRAY_SIZE(seg) ||
	    !is_aligned(q->segments, 8))
		return -EINVAL;
	if (vm_read(ctx->vm, q->segments, seg, q->segment_count * sizeof(seg[0])))
		return -EFAULT;
	for (unsigned i = 0; i < r.segment_count; i++) {
		if (!is_aligned(seg[i].gpa, 8) || seg[i].len > UINT32_MAX || !seg[i].len ||
		    !is_aligned(seg[i].len, BLK_SECTOR))
			return -EINVAL;
		bytes += seg[i].len;
	}
	if (bytes > MULLION_BLOCK_MAX_SECTORS * BLK_SECTOR)
		return -EINVAL;
	*sectors += bytes / BLK_SECTOR;
	return blk_run(ctx->disk, ctx->vm, &r);
}

static int64_t block_submit(struct hcall_ctx *ctx, gpa_t gpa, uint64_t count)
{
	struct mullion_block_request q;
	uint64_t sectors = 0, n;

	if (!is_aligned(gpa, 8))
		return -EINVAL;
	count = min_u64(count, CALL_REQUESTS);
	for (n = 0; n < count && sectors < CALL_SECTORS; n++, gpa += sizeof(q)) {
		if (vm_read(ctx->vm, gpa, &q, sizeof(q)))
			break;
		q.status = block_request(ctx, &q, &sectors);
		if (vm_write(ctx->vm, gpa + offsetof(struct mullion_block_request, status),
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
	if (vm_read(ctx->vm, gpa, text, size))
		size = 0;
	for (uint64_t i = 0; i < size; i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '.';
	text[size] = '\0';
	hcall_crash(ctx->caller, reason, text);
	return 0;
}

int64_t hypercall(struct hcall_ctx *ctx, uint64_t nr, const uint64_t args[5])
{
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
	case MULLION_BLOCK_SUBMIT:
		if (args[0] || !ctx->disk) /* the only one is 0 */
			return -ENODEV;
		return nr == MULLION_BLOCK_INFO ? block_info(ctx, args[1], args[2])
						: block_submit(ctx, args[1], args[2]);
	case MULLION_TIME:
		if (args[0] > MULLION_CLOCK_VCPU)
			return -EINVAL;
		return (int64_t)hcall_time_ns(ctx->caller, (enum mullion_clock)args[0]);
	case MULLION_TIMER_SET:
		hcall_timer_arm(ctx->caller, args[0]);
		return 0;
	case MULLION_YIELD:
		hcall_yield(ctx->caller);
		return 0;
	case MULLION_HALT: /* carried out by the caller: it takes the VM's lock */
		return 0;
	case MULLION_EVENT_BIND:
		if (args[2] >= ctx->vcpu_count)
			return -EINVAL;
		return evtchn_bind(ctx->events, args[0], args[1], (unsigned)args[2]);
	case MULLION_EVENT_MASK:
	case MULLION_EVENT_TAKE:
		if (args[0] > UINT32_MAX)
			return -EINVAL;
		return nr == MULLION_EVENT_MASK ? evtchn_mask(ctx->events, (uint32_t)args[0])
						: evtchn_take(ctx->events, (uint32_t)args[0]);
	case MULLION_EVENT_SEND:
		if (args[0] < MULLION_PORT_USER || args[0] >= MULLION_PORTS)
			return -EINVAL;
		evtchn_raise(ctx->events, (unsigned)args[0]);
		return 0;
	case MULLION_POWER_OFF:
	case MULLION_RESTART:
		vm_end(ctx->vm, nr == MULLION_RESTART ? END_RESTART : END_POWEROFF);
		return 0;
	case MULLION_WATCHDOG:
		return args[0] > MULLION_WATCHDOG_MAX ? -EINVAL : vm_watchdog(ctx->vm, args[0]);
	case MULLION_CRASH:
		return crash(ctx, args[0], args[1], args[2]);
	default:
		return -ENOSYS;
	}
}
