/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names operation and operands of the decoded instructions that are emulated. */
#include "arch/x86/decode.h"
#include "kernel/types.h"

#define ANY 8u /* ModRM.reg does not matter */
#define ADD 9u /* ModRM.reg is added to the operation */

/*
 * An operand is its place and its size, much as in SDM 2A appendix A.
 *   E  ModRM.rm    G  ModRM.reg    A  accumulator    I  immediate    -  none (string: implied)
 *   x  a byte where the opcode is even, else the operand size    v  the operand size
 *   y  4 or 8    z  as x, 4 at most    b  1    w  2    0  none
 * What drivers use on devices comes first: the first match counts.
 */
static const struct rule {
	uint8_t map, first, last, reg, op;
	char dst[2], src[2];
} rules[] = {
	{0, 0x88, 0x89, ANY, INSN_MOV, "Ex", "Gx"},
	{0, 0x8a, 0x8b, ANY, INSN_MOV, "Gx", "Ex"},
	{0, 0xc6, 0xc7, 0, INSN_MOV, "Ex", "Ix"},
	{0, 0x6c, 0x6d, ANY, INSN_INS, "-z", "-0"},
	{0, 0x6e, 0x6f, ANY, INSN_OUTS, "-z", "-0"},
	{0, 0xa4, 0xa5, ANY, INSN_MOVS, "-x", "-0"},
	{0, 0xaa, 0xab, ANY, INSN_STOS, "-x", "-0"},
	{0, 0x80, 0x83, ADD, INSN_ADD, "Ex", "Ix"},
	{0, 0x84, 0x85, ANY, INSN_TEST, "Ex", "Gx"},
	{0, 0xf6, 0xf7, 0, INSN_TEST, "Ex", "Ix"},
	{0, 0xf6, 0xf7, 1, INSN_TEST, "Ex", "Ix"},
	{1, 0xb6, 0xb6, ANY, INSN_MOVZX, "Gv", "Eb"},
	{1, 0xb7, 0xb7, ANY, INSN_MOVZX, "Gv", "Ew"},
	{1, 0xbe, 0xbe, ANY, INSN_MOVSX, "Gv", "Eb"},
	{1, 0xbf, 0xbf, ANY, INSN_MOVSX, "Gv", "Ew"},
	{0, 0x63, 0x63, ANY, INSN_MOVSX, "Gv", "Ez"}, /* ARPL outside 64-bit mode */
	{0, 0x86, 0x87, ANY, INSN_XCHG, "Ex", "Gx"},
	{0, 0xa0, 0xa1, ANY, INSN_MOV, "Ax", "Ex"},
	{0, 0xa2, 0xa3, ANY, INSN_MOV, "Ex", "Ax"},
	{0, 0xa8, 0xa9, ANY, INSN_TEST, "Ax", "Ix"},
	{1, 0xa3, 0xa3, ANY, INSN_BT, "Ex", "Gx"},
	{1, 0xab, 0xab, ANY, INSN_BTS, "Ex", "Gx"},
	{1, 0xb3, 0xb3, ANY, INSN_BTR, "Ex", "Gx"},
	{1, 0xbb, 0xbb, ANY, INSN_BTC, "Ex", "Gx"},
	{1, 0xba, 0xba, ADD, INSN_BT - 4, "Ev", "Ib"}, /* reg is 4 to 7; imm8: a bit number */
	{1, 0xc3, 0xc3, ANY, INSN_MOV, "Ey", "Gy"},    /* MOVNTI */
};

static unsigned size_of(const struct insn *i, char size)
{
	unsigned x = i->opcode & 1 ? i->opsize : 1;

	switch (size) {
	case '0':
		return 0;
	case 'b':
		return 1;
	case 'w':
		return 2;
	case 'v':
		return i->opsize;
	case 'y': /* in 16-bit code 4, too */
		return x == 8 ? 8 : 4;
	case 'z': /* there is no 64-bit port: REX.W counts as 32 bits */
		return x == 8 ? 4 : x;
	default:
		return x;
	}
}

static struct operand operand(const struct insn *i, const char text[2])
{
	struct operand o = {.kind = OPERAND_REG, .size = (uint8_t)size_of(i, text[1])};

	switch (text[0]) {
	case 'E':
		o.reg = (i->modrm & 7) | (uint8_t)((i->rex & 1) << 3);
		if (i->has_mem)
			return (struct operand){.kind = OPERAND_MEM, .size = o.size};
		break;
	case 'G':
		o.reg = (i->modrm >> 3 & 7) | (uint8_t)((i->rex & 4) << 1);
		break;
	case 'I':
		o.kind = OPERAND_IMM;
		break;
	case '-':
		o.kind = OPERAND_NONE;
		break;
	default: /* the accumulator, register 0 */
		break;
	}
	/* SDM 2A 2.2.1.2: without REX, 4 to 7 are AH, CH, DH, BH. */
	if (o.size == 1 && !i->rex && o.reg >= 4) {
		o.reg -= 4;
		o.high = true;
	}
	return o;
}

static void set(struct insn *i, unsigned op, const char dst[2], const char src[2])
{
	i->op = (uint8_t)op;
	i->dst = operand(i, dst);
	i->src = operand(i, src);
}

void insn_operands(struct insn *i)
{
	/* By bits 2:1 of the opcode: ADD, OR, ADC and their kin. */
	static const char alu[][2][2] = {{"Ex", "Gx"}, {"Gx", "Ex"}, {"Ax", "Ix"}};
	unsigned n = i->modrm >> 3 & 7, form = i->opcode >> 1 & 3;

	if (i->map == 0 && i->opcode < 0x40 && form < ARRAY_SIZE(alu))
		set(i, INSN_ADD + (i->opcode >> 3u), alu[form][0], alu[form][1]);
	/* MOVNTI: to memory, and undefined with 66, F2 or F3 (NP: SDM 2A 3.1.1.1). */
	if ((i->map == 0 && i->opcode == 0x63 && i->mode != CPU_MODE_64) ||
	    (i->map == 1 && i->opcode == 0xc3 && (!i->has_mem || i->opsize_prefix || i->rep)))
		return;
	for (const struct rule *r = rules; r < rules + ARRAY_SIZE(rules); r++) {
		if (r->map != i->map || i->opcode < r->first || i->opcode > r->last ||
		    (r->reg < ANY && r->reg != n))
			continue;
		set(i, r->op + (r->reg == ADD ? n : 0), r->dst, r->src);
		return;
	}
}
