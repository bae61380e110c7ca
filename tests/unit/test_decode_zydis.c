/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sources: arch/x86/decode.c arch/x86/decode_operands.c */
/* libraries: -lZydis */
/*
 * The instruction decoder against Zydis, on random bytes. test_decode_zydis [COUNT [SEED]]:
 * so many strings, the same ones for the same seed.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <Zydis/Zydis.h>

#include "arch/x86/decode.h"
#include "kernel/errno.h"

static uint64_t count = 6000000, seed = 88172645463325252ull;

/* One string, and what the two decoders made of it. */
struct pair {
	uint8_t bytes[16];
	unsigned n;
	enum cpu_mode mode;
	int err;
	struct insn i;
	ZyanStatus status;
	ZydisDecodedInstruction z;
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
};

/* What is known not to agree: judged by the manual, counted, and printed with the count. */
enum known {
	KNOWN_UNDEFINED,
	KNOWN_LOCK,
	KNOWN_VEX,
	KNOWN_PADLOCK,
	KNOWN_NO_MEMORY,
	KNOWN_SIB,
	KNOWN_MOVSXD,
	KNOWN_ENCL,
	KNOWN_3DNOW,
	KNOWN_COUNT
};

static const char *const known_text[] = {
	/* The hypervisor wants only a length of it, and asks only where hardware has executed. */
	[KNOWN_UNDEFINED] = "undefined, not emulated: Zydis refuses it",
	/* SDM 2A, LOCK: #UD, so that none ever exits. Compared without LOCK. */
	[KNOWN_LOCK] = "LOCK that is #UD: compared without it",
	[KNOWN_VEX] = "VEX, EVEX, XOP: refused (-ENOTSUP), as decode.h says",
	/* In neither manual: VIA's. */
	[KNOWN_PADLOCK] = "PadLock: refused",
	/* 90 to 97, b0 to bf: an instruction that reaches no memory is not emulated. */
	[KNOWN_NO_MEMORY] = "XCHG, MOV without ModRM: not emulated",
	/* SDM 2A table 2-5: SIB.base 101 with mod 00 is none, whatever REX.B is. */
	[KNOWN_SIB] = "67, REX.B, SIB without base: Zydis takes R13D",
	/* SDM 2B, MOVSXD: 63 /r with 66 is r16, r/m16; Zydis: r16, r/m32. */
	[KNOWN_MOVSXD] = "MOVSXD with 66: Zydis reads 32 bits",
	/* SDM 3D, ENCLS, ENCLU, ENCLV: no memory operand, so 67 (or the mode) means nothing. */
	[KNOWN_ENCL] = "ENCLS, ENCLU, ENCLV: address size of RAX, RBX, RCX",
	/* APM 3, 3DNow!: what is behind the operands is the opcode; here it counts as imm8. */
	[KNOWN_3DNOW] = "3DNow!: opcode behind the operands",
};

static uint64_t hits[KNOWN_COUNT], random_state;

static uint64_t rnd(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state >> 8;
}

static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
				   0x66, 0x67, 0xf0, 0xf2, 0xf3};

/* Prefixes and opcodes that matter are likelier than among random bytes. */
static void generate(struct pair *p)
{
	static const uint8_t likely[] = {
		0x62, 0x8f, 0xc4, 0xc5, /* EVEX, XOP, VEX; the others are emulated */
		0x63, 0x6c, 0x6d, 0x6e, 0x6f, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85,
		0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4,
		0xa5, 0xa8, 0xa9, 0xaa, 0xab, 0xc6, 0xc7, 0xf6, 0xf7};
	static const uint8_t likely_0f[] = {0xa3, 0xab, 0xb3, 0xb6, 0xb7,
					    0xba, 0xbb, 0xbe, 0xbf, 0xc3};
	unsigned at = 0, r;

	for (unsigned k = 0; k < sizeof(p->bytes); k += 4)
		memcpy(&p->bytes[k], &(uint32_t){(uint32_t)rnd()}, 4);
	/* A tenth are cut off, so that there is too little of them; a tenth stay as they are. */
	r = rnd() % 10;
	p->n = r == 0 ? rnd() % sizeof(p->bytes) : sizeof(p->bytes);
	if (r == 1)
		return;
	while (at < 14 && rnd() % 8 < 3)
		p->bytes[at++] = prefixes[rnd() % sizeof(prefixes)];
	if (p->mode == CPU_MODE_64 && rnd() % 2 && at < 14)
		p->bytes[at++] = (uint8_t)(0x40 | rnd() % 16);
	r = (unsigned)rnd();
	switch (r >> 8 & 15) {
	case 0:
	case 1: /* ADD to CMP, and what stands between them */
		p->bytes[at] &= 0x3f;
		break;
	case 2:
	case 3:
	case 4:
	case 5:
		p->bytes[at] = likely[r % sizeof(likely)];
		break;
	case 6:
	case 7:
		p->bytes[at + 1] = likely_0f[r % sizeof(likely_0f)];
		p->bytes[at] = 0x0f;
		break;
	case 8:
	case 9:
	case 10:
		p->bytes[at] = 0x0f;
		break;
	case 11:
		p->bytes[at + 1] = r & 1 ? 0x38 : 0x3a;
		p->bytes[at] = 0x0f;
		break;
	default:
		break;
	}
}

/*
 * Without LOCK where that is #UD: in its place a prefix that means nothing in 64-bit
 * mode, so that a REX before it still does not count; else it is left out.
 */
static void ask_zydis_without_lock(struct pair *p, const ZydisDecoder *decoder)
{
	unsigned at = 0, out = 0;
	uint8_t b[sizeof(p->bytes)];

	for (bool prefix = true; at < p->n; at++) {
		uint8_t c = p->bytes[at];

		prefix = prefix && ((p->mode == CPU_MODE_64 && (c & 0xf0) == 0x40) ||
				    memchr(prefixes, c, sizeof(prefixes)));
		if (!prefix || c != 0xf0)
			b[out++] = c;
		else if (p->mode == CPU_MODE_64)
			b[out++] = 0x26;
	}
	p->status = ZydisDecoderDecodeFull(decoder, b, out, &p->z, p->op);
	p->z.length += (uint8_t)(at - out);
	p->z.attributes |= ZYDIS_ATTRIB_HAS_LOCK;
	hits[KNOWN_LOCK] += ZYAN_SUCCESS(p->status);
}

/* Puts right what Zydis says against the manual, so that all else is still compared. */
static void mend(struct pair *p)
{
	const ZydisDecodedInstructionRaw *raw = &p->z.raw;

	for (unsigned k = 0; k < p->z.operand_count_visible; k++) {
		ZydisDecodedOperandMem *m = &p->op[k].mem;

		if (p->op[k].type != ZYDIS_OPERAND_TYPE_MEMORY || raw->modrm.mod ||
		    !(p->z.attributes & ZYDIS_ATTRIB_HAS_SIB) || m->base != ZYDIS_REGISTER_R13D)
			continue;
		m->base = ZYDIS_REGISTER_NONE;
		m->disp.value = raw->disp.value;
		hits[KNOWN_SIB]++;
	}
	if (p->z.mnemonic == ZYDIS_MNEMONIC_MOVSXD && p->op[0].size == 16 && p->op[1].size == 32) {
		p->op[1].size = 16;
		if (p->op[1].type == ZYDIS_OPERAND_TYPE_REGISTER)
			p->op[1].reg.value += ZYDIS_REGISTER_AX - ZYDIS_REGISTER_EAX;
		hits[KNOWN_MOVSXD]++;
	}
	if (p->z.mnemonic == ZYDIS_MNEMONIC_ENCLS || p->z.mnemonic == ZYDIS_MNEMONIC_ENCLU ||
	    p->z.mnemonic == ZYDIS_MNEMONIC_ENCLV) {
		p->z.address_width = 8 * p->i.adsize;
		hits[KNOWN_ENCL]++;
	}
	if (p->z.opcode_map == ZYDIS_OPCODE_MAP_0F0F) {
		p->z.opcode_map = ZYDIS_OPCODE_MAP_0F;
		p->z.opcode = 0x0f;
		hits[KNOWN_3DNOW]++;
	}
}

static bool is_gpr(ZydisRegister r, unsigned n, unsigned size, bool high)
{
	switch (size) {
	case 1: /* AL to BL, AH to BH, SPL to R15B */
		if (high)
			return n < 4 && r == ZYDIS_REGISTER_AH + n;
		return r == (n < 4 ? ZYDIS_REGISTER_AL + n : ZYDIS_REGISTER_SPL + n - 4);
	case 2:
		return r == ZYDIS_REGISTER_AX + n;
	case 4:
		return r == ZYDIS_REGISTER_EAX + n;
	default:
		return r == ZYDIS_REGISTER_RAX + n;
	}
}

static bool is_address_reg(ZydisRegister r, unsigned n, unsigned size)
{
	if (n == INSN_NO_REG)
		return r == ZYDIS_REGISTER_NONE;
	if (n == INSN_REG_RIP)
		return r == (size == 8 ? ZYDIS_REGISTER_RIP : ZYDIS_REGISTER_EIP);
	return is_gpr(r, n, size, false);
}

static bool is_segment(ZydisRegister r, unsigned seg)
{
	static_assert(SREG_ES == 0 && SREG_GS == 5 && ZYDIS_REGISTER_GS == ZYDIS_REGISTER_ES + 5,
		      "in the order of encoding");
	return r == ZYDIS_REGISTER_ES + seg;
}

/* By mnemonic; MOVS and its kin come with the size of an element at the end. */
static uint8_t op_of[ZYDIS_MNEMONIC_MAX_VALUE + 1];

static void name_operations(void)
{
	static const char *const text[] = {
		[INSN_ADD] = "add",     [INSN_OR] = "or",     [INSN_ADC] = "adc",
		[INSN_SBB] = "sbb",     [INSN_AND] = "and",   [INSN_SUB] = "sub",
		[INSN_XOR] = "xor",     [INSN_CMP] = "cmp",   [INSN_BT] = "bt",
		[INSN_BTS] = "bts",     [INSN_BTR] = "btr",   [INSN_BTC] = "btc",
		[INSN_TEST] = "test",   [INSN_MOV] = "mov",   [INSN_MOVZX] = "movzx",
		[INSN_MOVSX] = "movsx", [INSN_XCHG] = "xchg", [INSN_MOVS] = "movs",
		[INSN_STOS] = "stos",   [INSN_INS] = "ins",   [INSN_OUTS] = "outs"};

	for (ZydisMnemonic m = 1; m <= ZYDIS_MNEMONIC_MAX_VALUE; m++) {
		const char *name = ZydisMnemonicGetString(m);

		for (unsigned op = 1; op < ARRAY_SIZE(text); op++) {
			size_t n = text[op] ? strlen(text[op]) : 0;

			if (n && !strncmp(name, text[op], n) &&
			    (op < INSN_MOVS ? !name[n] : strchr("bwdq", name[n]) && !name[n + 1]))
				op_of[m] = (uint8_t)op;
		}
	}
	op_of[ZYDIS_MNEMONIC_MOVNTI] = INSN_MOV;
	op_of[ZYDIS_MNEMONIC_MOVSXD] = INSN_MOVSX;
}

/* What decode.h calls it; with a control, debug, segment or vector register: INSN_OTHER. */
static enum insn_op zydis_op(const struct pair *p)
{
	for (unsigned k = 0; k < p->z.operand_count_visible; k++) {
		ZydisRegisterClass class = ZydisRegisterGetClass(p->op[k].reg.value);

		if (p->op[k].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    (class < ZYDIS_REGCLASS_GPR8 || class > ZYDIS_REGCLASS_GPR64))
			return INSN_OTHER;
	}
	return (enum insn_op)op_of[p->z.mnemonic];
}

/* The operation is named only where memory may be reached. */
static bool same_op(const struct pair *p)
{
	enum insn_op op = zydis_op(p);
	unsigned high = p->i.opcode >> 4;

	if (op == (enum insn_op)p->i.op)
		return true;
	if (p->i.map || p->i.op != INSN_OTHER || p->i.has_mem ||
	    !(high == 0xb || (high == 9 && p->i.opcode < 0x98)))
		return false;
	hits[KNOWN_NO_MEMORY]++;
	return true;
}

static const char *compare_prefixes(const struct pair *p)
{
	const ZydisDecodedInstructionRaw *raw = &p->z.raw;
	ZydisInstructionAttributes a = p->z.attributes;
	unsigned rex = 0, rep = 0;
	bool opsize = false;

	for (unsigned k = 0; k < raw->prefix_count; k++) {
		opsize |= raw->prefixes[k].value == 0x66;
		if (raw->prefixes[k].value == 0xf2 || raw->prefixes[k].value == 0xf3)
			rep = raw->prefixes[k].value;
	}
	if (a & ZYDIS_ATTRIB_HAS_REX)
		rex = 0x40u | raw->rex.W << 3 | raw->rex.R << 2 | raw->rex.X << 1 | raw->rex.B;
	if (p->i.rex != rex)
		return "REX";
	if (p->i.rep != rep)
		return "REP";
	if (p->i.lock != !!(a & ZYDIS_ATTRIB_HAS_LOCK))
		return "LOCK";
	if (p->i.opsize_prefix != opsize)
		return "operand-size prefix";
	return NULL;
}

/* The operand that is named in the instruction, not the implied ones of stack and strings. */
static const char *compare_memory(const struct pair *p)
{
	const struct insn *i = &p->i;
	const ZydisDecodedOperandMem *m = NULL;

	for (unsigned k = 0; k < p->z.operand_count; k++)
		if (p->op[k].type == ZYDIS_OPERAND_TYPE_MEMORY &&
		    p->op[k].visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT)
			m = &p->op[k].mem;
	if (i->has_mem != !!m)
		return "memory operand";
	if (!m)
		return NULL;
	if (!is_address_reg(m->base, i->base, i->adsize))
		return "base";
	if (!is_address_reg(m->index, i->index, i->adsize))
		return "index";
	if (i->index != INSN_NO_REG && m->scale != 1u << i->scale)
		return "scale";
	if (m->disp.value != i->disp)
		return "displacement";
	/* The address of LEA is in no segment. */
	if (m->type != ZYDIS_MEMOP_TYPE_AGEN && !is_segment(m->segment, i->seg))
		return "segment";
	return NULL;
}

static const char *compare_string(const struct pair *p)
{
	ZydisInstructionAttributes a = p->z.attributes;
	const struct insn *i = &p->i;

	for (unsigned k = 0; k < p->z.operand_count; k++) {
		const ZydisDecodedOperand *o = &p->op[k];

		if (o->type != ZYDIS_OPERAND_TYPE_MEMORY)
			continue;
		if (o->size != 8 * i->dst.size)
			return "size of an element";
		if (is_gpr(o->mem.base, GPR_RSI, i->adsize, false)
			    ? !is_segment(o->mem.segment, i->seg)
			    : !is_gpr(o->mem.base, GPR_RDI, i->adsize, false) ||
				      o->mem.segment != ZYDIS_REGISTER_ES)
			return "string pointer";
	}
	if (!!(a & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE)) !=
		    (i->rep != REP_NONE) ||
	    (a & ZYDIS_ATTRIB_HAS_REPE && i->rep != REP_E) ||
	    (a & ZYDIS_ATTRIB_HAS_REPNE && i->rep != REP_NE))
		return "repetition";
	return NULL;
}

static const char *compare_operand(const struct pair *p, const struct operand *o,
				   const ZydisDecodedOperand *z)
{
	static const ZydisOperandType type[] = {[OPERAND_REG] = ZYDIS_OPERAND_TYPE_REGISTER,
						[OPERAND_MEM] = ZYDIS_OPERAND_TYPE_MEMORY,
						[OPERAND_IMM] = ZYDIS_OPERAND_TYPE_IMMEDIATE};

	if (z->type != type[o->kind])
		return "kind of an operand";
	/* As wide as the operation is, which shows whether it was extended by its sign. */
	if (o->kind == OPERAND_IMM)
		return (z->imm.value.u ^ p->i.imm) << (64 - 8 * o->size) ? "immediate" : NULL;
	if (z->size != 8 * o->size)
		return "size of an operand";
	if (o->kind == OPERAND_REG && !is_gpr(z->reg.value, o->reg, o->size, o->high))
		return "register";
	return NULL;
}

static const char *compare_operands(const struct pair *p)
{
	const struct operand *const ours[] = {&p->i.dst, &p->i.src};
	const char *what = NULL;
	unsigned n = 0;

	for (unsigned k = 0; k < ARRAY_SIZE(ours) && !what; k++)
		if (ours[k]->kind != OPERAND_NONE)
			what = compare_operand(p, ours[k], &p->op[n++]);
	return what ? what : n != p->z.operand_count_visible ? "number of operands" : NULL;
}

/* One of them refuses it. */
static const char *compare_refusal(const struct pair *p)
{
	if (p->err && ZYAN_FAILED(p->status))
		return NULL;
	if (!p->err && p->i.op == INSN_OTHER &&
	    (p->status == ZYDIS_STATUS_DECODING_ERROR || p->status == ZYDIS_STATUS_BAD_REGISTER))
		hits[KNOWN_UNDEFINED]++;
	else if (!p->err)
		return "accepted";
	else if (p->err == -ENOTSUP && p->z.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
		 p->z.encoding != ZYDIS_INSTRUCTION_ENCODING_3DNOW)
		hits[KNOWN_VEX]++;
	else if (p->err == -EINVAL && p->z.meta.isa_ext == ZYDIS_ISA_EXT_PADLOCK)
		hits[KNOWN_PADLOCK]++;
	else
		return "refused";
	return NULL;
}

/* NULL, or what is not the same. */
static const char *compare(const struct pair *p)
{
	static const ZydisOpcodeMap map[] = {ZYDIS_OPCODE_MAP_DEFAULT, ZYDIS_OPCODE_MAP_0F,
					     ZYDIS_OPCODE_MAP_0F38, ZYDIS_OPCODE_MAP_0F3A};
	const ZydisDecodedInstructionRaw *raw = &p->z.raw;
	const struct insn *i = &p->i;
	const char *what;

	if (p->err || ZYAN_FAILED(p->status))
		return compare_refusal(p);
	if (p->z.length != i->len)
		return "length";
	if (p->z.opcode_map != map[i->map] || p->z.opcode != i->opcode)
		return "opcode";
	if (i->has_modrm != !!(p->z.attributes & ZYDIS_ATTRIB_HAS_MODRM) ||
	    (i->has_modrm &&
	     i->modrm != (raw->modrm.mod << 6 | raw->modrm.reg << 3 | raw->modrm.rm)))
		return "ModRM";
	if (p->z.address_width != 8 * i->adsize)
		return "address size";
	if (raw->imm[0].size && (raw->imm[0].value.u ^ i->imm) << (64 - raw->imm[0].size))
		return "raw immediate";
	what = compare_prefixes(p);
	if (!what)
		what = compare_memory(p);
	if (!what && !same_op(p))
		what = "operation";
	if (what || i->op == INSN_OTHER)
		return what;
	if (p->z.operand_width != 8 && p->z.operand_width != 8 * i->opsize)
		return "operand size";
	return i->op >= INSN_MOVS ? compare_string(p) : compare_operands(p);
}

static void show(const struct pair *p, const char *what)
{
	const struct insn *i = &p->i;
	const struct operand *d = &i->dst, *o = &i->src;
	char text[96] = "refused";
	ZydisFormatter f;

	printf("# %d-bit:", p->mode);
	for (unsigned k = 0; k < (p->err ? p->n : i->len); k++)
		printf(" %02x", p->bytes[k]);
	printf(": %s\n", what);
	printf("#   error %d, length %u, op %u, sizes %u %u, dst %u/%u/%u/%d src %u/%u/%u/%d\n",
	       p->err, i->len, i->op, i->opsize, i->adsize, d->kind, d->size, d->reg, d->high,
	       o->kind, o->size, o->reg, o->high);
	printf("#   seg %u base %u index %u scale %u disp %" PRIx64 " imm %" PRIx64 "\n", i->seg,
	       i->base, i->index, i->scale, (uint64_t)i->disp, i->imm);
	ZydisFormatterInit(&f, ZYDIS_FORMATTER_STYLE_INTEL);
	if (ZYAN_SUCCESS(p->status))
		ZydisFormatterFormatInstruction(&f, &p->z, p->op, p->z.operand_count_visible, text,
						sizeof(text), 0, NULL);
	printf("#   Zydis: %s, length %u\n", text, p->z.length);
}

static void check(enum cpu_mode mode, ZydisMachineMode machine, ZydisStackWidth width, uint64_t n)
{
	uint64_t accepted = 0, emulated = 0, wrong = 0, ops[INSN_OUTS + 1] = {0};
	struct pair p = {.mode = mode};
	ZydisDecoder decoder;

	assert_true(ZYAN_SUCCESS(ZydisDecoderInit(&decoder, machine, width)));
	/* No guest has them: 3E is DS (SDM 1, CET: no-track prefix), 0F 1A and 1B are NOP. */
	ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_CET, ZYAN_FALSE);
	ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);
	memset(hits, 0, sizeof(hits));
	random_state = seed + mode;
	for (uint64_t k = 0; k < n; k++) {
		const char *what;

		if (k && k % 10000000 == 0)
			fprintf(stderr, "%d-bit: %" PRIu64 " of %" PRIu64 "\n", mode, k, n);
		generate(&p);
		p.err = insn_decode(p.bytes, p.n, mode, &p.i);
		p.status = ZydisDecoderDecodeFull(&decoder, p.bytes, p.n, &p.z, p.op);
		if (!p.err && p.status == ZYDIS_STATUS_ILLEGAL_LOCK)
			ask_zydis_without_lock(&p, &decoder);
		if (ZYAN_SUCCESS(p.status))
			mend(&p);
		what = compare(&p);
		if (what && wrong++ < 10)
			show(&p, what);
		accepted += !p.err;
		emulated += !p.err && p.i.op != INSN_OTHER;
		ops[p.err ? INSN_OTHER : p.i.op]++;
	}
	printf("# %d-bit: %" PRIu64 " strings, %" PRIu64 " accepted, %" PRIu64
	       " of them emulated, %" PRIu64 " wrong\n",
	       mode, n, accepted, emulated, wrong);
	for (unsigned k = 0; k < KNOWN_COUNT; k++)
		if (hits[k])
			printf("#   %9" PRIu64 " %s\n", hits[k], known_text[k]);
	assert_int_equal(wrong, 0);
	/* Most strings say something, and about every operation. */
	assert_true(accepted >= n * 3 / 4 && emulated >= n * 2 / 5);
	for (unsigned k = 0; k < ARRAY_SIZE(ops); k++)
		assert_true(ops[k] >= n / 2000);
}

static void as_zydis_in_16_bit_mode(void **state)
{
	(void)state;
	check(CPU_MODE_16, ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16, count / 4);
}

static void as_zydis_in_32_bit_mode(void **state)
{
	(void)state;
	check(CPU_MODE_32, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32, count / 4);
}

static void as_zydis_in_64_bit_mode(void **state)
{
	(void)state;
	check(CPU_MODE_64, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64, count - count / 4 * 2);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_zydis_in_16_bit_mode),
		cmocka_unit_test(as_zydis_in_32_bit_mode),
		cmocka_unit_test(as_zydis_in_64_bit_mode),
	};

	name_operations();
	if (argc > 1)
		count = strtoull(argv[1], NULL, 0);
	if (argc > 2)
		seed = strtoull(argv[2], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
