/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts an ELF kernel by its PVH entry: 32-bit, paging off, EBX: the start info. */
#include "kernel/load/load.h"

#define START_MAGIC   0x336ec578u
#define START_VERSION 1u

/* All in the page GUEST_FLAT_INFO. */
struct pvh_info {
	struct {
		uint32_t magic, version, flags, modules;
		uint64_t module_list, cmdline, rsdp, memory_map; /* addresses */
		uint32_t memory_map_entries, reserved;
	} start;
	struct {
		uint64_t at, size, cmdline, reserved;
	} module[CONFIG_MAX_MODULES];
	struct {
		uint64_t base, size;
		uint32_t type, reserved;
	} memory[E820_MAX];
};
static_assert(sizeof(((struct pvh_info *)0)->start) == 56, "struct hvm_start_info");
static_assert(sizeof(struct pvh_info) <= PAGE_SIZE, "one page");

int pvh_load(struct load_mem *m, const struct pc_image *pc, struct vcpu_start *start)
{
	struct load_image img = {
		.f = pc->kernel, .kept = GUEST_FLAT_GDT, .kept_end = GUEST_ACPI_END};
	struct pvh_info info = {
		.start = {START_MAGIC, START_VERSION, 0, pc->modules,
			  GUEST_FLAT_INFO + offsetof(struct pvh_info, module), GUEST_FLAT_TEXTS,
			  GUEST_ACPI, GUEST_FLAT_INFO + offsetof(struct pvh_info, memory), 0, 0},
	};
	struct e820 map[E820_MAX];
	gpa_t at[CONFIG_MAX_MODULES];
	int err = elf_read(&img, m);

	if (!err && !image_holds(&img, img.pvh_entry))
		err = load_fail(m, -EINVAL,
				"the ELF file has neither a multiboot header nor a PVH note with "
				"an entry in the image; if it is a guest of Mullion's own "
				"interface, write type = pv");
	if (!err)
		err = pc_modules(m, pc, img.end, at);
	if (err)
		return err;
	for (unsigned i = 0; i < pc->modules; i++) {
		info.module[i].at = at[i];
		info.module[i].size = pc->module[i].size;
	}
	info.start.memory_map_entries = load_e820(m, map);
	for (unsigned i = 0; i < info.start.memory_map_entries; i++)
		memcpy(&info.memory[i], &map[i], sizeof(map[i])); /* the same, and padding */
	if (image_copy(&img, m) || vm_write(m->vm, GUEST_FLAT_INFO, &info, sizeof(info)) ||
	    vm_write(m->vm, GUEST_FLAT_TEXTS, pc->cmdline, strlen(pc->cmdline) + 1) ||
	    start_flat(m, start))
		return load_fail(m, -EFAULT, "the VM's memory cannot be written");
	start->rip = img.pvh_entry;
	start->rbx = GUEST_FLAT_INFO;
	return 0;
}
