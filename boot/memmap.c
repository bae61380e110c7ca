/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's memory map turned into the hand-off's: sorted, disjoint. */
#include "boot/memmap.h"

#define ADDRESS_END BIT(52) /* no physical address is wider (SDM 3A 4.1.4) */

/* What each EFI memory type becomes; types that are not listed are reserved. */
static const uint8_t neutral[] = {
	[EfiLoaderCode] = HANDOFF_MEM_LOADER,       [EfiLoaderData] = HANDOFF_MEM_LOADER,
	[EfiBootServicesCode] = HANDOFF_MEM_FREE,   [EfiBootServicesData] = HANDOFF_MEM_FREE,
	[EfiConventionalMemory] = HANDOFF_MEM_FREE, [EfiACPIReclaimMemory] = HANDOFF_MEM_ACPI,
	[EfiACPIMemoryNVS] = HANDOFF_MEM_ACPI,
};

static uint32_t neutral_type(uint32_t efi)
{
	return efi < ARRAY_SIZE(neutral) && neutral[efi] ? neutral[efi] : HANDOFF_MEM_RESERVED;
}

static uint64_t end_of(const struct handoff_mem *e)
{
	return e->base + e->size;
}

int memmap_set(struct memmap *m, uint64_t base, uint64_t size, uint32_t type, uint32_t flags)
{
	struct handoff_mem *at = m->mem, new[3];
	uint32_t first = 0, last, n = 0;

	if (!size || base >= ADDRESS_END)
		return 0;
	uint64_t end = size > ADDRESS_END - base ? ADDRESS_END : align_up(base + size, PAGE_SIZE);
	base = align_down(base, PAGE_SIZE);

	while (first < m->count && end_of(&at[first]) <= base)
		first++;
	last = first;
	while (last < m->count && at[last].base < end)
		last++;

	/* [first, last) are replaced: what sticks out on either side stays. */
	if (first < last && at[first].base < base) {
		new[n] = at[first];
		new[n++].size = base - at[first].base;
	}
	new[n++] = (struct handoff_mem){
		.base = base, .size = end - base, .type = type, .flags = flags};
	if (first < last && end_of(&at[last - 1]) > end) {
		new[n] = at[last - 1];
		new[n].size = end_of(&new[n]) - end;
		new[n++].base = end;
	}
	if (m->count - (last - first) + n > m->max)
		return -ENOSPC;

	memmove(&at[first + n], &at[last], (m->count - last) * sizeof(*at));
	memcpy(&at[first], new, n * sizeof(*at));
	m->count = m->count - (last - first) + n;
	return 0;
}

int memmap_convert(struct memmap *m, const void *map, uint64_t size, uint64_t stride)
{
	uint64_t off, bytes;
	int err;

	m->count = 0;
	if (stride < sizeof(EFI_MEMORY_DESCRIPTOR))
		return -EINVAL;
	for (uint32_t type = HANDOFF_MEM_FREE; type <= HANDOFF_MEM_RESERVED; type++) {
		for (off = 0; off < size && size - off >= sizeof(EFI_MEMORY_DESCRIPTOR);
		     off += stride) {
			EFI_MEMORY_DESCRIPTOR d;

			memcpy(&d, (const char *)map + off, sizeof(d));
			if (neutral_type(d.Type) != type)
				continue;
			bytes = min_u64(d.NumberOfPages, ADDRESS_END >> PAGE_SHIFT) << PAGE_SHIFT;
			err = memmap_set(m, d.PhysicalStart, bytes, type,
					 d.Attribute & EFI_MEMORY_WB ? HANDOFF_MEM_WB : 0);
			if (err)
				return err;
		}
	}
	return memmap_set(m, 0, PAGE_SIZE, HANDOFF_MEM_RESERVED, 0);
}
