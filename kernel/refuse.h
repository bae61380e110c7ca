/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What policy refused a guest, counted and named without end or repetition. Pure. */
#pragma once

#include "kernel/types.h"

enum refuse_kind {
	REFUSE_RDMSR,
	REFUSE_WRMSR,
	REFUSE_IN,
	REFUSE_OUT,
	REFUSE_READ, /* memory, by page */
	REFUSE_WRITE,
	REFUSE_FETCH,
	REFUSE_INSN, /* an instruction; id is the exit's kind */
	REFUSE_KINDS
};

#define REFUSE_RANGES 64u

/* Neighbouring ids of a kind are one range. */
struct refuse_range {
	uint64_t first, last, count;
	uint8_t kind;
};

struct refusals {
	struct refuse_range range[REFUSE_RANGES];
	unsigned ranges;
	uint64_t count[REFUSE_KINDS]; /* all, also those that found no room */
	uint64_t unnamed;             /* found no room in range[] */
	unsigned said;                /* lines given at once */
};

/* Counts; true when it begins a range of its own: worth a line in the log. */
bool refuse_add(struct refusals *r, enum refuse_kind kind, uint64_t id);
extern const char *const refuse_kind_names[REFUSE_KINDS];
