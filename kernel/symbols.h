/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for addresses, of a table that tools/symbols.py makes when the image is linked; pure. */
#pragma once

#include "kernel/types.h"

struct symbol {
	uint32_t start; /* of the function, from the first one's; ascending */
	uint32_t name;  /* offset in symbol_names */
};

extern const struct symbol symbol_table[];
extern const uint32_t symbol_count;
extern const char symbol_names[];

/* The function that lies at so many bytes behind the first one, and how far; NULL: none. */
const char *symbols_find(uint64_t at, uint64_t *offset);
