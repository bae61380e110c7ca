/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest image puts where in memory: checked, then copied. */
#include "kernel/load/load.h"

int image_add(struct load_image *img, struct load_mem *m, const struct elf_segment *s)
{
	uint64_t base = s->paddr, size = s->memsz;
	const char *reason = elf_segment_check(s, img->f.size);

	if (reason)
		return load_fail(m, -EINVAL, "the file cannot be started: %s", reason);
	if (!load_in_ram(m, base, size)) {
		if (base < GUEST_LOW_RAM_MAX && size <= GUEST_LOW_RAM_MAX - base)
			return load_too_small(m, "the image needs", base + size);
		return load_fail(m, -EINVAL,
				 "the segment at 0x%lx of 0x%lx bytes is not in the VM's memory",
				 base, size);
	}
	if (base < img->kept_end && img->kept < base + size)
		return load_fail(m, -EINVAL,
				 "the segment at 0x%lx is in the way of the start information at "
				 "0x%lx-0x%lx; link it higher, for example at 0x200000",
				 base, img->kept, img->kept_end - 1);
	for (unsigned i = 0; i < img->count; i++)
		if (base < img->seg[i].paddr + img->seg[i].memsz && img->seg[i].paddr < base + size)
			return load_fail(m, -EINVAL, "the segments at 0x%lx and 0x%lx overlap",
					 base, img->seg[i].paddr);
	if (img->count == LOAD_SEGMENTS)
		return load_fail(m, -EINVAL, "the file has more than %u segments", LOAD_SEGMENTS);
	img->seg[img->count++] = *s;
	img->end = max_u64(img->end, base + size);
	return 0;
}

bool image_holds(const struct load_image *img, gpa_t at)
{
	for (unsigned i = 0; i < img->count; i++)
		if (at - img->seg[i].paddr < img->seg[i].memsz)
			return true;
	return false;
}

int image_copy(const struct load_image *img, const struct load_mem *m)
{
	for (unsigned i = 0; i < img->count; i++) {
		const struct elf_segment *s = &img->seg[i];

		if (vm_write(m->vm, s->paddr, (const uint8_t *)img->f.data + s->offset, s->filesz))
			return -EFAULT;
	}
	return 0;
}
