/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of boot services: last memory map, page tables, and the jump. */
#include "arch/x86/cpu.h"
#include "boot/loader.h"
#include "boot/paging.h"

#define SLACK      64u /* descriptors that our own allocations may add to the map */
#define EXIT_TRIES 8u

/* In the code that is copied below 1 MiB: start.asm. */
struct start_args {
	uint64_t handoff, pml4;
};

extern const char start_page[], start_args[], start_end[];
extern const char kernel_begin[], kernel_end[]; /* kernel.asm: the hypervisor */

/* page: a copy of [start_page, start_end) with start_args filled in. */
void start_enter(uint64_t page) __attribute__((noreturn));

struct efi_map {
	EFI_MEMORY_DESCRIPTOR *desc;
	UINTN room, size, key, stride;
	UINT32 version;
};

static EFI_STATUS map_get(struct efi_map *map)
{
	map->size = map->room;
	return bs->GetMemoryMap(&map->size, map->desc, &map->key, &map->stride, &map->version);
}

/* Buffers for the map in both forms, large enough for all that is still allocated. */
static int map_prepare(struct efi_map *map, struct memmap *m)
{
	if (map_get(map) != EFI_BUFFER_TOO_SMALL || map->stride < sizeof(EFI_MEMORY_DESCRIPTOR))
		return -EIO;
	UINTN entries = map->size / map->stride + SLACK;
	map->room = entries * map->stride;
	map->desc = phys(pages_alloc(map->room, PAGES_ANYWHERE));
	/* Each descriptor may cut another in two; so may page 0. */
	m->max = (uint32_t)(2 * entries + 2);
	m->mem = phys(pages_alloc(m->max * sizeof(*m->mem), PAGES_ANYWHERE));
	return map->desc && m->mem ? 0 : -ENOMEM;
}

/* The hypervisor, page tables and the code that changes over: false without memory. */
static bool prepare_start(struct handoff *h, const struct memmap *m, struct paging *paging)
{
	uint64_t stored = (uint64_t)(kernel_end - kernel_begin);
	uint64_t size = *(const uint64_t *)(const void *)kernel_begin;
	/* What is left over on both sides, 2 MiB in all, stays the loader's. */
	uint64_t kernel = align_up(pages_alloc(size + MIB(2), PAGES_LOW_4G), MIB(2));

	paging->gib_pages = (cpuid(0x80000001, 0).edx & BIT(26)) != 0;
	h->start_page = pages_alloc(PAGE_SIZE, MIB(1) - 1);
	if (!kernel || !h->start_page || paging_build(paging, m, kernel, HANDOFF_KERNEL_BASE, size))
		return false;
	h->kernel_base = kernel;
	memcpy(phys(kernel), kernel_begin, stored);
	memset(phys(kernel + stored), 0, size - stored);
	memcpy(phys(h->start_page), start_page, (size_t)(start_end - start_page));
	*(struct start_args *)phys(h->start_page + (uint64_t)(start_args - start_page)) =
		(struct start_args){.handoff = (uintptr_t)h, .pml4 = paging->pml4};
	return true;
}

/*
 * The key is stale when firmware changed the map since it was fetched; fetch
 * it again then, and allocate nothing in between (UEFI 2.10 7.4.6).
 */
static EFI_STATUS end_boot_services(struct efi_map *map)
{
	EFI_STATUS s = EFI_ABORTED;

	for (unsigned i = 0; i < EXIT_TRIES && EFI_ERROR(s); i++) {
		s = map_get(map);
		if (EFI_ERROR(s))
			break;
		s = bs->ExitBootServices(image_handle, map->key);
	}
	return s;
}

void leave_firmware(struct handoff *h)
{
	struct efi_map map = {0};
	struct memmap m = {0};
	struct paging paging;

	if (map_prepare(&map, &m) || EFI_ERROR(map_get(&map)) ||
	    memmap_convert(&m, map.desc, map.size, map.stride) || !prepare_start(h, &m, &paging)) {
		print("Mullion: there is no memory for the hypervisor, the memory map, the page "
		      "tables, or a page below 1 MiB; the machine needs more memory.\n");
		return;
	}
	h->mem = (uintptr_t)m.mem;
	print("Starting the hypervisor.\n");
	if (EFI_ERROR(end_boot_services(&map))) {
		print("Mullion: the firmware does not end its boot services; restart the machine, "
		      "and update its firmware if this comes again.\n");
		return;
	}
	__asm__ volatile("cli");
	quiet_machine();
	(void)memmap_convert(&m, map.desc, map.size, map.stride); /* there is room */
	h->mem_count = m.count;
	/*
	 * Our own tables, with as many levels as the CPU is set to: from here on all memory may
	 * be executed. CET and PCID need the tables that are about to go.
	 */
	write_cr4(read_cr4() & (CR4_PAE | CR4_LA57));
	write_cr3(read_cr4() & CR4_LA57 ? paging.pml5 : paging.pml4);
	start_enter(h->start_page);
}
