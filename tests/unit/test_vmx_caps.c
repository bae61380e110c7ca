/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control solving from capability MSRs, and VPIDs. */
/* sources: vmx/caps.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/errno.h"
#include "kernel/string.h"
#include "vmx/logic.h"

/* What Bochs 2.7's corei7_skylake_x answers; words from the "true" MSRs. */
static const struct vmx_caps bochs = {
	.basic = 0x00d810000000002b,
	.pin = 0x0000007f00000016,
	.proc = 0xf7f9fffe04006172,
	.proc2 = 0x02177fff00000000,
	.exit = 0x007fffff00036dfb,
	.entry = 0x0000ffff000011fb,
	.misc = 0x600401e0,
	.ept_vpid = 0xf0106334141,
	.cr0_fixed0 = 0x80000021,
	.cr0_fixed1 = 0xffffffff,
	.cr4_fixed0 = 0x2000,
	.cr4_fixed1 = 0x3767ff,
};

/* By their numbers in SDM 3C 24.6 to 24.8. */
#define PIN_VIRTUAL_NMI    BIT(5)
#define PROC_TPR_SHADOW    BIT(21)
#define PROC2_WBINVD       BIT(6)
#define PROC2_UNRESTRICTED BIT(7)
#define PROC2_INVPCID      BIT(12)
#define EXIT_HOST_64BIT    BIT(9)
#define EXIT_ACK_INTERRUPT BIT(15)
#define EXIT_LOAD_EFER     BIT(21)
#define ENTRY_SMM          BIT(10)
#define ENTRY_LOAD_PAT     BIT(14)

/* Each word is what is wanted of what may be 1, and all that must be 1. */
static void test_words(void **state)
{
	struct vmx_caps all = bochs;
	struct vmx_controls c;
	const char *name;

	(void)state;
	all.pin = all.proc = all.proc2 = all.exit = all.entry = 0xffffffffull << 32;
	assert_int_equal(vmx_choose_controls(&all, &c, &name), 0);
	assert_int_equal(c.pin, 0x29);
	assert_int_equal(c.proc, 0xb1200c88);
	assert_int_equal(c.proc2, 0x90ea);
	assert_int_equal(c.exit, 0x3c0204);
	assert_int_equal(c.entry, 0xc004);
	/* One that nobody has named, and that must be 1, is no reason. */
	all.pin |= BIT(31);
	assert_int_equal(vmx_choose_controls(&all, &c, &name), 0);
	assert_int_equal(c.pin, 0x80000029);
}

static void test_choose_bochs(void **state)
{
	struct vmx_controls c;
	const char *name = NULL;

	(void)state;
	assert_int_equal(vmx_choose_controls(&bochs, &c, &name), 0);
	assert_int_equal(c.pin, 0x3f);
	assert_int_equal(c.proc, 0xb5206dfa);
	assert_int_equal(c.proc2, PROC2_EPT | PROC2_RDTSCP | PROC2_VPID | PROC2_WBINVD |
					  PROC2_UNRESTRICTED | PROC2_INVPCID);
	assert_int_equal(c.exit & EXIT_ACK_INTERRUPT, 0);
	assert_int_equal(c.exit & EXIT_HOST_64BIT, EXIT_HOST_64BIT);
	assert_int_equal(c.entry & (ENTRY_IA32E | ENTRY_SMM), 0);
	/* Every word is within what the processor allows. */
	assert_int_equal(c.proc & ~(uint32_t)(bochs.proc >> 32), 0);
	assert_int_equal((uint32_t)bochs.proc & ~c.proc, 0);
	assert_int_equal(c.exit & ~(uint32_t)(bochs.exit >> 32), 0);
	assert_int_equal(c.entry & ~(uint32_t)(bochs.entry >> 32), 0);
}

static void expect_missing(struct vmx_caps caps, const char *what)
{
	struct vmx_controls c;
	const char *name = "";

	assert_int_equal(vmx_choose_controls(&caps, &c, &name), -ENODEV);
	assert_string_equal(name, what);
}

static void test_choose_missing(void **state)
{
	static const struct {
		uint64_t bit;
		const char *name;
	} ept_vpid[] = {
		{EPT_CAP_WALK_4, "EPT with a page walk of 4 levels"},
		{EPT_CAP_WB, "EPT structures in write-back memory"},
		{EPT_CAP_INVEPT, "INVEPT"},
		{EPT_CAP_INVEPT_SINGLE, "INVEPT"},
		{VPID_CAP_INVVPID, "INVVPID"},
		{VPID_CAP_SINGLE, "INVVPID"},
	};
	struct vmx_caps c = bochs;

	(void)state;
	c.proc2 &= ~(PROC2_UNRESTRICTED << 32);
	expect_missing(c, "unrestricted guest");
	c.proc2 &= ~(PROC2_EPT << 32);
	expect_missing(c, "extended page tables (EPT)");
	c.proc &= ~(PROC_SECONDARY << 32);
	expect_missing(c, "secondary controls");
	c.proc &= ~(PROC_TPR_SHADOW << 32);
	expect_missing(c, "TPR shadow");
	c.pin &= ~(PIN_VIRTUAL_NMI << 32);
	expect_missing(c, "virtual NMIs");

	/* Without "true" controls CR3 exits cannot be switched off (SDM 3D A.3.2). */
	c = bochs;
	c.proc = 0xf7f9fffe0401e172;
	expect_missing(c, "CR3-load exiting");
	c = bochs;
	c.exit &= ~(EXIT_LOAD_EFER << 32);
	expect_missing(c, "load IA32_EFER");
	c = bochs;
	c.exit |= EXIT_ACK_INTERRUPT;
	expect_missing(c, "acknowledge interrupt on exit");
	c = bochs;
	c.entry &= ~(ENTRY_LOAD_PAT << 32);
	expect_missing(c, "load IA32_PAT");
	for (unsigned i = 0; i < ARRAY_SIZE(ept_vpid); i++) {
		c = bochs;
		c.ept_vpid &= ~ept_vpid[i].bit;
		expect_missing(c, ept_vpid[i].name);
	}
	c.proc2 &= ~(PROC2_VPID << 32);
	expect_missing(c, "VPID");
}

static void test_choose_optional(void **state)
{
	struct vmx_caps caps = bochs;
	struct vmx_controls c;
	const char *name;

	(void)state;
	caps.proc2 &= ~((PROC2_RDTSCP | PROC2_INVPCID) << 32);
	assert_int_equal(vmx_choose_controls(&caps, &c, &name), 0);
	assert_int_equal(c.proc2, PROC2_EPT | PROC2_VPID | PROC2_WBINVD | PROC2_UNRESTRICTED);
}

static void test_differ(void **state)
{
	struct vmx_caps c = bochs;

	(void)state;
	assert_int_equal(vmx_caps_differ(&c, &bochs), 0);
#define DIFFER(field, what)                                                                        \
	do {                                                                                       \
		c = bochs;                                                                         \
		c.field ^= 1;                                                                      \
		assert_int_equal(vmx_caps_differ(&c, &bochs), what);                               \
	} while (0)
	DIFFER(basic, 0x480);
	DIFFER(pin, 0x481);
	DIFFER(proc, 0x482);
	DIFFER(proc2, 0x48b);
	DIFFER(exit, 0x483);
	DIFFER(entry, 0x484);
	DIFFER(misc, 0x485);
	DIFFER(ept_vpid, 0x48c);
	DIFFER(cr0_fixed0, 0x486);
	DIFFER(cr0_fixed1, 0x487);
	DIFFER(cr4_fixed0, 0x488);
	DIFFER(cr4_fixed1, 0x489);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),          cmocka_unit_test(test_choose_bochs),
		cmocka_unit_test(test_choose_missing), cmocka_unit_test(test_choose_optional),
		cmocka_unit_test(test_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
