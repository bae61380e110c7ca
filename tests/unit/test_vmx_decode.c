/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exit reasons, qualifications and interruption information. */
/* sources: vmx/decode.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/x86/regs.h"
#include "kernel/string.h"
#include "vmx/logic.h"

static void test_kinds(void **state)
{
	static const struct {
		uint32_t reason;
		enum vcpu_exit_kind kind;
		bool length;
	} t[] = {
		{0, EXIT_EXCEPTION, false},   {1, EXIT_HOST_IRQ, false},
		{2, EXIT_SHUTDOWN, false},    {3, EXIT_INIT, false},
		{7, EXIT_IRQ_WINDOW, false},  {8, EXIT_NMI_WINDOW, false},
		{9, EXIT_TASK_SWITCH, false}, {10, EXIT_CPUID, true},
		{11, EXIT_UNDEFINED, true},   {12, EXIT_HLT, true},
		{13, EXIT_CACHE, true},       {15, EXIT_PROTECTED, true},
		{18, EXIT_HYPERCALL, true},   {28, EXIT_PROTECTED, true},
		{30, EXIT_IO, true},          {31, EXIT_RDMSR, true},
		{32, EXIT_WRMSR, true},       {36, EXIT_UNDEFINED, true},
		{39, EXIT_UNDEFINED, true},   {40, EXIT_UNKNOWN, false},
		{43, EXIT_IRQ_WINDOW, false}, {44, EXIT_PAGE_FAULT, false},
		{45, EXIT_APIC_EOI, false},   {48, EXIT_PAGE_FAULT, false},
		{49, EXIT_FAILED, false},     {50, EXIT_UNDEFINED, true},
		{53, EXIT_UNDEFINED, true},   {54, EXIT_CACHE, true},
		{55, EXIT_XSETBV, true},      {56, EXIT_APIC_WRITE, false},
		{59, EXIT_UNDEFINED, true},   {63, EXIT_UNKNOWN, false},
		{64, EXIT_UNKNOWN, false},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		assert_int_equal(vmx_exit_kind(t[i].reason), t[i].kind);
		assert_int_equal(vmx_exit_has_length(t[i].reason), t[i].length);
	}
	/* The whole group of VMX instructions. */
	for (uint32_t r = 19; r <= 27; r++)
		assert_int_equal(vmx_exit_kind(r), EXIT_UNDEFINED);
	/* Of an entry that failed: they come with bit 31, and not here. */
	assert_int_equal(vmx_exit_kind(33), EXIT_UNKNOWN);
	assert_int_equal(vmx_exit_kind(34), EXIT_UNKNOWN);
	assert_int_equal(vmx_exit_kind(41), EXIT_UNKNOWN);
	/* Never asked for, reserved, beyond the table. */
	assert_int_equal(vmx_exit_kind(14), EXIT_UNKNOWN);
	assert_int_equal(vmx_exit_kind(35), EXIT_UNKNOWN);
	assert_int_equal(vmx_exit_kind(52), EXIT_SLICE);
	assert_int_equal(vmx_exit_kind(65), EXIT_UNKNOWN);
	assert_int_equal(vmx_exit_kind(0xffff), EXIT_UNKNOWN);
	assert_false(vmx_exit_has_length(0xffff));
}

static void test_io(void **state)
{
	struct vcpu_exit e;

	(void)state;
	memset(&e, 0xff, sizeof(e));
	vmx_decode_io(0x3f8ull << 16, &e); /* OUT DX, AL */
	assert_int_equal(e.u.io.port, 0x3f8);
	assert_int_equal(e.u.io.size, 1);
	assert_false(e.u.io.in || e.u.io.string);

	vmx_decode_io(0xffffull << 16 | 3 | BIT(3) | BIT(6), &e); /* IN EAX, imm */
	assert_int_equal(e.u.io.port, 0xffff);
	assert_int_equal(e.u.io.size, 4);
	assert_true(e.u.io.in);
	assert_false(e.u.io.string);

	vmx_decode_io(0x1f0ull << 16 | 1 | BIT(3) | BIT(4) | BIT(5), &e); /* REP INSW */
	assert_int_equal(e.u.io.size, 2);
	assert_true(e.u.io.in && e.u.io.string);
}

static void test_ept(void **state)
{
	struct vcpu_exit e;

	(void)state;
	memset(&e, 0xff, sizeof(e));
	vmx_decode_ept(0x182 | BIT(12), 0xfee00300, &e);
	assert_true(e.u.page_fault.gpa == 0xfee00300);
	assert_false(e.u.page_fault.exec || e.u.page_fault.walk);
	assert_int_equal(e.u.page_fault.insn_bytes, 0);

	vmx_decode_ept(0x184, 1, &e);
	assert_true(e.u.page_fault.exec);
	assert_false(e.u.page_fault.walk);

	/* Bit 8 clear: the guest's own page tables. */
	vmx_decode_ept(0x081, 1, &e);
	assert_true(e.u.page_fault.walk);
	/* Bit 7 clear: bit 8 means nothing. */
	vmx_decode_ept(0x101, 1, &e);
	assert_true(e.u.page_fault.walk);
}

static void test_events(void **state)
{
	struct vcpu_event e;

	(void)state;
	/* #PF with an error code; reserved and undefined bits 12-30 are dropped. */
	e = vmx_decode_event(0xfffff30e & ~0x400u, 7, 3);
	assert_false(e.has_error);
	e = vmx_decode_event(0xfffffb0e & ~0x400u, 7, 3);
	assert_true(e.valid && e.has_error);
	assert_int_equal(e.type, EVENT_EXCEPTION);
	assert_int_equal(e.vector, VEC_PF);
	assert_int_equal(e.error, 7);
	assert_int_equal(e.insn_len, 0);

	/* Software events keep their length, others have none; no stale error code. */
	e = vmx_decode_event(0x80000480, 0xdead, 2);
	assert_int_equal(e.type, EVENT_SWINT);
	assert_int_equal(e.vector, 0x80);
	assert_int_equal(e.insn_len, 2);
	assert_int_equal(e.error, 0);
	e = vmx_decode_event(0x80000603, 0, 1);
	assert_int_equal(e.type, EVENT_SWEXC);
	assert_int_equal(e.insn_len, 1);
	e = vmx_decode_event(0x80000501, 0, 1);
	assert_int_equal(e.type, EVENT_ICEBP);
	assert_int_equal(e.insn_len, 1);
	e = vmx_decode_event(0x80000202, 0, 9);
	assert_int_equal(e.type, EVENT_NMI);
	assert_int_equal(e.insn_len, 0);
	assert_false(vmx_decode_event(0x00000b0e, 7, 3).valid);
}

static void test_encode(void **state)
{
	struct vcpu_event e = {.valid = true, .type = EVENT_EXCEPTION, .vector = VEC_GP};
	/* Bit n: exception n has an error code (SDM 3A table 6-1). */
	const uint32_t with = 0x00227d00;

	(void)state;
	for (unsigned vec = 0; vec < 32; vec++) {
		e.vector = (uint8_t)vec;
		e.has_error = with >> vec & 1;
		assert_int_equal(vmx_encode_event(&e, true),
				 0x80000300u | vec | (with >> vec & 1 ? 0x800u : 0));
		/* None in real mode, or entry fails (SDM 3C 26.2.1.3). */
		assert_int_equal(vmx_encode_event(&e, false), 0x80000300u | vec);
	}
	e = (struct vcpu_event){.type = EVENT_EXTINT, .vector = VEC_GP, .has_error = true};
	assert_int_equal(vmx_encode_event(&e, true), 0x8000000d);
	e = (struct vcpu_event){.type = EVENT_SWINT, .vector = VEC_PF, .insn_len = 2};
	assert_int_equal(vmx_encode_event(&e, true), 0x8000040e);
	/* There and back. */
	e = vmx_decode_event(0x80000b0d, 0x18, 0);
	assert_int_equal(vmx_encode_event(&e, true), 0x80000b0d);
}

static void test_cr(void **state)
{
	struct vmx_cr_access a = vmx_decode_cr(0xf00 | 4); /* MOV CR4, R15 */

	(void)state;
	assert_int_equal(a.cr, 4);
	assert_int_equal(a.op, CR_MOV_TO);
	assert_int_equal(a.gpr, GPR_R15);
	a = vmx_decode_cr(0x318); /* MOV RBX, CR8 */
	assert_int_equal(a.cr, 8);
	assert_int_equal(a.op, CR_MOV_FROM);
	assert_int_equal(a.gpr, GPR_RBX);
	a = vmx_decode_cr(0x20);
	assert_int_equal(a.op, CR_CLTS);
	a = vmx_decode_cr(0xfff10030);
	assert_int_equal(a.op, CR_LMSW);
	assert_int_equal(a.msw, 0xfff1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),  cmocka_unit_test(test_io),
		cmocka_unit_test(test_ept),    cmocka_unit_test(test_events),
		cmocka_unit_test(test_encode), cmocka_unit_test(test_cr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
