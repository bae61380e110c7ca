/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory where a panic leaves its record: the same at each boot of a machine. */
#include "kernel/survive.h"
#include "boot/loader.h"

/* Above what firmware unpacks itself into, below what it allocates from the top. */
static const uint16_t places_mib[] = {32, 48, 64, 96, 128};

/*
 * The first place that can be had, unless another one holds a record: what
 * firmware occupied then may be free now. A guest may have had the memory of
 * that other one, and have forged it: all that it gains is lines in the log.
 */
void survive_reserve(struct handoff *h)
{
	for (unsigned i = 0; i < ARRAY_SIZE(places_mib); i++) {
		uint64_t base = MIB(places_mib[i]);

		if (!pages_take(base, sizeof(struct survive)))
			continue;
		if (survive_valid(phys(base))) {
			pages_free(h->survive);
			h->survive = base;
			break;
		}
		if (h->survive)
			pages_free(base);
		else
			h->survive = base;
	}
}
