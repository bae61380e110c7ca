/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the configuration file gives to a VM beyond policy; pure. */
#include "kernel/config_parse.h"
#include "kernel/grant.h"
#include "kernel/print.h"

static bool pci_function(struct span s, uint64_t *function)
{
	struct span bus = config_cut(&s, ':'), device = config_cut(&s, '.');
	uint64_t b, d, f;

	if (!words_number(bus.s, bus.len, 16, &b) || !words_number(device.s, device.len, 16, &d) ||
	    !words_number(s.s, s.len, 16, &f) || b > 0xff || d > 0x1f || f > 7)
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
static bool may_give(const struct config_setting *s, const struct config_grant *g)
{
	const struct grant_never *n = grant_never(g->kind, g->first, g->last, g->write);
	char to[16] = "";

	if (!n)
		return true;
	if (n->first != n->last)
		ksnprintf(to, sizeof(to), "-0x%x", n->last);
	config_fail(
		s->p, s->p->line,
		"%s = \"%s\": a VM may never %s 0x%x%s: %s. Leave that out, or remove the line.",
		s->k->name, config_echo(s->v).s, n->readable ? "write" : "have", n->first, to,
		n->why);
	return false;
}

bool config_set_grant(const struct config_setting *s)
{
	struct config_parser *p = s->p;
	struct config_grant g = {.line = p->line};

	if (!parse(s->k, s->v, &g))
		return false;
	if (!may_give(s, &g))
		return true;
	if (p->vm->grant_count == CONFIG_MAX_GRANTS)
		config_fail(p, p->line,
			    "%s is one grant too many: %s may have %u. Join ranges, or remove a "
			    "line.",
			    s->k->name, p->vm->name, CONFIG_MAX_GRANTS);
	else
		p->vm->grant[p->vm->grant_count++] = g;
	return true;
}
