/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What policy refused a guest, counted and named without end or repetition. Pure. */
#pragma once

#include "kernel/types.h"

enum refuse_kind {
	/* What the configuration can give: kind / 2 is enum grant_kind, kind % 2 a write. */
	REFUSE_RDMSR,
	REFUSE_WRMSR,
	REFUSE_IN,
	REFUSE_OUT,
	REFUSE_PCI_READ, /* id is bus, device, function */
	REFUSE_PCI_WRITE,
	REFUSE_READ, /* memory, by page */
	REFUSE_WRITE,
	REFUSE_FETCH,
	REFUSE_INSN, /* an instruction; id is the exit's kind */
	REFUSE_KINDS
};

#define REFUSE_RANGES       64u /* they are listed in the log when the VM ends */
#define REFUSE_RANGES_LEARN 192u

/*
 * Neighbouring ids of a kind, where why is the same; PCI functions stay alone. rip and
 * vcpu are those of the first access, for the caller to fill in.
 */
struct refuse_range {
	uint64_t first, last, count;
	const char *why; /* no line of the configuration can give it; NULL: one can */
	uint64_t rip;
	unsigned vcpu;
	uint8_t kind;
};

struct refusals {
	struct refuse_range range[REFUSE_RANGES_LEARN]; /* in the order of their first access */
	unsigned ranges;
	unsigned room;                  /* how many there may be */
	uint64_t count[REFUSE_KINDS];   /* all, also those that found no room */
	uint64_t unnamed[REFUSE_KINDS]; /* found no room in range[] */
	unsigned said;                  /* lines given at once */
	bool listed;                    /* in the log, at its end */
};

/*
 * Counts an access to first..last of a kind. When it begins a range of its own, it is
 * worth a line in the log: then that range, for its rip and vcpu; else NULL.
 */
struct refuse_range *refuse_add(struct refusals *r, const struct refuse_range *access);
extern const char *const refuse_kind_names[REFUSE_KINDS];
