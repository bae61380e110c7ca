/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decoded instructions that are kept: what is found again, and all that must not be. */
/* sources: kernel/insns.c kernel/gwalk.c kernel/event.c */
/* sources: arch/x86/decode.c arch/x86/decode_operands.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/regs.h"
#include "kernel/errno.h"
#include "kernel/insns.h"

#define P  BIT(0)
#define W  BIT(1)
#define U  BIT(2)
#define A  BIT(5)
#define D  BIT(6)
#define NX BIT(63)

/* Guest memory: two sets of tables, two pages of code, a page of data. */
#define RAM      0x20000u
#define ROOT     0x1000u /* its tables follow it, a page each */
#define ROOT2    0x8000u
#define CODE     0x10000u
#define CODE2    0x11000u
#define DATA     0x12000u
#define VA       0x8040402000ull /* another entry of the table at each level */
#define INDEX(l) (VA >> (12 + 9 * ((l)-1)) & 511)

static uint8_t ram[RAM] __attribute__((aligned(4096)));
static unsigned looks; /* at guest memory through the second-level tables */

void *vm_ptr(struct vm *vm, gpa_t gpa, unsigned size)
{
	(void)vm;
	looks++;
	return gpa + size <= RAM ? ram + gpa : NULL;
}

int vm_read(struct vm *vm, gpa_t gpa, void *buf, uint64_t size)
{
	const void *p = vm_ptr(vm, gpa, (unsigned)size);

	if (!p)
		return -EFAULT;
	memcpy(buf, p, size);
	return 0;
}

static struct insn_slot slots[INSN_SLOTS];
static struct vm vm;
static struct vcpu v = {.vm = &vm, .insns = slots};
static struct vcpu_context c;
static uint64_t cr2;

static void set(struct vcpu *vcpu, enum vcpu_reg reg, uint64_t value)
{
	(void)vcpu;
	assert_int_equal(reg, REG_CR2);
	cr2 = value;
}

static const struct vcpu_ops ops = {.set = set};
const struct vcpu_ops *vcpu_ops = &ops;
struct vcpu_caps vcpu_caps = {.phys_bits = 40};

static uint64_t *entry(gpa_t root, unsigned level)
{
	return (uint64_t *)(void *)(ram + root + (4 - level) * PAGE_SIZE) + INDEX(level);
}

static void tables(gpa_t root, gpa_t code)
{
	for (unsigned l = 4; l > 1; l--)
		*entry(root, l) = (root + (5 - l) * PAGE_SIZE) | P | W | U | A;
	entry(root, 1)[0] = code | P | W | A;
	entry(root, 1)[1] = (code + PAGE_SIZE) | P | W | A;
	entry(root, 1)[2] = DATA | P | W;
}

#define CODE_IS(at, ...)                                                                           \
	memcpy(ram + (at), (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static int setup(void **state)
{
	(void)state;
	memset(ram, 0, sizeof(ram));
	memset(slots, 0, sizeof(slots));
	memset(&vm, 0, sizeof(vm));
	tables(ROOT, CODE);
	tables(ROOT2, CODE2);
	c = (struct vcpu_context){
		.regs = {.cr0 = CR0_PE | CR0_PG | CR0_WP,
			 .cr3 = ROOT,
			 .cr4 = CR4_PAE,
			 .efer = EFER_LME | EFER_LMA | EFER_NXE},
		.rip = VA,
		.cs_rights = SEG_L | SEG_P | SEG_S | 0xb,
	};
	CODE_IS(CODE, 0x0f, 0xa2); /* CPUID */
	CODE_IS(CODE2, 0xf4);      /* HLT */
	return 0;
}

static struct vcpu_event fault;

static const struct insn *find_bytes(const uint8_t *bytes, unsigned n)
{
	fault.valid = false;
	looks = 0;
	struct insn_slot *s = vcpu_insn(&v, &c, bytes, n, &fault);
	return s ? &s->insn : NULL;
}

static unsigned find(void)
{
	const struct insn *i = find_bytes(NULL, 0);

	return i ? i->len : 0;
}

/* It is there, and nothing was walked for it. */
#define HIT(len)                                                                                   \
	do {                                                                                       \
		assert_int_equal(find(), len);                                                     \
		assert_int_equal(looks, 0);                                                        \
	} while (0)
#define MISS(len)                                                                                  \
	do {                                                                                       \
		assert_int_equal(find(), len);                                                     \
		assert_int_not_equal(looks, 0);                                                    \
	} while (0)
#define FAULT(code)                                                                                \
	do {                                                                                       \
		assert_int_equal(find(), 0);                                                       \
		assert_true(fault.valid);                                                          \
		assert_int_equal(fault.vector, VEC_PF);                                            \
		assert_int_equal(fault.error, code);                                               \
		assert_int_equal(cr2, VA);                                                         \
	} while (0)

static void found_again(void **state)
{
	(void)state;
	MISS(2);
	HIT(2);
	ram[CODE + 2] = 0x55; /* behind it */
	HIT(2);
	*entry(ROOT2, 1) = 0; /* tables that are not used */
	HIT(2);
	c.regs.rflags = RFLAGS_CF;
	HIT(2);
}

static void code_changes(void **state)
{
	(void)state;
	MISS(2);
	CODE_IS(CODE, 0x0f, 0x01, 0xd9); /* VMMCALL: the first byte is as it was */
	MISS(3);
	CODE_IS(CODE, 0xf4);
	MISS(1);
	/* Each byte of a long one counts. */
	CODE_IS(CODE, 0x66, 0x66, 0x66, 0x66, 0x48, 0xc7, 0x84, 0x88, 1, 2, 3, 4, 5, 6, 7);
	MISS(0); /* 16 bytes would be too many */
	CODE_IS(CODE, 0x66, 0x66, 0x66, 0x48, 0xc7, 0x84, 0x88, 1, 2, 3, 4, 5, 6, 7, 8);
	MISS(15);
	for (unsigned at = 7; at < 15; at++) {
		ram[CODE + at] ^= 0x80;
		const struct insn *i = find_bytes(NULL, 0);
		struct insn now;

		assert_non_null(i);
		assert_int_equal(insn_decode(ram + CODE, 15, CPU_MODE_64, &now), 0);
		assert_memory_equal(i, &now, sizeof(now));
	}
	CODE_IS(CODE, 0x06); /* undefined */
	MISS(0);
	assert_false(fault.valid);
	CODE_IS(CODE, 0xf4);
	MISS(1);
	HIT(1);
}

/* Every entry of the walk, each in turn: gone, led elsewhere, no longer accessed. */
static void tables_change(void **state)
{
	(void)state;
	for (unsigned l = 1; l <= 4; l++) {
		uint64_t was = *entry(ROOT, l);
		uint64_t other = l == 1 ? CODE2 : ROOT2 + (5 - l) * PAGE_SIZE;

		(void)find();
		HIT(2);
		*entry(ROOT, l) = 0;
		FAULT(PFEC_I);
		FAULT(PFEC_I);
		*entry(ROOT, l) = was;
		MISS(2);
		*entry(ROOT, l) = other | P | W | U | A;
		MISS(1);
		*entry(ROOT, l) = was & ~A;
		MISS(2);
		*entry(ROOT, l) = was | NX;
		FAULT(PFEC_P | PFEC_I);
		*entry(ROOT, l) = was;
		MISS(2);
	}
}

static void registers_change(void **state)
{
	(void)state;
	MISS(2);
	c.regs.cr3 = ROOT2;
	MISS(1);
	c.regs.cr3 = ROOT;
	MISS(2);
	c.regs.cr3 |= 1; /* another PCID */
	MISS(2);
	c.regs.cr0 &= ~CR0_WP;
	MISS(2);
	c.regs.efer &= ~EFER_NXE;
	MISS(2);
	HIT(2);
	/* A page of the user's, and SMEP. */
	*entry(ROOT, 1) |= U;
	MISS(2);
	c.regs.cr4 |= CR4_SMEP;
	FAULT(PFEC_P | PFEC_I);
	c.cpl = 3;
	MISS(2);
	*entry(ROOT, 1) &= ~U;
	FAULT(PFEC_P | PFEC_I | PFEC_U);
	c.cpl = 0;
	MISS(2);
	HIT(2);
	c.cpl = 3;
	FAULT(PFEC_P | PFEC_I | PFEC_U);
}

static void mode_changes(void **state)
{
	(void)state;
	/* ADD [RAX], imm8 of 64 bits; DEC EAX and the rest; 48 alone in 16 bits. */
	CODE_IS(CODE, 0x48, 0x81, 0x00, 1, 2, 3, 4);
	*entry(ROOT, 1) |= U;
	MISS(7);
	c.cs_rights &= (uint32_t)~SEG_L;
	c.cs_rights |= SEG_DB;
	c.cs_base = VA & UINT32_MAX; /* below 4 GiB, where a copy of the tables leads, too */
	c.rip = 0;
	*(uint64_t *)(void *)(ram + ROOT) = *entry(ROOT, 4);
	*(uint64_t *)(void *)(ram + ROOT + PAGE_SIZE + 8) = *entry(ROOT, 3);
	*(uint64_t *)(void *)(ram + ROOT + PAGE_SIZE) = *entry(ROOT, 3);
	MISS(1);
	HIT(1);
	CODE_IS(CODE, 0x81, 0xc0, 1, 2, 3, 4); /* ADD EAX, imm32; ADD AX, imm16 */
	MISS(6);
	HIT(6);
	c.cs_rights &= (uint32_t)~SEG_DB;
	MISS(4);
	HIT(4);
	c.cs_rights |= SEG_DB;
	MISS(6);
	/* Real mode, at the address of the code. */
	c.regs.cr0 = c.regs.cr4 = c.regs.efer = 0;
	c.cs_base = CODE;
	MISS(4);
	HIT(4);
}

static void slots_are_shared(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 256; i++)
		CODE_IS(CODE + i, 0xf4);
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < 256; i++) {
			c.rip = VA + i;
			assert_int_equal(find(), 1);
		}
	HIT(1);
}

static void at_the_end_of_a_page(void **state)
{
	(void)state;
	/* MOV EAX, imm32 of 5 bytes, 3 of them here. */
	c.rip = VA + PAGE_SIZE - 3;
	CODE_IS(CODE + PAGE_SIZE - 3, 0xb8, 0, 0);
	CODE_IS(CODE2, 0, 0, 0xf4);
	MISS(5);
	MISS(5); /* not kept */
	/* What is there of it looks like the one that was there, but goes on in no page. */
	entry(ROOT, 1)[1] = 0;
	assert_int_equal(find(), 0);
	assert_false(fault.valid);
	entry(ROOT, 1)[1] = DATA | P | A;
	ram[DATA] = 1;
	MISS(5);
	const struct insn *i = find_bytes(NULL, 0);
	assert_int_equal(i->imm, 0x010000);
	/* The last one that surely ends in its page. */
	c.rip = VA + PAGE_SIZE - 16;
	CODE_IS(CODE + PAGE_SIZE - 16, 0xf4);
	MISS(1);
	HIT(1);
}

static void memory_is_taken(void **state)
{
	(void)state;
	MISS(2);
	HIT(2);
	vm.p2m_gen++; /* the VM starts again */
	MISS(2);
	HIT(2);
}

static void not_in_ram(void **state)
{
	(void)state;
	*entry(ROOT, 1) = 0xfee00000 | P | A;
	assert_int_equal(find(), 0);
	assert_false(fault.valid);
	*entry(ROOT, 2) = 0xfee00000 | P | W | U | A; /* a table: reserved bits are set */
	FAULT(PFEC_P | PFEC_RSVD);
}

/* Bytes that the hardware has told count, whatever is in memory now. */
static void told_bytes(void **state)
{
	static const uint8_t move[] = {0x89, 0x07, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t add[] = {0x81, 0x07, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	const struct insn *i = find_bytes(move, 15);

	(void)state;
	assert_int_equal(i->op, INSN_MOV);
	assert_int_equal(looks, 0);
	i = find_bytes(add, 15);
	assert_int_equal(i->op, INSN_ADD);
	assert_int_equal(find_bytes(add, 15), i);
	assert_null(find_bytes(add, 5)); /* it was cut off */
	MISS(2);
	HIT(2);
}

static int translate(gva_t va, unsigned access, gpa_t *gpa)
{
	looks = 0;
	return vcpu_translate(&v, &c, &slots[0].operand, va, access, gpa, &fault);
}

static void operands(void **state)
{
	gva_t va = VA + 2 * PAGE_SIZE + 8;
	uint64_t *leaf = &entry(ROOT, 1)[2];
	gpa_t gpa = 0;

	(void)state;
	assert_int_equal(translate(va, 0, &gpa), 0);
	assert_int_equal(gpa, DATA + 8);
	assert_int_equal(*leaf, DATA | P | W | A);
	assert_int_equal(translate(va + 4, 0, &gpa), 0);
	assert_int_equal(gpa, DATA + 12);
	assert_int_equal(looks, 0);
	/* A write is another access: it sets the dirty bit, each time that it is clear. */
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(translate(va, GWALK_W, &gpa), 0);
		assert_int_not_equal(looks, 0);
		assert_int_equal(*leaf, DATA | P | W | A | D);
		assert_int_equal(translate(va, GWALK_W, &gpa), 0);
		assert_int_equal(looks, 0);
		*leaf &= ~D;
	}
	*leaf &= ~W;
	assert_int_equal(translate(va, GWALK_W, &gpa), -EFAULT);
	assert_int_equal(fault.error, PFEC_P | PFEC_W);
	/* The user's page: SMAP counts unless AC is set, and AC is part of what is kept. */
	*leaf |= W | U;
	c.regs.cr4 |= CR4_SMAP;
	c.regs.rflags = RFLAGS_AC;
	assert_int_equal(translate(va, 0, &gpa), 0);
	assert_int_equal(translate(va, 0, &gpa), 0);
	assert_int_equal(looks, 0);
	c.regs.rflags = 0;
	assert_int_equal(translate(va, 0, &gpa), -EFAULT);
	assert_int_equal(fault.error, PFEC_P);
	assert_int_equal(translate(va, GWALK_U, &gpa), 0);
}

/* What is known of a place is what a walk would give. */
static void known_places(void **state)
{
	gva_t va = VA + 2 * PAGE_SIZE + 8;
	struct trail *t = &slots[0].operand;
	gpa_t gpa = 0;

	(void)state;
	assert_false(vcpu_knows(&c, t, va, GWALK_W));
	assert_int_equal(translate(va, GWALK_W, &gpa), 0);
	assert_true(vcpu_knows(&c, t, va, GWALK_W));
	assert_true(vcpu_knows(&c, t, va + 8, GWALK_W));
	assert_int_equal(t->walk.gpa, DATA);
	assert_false(vcpu_knows(&c, t, va, 0)); /* another access, another page */
	assert_false(vcpu_knows(&c, t, va, GWALK_W | GWALK_U));
	assert_false(vcpu_knows(&c, t, va + PAGE_SIZE, GWALK_W));
	assert_false(vcpu_knows(&c, t, va ^ BIT(63), GWALK_W));
	c.regs.rflags = RFLAGS_AC;
	assert_false(vcpu_knows(&c, t, va, GWALK_W));
	c.regs.rflags = 0;
	entry(ROOT, 1)[2] = CODE | P | W | A | D;
	assert_false(vcpu_knows(&c, t, va, GWALK_W));
	assert_int_equal(translate(va, GWALK_W, &gpa), 0);
	assert_int_equal(t->walk.gpa, CODE);
	*entry(ROOT, 3) = 0;
	assert_false(vcpu_knows(&c, t, va, GWALK_W));
}

/* A plain MOV: its address and its value need no more than registers. */
static void plain_moves(void **state)
{
	static const struct {
		bool plain;
		uint8_t bytes[8];
	} moves[] = {
		{true, {0x89, 0x07}},             /* mov [rdi], eax */
		{true, {0x48, 0x8b, 0x47, 0x08}}, /* mov rax, [rdi+8] */
		{true, {0xc7, 0x07, 1, 2, 3, 4}}, /* mov dword [rdi], imm */
		{true, {0x36, 0x89, 0x07}},       /* mov [ss:rdi], eax: no base in 64-bit mode */
		{false, {0x88, 0x07}},            /* mov [rdi], al */
		{false, {0x66, 0x89, 0x07}},      /* mov [rdi], ax */
		{false, {0x67, 0x89, 0x07}},      /* mov [edi], eax */
		{false, {0x64, 0x89, 0x07}},      /* mov [fs:rdi], eax */
		{false, {0x65, 0x8b, 0x07}},      /* mov eax, [gs:rdi] */
		{false, {0x89, 0xc7}},            /* mov edi, eax */
		{false, {0x01, 0x07}},            /* add [rdi], eax */
		{false, {0x87, 0x07}},            /* xchg [rdi], eax */
		{false, {0x0f, 0xb6, 0x07}},      /* movzx eax, byte [rdi] */
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(moves); i++) {
		memcpy(ram + CODE, moves[i].bytes, sizeof(moves[i].bytes));
		assert_true(find() > 1);
		assert_int_equal(slots[(c.rip ^ c.rip >> 4) % INSN_SLOTS].plain, moves[i].plain);
	}
	memcpy(ram + CODE, moves[0].bytes, sizeof(moves[0].bytes));
	c.cs_rights = SEG_DB | SEG_P | SEG_S | 0xb;
	c.rip = 0x402000; /* the same in 32-bit code has segments */
	*entry(ROOT, 4) = *entry(ROOT, 3) = 0;
	((uint64_t *)(void *)(ram + ROOT))[0] = (ROOT + PAGE_SIZE) | P | W | U | A;
	((uint64_t *)(void *)(ram + ROOT + PAGE_SIZE))[0] = (ROOT + 2 * PAGE_SIZE) | P | W | U | A;
	((uint64_t *)(void *)(ram + ROOT + 2 * PAGE_SIZE))[2] =
		(ROOT + 3 * PAGE_SIZE) | P | W | U | A;
	((uint64_t *)(void *)(ram + ROOT + 3 * PAGE_SIZE))[2] = CODE | P | A;
	assert_int_equal(find(), 2);
	assert_false(slots[(c.rip ^ c.rip >> 4) % INSN_SLOTS].plain);
}

/* Entries of 4 bytes: only that one is looked at. */
static void two_levels(void **state)
{
	uint32_t *dir = (uint32_t *)(void *)(ram + ROOT);
	uint32_t *table = (uint32_t *)(void *)(ram + ROOT + PAGE_SIZE);

	(void)state;
	c.regs.cr4 = c.regs.efer = 0;
	c.cs_rights = SEG_DB | SEG_P | SEG_S | 0xb;
	c.rip = 0x400000 + PAGE_SIZE;
	dir[1] = (uint32_t)((ROOT + PAGE_SIZE) | P | W | A);
	table[1] = (uint32_t)(CODE | P | A);
	MISS(2);
	HIT(2);
	dir[0] = dir[2] = table[0] = table[2] = 0x1234;
	HIT(2);
	table[1] = (uint32_t)(CODE2 | P | A);
	MISS(1);
	dir[1] = 0;
	assert_int_equal(find(), 0);
	assert_int_equal(fault.error, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(found_again, setup),
		cmocka_unit_test_setup(code_changes, setup),
		cmocka_unit_test_setup(tables_change, setup),
		cmocka_unit_test_setup(registers_change, setup),
		cmocka_unit_test_setup(mode_changes, setup),
		cmocka_unit_test_setup(slots_are_shared, setup),
		cmocka_unit_test_setup(at_the_end_of_a_page, setup),
		cmocka_unit_test_setup(memory_is_taken, setup),
		cmocka_unit_test_setup(not_in_ram, setup),
		cmocka_unit_test_setup(told_bytes, setup),
		cmocka_unit_test_setup(operands, setup),
		cmocka_unit_test_setup(known_places, setup),
		cmocka_unit_test_setup(plain_moves, setup),
		cmocka_unit_test_setup(two_levels, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
