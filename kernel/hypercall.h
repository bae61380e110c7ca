/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls of paravirtual guests: argument checks and dispatch. Pure: the
 * machine comes through the hcall_ functions and those of kernel/vm.h. The ABI is
 * guests/include/mullion.h.
 */
#pragma once

#include "kernel/blk/blk.h"
#include "kernel/evtchn.h"
#include "kernel/types.h"
#include "kernel/vm.h"

struct vcpu;

struct hcall_ctx {
	struct vm *vm;
	unsigned cpl; /* of the caller: SS.DPL */
	unsigned vcpu_count;
	struct evtchn *events;
	struct blk *disk;    /* NULL: none */
	struct vcpu *caller; /* for what follows */
};

/* What the machine does for them: kernel/pv.c, or a test. None may wait. */
/* Nanoseconds on a clock of enum mullion_clock (already checked). */
uint64_t hcall_time_ns(struct vcpu *v, enum mullion_clock clock);
/* One-shot, absolute monotonic; then evtchn_raise(MULLION_PORT_TIMER). */
void hcall_timer_arm(struct vcpu *v, uint64_t deadline_ns); /* MULLION_TIMER_OFF: disarm */
void hcall_yield(struct vcpu *v);
/* text: printable ASCII, NUL terminated. */
void hcall_crash(struct vcpu *v, uint64_t reason, const char *text);

/*
 * nr = RAX, args = RDI, RSI, RDX, R10, R8. Returns the new RAX. The caller has
 * moved RIP past the instruction, or does so afterwards; always exactly once.
 */
int64_t hypercall(struct hcall_ctx *ctx, uint64_t nr, const uint64_t args[5]);
