/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The emulator against the CPU of the host, and its faults, limits and string I/O. */
/* sources: kernel/emulate.c kernel/emulate_alu.c kernel/emulate_string.c */
/* sources: arch/x86/decode.c arch/x86/decode_operands.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "arch/x86/decode.h"
#include "arch/x86/regs.h"
#include "kernel/emulate.h"
#include "kernel/errno.h"

#define ARITH (RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF)

static uint64_t seed = 88172645463325252ull;

static uint64_t rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

/* Corner values more often than chance would give them. */
static uint64_t operand(void)
{
	static const uint64_t corner[] = {0,
					  1,
					  0x7f,
					  0x80,
					  0xff,
					  0x7fff,
					  0x8000,
					  0xffff,
					  INT32_MAX,
					  0x80000000,
					  UINT32_MAX,
					  INT64_MAX,
					  (uint64_t)INT64_MIN,
					  UINT64_MAX};

	return rnd() % 3 ? rnd() : corner[rnd() % ARRAY_SIZE(corner)];
}

struct state {
	uint64_t gpr[GPR_COUNT];
	uint64_t rflags;
};

/* Runs the code with RAX to RBX, RSI, RDI, R8 to R11 and the flags of the state. */
void host_run(struct state *s, const void *code);
__asm__(".text\nhost_run:\n"
	"push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"sub $8, %rsp\n"
	"mov %rdi, %r15; mov %rsi, %r14\n"
	"push 128(%r15); popfq\n"
	"mov (%r15), %rax; mov 8(%r15), %rcx; mov 16(%r15), %rdx; mov 24(%r15), %rbx\n"
	"mov 48(%r15), %rsi; mov 56(%r15), %rdi; mov 64(%r15), %r8; mov 72(%r15), %r9\n"
	"mov 80(%r15), %r10; mov 88(%r15), %r11\n"
	"call *%r14\n"
	"mov %rax, (%r15); mov %rcx, 8(%r15); mov %rdx, 16(%r15); mov %rbx, 24(%r15)\n"
	"mov %rsi, 48(%r15); mov %rdi, 56(%r15); mov %r8, 64(%r15); mov %r9, 72(%r15)\n"
	"mov %r10, 80(%r15); mov %r11, 88(%r15)\n"
	"pushfq; pop 128(%r15)\n"
	"cld; add $8, %rsp\n"
	"pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"ret\n");

/* The guest: registers, flat or limited segments, a window of memory, a port. */
#define WINDOW 512u

struct guest {
	struct vcpu v;
	struct state s;
	uint8_t *memory; /* WINDOW bytes */
	uint64_t base;   /* linear address of the first; the host's own in comparisons */
	struct vcpu_seg seg[SREG_COUNT];
	unsigned reads, writes, ins, outs, probes;
	uint64_t read_fault, write_fault; /* linear address of a byte that faults; 0: none */
	uint64_t port_next;
	uint32_t out_log[8];
};

static int page_fault(struct emu *e, bool write)
{
	e->fault = (struct vcpu_event){.valid = true,
				       .type = EVENT_EXCEPTION,
				       .vector = VEC_PF,
				       .has_error = true,
				       .error = write ? PFEC_W : 0};
	return -EFAULT;
}

static struct guest *guest_of(struct vcpu *v)
{
	return container_of(v, struct guest, v);
}

static uint64_t get_rsp(struct vcpu *v, enum vcpu_reg reg)
{
	assert_int_equal(reg, REG_RSP);
	return v->gpr[GPR_RSP];
}

static void set_rsp(struct vcpu *v, enum vcpu_reg reg, uint64_t value)
{
	assert_int_equal(reg, REG_RSP);
	v->gpr[GPR_RSP] = value;
}

static struct vcpu_seg get_seg(struct vcpu *v, enum vcpu_sreg s)
{
	return guest_of(v)->seg[s];
}

static const struct vcpu_ops ops = {.get = get_rsp, .set = set_rsp, .get_seg = get_seg};
const struct vcpu_ops *vcpu_ops = &ops;

static bool covers(uint64_t at, uint64_t va, unsigned size)
{
	return at && at - va < size;
}

int guest_read(struct emu *e, gva_t va, unsigned size, bool write_intent, uint64_t *value)
{
	struct guest *g = guest_of(e->v);

	if (covers(g->read_fault, va, size) || (write_intent && covers(g->write_fault, va, size)))
		return page_fault(e, write_intent);
	assert_true(va - g->base <= WINDOW - size);
	if (!value) {
		g->probes++;
		return 0;
	}
	g->reads++;
	*value = 0;
	memcpy(value, g->memory + (va - g->base), size);
	return 0;
}

int guest_write(struct emu *e, gva_t va, unsigned size, uint64_t value)
{
	struct guest *g = guest_of(e->v);

	if (covers(g->write_fault, va, size))
		return page_fault(e, true);
	assert_true(va - g->base <= WINDOW - size);
	assert_true(size == 8 || value >> (8 * size) == 0);
	g->writes++;
	memcpy(g->memory + (va - g->base), &value, size);
	return 0;
}

static struct emu last;

void port_access(struct vcpu *v, uint16_t port, unsigned size, bool out, uint64_t *value,
		 unsigned passed)
{
	struct guest *g = guest_of(v);

	assert_int_equal(port, 0x1f0);
	assert_in_range(size, 1, 4);
	assert_int_equal(passed, 0);
	assert_true(last.io);
	if (out) {
		g->out_log[g->outs++ % 8] = (uint32_t)*value;
	} else {
		*value = g->port_next++;
		g->ins++;
	}
}

#define DATA_RW 0xc093u /* present, S, read/write, accessed; D/B, G */
#define CODE_RX 0xc09bu

static uint8_t window[WINDOW];

static void guest_init(struct guest *g)
{
	memset(g, 0, sizeof(*g));
	g->memory = window;
	g->base = (uint64_t)(uintptr_t)window;
	for (unsigned s = 0; s < SREG_COUNT; s++)
		g->seg[s] = (struct vcpu_seg){
			.rights = s == SREG_CS ? CODE_RX : DATA_RW,
			.limit = UINT32_MAX,
		};
	memset(window, 0, sizeof(window));
}

static int run(struct guest *g, const uint8_t *code, unsigned n, enum cpu_mode mode, bool io)
{
	struct insn i;
	int err;

	assert_int_equal(insn_decode(code, n, mode, &i), 0);
	last = (struct emu){
		.io = io,
		.v = &g->v,
		.rip = 0x1000,
		.rflags = g->s.rflags,
	};
	memcpy(g->v.gpr, g->s.gpr, sizeof(g->s.gpr));
	err = emulate(&last, &i);
	memcpy(g->s.gpr, g->v.gpr, sizeof(g->s.gpr));
	g->s.rflags = last.rflags;
	return err;
}

#define RUN(g, mode, io, ...)                                                                      \
	run(g, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), mode, io)

/* One instruction on the CPU and in the emulator, from the same state. */
static void compare(const uint8_t *code, unsigned n, struct state start, uint8_t *page)
{
	uint8_t before[WINDOW], after[WINDOW];
	struct state host = start;
	struct guest g;
	int r;

	guest_init(&g);
	for (unsigned k = 0; k < WINDOW; k += 8) {
		uint64_t v = operand();

		memcpy(before + k, &v, 8);
	}
	if (rnd() & 1) /* CMP shall find equal values too */
		memcpy(before + WINDOW / 2, &start.gpr[GPR_RAX], 8);
	memcpy(page, code, n);
	page[n] = 0xc3;
	memcpy(window, before, WINDOW);
	host_run(&host, page);
	memcpy(after, window, WINDOW);

	memcpy(window, before, WINDOW);
	g.s = start;
	do
		r = run(&g, code, n, CPU_MODE_64, false);
	while (r == EMU_REPEAT);
	assert_int_equal(r, EMU_DONE);
	host.rflags = (host.rflags & ARITH) | (start.rflags & ~ARITH);
	if (memcmp(after, window, WINDOW) || memcmp(&host, &g.s, sizeof(host))) {
		for (unsigned k = 0; k < n; k++)
			printf("%02x ", code[k]);
		for (unsigned k = 0; k < GPR_COUNT; k++)
			if (host.gpr[k] != g.s.gpr[k])
				printf("gpr %u: start %lx host %lx emulator %lx; ", k, start.gpr[k],
				       host.gpr[k], g.s.gpr[k]);
		fail_msg("flags: start %lx host %lx emulator %lx; memory %s", start.rflags,
			 host.rflags, g.s.rflags,
			 memcmp(after, window, WINDOW) ? "differs" : "is the same");
	}
}

static struct state random_state(void)
{
	struct state s = {.rflags = RFLAGS_RSVD1 | (rnd() & ARITH)};

	for (unsigned n = 0; n < 12; n++)
		s.gpr[n] = operand();
	s.gpr[GPR_RSP] = s.gpr[GPR_RBP] = 0;
	/* The memory operand in the middle of the window. */
	s.gpr[GPR_RSI] = s.gpr[GPR_RDI] = (uint64_t)(uintptr_t)window + WINDOW / 2;
	return s;
}

/* An opcode, and what follows its ModRM. */
struct shape {
	uint8_t map, opcode;
	int reg;       /* ModRM.reg, or -1: any */
	uint8_t imm;   /* bytes; 9: 2 or 4 */
	bool bit_base; /* the register is a bit number */
};

static const struct shape shapes[] = {
	{0, 0x88, -1, 0, 0}, {0, 0x89, -1, 0, 0}, {0, 0x8a, -1, 0, 0}, {0, 0x8b, -1, 0, 0},
	{0, 0xc6, 0, 1, 0},  {0, 0xc7, 0, 9, 0},  {0, 0x84, -1, 0, 0}, {0, 0x85, -1, 0, 0},
	{0, 0x86, -1, 0, 0}, {0, 0x87, -1, 0, 0}, {0, 0xf6, 0, 1, 0},  {0, 0xf7, 0, 9, 0},
	{0, 0x63, -1, 0, 0}, {1, 0xb6, -1, 0, 0}, {1, 0xb7, -1, 0, 0}, {1, 0xbe, -1, 0, 0},
	{1, 0xbf, -1, 0, 0}, {1, 0xa3, 1, 0, 1},  {1, 0xab, 1, 0, 1},  {1, 0xb3, 1, 0, 1},
	{1, 0xbb, 1, 0, 1},  {1, 0xba, 4, 1, 0},  {1, 0xba, 5, 1, 0},  {1, 0xba, 6, 1, 0},
	{1, 0xba, 7, 1, 0},
};

/* Prefixes, opcode, ModRM with [RSI] or a register, immediate. */
static unsigned encode(uint8_t *code, const struct shape *s, bool memory, struct state *st)
{
	/* Registers that host_run() carries; 4 and 5 only as AH and CH of a byte instruction. */
	static const uint8_t regs[] = {0, 1, 2, 3, 6, 7};
	unsigned n = 0, width = (unsigned)rnd() % 3, reg, rm = 6, imm;
	bool byte = !(s->opcode & 1) && s->opcode != 0xba && !(s->map == 1 && s->opcode == 0xbe);

	if (s->map == 1 && (s->opcode & 0xf6) == 0xb6) /* MOVZX, MOVSX */
		byte = false;
	reg = s->reg >= 0 ? (unsigned)s->reg : regs[rnd() % 6];
	if (width == 1)
		code[n++] = 0x66;
	if (width == 2)
		code[n++] = 0x48;
	else if (byte && s->reg < 0 && rnd() & 1)
		reg = 4 + (rnd() & 3); /* AH to BH */
	if (!memory)
		rm = regs[rnd() % 4];
	if (s->map)
		code[n++] = 0x0f;
	code[n++] = s->opcode;
	code[n++] = (uint8_t)((memory ? 0x00 : 0xc0) | reg << 3 | rm);
	imm = s->imm == 9 ? (width == 1 ? 2 : 4) : s->imm;
	for (unsigned k = 0; k < imm; k++)
		code[n++] = (uint8_t)operand();
	if (s->bit_base && memory) /* stay in the window: up to 128 bytes either way */
		st->gpr[GPR_RCX] = (uint64_t)((int64_t)(rnd() % 2048) - 1024);
	return n;
}

static uint8_t *code_page(void)
{
	void *p = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	return p;
}

static void as_the_host(void **state)
{
	uint8_t *page = code_page(), code[16];

	(void)state;
	for (unsigned n = 0; n < 400; n++) {
		for (unsigned k = 0; k < ARRAY_SIZE(shapes); k++) {
			struct state s = random_state();
			unsigned size = encode(code, &shapes[k], rnd() % 4, &s);

			compare(code, size, s, page);
		}
	}
	munmap(page, PAGE_SIZE);
}

/* ADD to CMP in all their forms. */
static void arithmetic_as_the_host(void **state)
{
	uint8_t *page = code_page(), code[16];

	(void)state;
	for (unsigned n = 0; n < 200; n++) {
		for (unsigned op = 0; op < 8; op++) {
			for (unsigned form = 0; form < 6; form++) {
				struct shape s = {0, (uint8_t)(op << 3 | form), -1, 0, false};
				struct state st = random_state();
				unsigned size;

				if (form >= 4) { /* immediate to memory instead of to RAX */
					s = (struct shape){0, form == 4 ? 0x80 : 0x83, (int)op, 1,
							   false};
					if (rnd() & 1 && form == 5)
						s = (struct shape){0, 0x81, (int)op, 9, false};
				}
				size = encode(code, &s, rnd() % 4, &st);
				compare(code, size, st, page);
			}
		}
	}
	munmap(page, PAGE_SIZE);
}

static void accumulator_as_the_host(void **state)
{
	uint8_t *page = code_page(), code[16];

	(void)state;
	for (unsigned n = 0; n < 100; n++) {
		for (unsigned op = 0; op < 9; op++) { /* AL, imm8 and RAX, imm32; TEST too */
			uint8_t opcode = op == 8 ? 0xa8 : (uint8_t)(op << 3 | 4);

			code[0] = opcode;
			code[1] = (uint8_t)rnd();
			compare(code, 2, random_state(), page);
			code[0] = 0x48;
			code[1] = opcode | 1;
			for (unsigned k = 0; k < 4; k++)
				code[2 + k] = (uint8_t)operand();
			compare(code, 6, random_state(), page);
		}
		for (unsigned op = 0xa0; op < 0xa4; op++) { /* moffs */
			uint64_t at = (uint64_t)(uintptr_t)window + 64;

			code[0] = 0x48;
			code[1] = (uint8_t)op;
			memcpy(code + 2, &at, 8);
			compare(code, 10, random_state(), page);
		}
	}
	munmap(page, PAGE_SIZE);
}

static void strings_as_the_host(void **state)
{
	static const uint8_t ops[] = {0xa4, 0xaa};
	uint8_t *page = code_page(), code[8];

	(void)state;
	for (unsigned n = 0; n < 4000; n++) {
		struct state s = random_state();
		unsigned k = 0, width = (unsigned)rnd() % 4, rep = (unsigned)rnd() % 3;

		s.gpr[GPR_RCX] = rnd() % 100;
		s.gpr[GPR_RSI] = (uint64_t)(uintptr_t)window + 256;
		s.gpr[GPR_RDI] = (uint64_t)(uintptr_t)window + 256 + (rnd() & 15) - 8;
		if (rnd() & 1)
			s.rflags |= RFLAGS_DF;
		if (width == 3) /* quadwords reach further */
			s.gpr[GPR_RCX] %= 30;
		if (width == 2)
			s.gpr[GPR_RCX] %= 60;
		if (rep)
			code[k++] = rep == 1 ? 0xf2 : 0xf3;
		if (width == 1)
			code[k++] = 0x66;
		if (width == 3)
			code[k++] = 0x48;
		code[k++] = ops[n % ARRAY_SIZE(ops)] | (width ? 1 : 0);
		compare(code, k, s, page);
	}
	munmap(page, PAGE_SIZE);
}

static void rip_relative_and_segments(void **state)
{
	struct guest g;

	(void)state;
	guest_init(&g);
	g.base = 0x1006; /* RIP 0x1000 + 6 bytes */
	window[0] = 0x5a;
	assert_int_equal(RUN(&g, CPU_MODE_64, false, 0x8b, 0x05, 0, 0, 0, 0), EMU_DONE);
	assert_int_equal(g.s.gpr[GPR_RAX], 0x5a);

	/* FS and GS have bases in 64-bit mode, DS has not. */
	guest_init(&g);
	g.base = 0x123000;
	g.seg[SREG_GS].base = 0x123000;
	g.seg[SREG_DS].base = 0x777000;
	g.s.gpr[GPR_RBX] = 16;
	g.s.gpr[GPR_RCX] = 0xabcd;
	assert_int_equal(RUN(&g, CPU_MODE_64, false, 0x65, 0x66, 0x89, 0x0b), EMU_DONE);
	assert_int_equal(window[16] | window[17] << 8, 0xabcd);
	g.s.gpr[GPR_RBX] = 0x123020;
	assert_int_equal(RUN(&g, CPU_MODE_64, false, 0x88, 0x0b), EMU_DONE);
	assert_int_equal(window[32], 0xcd);

	/* 67: the address is cut to 32 bits. */
	g.s.gpr[GPR_RBX] = 0xffff000000123021;
	assert_int_equal(RUN(&g, CPU_MODE_64, false, 0x67, 0x88, 0x0b), EMU_DONE);
	assert_int_equal(window[33], 0xcd);

	/* 16-bit: BX + SI wraps at 64 KiB, then the segment base is added. */
	guest_init(&g);
	g.base = 0xf0000;
	g.seg[SREG_DS] = (struct vcpu_seg){.rights = DATA_RW, .limit = 0xffff, .base = 0xf0000};
	g.s.gpr[GPR_RBX] = 0xfff0;
	g.s.gpr[GPR_RSI] = 0x20;
	g.s.gpr[GPR_RAX] = 0x77;
	assert_int_equal(RUN(&g, CPU_MODE_16, false, 0x88, 0x00), EMU_DONE);
	assert_int_equal(window[16], 0x77);
}

static void check_fault(int err, unsigned vector)
{
	assert_int_equal(err, -EFAULT);
	assert_true(last.fault.valid && last.fault.has_error);
	assert_int_equal(last.fault.vector, vector);
	assert_int_equal(last.fault.type, EVENT_EXCEPTION);
}

static void segment_faults(void **state)
{
	struct guest g;

	(void)state;
	guest_init(&g);
	g.base = 0;
	/* mov [rbx], eax with a non-canonical address; the same with rsp */
	g.s.gpr[GPR_RBX] = g.s.gpr[GPR_RSP] = 0x0000800000000000;
	check_fault(RUN(&g, CPU_MODE_64, false, 0x89, 0x03), VEC_GP);
	check_fault(RUN(&g, CPU_MODE_64, false, 0x89, 0x04, 0x24), VEC_SS);
	/* the last byte is not canonical */
	g.s.gpr[GPR_RBX] = 0x00007ffffffffffd;
	check_fault(RUN(&g, CPU_MODE_64, false, 0x89, 0x03), VEC_GP);

	g.s.gpr[GPR_RBX] = g.s.gpr[GPR_RBP] = 13;
	g.seg[SREG_DS].limit = g.seg[SREG_SS].limit = 15;
	check_fault(RUN(&g, CPU_MODE_32, false, 0x89, 0x03), VEC_GP);
	check_fault(RUN(&g, CPU_MODE_32, false, 0x89, 0x45, 0x00), VEC_SS);
	g.s.gpr[GPR_RBX] = 12;
	assert_int_equal(RUN(&g, CPU_MODE_32, false, 0x89, 0x03), EMU_DONE);

	g.seg[SREG_DS].rights = 0xc091; /* read only */
	check_fault(RUN(&g, CPU_MODE_32, false, 0x89, 0x03), VEC_GP);
	check_fault(RUN(&g, CPU_MODE_32, false, 0x87, 0x03), VEC_GP);
	assert_int_equal(RUN(&g, CPU_MODE_32, false, 0x8b, 0x03), EMU_DONE);
	assert_int_equal(RUN(&g, CPU_MODE_32, false, 0x39, 0x03), EMU_DONE); /* CMP reads */
	g.seg[SREG_DS].rights |= (uint32_t)SEG_UNUSABLE;
	check_fault(RUN(&g, CPU_MODE_32, false, 0x8b, 0x03), VEC_GP);
	/* code: never written, read when it is readable */
	check_fault(RUN(&g, CPU_MODE_32, false, 0x2e, 0x89, 0x03), VEC_GP);
	assert_int_equal(RUN(&g, CPU_MODE_32, false, 0x2e, 0x8b, 0x03), EMU_DONE);
	g.seg[SREG_CS].rights = 0xc099;
	check_fault(RUN(&g, CPU_MODE_32, false, 0x2e, 0x8b, 0x03), VEC_GP);

	/* expand-down: valid above the limit, up to 64 KiB without D/B */
	g.seg[SREG_DS] = (struct vcpu_seg){.rights = 0x0097, .limit = 15};
	g.s.gpr[GPR_RBX] = 15;
	check_fault(RUN(&g, CPU_MODE_32, false, 0x8b, 0x03), VEC_GP);
	g.s.gpr[GPR_RBX] = 16;
	assert_int_equal(RUN(&g, CPU_MODE_32, false, 0x8b, 0x03), EMU_DONE);
	g.s.gpr[GPR_RBX] = 0xfffd;
	check_fault(RUN(&g, CPU_MODE_32, false, 0x8b, 0x03), VEC_GP);
}

/* A fault leaves registers, flags and memory as they were. */
static void page_faults_change_nothing(void **state)
{
	static const uint8_t code[][4] = {
		{0x89, 0x06},       {0x8b, 0x06},       {0x01, 0x06}, {0x03, 0x06}, {0x87, 0x06},
		{0x0f, 0xb6, 0x06}, {0x0f, 0xab, 0x06}, {0x39, 0x06}, {0xaa},       {0xa4},
	};

	(void)state;
	for (unsigned n = 0; n < ARRAY_SIZE(code); n++) {
		for (unsigned write = 0; write < 2; write++) {
			struct guest g;
			struct state before;
			uint8_t copy[WINDOW];
			int err;

			guest_init(&g);
			g.s = random_state();
			g.s.gpr[GPR_RAX] = 3;
			before = g.s;
			memcpy(copy, window, WINDOW);
			*(write ? &g.write_fault : &g.read_fault) = g.s.gpr[GPR_RSI];
			err = run(&g, code[n], 4, CPU_MODE_64, false);
			if (err == EMU_DONE) /* does not access memory in this way */
				continue;
			check_fault(err, VEC_PF);
			assert_memory_equal(&before, &g.s, sizeof(before));
			assert_memory_equal(copy, window, WINDOW);
		}
	}
}

static void rep_is_bounded(void **state)
{
	struct guest g;

	(void)state;
	guest_init(&g);
	g.s.gpr[GPR_RCX] = 150;
	g.s.gpr[GPR_RDI] = g.base;
	g.s.gpr[GPR_RAX] = 0x55;
	assert_int_equal(RUN(&g, CPU_MODE_64, false, 0xf3, 0xaa), EMU_REPEAT);
	assert_int_equal(g.writes, EMU_REP_MAX);
	assert_int_equal(g.s.gpr[GPR_RCX], 150 - EMU_REP_MAX);
	assert_int_equal(g.s.gpr[GPR_RDI], g.base + EMU_REP_MAX);
	assert_int_equal(RUN(&g, CPU_MODE_64, false, 0xf3, 0xaa), EMU_REPEAT);
	assert_int_equal(RUN(&g, CPU_MODE_64, false, 0xf3, 0xaa), EMU_DONE);
	assert_int_equal(g.writes, 150);
	/* single-stepped: one at a time, and the last one ends it */
	g.writes = 0;
	g.s.gpr[GPR_RCX] = 2;
	g.s.gpr[GPR_RDI] = g.base;
	g.s.rflags |= RFLAGS_TF;
	assert_int_equal(RUN(&g, CPU_MODE_64, false, 0xf3, 0xaa), EMU_REPEAT);
	assert_int_equal(g.writes, 1);
	assert_int_equal(RUN(&g, CPU_MODE_64, false, 0xf3, 0xaa), EMU_DONE);
	g.s.rflags &= ~RFLAGS_TF;
	/* so does what an iteration has raised */
	g.s.gpr[GPR_RCX] = 2;
	g.s.gpr[GPR_RDI] = g.base;
	g.v.pending.valid = true;
	assert_int_equal(RUN(&g, CPU_MODE_64, false, 0xf3, 0xaa), EMU_REPEAT);
	g.v.pending.valid = false;
	/* exactly as many as one call does */
	g.s.gpr[GPR_RCX] = EMU_REP_MAX;
	g.s.gpr[GPR_RDI] = g.base;
	assert_int_equal(RUN(&g, CPU_MODE_64, false, 0xf3, 0xaa), EMU_DONE);
	/* none at all: no access, registers stay */
	g.writes = 0;
	g.write_fault = g.s.gpr[GPR_RDI];
	assert_int_equal(RUN(&g, CPU_MODE_64, false, 0xf3, 0xaa), EMU_DONE);
	assert_int_equal(g.writes, 0);

	/* a fault in the middle: what is done is done, and counted */
	guest_init(&g);
	g.s.gpr[GPR_RCX] = 10;
	g.s.gpr[GPR_RSI] = g.base;
	g.s.gpr[GPR_RDI] = g.base + 256;
	g.write_fault = g.base + 256 + 4 * 3;
	check_fault(RUN(&g, CPU_MODE_64, false, 0xf3, 0xa5), VEC_PF);
	assert_int_equal(g.s.gpr[GPR_RCX], 7);
	assert_int_equal(g.s.gpr[GPR_RSI], g.base + 12);
	assert_int_equal(g.s.gpr[GPR_RDI], g.base + 256 + 12);
}

static void address_size_of_strings(void **state)
{
	struct guest g;

	(void)state;
	/* 67 in 64-bit mode: ECX counts, ESI and EDI wrap and lose their upper halves */
	guest_init(&g);
	g.base = 0x10000;
	g.s.gpr[GPR_RCX] = 0xaaaa000000000002;
	g.s.gpr[GPR_RDI] = 0xbbbb000000010000;
	assert_int_equal(RUN(&g, CPU_MODE_64, false, 0x67, 0xf3, 0xaa), EMU_DONE);
	assert_int_equal(g.s.gpr[GPR_RCX], 0);
	assert_int_equal(g.s.gpr[GPR_RDI], 0x10002);
	/* 16 bits: DI wraps, the rest of EDI and ECX stays */
	guest_init(&g);
	g.base = 0;
	g.s.gpr[GPR_RCX] = 0x50001;
	g.s.gpr[GPR_RDI] = 0x70000;
	g.s.rflags = RFLAGS_DF;
	assert_int_equal(RUN(&g, CPU_MODE_16, false, 0xf3, 0xaa), EMU_DONE);
	assert_int_equal(g.s.gpr[GPR_RCX], 0x50000);
	assert_int_equal(g.s.gpr[GPR_RDI], 0x7ffff);
}

static void string_io(void **state)
{
	struct guest g;

	(void)state;
	guest_init(&g);
	g.s.gpr[GPR_RDX] = 0x1f0;
	g.s.gpr[GPR_RCX] = 4;
	g.s.gpr[GPR_RDI] = g.base;
	g.port_next = 0x1234;
	assert_int_equal(RUN(&g, CPU_MODE_64, true, 0xf3, 0x66, 0x6d), EMU_DONE);
	assert_int_equal(g.ins, 4);
	assert_int_equal(window[6] | window[7] << 8, 0x1237);
	/* a page that cannot be written: the port is not read */
	g.s.gpr[GPR_RCX] = 4;
	g.s.gpr[GPR_RDI] = g.base;
	g.write_fault = g.base + 2;
	check_fault(RUN(&g, CPU_MODE_64, true, 0xf3, 0x66, 0x6d), VEC_PF);
	assert_int_equal(g.ins, 5);
	assert_int_equal(g.s.gpr[GPR_RCX], 3);

	guest_init(&g);
	window[0] = 0x11;
	window[4] = 0x22;
	g.s.gpr[GPR_RDX] = 0xffff01f0; /* DX */
	g.s.gpr[GPR_RCX] = 2;
	g.s.gpr[GPR_RSI] = g.base;
	assert_int_equal(RUN(&g, CPU_MODE_64, true, 0xf3, 0x6f), EMU_DONE);
	assert_int_equal(g.outs, 2);
	assert_int_equal(g.out_log[0], 0x11);
	assert_int_equal(g.out_log[1], 0x22);

	/* hardware has not checked the port: never */
	assert_int_equal(RUN(&g, CPU_MODE_64, false, 0x6e), -ENOTSUP);
	assert_int_equal(RUN(&g, CPU_MODE_64, false, 0xf3, 0x6c), -ENOTSUP);
	assert_int_equal(g.outs, 2);
}

static void others_are_refused(void **state)
{
	static const uint8_t code[][4] = {
		{0xff, 0x36},       /* PUSH */
		{0xf7, 0x26},       /* MUL */
		{0x0f, 0x6f, 0x06}, /* MOVQ */
		{0xfe, 0x06},       /* INC */
		{0xf0, 0xff, 0x0e}, /* DEC */
		{0xf6, 0x16},       /* NOT */
		{0xf7, 0x1e},       /* NEG */
		{0x0f, 0x94, 0x06}, /* SETcc */
		{0x0f, 0xb0, 0x0e}, /* CMPXCHG */
		{0x0f, 0xb1, 0x0e},
		{0x0f, 0xc0, 0x0e}, /* XADD */
		{0x0f, 0xc1, 0x0e},
		{0x0f, 0xc7, 0x0e}, /* CMPXCHG8B */
		{0xf3, 0xa6},       /* CMPS */
		{0xa7},
		{0xac}, /* LODS */
		{0xad},
		{0xf2, 0xae}, /* SCAS */
		{0xaf},
	};

	(void)state;
	for (unsigned n = 0; n < ARRAY_SIZE(code); n++) {
		struct guest g;
		struct state before;

		guest_init(&g);
		g.s = before = random_state();
		assert_int_equal(run(&g, code[n], 4, CPU_MODE_64, true), -ENOTSUP);
		assert_memory_equal(&before, &g.s, sizeof(before));
		assert_int_equal(g.reads + g.writes, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_host),
		cmocka_unit_test(arithmetic_as_the_host),
		cmocka_unit_test(accumulator_as_the_host),
		cmocka_unit_test(strings_as_the_host),
		cmocka_unit_test(rip_relative_and_segments),
		cmocka_unit_test(segment_faults),
		cmocka_unit_test(page_faults_change_nothing),
		cmocka_unit_test(rep_is_bounded),
		cmocka_unit_test(address_size_of_strings),
		cmocka_unit_test(string_io),
		cmocka_unit_test(others_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
