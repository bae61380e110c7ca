/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page tables for the way from the firmware to the hypervisor: 1:1, plus the image. */
#include "boot/paging.h"

#include "kernel/errno.h"

/* SDM 3A tables 4-15 to 4-18: present, writable; PS in a PDPTE and a PDE. */
#define PTE_TABLE   3u
#define PTE_LEAF    0x83u
#define PTE_ADDR    0x000ffffffffff000ull
#define IDENTITY_TO BIT(47) /* the lower half of a 4-level map */

/* The entry for virt in a table of the level that is shift bits above a byte. */
static uint64_t *entry(uint64_t table, uint64_t virt, unsigned shift)
{
	return (uint64_t *)(uintptr_t)table + (virt >> shift & 511);
}

static uint64_t next_table(struct paging *p, uint64_t *e)
{
	if (!*e) {
		uint64_t page = p->page(p->ctx);

		if (!page)
			return 0;
		*e = page | PTE_TABLE;
	}
	return *e & PTE_ADDR;
}

/* Maps the 2 MiB that virt is in, or the whole GiB when the page may be so large. */
static int map(struct paging *p, uint64_t virt, uint64_t phys, bool gib)
{
	uint64_t table = next_table(p, entry(p->pml4, virt, 39));
	uint64_t *e;

	if (!table)
		return -ENOMEM;
	e = entry(table, virt, 30);
	if (gib) {
		*e = phys | PTE_LEAF;
		return 0;
	}
	table = next_table(p, e);
	if (!table)
		return -ENOMEM;
	*entry(table, virt, 21) = phys | PTE_LEAF;
	return 0;
}

/*
 * Whole GiBs, so that a table is never shared between large and small pages.
 * What firmware lists beyond RAM in the same GiB is mapped with it: the MTRRs
 * still say how it is accessed.
 */
static int map_identity(struct paging *p, uint64_t base, uint64_t end)
{
	uint64_t step = p->gib_pages ? GIB(1) : MIB(2);

	end = min_u64(end, IDENTITY_TO);
	for (uint64_t a = align_down(base, GIB(1)); a < align_up(end, GIB(1)); a += step)
		if (map(p, a, a, p->gib_pages))
			return -ENOMEM;
	return 0;
}

int paging_build(struct paging *p, const struct memmap *m, uint64_t image, uint64_t virt,
		 uint64_t size)
{
	p->pml4 = p->page(p->ctx);
	p->pml5 = p->page(p->ctx);
	if (!p->pml4 || !p->pml5)
		return -ENOMEM;
	*entry(p->pml5, 0, 48) = p->pml4 | PTE_TABLE;
	*entry(p->pml5, virt, 48) = p->pml4 | PTE_TABLE;

	if (map_identity(p, 0, GIB(4)))
		return -ENOMEM;
	for (uint32_t i = 0; i < m->count; i++) {
		const struct handoff_mem *e = &m->mem[i];

		/* Reserved ranges and MMIO can be terabytes, and nobody reads them. */
		if (e->type == HANDOFF_MEM_RESERVED || e->type == HANDOFF_MEM_MMIO ||
		    e->base + e->size <= GIB(4))
			continue;
		if (map_identity(p, max_u64(e->base, GIB(4)), e->base + e->size))
			return -ENOMEM;
	}
	for (uint64_t off = 0; off < size; off += MIB(2))
		if (map(p, virt + off, image + off, false))
			return -ENOMEM;
	return 0;
}
