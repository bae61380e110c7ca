/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ELF as System V ABI, chapters 4 and 5, has it. */
#pragma once

#include "kernel/types.h"

#define ELF_IDENT   "\177ELF\2\1" /* ELFCLASS64, ELFDATA2LSB */
#define ELF32_IDENT "\177ELF\1\1"

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

/* The 32-bit forms, of guests' files. */
struct elf32_header {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version, entry, phoff, shoff, flags;
	uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
static_assert(sizeof(struct elf32_header) == 52, "Elf32_Ehdr");

struct elf32_segment {
	uint32_t type, offset, vaddr, paddr, filesz, memsz, flags, align;
};
static_assert(sizeof(struct elf32_segment) == 32, "Elf32_Phdr");

struct elf_note {
	uint32_t namesz, descsz, type; /* then name and descriptor, each padded to 4 bytes */
};

#define ET_EXEC   2u
#define EM_386    3u
#define EM_X86_64 62u
#define PT_LOAD   1u
#define PT_INTERP 3u
#define PT_NOTE   4u
#define PF_X      1u

/*
 * Reads the header of a static executable, either form as the wide one (machine:
 * EM_386 or EM_X86_64). NULL, or what is wrong, as a clause: "it is …".
 */
const char *elf_open(const void *file, uint64_t size, struct elf_header *h);
/* Segment i of h->phnum; whether it is in the file is not looked at, but by the other one. */
struct elf_segment elf_segment_at(const void *file, const struct elf_header *h, unsigned i);
const char *elf_segment_check(const struct elf_segment *s, uint64_t size);
