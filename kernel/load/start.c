/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the image loaders share: GDT, page tables, checks and the failure sentence. */
#include "kernel/load/load.h"

static_assert(GUEST_PAGETABLES + GUEST_PT_MAX <= GUEST_STACK, "start area overlaps");
static_assert(GUEST_START_END <= GUEST_EBDA, "start area overlaps");

#define PTE_P_W_A 0x23ull /* present, writable, accessed */
#define PTE_LEAF  0xe3ull /* and dirty, PS */

bool load_in_ram(const struct load_mem *m, gpa_t gpa, uint64_t size)
{
	uint64_t low = guest_low_ram(m->size), high = guest_high_ram(m->size);

	if (gpa < low)
		return size <= low - gpa;
	return gpa >= GUEST_HIGH_RAM_BASE && gpa - GUEST_HIGH_RAM_BASE <= high &&
	       size <= high - (gpa - GUEST_HIGH_RAM_BASE);
}

int load_too_small(struct load_mem *m, const char *who, uint64_t end)
{
	return load_fail(m, -ENOMEM,
			 "%s at least %lu MiB of memory below 3 GiB, the VM has %lu MiB", who,
			 (end + MIB(1) - 1) >> 20, m->size >> 20);
}

unsigned load_e820(const struct load_mem *m, struct e820 map[E820_MAX])
{
	const struct e820 all[E820_MAX] = {
		{0, GUEST_EBDA, E820_RAM},
		{GUEST_EBDA, 0xa0000 - GUEST_EBDA, E820_RESERVED},
		{GUEST_ACPI, GUEST_ACPI_END - GUEST_ACPI, E820_RESERVED},
		{MIB(1), guest_low_ram(m->size) - MIB(1), E820_RAM},
		{GUEST_HIGH_RAM_BASE, guest_high_ram(m->size), E820_RAM},
	};

	memcpy(map, all, sizeof(all));
	return guest_high_ram(m->size) ? 5 : 4;
}

/* count entries at gpa: first, first + step, ... */
static int write_table(const struct load_mem *m, gpa_t gpa, uint64_t first, uint64_t step,
		       unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint64_t e = first + i * step;

		if (vm_write(m->vm, gpa + i * sizeof(e), &e, sizeof(e)))
			return -EFAULT;
	}
	return 0;
}

/* Code 0x10 and data 0x18, flat, accessed; and the stack. */
static int write_gdt(const struct load_mem *m, gpa_t at, uint64_t code, struct vcpu_start *start)
{
	const uint64_t gdt[] = {0, 0, code, 0x00cf93000000ffff};

	*start = (struct vcpu_start){
		.gdt = at, .gdt_limit = sizeof(gdt) - 1, .rsp = GUEST_STACK_TOP};
	return vm_write(m->vm, at, gdt, sizeof(gdt));
}

int start_flat(const struct load_mem *m, struct vcpu_start *start)
{
	return write_gdt(m, GUEST_FLAT_GDT, 0x00cf9b000000ffff, start);
}

int start_tables(const struct load_mem *m, uint64_t end, struct vcpu_start *start)
{
	const gpa_t pml4 = GUEST_PAGETABLES, pdpt = pml4 + PAGE_SIZE, pd = pdpt + PAGE_SIZE;
	uint64_t gib = end / GIB(1) + (end % GIB(1) != 0);

	if (gib > (GUEST_PT_MAX - 2 * PAGE_SIZE) / PAGE_SIZE)
		return -ENOMEM;
	if (write_gdt(m, GUEST_GDT, 0x00af9b000000ffff, start) ||
	    write_table(m, pml4, pdpt | PTE_P_W_A, 0, 1) ||
	    write_table(m, pdpt, pd | PTE_P_W_A, PAGE_SIZE, (unsigned)gib))
		return -EFAULT;
	for (unsigned i = 0; i < gib; i++)
		if (write_table(m, pd + i * PAGE_SIZE, i * GIB(1) | PTE_LEAF, MIB(2), 512))
			return -EFAULT;
	start->long_mode = true;
	start->cr3 = pml4;
	return 0;
}
