/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF executables for x86, checked against the length of their file. Pure. */
#include "kernel/elf.h"

const char *elf_open(const void *file, uint64_t size, struct elf_header *h)
{
	struct elf32_header narrow;

	if (size < sizeof(*h))
		return "it is shorter than an ELF header";
	memcpy(h, file, sizeof(*h));
	if (memcmp(h->ident, ELF_IDENT, 4))
		return "it is not an ELF file";
	if (!memcmp(h->ident, ELF32_IDENT, 6) && h->machine == EM_386) {
		memcpy(&narrow, file, sizeof(narrow));
		h->entry = narrow.entry;
		h->phoff = narrow.phoff;
		h->phnum = narrow.phnum;
		h->phentsize = narrow.phentsize;
	} else if (memcmp(h->ident, ELF_IDENT, 6) || h->machine != EM_X86_64) {
		return "it is not an ELF file for x86";
	}
	if (h->type != ET_EXEC)
		return "it is not a static executable: link it with -static -no-pie";
	if (!h->phnum || h->phentsize != (h->machine == EM_386 ? sizeof(struct elf32_segment)
							       : sizeof(struct elf_segment)))
		return "it has no program headers";
	if (h->phoff > size || (uint64_t)h->phnum * h->phentsize > size - h->phoff)
		return "it is truncated";
	return NULL;
}

struct elf_segment elf_segment_at(const void *file, const struct elf_header *h, unsigned i)
{
	const uint8_t *p = (const uint8_t *)file + h->phoff + (size_t)i * h->phentsize;
	struct elf32_segment n;
	struct elf_segment s;

	memcpy(&s, p, h->phentsize);
	if (h->machine != EM_386)
		return s;
	memcpy(&n, p, sizeof(n));
	return (struct elf_segment){n.type,  n.flags,  n.offset, n.vaddr,
				    n.paddr, n.filesz, n.memsz,  n.align};
}

const char *elf_segment_check(const struct elf_segment *s, uint64_t size)
{
	if (s->offset > size || s->filesz > size - s->offset)
		return "it is truncated";
	return s->filesz > s->memsz ? "a segment is larger in the file than in memory" : NULL;
}
