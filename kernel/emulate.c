/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Executes decoded instructions on device memory: operands, addresses, dispatch. */
#include "kernel/emulate.h"
#include "arch/x86/regs.h"

void emu_set_gpr(struct emu *e, unsigned n, unsigned size, uint64_t value)
{
	uint64_t keep = size >= 4 ? 0 : vcpu_gpr_get(e->v, n);

	vcpu_gpr_set(e->v, n, (keep ^ emu_trunc(keep, size)) | emu_trunc(value, size));
}

static int fault(struct emu *e, unsigned seg)
{
	e->fault = event_fault(seg == SREG_SS ? VEC_SS : VEC_GP, 0);
	return -EFAULT;
}

/* Limit and type of a segment outside 64-bit mode (SDM 3A 5.3, 5.4). */
static bool segment_allows(const struct vcpu_seg *s, uint64_t offset, unsigned size, bool write)
{
	bool code = s->rights & BIT(3), rw = s->rights & BIT(1), down = !code && s->rights & BIT(2);
	uint64_t last = offset + size - 1;

	if (s->rights & SEG_UNUSABLE || (code ? write || !rw : write && !rw))
		return false;
	if (down)
		return offset > s->limit && last <= (s->rights & SEG_DB ? UINT32_MAX : UINT16_MAX);
	return last <= s->limit;
}

int emu_linear(struct emu *e, const struct insn *i, unsigned seg, uint64_t offset, unsigned size,
	       bool write, gva_t *va)
{
	struct vcpu_seg s;

	if (i->mode == CPU_MODE_64) {
		*va = offset;
		if (seg == SREG_FS || seg == SREG_GS)
			*va += vcpu_ops->get_seg(e->v, seg).base;
		return is_canonical(*va) && is_canonical(*va + size - 1) ? 0 : fault(e, seg);
	}
	s = vcpu_ops->get_seg(e->v, seg);
	*va = (uint32_t)(s.base + offset);
	return segment_allows(&s, offset, size, write) ? 0 : fault(e, seg);
}

/* An instruction in execution: its operands, fetched. */
struct exec {
	struct emu *e;
	const struct insn *i;
	gva_t va; /* of the memory operand */
};

static int get(struct exec *x, const struct operand *o, bool rmw, uint64_t *v)
{
	*v = 0;
	switch (o->kind) {
	case OPERAND_REG:
		*v = emu_trunc(vcpu_gpr_get(x->e->v, o->reg) >> (o->high ? 8 : 0), o->size);
		return 0;
	case OPERAND_IMM:
		*v = emu_trunc(x->i->imm, o->size);
		return 0;
	default:
		return guest_read(x->e, x->va, o->size, rmw, v);
	}
}

static int put(struct exec *x, const struct operand *o, uint64_t v)
{
	uint64_t old;

	if (o->kind == OPERAND_MEM)
		return guest_write(x->e, x->va, o->size, emu_trunc(v, o->size));
	if (o->high) {
		old = vcpu_gpr_get(x->e->v, o->reg);
		vcpu_gpr_set(x->e->v, o->reg, (old & ~0xff00ull) | (v & 0xff) << 8);
	} else {
		emu_set_gpr(x->e, o->reg, o->size, v);
	}
	return 0;
}

/* Moves: the destination is written, not read. */
static int move(struct exec *x)
{
	const struct insn *i = x->i;
	uint64_t v;
	int err = get(x, &i->src, false, &v);

	if (err)
		return err;
	if (i->op == INSN_MOVSX)
		v = emu_sext(v, i->src.size);
	return put(x, &i->dst, v);
}

static bool writes_back(enum insn_op op)
{
	return op != INSN_CMP && op != INSN_TEST && op != INSN_BT;
}

static int arithmetic(struct exec *x)
{
	const struct insn *i = x->i;
	uint64_t a, b, v, flags = x->e->rflags;
	int err = get(x, &i->dst, writes_back(i->op), &a);

	if (!err)
		err = get(x, &i->src, false, &b);
	if (err)
		return err;
	v = emu_alu(i->op, a, b, i->dst.size, &flags);
	if (writes_back(i->op))
		err = put(x, &i->dst, v);
	if (!err)
		x->e->rflags = flags;
	return err;
}

/* XCHG: the memory operand is always dst, and is written first as it may fault. */
static int exchange(struct exec *x)
{
	const struct insn *i = x->i;
	uint64_t a, b;
	int err = get(x, &i->dst, true, &a);

	if (err)
		return err;
	get(x, &i->src, false, &b);
	err = put(x, &i->dst, b);
	if (!err)
		put(x, &i->src, a);
	return err;
}

/* A bit number in a register reaches beyond the operand: signed (SDM 2A 3.1.1.9). */
static uint64_t bit_displacement(struct emu *e, const struct insn *i)
{
	unsigned size = i->dst.size;

	if (i->op < INSN_BT || i->op > INSN_BTC || i->src.kind != OPERAND_REG)
		return 0;
	int64_t bit = (int64_t)emu_sext(vcpu_gpr_get(e->v, i->src.reg), size);
	return (uint64_t)(bit >> 3) & ~(uint64_t)(size - 1);
}

int emulate(struct emu *e, const struct insn *i)
{
	struct exec x = {.e = e, .i = i};

	if (i->op == INSN_OTHER)
		return -ENOTSUP;
	if (i->op >= INSN_MOVS)
		return emu_string(e, i);
	if (i->has_mem) {
		bool dst = i->dst.kind == OPERAND_MEM, write = dst && writes_back(i->op);
		uint64_t ea = emu_trunc(emu_effective(e, i) + bit_displacement(e, i), i->adsize);
		int err =
			emu_linear(e, i, i->seg, ea, dst ? i->dst.size : i->src.size, write, &x.va);

		if (err)
			return err;
	}
	switch (i->op) {
	case INSN_MOV:
	case INSN_MOVZX:
	case INSN_MOVSX:
		return move(&x);
	case INSN_XCHG:
		return exchange(&x);
	default:
		return arithmetic(&x);
	}
}
