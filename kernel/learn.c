/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ranges of what was refused, printed as the configuration writes them. */
#include "kernel/learn.h"
#include "kernel/config.h"
#include "kernel/print.h"

static const struct {
	const char *key, *things;
} kinds[] = {
	[GRANT_MSR] = {"allow_msr", "MSRs"},
	[GRANT_PORT] = {"allow_port", "ports"},
	[GRANT_PCI] = {"allow_pci", "PCI functions"},
};
static_assert(REFUSE_RDMSR == 2 * GRANT_MSR && REFUSE_IN == 2 * GRANT_PORT &&
		      REFUSE_PCI_READ == 2 * GRANT_PCI,
	      "kind / 2 is the grant's");

/* The same was refused in the other direction; NULL: it was not. */
static const struct refuse_range *twin(const struct refusals *r, const struct refuse_range *a)
{
	for (const struct refuse_range *b = r->range; b < r->range + r->ranges; b++)
		if (b->kind == (a->kind ^ 1) && b->first == a->first && b->last == a->last &&
		    b->why == a->why)
			return b;
	return NULL;
}

/* b: its twin, if any, which is younger. */
static void show(const struct refuse_range *a, const struct refuse_range *b, learn_line_fn line,
		 void *ctx)
{
	char text[160], what[32];
	uint64_t count = a->count + (b ? b->count : 0);
	const char *rights = b ? "read write" : a->kind % 2 ? "write" : "read";

	if (a->kind / 2 == GRANT_PCI)
		ksnprintf(what, sizeof(what), "%02lx:%02lx.%lx", a->first >> 8, a->first >> 3 & 31,
			  a->first & 7);
	else if (a->first == a->last)
		ksnprintf(what, sizeof(what), "0x%lx", a->first);
	else
		ksnprintf(what, sizeof(what), "0x%lx-0x%lx", a->first, a->last);
	ksnprintf(text, sizeof(text), "# %lu time%s, first at rip 0x%lx (vCPU %u)", count,
		  count == 1 ? "" : "s", a->rip, a->vcpu);
	line(ctx, text);
	ksnprintf(text, sizeof(text), "%s%s = %s %s%s%s", a->why ? "# cannot be given: " : "",
		  kinds[a->kind / 2].key, what, rights, a->why ? ": " : "", a->why ? a->why : "");
	line(ctx, text);
}

/* Gives how many lines it has printed. */
static unsigned list(const struct refusals *r, unsigned kind, bool give, learn_line_fn line,
		     void *ctx)
{
	unsigned n = 0;

	for (const struct refuse_range *a = r->range; a < r->range + r->ranges; a++) {
		if (a->kind / 2 != kind || give != !a->why)
			continue;
		const struct refuse_range *b = twin(r, a);
		if (b && b < a) /* it has shown this one, too */
			continue;
		show(a, b, line, ctx);
		n++;
	}
	return n;
}

void learn_lines(const struct refusals *r, learn_line_fn line, void *ctx)
{
	unsigned given = 0, others = 0;
	char text[160];

	for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++)
		given += list(r, k, true, line, ctx);
	for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++)
		others += list(r, k, false, line, ctx);
	for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++) {
		uint64_t n = r->unnamed[2 * k] + r->unnamed[2 * k + 1];

		if (!n)
			continue;
		others++;
		ksnprintf(text, sizeof(text),
			  "# %lu accesses to other %s are not listed: %u ranges are kept", n,
			  kinds[k].things, r->room);
		line(ctx, text);
	}
	if (given > CONFIG_MAX_GRANTS) {
		ksnprintf(text, sizeof(text), "# these are %u lines, and a VM takes %u: choose",
			  given, CONFIG_MAX_GRANTS);
		line(ctx, text);
	}
	if (!given && !others)
		line(ctx, "# nothing was refused");
}
