/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypervisor's own log in memory: lines with a time stamp in a ring. Pure.
 * A damaged copy of its bytes is read as text all the same.
 */
#pragma once

#include "kernel/types.h"

#define DMESG_LINE 288u /* of a line with its stamp, newline and NUL */

struct dmesg {
	uint64_t head; /* bytes ever written; the next goes to text[head % size] */
	char text[KIB(32) - 8];
};
static_assert(sizeof(struct dmesg) == KIB(32), "eight pages");

/* Every line that was logged since power-on, as far as there is room. */
extern struct dmesg log_ring;

/* One writer at a time; readers need no lock. A line that is too long is cut. */
void dmesg_add(struct dmesg *d, uint64_t ns, const char *line);

/*
 * The line at *cursor (0 at first, or what the last call left there), or the
 * oldest that is left; without its newline. False: there is none yet.
 */
bool dmesg_read(const struct dmesg *d, uint64_t *cursor, char line[DMESG_LINE]);
