/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chooses the VM-execution, exit and entry controls from what the processor offers. Pure. */
#include "vmx/logic.h"

/* clang-format off */
static const char *const pin_names[32] = {
	[0] = "external-interrupt exiting", [3] = "NMI exiting", [5] = "virtual NMIs",
};

static const char *const proc_names[32] = {
	[3] = "TSC offsetting", [7] = "HLT exiting", [9] = "INVLPG exiting",
	[10] = "MWAIT exiting", [11] = "RDPMC exiting", [12] = "RDTSC exiting",
	[15] = "CR3-load exiting", [16] = "CR3-store exiting", [19] = "CR8-load exiting",
	[20] = "CR8-store exiting", [21] = "TPR shadow", [23] = "MOV-DR exiting",
	[24] = "unconditional I/O exiting", [25] = "I/O bitmaps", [27] = "monitor trap flag",
	[28] = "MSR bitmaps", [29] = "MONITOR exiting", [30] = "PAUSE exiting",
	[31] = "secondary controls",
};

static const char *const proc2_names[32] = {
	[1] = "extended page tables (EPT)", [6] = "WBINVD exiting", [7] = "unrestricted guest",
};

static const char *const exit_names[32] = {
	[2] = "save debug controls", [9] = "64-bit host", [15] = "acknowledge interrupt on exit",
	[18] = "save IA32_PAT", [19] = "load IA32_PAT", [20] = "save IA32_EFER",
	[21] = "load IA32_EFER",
};

static const char *const entry_names[32] = {
	[2] = "load debug controls", [10] = "entry to SMM", [11] = "deactivate dual-monitor treatment",
	[14] = "load IA32_PAT", [15] = "load IA32_EFER",
};
/* clang-format on */

#define PIN_REQUIRED (PIN_EXTERNAL_INTERRUPT | PIN_NMI | PIN_VIRTUAL_NMI)
/* With a TPR shadow no access to CR8 exits, and none reaches the host's TPR. */
#define PROC_REQUIRED                                                                              \
	(PROC_TSC_OFFSETTING | PROC_HLT | PROC_MWAIT | PROC_RDPMC | PROC_TPR_SHADOW |              \
	 PROC_UNCONDITIONAL_IO | PROC_MSR_BITMAPS | PROC_MONITOR | PROC_SECONDARY)
/* Exits that nobody handles, and I/O bitmaps, which override unconditional exiting. */
#define PROC_REFUSED                                                                               \
	(PROC_INVLPG | PROC_RDTSC | PROC_CR3_LOAD | PROC_CR3_STORE | PROC_CR8_LOAD |               \
	 PROC_CR8_STORE | PROC_MOV_DR | PROC_IO_BITMAPS | PROC_MONITOR_TRAP | PROC_PAUSE)
#define PROC2_REQUIRED (PROC2_EPT | PROC2_WBINVD | PROC2_UNRESTRICTED)
#define PROC2_WANTED   (PROC2_RDTSCP | PROC2_VPID | PROC2_INVPCID | PROC2_ENCLS | PROC2_XSAVES)
/* Every processor with unrestricted guest has the PAT and EFER controls. */
#define EXIT_REQUIRED                                                                              \
	(EXIT_SAVE_DEBUG | EXIT_HOST_64BIT | EXIT_SAVE_PAT | EXIT_LOAD_PAT | EXIT_SAVE_EFER |      \
	 EXIT_LOAD_EFER)
#define ENTRY_REQUIRED (ENTRY_LOAD_DEBUG | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER)

int vmx_solve_controls(const struct vmx_control_spec *spec, uint64_t cap, uint32_t *word,
		       const char **name)
{
	uint32_t must = (uint32_t)cap, may = (uint32_t)(cap >> 32);
	uint32_t bad = (spec->required & ~may) | (spec->refused & must);

	if (bad) {
		const char *n = spec->names[__builtin_ctz(bad)];

		*name = n ? n : "a control without a name";
		return -ENODEV;
	}
	*word = spec->required | (spec->wanted & may) | must;
	return 0;
}

int vmx_choose_controls(const struct vmx_caps *caps, struct vmx_controls *c, const char **name)
{
	static const struct vmx_control_spec pin = {pin_names, PIN_REQUIRED, 0, 0};
	static const struct vmx_control_spec proc = {proc_names, (uint32_t)PROC_REQUIRED, 0,
						     (uint32_t)PROC_REFUSED};
	static const struct vmx_control_spec exit = {exit_names, EXIT_REQUIRED, 0,
						     EXIT_ACK_INTERRUPT};
	static const struct vmx_control_spec entry = {entry_names, ENTRY_REQUIRED, 0,
						      ENTRY_SMM | ENTRY_DUAL_MONITOR};
	struct vmx_control_spec proc2 = {proc2_names, PROC2_REQUIRED, PROC2_WANTED, 0};
	int err;

	/* A VPID is of use only with an INVVPID that can drop one. */
	if (!(caps->ept_vpid & VPID_CAP_INVVPID) ||
	    !(caps->ept_vpid & (VPID_CAP_SINGLE | VPID_CAP_ALL)))
		proc2.wanted &= (uint32_t)~PROC2_VPID;

	err = vmx_solve_controls(&pin, caps->pin, &c->pin, name)
		?: vmx_solve_controls(&proc, caps->proc, &c->proc, name)
		?: vmx_solve_controls(&proc2, caps->proc2, &c->proc2, name)
		?: vmx_solve_controls(&exit, caps->exit, &c->exit, name)
		?: vmx_solve_controls(&entry, caps->entry, &c->entry, name);
	if (err)
		return err;

	if (!(caps->ept_vpid & EPT_CAP_WALK_4))
		*name = "EPT with a page walk of 4 levels";
	else if (!(caps->ept_vpid & EPT_CAP_WB))
		*name = "EPT structures in write-back memory";
	else if (!(caps->ept_vpid & EPT_CAP_INVEPT) ||
		 !(caps->ept_vpid & (EPT_CAP_INVEPT_SINGLE | EPT_CAP_INVEPT_ALL)))
		*name = "INVEPT";
	else
		return 0;
	return -ENODEV;
}

uint32_t vmx_caps_differ(const struct vmx_caps *a, const struct vmx_caps *b)
{
	for (unsigned i = 0; i < VMX_CAP_MSRS; i++)
		if (a->msr[i] != b->msr[i])
			return MSR_VMX_BASIC + i;
	return 0;
}
