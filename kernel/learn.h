/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Learn mode: what policy refused a VM, as configuration lines that would allow it. Pure. */
#pragma once

#include "kernel/config.h"

#define LEARN_RECORDS 256u /* of each kind */

/* A refused access; a port's touches size ids from id on. */
struct learn_access {
	enum grant_kind kind;
	uint32_t id;
	unsigned size;
	bool write;
	bool kept; /* answered by the hypervisor itself: a line would change nothing */
	unsigned vcpu;
	uint64_t rip;
};

struct learn_record {
	uint64_t count; /* accesses that began at this id */
	uint64_t rip;   /* of the first one that touched it */
	uint32_t id;
	uint16_t vcpu;
	bool write, kept;
};

/* Only grows until it is cleared: it may be read while another core adds. */
struct learn {
	struct learn_table {
		struct learn_record r[LEARN_RECORDS]; /* in the order of their first time */
		unsigned count;
		uint64_t lost; /* found no room */
	} table[GRANT_PCI + 1];
};

/* One caller at a time. */
void learn_add(struct learn *l, const struct learn_access *a);
typedef void (*learn_line_fn)(void *ctx, const char *text);
/*
 * Lines for mullion.conf, each below a comment that says how often and from
 * where; what cannot be given is a comment altogether.
 */
void learn_lines(const struct learn *l, learn_line_fn line, void *ctx);
