/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's ELF file: checked against its own length, laid out in memory. */
#include "boot/elf.h"

#include "kernel/elf.h"

static struct elf_segment phdr_at(const void *file, const struct elf_header *eh, unsigned i)
{
	struct elf_segment ph;

	memcpy(&ph, (const char *)file + eh->phoff + i * sizeof(ph), sizeof(ph));
	return ph;
}

static const char *check_header(const struct elf_header *eh, uint64_t size)
{
	if (memcmp(eh->ident, ELF_IDENT, 4))
		return "it is not an ELF file";
	if (memcmp(eh->ident, ELF_IDENT, 6))
		return "it is not a 64-bit little-endian ELF file";
	if (eh->type != ET_EXEC || eh->machine != EM_X86_64)
		return "it is not an executable for x86-64";
	if (eh->phentsize != sizeof(struct elf_segment) || !eh->phnum)
		return "it has no program headers";
	if (eh->phoff > size || size - eh->phoff < (uint64_t)eh->phnum * sizeof(struct elf_segment))
		return "it is truncated";
	return NULL;
}

/* low: where the next segment may begin, as an offset from the link base. */
static const char *check_segment(const struct elf_segment *ph, uint64_t size, uint64_t base,
				 uint64_t low)
{
	if (ph->offset > size || size - ph->offset < ph->filesz)
		return "it is truncated";
	if (ph->filesz > ph->memsz)
		return "a segment is larger in the file than in memory";
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
	*why = "it is shorter than an ELF header";
	if (size < sizeof(eh))
		return -EINVAL;
	memcpy(&eh, file, sizeof(eh));
	*why = check_header(&eh, size);
	if (*why)
		return -EINVAL;

	for (unsigned i = 0; i < eh.phnum; i++) {
		struct elf_segment ph = phdr_at(file, &eh, i);

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

	memcpy(&eh, file, sizeof(eh));
	memset(image, 0, img->size);
	for (unsigned i = 0; i < eh.phnum; i++) {
		struct elf_segment ph = phdr_at(file, &eh, i);

		if (ph.type == PT_LOAD && ph.memsz)
			memcpy((char *)image + (ph.vaddr - base), (const char *)file + ph.offset,
			       ph.filesz);
	}
}
