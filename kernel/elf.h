/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF-64 as System V ABI, chapters 4 and 5, has it: the hypervisor's own file, and guests'. */
#pragma once

#include "kernel/types.h"

#define ELF_IDENT "\177ELF\2\1" /* ELFCLASS64, ELFDATA2LSB */

struct elf_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, phoff, shoff;
	uint32_t flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
static_assert(sizeof(struct elf_header) == 64, "Elf64_Ehdr");

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
static_assert(sizeof(struct elf_segment) == 56, "Elf64_Phdr");

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

#define ET_EXEC       2u
#define ET_DYN        3u
#define EM_X86_64     62u
#define PT_LOAD       1u
#define PT_INTERP     3u
#define PF_X          1u
#define SHT_SYMTAB    2u
#define SHN_UNDEF     0u
#define SHN_LORESERVE 0xff00u
#define STT_NOTYPE    0u
#define STT_FUNC      2u
