/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What policy refused a guest, counted and named without end or repetition. Pure. */
#pragma once

#include "kernel/types.h"

/*
 * X(kind, name): REFUSE_kind, and what the log calls it. What the configuration can give is first:
 * kind / 2 is enum grant_kind, kind % 2 a write.
 */
#define REFUSE_LIST(X)                                                                             \
	X(RDMSR, "RDMSR")                                                                          \
	X(WRMSR, "WRMSR")                                                                          \
	X(IN, "IN port")                                                                           \
	X(OUT, "OUT port")                                                                         \
	X(PCI_READ, "PCI read") /* id is bus, device, function */                                  \
	X(PCI_WRITE, "PCI write")                                                                  \
	X(READ, "read of page") /* memory, by page */                                              \
	X(WRITE, "write to page")                                                                  \
	X(FETCH, "fetch from page")                                                                \
	X(INSN, "instruction") /* an instruction; id is the exit's kind */

#define REFUSE_KIND(kind, name) REFUSE_##kind,
enum refuse_kind { REFUSE_LIST(REFUSE_KIND) REFUSE_KINDS };
#undef REFUSE_KIND

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
