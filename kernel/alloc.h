/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Physical memory allocator over free ranges of pages; pure: it works on an
 * array of extents, never on the memory itself. Not locked: callers hold the
 * lock (kernel/mem.h does).
 */
#pragma once

#include "kernel/types.h"

struct alloc_range {
	hpa_t base;
	uint64_t size; /* bytes, page granular */
};

struct alloc {
	struct alloc_range *r; /* sorted by base, never adjacent, never overlapping */
	unsigned count, capacity;
	uint64_t free_bytes;
};

void alloc_init(struct alloc *a, struct alloc_range *storage, unsigned capacity);

/*
 * Gives [base, base + size) to the allocator; merges neighbours.
 * -EINVAL alignment/overflow, -EEXIST overlaps free memory, -ENOSPC extents full.
 */
int alloc_free(struct alloc *a, hpa_t base, uint64_t size);

/*
 * A block of exactly size bytes, aligned to align (power of two >= PAGE_SIZE),
 * entirely below limit (0: no limit). Lowest fitting extent from the top of
 * memory down, so that low memory stays for those who need it.
 * 0 and *base, or -EINVAL, -ENOMEM, -ENOSPC.
 */
int alloc_take(struct alloc *a, uint64_t size, uint64_t align, hpa_t limit, hpa_t *base);

/* The largest size with the given alignment that alloc_take would now give. */
uint64_t alloc_largest(const struct alloc *a, uint64_t align);
