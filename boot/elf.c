/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's ELF file: checked against its own length, laid out in memory. */
#include "boot/elf.h"

#include "kernel/elf.h"

/* low: where the next segment may begin, as an offset from the link base. */
static const char *check_segment(const struct elf_segment *ph, uint64_t size, uint64_t base,
				 uint64_t low)
{
	const char *why = elf_segment_check(ph, size);

	if (why)
		return why;
	if (ph->vaddr < base || ph->vaddr - base < low)
		return "its segments are not in order above the hypervisor's link address";
	if (ph->memsz > ELF_IMAGE_MAX || ph->vaddr - base > ELF_IMAGE_MAX - ph->memsz)
		return "it is larger in memory than 64 MiB";
	return NULL;
}

int elf_check(const void *file, uint64_t size, uint64_t base, struct elf_image *img,
	      const char **why)
{
	bool entry_seen = false;
	struct elf_header eh;

	img->size = 0;
	*why = elf_open(file, size, &eh);
	if (!*why && eh.machine != EM_X86_64)
		*why = "it is not an executable for x86-64";
	if (*why)
		return -EINVAL;
	for (unsigned i = 0; i < eh.phnum; i++) {
		struct elf_segment ph = elf_segment_at(file, &eh, i);

		if (ph.type != PT_LOAD || !ph.memsz)
			continue;
		*why = check_segment(&ph, size, base, img->size);
		if (*why)
			return -EINVAL;
		img->size = ph.vaddr - base + ph.memsz;
		if (ph.flags & PF_X && eh.entry >= ph.vaddr && eh.entry - ph.vaddr < ph.filesz)
			entry_seen = true;
	}
	img->entry = eh.entry;
	if (!entry_seen) {
		*why = "its entry point is not in an executable segment";
		return -EINVAL;
	}
	return 0;
}

void elf_load(const void *file, uint64_t base, const struct elf_image *img, void *image)
{
	struct elf_header eh;

	(void)elf_open(file, UINT64_MAX, &eh);
	memset(image, 0, img->size);
	for (unsigned i = 0; i < eh.phnum; i++) {
		struct elf_segment ph = elf_segment_at(file, &eh, i);

		if (ph.type == PT_LOAD && ph.memsz)
			memcpy((char *)image + (ph.vaddr - base), (const char *)file + ph.offset,
			       ph.filesz);
	}
}
