/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chooses the VM-execution, exit and entry controls from what the processor offers. Pure. */
#include "vmx/logic.h"

/* The words: SDM 3C 24.6.1, 24.6.2 (primary and secondary), 24.7.1, 24.8.1. */
enum { PIN, PROC, PROC2, EXIT, ENTRY };
enum { MUST, MAY, NEVER };

/* clang-format off */
static const struct {
	uint8_t word, bit, wanted;
	const char *name;
} controls[] = {
	{PIN, 0, MUST, "external-interrupt exiting"}, {PIN, 3, MUST, "NMI exiting"},
	{PIN, 5, MUST, "virtual NMIs"},

	/* With a TPR shadow no access to CR8 exits, and none reaches the host's TPR. */
	{PROC, 3, MUST, "TSC offsetting"}, {PROC, 7, MUST, "HLT exiting"},
	{PROC, 10, MUST, "MWAIT exiting"}, {PROC, 11, MUST, "RDPMC exiting"},
	{PROC, 21, MUST, "TPR shadow"}, {PROC, 24, MUST, "unconditional I/O exiting"},
	{PROC, 28, MUST, "MSR bitmaps"}, {PROC, 29, MUST, "MONITOR exiting"},
	{PROC, 31, MUST, "secondary controls"},
	/* Exits that nobody handles, and I/O bitmaps, which override unconditional exiting. */
	{PROC, 9, NEVER, "INVLPG exiting"}, {PROC, 12, NEVER, "RDTSC exiting"},
	{PROC, 15, NEVER, "CR3-load exiting"}, {PROC, 16, NEVER, "CR3-store exiting"},
	{PROC, 19, NEVER, "CR8-load exiting"}, {PROC, 20, NEVER, "CR8-store exiting"},
	{PROC, 23, NEVER, "MOV-DR exiting"}, {PROC, 25, NEVER, "I/O bitmaps"},
	{PROC, 27, NEVER, "monitor trap flag"}, {PROC, 30, NEVER, "PAUSE exiting"},

	/* Not wanted: without "enable XSAVES/XRSTORS" both are #UD (SDM 3C 25.3), as CPUID says. */
	{PROC2, 1, MUST, "extended page tables (EPT)"}, {PROC2, 6, MUST, "WBINVD exiting"},
	{PROC2, 7, MUST, "unrestricted guest"}, {PROC2, 3, MAY, "RDTSCP"}, {PROC2, 5, MUST, "VPID"},
	{PROC2, 12, MAY, "INVPCID"}, {PROC2, 15, MAY, "ENCLS exiting"},

	/* Every processor with unrestricted guest has the PAT and EFER controls. */
	{EXIT, 2, MUST, "save debug controls"}, {EXIT, 9, MUST, "64-bit host"},
	{EXIT, 15, NEVER, "acknowledge interrupt on exit"},
	{EXIT, 18, MUST, "save IA32_PAT"}, {EXIT, 19, MUST, "load IA32_PAT"},
	{EXIT, 20, MUST, "save IA32_EFER"}, {EXIT, 21, MUST, "load IA32_EFER"},

	{ENTRY, 2, MUST, "load debug controls"}, {ENTRY, 10, NEVER, "entry to SMM"},
	{ENTRY, 11, NEVER, "deactivate dual-monitor treatment"},
	{ENTRY, 14, MUST, "load IA32_PAT"}, {ENTRY, 15, MUST, "load IA32_EFER"},
};
/* clang-format on */

/* Every processor with unrestricted guest has these, too. */
static const struct {
	uint64_t caps;
	const char *name;
} ept_vpid[] = {
	{EPT_CAP_WALK_4, "EPT with a page walk of 4 levels"},
	{EPT_CAP_WB, "EPT structures in write-back memory"},
	{EPT_CAP_INVEPT | EPT_CAP_INVEPT_SINGLE, "INVEPT"},
	{VPID_CAP_INVVPID | VPID_CAP_SINGLE, "INVVPID"},
};

/*
 * One word from its capability MSR (SDM 3D A.3: low half: may not be 0, high half: may
 * be 1), and the name of what cannot be as it must.
 */
static uint32_t solve(unsigned word, uint64_t cap, const char **missing)
{
	uint32_t must = (uint32_t)cap, may = (uint32_t)(cap >> 32), value = must;

	for (unsigned i = 0; i < ARRAY_SIZE(controls); i++) {
		uint32_t bit = 1u << controls[i].bit;

		if (controls[i].word != word)
			continue;
		if (controls[i].wanted != NEVER)
			value |= bit & may;
		if (!*missing && ((controls[i].wanted == MUST && !(may & bit)) ||
				  (controls[i].wanted == NEVER && (must & bit))))
			*missing = controls[i].name;
	}
	return value;
}

int vmx_choose_controls(const struct vmx_caps *caps, struct vmx_controls *c, const char **name)
{
	*name = NULL;
	c->pin = solve(PIN, caps->pin, name);
	c->proc = solve(PROC, caps->proc, name);
	c->proc2 = solve(PROC2, caps->proc2, name);
	c->exit = solve(EXIT, caps->exit, name);
	c->entry = solve(ENTRY, caps->entry, name);
	for (unsigned i = 0; i < ARRAY_SIZE(ept_vpid) && !*name; i++)
		if ((caps->ept_vpid & ept_vpid[i].caps) != ept_vpid[i].caps)
			*name = ept_vpid[i].name;
	return *name ? -ENODEV : 0;
}

uint32_t vmx_caps_differ(const struct vmx_caps *a, const struct vmx_caps *b)
{
	for (unsigned i = 0; i < VMX_CAP_MSRS; i++)
		if (a->msr[i] != b->msr[i])
			return MSR_VMX_BASIC + i;
	return 0;
}
