/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sources: svm/exit.c svm/event.c svm/state.c kernel/reset.c */
/* Decoding of exits, injection, windows and NMI blocking, with the CPU played by the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/regs.h"
#include "svm/svm.h"

struct svm_caps svm_caps;
static const struct vcpu_ops ops = {.get = svm_get, .set = svm_set, .set_seg = svm_set_seg};
const struct vcpu_ops *vcpu_ops = &ops;
const char svm_vmrun[1];
static struct svm_vcpu s;
static struct vcpu v;
static struct vcpu_exit e;

#define RIP 0x401000ull

static int setup(void **state)
{
	const struct vcpu_start start = {.long_mode = true, .rip = RIP};

	(void)state;
	memset(&s, 0, sizeof(s));
	memset(&v, 0, sizeof(v));
	svm_caps = (struct svm_caps){};
	v.hw = &s;
	svm_reset_state(&v, &start);
	s.vmcb.int_ctl = INT_V_INTR_MASKING;
	s.vmcb.intercept_cr = ICPT(0, CR4_WRITE);
	s.vmcb.intercept2 = ICPT(4, VMRUN);
	s.vmcb.asid = 1;
	s.vmcb.clean = CLEAN_ALL;
	return 0;
}

/* The entry succeeds; then the CPU exits so. */
static enum vcpu_exit_kind leave(uint64_t code, uint64_t info1, uint64_t info2)
{
	s.vmcb.exit_code = code;
	s.vmcb.exit_info1 = info1;
	s.vmcb.exit_info2 = info2;
	memset(&e, 0xa5, sizeof(e));
	if (!svm_refused(&s))
		svm_event_exit(&v);
	svm_decode_exit(&v, &e);
	return e.kind;
}

static enum vcpu_exit_kind run(uint64_t code)
{
	assert_true(svm_event_entry(&v, &e));
	s.vmcb.exit_int_info = 0;
	return leave(code, 0, 0);
}

static void inject(uint8_t type, uint8_t vector)
{
	svm_inject(&v, &(struct vcpu_event){.valid = true, .type = type, .vector = vector});
}

static void every_code(void **state)
{
	static const struct {
		uint32_t code;
		enum vcpu_exit_kind kind;
	} known[] = {
		{0x51, EXIT_EXCEPTION}, {0x52, EXIT_HOST_MC},   {0x60, EXIT_HOST_IRQ},
		{0x61, EXIT_HOST_NMI},  {0x63, EXIT_INIT},      {0x64, EXIT_IRQ_WINDOW},
		{0x6f, EXIT_PROTECTED}, {0x72, EXIT_CPUID},     {0x74, EXIT_NONE},
		{0x76, EXIT_CACHE},     {0x78, EXIT_HLT},       {0x7a, EXIT_UNDEFINED},
		{0x7b, EXIT_IO},        {0x7c, EXIT_RDMSR},     {0x7d, EXIT_TASK_SWITCH},
		{0x7f, EXIT_SHUTDOWN},  {0x80, EXIT_UNDEFINED}, {0x81, EXIT_HYPERCALL},
		{0x82, EXIT_UNDEFINED}, {0x83, EXIT_UNDEFINED}, {0x84, EXIT_UNDEFINED},
		{0x85, EXIT_UNDEFINED}, {0x86, EXIT_UNDEFINED}, {0x89, EXIT_CACHE},
		{0x8a, EXIT_UNDEFINED}, {0x8b, EXIT_UNDEFINED}, {0x8c, EXIT_UNDEFINED},
		{0x8d, EXIT_XSETBV},    {0x8e, EXIT_UNDEFINED}, {0x400, EXIT_PAGE_FAULT},
	};
	unsigned next = 0;

	(void)state;
	for (uint32_t code = 0x60; code < 0x500; code++) {
		enum vcpu_exit_kind want = EXIT_UNKNOWN;

		while (next < ARRAY_SIZE(known) && known[next].code < code)
			next++;
		if (next < ARRAY_SIZE(known) && known[next].code == code)
			want = known[next].kind;
		assert_int_equal(leave(code, 0, 0), want);
		assert_int_equal(e.insn_len, 0);
		if (want == EXIT_UNKNOWN)
			assert_int_equal(e.u.unknown.reason, code);
	}
	for (unsigned vec = 0; vec < 32; vec++) {
		assert_int_equal(leave(0x40 + vec, 0, 0),
				 vec == VEC_MC ? EXIT_HOST_MC : EXIT_EXCEPTION);
		if (vec == VEC_MC)
			continue;
		assert_int_equal(e.u.event.vector, vec);
		assert_int_equal(e.u.event.has_error, vec == VEC_AC);
		assert_int_equal(e.u.event.error, 0);
	}
}

static void io_info(void **state)
{
	(void)state;
	/* OUT DX, EAX at port 0xcf8, next RIP one further */
	assert_int_equal(leave(VMEXIT_IOIO, 0x0cf80040 | BIT(9), RIP + 1), EXIT_IO);
	assert_int_equal(e.u.io.port, 0xcf8);
	assert_int_equal(e.u.io.size, 4);
	assert_false(e.u.io.in || e.u.io.string);
	assert_int_equal(e.insn_len, 1);
	/* REP INSW */
	assert_int_equal(leave(VMEXIT_IOIO, 0xffff002d, RIP + 3), EXIT_IO);
	assert_int_equal(e.u.io.port, 0xffff);
	assert_int_equal(e.u.io.size, 2);
	assert_true(e.u.io.in && e.u.io.string);
	assert_int_equal(e.insn_len, 3);
	leave(VMEXIT_IOIO, 0x600010, RIP + 15);
	assert_int_equal(e.insn_len, 15);
	/* not one instruction: common code decodes */
	leave(VMEXIT_IOIO, 0x600010, RIP + 16);
	assert_int_equal(e.insn_len, 0);
	leave(VMEXIT_IOIO, 0x600010, RIP);
	assert_int_equal(e.insn_len, 0);
	leave(VMEXIT_IOIO, 0x600010, RIP - 1);
	assert_int_equal(e.insn_len, 0);
}

static void nrip_only_where_it_is(void **state)
{
	(void)state;
	s.vmcb.next_rip = RIP + 2;
	leave(VMEXIT_CPUID, 0, 0);
	assert_int_equal(e.insn_len, 0);
	svm_caps.features = SVM_FEATURE_NRIP;
	leave(VMEXIT_CPUID, 0, 0);
	assert_int_equal(e.insn_len, 2);
	assert_int_equal(leave(VMEXIT_MSR, 1, 0), EXIT_WRMSR);
	assert_int_equal(e.insn_len, 2);
	assert_int_equal(leave(VMEXIT_MSR, 0, 0), EXIT_RDMSR);
	s.vmcb.next_rip = 0;
	leave(VMEXIT_VMMCALL, 0, 0);
	assert_int_equal(e.insn_len, 0);
	s.vmcb.next_rip = RIP + 2;
	leave(VMEXIT_INTR, 0, 0);
	assert_int_equal(e.insn_len, 0);
	leave(VMEXIT_SHUTDOWN, 0, 0);
	assert_int_equal(e.insn_len, 0);
}

static void nested_page_fault(void **state)
{
	(void)state;
	s.vmcb.insn_bytes = 200; /* the hardware says at most 15 */
	memset(s.vmcb.insn, 0x90, sizeof(s.vmcb.insn));
	assert_int_equal(leave(VMEXIT_NPF, BIT(32) | 6, 0xfee00300), EXIT_PAGE_FAULT);
	assert_int_equal(e.u.page_fault.gpa, 0xfee00300);
	assert_false(e.u.page_fault.exec || e.u.page_fault.walk);
	assert_int_equal(e.u.page_fault.insn_bytes, 0);
	svm_caps.features = SVM_FEATURE_DECODE_ASSISTS;
	leave(VMEXIT_NPF, BIT(33) | 0x0e, 0x1000); /* QEMU: reserved bits without P */
	assert_true(e.u.page_fault.walk);
	assert_int_equal(e.u.page_fault.insn_bytes, 15);
	assert_int_equal(e.u.page_fault.insn[14], 0x90);
	leave(VMEXIT_NPF, BIT(32) | 0x14, 0x1000);
	assert_true(e.u.page_fault.exec);
}

static void refusal(void **state)
{
	(void)state;
	/* QEMU 7.2 stores 32 bits, hardware 64 */
	assert_int_equal(leave(UINT32_MAX, 0, 0), EXIT_FAILED);
	assert_int_equal(leave(UINT64_MAX, 0, 0), EXIT_FAILED);
	assert_non_null(strstr(e.u.failed.why, "15.5.1"));
	assert_int_equal(leave(VMEXIT_BUSY, 0, 0), EXIT_FAILED);
	assert_non_null(strstr(e.u.failed.why, "core"));
}

static void qemu_reports_reserved_cr_bits_as_invalid(void **state)
{
	(void)state;
	svm_caps.tcg = true;
	assert_true(svm_event_entry(&v, &e));
	assert_int_equal(leave(UINT32_MAX, 0, 0), EXIT_PROTECTED);
	s.vmcb.rip = (uintptr_t)svm_vmrun;
	assert_int_equal(leave(UINT32_MAX, 0, 0), EXIT_FAILED);
	s.vmcb.rip = RIP;
	assert_int_equal(leave(UINT32_MAX, 0, 0), EXIT_PROTECTED);
	assert_true(s.vmcb.efer & EFER_LME && s.vmcb.cr0 & CR0_PG && s.vmcb.cs.attrib & ATTR_L);
#define LATE(field, value)                                                                         \
	do {                                                                                       \
		struct vmcb good = s.vmcb;                                                         \
		s.vmcb.field = (value);                                                            \
		assert_int_equal(leave(UINT32_MAX, 0, 0), EXIT_FAILED);                            \
		s.vmcb = good;                                                                     \
	} while (0)
	LATE(dr6, BIT(32));
	LATE(dr7, BIT(33));
	LATE(cr4, good.cr4 & ~CR4_PAE);
	LATE(cr0, good.cr0 & ~CR0_PE);
	LATE(cs.attrib, good.cs.attrib | ATTR_DB);
#undef LATE
	assert_int_equal(leave(UINT32_MAX, 0, 0), EXIT_PROTECTED);
}

static void injection_encoding(void **state)
{
	struct vcpu_event gp = {true, EVENT_EXCEPTION, VEC_GP, true, 0, 0x18};

	(void)state;
	inject(EVENT_EXTINT, 0x50);
	assert_int_equal(s.vmcb.event_inj, EVENT_V | 0x50);
	inject(EVENT_NMI, 2);
	assert_int_equal(s.vmcb.event_inj, EVENT_V | 0x202);
	svm_inject(&v, &gp);
	assert_int_equal(s.vmcb.event_inj, EVENT_V | 0xb0d | 0x18ull << 32);
	s.vmcb.cr0 = 0; /* real mode: no error code */
	svm_inject(&v, &gp);
	assert_int_equal(s.vmcb.event_inj, EVENT_V | 0x30d);
	assert_int_equal(s.vmcb.rip, RIP);
}

static void interrupted_delivery_is_pending(void **state)
{
	(void)state;
	inject(EVENT_EXTINT, 0x50);
	assert_true(svm_event_entry(&v, &e));
	s.vmcb.exit_int_info = EVENT_V | 0x750; /* a type that there is not */
	assert_int_equal(leave(VMEXIT_NPF, 0, 0x5000), EXIT_PAGE_FAULT);
	assert_false(v.pending.valid);
	/* reserved bits set: masked */
	s.vmcb.exit_int_info = EVENT_V | 0x7ffff050 | 0xdeadull << 32;
	leave(VMEXIT_NPF, 0, 0x5000);
	assert_true(v.pending.valid);
	assert_int_equal(v.pending.type, EVENT_EXTINT);
	assert_int_equal(v.pending.vector, 0x50);
	assert_false(v.pending.has_error);
	assert_int_equal(v.pending.error, 0);
	assert_int_equal(s.vmcb.event_inj, 0);
	assert_false(svm_can_take_nmi(&v));

	v.pending.valid = false;
	s.vmcb.exit_int_info = EVENT_V | 0xb0e | 6ull << 32;
	leave(VMEXIT_EXCP(VEC_AC), 0, 0);
	assert_true(v.pending.valid && v.pending.has_error);
	assert_int_equal(v.pending.vector, VEC_PF);
	assert_int_equal(v.pending.error, 6);

	v.pending.valid = false;
	s.vmcb.exit_int_info = 0xb0e; /* not valid */
	leave(VMEXIT_INTR, 0, 0);
	assert_false(v.pending.valid);
}

static void native_software_events_run_again(void **state)
{
	static const uint32_t info[] = {0x480, 0x303, 0x304, 0x701};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(info); i++) {
		assert_true(svm_event_entry(&v, &e));
		s.vmcb.exit_int_info = EVENT_V | info[i];
		leave(VMEXIT_NPF, 0, 0);
		assert_false(v.pending.valid);
		assert_int_equal(s.vmcb.rip, RIP);
	}
}

static void interrupt_window(void **state)
{
	(void)state;
	assert_false(svm_can_take_irq(&v));
	svm_want_irq_window(&v, true);
	svm_want_irq_window(&v, true);
	assert_int_equal(run(VMEXIT_HLT), EXIT_HLT);
	assert_true(s.vmcb.intercept1 & ICPT(3, VINTR));
	assert_int_equal(s.vmcb.int_ctl, INT_V_INTR_MASKING | INT_V_IRQ | INT_V_IGN_TPR);
	assert_int_equal(s.vmcb.clean, CLEAN_ALL & ~(CLEAN_I | CLEAN_TPR));
	s.vmcb.rflags |= RFLAGS_IF;
	assert_int_equal(run(VMEXIT_VINTR), EXIT_IRQ_WINDOW);
	assert_true(svm_can_take_irq(&v));
	s.vmcb.clean = CLEAN_ALL;
	inject(EVENT_EXTINT, 0x50);
	assert_false(svm_can_take_irq(&v));
	run(VMEXIT_HLT);
	assert_false(s.vmcb.intercept1 & ICPT(3, VINTR));
	assert_int_equal(s.vmcb.int_ctl, INT_V_INTR_MASKING);
	s.vmcb.clean = CLEAN_ALL;
	run(VMEXIT_HLT);
	assert_int_equal(s.vmcb.clean, CLEAN_ALL);
	s.vmcb.int_state = INT_SHADOW;
	assert_false(svm_can_take_irq(&v));
	svm_want_irq_window(&v, true);
	svm_want_irq_window(&v, false);
	run(VMEXIT_HLT);
	assert_false(s.vmcb.intercept1 & ICPT(3, VINTR));
}

static void lowering_the_tpr_is_seen(void **state)
{
	(void)state;
	svm_set_tpr(&v, 0x50);
	run(VMEXIT_INTR);
	assert_int_equal(s.vmcb.int_ctl, INT_V_INTR_MASKING | INT_V_IRQ | 5 << 16 | 5);
	s.vmcb.int_ctl &= ~INT_V_TPR;
	assert_int_equal(run(VMEXIT_VINTR), EXIT_IRQ_WINDOW);
	run(VMEXIT_INTR);
	assert_int_equal(s.vmcb.int_ctl, INT_V_INTR_MASKING);
}

static void qemu_must_not_see_cr8_with_an_interrupt(void **state)
{
	(void)state;
	svm_caps.tcg = true;
	svm_set_tpr(&v, 0x50);
	run(VMEXIT_INTR);
	assert_false(s.vmcb.int_ctl & INT_V_IRQ);
	assert_int_equal(s.vmcb.intercept_cr, ICPT(0, CR8_WRITE) | ICPT(0, CR4_WRITE));
	assert_int_equal(run(VMEXIT_CR8_WRITE), EXIT_NONE);
	assert_true(svm_event_entry(&v, &e));
	assert_int_equal(s.vmcb.intercept_cr, 0);
	assert_true(s.vmcb.rflags & RFLAGS_TF);
	s.vmcb.int_ctl &= ~INT_V_TPR;
	s.vmcb.rip += 4;
	s.vmcb.dr6 |= DR6_BS;
	assert_int_equal(leave(VMEXIT_EXCP(VEC_DB), 0, 0), EXIT_IRQ_WINDOW);
	assert_false(s.vmcb.rflags & RFLAGS_TF);
	assert_false(s.vmcb.dr6 & DR6_BS);
	svm_want_irq_window(&v, true);
	run(VMEXIT_INTR);
	assert_int_equal(s.vmcb.intercept_cr, ICPT(0, CR8_WRITE) | ICPT(0, CR4_WRITE));
	assert_true(s.vmcb.int_ctl & INT_V_IRQ);
}

void vcpu_wrap_or_step(struct vcpu *vcpu)
{
	(void)vcpu;
	fail();
}

/* QEMU may deliver an injected interrupt twice, but no virtual one. */
static void qemu_takes_a_virtual_interrupt(void **state)
{
	(void)state;
	svm_caps.tcg = true;
	s.vmcb.rflags |= RFLAGS_IF;
	inject(EVENT_EXTINT, 0x31);
	assert_true(svm_event_entry(&v, &e));
	assert_int_equal(s.vmcb.event_inj, 0);
	assert_int_equal(s.vmcb.int_ctl,
			 INT_V_INTR_MASKING | INT_V_IRQ | INT_V_IGN_TPR | 0x31ull << 32);
	assert_false(s.vmcb.intercept1 & ICPT(3, VINTR));
	/* Taken: the CPU clears V_IRQ. */
	s.vmcb.int_ctl &= ~INT_V_IRQ;
	assert_int_equal(leave(VMEXIT_CPUID, 0, 0), EXIT_CPUID);
	assert_false(v.pending.valid);
	assert_int_equal(s.vmcb.int_ctl, INT_V_INTR_MASKING);
	/* A physical interrupt came first. */
	inject(EVENT_EXTINT, 0x32);
	assert_int_equal(run(VMEXIT_INTR), EXIT_HOST_IRQ);
	assert_true(v.pending.valid && v.pending.type == EVENT_EXTINT && v.pending.vector == 0x32);
	assert_int_equal(s.vmcb.int_ctl, INT_V_INTR_MASKING);
	v.pending.valid = false;
	/* Another one waits: there is one V_IRQ, and its window comes after that. */
	svm_want_irq_window(&v, true);
	inject(EVENT_EXTINT, 0x33);
	assert_true(svm_event_entry(&v, &e));
	assert_int_equal(s.vmcb.event_inj, 0);
	assert_int_equal(s.vmcb.int_ctl,
			 INT_V_INTR_MASKING | INT_V_IRQ | INT_V_IGN_TPR | 0x33ull << 32);
	assert_int_equal(s.vmcb.intercept1 & (ICPT(3, VINTR) | ICPT(3, IRET)), ICPT(3, IRET));
	s.vmcb.int_ctl &= ~INT_V_IRQ;
	s.vmcb.rflags &= ~RFLAGS_IF;
	assert_int_equal(leave(VMEXIT_IRET, 0, 0), EXIT_NONE);
	assert_true(svm_event_entry(&v, &e));
	assert_int_equal(s.vmcb.int_ctl, INT_V_INTR_MASKING | INT_V_IRQ | INT_V_IGN_TPR);
	assert_int_equal(s.vmcb.intercept1 & (ICPT(3, VINTR) | ICPT(3, IRET)), ICPT(3, VINTR));
	s.vmcb.rflags |= RFLAGS_IF;
	assert_int_equal(leave(VMEXIT_VINTR, 0, 0), EXIT_IRQ_WINDOW);
	/* Those that the guest would not take at once. */
	s.vmcb.rflags &= ~RFLAGS_IF;
	inject(EVENT_EXTINT, 0x34);
	assert_true(svm_event_entry(&v, &e));
	assert_int_equal(s.vmcb.event_inj, 0x34 | EVENT_V);
	leave(VMEXIT_CPUID, 0, 0);
	s.vmcb.rflags |= RFLAGS_IF;
	s.vmcb.int_state = INT_SHADOW;
	inject(EVENT_EXTINT, 0x35);
	assert_true(svm_event_entry(&v, &e));
	assert_int_equal(s.vmcb.event_inj, 0x35 | EVENT_V);
	s.vmcb.int_state = 0;
	leave(VMEXIT_CPUID, 0, 0);
	inject(EVENT_NMI, VEC_NMI);
	assert_true(svm_event_entry(&v, &e));
	assert_true(s.vmcb.event_inj & EVENT_V);
}

/* MOV to CR4 runs by itself; then its result is judged. */
static enum vcpu_exit_kind write_cr4(uint64_t value)
{
	assert_int_equal(run(VMEXIT_CR4_WRITE), EXIT_NONE);
	assert_true(svm_event_entry(&v, &e));
	assert_int_equal(s.vmcb.intercept_cr, 0);
	assert_true(s.vmcb.rflags & RFLAGS_TF);
	s.vmcb.cr4 = value;
	s.vmcb.rip += 3;
	s.vmcb.dr6 |= DR6_BS;
	return leave(VMEXIT_EXCP(VEC_DB), 0, 0);
}

static void cr4_bits_follow_policy(void **state)
{
	(void)state;
	v.cr4_allowed = CR4_PAE | CR4_PGE | CR4_OSFXSR;
	assert_int_equal(write_cr4(CR4_PAE | CR4_PGE), EXIT_NONE);
	assert_int_equal(svm_get(&v, REG_CR4), CR4_PAE | CR4_PGE);
	assert_int_equal(s.vmcb.rip, RIP + 3);
	assert_false(s.vmcb.rflags & RFLAGS_TF);
	assert_false(s.vmcb.dr6 & DR6_BS);
	s.vmcb.clean = CLEAN_ALL;
	assert_int_equal(write_cr4(CR4_PAE | CR4_LA57), EXIT_PROTECTED);
	assert_int_equal(svm_get(&v, REG_CR4), CR4_PAE | CR4_PGE);
	assert_int_equal(s.vmcb.rip, RIP + 3);
	assert_false(s.vmcb.clean & CLEAN_CRX);
	assert_false(s.vmcb.rflags & RFLAGS_TF);
	/* a bit that is on already (by the loader) may stay */
	s.vmcb.cr4 = CR4_PAE | CR4_MCE;
	assert_int_equal(write_cr4(CR4_PAE | CR4_MCE | CR4_OSFXSR), EXIT_NONE);
	assert_int_equal(run(VMEXIT_INTR), EXIT_HOST_IRQ);
	assert_int_equal(s.vmcb.intercept_cr, ICPT(0, CR4_WRITE));
	assert_false(s.armed);
	/* single-stepped by the guest itself: its trap, or its #GP instead */
	s.vmcb.rflags |= RFLAGS_TF;
	assert_int_equal(write_cr4(CR4_PAE), EXIT_EXCEPTION);
	s.vmcb.dr6 &= ~DR6_BS;
	assert_int_equal(write_cr4(CR4_PAE | CR4_LA57), EXIT_PROTECTED);
	assert_false(s.vmcb.dr6 & DR6_BS);
	assert_true(s.vmcb.rflags & RFLAGS_TF);
}

static void bochs_leaves_dr6_alone(void **state)
{
	(void)state;
	v.cr4_allowed = UINT64_MAX;
	assert_int_equal(run(VMEXIT_CR4_WRITE), EXIT_NONE);
	assert_true(svm_event_entry(&v, &e));
	assert_int_equal(leave(VMEXIT_EXCP(VEC_DB), 0, 0), EXIT_NONE);
	assert_int_equal(s.vmcb.dr6, DR6_INIT & UINT32_MAX);
	s.vmcb.rflags |= RFLAGS_TF;
	assert_int_equal(run(VMEXIT_EXCP(VEC_DB)), EXIT_EXCEPTION);
	assert_true(s.vmcb.dr6 & DR6_BS);
	s.vmcb.rflags &= ~RFLAGS_TF;
	s.vmcb.dr6 = DR6_INIT & UINT32_MAX;
	assert_int_equal(run(VMEXIT_EXCP(VEC_DB)), EXIT_EXCEPTION); /* INT1 */
	assert_false(s.vmcb.dr6 & DR6_BS);
}

static void debug_exception_ends_general_detect(void **state)
{
	(void)state;
	s.vmcb.dr7 = DR7_INIT | BIT(13);
	inject(EVENT_EXCEPTION, VEC_GP);
	assert_int_equal(s.vmcb.dr7, DR7_INIT | BIT(13));
	inject(EVENT_EXTINT, VEC_DB);
	assert_int_equal(s.vmcb.dr7, DR7_INIT | BIT(13));
	inject(EVENT_EXCEPTION, VEC_DB);
	assert_int_equal(s.vmcb.dr7, DR7_INIT);
	assert_false(s.vmcb.clean & CLEAN_DRX);
}

static void event_before_the_cr4_write(void **state)
{
	(void)state;
	assert_int_equal(run(VMEXIT_CR4_WRITE), EXIT_NONE);
	inject(EVENT_EXTINT, 0x50);
	assert_true(svm_event_entry(&v, &e));
	assert_false(s.vmcb.rflags & RFLAGS_TF);
	assert_int_equal(s.vmcb.intercept_cr, ICPT(0, CR4_WRITE));
	s.vmcb.dr6 |= DR6_BS;
	assert_int_equal(leave(VMEXIT_EXCP(VEC_DB), 0, 0), EXIT_EXCEPTION);
	/* a physical interrupt before the step: it exits again */
	run(VMEXIT_CR4_WRITE);
	assert_int_equal(run(VMEXIT_INTR), EXIT_HOST_IRQ);
	assert_int_equal(run(VMEXIT_CR4_WRITE), EXIT_NONE);
}

/* NMI, its handler, IRET, and the next NMI right after that. */
static void nmi_blocking(void **state)
{
	(void)state;
	assert_true(svm_can_take_nmi(&v));
	inject(EVENT_NMI, 2);
	assert_true(svm_event_entry(&v, &e));
	assert_true(s.vmcb.intercept1 & ICPT(3, IRET));
	s.vmcb.rip = 0x700000;
	s.vmcb.exit_int_info = 0;
	leave(VMEXIT_CPUID, 0, 0);
	assert_false(svm_can_take_nmi(&v));
	svm_want_nmi_window(&v);
	s.vmcb.rip = 0x700010;
	assert_int_equal(run(VMEXIT_IRET), EXIT_NONE);
	assert_false(svm_can_take_nmi(&v));
	/* one instruction; a fault on the stack comes first */
	assert_true(svm_event_entry(&v, &e));
	assert_false(s.vmcb.intercept1 & ICPT(3, IRET));
	assert_true(s.vmcb.rflags & RFLAGS_TF);
	assert_int_equal(leave(VMEXIT_NPF, 0, 0), EXIT_PAGE_FAULT);
	assert_false(s.vmcb.rflags & RFLAGS_TF);
	assert_false(svm_can_take_nmi(&v));
	assert_false(s.stray_tf);
	assert_true(svm_event_entry(&v, &e));
	s.vmcb.rip = RIP;
	s.vmcb.rflags = RFLAGS_RSVD1 | RFLAGS_IF;
	s.vmcb.dr6 |= DR6_BS;
	assert_int_equal(leave(VMEXIT_EXCP(VEC_DB), 0, 0), EXIT_NMI_WINDOW);
	assert_int_equal(s.vmcb.rflags, RFLAGS_RSVD1 | RFLAGS_IF);
	assert_false(s.vmcb.dr6 & DR6_BS);
	assert_true(svm_can_take_nmi(&v));
	assert_false(s.nmi_window);
	run(VMEXIT_INTR);
	assert_false(s.vmcb.rflags & RFLAGS_TF);
}

static void nmi_unblocks_without_a_window(void **state)
{
	(void)state;
	inject(EVENT_NMI, 2);
	s.vmcb.rip = 0x700010;
	assert_int_equal(run(VMEXIT_IRET), EXIT_NONE);
	assert_true(svm_event_entry(&v, &e));
	assert_false(s.vmcb.rflags & RFLAGS_TF);
	assert_int_equal(leave(VMEXIT_INTR, 0, 0), EXIT_HOST_IRQ); /* IRET has not run */
	assert_false(svm_can_take_nmi(&v));
	assert_true(svm_event_entry(&v, &e));
	s.vmcb.rip = RIP;
	leave(VMEXIT_INTR, 0, 0);
	assert_true(svm_can_take_nmi(&v));
}

static void iret_may_load_tf_for_the_guest(void **state)
{
	(void)state;
	inject(EVENT_NMI, 2);
	svm_want_nmi_window(&v);
	s.vmcb.rip = 0x700010;
	run(VMEXIT_IRET);
	assert_true(svm_event_entry(&v, &e));
	s.vmcb.rip = RIP;
	s.vmcb.rflags |= RFLAGS_TF; /* popped */
	s.vmcb.dr6 |= DR6_BS;
	assert_int_equal(leave(VMEXIT_EXCP(VEC_DB), 0, 0), EXIT_NMI_WINDOW);
	assert_true(s.vmcb.rflags & RFLAGS_TF);
}

static void nmi_not_delivered_does_not_block(void **state)
{
	(void)state;
	inject(EVENT_NMI, 2);
	assert_true(svm_event_entry(&v, &e));
	s.vmcb.exit_int_info = EVENT_V | 0x202;
	leave(VMEXIT_NPF, 0, 0);
	assert_true(v.pending.valid);
	assert_int_equal(v.pending.type, EVENT_NMI);
	v.pending.valid = false;
	assert_true(svm_can_take_nmi(&v));
}

static void nmi_window_open_already(void **state)
{
	(void)state;
	svm_want_nmi_window(&v);
	assert_false(svm_event_entry(&v, &e));
	assert_int_equal(e.kind, EXIT_NMI_WINDOW);
	assert_true(svm_event_entry(&v, &e));
}

static void nmi_window_behind_an_event(void **state)
{
	(void)state;
	inject(EVENT_EXTINT, 0x50);
	svm_want_nmi_window(&v);
	assert_true(svm_event_entry(&v, &e));
	assert_true(s.vmcb.intercept1 & ICPT(3, IRET));
	assert_false(s.vmcb.rflags & RFLAGS_TF); /* would be pushed */
	s.vmcb.rip = 0x700010;
	s.vmcb.exit_int_info = 0;
	assert_int_equal(leave(VMEXIT_IRET, 0, 0), EXIT_NMI_WINDOW);
	run(VMEXIT_INTR);
	assert_false(s.vmcb.intercept1 & ICPT(3, IRET));
}

static void nmi_waits_for_the_shadow(void **state)
{
	(void)state;
	s.vmcb.int_state = INT_SHADOW;
	assert_false(svm_can_take_nmi(&v));
	svm_want_nmi_window(&v);
	assert_true(svm_event_entry(&v, &e));
	assert_true(s.vmcb.rflags & RFLAGS_TF);
	s.vmcb.int_state = 0;
	s.vmcb.rip++;
	s.vmcb.dr6 |= DR6_BS;
	assert_int_equal(leave(VMEXIT_EXCP(VEC_DB), 0, 0), EXIT_NMI_WINDOW);
}

/* QEMU forgets the shadow: the instruction after STI must run before the window opens. */
static void shadow_survives_qemu(void **state)
{
	(void)state;
	svm_caps.tcg = true;
	s.vmcb.rflags |= RFLAGS_IF;
	s.vmcb.int_state = INT_SHADOW;
	svm_want_irq_window(&v, true);
	assert_true(svm_event_entry(&v, &e));
	assert_false(s.vmcb.int_ctl & INT_V_IRQ);
	assert_true(s.vmcb.rflags & RFLAGS_TF);
	s.vmcb.int_state = 0; /* nothing executed: a physical interrupt */
	assert_int_equal(leave(VMEXIT_INTR, 0, 0), EXIT_HOST_IRQ);
	assert_true(svm_shadow(&s));
	assert_false(s.vmcb.rflags & RFLAGS_TF);
	assert_true(svm_event_entry(&v, &e));
	s.vmcb.int_state = 0;
	s.vmcb.rip++;
	s.vmcb.dr6 |= DR6_BS;
	assert_int_equal(leave(VMEXIT_EXCP(VEC_DB), 0, 0), EXIT_IRQ_WINDOW);
	assert_false(svm_shadow(&s));
	assert_true(svm_can_take_irq(&v));
	/* a CPU that keeps the shadow needs no step */
	svm_caps.tcg = false;
	s.vmcb.int_state = INT_SHADOW;
	svm_want_irq_window(&v, true);
	assert_true(svm_event_entry(&v, &e));
	assert_false(s.vmcb.rflags & RFLAGS_TF);
	assert_true(s.vmcb.int_ctl & INT_V_IRQ);
}

static void guests_own_single_step_is_kept(void **state)
{
	(void)state;
	s.vmcb.rflags |= RFLAGS_TF;
	s.vmcb.int_state = INT_SHADOW;
	svm_want_nmi_window(&v);
	assert_true(svm_event_entry(&v, &e));
	s.vmcb.int_state = 0;
	s.vmcb.rip++;
	s.vmcb.dr6 |= DR6_BS;
	assert_int_equal(leave(VMEXIT_EXCP(VEC_DB), 0, 0), EXIT_EXCEPTION);
	assert_int_equal(e.u.event.vector, VEC_DB);
	assert_true(s.vmcb.rflags & RFLAGS_TF);
	assert_true(s.vmcb.dr6 & DR6_BS);
}

static void breakpoint_under_our_step_is_the_guests(void **state)
{
	(void)state;
	s.vmcb.int_state = INT_SHADOW;
	svm_want_nmi_window(&v);
	assert_true(svm_event_entry(&v, &e));
	s.vmcb.rip++;
	s.vmcb.dr6 |= DR6_BS | 1;
	assert_int_equal(leave(VMEXIT_EXCP(VEC_DB), 0, 0), EXIT_EXCEPTION);
	assert_int_equal(s.vmcb.dr6, (DR6_INIT & UINT32_MAX) | 1);
	assert_false(s.vmcb.rflags & RFLAGS_TF);
}

/* The stepped instruction faults in the guest: TF is in the flags that were pushed. */
static void stray_tf_is_caught(void **state)
{
	(void)state;
	s.vmcb.int_state = INT_SHADOW;
	svm_want_nmi_window(&v);
	assert_true(svm_event_entry(&v, &e));
	s.vmcb.int_state = 0;
	s.vmcb.rip = 0x800000;
	s.vmcb.rflags &= ~RFLAGS_TF; /* by the delivery */
	leave(VMEXIT_CPUID, 0, 0);
	s.nmi_window = false;
	assert_true(svm_event_entry(&v, &e));
	s.vmcb.rip = RIP + 1; /* IRET, one instruction, trap */
	s.vmcb.rflags |= RFLAGS_TF;
	s.vmcb.dr6 |= DR6_BS;
	assert_int_equal(leave(VMEXIT_EXCP(VEC_DB), 0, 0), EXIT_NONE);
	assert_false(s.vmcb.rflags & RFLAGS_TF);
	assert_false(s.vmcb.dr6 & DR6_BS);
	s.vmcb.rflags |= RFLAGS_TF; /* now the guest's own */
	assert_true(svm_event_entry(&v, &e));
	s.vmcb.dr6 |= DR6_BS;
	assert_int_equal(leave(VMEXIT_EXCP(VEC_DB), 0, 0), EXIT_EXCEPTION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_code, setup),
		cmocka_unit_test_setup(io_info, setup),
		cmocka_unit_test_setup(nrip_only_where_it_is, setup),
		cmocka_unit_test_setup(nested_page_fault, setup),
		cmocka_unit_test_setup(refusal, setup),
		cmocka_unit_test_setup(qemu_reports_reserved_cr_bits_as_invalid, setup),
		cmocka_unit_test_setup(injection_encoding, setup),
		cmocka_unit_test_setup(interrupted_delivery_is_pending, setup),
		cmocka_unit_test_setup(native_software_events_run_again, setup),
		cmocka_unit_test_setup(interrupt_window, setup),
		cmocka_unit_test_setup(lowering_the_tpr_is_seen, setup),
		cmocka_unit_test_setup(qemu_must_not_see_cr8_with_an_interrupt, setup),
		cmocka_unit_test_setup(qemu_takes_a_virtual_interrupt, setup),
		cmocka_unit_test_setup(cr4_bits_follow_policy, setup),
		cmocka_unit_test_setup(bochs_leaves_dr6_alone, setup),
		cmocka_unit_test_setup(debug_exception_ends_general_detect, setup),
		cmocka_unit_test_setup(event_before_the_cr4_write, setup),
		cmocka_unit_test_setup(nmi_blocking, setup),
		cmocka_unit_test_setup(nmi_unblocks_without_a_window, setup),
		cmocka_unit_test_setup(iret_may_load_tf_for_the_guest, setup),
		cmocka_unit_test_setup(nmi_not_delivered_does_not_block, setup),
		cmocka_unit_test_setup(nmi_window_open_already, setup),
		cmocka_unit_test_setup(nmi_window_behind_an_event, setup),
		cmocka_unit_test_setup(nmi_waits_for_the_shadow, setup),
		cmocka_unit_test_setup(shadow_survives_qemu, setup),
		cmocka_unit_test_setup(guests_own_single_step_is_kept, setup),
		cmocka_unit_test_setup(breakpoint_under_our_step_is_the_guests, setup),
		cmocka_unit_test_setup(stray_tf_is_caught, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
