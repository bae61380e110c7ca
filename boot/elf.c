/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's ELF file: checked against its own length, laid out in memory. */
#include "boot/elf.h"

#include "kernel/errno.h"
#include "kernel/string.h"

struct ehdr { /* System V ABI, ELF-64 */
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
static_assert(sizeof(struct ehdr) == 64, "Elf64_Ehdr");

struct phdr {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
static_assert(sizeof(struct phdr) == 56, "Elf64_Phdr");

#define ET_EXEC      2u
#define EM_X86_64    62u
#define PT_LOAD      1u
#define PF_X         1u
#define IDENT_64_LSB "\177ELF\2\1\1"

static struct phdr phdr_at(const void *file, const struct ehdr *eh, unsigned i)
{
	struct phdr ph;

	memcpy(&ph, (const char *)file + eh->phoff + i * sizeof(ph), sizeof(ph));
	return ph;
}

static const char *check_header(const struct ehdr *eh, uint64_t size)
{
	if (memcmp(eh->ident, IDENT_64_LSB, 4))
		return "it is not an ELF file";
	if (memcmp(eh->ident, IDENT_64_LSB, 7))
		return "it is not a 64-bit little-endian ELF file";
	if (eh->type != ET_EXEC || eh->machine != EM_X86_64)
		return "it is not an executable for x86-64";
	if (eh->phentsize != sizeof(struct phdr) || !eh->phnum)
		return "it has no program headers";
	if (eh->phoff > size || size - eh->phoff < (uint64_t)eh->phnum * sizeof(struct phdr))
		return "it is truncated";
	return NULL;
}

/* low: where the next segment may begin, as an offset from the link base. */
static const char *check_segment(const struct phdr *ph, uint64_t size, uint64_t base, uint64_t low)
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
	struct ehdr eh;

	img->size = 0;
	*why = "it is shorter than an ELF header";
	if (size < sizeof(eh))
		return -EINVAL;
	memcpy(&eh, file, sizeof(eh));
	*why = check_header(&eh, size);
	if (*why)
		return -EINVAL;

	for (unsigned i = 0; i < eh.phnum; i++) {
		struct phdr ph = phdr_at(file, &eh, i);

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
	struct ehdr eh;

	memcpy(&eh, file, sizeof(eh));
	memset(image, 0, img->size);
	for (unsigned i = 0; i < eh.phnum; i++) {
		struct phdr ph = phdr_at(file, &eh, i);

		if (ph.type == PT_LOAD && ph.memsz)
			memcpy((char *)image + (ph.vaddr - base), (const char *)file + ph.offset,
			       ph.filesz);
	}
}
