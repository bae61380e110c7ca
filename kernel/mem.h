/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's memory: direct map, page allocation under a lock. */
#pragma once

#include "arch/x86/pt.h"
#include "boot/handoff.h"
#include "kernel/types.h"

#define DIRECT_MAP_BASE 0xffff800000000000ull

/* Memory that the firmware map lists as RAM is mapped here, never executable. */
static inline void *phys_to_virt(hpa_t pa)
{
	return (void *)(uintptr_t)(DIRECT_MAP_BASE + pa);
}

/* Only for pointers into the direct map (what the functions below return). */
static inline hpa_t virt_to_phys(const void *va)
{
	return (uint64_t)(uintptr_t)va - DIRECT_MAP_BASE;
}

#define MEM_LIMIT BIT(46) /* what the direct map has room for */

/* Takes over the firmware's map, on the loader's tables. */
void mem_init(const struct handoff *h);

/* Physical memory, contents undefined, below limit (0: none): 0, -ENOMEM, -EINVAL. And back. */
int mem_take(uint64_t size, uint64_t align, hpa_t limit, hpa_t *pa);
void mem_give(hpa_t pa, uint64_t size);
/* The largest block that mem_take would give now. */
uint64_t mem_largest(uint64_t align);
uint64_t mem_free_bytes(void);

/* size is rounded up to pages; contiguous; zeroed; for good. NULL when there is none. */
void *pages_alloc(uint64_t size);
/* Likewise while the machine boots, which ends here when there is none. */
void *pages_need(uint64_t size);
