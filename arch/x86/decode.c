/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decodes x86 instructions: SDM 2A chapter 2 and appendix A. */
#include "arch/x86/decode.h"

/*
 * What follows an opcode, one character each:
 *   .  nothing               M  ModRM             J  branch offset, 2 or 4 bytes
 *   B  imm8                  m  ModRM, imm8       O  address (moffs)
 *   Z  imm16 or imm32        z  ModRM, imm16/32   V  imm16, imm32 or imm64
 *   W  imm16                 E  imm16, imm8       F  far pointer, not in 64-bit mode
 *   N  nothing, b  imm8, y  ModRM, imm8: not in 64-bit mode
 *   G  ModRM; imm when ModRM.reg is 0 or 1 (group 3)
 *   C  ModRM that names registers whatever its mod says (MOV CRn, DRn)
 *   L  ModRM of LES, LDS and BOUND, or VEX, EVEX
 *   x  undefined             p  prefix or escape: never looked up
 */
static const char map0[] = "MMMMBZNNMMMMBZNp" /* 00 */
			   "MMMMBZNNMMMMBZNN" /* 10 */
			   "MMMMBZpNMMMMBZpN" /* 20 */
			   "MMMMBZpNMMMMBZpN" /* 30 */
			   "................" /* 40 */
			   "................" /* 50 */
			   "NNLMppppZzBm...." /* 60 */
			   "BBBBBBBBBBBBBBBB" /* 70 */
			   "mzymMMMMMMMMMMMM" /* 80 */
			   "..........F....." /* 90 */
			   "OOOO....BZ......" /* a0 */
			   "BBBBBBBBVVVVVVVV" /* b0 */
			   "mmW.LLmzE.W..BN." /* c0 */
			   "MMMMbbN.MMMMMMMM" /* d0 */
			   "BBBBBBBBJJFB...." /* e0 */
			   "p.pp..GG......MM" /* f0 */;

static const char map1[] = "MMMMx.....x.xM.m" /* 0f 00 */
			   "MMMMMMMMMMMMMMMM" /* 0f 10 */
			   "CCCCxxxxMMMMMMMM" /* 0f 20 */
			   "......x.pxpxxxxx" /* 0f 30 */
			   "MMMMMMMMMMMMMMMM" /* 0f 40 */
			   "MMMMMMMMMMMMMMMM" /* 0f 50 */
			   "MMMMMMMMMMMMMMMM" /* 0f 60 */
			   "mmmmMMM.MMxxMMMM" /* 0f 70 */
			   "JJJJJJJJJJJJJJJJ" /* 0f 80 */
			   "MMMMMMMMMMMMMMMM" /* 0f 90 */
			   "...MmMxx...MmMMM" /* 0f a0 */
			   "MMMMMMMMMMmMMMMM" /* 0f b0 */
			   "MMmMmmmM........" /* 0f c0 */
			   "MMMMMMMMMMMMMMMM" /* 0f d0 */
			   "MMMMMMMMMMMMMMMM" /* 0f e0 */
			   "MMMMMMMMMMMMMMMM" /* 0f f0 */;

static_assert(sizeof(map0) == 257 && sizeof(map1) == 257, "opcode maps have 256 entries");

struct reader {
	const uint8_t *bytes;
	unsigned n, at;
	int err;
};

/* The next size bytes, sign-extended; 0 once there are no more. */
static int64_t take(struct reader *r, unsigned size)
{
	uint64_t v = 0;

	if (r->err || !size)
		return 0;
	if (r->at + size > r->n) {
		/* More bytes help only an instruction that may still become whole. */
		r->err = r->at + size > INSN_MAX ? -EINVAL : -EAGAIN;
		return 0;
	}
	for (unsigned i = 0; i < size; i++)
		v |= (uint64_t)r->bytes[r->at++] << (8 * i);
	return (int64_t)(v << (64 - 8 * size)) >> (64 - 8 * size);
}

static uint8_t take8(struct reader *r)
{
	return (uint8_t)take(r, 1);
}

static unsigned mod(const struct insn *i)
{
	return i->modrm >> 6;
}

static unsigned reg3(const struct insn *i)
{
	return i->modrm >> 3 & 7;
}

#define REX_B 1u
#define REX_X 2u
#define REX_W 8u

static void set_sizes(struct insn *i, bool adsize_prefix)
{
	if (i->mode == CPU_MODE_64) {
		i->opsize = i->rex & REX_W ? 8 : i->opsize_prefix ? 2 : 4;
		i->adsize = adsize_prefix ? 4 : 8;
	} else {
		i->opsize = (i->mode == CPU_MODE_32) != i->opsize_prefix ? 4 : 2;
		i->adsize = (i->mode == CPU_MODE_32) != adsize_prefix ? 4 : 2;
	}
}

/* Returns the first byte that is not a prefix, and sets what the prefixes say. */
static uint8_t read_prefixes(struct reader *r, struct insn *i)
{
	bool adsize = false;

	for (;;) {
		uint8_t b = take8(r);

		if (r->err)
			return 0;
		if (i->mode == CPU_MODE_64 && (b & 0xf0) == 0x40) {
			i->rex = b;
			continue;
		}
		switch (b) {
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
			if (i->mode != CPU_MODE_64) /* there they have no effect */
				i->seg = (uint8_t)(SREG_ES + (b >> 3 & 3));
			break;
		case 0x64:
		case 0x65:
			i->seg = (uint8_t)(SREG_FS + (b & 1));
			break;
		case 0x66:
			i->opsize_prefix = true;
			break;
		case 0x67:
			adsize = true;
			break;
		case 0xf0:
			i->lock = true;
			break;
		case 0xf2:
		case 0xf3:
			i->rep = b;
			break;
		default:
			set_sizes(i, adsize);
			return b;
		}
		i->rex = 0; /* REX counts only right before the opcode (SDM 2A 2.2.1) */
	}
}

/* SDM 2A table 2-1. */
static void memory16(struct reader *r, struct insn *i)
{
	static const uint8_t base[] = {GPR_RBX, GPR_RBX, GPR_RBP, GPR_RBP,
				       GPR_RSI, GPR_RDI, GPR_RBP, GPR_RBX};
	static const uint8_t index[] = {GPR_RSI, GPR_RDI, GPR_RSI, GPR_RDI};
	unsigned rm = i->modrm & 7;

	i->base = base[rm];
	i->index = rm < 4 ? index[rm] : INSN_NO_REG;
	if (mod(i) == 0 && rm == 6) {
		i->base = INSN_NO_REG;
		i->disp = take(r, 2);
	} else if (mod(i)) {
		i->disp = take(r, mod(i));
	}
}

/* SDM 2A tables 2-2 and 2-3. */
static void memory32(struct reader *r, struct insn *i)
{
	unsigned rm = i->modrm & 7;

	i->base = (uint8_t)(rm | (i->rex & REX_B ? 8u : 0));
	if (rm == 4) {
		uint8_t sib = take8(r);

		i->base = (uint8_t)((sib & 7) | (i->rex & REX_B ? 8u : 0));
		i->index = (uint8_t)((sib >> 3 & 7) | (i->rex & REX_X ? 8u : 0));
		i->scale = sib >> 6;
		if (i->index == GPR_RSP)
			i->index = INSN_NO_REG;
		if (mod(i) == 0 && (sib & 7) == 5) {
			i->base = INSN_NO_REG;
			i->disp = take(r, 4);
		}
	} else if (mod(i) == 0 && rm == 5) {
		i->base = i->mode == CPU_MODE_64 ? INSN_REG_RIP : INSN_NO_REG;
		i->disp = take(r, 4);
	}
	if (mod(i))
		i->disp = take(r, mod(i) == 1 ? 1 : 4);
}

static void read_modrm(struct reader *r, struct insn *i, bool registers_only)
{
	i->has_modrm = true;
	i->modrm = take8(r);
	if (mod(i) == 3 || registers_only)
		return;
	i->has_mem = true;
	if (i->adsize == 2)
		memory16(r, i);
	else
		memory32(r, i);
}

/* What a letter of the maps stands for. imm: 1 or 2 bytes, or as the enumerators say. */
enum { IMM_Z = 3, IMM_V, IMM_J };
static const struct form {
	bool modrm, legacy; /* legacy: not in 64-bit mode */
	uint8_t imm, skip;  /* skip: bytes behind the immediate that nobody asks for */
} forms[128] = {
	['M'] = {.modrm = true},
	['G'] = {.modrm = true},
	['C'] = {.modrm = true},
	['L'] = {.modrm = true},
	['m'] = {.modrm = true, .imm = 1},
	['y'] = {.modrm = true, .imm = 1, .legacy = true},
	['z'] = {.modrm = true, .imm = IMM_Z},
	['B'] = {.imm = 1},
	['b'] = {.imm = 1, .legacy = true},
	['N'] = {.legacy = true},
	['W'] = {.imm = 2},
	['E'] = {.imm = 2, .skip = 1},
	['F'] = {.imm = IMM_Z, .skip = 2, .legacy = true},
	['Z'] = {.imm = IMM_Z},
	['V'] = {.imm = IMM_V},
	['J'] = {.imm = IMM_J},
};

static int read_rest(struct reader *r, struct insn *i, char kind)
{
	const struct form *f = &forms[(unsigned char)kind];
	bool long_mode = i->mode == CPU_MODE_64;
	uint8_t z = i->opsize == 2 ? 2 : 4, imm = f->imm;
	/* J: 66 is ignored in 64-bit mode, as on Intel; AMD takes 2 bytes then. */
	const uint8_t size[] = {0, 1, 2, z, i->opsize, long_mode ? 4 : z};

	if (kind == 'x' || kind == 'p' || (f->legacy && long_mode))
		return -EINVAL;
	if (kind == 'L' && long_mode)
		return -ENOTSUP;
	/* XOP: a map where POP has ModRM.reg 0, and no displacement (APM 3, XOP prefix). */
	if (i->map == 0 && i->opcode == 0x8f && r->at < r->n && r->bytes[r->at] & 0x38)
		return -ENOTSUP;
	if (f->modrm)
		read_modrm(r, i, kind == 'C');
	/* With mod 3 there is no LES, LDS or BOUND: SDM 2A 2.3.5. */
	if (kind == 'L' && !r->err && !i->has_mem)
		return -ENOTSUP;
	if (kind == 'O') {
		i->has_mem = true;
		i->disp = take(r, i->adsize);
	}
	if (kind == 'G' && reg3(i) < 2)
		imm = i->opcode == 0xf6 ? 1 : IMM_Z;
	/* EXTRQ and INSERTQ of SSE4a (APM 4): twice imm8. */
	if (i->map == 1 && i->opcode == 0x78 && (i->opsize_prefix || i->rep == REP_NE))
		imm = 2;
	i->imm = (uint64_t)take(r, size[imm]);
	take(r, f->skip);
	return 0;
}

/* Members of groups that do not exist. */
static int check_group(const struct insn *i)
{
	unsigned reg = reg3(i), group = i->map << 8 | i->opcode;
	/* f8: XABORT, XBEGIN */
	bool bad = group == 0xc6 || group == 0xc7 ? reg && i->modrm != 0xf8
		   : group == 0xfe                ? reg > 1
		   : group == 0xff                ? reg == 7
						  : group == 0x1ba && reg < 4;

	return bad ? -EINVAL : 0;
}

static char read_opcode(struct reader *r, struct insn *i, uint8_t first)
{
	i->opcode = first;
	if (first != 0x0f)
		return map0[first];
	i->map = 1;
	i->opcode = take8(r);
	if (i->opcode != 0x38 && i->opcode != 0x3a)
		return map1[i->opcode];
	/* All of 0F 38 has ModRM, all of 0F 3A an imm8 too; gaps are #UD before any exit. */
	i->map = i->opcode == 0x38 ? 2 : 3;
	i->opcode = take8(r);
	return i->map == 2 ? 'M' : 'm';
}

int insn_decode(const uint8_t *bytes, unsigned n, enum cpu_mode mode, struct insn *out)
{
	struct reader r = {.bytes = bytes, .n = n < INSN_MAX ? n : INSN_MAX};
	struct insn *i = out;
	char kind;
	int err;

	memset(i, 0, sizeof(*i));
	i->mode = (uint8_t)mode;
	i->seg = i->base = i->index = INSN_NO_REG;
	uint8_t first = read_prefixes(&r, i);
	kind = read_opcode(&r, i, first);
	if (r.err)
		return r.err;
	err = read_rest(&r, i, kind);
	err = r.err ?: err ?: check_group(i);
	if (err)
		return err;
	if (i->seg == INSN_NO_REG)
		i->seg = i->base == GPR_RBP || i->base == GPR_RSP ? SREG_SS : SREG_DS;
	i->len = (uint8_t)r.at;
	insn_operands(i);
	return 0;
}
