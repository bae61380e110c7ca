/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lists in the configuration file: cores of a VM, windows of a cyclic core; pure. */
#include "kernel/config_parse.h"
#include "kernel/print.h"

/* "a," is no list: of the empty piece at its end nothing would be seen. */
static bool is_list(struct span v)
{
	return v.len && v.s[v.len - 1] != ',';
}

static bool number(struct span s, bool hex, uint64_t *n)
{
	if (hex && s.len > 2 && s.s[0] == '0' && s.s[1] == 'x')
		return words_number(s.s + 2, s.len - 2, 16, n);
	return words_number(s.s, s.len, 10, n);
}

bool config_range(struct span s, bool hex, uint64_t *first, uint64_t *last)
{
	struct span end = s, begin = config_cut(&end, '-');

	if (begin.len == s.len)
		end = s;
	return number(begin, hex, first) && number(end, hex, last) && *first <= *last;
}

bool config_set_cores(const struct config_setting *s)
{
	struct config_vm *vm = s->p->vm;
	struct span v = s->v;

	if (config_is(v, "auto"))
		return true;
	if (!is_list(v))
		return false;
	while (v.len) {
		uint64_t n, end;

		if (!config_range(config_cut(&v, ','), false, &n, &end) || end > s->k->max ||
		    end - n >= CONFIG_MAX_VCPUS - vm->core_count)
			return false;
		while (n <= end)
			vm->cores[vm->core_count++] = (unsigned)n++;
	}
	return true;
}

bool config_set_windows(const struct config_setting *s)
{
	struct config_core *core = s->p->target;
	struct span v = s->v;

	if (!is_list(v))
		return false;
	while (v.len) {
		struct config_window *w = &core->window[core->window_count];
		struct span us = config_cut(&v, ','), name = config_cut(&us, ' ');
		uint64_t n;

		if (core->window_count == CONFIG_MAX_WINDOWS || !name.len ||
		    name.len >= CONFIG_NAME_MAX || !words_number(us.s, us.len, 10, &n) ||
		    n < s->k->min || n > s->k->max)
			return false;
		if (!config_is(name, "idle"))
			memcpy(w->vm, name.s, name.len);
		w->us = (unsigned)n;
		core->window_count++;
	}
	return true;
}

void config_core_end(struct config_parser *p, const struct config_core *core)
{
	static const char *const name[] = {"frame", "windows", "slack"};
	const unsigned line[] = {core->frame_line, core->windows_line, core->slack_line};
	unsigned number = (unsigned)(core - p->c->core);
	uint64_t sum = 0;

	for (unsigned i = 0; core->policy != POLICY_CYCLIC && i < ARRAY_SIZE(line); i++)
		if (line[i])
			config_fail(
				p, line[i],
				"%s is of use only to a core whose policy is cyclic. Remove the "
				"line, or write policy = cyclic.",
				name[i]);
	if (core->policy != POLICY_CYCLIC)
		return;
	if (!core->frame_line)
		config_fail(p, core->policy_line,
			    "core %u is cyclic, but has no frame. Add a line such as frame = 20000 "
			    "(microseconds).",
			    number);
	if (!core->windows_line)
		config_fail(p, core->policy_line,
			    "core %u is cyclic, but has no windows. Add a line such as windows = "
			    "NAME 5000, idle 2000 (microseconds).",
			    number);
	for (unsigned i = 0; i < core->window_count; i++)
		sum += core->window[i].us;
	if (core->frame_line && sum > core->frame)
		config_fail(p, core->windows_line,
			    "the windows are %lu us long together, but the frame (line %u) has %u. "
			    "Shorten them, or lengthen the frame.",
			    sum, core->frame_line, core->frame);
}

void config_windows_end(struct config_parser *p)
{
	char list[sizeof("idle") + CONFIG_MAX_VMS * (CONFIG_NAME_MAX + 1)] = "idle";
	unsigned n = sizeof("idle") - 1;

	for (unsigned v = 0; v < p->c->vm_count; v++)
		n += (unsigned)ksnprintf(list + n, sizeof(list) - n, ", %s", p->c->vm[v].name);
	/* A window is the core's: a wrong one refuses the file. */
	p->vm = NULL;
	p->where = CONFIG_CORE;
	for (const struct config_core *c = p->c->core; c < p->c->core + CONFIG_MAX_CORES; c++) {
		p->line = c->windows_line;
		for (unsigned i = 0; i < c->window_count; i++) {
			const char *name = c->window[i].vm;

			if (name[0])
				config_choose(p, "VM", (struct span){name, (unsigned)strlen(name)},
					      list);
		}
	}
}
