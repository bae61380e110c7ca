/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the image loaders share: GDT, page tables, checks and the failure sentence. */
#include "kernel/load/load.h"

static_assert(GUEST_PAGETABLES + GUEST_PT_MAX <= GUEST_STACK, "start area overlaps");
static_assert(GUEST_START_END <= GUEST_EBDA, "start area overlaps");

#define PTE_P_W_A 0x23ull /* present, writable, accessed */
#define PTE_LEAF  0xe3ull /* and dirty, PS */

#define CHUNK 64u /* entries written at once: keeps the stack small */

bool load_in_ram(const struct load_mem *m, gpa_t gpa, uint64_t size)
{
	uint64_t low = guest_low_ram(m->size), high = guest_high_ram(m->size);

	if (gpa < low)
		return size <= low - gpa;
	return gpa >= GUEST_HIGH_RAM_BASE && gpa - GUEST_HIGH_RAM_BASE <= high &&
	       size <= high - (gpa - GUEST_HIGH_RAM_BASE);
}

/* 512 entries at gpa: first, first + step, … for count of them, then zeros. */
static int write_table(const struct load_mem *m, gpa_t gpa, uint64_t first, uint64_t step,
		       unsigned count)
{
	uint64_t e[CHUNK];

	for (unsigned i = 0; i < 512; i += CHUNK, gpa += sizeof(e)) {
		for (unsigned n = 0; n < CHUNK; n++)
			e[n] = i + n < count ? first + (i + n) * step : 0;
		if (vm_write(m->vm, gpa, e, sizeof(e)))
			return -EFAULT;
	}
	return 0;
}

int start_tables(const struct load_mem *m, uint64_t end, struct vcpu_start *start)
{
	static const uint64_t gdt[] = {
		0, 0, 0x00af9b000000ffff, /* 0x10: 64-bit code, accessed */
		0x00cf93000000ffff,       /* 0x18: data, accessed */
	};
	const gpa_t pml4 = GUEST_PAGETABLES, pdpt = pml4 + PAGE_SIZE, pd = pdpt + PAGE_SIZE;
	uint64_t gib = end / GIB(1) + (end % GIB(1) != 0);

	if (gib > (GUEST_PT_MAX - 2 * PAGE_SIZE) / PAGE_SIZE)
		return -ENOMEM;
	if (vm_write(m->vm, GUEST_GDT, gdt, sizeof(gdt)) ||
	    write_table(m, pml4, pdpt | PTE_P_W_A, 0, 1) ||
	    write_table(m, pdpt, pd | PTE_P_W_A, PAGE_SIZE, (unsigned)gib))
		return -EFAULT;
	for (unsigned i = 0; i < gib; i++)
		if (write_table(m, pd + i * PAGE_SIZE, i * GIB(1) | PTE_LEAF, MIB(2), 512))
			return -EFAULT;
	*start = (struct vcpu_start){
		.long_mode = true,
		.cr3 = pml4,
		.gdt = GUEST_GDT,
		.gdt_limit = sizeof(gdt) - 1,
	};
	return 0;
}
