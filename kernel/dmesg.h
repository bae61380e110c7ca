/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's own log in memory: lines with a time stamp in a ring. Pure.
 * A copy of its bytes, wherever it was kept, is read by the same reader.
 */
#pragma once

#include "kernel/types.h"

#define DMESG_MAGIC 0x676f6c6c6c756du /* "mulllog" */
#define DMESG_LINE  288u              /* of a line with its stamp, newline and NUL */

struct dmesg {
	uint64_t magic; /* DMESG_MAGIC */
	uint64_t size;  /* of text[] */
	uint64_t head;  /* bytes ever written; the next goes to text[head % size] */
	char text[KIB(32) - 24];
};
static_assert(sizeof(struct dmesg) == KIB(32), "eight pages");

/* Every line that was logged since power-on, as far as there is room. */
extern struct dmesg log_ring;

/* One writer at a time; readers need no lock. A line that is too long is cut. */
void dmesg_add(struct dmesg *d, uint64_t ns, const char *line);

/* What the bytes of a ring must fulfil to be read at all. */
bool dmesg_valid(const struct dmesg *d);

/*
 * The line at *cursor (0 at first, or what the last call left there), or the
 * oldest that is left; without its newline. False: there is none yet.
 */
bool dmesg_read(const struct dmesg *d, uint64_t *cursor, char line[DMESG_LINE]);
