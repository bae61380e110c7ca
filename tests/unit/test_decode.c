/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sources: arch/x86/decode.c arch/x86/decode_operands.c */
/* The instruction decoder: lengths, prefixes, addressing forms, operands, hostile bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/decode.h"
#include "kernel/errno.h"

/* Bytes from hex, in a block of exactly that size so that a read beyond is caught. */
static uint8_t *bytes_of(const char *hex, unsigned *n)
{
	uint8_t *b = malloc(strlen(hex) / 2 + 1);

	*n = 0;
	while (hex[0] && hex[1]) {
		char two[3] = {hex[0], hex[1], 0};

		b[(*n)++] = (uint8_t)strtoul(two, NULL, 16);
		hex += hex[2] == ' ' ? 3 : 2;
	}
	return realloc(b, *n ? *n : 1);
}

static int decode(const char *hex, enum cpu_mode mode, struct insn *i)
{
	unsigned n;
	uint8_t *b = bytes_of(hex, &n);
	int err = insn_decode(b, n, mode, i);

	free(b);
	return err;
}

/* The text is one whole instruction; each shorter front of it asks for more. */
static void check_length(const char *hex, enum cpu_mode mode)
{
	struct insn i;
	unsigned n;
	uint8_t *b = bytes_of(hex, &n);
	int err = insn_decode(b, n, mode, &i);

	if (err || i.len != n)
		fail_msg("%s in %d-bit mode: error %d, length %u", hex, mode, err, i.len);
	for (unsigned k = 0; k < n; k++) {
		uint8_t *front = memcpy(malloc(k + 1), b, k);

		front = realloc(front, k ? k : 1);
		if (insn_decode(front, k, mode, &i) != -EAGAIN)
			fail_msg("%s in %d-bit mode: %u bytes are not too few", hex, mode, k);
		free(front);
	}
	free(b);
}

/* What exits without a next RIP. */
static void lengths_of_exiting_instructions(void **state)
{
	static const char *const text[] = {
		"0f a2",    "f4",          "0f 32",
		"0f 30",    "0f 31",       "0f 01 f9",
		"0f 33",    "0f 01 c1",    "0f 01 d9",
		"e4 60",    "e5 60",       "e6 80",
		"e7 80",    "ec",          "ed",
		"ee",       "ef",          "66 ed",
		"6c",       "6d",          "6e",
		"6f",       "f3 6c",       "66 f3 6f",
		"0f 08",    "0f 09",       "f3 0f 09",
		"0f 01 d1", "0f 20 c0",    "0f 22 c0",
		"0f 22 d8", "f0 0f 20 c0", "0f 21 f8",
		"0f 23 f8", "f3 90",       "0f 01 c8",
		"0f 01 c9", "0f 01 fb",    "0f 00 d8",
		"0f 01 38", "0f 01 d8",    "0f 01 dd",
		"0f 01 df", "cc",          "cd 80",
		"f1",       "0f 0b",       "0f ff c0",
		"0f 06",    "0f aa",       "cf",
		"9d",       "9c",          "0f 01 10",
		"0f 00 c8", "f3 0f b8 c1", "66 0f 38 82 01",
		"0f 05",    "0f 34",       "0f 77",
		"0f 0d 08", "0f 18 08",    "90",
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(text); i++)
		check_length(text[i], CPU_MODE_64);
	for (unsigned i = 0; i < 16; i++)
		check_length(text[i], CPU_MODE_16);
}

static void lengths_by_mode(void **state)
{
	static const struct {
		enum cpu_mode mode;
		const char *hex;
	} t[] = {
		/* ModRM, SIB, displacement */
		{CPU_MODE_64, "8b 00"},
		{CPU_MODE_64, "8b 40 7f"},
		{CPU_MODE_64, "8b 80 01020304"},
		{CPU_MODE_64, "8b 05 01020304"},
		{CPU_MODE_64, "8b 04 24"},
		{CPU_MODE_64, "8b 04 25 01020304"},
		{CPU_MODE_64, "8b 44 24 08"},
		{CPU_MODE_64, "8b 84 88 01020304"},
		{CPU_MODE_64, "67 8b 40 10"},
		{CPU_MODE_64, "41 8b 45 00"},
		{CPU_MODE_64, "8b c0"},
		{CPU_MODE_32, "8b 05 01020304"},
		{CPU_MODE_32, "67 8b 06 0102"},
		{CPU_MODE_32, "67 8b 40 10"},
		{CPU_MODE_32, "67 8b 80 0102"},
		{CPU_MODE_16, "8b 00"},
		{CPU_MODE_16, "8b 06 0102"},
		{CPU_MODE_16, "8b 46 01"},
		{CPU_MODE_16, "8b 86 0102"},
		{CPU_MODE_16, "67 8b 04 25 01020304"},
		/* immediates */
		{CPU_MODE_64, "48 b8 0102030405060708"},
		{CPU_MODE_64, "b8 01020304"},
		{CPU_MODE_64, "66 b8 0102"},
		{CPU_MODE_64, "b0 01"},
		{CPU_MODE_64, "48 c7 c0 01020304"},
		{CPU_MODE_64, "66 c7 00 0102"},
		{CPU_MODE_64, "c6 00 01"},
		{CPU_MODE_64, "48 81 38 01020304"},
		{CPU_MODE_64, "83 38 01"},
		{CPU_MODE_64, "f6 00 01"},
		{CPU_MODE_64, "f6 08 01"},
		{CPU_MODE_64, "f7 00 01020304"},
		{CPU_MODE_64, "66 f7 00 0102"},
		{CPU_MODE_64, "f7 18"},
		{CPU_MODE_64, "f6 20"},
		{CPU_MODE_64, "c8 0102 03"},
		{CPU_MODE_64, "c2 0102"},
		{CPU_MODE_64, "e8 01020304"},
		{CPU_MODE_64, "0f 84 01020304"},
		{CPU_MODE_64, "eb fe"},
		{CPU_MODE_64, "69 00 01020304"},
		{CPU_MODE_64, "6b 00 01"},
		{CPU_MODE_64, "0f a4 c0 01"},
		{CPU_MODE_64, "0f ba 20 01"},
		{CPU_MODE_64, "66 0f 3a 0f c1 08"},
		{CPU_MODE_64, "66 0f 78 c0 01 02"},
		{CPU_MODE_64, "f2 0f 78 c1 01 02"},
		{CPU_MODE_64, "0f 78 c1"},
		{CPU_MODE_64, "0f 0f c0 9e"},
		{CPU_MODE_64, "c7 f8 01020304"},
		{CPU_MODE_16, "b8 0102"},
		{CPU_MODE_16, "66 b8 01020304"},
		{CPU_MODE_16, "e8 0102"},
		{CPU_MODE_16, "66 e8 01020304"},
		{CPU_MODE_32, "66 e8 0102"},
		{CPU_MODE_16, "68 0102"},
		/* moffs */
		{CPU_MODE_64, "a1 0102030405060708"},
		{CPU_MODE_64, "67 a1 01020304"},
		{CPU_MODE_32, "a1 01020304"},
		{CPU_MODE_16, "a1 0102"},
		{CPU_MODE_16, "67 a2 01020304"},
		/* not in 64-bit mode */
		{CPU_MODE_32, "9a 01020304 0506"},
		{CPU_MODE_16, "ea 0102 0304"},
		{CPU_MODE_32, "c4 00"},
		{CPU_MODE_32, "c5 40 01"},
		{CPU_MODE_32, "62 00"},
		{CPU_MODE_32, "06"},
		{CPU_MODE_32, "27"},
		{CPU_MODE_32, "60"},
		{CPU_MODE_32, "d4 0a"},
		{CPU_MODE_32, "82 00 01"},
		{CPU_MODE_32, "40"},
		{CPU_MODE_32, "4f"},
		{CPU_MODE_32, "63 00"},
		/* MOV CR names registers whatever mod says */
		{CPU_MODE_64, "0f 20 00"},
		{CPU_MODE_64, "0f 22 44"},
		/* prefixes up to the limit of 15 bytes */
		{CPU_MODE_64, "2e 36 3e 26 64 65 66 67 f0 f2 f3 48 8b 00"},
		{CPU_MODE_64, "66 66 66 66 66 66 66 66 66 66 66 66 66 66 90"},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++)
		check_length(t[i].hex, t[i].mode);
}

static void refusals(void **state)
{
	static const struct {
		enum cpu_mode mode;
		const char *hex;
		int err;
	} t[] = {
		{CPU_MODE_64, "06", -EINVAL},
		{CPU_MODE_64, "27 00", -EINVAL},
		{CPU_MODE_64, "9a 0102030405", -EINVAL},
		{CPU_MODE_64, "82 00 01", -EINVAL},
		{CPU_MODE_64, "d4 0a", -EINVAL},
		{CPU_MODE_64, "0f 04", -EINVAL},
		{CPU_MODE_64, "0f 24 c0", -EINVAL},
		{CPU_MODE_64, "0f 39", -EINVAL},
		{CPU_MODE_64, "fe 10", -EINVAL},
		{CPU_MODE_64, "ff 38", -EINVAL},
		{CPU_MODE_64, "c6 08 00", -EINVAL},
		{CPU_MODE_64, "c7 08 00000000", -EINVAL},
		{CPU_MODE_64, "0f ba 00 01", -EINVAL},
		{CPU_MODE_64, "c5 f8 77", -ENOTSUP},
		{CPU_MODE_64, "c4 e2 79 18 00", -ENOTSUP},
		{CPU_MODE_64, "62 f1 7c 48 28 00", -ENOTSUP},
		{CPU_MODE_32, "c5 f8 77", -ENOTSUP},
		{CPU_MODE_64, "8f e8 78 c0 c0 00", -ENOTSUP},
		{CPU_MODE_64, "8f a9 d0 94 e9", -ENOTSUP}, /* no POP with displacement */
		/* 15 prefixes; 15 bytes that want a 16th; the same with a long immediate */
		{CPU_MODE_64, "666666666666666666666666666666", -EINVAL},
		{CPU_MODE_64, "6666666666666666666666666666 e8 01020304", -EINVAL},
		{CPU_MODE_64, "666666666666666666666666 c7 00 0102", -EINVAL},
		{CPU_MODE_64, "6666666666666666666666 48 b8 0102030405060708", -EINVAL},
		/* 14 prefixes may still become an instruction */
		{CPU_MODE_64, "6666666666666666666666666666", -EAGAIN},
	};
	struct insn i;

	(void)state;
	for (unsigned n = 0; n < ARRAY_SIZE(t); n++) {
		int err = decode(t[n].hex, t[n].mode, &i);

		if (err != t[n].err)
			fail_msg("%s: %d, not %d", t[n].hex, err, t[n].err);
	}
}

static struct insn good(const char *hex, enum cpu_mode mode)
{
	struct insn i;

	assert_int_equal(decode(hex, mode, &i), 0);
	return i;
}

static void check_memory(const char *hex, enum cpu_mode mode, unsigned seg, unsigned base,
			 unsigned index, unsigned scale, int64_t disp)
{
	struct insn i = good(hex, mode);

	if (!i.has_mem || i.seg != seg || i.base != base || i.index != index || i.scale != scale ||
	    i.disp != disp)
		fail_msg("%s: mem %d seg %u base %u index %u scale %u disp %lld", hex, i.has_mem,
			 i.seg, i.base, i.index, i.scale, (long long)i.disp);
}

static void addressing(void **state)
{
	const unsigned no = INSN_NO_REG;

	(void)state;
	check_memory("8b 00", CPU_MODE_64, SREG_DS, GPR_RAX, no, 0, 0);
	check_memory("8b 41 80", CPU_MODE_64, SREG_DS, GPR_RCX, no, 0, -128);
	check_memory("8b 45 00", CPU_MODE_64, SREG_SS, GPR_RBP, no, 0, 0);
	check_memory("41 8b 45 00", CPU_MODE_64, SREG_DS, GPR_R13, no, 0, 0);
	check_memory("8b 04 24", CPU_MODE_64, SREG_SS, GPR_RSP, no, 0, 0);
	check_memory("41 8b 04 24", CPU_MODE_64, SREG_DS, GPR_R12, no, 0, 0);
	check_memory("8b 05 ffffffff", CPU_MODE_64, SREG_DS, INSN_REG_RIP, no, 0, -1);
	check_memory("8b 05 ffffffff", CPU_MODE_32, SREG_DS, no, no, 0, -1);
	check_memory("8b 04 25 00000080", CPU_MODE_64, SREG_DS, no, no, 0, INT32_MIN);
	check_memory("8b 04 0d 10000000", CPU_MODE_64, SREG_DS, no, GPR_RCX, 0, 16);
	check_memory("8b 04 d8", CPU_MODE_64, SREG_DS, GPR_RAX, GPR_RBX, 3, 0);
	check_memory("43 8b 44 a5 01", CPU_MODE_64, SREG_DS, GPR_R13, GPR_R12, 2, 1);
	check_memory("42 8b 04 20", CPU_MODE_64, SREG_DS, GPR_RAX, GPR_R12, 0, 0);
	check_memory("65 8b 00", CPU_MODE_64, SREG_GS, GPR_RAX, no, 0, 0);
	check_memory("64 3e 8b 00", CPU_MODE_64, SREG_FS, GPR_RAX, no, 0, 0);
	check_memory("36 8b 00", CPU_MODE_64, SREG_DS, GPR_RAX, no, 0, 0);
	check_memory("36 8b 00", CPU_MODE_32, SREG_SS, GPR_RAX, no, 0, 0);
	check_memory("2e 8b 45 00", CPU_MODE_32, SREG_CS, GPR_RBP, no, 0, 0);
	check_memory("26 8b 00", CPU_MODE_32, SREG_ES, GPR_RAX, no, 0, 0);
	/* 16-bit forms */
	check_memory("8b 00", CPU_MODE_16, SREG_DS, GPR_RBX, GPR_RSI, 0, 0);
	check_memory("8b 01", CPU_MODE_16, SREG_DS, GPR_RBX, GPR_RDI, 0, 0);
	check_memory("8b 02", CPU_MODE_16, SREG_SS, GPR_RBP, GPR_RSI, 0, 0);
	check_memory("8b 03", CPU_MODE_16, SREG_SS, GPR_RBP, GPR_RDI, 0, 0);
	check_memory("8b 04", CPU_MODE_16, SREG_DS, GPR_RSI, no, 0, 0);
	check_memory("8b 05", CPU_MODE_16, SREG_DS, GPR_RDI, no, 0, 0);
	check_memory("8b 06 feff", CPU_MODE_16, SREG_DS, no, no, 0, -2);
	check_memory("8b 46 fe", CPU_MODE_16, SREG_SS, GPR_RBP, no, 0, -2);
	check_memory("8b 87 0001", CPU_MODE_16, SREG_DS, GPR_RBX, no, 0, 256);
	check_memory("a1 0102030405060708", CPU_MODE_64, SREG_DS, no, no, 0, 0x0807060504030201);
}

static void prefixes(void **state)
{
	struct insn i = good("66 f0 f3 48 01 18", CPU_MODE_64);

	(void)state;
	assert_true(i.lock && i.opsize_prefix && i.rep == REP_E && i.rex == 0x48);
	assert_int_equal(i.opsize, 8); /* REX.W beats 66 */
	assert_int_equal(i.adsize, 8);
	/* a prefix after REX ends REX */
	i = good("48 66 8b 00", CPU_MODE_64);
	assert_true(i.rex == 0 && i.opsize == 2 && i.dst.size == 2);
	/* the last of F2 and F3 counts */
	assert_int_equal(good("f2 f3 a4", CPU_MODE_64).rep, REP_E);
	assert_int_equal(good("f3 f2 a4", CPU_MODE_64).rep, REP_NE);
	assert_int_equal(good("66 90", CPU_MODE_16).opsize, 4);
	assert_int_equal(good("90", CPU_MODE_16).opsize, 2);
	assert_int_equal(good("66 90", CPU_MODE_32).opsize, 2);
	assert_int_equal(good("67 90", CPU_MODE_32).adsize, 2);
	assert_int_equal(good("67 90", CPU_MODE_16).adsize, 4);
	assert_int_equal(good("67 90", CPU_MODE_64).adsize, 4);
}

struct expect {
	const char *hex;
	unsigned op;
	struct operand dst, src;
	uint64_t imm;
};

#define R(n, s)                                                                                    \
	{                                                                                          \
		OPERAND_REG, s, n, false                                                           \
	}
#define H(n)                                                                                       \
	{                                                                                          \
		OPERAND_REG, 1, n, true                                                            \
	}
#define M(s)                                                                                       \
	{                                                                                          \
		OPERAND_MEM, s, 0, false                                                           \
	}
#define I(s)                                                                                       \
	{                                                                                          \
		OPERAND_IMM, s, 0, false                                                           \
	}
#define NONE                                                                                       \
	{                                                                                          \
		0, 0, 0, false                                                                     \
	}
#define STR(s)                                                                                     \
	{                                                                                          \
		0, s, 0, false                                                                     \
	}

static void operands(void **state)
{
	static const struct expect t[] = {
		{"00 18", INSN_ADD, M(1), R(GPR_RBX, 1), 0},
		{"48 09 18", INSN_OR, M(8), R(GPR_RBX, 8), 0},
		{"12 18", INSN_ADC, R(GPR_RBX, 1), M(1), 0},
		{"44 1b 08", INSN_SBB, R(GPR_R9, 4), M(4), 0},
		{"24 80", INSN_AND, R(GPR_RAX, 1), I(1), (uint64_t)-128},
		{"66 2d 3412", INSN_SUB, R(GPR_RAX, 2), I(2), 0x1234},
		{"30 30", INSN_XOR, M(1), H(2), 0},
		{"40 30 30", INSN_XOR, M(1), R(GPR_RSI, 1), 0},
		{"39 08", INSN_CMP, M(4), R(GPR_RCX, 4), 0},
		{"80 20 f0", INSN_AND, M(1), I(1), (uint64_t)-16},
		{"83 08 ff", INSN_OR, M(4), I(4), UINT64_MAX},
		{"48 81 00 00000080", INSN_ADD, M(8), I(8), 0xffffffff80000000},
		{"83 f8 01", INSN_CMP, R(GPR_RAX, 4), I(4), 1},
		{"84 20", INSN_TEST, M(1), H(0), 0},
		{"a9 01000000", INSN_TEST, R(GPR_RAX, 4), I(4), 1},
		{"f7 00 02000000", INSN_TEST, M(4), I(4), 2},
		{"f6 08 01", INSN_TEST, M(1), I(1), 1},
		{"87 08", INSN_XCHG, M(4), R(GPR_RCX, 4), 0},
		{"88 38", INSN_MOV, M(1), H(3), 0},
		{"4c 89 38", INSN_MOV, M(8), R(GPR_R15, 8), 0},
		{"8a 00", INSN_MOV, R(GPR_RAX, 1), M(1), 0},
		{"66 8b 10", INSN_MOV, R(GPR_RDX, 2), M(2), 0},
		{"a0 0000000000000000", INSN_MOV, R(GPR_RAX, 1), M(1), 0},
		{"48 a3 0000000000000000", INSN_MOV, M(8), R(GPR_RAX, 8), 0},
		{"c6 00 7f", INSN_MOV, M(1), I(1), 0x7f},
		{"48 c7 00 ffffffff", INSN_MOV, M(8), I(8), UINT64_MAX},
		{"48 63 08", INSN_MOVSX, R(GPR_RCX, 8), M(4), 0},
		{"0f b6 08", INSN_MOVZX, R(GPR_RCX, 4), M(1), 0},
		{"48 0f b7 08", INSN_MOVZX, R(GPR_RCX, 8), M(2), 0},
		{"66 0f be 08", INSN_MOVSX, R(GPR_RCX, 2), M(1), 0},
		{"0f bf 08", INSN_MOVSX, R(GPR_RCX, 4), M(2), 0},
		{"0f a3 08", INSN_BT, M(4), R(GPR_RCX, 4), 0},
		{"0f ab 08", INSN_BTS, M(4), R(GPR_RCX, 4), 0},
		{"0f b3 08", INSN_BTR, M(4), R(GPR_RCX, 4), 0},
		{"48 0f bb 08", INSN_BTC, M(8), R(GPR_RCX, 8), 0},
		{"0f ba 20 07", INSN_BT, M(4), I(1), 7},
		{"0f ba 38 1f", INSN_BTC, M(4), I(1), 31},
		{"0f c3 08", INSN_MOV, M(4), R(GPR_RCX, 4), 0},
		{"a4", INSN_MOVS, STR(1), NONE, 0},
		{"66 ab", INSN_STOS, STR(2), NONE, 0},
		{"6c", INSN_INS, STR(1), NONE, 0},
		{"48 6f", INSN_OUTS, STR(4), NONE, 0},
		/* lengths only */
		{"f7 20", INSN_OTHER, NONE, NONE, 0},
		{"ff 10", INSN_OTHER, NONE, NONE, 0},
		{"0f c3 c8", INSN_OTHER, NONE, NONE, 0},
		{"8d 00", INSN_OTHER, NONE, NONE, 0},
		{"0f 38 f0 00", INSN_OTHER, NONE, NONE, 0},
		{"f6 10", INSN_OTHER, NONE, NONE, 0},          /* NOT */
		{"48 f7 18", INSN_OTHER, NONE, NONE, 0},       /* NEG */
		{"fe 00", INSN_OTHER, NONE, NONE, 0},          /* INC */
		{"ff 08", INSN_OTHER, NONE, NONE, 0},          /* DEC */
		{"0f 94 00", INSN_OTHER, NONE, NONE, 0},       /* SETcc */
		{"0f b0 08", INSN_OTHER, NONE, NONE, 0},       /* CMPXCHG */
		{"f0 48 0f b1 08", INSN_OTHER, NONE, NONE, 0}, /* the same */
		{"0f c1 08", INSN_OTHER, NONE, NONE, 0},       /* XADD */
		{"0f c7 08", INSN_OTHER, NONE, NONE, 0},       /* CMPXCHG8B */
		{"48 a7", INSN_OTHER, NONE, NONE, 0},          /* CMPS */
		{"ad", INSN_OTHER, NONE, NONE, 0},             /* LODS */
		{"ae", INSN_OTHER, NONE, NONE, 0},             /* SCAS */
	};

	(void)state;
	for (unsigned n = 0; n < ARRAY_SIZE(t); n++) {
		struct insn i = good(t[n].hex, CPU_MODE_64);

		if (i.op != t[n].op || memcmp(&i.dst, &t[n].dst, sizeof(i.dst)) ||
		    memcmp(&i.src, &t[n].src, sizeof(i.src)) || i.imm != t[n].imm)
			fail_msg("%s: op %u dst %u/%u/%u src %u/%u/%u imm %llx", t[n].hex, i.op,
				 i.dst.kind, i.dst.size, i.dst.reg, i.src.kind, i.src.size,
				 i.src.reg, (unsigned long long)i.imm);
	}
	assert_int_equal(good("63 00", CPU_MODE_32).op, INSN_OTHER); /* ARPL */
	/* MOVNTI moves no 16 bits: My, Gy in SDM 2A appendix A. */
	assert_int_equal(good("0f c3 08", CPU_MODE_16).dst.size, 4);
	assert_int_equal(good("0f c3 08", CPU_MODE_16).src.size, 4);
	/* With 66, F2 or F3 it is undefined: NP in SDM 2A 3.1.1.1. */
	assert_int_equal(good("66 0f c3 08", CPU_MODE_64).op, INSN_OTHER);
	assert_int_equal(good("f2 0f c3 08", CPU_MODE_64).op, INSN_OTHER);
	assert_int_equal(good("f3 48 0f c3 08", CPU_MODE_64).op, INSN_OTHER);
}

/* Whatever the bytes: no error or one that is documented, and a sane length. */
static void random_bytes(void **state)
{
	uint64_t seed = 88172645463325252ull;

	(void)state;
	for (unsigned n = 0; n < 300000; n++) {
		static const enum cpu_mode modes[] = {CPU_MODE_16, CPU_MODE_32, CPU_MODE_64};
		struct insn i;
		uint8_t b[16];
		unsigned size = n % 17;
		int err;

		for (unsigned k = 0; k < sizeof(b); k++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			b[k] = (uint8_t)seed;
		}
		err = insn_decode(b, size, modes[n % 3], &i);
		if (!err)
			assert_in_range(i.len, 1, size < INSN_MAX ? size : INSN_MAX);
		else if (err == -EAGAIN)
			assert_true(size < INSN_MAX);
		else
			assert_true(err == -EINVAL || err == -ENOTSUP);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_of_exiting_instructions),
		cmocka_unit_test(lengths_by_mode),
		cmocka_unit_test(refusals),
		cmocka_unit_test(addressing),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(operands),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
