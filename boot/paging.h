/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Page tables for the way from the firmware to the hypervisor; pure. */
#pragma once

#include "boot/memmap.h"

struct paging {
	bool gib_pages; /* CPUID 0x80000001 EDX.26 */
	uint64_t pml4;
	uint64_t pml5; /* the same map for a CPU with CR4.LA57 set */
};

/*
 * Maps [0, 4 GiB) and all memory that m lists 1:1, and size bytes from the
 * 2 MiB aligned image at virt, in the upper half. -ENOMEM when the pages run out.
 */
int paging_build(struct paging *p, const struct memmap *m, uint64_t image, uint64_t virt,
		 uint64_t size);
