/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's memory map turned into the hand-off's; pure. */
#pragma once

#include <efi.h>

#include "boot/handoff.h"
#include "kernel/types.h"

struct memmap {
	struct handoff_mem *mem; /* sorted, disjoint */
	uint32_t count, max;
};

/*
 * Gives [base, base + size) a type of its own, whatever it was before; widened
 * to whole pages. -ENOSPC when the array is full: the map is as before then.
 */
int memmap_set(struct memmap *m, uint64_t base, uint64_t size, uint32_t type, uint32_t flags);

/*
 * Fills m from firmware's map: size bytes of descriptors, stride bytes apart.
 * Where descriptors overlap the later hand-off type wins; page 0 is always
 * reserved, so that physical address 0 means nothing. Needs room for twice the
 * descriptors. -EINVAL for a stride that cannot be one.
 */
int memmap_convert(struct memmap *m, const void *map, uint64_t size, uint64_t stride);
