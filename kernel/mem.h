/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's memory: direct map, page allocation under a lock. */
#ifndef KERNEL_MEM_H
#define KERNEL_MEM_H

#include "arch/x86/pt.h"
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

/* Zeroed and page-aligned; NULL when there is none. */
void *page_alloc(void);
void page_free(void *page);
/* size is rounded up to pages; contiguous; zeroed; align >= PAGE_SIZE. */
void *pages_alloc(uint64_t size, uint64_t align);
void pages_free(void *p, uint64_t size);

/* Page-table pages from the allocator, for struct pt. */
extern const struct pt_mem host_pt_mem;

#endif
