/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for addresses, from the hypervisor's own ELF file; pure. */
#include "kernel/symbols.h"

#include "kernel/errno.h"
#include "kernel/print.h"
#include "kernel/string.h"

/* ELF-64 Object File Format 1.5: file header, section header and symbol. */
struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
static_assert(sizeof(struct elf_header) == 64, "Elf64_Ehdr");

struct elf_section {
	uint32_t name, type;
	uint64_t flags, addr, offset, size;
	uint32_t link, info;
	uint64_t align, entsize;
};
static_assert(sizeof(struct elf_section) == 64, "Elf64_Shdr");

struct elf_symbol {
	uint32_t name;
	uint8_t info, other;
	uint16_t section;
	uint64_t value, size;
};
static_assert(sizeof(struct elf_symbol) == 24, "Elf64_Sym");

#define SHT_SYMTAB    2u
#define SHT_STRTAB    3u
#define SHN_UNDEF     0u
#define SHN_LORESERVE 0xff00u
#define STT_NOTYPE    0u
#define STT_FUNC      2u
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

	memset(s, 0, sizeof(*s));
	if (size < sizeof(h))
		return -EINVAL;
	memcpy(&h, f, sizeof(h));
	/* ELFCLASS64, ELFDATA2LSB */
	if (memcmp(h.ident, "\177ELF\2\1", 6) != 0 || h.shentsize != sizeof(sym) ||
	    h.shoff > size || (uint64_t)h.shnum * sizeof(sym) > size - h.shoff)
		return -EINVAL;
	for (unsigned i = 0; i < h.shnum; i++) {
		if (!section_read(f, size, &h, i, &sym) || sym.type != SHT_SYMTAB ||
		    sym.entsize != sizeof(struct elf_symbol))
			continue;
		if (!section_read(f, size, &h, sym.link, &str) || str.type != SHT_STRTAB)
			continue;
		s->table = f + sym.offset;
		s->count = sym.size / sizeof(struct elf_symbol);
		s->names = (const char *)f + str.offset;
		s->names_size = str.size;
		return 0;
	}
	return -ENOENT;
}

static bool name_valid(const struct symbols *s, uint32_t name)
{
	for (uint64_t i = name; i < s->names_size; i++)
		if (!s->names[i])
			return i > name;
	return false;
}

static bool is_code(const struct elf_symbol *y)
{
	unsigned type = y->info & 15u;

	return (type == STT_FUNC || type == STT_NOTYPE) && y->section != SHN_UNDEF &&
	       y->section < SHN_LORESERVE;
}

const char *symbols_find(const struct symbols *s, uint64_t addr, uint64_t *offset)
{
	struct elf_symbol y, best = {0};
	bool found = false;

	for (uint64_t i = 0; i < s->count; i++) {
		memcpy(&y, s->table + i * sizeof(y), sizeof(y));
		if (!is_code(&y) || y.value > addr ||
		    addr - y.value >= (y.size ? y.size : UNSIZED_MAX))
			continue;
		/* The nearest; at one address a sized function before a label. */
		if (found && (y.value < best.value || (y.value == best.value && !y.size)))
			continue;
		if (!name_valid(s, y.name))
			continue;
		best = y;
		found = true;
	}
	if (!found)
		return NULL;
	*offset = addr - best.value;
	return s->names + best.name;
}

int symbol_format(const void *file, uint64_t file_size, uint64_t addr, char *buf, size_t size)
{
	struct symbols s;
	const char *name;
	uint64_t offset;
	int err = symbols_init(&s, file, file_size);

	if (err)
		return err;
	name = symbols_find(&s, addr, &offset);
	if (!name) {
		name = addr ? symbols_find(&s, addr - 1, &offset) : NULL;
		if (!name)
			return -ENOENT;
		offset++;
	}
	ksnprintf(buf, size, "%s+0x%llx", name, (unsigned long long)offset);
	return 0;
}
