/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instruction decoder: the length of every legacy-map instruction, and the
 * operands of those that are emulated. Pure.
 */
#pragma once

#include "kernel/types.h"
#include "kernel/vcpu.h"

#define INSN_MAX 15u /* SDM 2A 2.3.11: a longer one is #GP */

/* The default operand and address size of the code segment. */
enum cpu_mode { CPU_MODE_16 = 16, CPU_MODE_32 = 32, CPU_MODE_64 = 64 };

/* What the emulator can execute; INSN_OTHER: only the length is known. */
enum insn_op {
	INSN_OTHER,
	/* In the order of ModRM.reg of group 1. */
	INSN_ADD,
	INSN_OR,
	INSN_ADC,
	INSN_SBB,
	INSN_AND,
	INSN_SUB,
	INSN_XOR,
	INSN_CMP,
	/* In the order of ModRM.reg of group 8, from 4. */
	INSN_BT,
	INSN_BTS,
	INSN_BTR,
	INSN_BTC,
	INSN_TEST,
	INSN_MOV,
	INSN_MOVZX,
	INSN_MOVSX, /* MOVSXD too */
	INSN_XCHG,
	INSN_MOVS,
	INSN_STOS,
	INSN_INS,
	INSN_OUTS,
};

enum insn_rep { REP_NONE, REP_NE = 0xf2, REP_E = 0xf3 };

enum operand_kind { OPERAND_NONE, OPERAND_REG, OPERAND_MEM, OPERAND_IMM };

struct operand {
	uint8_t kind; /* enum operand_kind */
	uint8_t size; /* bytes: 1, 2, 4, 8 */
	uint8_t reg;  /* OPERAND_REG: enum vcpu_gpr */
	bool high;    /* AH, CH, DH, BH: bits 15:8 of GPR 0..3 */
};

#define INSN_NO_REG  0xffu /* base or index is not there */
#define INSN_REG_RIP 0xfeu /* base is the address of the next instruction */

struct insn {
	uint8_t len;
	uint8_t map;    /* 0: one byte, 1: 0F, 2: 0F 38, 3: 0F 3A */
	uint8_t opcode; /* last opcode byte */
	uint8_t modrm;  /* valid when has_modrm */
	uint8_t op;     /* enum insn_op */
	uint8_t rep;    /* enum insn_rep: the last of F2 and F3 */
	uint8_t rex;    /* 0: none */
	uint8_t opsize; /* bytes: 2, 4, 8 */
	uint8_t adsize; /* bytes: 2, 4, 8 */
	uint8_t mode;   /* enum cpu_mode */
	bool lock, opsize_prefix, has_modrm, has_mem;

	/*
	 * The memory operand when has_mem: an address in segment seg (enum
	 * vcpu_sreg). For string instructions it is the one that may be
	 * overridden (DS:rSI); the other is always ES:rDI.
	 */
	uint8_t seg, base, index, scale; /* scale: shift, 0..3 */
	int64_t disp;

	struct operand dst, src; /* when op is not INSN_OTHER; string: dst.size is the element */
	uint64_t imm;            /* sign-extended to 64 bits where the instruction does */
};

/*
 * Decodes one instruction out of n bytes. 0, or -EAGAIN when the instruction
 * goes on behind them, -EINVAL when it is longer than 15 bytes or undefined,
 * -ENOTSUP for VEX, EVEX and XOP encodings.
 */
int insn_decode(const uint8_t *bytes, unsigned n, enum cpu_mode mode, struct insn *out);

/* The second half of insn_decode(): fills in op, dst and src from the rest. */
void insn_operands(struct insn *i);
