/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Executes one decoded instruction whose memory operand is a device, or string I/O. Pure. */
#pragma once

#include "arch/x86/decode.h"
#include "kernel/event.h"
#include "kernel/types.h"
#include "kernel/vcpu.h"

#define EMU_DONE   0 /* advance RIP by insn->len */
#define EMU_REPEAT 1 /* a REP has iterations left: leave RIP, enter the guest again */

#define EMU_REP_MAX 64u /* iterations of one call, so that a guest cannot hold the core */

struct emu {
	struct vcpu *v;
	struct vcpu_context c;
	struct insn_slot *slot; /* of the instruction */
	gpa_t device;           /* an address in the page that the exit was for: no RAM */
	/*
	 * Hardware has stopped at an I/O instruction, and so has checked that
	 * the guest may do it: else INS and OUTS give -ENOTSUP.
	 */
	bool io;
	uint64_t rip;            /* of the instruction */
	uint64_t rflags;         /* in and out: only the arithmetic flags are changed */
	struct vcpu_event fault; /* out, with -EFAULT */
};

/*
 * What the emulator reaches of the guest beside its registers: kernel/mmio.c and
 * kernel/beyond.c, or a test.
 *
 * An access of 1, 2, 4 or 8 bytes at a linear address, wherever that leads (RAM
 * or device, maybe across a page): 0, or -EFAULT with the exception in e->fault.
 * write_intent: a write to the same place follows, and the page must allow it;
 * value NULL: tell only whether it does.
 */
int guest_read(struct emu *e, gva_t va, unsigned size, bool write_intent, uint64_t *value);
int guest_write(struct emu *e, gva_t va, unsigned size, uint64_t value);
/* A port, for IN and OUT too. passed: so many bytes RIP has gone on already. A read sets *value. */
void port_access(struct vcpu *v, uint16_t port, unsigned size, bool write, uint64_t *value,
		 unsigned passed);

/*
 * EMU_DONE or EMU_REPEAT; -EFAULT: raise e->fault, no register has changed
 * (but for the iterations of a REP that were done); -ENOTSUP: not an
 * instruction that is emulated.
 */
int emulate(struct emu *e, const struct insn *i);

/* task.c: what has asked for it, as the exit qualification of VMX says (SDM 3C table 27-2). */
enum task_source { TASK_CALL, TASK_IRET, TASK_JMP, TASK_GATE };
/*
 * To the TSS that selector is of, whose descriptor the processor has checked; v->pending has
 * come through a task gate. e->rip and rflags: how the old task goes on. 0; 1: a #DB by the
 * T flag is due; -EFAULT: raise e->fault; -ENOTSUP: a TSS of 16 bits.
 */
int task_switch(struct emu *e, enum task_source source, uint16_t selector);

/* Between the emulator's files. */

/* Result of a op b in size bytes; the arithmetic flags in *rflags become its. */
uint64_t emu_alu(enum insn_op op, uint64_t a, uint64_t b, unsigned size, uint64_t *rflags);
/* Truncates to, and sign-extends from, size bytes. */
uint64_t emu_trunc(uint64_t v, unsigned size);
uint64_t emu_sext(uint64_t v, unsigned size);
/* A register written in size bytes: 4 clear the upper half (SDM 1 3.4.1.1). */
void emu_set_gpr(struct emu *e, unsigned n, unsigned size, uint64_t value);
/*
 * Linear address of size bytes at an offset in a segment; checks limit, rights
 * and canonical form: -EFAULT with #GP(0) or #SS(0) in e->fault.
 */
int emu_linear(struct emu *e, const struct insn *i, unsigned seg, uint64_t offset, unsigned size,
	       bool write, gva_t *va);
/* The effective address of the ModRM operand, without displacement by a bit number. */
static inline uint64_t emu_effective(struct emu *e, const struct insn *i)
{
	uint64_t ea = (uint64_t)i->disp;

	if (i->base == INSN_REG_RIP)
		ea += e->rip + i->len;
	else if (i->base != INSN_NO_REG)
		ea += vcpu_gpr_get(e->v, i->base);
	if (i->index != INSN_NO_REG)
		ea += vcpu_gpr_get(e->v, i->index) << i->scale;
	return ea;
}
int emu_string(struct emu *e, const struct insn *i);
