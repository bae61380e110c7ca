/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A driver names pages that it does without. Memory goes back in blocks: of pages in the
 * balloon when all of a block are there; of reported memory what is whole blocks.
 */
#include "kernel/dev/virtio_balloon.h"

#define F_MUST_TELL_HOST BIT(0)
#define F_DEFLATE_ON_OOM BIT(2)
#define F_REPORTING      BIT(5)

/*
 * Queues (5.5.2). That of reports is 4; drivers that do not count those they have no feature
 * for, as Linux, take it to be 2. With no statistics and no hints, all behind these are that.
 */
#define INFLATE 0u
#define DEFLATE 1u
#define QUEUES  5u

/* Of one request. */
#define PAGES_MAX  1024u
#define BLOCKS_MAX 256u

#define BLOCK_PAGES (VM_BLOCK / PAGE_SIZE)

static void take(struct virtio_balloon *b, gpa_t block)
{
	hpa_t host = b->gone_count < ARRAY_SIZE(b->gone) ? vm_ram_take(b->virtio.vm, block) : 0;

	if (host)
		b->gone[b->gone_count++] = host;
}

static void ask(struct virtio_balloon *b)
{
	b->asked = b->gone_count;
	if (b->asked)
		vm_ram_flush(b->virtio.vm);
}

void virtio_balloon_flushed(struct virtio_balloon *b)
{
	for (unsigned i = 0; i < b->asked; i++)
		vm_ram_give(b->gone[i]);
	b->gone_count -= b->asked;
	memmove(b->gone, b->gone + b->asked, b->gone_count * sizeof(b->gone[0]));
	ask(b);
}

static void move_page(struct virtio_balloon *b, uint32_t page, bool in)
{
	uint64_t bit = BIT(page % 64), *word, all = UINT64_MAX;

	if (page / BLOCK_PAGES >= b->blocks)
		return;
	struct vm_block *k = &b->block[page / BLOCK_PAGES];
	word = &k->in[page % BLOCK_PAGES / 64];
	if (k->life != b->life) /* where it is and what is clear of it is the memory's to say */
		memset(k->in, 0, sizeof(k->in));
	k->life = b->life;
	*word = in ? *word | bit : *word & ~bit;
	for (unsigned i = 0; i < ARRAY_SIZE(k->in); i++)
		all &= k->in[i];
	if (in && all == UINT64_MAX)
		take(b, page / BLOCK_PAGES * VM_BLOCK);
}

/* Pages that leave the balloon come back as they are touched (5.5.6). */
static long move_pages(struct virtio *v, unsigned queue)
{
	uint32_t page[64];
	long n;

	if (virtq_length(&v->chain.out) > PAGES_MAX * sizeof(page[0]))
		return -EINVAL;
	while ((n = virtq_take(&v->queue[queue], &v->chain.out, page, sizeof(page))) > 0)
		for (unsigned i = 0; i < (unsigned long)n / sizeof(page[0]); i++)
			move_page(container_of(v, struct virtio_balloon, virtio), page[i],
				  queue == INFLATE);
	return n;
}

/* Until it is given back the driver does not touch what it reports (5.5.6.7). */
static void report(struct virtio *v)
{
	unsigned left = BLOCKS_MAX;

	for (unsigned i = 0; i < v->chain.in.count; i++) {
		const struct blk_segment *s = &v->chain.in.seg[i];
		gpa_t end = s->gpa + s->len, at = align_up(s->gpa, VM_BLOCK);

		for (; left && at >= s->gpa && at + VM_BLOCK <= end; at += VM_BLOCK, left--)
			take(container_of(v, struct virtio_balloon, virtio), at);
	}
}

static long request(struct virtio *v, unsigned queue)
{
	struct virtio_balloon *b = container_of(v, struct virtio_balloon, virtio);
	long err = 0;

	if (queue <= DEFLATE)
		err = move_pages(v, queue);
	else
		report(v);
	if (!b->asked)
		ask(b);
	return err;
}

static void configure(struct virtio *v, unsigned offset, unsigned size, uint64_t value)
{
	struct virtio_balloon *b = container_of(v, struct virtio_balloon, virtio);

	if (offset == 4 && size == 4)
		b->config.actual = (uint32_t)value;
}

static void reset(struct virtio *v)
{
	struct virtio_balloon *b = container_of(v, struct virtio_balloon, virtio);

	b->life++;
	b->config.actual = 0;
}

void virtio_balloon_ask(struct virtio_balloon *b, uint32_t pages)
{
	b->config.wanted = pages;
	virtio_config_changed(&b->virtio);
}

static const struct virtio_model model = {
	.id = VIRTIO_ID_BALLOON,
	.class_code = 0xff0000,
	.queues = QUEUES,
	.request = request,
	.configure = configure,
	.reset = reset,
};

void virtio_balloon_prepare(struct virtio_balloon *b, struct vm_block *block, uint64_t blocks)
{
	b->block = block;
	b->blocks = blocks;
	b->config.wanted = 0;
	b->virtio.model = &model;
	b->virtio.features = F_MUST_TELL_HOST | F_DEFLATE_ON_OOM | F_REPORTING;
	b->virtio.config = (const uint8_t *)&b->config;
	b->virtio.config_size = sizeof(b->config);
}
