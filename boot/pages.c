/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loader memory in pages, remembered so that a failed start gives all of it back. */
#include "arch/x86/pt.h"
#include "boot/loader.h"

#define BLOCKS_MAX  4096u /* modules, page tables, the image: all that is ever asked for */
#define ZERO_UP_TO  MIB(1)
#define PAGES(size) (((size) + PAGE_SIZE - 1) >> PAGE_SHIFT)

static struct {
	uint64_t base, pages;
} blocks[BLOCKS_MAX];
static unsigned block_count;

/* base: where it is to be, or the limit, as how says; then where it is. */
static bool take(EFI_ALLOCATE_TYPE how, uint64_t pages, EFI_PHYSICAL_ADDRESS *base)
{
	if (!pages || block_count == BLOCKS_MAX ||
	    EFI_ERROR(bs->AllocatePages(how, EfiLoaderData, pages, base)))
		return false;
	blocks[block_count].base = *base;
	blocks[block_count++].pages = pages;
	return true;
}

uint64_t pages_alloc(uint64_t size, uint64_t max)
{
	EFI_ALLOCATE_TYPE how = max == PAGES_ANYWHERE ? AllocateAnyPages : AllocateMaxAddress;
	EFI_PHYSICAL_ADDRESS base = max;
	uint64_t pages = PAGES(size);

	if (!take(how, pages, &base))
		return 0;
	if (pages <= PAGES(ZERO_UP_TO))
		memset(phys(base), 0, pages << PAGE_SHIFT);
	return base;
}

bool pages_take(uint64_t base, uint64_t size)
{
	EFI_PHYSICAL_ADDRESS at = base;

	return take(AllocateAddress, PAGES(size), &at);
}

void pages_free(uint64_t base)
{
	for (unsigned i = 0; i < block_count; i++) {
		if (blocks[i].base != base)
			continue;
		bs->FreePages(base, blocks[i].pages);
		blocks[i] = blocks[--block_count];
		return;
	}
}

void pages_free_all(void)
{
	while (block_count)
		pages_free(blocks[block_count - 1].base);
}

hpa_t pt_page_alloc(void)
{
	/* Below 4 GiB: CR3 may have to be loaded outside long mode. */
	return pages_alloc(PAGE_SIZE, PAGES_LOW_4G);
}

/* A failed start gives all loader memory back at once. */
void pt_page_free(hpa_t page)
{
	(void)page;
}

uint64_t *pt_page_map(hpa_t page)
{
	return phys(page);
}
