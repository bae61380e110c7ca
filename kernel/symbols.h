/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for addresses, from the hypervisor's own ELF file; pure. */
#pragma once

#include "kernel/types.h"

/* Both tables lie in the file; the file must stay where it is. */
struct symbols {
	const uint8_t *table; /* Elf64_Sym[count], not necessarily aligned */
	uint64_t count;
	const char *names;
	uint64_t names_size;
};

/* Nothing in the file is trusted. -EINVAL: no ELF64 file; -ENOENT: no symbol table. */
int symbols_init(struct symbols *s, const void *file, uint64_t size);

/* The function that addr lies in, and how far; NULL when there is none. */
const char *symbols_find(const struct symbols *s, uint64_t addr, uint64_t *offset);
