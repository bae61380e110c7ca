/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images of unmodified guests: which kind it is, and where their modules go. */
#include "kernel/load/load.h"

int pc_modules(struct load_mem *m, const struct pc_image *pc, gpa_t end, gpa_t *at)
{
	/* Not where a kernel in low memory would let them reach the start information. */
	end = max_u64(end, GUEST_IMAGE_MIN);
	for (unsigned i = 0; i < pc->modules; i++) {
		at[i] = align_up(end, PAGE_SIZE);
		end = at[i] + pc->module[i].size;
		if (end < at[i] || end > guest_low_ram(m->size))
			return load_too_small(m, "the kernel and its modules need", end);
		if (vm_write(m->vm, at[i], pc->module[i].data, pc->module[i].size))
			return load_fail(m, -EFAULT, "the VM's memory cannot be written");
	}
	return 0;
}

int pc_load(struct load_mem *m, const struct pc_image *pc, struct vcpu_start *start)
{
	const struct load_file *f = &pc->kernel;
	bool elf = f->size >= 4 && !memcmp(f->data, ELF_IDENT, 4);

	if (pc->boot >= BOOT_MULTIBOOT || (pc->boot == BOOT_AUTO && multiboot_is(f)))
		return multiboot_load(m, pc, start);
	if (pc->boot == BOOT_PVH || (pc->boot == BOOT_AUTO && elf))
		return pvh_load(m, pc, start);
	return bzimage_load(m, pc, start);
}
