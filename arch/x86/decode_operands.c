/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names operation and operands of the decoded instructions that are emulated. */
#include "arch/x86/decode.h"

static struct operand reg_operand(const struct insn *i, unsigned n, unsigned size)
{
	struct operand o = {.kind = OPERAND_REG, .size = (uint8_t)size, .reg = (uint8_t)n};

	/* SDM 2A 2.2.1.2: without REX, 4 to 7 are AH, CH, DH, BH. */
	if (size == 1 && !i->rex && n >= 4) {
		o.reg = (uint8_t)(n - 4);
		o.high = true;
	}
	return o;
}

static struct operand reg(const struct insn *i, unsigned size)
{
	return reg_operand(i, (i->modrm >> 3 & 7u) | (i->rex & 4u) << 1, size);
}

static struct operand rm(const struct insn *i, unsigned size)
{
	if (i->has_mem)
		return (struct operand){.kind = OPERAND_MEM, .size = (uint8_t)size};
	return reg_operand(i, (i->modrm & 7u) | (i->rex & 1u) << 3, size);
}

static struct operand imm(unsigned size)
{
	return (struct operand){.kind = OPERAND_IMM, .size = (uint8_t)size};
}

static struct operand accumulator(unsigned size)
{
	return (struct operand){.kind = OPERAND_REG, .size = (uint8_t)size, .reg = GPR_RAX};
}

static void set(struct insn *i, unsigned op, struct operand dst, struct operand src)
{
	i->op = (uint8_t)op;
	i->dst = dst;
	i->src = src;
}

/* Opcodes whose low bit tells a byte from a word, doubleword or quadword. */
static unsigned width(const struct insn *i)
{
	return i->opcode & 1 ? i->opsize : 1;
}

static const struct operand none;

static void alu(struct insn *i)
{
	unsigned op = INSN_ADD + (i->opcode >> 3u), w = width(i);

	if (i->opcode & 4)
		set(i, op, accumulator(w), imm(w));
	else if (i->opcode & 2)
		set(i, op, reg(i, w), rm(i, w));
	else
		set(i, op, rm(i, w), reg(i, w));
}

static void group3(struct insn *i)
{
	unsigned w = width(i), n = i->modrm >> 3 & 7u;

	if (n < 2)
		set(i, INSN_TEST, rm(i, w), imm(w));
	else if (n < 4)
		set(i, n == 2 ? INSN_NOT : INSN_NEG, rm(i, w), none);
}

/* dst.size is the size of the element. */
static void string(struct insn *i, unsigned op, unsigned size)
{
	i->op = (uint8_t)op;
	i->dst.size = (uint8_t)size;
}

static void string_op(struct insn *i)
{
	static const uint8_t op[] = {INSN_MOVS, INSN_CMPS, 0, INSN_STOS, INSN_LODS, INSN_SCAS};

	string(i, op[(i->opcode - 0xa4) >> 1], width(i));
}

static void string_io(struct insn *i)
{
	unsigned w = width(i);

	/* There is no 64-bit port: REX.W counts as 32 bits. */
	string(i, i->opcode < 0x6e ? INSN_INS : INSN_OUTS, w == 8 ? 4 : w);
}

static void one_byte(struct insn *i)
{
	unsigned w = width(i), n = i->modrm >> 3 & 7u;

	if (i->opcode < 0x40) {
		if ((i->opcode & 7) < 6)
			alu(i);
		return;
	}
	switch (i->opcode) {
	case 0x63: /* ARPL outside 64-bit mode */
		if (i->mode == CPU_MODE_64)
			set(i, INSN_MOVSX, reg(i, i->opsize), rm(i, i->opsize == 2 ? 2 : 4));
		break;
	case 0x6c ... 0x6f:
		string_io(i);
		break;
	case 0x80 ... 0x83:
		w = i->opcode & 1 ? i->opsize : 1;
		set(i, INSN_ADD + n, rm(i, w), imm(w));
		break;
	case 0x84 ... 0x85:
		set(i, INSN_TEST, rm(i, w), reg(i, w));
		break;
	case 0x86 ... 0x87:
		set(i, INSN_XCHG, rm(i, w), reg(i, w));
		break;
	case 0x88 ... 0x89:
		set(i, INSN_MOV, rm(i, w), reg(i, w));
		break;
	case 0x8a ... 0x8b:
		set(i, INSN_MOV, reg(i, w), rm(i, w));
		break;
	case 0xa0 ... 0xa1:
		set(i, INSN_MOV, accumulator(w), rm(i, w));
		break;
	case 0xa2 ... 0xa3:
		set(i, INSN_MOV, rm(i, w), accumulator(w));
		break;
	case 0xa4 ... 0xa7:
	case 0xaa ... 0xaf:
		string_op(i);
		break;
	case 0xa8 ... 0xa9:
		set(i, INSN_TEST, accumulator(w), imm(w));
		break;
	case 0xc6 ... 0xc7:
		if (n == 0)
			set(i, INSN_MOV, rm(i, w), imm(w));
		break;
	case 0xf6 ... 0xf7:
		group3(i);
		break;
	case 0xfe ... 0xff:
		if (n < 2)
			set(i, n == 0 ? INSN_INC : INSN_DEC, rm(i, w), none);
		break;
	default:
		break;
	}
}

static void two_byte(struct insn *i)
{
	unsigned w = width(i);

	switch (i->opcode) {
	case 0x90 ... 0x9f:
		set(i, INSN_SETCC, rm(i, 1), none);
		break;
	case 0xa3:
	case 0xab:
	case 0xb3:
	case 0xbb:
		set(i, INSN_BT + (i->opcode >> 3 & 3u), rm(i, i->opsize), reg(i, i->opsize));
		break;
	case 0xba: /* its imm8 is a bit number, not an operand of that size */
		set(i, INSN_BT + (i->modrm >> 3 & 3u), rm(i, i->opsize), imm(1));
		break;
	case 0xb0 ... 0xb1:
		set(i, INSN_CMPXCHG, rm(i, w), reg(i, w));
		break;
	case 0xb6 ... 0xb7:
		set(i, INSN_MOVZX, reg(i, i->opsize), rm(i, i->opcode & 1 ? 2 : 1));
		break;
	case 0xbe ... 0xbf:
		set(i, INSN_MOVSX, reg(i, i->opsize), rm(i, i->opcode & 1 ? 2 : 1));
		break;
	case 0xc0 ... 0xc1:
		set(i, INSN_XADD, rm(i, w), reg(i, w));
		break;
	case 0xc3: /* MOVNTI */
		if (i->has_mem)
			set(i, INSN_MOV, rm(i, i->opsize), reg(i, i->opsize));
		break;
	default:
		break;
	}
}

void insn_operands(struct insn *i)
{
	if (i->map == 0)
		one_byte(i);
	else if (i->map == 1)
		two_byte(i);
}
