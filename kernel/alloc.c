/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Physical memory allocator over a sorted array of free extents. */
#include "kernel/alloc.h"

static hpa_t end_of(const struct alloc_range *r)
{
	return r->base + r->size;
}

/* The caller has looked at capacity. */
static void insert_at(struct alloc *a, unsigned i, hpa_t base, uint64_t size)
{
	memmove(&a->r[i + 1], &a->r[i], (a->count - i) * sizeof(a->r[0]));
	a->r[i] = (struct alloc_range){base, size};
	a->count++;
}

static struct alloc_range remove_at(struct alloc *a, unsigned i)
{
	struct alloc_range r = a->r[i];

	a->count--;
	memmove(&a->r[i], &a->r[i + 1], (a->count - i) * sizeof(a->r[0]));
	return r;
}

void alloc_init(struct alloc *a, struct alloc_range *storage, unsigned capacity)
{
	*a = (struct alloc){.r = storage, .capacity = capacity};
}

int alloc_free(struct alloc *a, hpa_t base, uint64_t size)
{
	struct alloc_range new = {base, size};
	unsigned i = 0;

	if (size == 0 || !is_aligned(base | size, PAGE_SIZE) || base >= UINT64_MAX - size)
		return -EINVAL;
	while (i < a->count && a->r[i].base <= base)
		i++;
	if ((i > 0 && end_of(&a->r[i - 1]) > base) || (i < a->count && end_of(&new) > a->r[i].base))
		return -EEXIST;
	if (i < a->count && end_of(&new) == a->r[i].base)
		new.size += remove_at(a, i).size;
	if (i > 0 && end_of(&a->r[i - 1]) == base) {
		new.base = remove_at(a, --i).base;
		new.size += base - new.base;
	}
	if (a->count == a->capacity) /* then it has joined none */
		return -ENOSPC;
	insert_at(a, i, new.base, new.size);
	a->free_bytes += size;
	return 0;
}

/* Cuts [base, base + size), which lies in extent i, out of it. */
static int cut(struct alloc *a, unsigned i, hpa_t base, uint64_t size)
{
	hpa_t start = a->r[i].base, end = end_of(&a->r[i]);

	if (start < base && base + size < end && a->count == a->capacity)
		return -ENOSPC;
	remove_at(a, i);
	if (base + size < end)
		insert_at(a, i, base + size, end - (base + size));
	if (start < base)
		insert_at(a, i, start, base - start);
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
