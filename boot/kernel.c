/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor itself: its ELF file read, checked and laid out in memory. */
#include "boot/loader.h"

int kernel_load(struct handoff *h, struct elf_image *img)
{
	static struct handoff_module file;
	const char *why;

	volume_read(KERNEL_PATH, &file);
	if (!file.base) {
		print("Mullion: the hypervisor %s %s.\n", KERNEL_PATH, file.why);
		return -ENOENT;
	}
	if (elf_check(phys(file.base), file.size, HANDOFF_KERNEL_BASE, img, &why)) {
		print("Mullion: the hypervisor %s cannot be used: %s; copy it to the boot "
		      "volume again.\n",
		      KERNEL_PATH, why);
		return -EINVAL;
	}
	h->kernel_size = img->size;
	h->kernel_base = pages_alloc_2m(img->size);
	if (!h->kernel_base) {
		print("Mullion: there are no %u MiB of memory in one piece below 4 GiB for the "
		      "hypervisor; the machine needs more memory.\n",
		      (unsigned)((img->size >> 20) + 3));
		return -ENOMEM;
	}
	elf_load(phys(file.base), HANDOFF_KERNEL_BASE, img, phys(h->kernel_base));
	return 0;
}
