/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtqueues, the device's side: virtio 1.2, 2.7 (split) and 2.8 (packed). */
#include "kernel/dev/virtq.h"

#define DESC_NEXT     BIT(0)
#define DESC_WRITE    BIT(1)
#define DESC_INDIRECT BIT(2)
#define DESC_AVAIL    BIT(7)  /* packed */
#define DESC_USED     BIT(15) /* packed */

/* Split: flags, index, ring, and the other side's event index. */
#define RING_FLAGS   0u
#define RING_INDEX   2u
#define RING_ENTRIES 4u
#define NO_INTERRUPT BIT(0)
#define AVAIL_SIZE   2u
#define USED_SIZE    8u
/* Packed: event suppression, 2.8.10. */
#define EVENT_DESC      0u
#define EVENT_FLAGS     2u
#define EVENT_WRAP      BIT(15)
#define EVENT_DISABLE   1u
#define EVENT_DESC_ONLY 2u

/* 2.7.5; a packed ring has the same 16 bytes, but its id where the table has flags, 2.8.13. */
struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t a, b; /* split: flags, next; packed: id, flags */
};

static int get16(const struct virtq *q, gpa_t at, uint16_t *value)
{
	return vm_read(q->vm, at, value, sizeof(*value));
}

static int put16(const struct virtq *q, gpa_t at, uint16_t value)
{
	return vm_write(q->vm, at, &value, sizeof(value));
}

int virtq_start(struct virtq *q, struct vm *vm, uint64_t features)
{
	bool packed = features & VIRTIO_F_RING_PACKED;

	if (!q->size || q->size > VIRTQ_MAX_SIZE || (!packed && (q->size & (q->size - 1))))
		return -EINVAL;
	q->vm = vm;
	q->packed = packed;
	q->event_idx = features & VIRTIO_F_EVENT_IDX;
	q->indirect = features & VIRTIO_F_INDIRECT_DESC;
	q->next = q->used = 0;
	q->next_wrap = q->used_wrap = true;
	q->ready = true;
	return 0;
}

/* What the device writes comes last (2.7.4.2). */
static int add_segment(struct virtq_chain *c, const struct desc *d, uint16_t flags)
{
	unsigned n = c->out.count + c->in.count;

	if (n == VIRTQ_SEGMENTS || (c->in.count && !(flags & DESC_WRITE)))
		return -EINVAL;
	if (!d->len)
		return 0;
	c->seg[n] = (struct blk_segment){d->addr, d->len};
	if (!(flags & DESC_WRITE))
		c->out.count++;
	else if (!c->in.count++)
		c->in.seg = &c->seg[n];
	return 0;
}

/* A longer table could not be used, but keep the core: entries may be empty. */
static int check_indirect(const struct virtq *q, const struct desc *d, uint16_t flags)
{
	bool good = q->indirect && !(flags & DESC_NEXT) && d->len && d->len % sizeof(*d) == 0 &&
		    d->len <= VIRTQ_SEGMENTS * sizeof(*d);

	return good ? 0 : -EINVAL;
}

/* A chain in the descriptor table, or in a table of its own (2.7.5.3); a loop is too long. */
static int collect_split(const struct virtq *q, struct virtq_chain *c, uint16_t at)
{
	gpa_t table = q->desc;
	uint32_t entries = q->size;
	bool inside = false;
	struct desc d;

	for (unsigned n = 0; n <= VIRTQ_SEGMENTS; n++) {
		int err = at < entries ? vm_read(q->vm, table + at * sizeof(d), &d, sizeof(d))
				       : -EINVAL;

		if (!err && (d.a & DESC_INDIRECT)) {
			err = inside ? -EINVAL : check_indirect(q, &d, d.a);
			inside = true;
			table = d.addr;
			entries = d.len / sizeof(d);
			at = 0;
			if (!err)
				continue;
		}
		err = err ?: add_segment(c, &d, d.a);
		if (err || !(d.a & DESC_NEXT))
			return err;
		at = d.b;
	}
	return -EINVAL;
}

static int pop_split(struct virtq *q, struct virtq_chain *c)
{
	uint16_t index, head;
	int err = get16(q, q->driver + RING_INDEX, &index);

	if (!err && index == q->next && q->event_idx) {
		/* Notify of the next one: said first, then looked again (2.7.10.1). */
		err = put16(q, q->device + RING_ENTRIES + USED_SIZE * q->size, q->next);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		err = err ?: get16(q, q->driver + RING_INDEX, &index);
	}
	if (err || index == q->next)
		return err;
	if ((uint16_t)(index - q->next) > q->size)
		return -EINVAL;
	err = get16(q, q->driver + RING_ENTRIES + AVAIL_SIZE * (q->next % q->size), &head);
	if (err)
		return err;
	q->next++;
	c->id = head;
	return collect_split(q, c, head) ?: 1;
}

/* Turns of a packed ring. */
static void step(const struct virtq *q, uint16_t *at, bool *wrap, uint16_t by)
{
	*at = (uint16_t)(*at + by);
	if (*at < q->size)
		return;
	*at = (uint16_t)(*at - q->size);
	*wrap = !*wrap;
}

/* All entries of an indirect table count, in their order (2.8.8). */
static int collect_indirect(const struct virtq *q, struct virtq_chain *c, const struct desc *i)
{
	struct desc d;
	int err = check_indirect(q, i, i->b);

	for (uint32_t n = 0; !err && n < i->len / sizeof(d); n++) {
		err = vm_read(q->vm, i->addr + n * sizeof(d), &d, sizeof(d));
		err = err ?: add_segment(c, &d, d.b);
	}
	return err;
}

static int pop_packed(struct virtq *q, struct virtq_chain *c)
{
	uint16_t at = q->next, flags;
	bool wrap = q->next_wrap;
	struct desc d;
	int err = get16(q, q->desc + at * sizeof(d) + offsetof(struct desc, b), &flags);

	if (err)
		return err;
	if (!!(flags & DESC_AVAIL) != wrap || !!(flags & DESC_USED) == wrap)
		return 0;
	do {
		err = vm_read(q->vm, q->desc + at * sizeof(d), &d, sizeof(d));
		if (err || c->slots == q->size)
			return err ?: -EINVAL;
		c->slots++;
		step(q, &at, &wrap, 1);
		if (!(d.b & DESC_INDIRECT))
			err = add_segment(c, &d, d.b);
		else
			err = c->slots == 1 ? collect_indirect(q, c, &d) : -EINVAL;
		if (err)
			return err;
	} while (d.b & DESC_NEXT);
	c->id = d.a; /* of the last one (2.8.6) */
	q->next = at;
	q->next_wrap = wrap;
	return 1;
}

int virtq_pop(struct virtq *q, struct virtq_chain *c)
{
	c->out = c->in = (struct virtq_part){c->seg, 0};
	c->slots = 0;
	return q->packed ? pop_packed(q, c) : pop_split(q, c);
}

/* Is the event among what was used since `before`? (2.7.7.2; 16 bits, wrapping) */
static bool reached(uint16_t event, uint16_t now, uint16_t before)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - before);
}

static int push_split(struct virtq *q, const struct virtq_chain *c, uint32_t written)
{
	uint32_t entry[2] = {c->id, written};
	uint16_t before = q->used, word = 0;
	int err = vm_write(q->vm, q->device + RING_ENTRIES + USED_SIZE * (before % q->size), entry,
			   sizeof(entry));

	err = err ?: put16(q, q->device + RING_INDEX, ++q->used);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (q->event_idx) {
		err = err ?: get16(q, q->driver + RING_ENTRIES + AVAIL_SIZE * q->size, &word);
		return err ?: reached(word, q->used, before);
	}
	err = err ?: get16(q, q->driver + RING_FLAGS, &word);
	return err ?: !(word & NO_INTERRUPT);
}

static int push_packed(struct virtq *q, const struct virtq_chain *c, uint32_t written)
{
	gpa_t at = q->desc + q->used * sizeof(struct desc);
	bool wrap = q->used_wrap;
	uint16_t before = q->used, event, flags = wrap ? DESC_AVAIL | DESC_USED : 0;

	if (written)
		flags |= DESC_WRITE;
	int err = vm_write(q->vm, at + offsetof(struct desc, len), &written, sizeof(written));
	err = err ?: put16(q, at + offsetof(struct desc, a), c->id);
	err = err ?: put16(q, at + offsetof(struct desc, b), flags);
	step(q, &q->used, &q->used_wrap, c->slots);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	err = err ?: get16(q, q->driver + EVENT_FLAGS, &flags);
	if (err || (flags & 3) != EVENT_DESC_ONLY)
		return err ?: (flags & 3) != EVENT_DISABLE;
	err = get16(q, q->driver + EVENT_DESC, &event);
	/* In this turn, or in the one before. */
	if (q->used_wrap != wrap)
		before = (uint16_t)(before - q->size);
	if (!!(event & EVENT_WRAP) != q->used_wrap)
		event = (uint16_t)((event & ~EVENT_WRAP) - q->size);
	else
		event = (uint16_t)(event & ~EVENT_WRAP);
	return err ?: reached(event, q->used, before);
}

int virtq_push(struct virtq *q, const struct virtq_chain *c, uint32_t written)
{
	return q->packed ? push_packed(q, c, written) : push_split(q, c, written);
}

static long copy(struct virtq *q, struct virtq_part *p, char *to, const char *from, uint64_t n)
{
	uint64_t done = 0;

	while (done < n && p->count) {
		uint64_t part = min_u64(n - done, p->seg->len);
		int err = to ? vm_read(q->vm, p->seg->gpa, &to[done], part)
			     : vm_write(q->vm, p->seg->gpa, &from[done], part);

		if (err)
			return err;
		done += part;
		p->seg->gpa += part;
		p->seg->len -= part;
		if (!p->seg->len) {
			p->seg++;
			p->count--;
		}
	}
	return (long)done;
}

long virtq_take(struct virtq *q, struct virtq_part *p, void *to, uint64_t n)
{
	return copy(q, p, to, NULL, n);
}

long virtq_put(struct virtq *q, struct virtq_part *p, const void *from, uint64_t n)
{
	return copy(q, p, NULL, from, n);
}

uint64_t virtq_length(const struct virtq_part *p)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < p->count; i++)
		n += p->seg[i].len;
	return n;
}
