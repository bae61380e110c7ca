/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's ELF file: checked and laid out in memory; pure. */
#pragma once

#include "kernel/types.h"

#define ELF_IMAGE_MAX MIB(64)

struct elf_image {
	uint64_t entry; /* virtual */
	uint64_t size;  /* bytes from the link base to the end of the BSS */
};

/*
 * Checks a whole ELF64 executable that is linked at base. Returns 0, or
 * -EINVAL with what is wrong in *why: then nothing of it may be used.
 */
int elf_check(const void *file, uint64_t size, uint64_t base, struct elf_image *img,
	      const char **why);

/* Lays a file that elf_check accepted out in the img->size bytes at image. */
void elf_load(const void *file, uint64_t base, const struct elf_image *img, void *image);
