/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for addresses, from the hypervisor's own ELF file; pure. */
#include "kernel/symbols.h"

#include "kernel/elf.h"

/* A label of the assembler has no size: no function of ours is longer. */
#define UNSIZED_MAX KIB(64)

static bool section_read(const uint8_t *file, uint64_t size, const struct elf_header *h,
			 unsigned index, struct elf_section *s)
{
	if (index >= h->shnum)
		return false;
	memcpy(s, file + h->shoff + (uint64_t)index * sizeof(*s), sizeof(*s));
	return s->offset <= size && s->size <= size - s->offset;
}

int symbols_init(struct symbols *s, const void *file, uint64_t size)
{
	const uint8_t *f = file;
	struct elf_section sym, str;
	struct elf_header h;

	if (size < sizeof(h))
		return -EINVAL;
	memcpy(&h, f, sizeof(h));
	if (memcmp(h.ident, ELF_IDENT, 6) != 0 || h.shentsize != sizeof(sym) || h.shoff > size ||
	    (uint64_t)h.shnum * sizeof(sym) > size - h.shoff)
		return -EINVAL;
	for (unsigned i = 0; i < h.shnum; i++) {
		if (!section_read(f, size, &h, i, &sym) || sym.type != SHT_SYMTAB ||
		    !section_read(f, size, &h, sym.link, &str))
			continue;
		*s = (struct symbols){f + sym.offset, sym.size / sizeof(struct elf_symbol),
				      (const char *)f + str.offset, str.size};
		/* The last name ends in the table, and so do all. */
		return str.size && !s->names[str.size - 1] ? 0 : -ENOENT;
	}
	return -ENOENT;
}

static bool is_code(const struct elf_symbol *y)
{
	unsigned type = y->info & 15u;

	return (type == STT_FUNC || type == STT_NOTYPE) && y->section != SHN_UNDEF &&
	       y->section < SHN_LORESERVE;
}

const char *symbols_find(const struct symbols *s, uint64_t addr, uint64_t *offset)
{
	struct elf_symbol y, best = {0}; /* name 0 is the empty one */

	for (uint64_t i = 0; i < s->count; i++) {
		memcpy(&y, s->table + i * sizeof(y), sizeof(y));
		if (!is_code(&y) || !y.name || y.name >= s->names_size || y.value > addr ||
		    addr - y.value >= (y.size ? y.size : UNSIZED_MAX))
			continue;
		/* The nearest; at one address a sized function before a label. */
		if (y.value > best.value || (y.value == best.value && y.size) || !best.name)
			best = y;
	}
	*offset = addr - best.value;
	return best.name ? s->names + best.name : NULL;
}
