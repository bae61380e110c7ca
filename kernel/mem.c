/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's free memory, and pages for those who ask. */
#include "kernel/mem.h"
#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "arch/x86/mtrr.h"
#include "arch/x86/spinlock.h"
#include "kernel/alloc.h"
#include "kernel/log.h"

#define EXTENTS 2048u

static struct alloc_range storage[EXTENTS];
static struct alloc phys;
static struct spinlock lock;

static uint64_t read_msr(uint32_t msr)
{
	uint64_t v;

	return rdmsr_safe(msr, &v) ? v : 0;
}

/* Gives what the MTRRs make write-back to the allocator: guests get nothing else as RAM. */
static void give_range(const struct mtrr *mtrr, uint64_t base, uint64_t end)
{
	while (base < end) {
		enum mem_type type = MT_WB;
		uint64_t size = mtrr ? mtrr_uniform(mtrr, base, end - base, &type) : end - base;
		int err = type == MT_WB ? alloc_free(&phys, base, size) : -EINVAL;

		if (err)
			log_warn("memory at 0x%lx, %lu KiB of type %u, is left out: error %d", base,
				 size >> 10, (unsigned)type, err);
		base += size;
	}
}

void mem_init(const struct handoff *h)
{
	const struct handoff_mem *m = (const void *)(uintptr_t)h->mem;

	bool has_mtrr = (cpuid(1, 0).edx & BIT(12)) != 0;
	static struct mtrr mtrr;

	if (has_mtrr)
		mtrr_load(&mtrr, read_msr, cpuid(0x80000008, 0).eax & 0xff,
			  cpuid(0, 0).ebx == CPUID_AMD_EBX);
	alloc_init(&phys, storage, EXTENTS);
	for (uint32_t i = 0; i < h->mem_count; i++) {
		uint64_t base = m[i].base, end = m[i].base + m[i].size;

		if (m[i].type != HANDOFF_MEM_FREE || !(m[i].flags & HANDOFF_MEM_WB))
			continue;
		base = max_u64(base, MIB(1)); /* below: start page, firmware's leftovers */
		end = min_u64(end, MEM_LIMIT);
		if (end > base)
			give_range(has_mtrr ? &mtrr : NULL, base, end);
	}
}

int mem_take(uint64_t size, uint64_t align, hpa_t limit, hpa_t *pa)
{
	SPIN_HOLD(&lock);
	return alloc_take(&phys, size, align, limit, pa);
}

uint64_t mem_largest(uint64_t align)
{
	SPIN_HOLD(&lock);
	return alloc_largest(&phys, align);
}

/* Free memory for which no extent is left, as guests have torn it: a list in itself. */
static hpa_t shreds; /* the first; the base of each is the next one */

void mem_give(hpa_t pa, uint64_t size)
{
	int err = 0;

	spin_lock(&lock);
	*(struct alloc_range *)phys_to_virt(pa) = (struct alloc_range){shreds, size};
	for (shreds = pa; shreds && !err;) {
		const struct alloc_range *s = phys_to_virt(shreds);

		err = alloc_free(&phys, shreds, s->size);
		shreds = err ? shreds : s->base;
	}
	spin_unlock(&lock);
	if (err && err != -ENOSPC)
		panic("giving back memory at 0x%lx, size 0x%lx: error %d", pa, size, err);
}

uint64_t mem_free_bytes(void)
{
	return phys.free_bytes;
}

void *pages_alloc(uint64_t size)
{
	hpa_t pa;

	size = align_up(size, PAGE_SIZE);
	return mem_take(size, PAGE_SIZE, 0, &pa) ? NULL : memset(phys_to_virt(pa), 0, size);
}

void *pages_need(uint64_t size)
{
	void *p = pages_alloc(size);

	if (!p)
		panic("no memory for %lu KiB of the hypervisor's own", size >> 10);
	return p;
}

hpa_t pt_page_alloc(void)
{
	void *page = pages_alloc(PAGE_SIZE);

	return page ? virt_to_phys(page) : 0;
}

void pt_page_free(hpa_t page)
{
	mem_give(page, PAGE_SIZE);
}

uint64_t *pt_page_map(hpa_t page)
{
	return phys_to_virt(page);
}
