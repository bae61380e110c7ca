/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of control registers and segments, and the check of a refused entry. */
/* sources: vmx/rules.c vmx/check.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/string.h"
#include "vmx/logic.h"

static const struct vmx_caps caps = {
	.cr0_fixed0 = 0x80000021,
	.cr0_fixed1 = 0xffffffff,
	.cr4_fixed0 = 0x2000,
	.cr4_fixed1 = 0x3767ff,
	.phys_bits = 40,
};

#define CODE64 0xa09bu
#define CODE32 0xc09bu
#define DATA   0xc093u

static struct vmx_guest_state long_mode(void)
{
	struct vmx_guest_state s = {
		.cr0 = CR0_PG | CR0_NE | CR0_PE,
		.cr3 = 0x1000,
		.cr4 = CR4_PAE | CR4_VMXE,
		.dr7 = DR7_INIT,
		.efer = EFER_LME | EFER_LMA,
		.pat = 0x0007040600070406,
		.rip = 0xffffffff81000000,
		.rflags = RFLAGS_RSVD1,
		.link = ~0ull,
		.entry_controls = ENTRY_IA32E,
	};

	for (unsigned i = 0; i <= SREG_GS; i++)
		s.seg[i] = (struct vcpu_seg){0x18, DATA, 0xffffffff, 0};
	s.seg[SREG_CS] = (struct vcpu_seg){0x10, CODE64, 0xffffffff, 0};
	s.seg[SREG_LDTR] = (struct vcpu_seg){0, (uint32_t)SEG_UNUSABLE, 0, 0};
	s.seg[SREG_TR] = (struct vcpu_seg){0, 0x8b, 0x67, 0};
	return s;
}

static struct vmx_guest_state real_mode(void)
{
	struct vmx_guest_state s = long_mode();

	s.cr0 = CR0_NE | CR0_ET;
	s.cr4 = CR4_VMXE;
	s.efer = 0;
	s.entry_controls = 0;
	s.rip = 0xfff0;
	for (unsigned i = 0; i <= SREG_GS; i++)
		s.seg[i] = (struct vcpu_seg){0, 0x93, 0xffff, 0};
	s.seg[SREG_CS] = (struct vcpu_seg){0xf000, 0x9b, 0xffff, 0xffff0000};
	return s;
}

static void expect(const struct vmx_guest_state *s, const char *what)
{
	uint64_t value;
	const char *is = vmx_check_guest(s, &caps, &value);

	if (what)
		assert_string_equal(is ? is : "nothing", what);
	else
		assert_string_equal(is ? is : "nothing", "nothing");
}

static void test_good(void **state)
{
	struct vmx_guest_state s = long_mode();

	(void)state;
	expect(&s, NULL);
	s = real_mode();
	expect(&s, NULL);
	/* CD and NW are never looked at; nor are null data segments in 64-bit mode. */
	s = long_mode();
	s.cr0 |= CR0_CD | CR0_NW;
	s.seg[SREG_DS] = s.seg[SREG_ES] = s.seg[SREG_SS] =
		(struct vcpu_seg){0, (uint32_t)SEG_UNUSABLE, 0, 0};
	s.seg[SREG_FS] = (struct vcpu_seg){0, (uint32_t)SEG_UNUSABLE, 0, 0xffff888000000000};
	expect(&s, NULL);
	/* Ring 3 */
	s = long_mode();
	s.seg[SREG_CS].rights = 0xa0fb;
	s.seg[SREG_SS].rights = 0xc0f3;
	expect(&s, NULL);
}

/* One field at a time of a good state, and the name that must come out. */
#define BAD(base, change, what)                                                                    \
	do {                                                                                       \
		struct vmx_guest_state s = base();                                                 \
		change;                                                                            \
		expect(&s, what);                                                                  \
	} while (0)

static void test_control_registers(void **state)
{
	(void)state;
	BAD(long_mode, s.cr0 &= ~CR0_NE, "CR0 (fixed bits)");
	BAD(long_mode, s.cr0 |= BIT(32), "CR0 (fixed bits)");
	BAD(long_mode, s.cr0 &= ~CR0_PE, "CR0 (PG without PE)");
	BAD(long_mode, s.cr4 &= ~CR4_VMXE, "CR4 (fixed bits)");
	BAD(long_mode, s.cr4 |= BIT(22), "CR4 (fixed bits)");
	BAD(long_mode, s.cr0 &= ~CR0_PG, "CR0 (IA-32e mode without PG)");
	BAD(long_mode, s.cr4 &= ~CR4_PAE, "CR4 (IA-32e mode without PAE)");
	BAD(real_mode, s.cr4 |= CR4_PCIDE, "CR4 (PCIDE outside IA-32e mode)");
	BAD(long_mode, s.cr3 |= BIT(40), "CR3");
	BAD(long_mode, s.dr7 |= BIT(32), "DR7");
	BAD(long_mode, s.debugctl = BIT(2), "IA32_DEBUGCTL");
	BAD(long_mode, s.sysenter_esp = BIT(47), "IA32_SYSENTER_ESP");
	BAD(long_mode, s.sysenter_eip = BIT(63), "IA32_SYSENTER_EIP");
	BAD(long_mode, s.pat = 0x02, "IA32_PAT");
	BAD(long_mode, s.pat = 0x0800000000000000, "IA32_PAT");
	BAD(long_mode, s.efer |= EFER_SVME, "IA32_EFER (reserved bits)");
	BAD(long_mode, s.efer &= ~EFER_LMA, "IA32_EFER (LMA is not the entry control's)");
	BAD(real_mode, s.efer |= EFER_LMA, "IA32_EFER (LMA is not the entry control's)");
	BAD(long_mode, s.efer &= ~EFER_LME, "IA32_EFER (LMA is not LME while paging is on)");
	/* LME waiting for PG is legal. */
	BAD(real_mode, s.efer = EFER_LME, NULL);
}

static void test_segments(void **state)
{
	(void)state;
	BAD(long_mode, s.seg[SREG_CS].rights = 0xa0f3, "CS access rights"); /* type 3, DPL 3 */
	BAD(long_mode, s.seg[SREG_CS].rights = 0xa091, "CS access rights");
	BAD(long_mode, s.seg[SREG_CS].rights = 0xe09b, "CS access rights"); /* L and D */
	BAD(long_mode, s.seg[SREG_CS].rights = 0xa0fb, "CS access rights"); /* DPL 3, SS 0 */
	BAD(long_mode, s.seg[SREG_CS].rights = 0xa0ff, "CS access rights"); /* conforming */
	BAD(long_mode, s.seg[SREG_CS].rights = 0xa09f, NULL);
	BAD(long_mode, s.seg[SREG_CS].rights &= ~0x80u, "CS access rights");
	BAD(long_mode, s.seg[SREG_CS].base = BIT(32), "CS base");
	BAD(long_mode, s.seg[SREG_CS].limit = 0xfffff, NULL);
	BAD(long_mode, s.seg[SREG_CS].limit = 0xffffe, "CS limit");
	BAD(long_mode, s.seg[SREG_SS].rights = 0xc091, "SS access rights");
	BAD(long_mode, s.seg[SREG_SS].rights = 0xc0f3, "CS access rights");
	BAD(long_mode, s.seg[SREG_DS].rights = 0xc092, "DS access rights");
	BAD(long_mode, s.seg[SREG_DS].rights = 0xc099, "DS access rights"); /* not readable */
	BAD(long_mode, s.seg[SREG_DS].rights = 0xc19b, "DS access rights"); /* reserved */
	BAD(long_mode, s.seg[SREG_ES].base = BIT(40), "ES base");
	BAD(long_mode, s.seg[SREG_GS].base = BIT(47), "GS base");
	BAD(long_mode, s.seg[SREG_DS].limit = 0, "DS limit");             /* G set */
	BAD(long_mode, s.seg[SREG_TR].rights = 0x83, "TR access rights"); /* 16-bit */
	BAD(long_mode, s.seg[SREG_TR].rights = 0x89, "TR access rights"); /* not busy */
	BAD(long_mode, s.seg[SREG_TR].rights |= 0x10000, "TR access rights");
	BAD(long_mode, s.seg[SREG_TR].selector = 4, "TR selector");
	BAD(long_mode, s.seg[SREG_TR].base = BIT(50), "TR base");
	BAD(long_mode, s.seg[SREG_TR].limit = 0x100000, "TR limit");
	BAD(real_mode, s.seg[SREG_TR].rights = 0x83, NULL);
	BAD(long_mode, s.seg[SREG_LDTR].rights = 0x82, NULL);
	BAD(long_mode, s.seg[SREG_LDTR].rights = 0x83, "LDTR access rights");
	BAD(real_mode, s.seg[SREG_SS].rights = 0xf3, "CS access rights");
	BAD(real_mode, s.seg[SREG_CS].rights = 0x93, NULL); /* unrestricted guest */
	BAD(long_mode, s.gdtr_base = BIT(47), "GDTR base");
	BAD(long_mode, s.idtr_base = BIT(47), "IDTR base");
	BAD(long_mode, s.gdtr_limit = 0x10000, "GDTR limit");
	BAD(long_mode, s.idtr_limit = 0x10000, "IDTR limit");
}

static struct vmx_guest_state v86(void)
{
	struct vmx_guest_state s = real_mode();

	s.cr0 |= CR0_PE;
	s.rflags |= RFLAGS_VM;
	s.rip = 0x100;
	for (unsigned i = 0; i <= SREG_GS; i++)
		s.seg[i] = (struct vcpu_seg){0x1234, 0xf3, 0xffff, 0x12340};
	return s;
}

static void test_v86(void **state)
{
	(void)state;
	BAD(v86, (void)s, NULL);
	BAD(v86, s.seg[SREG_FS].base = 0, "FS base");
	BAD(v86, s.seg[SREG_ES].limit = 0xfffff, "ES limit");
	BAD(v86, s.seg[SREG_SS].rights = 0x93, "SS access rights");
	BAD(v86, s.cr0 &= ~CR0_PE, "RFLAGS (VM)");
}

static void test_flags_and_events(void **state)
{
	const uint32_t irq = 0x80000030, nmi = 0x80000202;

	(void)state;
	BAD(long_mode, s.rip = BIT(47), "RIP");
	BAD(real_mode, s.rip = BIT(32), "RIP");
	BAD(long_mode, s.rflags = 0, "RFLAGS (reserved bits)");
	BAD(long_mode, s.rflags |= BIT(15), "RFLAGS (reserved bits)");
	BAD(long_mode, s.rflags |= BIT(22), "RFLAGS (reserved bits)");
	BAD(long_mode, s.activity = 4, "activity state");
	BAD(long_mode, s.activity = 1, NULL);
	BAD(long_mode, s.interruptibility = 3, "interruptibility state");
	BAD(long_mode, s.interruptibility = 0x20, "interruptibility state");
	BAD(long_mode, s.interruptibility = BLOCKED_BY_SMI, "interruptibility state");
	BAD(long_mode, s.interruptibility = BLOCKED_BY_STI,
	    "interruptibility state (STI with IF clear)");
	BAD(long_mode, (s.interruptibility = BLOCKED_BY_MOV_SS, s.activity = 1),
	    "activity state (not active in a shadow)");
	BAD(long_mode, s.pending_debug = BIT(4), "pending debug exceptions");
	BAD(long_mode, s.link = 0, "VMCS link pointer");

	/* BS must say whether TF single-steps, but only in a shadow. */
	BAD(long_mode, s.rflags |= RFLAGS_TF, NULL);
	BAD(long_mode, (s.rflags |= RFLAGS_TF, s.interruptibility = BLOCKED_BY_MOV_SS),
	    "pending debug exceptions (BS against TF)");
	BAD(long_mode,
	    (s.rflags |= RFLAGS_TF, s.interruptibility = BLOCKED_BY_MOV_SS,
	     s.pending_debug = DEBUG_BS),
	    NULL);
	BAD(long_mode,
	    (s.rflags |= RFLAGS_TF, s.interruptibility = BLOCKED_BY_MOV_SS,
	     s.debugctl = DEBUGCTL_BTF),
	    NULL);
	BAD(long_mode, (s.interruptibility = BLOCKED_BY_MOV_SS, s.pending_debug = DEBUG_BS),
	    "pending debug exceptions (BS against TF)");

	BAD(long_mode, s.entry_info = irq, "RFLAGS (interrupt injected with IF clear)");
	BAD(long_mode, (s.entry_info = irq, s.rflags |= RFLAGS_IF), NULL);
	BAD(long_mode,
	    (s.entry_info = irq, s.rflags |= RFLAGS_IF, s.interruptibility = BLOCKED_BY_STI),
	    "interruptibility state (interrupt injected in a shadow)");
	BAD(long_mode, s.entry_info = nmi, NULL);
	BAD(long_mode, (s.entry_info = nmi, s.interruptibility = BLOCKED_BY_NMI),
	    "interruptibility state (NMI injected while blocked)");
	BAD(long_mode, (s.entry_info = 0x202, s.interruptibility = BLOCKED_BY_NMI), NULL);

	/* HLT is for ring 0. */
	BAD(long_mode,
	    (s.activity = 1, s.seg[SREG_CS].rights = 0xa0fb, s.seg[SREG_SS].rights = 0xc0f3),
	    "activity state (HLT outside ring 0)");
}

static struct vmx_guest_state pae(void)
{
	struct vmx_guest_state s = real_mode();

	s.cr0 |= CR0_PE | CR0_PG;
	s.cr4 |= CR4_PAE;
	s.pdpte[2] = 0x1001;
	return s;
}

static void test_pdptes(void **state)
{
	(void)state;
	BAD(pae, (void)s, NULL);
	BAD(pae, s.pdpte[3] = 0x1003, "PDPTE");
	BAD(pae, s.pdpte[0] = BIT(40) | 1, "PDPTE");
	BAD(pae, s.pdpte[0] = BIT(40), NULL); /* not present: anything goes */
	BAD(long_mode, s.pdpte[0] = 3, NULL);
	assert_false(vmx_pdpte_valid(0x21, 40));
	assert_false(vmx_pdpte_valid(0x101, 40));
	assert_true(vmx_pdpte_valid(0xe19 | 0xfffffff000, 40));
}

#define PG_PE (CR0_PG | CR0_PE)

static void test_cr0_rules(void **state)
{
	struct vmx_mode m = {.cr0 = CR0_PE};

	(void)state;
	assert_true(vmx_cr0_allowed(&m, CR0_PE));
	assert_true(vmx_cr0_allowed(&m, 0));
	assert_true(vmx_cr0_allowed(&m, CR0_PE | BIT(15))); /* reserved low bits: ignored */
	assert_false(vmx_cr0_allowed(&m, BIT(32)));
	assert_false(vmx_cr0_allowed(&m, CR0_PG));
	assert_false(vmx_cr0_allowed(&m, CR0_PE | CR0_NW));
	assert_true(vmx_cr0_allowed(&m, CR0_PE | CR0_NW | CR0_CD));
	assert_true(vmx_cr0_allowed(&m, PG_PE));

	/* Into IA-32e mode: PAE must be on and CS.L off. */
	m.efer = EFER_LME;
	assert_false(vmx_cr0_allowed(&m, PG_PE));
	m.cr4 = CR4_PAE;
	assert_true(vmx_cr0_allowed(&m, PG_PE));
	m.cs_l = true;
	assert_false(vmx_cr0_allowed(&m, PG_PE));

	/* Out of it: not from 64-bit code, not with PCIDE. */
	m = (struct vmx_mode){.cr0 = PG_PE, .cr4 = CR4_PAE, .efer = EFER_LME | EFER_LMA};
	assert_true(vmx_cr0_allowed(&m, CR0_PE));
	m.cs_l = true;
	assert_false(vmx_cr0_allowed(&m, CR0_PE));
	assert_true(vmx_cr0_allowed(&m, PG_PE | CR0_CD));
	m.cs_l = false;
	m.cr4 |= CR4_PCIDE;
	assert_false(vmx_cr0_allowed(&m, CR0_PE));
	/* CS.L left over from long mode means nothing without LMA. */
	m = (struct vmx_mode){.cr0 = PG_PE, .cs_l = true};
	assert_true(vmx_cr0_allowed(&m, CR0_PE));
}

static void test_cr4_rules(void **state)
{
	struct vmx_mode m = {.cr0 = PG_PE, .cr4 = CR4_PAE};
	const uint64_t f1 = caps.cr4_fixed1;

	(void)state;
	assert_true(vmx_cr4_allowed(&m, CR4_PAE | CR4_PGE | CR4_OSFXSR, f1));
	assert_true(vmx_cr4_allowed(&m, 0, f1));
	assert_false(vmx_cr4_allowed(&m, CR4_VMXE, f1));
	assert_false(vmx_cr4_allowed(&m, CR4_SMXE, f1));
	assert_false(vmx_cr4_allowed(&m, CR4_LA57, ~0ull));
	assert_false(vmx_cr4_allowed(&m, BIT(63), ~0ull));
	assert_false(vmx_cr4_allowed(&m, CR4_PKE, f1)); /* the processor has none */
	assert_true(vmx_cr4_allowed(&m, CR4_PKE, ~0ull));
	assert_false(vmx_cr4_allowed(&m, CR4_PAE | CR4_PCIDE, f1)); /* not in IA-32e mode */

	m.efer = EFER_LME | EFER_LMA;
	assert_false(vmx_cr4_allowed(&m, CR4_PGE, f1));
	assert_true(vmx_cr4_allowed(&m, CR4_PAE | CR4_PCIDE, f1));
	m.cr3 = 0x1001;
	assert_false(vmx_cr4_allowed(&m, CR4_PAE | CR4_PCIDE, f1));
	m.cr4 |= CR4_PCIDE; /* on already: CR3 bits are a PCID */
	assert_true(vmx_cr4_allowed(&m, CR4_PAE | CR4_PCIDE | CR4_PGE, f1));
}

static void test_modes(void **state)
{
	(void)state;
	assert_true(vmx_is_pae(PG_PE, CR4_PAE, 0));
	assert_false(vmx_is_pae(CR0_PE, CR4_PAE, 0));
	assert_false(vmx_is_pae(PG_PE, 0, 0));
	assert_false(vmx_is_pae(PG_PE, CR4_PAE, EFER_LME));
	assert_true(is_canonical(0x00007fffffffffff));
	assert_false(is_canonical(0x0000800000000000));
	assert_true(is_canonical(0xffff800000000000));
	assert_false(is_canonical(0xffff7fffffffffff));
}

/* Whatever is set, entry accepts it. */
static void test_fix_seg(void **state)
{
	static const uint32_t limits[] = {0,        0x67,       0xffff,    0xfffff,
					  0x100000, 0xffffffff, 0xfffff000};
	struct vcpu_seg seg;

	(void)state;
	/* TR: busy, of the mode's kind, present, never unusable. */
	seg = vmx_fix_seg(SREG_TR, (struct vcpu_seg){0x44, 0x10089, 0x67, 0}, true);
	assert_int_equal(seg.rights, 0x8b);
	assert_int_equal(seg.selector, 0x40);
	seg = vmx_fix_seg(SREG_TR, (struct vcpu_seg){0, 0x81, 0x2b, 0}, false);
	assert_int_equal(seg.rights, 0x83);
	seg = vmx_fix_seg(SREG_TR, (struct vcpu_seg){0, 0x81, 0x2b, 0}, true);
	assert_int_equal(seg.rights, 0x8b);
	/* A null data segment, and one without P. */
	seg = vmx_fix_seg(SREG_DS, (struct vcpu_seg){0, 0, 0, 0}, true);
	assert_true(seg.rights & SEG_UNUSABLE);
	seg = vmx_fix_seg(SREG_ES, (struct vcpu_seg){0x10, 0x92, 0xffff, BIT(40) | 5}, true);
	assert_int_equal(seg.rights, 0x93);
	assert_int_equal(seg.base, 5);
	/* 64-bit bases are for FS, GS, TR and LDTR. */
	seg = vmx_fix_seg(SREG_GS, (struct vcpu_seg){0, 0x93, 0xffff, ~0xffull}, true);
	assert_true(seg.base == ~0xffull);
	seg = vmx_fix_seg(SREG_CS, (struct vcpu_seg){8, 0xe09a, 0xffffffff, 0}, true);
	assert_int_equal(seg.rights, CODE64);
	seg = vmx_fix_seg(SREG_LDTR, (struct vcpu_seg){0x14, 0x82, 7, 0}, true);
	assert_int_equal(seg.rights, 0x82);
	assert_int_equal(seg.selector, 0x10);
	seg = vmx_fix_seg(SREG_LDTR, (struct vcpu_seg){0, 0, 0, 0}, true);
	assert_true(seg.rights & SEG_UNUSABLE);

	for (unsigned i = 0; i < ARRAY_SIZE(limits); i++)
		for (unsigned g = 0; g < 2; g++) {
			struct vmx_guest_state s = long_mode();
			uint32_t r = 0x4092u | (g ? (uint32_t)SEG_G : 0);

			s.seg[SREG_DS] =
				vmx_fix_seg(SREG_DS, (struct vcpu_seg){8, r, limits[i], 0}, true);
			expect(&s, NULL);
		}
	/* Any rights at all make a data segment and a TR that entry takes. */
	for (uint32_t r = 0; r < 0x20000; r += 0x10) {
		struct vmx_guest_state s = long_mode();

		s.seg[SREG_DS] = vmx_fix_seg(SREG_DS, (struct vcpu_seg){8, r | 2, 0xfff, 0}, true);
		s.seg[SREG_TR] = vmx_fix_seg(SREG_TR, (struct vcpu_seg){8, r | 9, 0xfff, 0}, true);
		s.seg[SREG_LDTR] =
			vmx_fix_seg(SREG_LDTR, (struct vcpu_seg){8, r | 2, 0xfff, 0}, true);
		if (s.seg[SREG_LDTR].rights & SEG_S)
			continue;
		expect(&s, NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_control_registers),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_v86),
		cmocka_unit_test(test_flags_and_events),
		cmocka_unit_test(test_pdptes),
		cmocka_unit_test(test_cr0_rules),
		cmocka_unit_test(test_cr4_rules),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_fix_seg),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
