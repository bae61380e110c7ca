/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Switches of tasks: what is saved and loaded, busy bits and links, refusals on either side. */
/* sources: kernel/task.c kernel/emulate.c kernel/emulate_alu.c kernel/emulate_string.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/regs.h"
#include "kernel/emulate.h"
#include "kernel/errno.h"
#include "kernel/insns.h"

/* Linear addresses are offsets in memory. */
enum { GDT = 0x100, LDT = 0x200, OLD = 0x400, NEW = 0x500, STACK = 0x800 };
enum { CODE = 0x08, DATA = 0x10, LOCALS = 0x18, FROM = 0x20, TO = 0x28, EXTRA = 0x30 };
enum { CODE3 = 0x38, DATA3 = 0x40, CONFORMING = 0x48, ABSENT = 0x50, LAST = 0x57 };
enum { LINK, CR3 = 7, EIP, EFLAGS, EAX, ESP = EAX + 4, ES = 18, CS, SS, DS, FS, GS, LDTR, TRAP };
#define CPU_FLAGS (RFLAGS_RSVD1 | RFLAGS_CF)

static uint8_t memory[0x1000];
static gva_t read_only, missing; /* an address that faults; 0: none */
static struct vcpu v;
static uint64_t reg[REG_COUNT];
static struct vcpu_seg seg[SREG_COUNT];
static uint64_t bad_cr3;
static struct insn_slot slot;
static struct emu e;
static uint32_t *const old = (uint32_t *)(void *)(memory + OLD);
static uint32_t *const new = (uint32_t *)(void *)(memory + NEW);

static uint64_t get(struct vcpu *vcpu, enum vcpu_reg r)
{
	assert_ptr_equal(vcpu, &v);
	return reg[r];
}

static void set(struct vcpu *vcpu, enum vcpu_reg r, uint64_t value)
{
	assert_ptr_equal(vcpu, &v);
	if (r != REG_CR3 || value != bad_cr3)
		reg[r] = value;
}

static void advance(struct vcpu *vcpu, unsigned len)
{
	assert_ptr_equal(vcpu, &v);
	assert_int_equal(len, 0);
	assert_int_equal(reg[REG_RFLAGS], 0);
}

static struct vcpu_seg get_seg(struct vcpu *vcpu, enum vcpu_sreg s)
{
	assert_ptr_equal(vcpu, &v);
	return seg[s];
}

static void set_seg(struct vcpu *vcpu, enum vcpu_sreg s, const struct vcpu_seg *to)
{
	assert_ptr_equal(vcpu, &v);
	seg[s] = *to;
}

static const struct vcpu_ops ops = {
	.get = get, .set = set, .advance = advance, .get_seg = get_seg, .set_seg = set_seg};
const struct vcpu_ops *vcpu_ops = &ops;

static int page_fault(struct emu *emu, bool write)
{
	emu->fault = event_fault(VEC_PF,
				 (uint32_t)((write ? PFEC_W : 0) | (emu->c.cpl == 3 ? PFEC_U : 0)));
	return -EFAULT;
}

int guest_read(struct emu *emu, gva_t va, unsigned size, bool write_intent, uint64_t *value)
{
	assert_in_range(va, 1, sizeof(memory) - size);
	if (missing - va < size || (write_intent && read_only - va < size))
		return page_fault(emu, write_intent);
	*value = 0;
	memcpy(value, memory + va, size);
	return 0;
}

int guest_write(struct emu *emu, gva_t va, unsigned size, uint64_t value)
{
	assert_in_range(va, 1, sizeof(memory) - size);
	assert_true(size == 8 || value >> (8 * size) == 0);
	if (missing - va < size || read_only - va < size)
		return page_fault(emu, true);
	memcpy(memory + va, &value, size);
	return 0;
}

void port_access(struct vcpu *vcpu, uint16_t port, unsigned size, bool write, uint64_t *value,
		 unsigned passed)
{
	(void)vcpu, (void)port, (void)size, (void)write, (void)value, (void)passed;
	fail();
}

static void describe(unsigned selector, uint64_t base, uint32_t limit, uint64_t rights)
{
	uint64_t d = (limit & 0xffff) | (base & 0xffffff) << 16 | rights << 40 |
		     (uint64_t)(limit >> 16 & 15) << 48 | (base >> 24) << 56;

	memcpy(memory + (selector & 4 ? LDT : GDT) + (selector & ~7u), &d, 8);
}

static uint8_t access_of(unsigned selector)
{
	return memory[GDT + selector + 5];
}

static int setup(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	memset(&v, 0, sizeof(v));
	read_only = missing = 0;
	bad_cr3 = UINT64_MAX;
	describe(CODE, 0, 0xfffff, 0xc09a);
	describe(DATA, 0, 0xfffff, 0xc093);
	describe(LOCALS, LDT, 15, 0x82);
	describe(FROM, OLD, 103, 0x8b);
	describe(TO, NEW, 103, 0x89);
	describe(CODE3, 0, 0xfffff, 0xc0fb);
	describe(DATA3, 0, 0xfffff, 0xc0f3);
	describe(CONFORMING, 0, 0xfffff, 0xc09f);
	describe(ABSENT, 0, 0xfffff, 0xc013);
	describe(12, 0x1234000, 0xff, 0x93);
	memset(reg, 0, sizeof(reg));
	reg[REG_RSP] = 0x5555;
	reg[REG_CR0] = CR0_PE | CR0_PG;
	reg[REG_CR3] = 0x3000;
	reg[REG_DR7] = 0x7ff;
	reg[REG_GDTR_BASE] = GDT;
	reg[REG_GDTR_LIMIT] = LAST;
	for (unsigned s = 0; s < SREG_COUNT; s++)
		seg[s] = (struct vcpu_seg){(uint16_t)(0x1000 + s), 0xc093, UINT32_MAX, 0};
	seg[SREG_TR] = (struct vcpu_seg){FROM, 0x8b, 103, OLD};
	for (unsigned n = 0; n < 8; n++)
		v.gpr[n] = 0xa00 + n;
	new[CR3] = 0x7000;
	new[EIP] = 0x4444;
	new[EFLAGS] = CPU_FLAGS;
	for (unsigned n = 0; n < 8; n++)
		new[EAX + n] = 0xb00 + n;
	new[ESP] = STACK;
	new[ES] = new[SS] = new[DS] = new[FS] = DATA;
	new[CS] = CODE;
	new[LDTR] = LOCALS;
	e = (struct emu){.v = &v, .slot = &slot, .rip = 0x2222, .rflags = RFLAGS_RSVD1 | RFLAGS_NT};
	slot.operand.key = 1;
	e.c.regs.cr0 = reg[REG_CR0];
	e.c.regs.cr3 = reg[REG_CR3];
	return 0;
}

static void deliver(uint8_t type, bool has_error)
{
	v.pending = (struct vcpu_event){true, type, VEC_GP, has_error, 0, 0x1238};
}

static void all_is_saved_and_loaded(void **state)
{
	(void)state;
	assert_int_equal(task_switch(&e, TASK_JMP, TO), 0);
	assert_int_equal(old[EIP], 0x2222);
	assert_int_equal(old[EFLAGS], RFLAGS_RSVD1 | RFLAGS_NT);
	for (unsigned n = 0; n < 8; n++)
		assert_int_equal(old[EAX + n], n == GPR_RSP ? 0x5555 : 0xa00 + n);
	for (unsigned s = 0; s < 6; s++)
		assert_int_equal(old[ES + s], 0x1000 + s);
	assert_int_equal(old[LDTR], 0);
	assert_int_equal(old[CR3], 0);
	assert_int_equal(reg[REG_RIP], 0x4444);
	assert_int_equal(reg[REG_RFLAGS], CPU_FLAGS);
	assert_int_equal(reg[REG_RSP], STACK);
	for (unsigned n = 0; n < 8; n++)
		if (n != GPR_RSP)
			assert_int_equal(v.gpr[n], 0xb00 + n);
	assert_int_equal(reg[REG_CR3], 0x7000);
	assert_int_equal(e.c.regs.cr3, 0x7000);
	assert_int_equal(slot.operand.key, 0);
	assert_true(reg[REG_CR0] & CR0_TS);
	assert_int_equal(reg[REG_DR7], 0x6aa);
	assert_int_equal(seg[SREG_TR].selector, TO);
	assert_int_equal(seg[SREG_TR].rights, 0x8b);
	assert_int_equal(seg[SREG_TR].base, NEW);
	assert_int_equal(seg[SREG_LDTR].base, LDT);
	assert_int_equal(seg[SREG_CS].rights, 0xc09b);
	assert_int_equal(seg[SREG_CS].limit, UINT32_MAX);
	assert_int_equal(seg[SREG_SS].rights, 0xc093);
	assert_true(seg[SREG_GS].rights & SEG_UNUSABLE);
	assert_int_equal(access_of(CODE), 0x9b); /* accessed */
	assert_int_equal(access_of(FROM), 0x89);
	assert_int_equal(access_of(TO), 0x8b);
	assert_int_equal(new[LINK], 0);
}

static void a_call_nests_and_iret_returns(void **state)
{
	(void)state;
	assert_int_equal(task_switch(&e, TASK_CALL, TO), 0);
	assert_int_equal(reg[REG_RFLAGS], CPU_FLAGS | RFLAGS_NT);
	assert_int_equal(new[LINK], FROM);
	assert_int_equal(access_of(FROM), 0x8b);
	assert_int_equal(access_of(TO), 0x8b);
	old[CS] = CODE;
	for (unsigned n = ES; n <= GS; n++)
		if (n != CS)
			old[n] = DATA;
	e.rflags = reg[REG_RFLAGS];
	assert_int_equal(task_switch(&e, TASK_IRET, FROM), 0);
	assert_int_equal(reg[REG_RFLAGS], RFLAGS_RSVD1 | RFLAGS_NT);
	assert_int_equal(new[EFLAGS], CPU_FLAGS);
	assert_int_equal(access_of(FROM), 0x8b);
	assert_int_equal(access_of(TO), 0x89);
	assert_int_equal(reg[REG_RSP], 0x5555);
}

static void a_gate_takes_the_event(void **state)
{
	(void)state;
	deliver(EVENT_EXCEPTION, true);
	new[TRAP] = 1;
	assert_int_equal(task_switch(&e, TASK_GATE, TO), 1);
	assert_int_equal(reg[REG_RSP], STACK - 4);
	assert_int_equal(*(uint32_t *)(void *)(memory + STACK - 4), 0x1238);
	assert_false(v.pending.valid);
	assert_int_equal(new[LINK], FROM);

	setup(NULL);
	deliver(EVENT_NMI, false);
	assert_int_equal(task_switch(&e, TASK_GATE, TO), 0);
	assert_int_equal(reg[REG_RSP], STACK);
	assert_false(v.pending.valid);

	setup(NULL); /* no room on the stack: #SS, in the new task */
	deliver(EVENT_EXCEPTION, true);
	describe(EXTRA, 0, STACK - 1, 0x4097);
	new[SS] = EXTRA;
	assert_int_equal(task_switch(&e, TASK_GATE, TO), -EFAULT);
	assert_int_equal(e.fault.vector, VEC_SS);
	assert_int_equal(e.fault.error, 0);
	assert_true(v.pending.valid);
}

/* Nothing but what is saved has changed. */
static void fault_before(enum task_source source)
{
	struct vcpu_seg tr = seg[SREG_TR];

	assert_int_equal(task_switch(&e, source, TO), -EFAULT);
	assert_int_equal(reg[REG_RIP], 0);
	assert_int_equal(reg[REG_CR3], 0x3000);
	assert_memory_equal(&seg[SREG_TR], &tr, sizeof(tr));
	assert_int_equal(access_of(FROM), 0x8b);
	assert_int_equal(access_of(TO), 0x89);
	assert_int_equal(new[LINK], 0);
	assert_int_equal(e.fault.vector, VEC_PF);
	setup(NULL);
}

static void faults_before_the_switch(void **state)
{
	(void)state;
	for (unsigned n = CR3; n <= TRAP; n++) {
		missing = NEW + 4 * n + 3;
		deliver(EVENT_EXTINT, false);
		assert_true(v.pending.valid);
		fault_before(TASK_GATE);
	}
	for (unsigned n = EIP; n <= GS; n++) {
		read_only = OLD + 4 * n;
		fault_before(TASK_JMP);
	}
	read_only = NEW;
	fault_before(TASK_CALL);
	read_only = GDT + FROM + 5;
	fault_before(TASK_JMP);
	read_only = GDT + TO + 5;
	fault_before(TASK_JMP);
	seg[SREG_TR].selector = LAST + 1;
	assert_int_equal(task_switch(&e, TASK_JMP, TO), -EFAULT);
	assert_int_equal(e.fault.vector, VEC_TS);
	assert_int_equal(e.fault.error, (LAST + 1) & ~3);
	setup(NULL);
	describe(TO, NEW, 43, 0x81);
	assert_int_equal(task_switch(&e, TASK_JMP, TO), -ENOTSUP);
	setup(NULL);
	seg[SREG_TR].rights = 0x83;
	assert_int_equal(task_switch(&e, TASK_JMP, TO), -ENOTSUP);
}

/* In the new task: its registers are there, its selectors too. */
static void fault_after(unsigned word, uint32_t value, uint8_t vector, uint32_t error)
{
	new[word] = value;
	deliver(EVENT_EXTINT, false);
	assert_int_equal(task_switch(&e, TASK_GATE, TO), -EFAULT);
	assert_int_equal(e.fault.vector, vector);
	assert_int_equal(e.fault.error, error);
	assert_false(v.pending.valid);
	assert_int_equal(seg[SREG_TR].selector, TO);
	assert_int_equal(reg[REG_RIP], new[EIP]);
	for (unsigned s = 0; s < 6; s++)
		assert_int_equal(seg[s].selector, (uint16_t) new[ES + s]);
	assert_int_equal(SEG_DPL(seg[SREG_SS].rights), new[CS] & 3);
	setup(NULL);
}

static void faults_after_the_switch(void **state)
{
	static const struct {
		unsigned word;
		uint32_t value;
		uint8_t vector;
	} bad[] = {
		{CS, 0, VEC_TS},        {CS, DATA, VEC_TS},     {CS, CODE | 3, VEC_TS},
		{CS, CODE3, VEC_TS},    {CS, LAST + 1, VEC_TS}, {SS, 0, VEC_TS},
		{SS, CODE, VEC_TS},     {SS, DATA | 1, VEC_TS}, {SS, DATA3, VEC_TS},
		{SS, ABSENT, VEC_SS},   {DS, ABSENT, VEC_NP},   {DS, TO, VEC_TS},
		{ES, LAST + 1, VEC_TS}, {FS, 20, VEC_TS},       {GS, DATA | 3, VEC_TS},
		{LDTR, DATA, VEC_TS},   {LDTR, 12, VEC_TS},     {LDTR, LAST + 1, VEC_TS},
	};

	(void)state;
	for (unsigned n = 0; n < ARRAY_SIZE(bad); n++)
		fault_after(bad[n].word, bad[n].value, bad[n].vector, (bad[n].value & 0xfffc) | 1);
	describe(CODE, 0, 0xfff, 0x9b);
	fault_after(EIP, 0x1000, VEC_GP, 1);
	describe(CODE, 0, 0xfffff, 0xc01b);
	fault_after(CS, CODE, VEC_NP, CODE | 1);
	describe(LOCALS, LDT, 15, 2);
	fault_after(LDTR, LOCALS, VEC_TS, LOCALS | 1);
	describe(DATA, 0, 0xfffff, 0xc099); /* code that cannot be read */
	fault_after(DS, DATA, VEC_TS, DATA | 1);
	missing = GDT + DATA;
	fault_after(EIP, 0x4444, VEC_PF, 0);
	bad_cr3 = 0x7000;
	fault_after(EIP, 0x4444, VEC_GP, 1);

	/* EXT is for what no program asks for; a fault while one is delivered waits to merge. */
	new[DS] = ABSENT;
	deliver(EVENT_SWINT, false);
	assert_int_equal(task_switch(&e, TASK_GATE, TO), -EFAULT);
	assert_int_equal(e.fault.error, ABSENT);
	setup(NULL);
	new[DS] = ABSENT;
	deliver(EVENT_EXCEPTION, true);
	assert_int_equal(task_switch(&e, TASK_GATE, TO), -EFAULT);
	assert_true(v.pending.valid);
}

static void privileges_and_modes(void **state)
{
	(void)state;
	new[CS] = CODE3 | 3;
	new[SS] = DATA3 | 3;
	new[DS] = new[ES] = DATA3;
	new[FS] = CONFORMING;
	new[GS] = 12;
	assert_int_equal(task_switch(&e, TASK_JMP, TO), -EFAULT); /* DPL 0 in the LDT */
	assert_int_equal(e.fault.error, 12);
	setup(NULL);
	new[CS] = CONFORMING;
	new[GS] = 12;
	assert_int_equal(task_switch(&e, TASK_JMP, TO), 0);
	assert_int_equal(seg[SREG_GS].base, 0x1234000);
	assert_int_equal(seg[SREG_GS].limit, 0xff);

	setup(NULL);
	new[EFLAGS] |= (uint32_t)RFLAGS_VM;
	new[CS] = 0x1234;
	new[SS] = 0;
	assert_int_equal(task_switch(&e, TASK_CALL, TO), 0);
	assert_int_equal(seg[SREG_CS].base, 0x12340);
	assert_int_equal(seg[SREG_CS].rights, 0xf3);
	assert_int_equal(seg[SREG_SS].limit, 0xffff);
	assert_int_equal(seg[SREG_LDTR].base, LDT);

	setup(NULL); /* without paging CR3 stays */
	e.c.regs.cr0 = CR0_PE;
	assert_int_equal(task_switch(&e, TASK_JMP, TO), 0);
	assert_int_equal(reg[REG_CR3], 0x3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_is_saved_and_loaded, setup),
		cmocka_unit_test_setup(a_call_nests_and_iret_returns, setup),
		cmocka_unit_test_setup(a_gate_takes_the_event, setup),
		cmocka_unit_test_setup(faults_before_the_switch, setup),
		cmocka_unit_test_setup(faults_after_the_switch, setup),
		cmocka_unit_test_setup(privileges_and_modes, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
