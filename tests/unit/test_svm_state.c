/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sources: svm/state.c kernel/reset.c svm/npt.c */
/* Guest state in the VMCB, permission maps, TLB control. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/msr.h"
#include "arch/x86/regs.h"
#include "svm/svm.h"

struct svm_caps svm_caps;
static const struct vcpu_ops ops = {.get = svm_get, .set = svm_set, .set_seg = svm_set_seg};
const struct vcpu_ops *vcpu_ops = &ops;
static struct svm_vcpu s;
static struct vcpu v;

static int setup(void **state)
{
	(void)state;
	memset(&s, 0, sizeof(s));
	memset(&v, 0, sizeof(v));
	svm_caps = (struct svm_caps){.signature = 0x800f12};
	v.hw = &s;
	return 0;
}

static void all_clean(void)
{
	s.vmcb.clean = CLEAN_ALL;
}

static void registers_are_apart(void **state)
{
	(void)state;
	for (int r = 0; r < REG_COUNT; r++)
		svm_set(&v, (enum vcpu_reg)r, 0x1000u + 2u * (unsigned)r);
	for (int r = 0; r < REG_COUNT; r++) {
		uint64_t want = 0x1000u + 2u * (unsigned)r;

		if (r == REG_EFER) /* 0x100e: SVME is not shown */
			want &= ~EFER_SVME;
		if (r == REG_RFLAGS)
			want |= RFLAGS_RSVD1;
		if (r == REG_CR0)
			want |= CR0_ET;
		assert_int_equal(svm_get(&v, (enum vcpu_reg)r), want);
	}
}

static void limits_keep_to_their_field(void **state)
{
	(void)state;
	s.vmcb.gdtr.base = 0x1122334455667788;
	svm_set(&v, REG_GDTR_LIMIT, UINT64_MAX);
	assert_int_equal(s.vmcb.gdtr.limit, UINT32_MAX);
	assert_int_equal(s.vmcb.gdtr.base, 0x1122334455667788);
	assert_int_equal(svm_get(&v, REG_GDTR_LIMIT), UINT32_MAX);
}

static void setters_clear_their_clean_bit(void **state)
{
	static const struct {
		enum vcpu_reg reg;
		uint64_t bit;
	} t[] = {
		{REG_CR0, CLEAN_CRX},
		{REG_CR3, CLEAN_CRX},
		{REG_CR4, CLEAN_CRX},
		{REG_EFER, CLEAN_CRX},
		{REG_CR2, CLEAN_CR2},
		{REG_DR7, CLEAN_DRX},
		{REG_PAT, CLEAN_NP},
		{REG_IDTR_BASE, CLEAN_DT},
		{REG_GDTR_LIMIT, CLEAN_DT},
		{REG_DEBUGCTL, CLEAN_LBR},
		{REG_RIP, 0},
		{REG_STAR, 0},
	};
	const struct vcpu_seg seg = {0};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		all_clean();
		svm_set(&v, t[i].reg, 0);
		assert_int_equal(s.vmcb.clean, CLEAN_ALL & ~t[i].bit);
	}
	all_clean();
	svm_set_seg(&v, SREG_CS, &seg);
	assert_int_equal(s.vmcb.clean, CLEAN_ALL & ~CLEAN_SEG);
	all_clean();
	svm_set_tpr(&v, 0x20);
	assert_int_equal(s.vmcb.clean, CLEAN_ALL & ~CLEAN_TPR);
}

static void efer_hides_svme_and_follows_paging(void **state)
{
	(void)state;
	svm_set(&v, REG_EFER, EFER_LME);
	assert_int_equal(s.vmcb.efer, EFER_SVME | EFER_LME);
	assert_int_equal(svm_get(&v, REG_EFER), EFER_LME);
	svm_set(&v, REG_CR0, CR0_PE | CR0_PG);
	assert_int_equal(svm_get(&v, REG_EFER), EFER_LME | EFER_LMA);
	svm_set(&v, REG_CR0, CR0_PE);
	assert_int_equal(svm_get(&v, REG_EFER), EFER_LME);
	svm_set(&v, REG_CR0, CR0_PE | CR0_PG);
	svm_set(&v, REG_EFER, EFER_LMA); /* the bit alone means nothing */
	assert_int_equal(s.vmcb.efer, EFER_SVME);
}

static void segment_attributes_convert_both_ways(void **state)
{
	(void)state;
	for (int r = 0; r < SREG_COUNT; r++) {
		for (uint32_t rights = 0; rights < 0x10000; rights += 0x11) {
			struct vcpu_seg in = {(uint16_t)r, rights & 0xf0ff, rights * 3, rights * 5};
			struct vcpu_seg out;
			uint32_t want = in.rights | (in.rights & SEG_P ? 0 : SEG_UNUSABLE);

			svm_set_seg(&v, (enum vcpu_sreg)r, &in);
			out = svm_get_seg(&v, (enum vcpu_sreg)r);
			assert_int_equal(out.rights, want);
			assert_int_equal(out.selector, in.selector);
			assert_int_equal(out.limit, in.limit);
			assert_int_equal(out.base, in.base);
		}
	}
	/* G, D/B, L, AVL of the hardware's 12 bits */
	struct vcpu_seg code = {0x10, 0xa09b, 0xffffffff, 0};
	svm_set_seg(&v, SREG_CS, &code);
	assert_int_equal(s.vmcb.cs.attrib, 0xa9b);
}

static void unusable_is_not_present(void **state)
{
	struct vcpu_seg seg = {0, (uint32_t)(SEG_UNUSABLE | SEG_P | 0x13), 0, 0};

	(void)state;
	svm_set_seg(&v, SREG_FS, &seg);
	assert_int_equal(s.vmcb.fs.attrib, 0x13);
	assert_true(svm_get_seg(&v, SREG_FS).rights & SEG_UNUSABLE);
}

static void cpl_is_that_of_ss(void **state)
{
	struct vcpu_seg seg = {0x2b, 0xc0f3, 0xffffffff, 0};

	(void)state;
	svm_set_seg(&v, SREG_CS, &seg);
	assert_int_equal(s.vmcb.cpl, 0);
	svm_set_seg(&v, SREG_SS, &seg);
	assert_int_equal(s.vmcb.cpl, 3);
	/* SYSRET on AMD: the field says 3, the descriptor still 0. */
	s.vmcb.ss.attrib = 0xc93;
	assert_int_equal(SEG_DPL(svm_get_seg(&v, SREG_SS).rights), 3);
	s.vmcb.cpl = 0;
	assert_int_equal(SEG_DPL(svm_get_seg(&v, SREG_SS).rights), 0);
}

static void tpr_has_its_high_bits(void **state)
{
	(void)state;
	s.vmcb.int_ctl = INT_V_INTR_MASKING;
	svm_set_tpr(&v, 0x57);
	assert_int_equal(s.vmcb.int_ctl, INT_V_INTR_MASKING | 5);
	assert_int_equal(svm_get_tpr(&v), 0x50);
	s.vmcb.int_ctl = INT_V_INTR_MASKING | 9; /* MOV to CR8 */
	assert_int_equal(svm_get_tpr(&v), 0x90);
}

static unsigned rest;

void vcpu_wrap_or_step(struct vcpu *vcpu)
{
	assert_ptr_equal(vcpu, &v);
	rest++;
}

static void skip_ends_shadow_and_rf(void **state)
{
	(void)state;
	s.vmcb.int_state = 3;
	s.vmcb.rflags = RFLAGS_RF | RFLAGS_IF | RFLAGS_TF;
	s.vmcb.rip = 0x1232;
	svm_skip(&v, 2);
	assert_int_equal(rest, 1); /* for TF */
	assert_int_equal(s.vmcb.rip, 0x1234);
	assert_int_equal(s.vmcb.int_state, 2);
	assert_int_equal(s.vmcb.rflags, RFLAGS_IF | RFLAGS_TF);
	s.vmcb.rflags = RFLAGS_IF;
	svm_skip(&v, 0);
	s.vmcb.rip = 0x1fffe;
	svm_skip(&v, 1);
	assert_int_equal(rest, 1);
	svm_skip(&v, 1); /* a mode of 16 bits would wrap */
	assert_int_equal(rest, 2);
	assert_int_equal(s.vmcb.rip, 0x20000);
}

static void power_up_state(void **state)
{
	(void)state;
	memset(v.gpr, 0xaa, sizeof(v.gpr));
	v.pending.valid = true;
	svm_reset_state(&v, NULL);
	assert_int_equal(s.vmcb.cs.base + s.vmcb.rip, 0xfffffff0);
	assert_int_equal(svm_get(&v, REG_CR0), 0x60000010);
	assert_int_equal(svm_get(&v, REG_EFER), 0);
	assert_int_equal(svm_get(&v, REG_RFLAGS), 2);
	assert_int_equal(svm_get(&v, REG_PAT), 0x0007040600070406);
	assert_int_equal(svm_get(&v, REG_IDTR_LIMIT), 0xffff);
	assert_int_equal(v.gpr[GPR_RDX], 0x800f12);
	assert_int_equal(v.gpr[GPR_R15], 0);
	assert_int_equal(v.dr6, 0xffff0ff0);
	assert_false(v.pending.valid);
	assert_int_equal(svm_get_seg(&v, SREG_CS).rights, 0x9b);
	assert_int_equal(svm_get_seg(&v, SREG_TR).rights, 0x8b);
}

static void start_in_long_mode(void **state)
{
	const struct vcpu_start start = {.long_mode = true,
					 .rip = 0x100200,
					 .rsp = 0x9000,
					 .cr3 = 0x5000,
					 .rsi = 1,
					 .rdi = 2,
					 .gdt = 0x7000,
					 .gdt_limit = 31};

	(void)state;
	svm_reset_state(&v, &start);
	assert_int_equal(svm_get(&v, REG_EFER), EFER_LME | EFER_LMA | EFER_NXE);
	assert_int_equal(svm_get(&v, REG_CR0), CR0_PE | CR0_PG | CR0_NE | CR0_ET | CR0_WP);
	assert_int_equal(svm_get(&v, REG_CR4), CR4_PAE);
	assert_int_equal(svm_get(&v, REG_CR3), 0x5000);
	assert_int_equal(svm_get(&v, REG_RIP), 0x100200);
	assert_int_equal(svm_get(&v, REG_RSP), 0x9000);
	assert_int_equal(svm_get(&v, REG_GDTR_BASE), 0x7000);
	assert_int_equal(svm_get(&v, REG_GDTR_LIMIT), 31);
	assert_int_equal(svm_get_seg(&v, SREG_CS).rights, 0xa09b);
	assert_int_equal(svm_get_seg(&v, SREG_CS).selector, 0x10);
	assert_int_equal(svm_get_seg(&v, SREG_SS).rights, 0xc093);
	assert_int_equal(svm_get_seg(&v, SREG_ES).selector, 0x18);
	assert_int_equal(v.gpr[GPR_RSI], 1);
	assert_int_equal(v.gpr[GPR_RDI], 2);
	assert_int_equal(v.gpr[GPR_RBX], 0);
	assert_int_equal(v.gpr[GPR_RAX], 0);
}

static void start_in_protected_mode(void **state)
{
	const struct vcpu_start start = {.rip = 0x100000,
					 .rsi = 0x8000,
					 .cr3 = 0x5000,
					 .rax = 3,
					 .rbx = 4,
					 .gdt = 0x7000,
					 .gdt_limit = 31};

	(void)state;
	svm_reset_state(&v, &start);
	assert_int_equal(svm_get(&v, REG_EFER), 0);
	assert_int_equal(svm_get(&v, REG_CR0), CR0_PE | CR0_ET);
	assert_int_equal(svm_get(&v, REG_GDTR_BASE), 0x7000);
	assert_int_equal(svm_get(&v, REG_CR4), 0);
	assert_int_equal(svm_get(&v, REG_CR3), 0);
	assert_int_equal(svm_get_seg(&v, SREG_CS).rights, 0xc09b);
	assert_int_equal(svm_get_seg(&v, SREG_CS).limit, 0xffffffff);
	assert_int_equal(v.gpr[GPR_RSI], 0x8000);
	assert_int_equal(v.gpr[GPR_RAX], 3);
	assert_int_equal(v.gpr[GPR_RBX], 4);
}

static void allow_opens_two_bits_only(void **state)
{
	static uint8_t map[MSRPM_SIZE];
	unsigned clear = 0;

	(void)state;
	memset(map, 0xff, sizeof(map));
	svm_allow_msr(map, MSR_LSTAR);
	for (unsigned i = 0; i < 8 * sizeof(map); i++)
		clear += !(map[i / 8] & 1u << i % 8);
	assert_int_equal(clear, 2);
	/* APM 2 table 15-8: C0000082 is in byte 800h + 82h * 2 / 8, bits 5:4 */
	assert_int_equal(map[0x820], 0xcf);
	svm_allow_msr(map, MSR_SYSENTER_CS); /* 174 is in byte 174h * 2 / 8, bits 1:0 */
	assert_int_equal(map[0x5d], 0xfc);
}

static void flush_is_as_narrow_as_can_be(void **state)
{
	(void)state;
	svm_flush_tlb(&v);
	assert_int_equal(s.vmcb.tlb_control, TLB_FLUSH_ALL);
	svm_caps.features = SVM_FEATURE_FLUSH_BY_ASID;
	svm_flush_tlb(&v);
	assert_int_equal(s.vmcb.tlb_control, TLB_FLUSH_ASID);
}

static void context_is_the_same(void **state)
{
	struct vcpu_context c;

	(void)state;
	for (int r = 0; r < REG_COUNT; r++)
		svm_set(&v, (enum vcpu_reg)r, 0x1000u + 2u * (unsigned)r);
	s.vmcb.cs = (struct vmcb_seg){8, 0xa9b, UINT32_MAX, 0x12340};
	s.vmcb.ss = (struct vmcb_seg){16, 0xc93, UINT32_MAX, 0}; /* its DPL is stale */
	s.vmcb.cpl = 3;
	svm_context(&v, &c);
	assert_int_equal(c.regs.cr0, svm_get(&v, REG_CR0));
	assert_int_equal(c.regs.cr3, svm_get(&v, REG_CR3));
	assert_int_equal(c.regs.cr4, svm_get(&v, REG_CR4));
	assert_int_equal(c.regs.efer, svm_get(&v, REG_EFER));
	assert_int_equal(c.regs.rflags, svm_get(&v, REG_RFLAGS));
	assert_int_equal(c.rip, svm_get(&v, REG_RIP));
	assert_int_equal(c.cs_base, svm_get_seg(&v, SREG_CS).base);
	assert_int_equal(c.cs_rights, svm_get_seg(&v, SREG_CS).rights);
	assert_int_equal(c.cpl, SEG_DPL(svm_get_seg(&v, SREG_SS).rights));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(context_is_the_same, setup),
		cmocka_unit_test_setup(registers_are_apart, setup),
		cmocka_unit_test_setup(limits_keep_to_their_field, setup),
		cmocka_unit_test_setup(setters_clear_their_clean_bit, setup),
		cmocka_unit_test_setup(efer_hides_svme_and_follows_paging, setup),
		cmocka_unit_test_setup(segment_attributes_convert_both_ways, setup),
		cmocka_unit_test_setup(unusable_is_not_present, setup),
		cmocka_unit_test_setup(cpl_is_that_of_ss, setup),
		cmocka_unit_test_setup(tpr_has_its_high_bits, setup),
		cmocka_unit_test_setup(skip_ends_shadow_and_rf, setup),
		cmocka_unit_test_setup(power_up_state, setup),
		cmocka_unit_test_setup(start_in_long_mode, setup),
		cmocka_unit_test_setup(start_in_protected_mode, setup),
		cmocka_unit_test_setup(allow_opens_two_bits_only, setup),
		cmocka_unit_test_setup(flush_is_as_narrow_as_can_be, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
