/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Physical memory allocator over a sorted array of free extents. */
#include "kernel/alloc.h"

#include "kernel/errno.h"
#include "kernel/string.h"

static hpa_t end_of(const struct alloc_range *r)
{
	return r->base + r->size;
}

/* Index of the first extent that begins above base; the one below it may contain base. */
static unsigned above(const struct alloc *a, hpa_t base)
{
	unsigned lo = 0, hi = a->count;

	while (lo < hi) {
		unsigned mid = lo + (hi - lo) / 2;

		if (a->r[mid].base > base)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* Opens a hole in the array at i, or closes it; the caller has looked at capacity. */
static void insert_at(struct alloc *a, unsigned i, hpa_t base, uint64_t size)
{
	memmove(&a->r[i + 1], &a->r[i], (a->count - i) * sizeof(a->r[0]));
	a->r[i] = (struct alloc_range){base, size};
	a->count++;
}

static void remove_at(struct alloc *a, unsigned i)
{
	a->count--;
	memmove(&a->r[i], &a->r[i + 1], (a->count - i) * sizeof(a->r[0]));
}

/* Page granular, not empty, and ending below 2^64. */
static bool sane(hpa_t base, uint64_t size)
{
	return size != 0 && is_aligned(base | size, PAGE_SIZE) && base < UINT64_MAX - size;
}

void alloc_init(struct alloc *a, struct alloc_range *storage, unsigned capacity)
{
	*a = (struct alloc){.r = storage, .capacity = capacity};
}

int alloc_free(struct alloc *a, hpa_t base, uint64_t size)
{
	unsigned i = above(a, base);

	if (!sane(base, size))
		return -EINVAL;
	if ((i > 0 && end_of(&a->r[i - 1]) > base) || (i < a->count && base + size > a->r[i].base))
		return -EEXIST;

	bool join_lower = i > 0 && end_of(&a->r[i - 1]) == base;
	bool join_upper = i < a->count && base + size == a->r[i].base;

	if (join_lower) {
		a->r[i - 1].size += size;
		if (join_upper) {
			a->r[i - 1].size += a->r[i].size;
			remove_at(a, i);
		}
	} else if (join_upper) {
		a->r[i].base = base;
		a->r[i].size += size;
	} else {
		if (a->count == a->capacity)
			return -ENOSPC;
		insert_at(a, i, base, size);
	}
	a->free_bytes += size;
	return 0;
}

/* Cuts [base, base + size), which lies in extent i, out of it. */
static int cut(struct alloc *a, unsigned i, hpa_t base, uint64_t size)
{
	struct alloc_range *r = &a->r[i];
	uint64_t before = base - r->base;
	uint64_t after = end_of(r) - (base + size);

	if (before && after) {
		if (a->count == a->capacity)
			return -ENOSPC;
		insert_at(a, i + 1, base + size, after);
	}
	if (before) {
		r->size = before;
	} else if (after) {
		r->base = base + size;
		r->size = after;
	} else {
		remove_at(a, i);
	}
	a->free_bytes -= size;
	return 0;
}

int alloc_take(struct alloc *a, uint64_t size, uint64_t align, hpa_t limit, hpa_t *base)
{
	int err = -ENOMEM;

	if (size == 0 || !is_aligned(size, PAGE_SIZE) || align < PAGE_SIZE ||
	    (align & (align - 1)) != 0)
		return -EINVAL;
	for (unsigned i = a->count; i-- > 0;) {
		const struct alloc_range *r = &a->r[i];
		hpa_t end = limit ? min_u64(end_of(r), limit) : end_of(r);

		if (end <= r->base || end - r->base < size)
			continue;

		hpa_t at = align_down(end - size, align);

		if (at < r->base)
			continue;
		/* When no extent is left for a cut in the middle, another place may do. */
		err = cut(a, i, at, size);
		if (err == 0) {
			*base = at;
			return 0;
		}
	}
	return err;
}

int alloc_take_at(struct alloc *a, hpa_t base, uint64_t size)
{
	unsigned i = above(a, base);

	if (!sane(base, size))
		return -EINVAL;
	if (i == 0 || end_of(&a->r[i - 1]) < base + size)
		return -ENOENT;
	return cut(a, i - 1, base, size);
}

uint64_t alloc_largest(const struct alloc *a, uint64_t align)
{
	uint64_t best = 0;

	for (unsigned i = 0; i < a->count; i++) {
		hpa_t start = align_up(a->r[i].base, align);

		if (start >= a->r[i].base && start < end_of(&a->r[i]))
			best = max_u64(best, end_of(&a->r[i]) - start);
	}
	return best;
}
