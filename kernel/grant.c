/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Grants of MSRs, ports and PCI functions, and the few that would be the whole machine. */
#include "kernel/grant.h"

/* A VM that had these would have the machine, whatever its configuration means. */
static const struct grant_never never[] = {
	{GRANT_MSR, 0x10, 0x10, false, "each VM has a TSC of its own"},
	{GRANT_MSR, 0x1b, 0x1b, false, "each VM has a local APIC of its own"},
	{GRANT_MSR, 0x3a, 0x3a, true, "it decides whether the hypervisor has VMX"},
	{GRANT_MSR, 0x3b, 0x3b, false, "it moves the TSC that the hypervisor and all VMs go by"},
	{GRANT_MSR, 0x79, 0x79, false, "it loads microcode into the physical core"},
	{GRANT_MSR, 0x174, 0x176, false, "each VM has SYSENTER of its own"},
	{GRANT_MSR, 0x277, 0x277, false, "each VM has a PAT of its own"},
	{GRANT_MSR, 0x200, 0x2ff, true, "MTRRs set the memory types of the whole machine"},
	{GRANT_MSR, 0x480, 0x493, true, "they describe the hypervisor's VMX"},
	{GRANT_MSR, 0x560, 0x571, true, "processor trace writes to any physical memory"},
	{GRANT_MSR, 0x600, 0x600, true, "the debug store writes to memory of the hypervisor"},
	{GRANT_MSR, 0x6e0, 0x6e0, false, "the deadline of the physical core is the hypervisor's"},
	{GRANT_MSR, 0x800, 0x8ff, false, "the x2APIC of the physical core is the hypervisor's"},
	{GRANT_MSR, 0xc0000080, 0xc0000080, false, "EFER holds the hypervisor's long mode and SVM"},
	{GRANT_MSR, 0xc0000081, 0xc0000103, false,
	 "each VM has SYSCALL, FS, GS and TSC_AUX of its own"},
	{GRANT_MSR, 0xc0010010, 0xc001001f, true, "they set where memory is and how it is cached"},
	{GRANT_MSR, 0xc0010111, 0xc0010113, true, "it moves the memory of the SMM"},
	{GRANT_MSR, 0xc0010114, 0xc0010119, false, "the hypervisor's SVM depends on it"},
	{GRANT_PORT, 0x00, 0x0f, true, "ISA DMA reaches memory of others"},
	{GRANT_PORT, 0x20, 0x21, false, "the PIC is the hypervisor's"},
	{GRANT_PORT, 0x60, 0x60, true, "a write may reset the machine"},
	{GRANT_PORT, 0x64, 0x64, true, "a write of 0xfe resets the machine"},
	{GRANT_PORT, 0x81, 0x8f, true, "ISA DMA reaches memory of others"},
	{GRANT_PORT, 0x92, 0x92, false, "a write may reset the machine"},
	{GRANT_PORT, 0xa0, 0xa1, false, "the PIC is the hypervisor's"},
	{GRANT_PORT, 0xb2, 0xb2, false, "a write calls the firmware's SMM"},
	{GRANT_PORT, 0xc0, 0xdf, true, "ISA DMA reaches memory of others"},
	{GRANT_PORT, 0x2f8, 0x2ff, false, "COM2 is the hypervisor's"},
	{GRANT_PORT, 0x3f8, 0x3ff, false, "COM1 is the hypervisor's"},
	{GRANT_PORT, 0xcf8, 0xcff, false,
	 "PCI configuration and the reset of the machine are there"},
	{GRANT_PCI, 0, 0xffff, true, "a device that it sets up reaches memory of others"},
};

const struct grant_never *grant_never(enum grant_kind kind, uint32_t first, uint32_t last,
				      bool write)
{
	for (unsigned i = 0; i < ARRAY_SIZE(never); i++)
		if (never[i].kind == kind && last >= never[i].first && first <= never[i].last &&
		    (write || !never[i].readable))
			return &never[i];
	return NULL;
}

static bool has(const struct config_vm *c, enum grant_kind kind, uint32_t id, bool write)
{
	for (unsigned i = 0; i < c->grant_count; i++) {
		const struct config_grant *g = &c->grant[i];

		if (g->kind == kind && id >= g->first && id <= g->last &&
		    (write ? g->write : g->read))
			return true;
	}
	return false;
}

bool grant_has(const struct config_vm *c, enum grant_kind kind, uint32_t first, uint32_t last,
	       bool write)
{
	/* The parser has refused these; what the hypervisor stands on is worth a second look. */
	if (!c->grant_count || grant_never(kind, first, last, write))
		return false;
	for (uint64_t id = first; id <= last; id++)
		if (!has(c, kind, (uint32_t)id, write))
			return false;
	return true;
}
