/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration file: text, lines and sections; pure. */
#include "kernel/config.h"

#include "kernel/config_parse.h"
#include "kernel/print.h"

#define MAX_DIAGS  20u
#define LIST_SHOWN 240 /* characters of what may be chosen from */

const char *const config_type_name[] = {"linux", "pv", "pc"};

/* ---- helpers for all parts ---- */

void config_fail(struct config_parser *p, unsigned line, const char *fmt, ...)
{
	char sentence[CONFIG_SENTENCE];
	va_list ap;

	if (p->vm)
		p->vm->refused = true;
	else if (p->where != CONFIG_VM)
		p->file_refused = true;
	if (++p->c->errors > MAX_DIAGS) {
		if (p->c->errors == MAX_DIAGS + 1)
			config_diag(0, "there are more mistakes. Mend those above.");
		return;
	}
	va_start(ap, fmt);
	kvsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	config_diag(line, sentence);
}

struct echo config_echo(struct span s)
{
	struct echo e;
	unsigned n = 0;

	for (; s.len && n + sizeof("\\xff...") <= sizeof(e.s); s.s++, s.len--)
		n += (unsigned)ksnprintf(e.s + n, 5,
					 s.s[0] >= ' ' && s.s[0] <= '~' ? "%c" : "\\x%02x",
					 (unsigned char)s.s[0]);
	memcpy(e.s + n, s.len ? "..." : "", s.len ? 4 : 1);
	return e;
}

int config_choose(struct config_parser *p, const char *what, struct span word, const char *list)
{
	struct words_search search = {.word = word, .least = WORDS_UNLIKE};
	struct span rest = words_span(list);

	for (int i = 0; rest.len; i++)
		if (words_offer(&search, words_cut(&rest, ',')))
			return i;
	if (search.nearest.len)
		config_fail(p, p->line,
			    "unknown %s \"%s\": did you mean \"%.*s\"? Mend or remove the line.",
			    what, config_echo(word).s, (int)search.nearest.len, search.nearest.s);
	else
		config_fail(p, p->line,
			    "unknown %s \"%s\": expected one of %.*s%s. Mend or remove the line.",
			    what, config_echo(word).s, LIST_SHOWN, list,
			    strlen(list) > LIST_SHOWN ? "..." : "");
	return -1;
}

/* ---- sections ---- */

/* What can be judged only when the whole section is known. */
static void vm_end(struct config_parser *p)
{
	struct config_vm *vm = p->vm;
	unsigned odd;

	/* What was refused still has its default: no second complaint about that. */
	if (!vm || vm->refused)
		return;
	if (!vm->kernel.line)
		config_fail(p, vm->line,
			    "[vm %s] names no kernel. Add a line such as kernel = "
			    "\\mullion\\vmlinuz.",
			    vm->name);
	odd = vm->type != VM_PV ? 0
				: vm->initrd.line ?: vm->module[0].line ?: vm->boot_line
				?: vm->debug_exit_line ?: vm->net_line ?: vm->console_line ?: vm->balloon_line;
	if (odd)
		config_fail(p, odd,
			    "%s is of type %s, which has no use for this. Remove the line or mend "
			    "the type.",
			    vm->name, config_type_name[vm->type]);
	for (unsigned i = 0; i < vm->grant_count; i++)
		if (vm->type == VM_PV && vm->grant[i].kind == GRANT_PCI)
			config_fail(p, vm->grant[i].line,
				    "%s is of type pv, which has no PCI bus. Remove the line.",
				    vm->name);
	if (vm->core_count > vm->vcpus)
		config_fail(p, vm->cores_line,
			    "%s names %u cores, but has vcpus = %u. Name no more cores than it has "
			    "vCPUs, or write vcpus = %u.",
			    vm->name, vm->core_count, vm->vcpus, vm->core_count);
	if (!vm->budget_line != !vm->period_line)
		config_fail(p, vm->budget_line + vm->period_line,
			    "%s has a %s, but no %s. Add one, or remove the line.", vm->name,
			    vm->budget_line ? "budget" : "period",
			    vm->budget_line ? "period" : "budget");
	else if (vm->budget > vm->period)
		config_fail(
			p, vm->budget_line,
			"%s asks for a budget of %u us in a period of %u us (line %u). Make the "
			"budget no longer than the period.",
			vm->name, vm->budget, vm->period, vm->period_line);
}

static void core_end(struct config_parser *p, const struct config_core *core)
{
	static const char *const name[] = {"frame", "windows", "slack"};
	static const char *const such[] = {"frame = 20000", "windows = NAME 5000, idle 2000"};
	const unsigned line[] = {core->frame_line, core->windows_line, core->slack_line};
	bool cyclic = core->policy == POLICY_CYCLIC;
	uint64_t sum = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(line); i++)
		if (line[i] && !cyclic)
			config_fail(
				p, line[i],
				"%s is of use only to a core whose policy is cyclic. Remove the "
				"line, or write policy = cyclic.",
				name[i]);
		else if (!line[i] && cyclic && i < ARRAY_SIZE(such))
			config_fail(p, core->policy_line,
				    "core %u is cyclic, but has no %s. Add a line such as %s "
				    "(microseconds).",
				    (unsigned)(core - p->c->core), name[i], such[i]);
	for (unsigned i = 0; i < core->window_count; i++)
		sum += core->window[i].us;
	if (cyclic && core->frame_line && sum > core->frame)
		config_fail(p, core->windows_line,
			    "the windows are %lu us long together, but the frame (line %u) has %u. "
			    "Shorten them, or lengthen the frame.",
			    sum, core->frame_line, core->frame);
}

static void section_end(struct config_parser *p)
{
	vm_end(p);
	if (p->where == CONFIG_CORE && p->target && p->c->errors == p->errors)
		core_end(p, p->target);
	p->errors = p->c->errors;
}

/*
 * The console prefixes lines with the name: no VM may speak as the hypervisor.
 * The windows of a cyclic core call nobody "idle".
 */
static bool name_valid(struct span name)
{
	for (unsigned i = 0; i < name.len; i++) {
		char c = name.s[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '-' && c != '_')
			return false;
	}
	return name.len > 0 && name.len < CONFIG_NAME_MAX && !words_is(name, "mullion") &&
	       !words_is(name, "idle");
}

static void section_vm(struct config_parser *p, struct span name)
{
	struct config_vm *vm = p->c->vm, *end = vm + p->c->vm_count;

	while (vm < end && !words_is(name, vm->name))
		vm++;
	if (!name_valid(name)) {
		config_fail(p, p->line,
			    "[vm %s]: a VM's name is 1 to %u letters, digits, '-' and '_', and "
			    "not mullion or idle. Mend the name.",
			    config_echo(name).s, CONFIG_NAME_MAX - 1);
	} else if (vm < end) {
		config_fail(p, p->line,
			    "[vm %s] is there already, in line %u; this one is left out. Choose "
			    "another name.",
			    vm->name, vm->line);
	} else if (p->c->vm_count == CONFIG_MAX_VMS) {
		config_fail(p, p->line, "[vm %s] is one VM too many: at most %u fit. Remove one.",
			    config_echo(name).s, CONFIG_MAX_VMS);
	} else {
		vm->type = VM_LINUX;
		vm->memory = MIB(128);
		vm->vcpus = vm->weight = vm->autostart = vm->apicv = 1;
		vm->line = p->line;
		memcpy(vm->name, name.s, name.len);
		p->c->vm_count++;
		p->target = p->vm = vm;
	}
}

static void section_core(struct config_parser *p, struct span number)
{
	struct config_core *core;
	uint64_t n;

	if (!words_number(number, 10, &n) || n >= CONFIG_MAX_CORES) {
		config_fail(p, p->line,
			    "[core %s]: expected the number of a core, 0 to %u. Mend it.",
			    config_echo(number).s, CONFIG_MAX_CORES - 1);
		return;
	}
	core = &p->c->core[n];
	if (core->line)
		config_fail(p, p->line,
			    "core %u is described twice, first in line %u. Remove one of the two.",
			    (unsigned)n, core->line);
	core->line = p->line;
	p->target = core;
}

static void section(struct config_parser *p, struct span line)
{
	struct span word, arg;
	int where;

	section_end(p);
	/* A wrong header refuses the file, unless it is a VM's. */
	p->where = CONFIG_GLOBAL;
	p->vm = p->target = NULL;
	if (line.s[line.len - 1] != ']') {
		config_fail(p, p->line,
			    "\"%s\": expected nothing but a section such as [core 1]. Mend the "
			    "line.",
			    config_echo(line).s);
		return;
	}
	arg = (struct span){line.s + 1, line.len - 2};
	word = words_cut(&arg, ' ');
	where = config_choose(p, "section", word, "mullion, core, vm");
	if (where < 0)
		return;
	p->where = (enum config_where)where;
	if (p->where == CONFIG_VM)
		section_vm(p, arg);
	else if (p->where == CONFIG_CORE)
		section_core(p, arg);
	else if (arg.len)
		config_fail(p, p->line, "[mullion %s]: expected [mullion]. Mend the line.",
			    config_echo(arg).s);
	else
		p->target = p->c;
}

/* ---- lines ---- */

static void line_parse(struct config_parser *p, struct span line)
{
	struct span key, value = line;

	if (!line.len || line.s[0] == '#' || line.s[0] == ';')
		return;
	if (line.s[0] == '[') {
		section(p, line);
		return;
	}
	if (!p->target)
		return;
	key = words_cut(&value, '=');
	if (key.len && key.len < line.len)
		config_set(p, key, value);
	else
		config_fail(p, p->line,
			    "\"%s\": expected key = value, a [section] or a # comment. Mend or "
			    "remove the line.",
			    config_echo(line).s);
}

/* One sentence, not twenty, for a file that is no text at all. */
static bool is_text(struct config_parser *p, struct span text)
{
	unsigned line = 1;

	for (unsigned i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.s[i];

		if (c == '\n') {
			line++;
		} else if ((c < ' ' && c != '\t' && c != '\r') || c == 0x7f) {
			config_fail(p, line,
				    "this is not a text file: it holds a control character, "
				    "0x%02x. Save it as plain text (ASCII or UTF-8, not UTF-16).",
				    c);
			return false;
		}
	}
	return true;
}

/* The VMs of all windows, when every VM is known. */
static void windows_end(struct config_parser *p)
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
				config_choose(p, "VM", words_span(name), list);
		}
	}
}

static void file_parse(struct config_parser *p, struct span text)
{
	while (text.len) {
		p->line++;
		line_parse(p, words_cut(&text, '\n'));
	}
	section_end(p);
	windows_end(p);
	if (!p->c->errors && !p->c->vm_count)
		config_fail(p, 0, "no VM is described. Add a section [vm NAME] with a kernel.");
}

APART int config_parse(struct config *c, const char *text, uint64_t size)
{
	/* Keys before the first section are the hypervisor's. */
	struct config_parser p = {.c = c, .target = c};
	struct span all = {text, (unsigned)size};

	memset(c, 0, sizeof(*c));
	if (size > CONFIG_MAX_SIZE)
		config_fail(&p, 0,
			    "the file is larger than 64 KiB: it has %lu bytes. Shorten it, or put "
			    "the right file in its place.",
			    size);
	else if (is_text(&p, all))
		file_parse(&p, all);
	if (!p.file_refused)
		return 0;
	c->vm_count = 0;
	return -EINVAL;
}
