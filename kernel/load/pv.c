/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads a static ELF64 executable as a paravirtual guest. */
#include "guests/include/mullion.h"
#include "kernel/load/load.h"

/* One page-granular map of at most four ranges; see layout.h. */
static_assert(sizeof(struct mullion_start_info) <= PAGE_SIZE, "start info is one page");
static_assert(GUEST_STACK_TOP - GUEST_STACK == MULLION_BOOT_STACK, "stack");

static int write_info(const struct load_mem *m, struct mullion_start_info *info)
{
	const struct mullion_memory map[] = {
		{0, GUEST_GDT, MULLION_MEM_RAM, 0},
		{GUEST_GDT, GUEST_START_END - GUEST_GDT, MULLION_MEM_BOOT, 0},
		{GUEST_START_END, guest_low_ram(m->size) - GUEST_START_END, MULLION_MEM_RAM, 0},
		{GUEST_HIGH_RAM_BASE, guest_high_ram(m->size), MULLION_MEM_RAM, 0},
	};

	info->magic = MULLION_START_MAGIC;
	info->version = MULLION_START_VERSION;
	info->size = sizeof(*info);
	info->abi_version = MULLION_ABI_VERSION;
	info->memory_bytes = m->size;
	info->memory_count = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(map); i++)
		if (map[i].size)
			info->memory[info->memory_count++] = map[i];
	return vm_write(m->vm, GUEST_INFO, info, sizeof(*info));
}

APART int pv_load(struct load_mem *m, struct load_file kernel, struct mullion_start_info *info,
		  struct vcpu_start *start)
{
	struct load_image img = {.f = kernel, .kept_end = GUEST_START_END};
	uint64_t end = guest_ram_gpa(m->size - 1) + 1;
	int err = elf_read(&img, m);

	if (err)
		return err;
	if (!img.is_64)
		return load_fail(m, -EINVAL,
				 "the ELF file is not a 64-bit one, as type = pv wants");
	err = start_tables(m, end, start);
	if (err == -ENOMEM)
		return load_fail(m, err, "the VM has more memory than its start tables can map");
	err = err ?: image_copy(&img, m) ?: write_info(m, info);
	if (err)
		return load_fail(m, err, "the VM's memory cannot be written");
	start->rip = img.entry;
	start->rdi = GUEST_INFO;
	return 0;
}
