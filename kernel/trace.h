/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each core did, in a ring of its own: off by default, and one branch a
 * place then. Readers copy; a writer that overtakes one is noticed.
 */
#pragma once

#include "kernel/types.h"

/* Kinds of entry; bit n of a mask asks for kind n. The monitor's names are trace_kind_name(). */
enum trace_kind {
	TRACE_ENTRY, /* a guest is entered: a = RIP where known, else 0 */
	TRACE_EXIT,  /* a = enum vcpu_exit_kind, b = the kind's own: port, MSR, GPA, ... */
	/* vm, vcpu run next (vm 0: nobody); a = TSC of the slice's end, b = ticks run (idle) so far
	 */
	TRACE_SCHED,
	TRACE_INJECT,    /* a = vector, b = enum event_type */
	TRACE_HYPERCALL, /* a = number, b = result */
	TRACE_IRQ,       /* a physical interrupt of the core; a = vector */
	TRACE_KINDS
};

#define TRACE_ENTRIES 4096u /* a core */
#define TRACE_KEPT    256u  /* of these are kept over a panic */

struct trace_entry {
	uint64_t tsc;
	uint8_t kind;
	uint8_t vm; /* 1..; 0: none */
	uint16_t vcpu;
	uint32_t seq; /* number of the entry, wrapping */
	uint64_t a, b;
};
static_assert(sizeof(struct trace_entry) == 32, "two a cache line");

extern uint32_t trace_mask;

void trace_record(enum trace_kind kind, unsigned vm, unsigned vcpu, uint64_t a, uint64_t b);

static inline bool trace_wants(enum trace_kind kind)
{
	return unlikely(trace_mask & 1u << kind);
}

static inline void trace(enum trace_kind kind, unsigned vm, unsigned vcpu, uint64_t a, uint64_t b)
{
	if (trace_wants(kind))
		trace_record(kind, vm, vcpu, a, b);
}

const char *trace_kind_name(enum trace_kind kind);
/* Starts with this mask (0: stops). Rings are made at first use: -ENOMEM. */
int trace_start(uint32_t mask);
/*
 * Copies entries of a core from number *from on, at most n; *from becomes the
 * next one, *lost how many were overwritten before they could be read.
 */
unsigned trace_read(unsigned core, uint64_t *from, struct trace_entry *to, unsigned n,
		    uint64_t *lost);
/* Copies the last n entries of a core, or as many as there are; returns how many. */
unsigned trace_last(unsigned core, struct trace_entry *to, unsigned n);
