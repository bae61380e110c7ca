/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The emulator's arithmetic: results and flags as the CPU computes them (SDM 1 3.4.3.1). */
#include "arch/x86/regs.h"
#include "kernel/emulate.h"

#define ARITH_FLAGS (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

uint64_t emu_trunc(uint64_t v, unsigned size)
{
	return size == 8 ? v : v & (BIT(8 * size) - 1);
}

uint64_t emu_sext(uint64_t v, unsigned size)
{
	unsigned shift = 64 - 8 * size;

	return (uint64_t)((int64_t)(v << shift) >> shift);
}

static uint64_t top_bit(uint64_t v, unsigned size)
{
	return v >> (8 * size - 1) & 1;
}

/* ZF, SF and PF of a truncated result. */
static uint64_t result_flags(uint64_t v, unsigned size)
{
	return (v ? 0 : RFLAGS_ZF) | (top_bit(v, size) ? RFLAGS_SF : 0) |
	       (__builtin_parity((unsigned)v & 0xff) ? 0 : RFLAGS_PF);
}

/* carries: bit n is the carry (or borrow) out of bit n. */
static uint64_t flags_of(uint64_t v, uint64_t carries, bool overflow, unsigned size)
{
	return result_flags(v, size) | (top_bit(carries, size) ? RFLAGS_CF : 0) |
	       (carries & BIT(3) ? RFLAGS_AF : 0) | (overflow ? RFLAGS_OF : 0);
}

static uint64_t add(uint64_t a, uint64_t b, uint64_t carry, unsigned size, uint64_t *flags)
{
	uint64_t v = emu_trunc(a + b + carry, size);

	*flags = flags_of(v, (a & b) | ((a | b) & ~v), top_bit((a ^ v) & (b ^ v), size), size);
	return v;
}

static uint64_t sub(uint64_t a, uint64_t b, uint64_t borrow, unsigned size, uint64_t *flags)
{
	uint64_t v = emu_trunc(a - b - borrow, size);

	*flags = flags_of(v, (~a & b) | ((~a | b) & v), top_bit((a ^ b) & (a ^ v), size), size);
	return v;
}

/* AF is undefined for logic operations; every CPU clears it. */
static uint64_t logic(uint64_t v, unsigned size, uint64_t *flags)
{
	*flags = result_flags(v, size);
	return v;
}

/* BT and its kin change CF alone: the others are undefined or kept, and kept by every CPU. */
static uint64_t bit_op(enum insn_op op, uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
	uint64_t bit = BIT(b & (8 * size - 1));

	*rflags = (*rflags & ~RFLAGS_CF) | (a & bit ? RFLAGS_CF : 0);
	switch (op) {
	case INSN_BTS:
		return a | bit;
	case INSN_BTR:
		return a & ~bit;
	case INSN_BTC:
		return a ^ bit;
	default:
		return a;
	}
}

static uint64_t compute(enum insn_op op, uint64_t a, uint64_t b, unsigned size, uint64_t carry,
			uint64_t *flags)
{
	switch (op) {
	case INSN_ADD:
	case INSN_ADC:
		return add(a, b, op == INSN_ADC ? carry : 0, size, flags);
	case INSN_SUB:
	case INSN_CMP:
	case INSN_SBB:
		return sub(a, b, op == INSN_SBB ? carry : 0, size, flags);
	case INSN_OR:
		return logic(a | b, size, flags);
	case INSN_XOR:
		return logic(a ^ b, size, flags);
	default: /* AND, TEST */
		return logic(a & b, size, flags);
	}
}

uint64_t emu_alu(enum insn_op op, uint64_t a, uint64_t b, unsigned size, uint64_t *rflags)
{
	uint64_t flags, v;

	a = emu_trunc(a, size);
	b = emu_trunc(b, size);
	if (op >= INSN_BT && op <= INSN_BTC)
		return bit_op(op, a, b, size, rflags);
	v = compute(op, a, b, size, *rflags & RFLAGS_CF, &flags);
	*rflags = (*rflags & ~ARITH_FLAGS) | flags;
	return v;
}
