/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls of paravirtual guests: argument checks and dispatch. Pure: the
 * machine comes through struct hcall_ops, guest memory through vm_read() and
 * vm_write(). The ABI is guests/include/mullion.h.
 */
#ifndef KERNEL_HYPERCALL_H
#define KERNEL_HYPERCALL_H

#include "kernel/blk/blk.h"
#include "kernel/evtchn.h"
#include "kernel/types.h"
#include "kernel/vm.h"

enum hcall_power { HCALL_POWER_OFF, HCALL_RESTART, HCALL_CRASH };

/* All get hcall_ctx.owner. None may wait. */
struct hcall_ops {
	void (*console_write)(void *owner, const char *p, unsigned n);
	/* Bytes given, 0..n. */
	unsigned (*console_read)(void *owner, char *p, unsigned n);
	/* Nanoseconds on a clock of enum mullion_clock (already checked). */
	uint64_t (*time_ns)(void *owner, enum mullion_clock clock);
	/* One-shot, absolute monotonic; then evtchn_raise(MULLION_PORT_TIMER). */
	void (*timer_arm)(void *owner, uint64_t deadline_ns); /* MULLION_TIMER_OFF: disarm */
	void (*yield)(void *owner);
	/*
	 * Block the vCPU until evtchn_active() or an interrupt can be taken; to
	 * be checked again after the vCPU is marked as blocked, so that an event
	 * in between is not lost. Called only when nothing is active.
	 */
	void (*halt)(void *owner);
	/* Bites after ns, 0: never. -ENODEV: there is none. */
	int (*watchdog)(void *owner, uint64_t ns);
	/* text: printable ASCII, NUL terminated; only for a crash, else "". */
	void (*power)(void *owner, enum hcall_power what, uint64_t reason, const char *text);
};

struct hcall_ctx {
	struct vm *vm;
	unsigned cpl; /* of the caller: SS.DPL */
	unsigned vcpu_count;
	struct evtchn *events;
	struct blk *disk; /* NULL: none */
	const struct hcall_ops *ops;
	void *owner; /* the calling vCPU */
};

/*
 * nr = RAX, args = RDI, RSI, RDX, R10, R8. Returns the new RAX. The caller has
 * moved RIP past the instruction, or does so afterwards; always exactly once.
 */
int64_t hypercall(struct hcall_ctx *ctx, uint64_t nr, const uint64_t args[5]);

#endif
