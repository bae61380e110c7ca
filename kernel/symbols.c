/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/symbols.h"

const char *symbols_find(uint64_t at, uint64_t *offset)
{
	unsigned n = 0;

	while (n < symbol_count && symbol_table[n].start <= at)
		n++;
	if (!n)
		return NULL;
	*offset = at - symbol_table[n - 1].start;
	return symbol_names + symbol_table[n - 1].name;
}
