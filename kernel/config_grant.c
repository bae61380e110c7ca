/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the configuration file gives to a VM beyond policy, and what it can never give; pure. */
#include "kernel/config_parse.h"
#include "kernel/print.h"

/* A VM that had these would have the machine, whatever its configuration means. */
static const struct {
	enum grant_kind kind;
	uint32_t first, last;
	bool readable;
	const char *why;
} never[] = {
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
};

static bool pci_function(struct span s, uint64_t *function)
{
	struct span bus = config_cut(&s, ':'), device = config_cut(&s, '.');
	uint64_t b, d, f;

	if (!config_number(bus, 16, &b) || !config_number(device, 16, &d) ||
	    !config_number(s, 16, &f) || b > 0xff || d > 0x1f || f > 7)
		return false;
	*function = b << 8 | d << 3 | f;
	return true;
}

/* One or two words, each once. */
static bool rights(struct span v, struct config_grant *g)
{
	while (v.len) {
		struct span word = config_cut(&v, ' ');
		bool *right = config_is(word, "read") ? &g->read : &g->write;

		if (*right || (right == &g->write && !config_is(word, "write")))
			return false;
		*right = true;
	}
	return g->read || g->write;
}

static bool parse(const struct config_key *k, struct span v, struct config_grant *g)
{
	struct span what = config_cut(&v, ' ');
	uint64_t first, last;

	if (k->min != GRANT_PCI) {
		if (!config_range(what, true, &first, &last))
			return false;
	} else {
		if (!pci_function(what, &first))
			return false;
		last = first;
	}
	if (last > k->max || !rights(v, g) || (k->min == GRANT_PCI && g->write))
		return false;
	g->kind = (enum grant_kind)k->min;
	g->first = (uint32_t)first;
	g->last = (uint32_t)last;
	return true;
}

/* False after a diagnostic. */
static bool may_give(struct config_parser *p, const struct config_key *k, struct span v,
		     const struct config_grant *g)
{
	for (unsigned i = 0; i < ARRAY_SIZE(never); i++) {
		char to[16] = "";

		if (never[i].kind != g->kind || g->last < never[i].first ||
		    g->first > never[i].last || (never[i].readable && !g->write))
			continue;
		if (never[i].first != never[i].last)
			ksnprintf(to, sizeof(to), "-0x%x", never[i].last);
		config_fail(p, p->line,
			    "%s = \"%s\": a VM may never %s 0x%x%s: %s. Leave that out, or remove "
			    "the line.",
			    k->name, config_echo(v).s, never[i].readable ? "write" : "have",
			    never[i].first, to, never[i].why);
		return false;
	}
	return true;
}

bool config_set_grant(struct config_parser *p, const struct config_key *k, struct span v)
{
	struct config_grant g = {.line = p->line};

	if (!parse(k, v, &g))
		return false;
	if (!may_give(p, k, v, &g))
		return true;
	if (p->vm->grant_count == CONFIG_MAX_GRANTS)
		config_fail(p, p->line,
			    "%s is one grant too many: %s may have %u. Join ranges, or remove a "
			    "line.",
			    k->name, p->vm->name, CONFIG_MAX_GRANTS);
	else
		p->vm->grant[p->vm->grant_count++] = g;
	return true;
}
