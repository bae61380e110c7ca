/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the device that answers a port or an address. */
#include "kernel/dev/dev.h"

/* Index of the first range that ends above addr; count when there is none. */
static unsigned first_above(const struct iobus *b, uint64_t addr)
{
	unsigned lo = 0, hi = b->count;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (addr <= b->r[mid].base + (b->r[mid].size - 1))
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

int iobus_add(struct iobus *b, uint64_t base, uint64_t size, const struct io_ops *ops, void *dev)
{
	if (size == 0 || base + (size - 1) < base)
		return -EINVAL;
	unsigned at = first_above(b, base);
	if (at < b->count && b->r[at].base <= base + (size - 1))
		return -EEXIST;
	if (b->count == IOBUS_MAX)
		return -ENOSPC;
	memmove(&b->r[at + 1], &b->r[at], (b->count - at) * sizeof(b->r[0]));
	b->r[at] = (struct io_range){base, size, ops, dev};
	b->count++;
	b->hit = NULL;
	b->gap_size = 0;
	return 0;
}

void iobus_remove(struct iobus *b, uint64_t base)
{
	unsigned at = first_above(b, base);

	if (at == b->count || b->r[at].base != base)
		return;
	b->count--;
	b->hit = NULL;
	b->gap_size = 0;
	memmove(&b->r[at], &b->r[at + 1], (b->count - at) * sizeof(b->r[0]));
}

static bool has_all(const struct io_range *r, uint64_t addr, unsigned size)
{
	return addr >= r->base && size <= r->size - (addr - r->base);
}

/* The first range that answers any of the bytes from addr, or NULL. */
static const struct io_range *first(struct iobus *b, uint64_t addr, unsigned size)
{
	const struct io_range *r = b->hit;

	if (r && addr - r->base < r->size)
		return r;
	if (addr - b->gap < b->gap_size && size <= b->gap_size - (addr - b->gap))
		return NULL;
	r = &b->r[first_above(b, addr)];
	if (r == b->r + b->count || (addr < r->base && r->base - addr >= size)) {
		b->gap = r == b->r ? 0 : r[-1].base + r[-1].size;
		b->gap_size = (r == b->r + b->count ? UINT64_MAX : r->base) - b->gap;
		return NULL;
	}
	return b->hit = r;
}

static uint64_t range_read(const struct io_range *r, uint64_t offset, unsigned size)
{
	uint64_t v = 0;

	if (r->ops->read)
		return r->ops->read(r->dev, offset, size);
	if (!r->ops->read8)
		return UINT64_MAX;
	if (size == 1)
		return r->ops->read8(r->dev, (unsigned)offset);
	for (unsigned i = 0; i < size; i++)
		v |= (uint64_t)r->ops->read8(r->dev, (unsigned)offset + i) << (8 * i);
	return v;
}

static void range_write(const struct io_range *r, uint64_t offset, unsigned size, uint64_t value)
{
	if (r->ops->write)
		r->ops->write(r->dev, offset, size, value & dev_ones(size));
	else
		for (unsigned i = 0; r->ops->write8 && i < size; i++)
			r->ops->write8(r->dev, (unsigned)offset + i, (uint8_t)(value >> (8 * i)));
}

bool iobus_read(struct iobus *b, uint64_t addr, unsigned size, uint64_t *value)
{
	const struct io_range *r = first(b, addr, size);
	uint64_t byte;

	*value = dev_ones(size);
	if (r && has_all(r, addr, size))
		*value &= range_read(r, addr - r->base, size);
	else
		for (unsigned i = 0; r && i < size; i++) {
			(void)iobus_read(b, addr + i, 1, &byte);
			*value &= ~((byte ^ 0xff) << (8 * i));
		}
	return r != NULL;
}

bool iobus_write(struct iobus *b, uint64_t addr, unsigned size, uint64_t value)
{
	const struct io_range *r = first(b, addr, size);

	if (r && has_all(r, addr, size))
		range_write(r, addr - r->base, size, value);
	else
		for (unsigned i = 0; r && i < size; i++)
			(void)iobus_write(b, addr + i, 1, value >> (8 * i) & 0xff);
	return r != NULL;
}
