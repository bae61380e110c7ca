/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page tables for the way from the firmware to the hypervisor: 1:1, plus the image. */
#include "boot/paging.h"

#include "arch/x86/pt_host.h"

#define IDENTITY_TO BIT(47) /* the lower half of a 4-level map */

/* Whole GiBs of [0, 4 GiB) and of what m lists above, so that large pages are enough. */
static int map_identity(struct pt *pt, const struct memmap *m)
{
	uint64_t done = GIB(4);
	int err = pt_map(pt, 0, 0, done, PT_RWX, MT_WB);

	for (uint32_t i = 0; i < m->count && !err; i++) {
		const struct handoff_mem *e = &m->mem[i];
		uint64_t base = max_u64(align_down(e->base, GIB(1)), done);
		uint64_t end = min_u64(align_up(e->base + e->size, GIB(1)), IDENTITY_TO);

		/* Reserved ranges can be terabytes, and nobody reads them. */
		if (e->type == HANDOFF_MEM_RESERVED || base >= end)
			continue;
		err = pt_map(pt, base, base, end - base, PT_RWX, MT_WB);
		done = end;
	}
	return err;
}

int paging_build(struct paging *p, const struct memmap *m, uint64_t image, uint64_t virt,
		 uint64_t size)
{
	struct pt pt;
	int err = pt_init(&pt, &pt_format_host, p->gib_pages ? 3 : 2);

	p->pml5 = err ? 0 : pt_page_alloc();
	if (!p->pml5)
		return -ENOMEM;
	p->pml4 = pt.root;
	pt_page_map(p->pml5)[0] = pt.root | pt_format_host.table_bits;
	pt_page_map(p->pml5)[511] = pt.root | pt_format_host.table_bits;

	err = map_identity(&pt, m);
	/* Again in the upper half: the hypervisor's direct map (kernel/mem.h). */
	memcpy(pt_page_map(pt.root) + 256, pt_page_map(pt.root), 128 * sizeof(uint64_t));
	if (!err)
		err = pt_map(&pt, virt & (PT_VA_LIMIT - 1), image, align_up(size, MIB(2)), PT_RWX,
			     MT_WB);
	return err;
}
