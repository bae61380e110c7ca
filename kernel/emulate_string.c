/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The emulator's string instructions, MOVS, STOS, INS and OUTS, with and without REP. */
#include "arch/x86/regs.h"
#include "kernel/emulate.h"

struct string {
	struct emu *e;
	const struct insn *i;
	unsigned size; /* of an element */
	gva_t src, dst;
	uint64_t value;
};

/* rSI or rDI as far as the address size goes. */
static uint64_t pointer(const struct string *s, unsigned gpr)
{
	return emu_trunc(vcpu_gpr_get(s->e->v, gpr), s->i->adsize);
}

static void advance(const struct string *s, unsigned gpr)
{
	uint64_t step = s->e->rflags & RFLAGS_DF ? 0ull - s->size : s->size;

	emu_set_gpr(s->e, gpr, s->i->adsize, pointer(s, gpr) + step);
}

static void port(struct string *s, bool out)
{
	uint16_t dx = (uint16_t)vcpu_gpr_get(s->e->v, GPR_RDX);

	port_access(s->e->v, dx, s->size, out, &s->value, 0);
}

static int input(struct string *s)
{
	/* What is read from a port is gone: see first that it can be stored. */
	int err = guest_read(s->e, s->dst, s->size, true, NULL);

	if (err)
		return err;
	port(s, false);
	return guest_write(s->e, s->dst, s->size, emu_trunc(s->value, s->size));
}

/* The transfer of one element; the source is in s->value. */
static int transfer(struct string *s)
{
	struct emu *e = s->e;
	uint64_t rax = emu_trunc(vcpu_gpr_get(e->v, GPR_RAX), s->size);

	switch (s->i->op) {
	case INSN_MOVS:
		return guest_write(e, s->dst, s->size, s->value);
	case INSN_STOS:
		return guest_write(e, s->dst, s->size, rax);
	case INSN_INS:
		return input(s);
	default:
		port(s, true);
		return 0;
	}
}

static int element(struct string *s)
{
	enum insn_op op = s->i->op;
	struct emu *e = s->e;
	bool reads = op == INSN_MOVS || op == INSN_OUTS, writes = op != INSN_OUTS;
	int err = 0;

	if (reads) {
		err = emu_linear(e, s->i, s->i->seg, pointer(s, GPR_RSI), s->size, false, &s->src);
		if (!err)
			err = guest_read(e, s->src, s->size, false, &s->value);
	}
	if (!err && writes)
		err = emu_linear(e, s->i, SREG_ES, pointer(s, GPR_RDI), s->size, true, &s->dst);
	if (!err)
		err = transfer(s);
	if (err)
		return err;
	if (reads)
		advance(s, GPR_RSI);
	if (writes)
		advance(s, GPR_RDI);
	return 0;
}

int emu_string(struct emu *e, const struct insn *i)
{
	struct string s = {.e = e, .i = i, .size = i->dst.size};
	int err;

	if ((i->op == INSN_INS || i->op == INSN_OUTS) && !e->io)
		return -ENOTSUP;
	if (i->rep == REP_NONE)
		return element(&s);
	for (unsigned n = 0; n < EMU_REP_MAX; n++) {
		uint64_t count = pointer(&s, GPR_RCX);

		if (!count)
			return EMU_DONE;
		err = element(&s);
		if (err)
			return err;
		emu_set_gpr(e, GPR_RCX, i->adsize, count - 1);
		if (count == 1)
			return EMU_DONE;
		/* A step ends with each iteration, and so do breakpoints (SDM 3B 17.3.1). */
		if (e->rflags & RFLAGS_TF || e->v->pending.valid)
			break;
	}
	return EMU_REPEAT;
}
