/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of the configuration file and the values that they take; pure. */
#include "kernel/config_parse.h"
#include "kernel/grant.h"
#include "kernel/print.h"

#define AT(type, field) offsetof(struct type, field), offsetof(struct type, field##_line)
#define FILE_AT(field)  offsetof(struct config_vm, field), offsetof(struct config_vm, field.line)
#define FILE_EXPECTED                                                                              \
	"a path such as \\mullion\\vmlinuz, at most 127 ASCII characters, of a file on the boot "  \
	"volume"
#define WORDS(list)      config_set_word, list, 0, 0
#define NUMBER(min, max) set_number, "a whole number from " #min " to " #max, min, max
#define NUMBER_US(min, max)                                                                        \
	set_number, "a whole number of microseconds from " #min " to " #max, min, max
static_assert(CONFIG_PATH_MAX - 1 == 127 && CONFIG_CMDLINE_MAX - 1 == 1023 &&
		      CONFIG_MAX_CORES - 1 == 63 && CONFIG_MAX_WINDOWS == 16 &&
		      CONFIG_MAX_VCPUS == 16 && CONFIG_NAME_MAX - 1 == 31,
	      "the texts below say so");

/* ---- values: false when they are not as expected ---- */

bool config_set_word(const struct config_setting *s)
{
	int word = config_choose(s->p, s->k->name, s->v, s->k->expected);

	if (word >= 0)
		*(unsigned *)s->to = (unsigned)word;
	return true;
}

/* A whole number from min to max. */
static bool set_number(const struct config_setting *s)
{
	uint64_t n;

	if (!words_number(s->v, 10, &n) || n < s->k->min || n > s->k->max)
		return false;
	*(unsigned *)s->to = (unsigned)n;
	return true;
}

/* A number with K, M or G; min to max, a multiple of min. */
static bool set_bytes(const struct config_setting *s)
{
	static const char units[] = "KkMmGg";
	struct span v = s->v;
	uint64_t *to = s->to;
	unsigned unit = 0, shift;

	if (!v.len)
		return false;
	v.len--;
	while (units[unit] && units[unit] != v.s[v.len])
		unit++;
	shift = unit / 2 * 10 + 10;
	if (!units[unit] || !words_number(v, 10, to) || *to > s->k->max >> shift)
		return false;
	*to <<= shift;
	return *to >= s->k->min && *to % s->k->min == 0;
}

/* Of min to max bytes. */
static bool set_text(const struct config_setting *s)
{
	if (s->v.len < s->k->min || s->v.len > s->k->max)
		return false;
	memcpy(s->to, s->v.s, s->v.len);
	return true;
}

/*
 * A disk is written to, in memory, where the loader put the file: were it the
 * disk or the kernel of another VM as well, one would reach into the other.
 */
static void check_disk(struct config_parser *p, const struct config_file *mine)
{
	for (unsigned i = 0; i < p->c->vm_count; i++) {
		const struct config_vm *vm = &p->c->vm[i];
		unsigned others = mine == &p->vm->disk ? ARRAY_SIZE(vm->file) : 1;

		for (const struct config_file *f = vm->file; f < vm->file + others; f++)
			if (f != mine && f->line && strcmp(f->path, mine->path) == 0)
				config_fail(p, p->line,
					    "\"%s\" is named in line %u already: what is the disk "
					    "of a VM is of no other use. Make a copy of the file.",
					    mine->path, f->line);
	}
}

/*
 * Of a file on the boot volume. One spelling for one file: boot/modules.c finds by it
 * what is loaded already.
 */
static bool set_path(const struct config_setting *s)
{
	struct span v = s->v;
	char *to = s->to;

	if (v.len < 2 || v.len >= CONFIG_PATH_MAX || (v.s[0] != '/' && v.s[0] != '\\'))
		return false;
	for (unsigned i = 0; i < v.len; i++) {
		to[i] = v.s[i] == '/' ? '\\' : v.s[i];
		if (to[i] < ' ' || to[i] > '~' || (i && to[i] == '\\' && to[i - 1] == '\\'))
			return false;
	}
	if (to[v.len - 1] == '\\')
		return false;
	check_disk(s->p, s->to);
	return true;
}

/* One more file, in the next place that is free behind the initrd's. */
static bool add_module(const struct config_setting *s)
{
	struct config_vm *vm = s->p->vm;
	struct config_setting one = *s;

	for (unsigned i = 0; i < ARRAY_SIZE(vm->module); i++)
		if (!vm->module[i].line) {
			vm->module[i].line = s->p->line;
			one.to = vm->module[i].path;
			return set_path(&one);
		}
	config_fail(s->p, s->p->line, "%s has %u modules already. Remove the line.", vm->name,
		    (unsigned)ARRAY_SIZE(vm->module));
	return true;
}

/* ---- lists ---- */

/* "a," is no list: of the empty piece at its end nothing would be seen. */
static bool is_list(struct span v)
{
	return v.len && v.s[v.len - 1] != ',';
}

static bool number(struct span s, bool hex, uint64_t *n)
{
	if (hex && s.len > 2 && s.s[0] == '0' && s.s[1] == 'x')
		return words_number((struct span){s.s + 2, s.len - 2}, 16, n);
	return words_number(s, 10, n);
}

/* "n" or "n-m", not falling; hex: 0x is understood, too. */
static bool range(struct span s, bool hex, uint64_t *first, uint64_t *last)
{
	struct span end = s, begin = words_cut(&end, '-');

	if (begin.len == s.len)
		end = s;
	return number(begin, hex, first) && number(end, hex, last) && *first <= *last;
}

/* auto or a list of numbers and ranges, each min to max. */
static bool set_cores(const struct config_setting *s)
{
	struct config_vm *vm = s->p->vm;
	struct span v = s->v;

	if (words_is(v, "auto"))
		return true;
	if (!is_list(v))
		return false;
	while (v.len) {
		uint64_t n, end;

		if (!range(words_cut(&v, ','), false, &n, &end) || end > s->k->max ||
		    end - n >= CONFIG_MAX_VCPUS - vm->core_count)
			return false;
		while (n <= end)
			vm->cores[vm->core_count++] = (unsigned)n++;
	}
	return true;
}

/* A list of VM names, each with its microseconds, min to max. */
static bool set_windows(const struct config_setting *s)
{
	struct config_core *core = s->p->target;
	struct span v = s->v;

	if (!is_list(v))
		return false;
	while (v.len) {
		struct config_window *w = &core->window[core->window_count];
		struct span us = words_cut(&v, ','), name = words_cut(&us, ' ');
		uint64_t n;

		if (core->window_count == CONFIG_MAX_WINDOWS || !name.len ||
		    name.len >= CONFIG_NAME_MAX || !words_number(us, 10, &n) || n < s->k->min ||
		    n > s->k->max)
			return false;
		if (!words_is(name, "idle"))
			memcpy(w->vm, name.s, name.len);
		w->us = (unsigned)n;
		core->window_count++;
	}
	return true;
}

/* ---- what a VM is given beyond policy ---- */

static bool pci_function(struct span s, uint64_t *first, uint64_t *last)
{
	struct span bus = words_cut(&s, ':'), device = words_cut(&s, '.');
	uint64_t b, d, f;

	if (!words_number(bus, 16, &b) || !words_number(device, 16, &d) ||
	    !words_number(s, 16, &f) || b > 0xff || d > 0x1f || f > 7)
		return false;
	*first = *last = b << 8 | d << 3 | f;
	return true;
}

/* One or two words, each once. */
static bool rights(struct span v, struct config_grant *g)
{
	while (v.len) {
		struct span word = words_cut(&v, ' ');
		bool *right = words_is(word, "read") ? &g->read : &g->write;

		if (*right || (right == &g->write && !words_is(word, "write")))
			return false;
		*right = true;
	}
	return g->read || g->write;
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

/* Of the kind min, none above max; has more to say by itself. */
static bool set_grant(const struct config_setting *s)
{
	struct config_parser *p = s->p;
	struct config_grant g = {.kind = (enum grant_kind)s->k->min, .line = p->line};
	struct span rest = s->v, what = words_cut(&rest, ' ');
	bool pci = g.kind == GRANT_PCI;
	uint64_t first, last;

	if (!(pci ? pci_function(what, &first, &last) : range(what, true, &first, &last)) ||
	    last > s->k->max || !rights(rest, &g) || (pci && g.write))
		return false;
	g.first = (uint32_t)first;
	g.last = (uint32_t)last;
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

/* ---- keys ---- */

/* Of one section all together. */
const struct config_key config_keys[] = {
	{"strict", CONFIG_GLOBAL, WORDS("no, yes"), AT(config, strict)},
	{"monitor", CONFIG_GLOBAL, WORDS("none, com2"), AT(config, monitor)},
	{"policy", CONFIG_CORE, WORDS("auto, dedicated, fair, budget, cyclic"),
	 AT(config_core, policy)},
	{"frame", CONFIG_CORE, NUMBER_US(100, 10000000), AT(config_core, frame)},
	{"windows", CONFIG_CORE, set_windows,
	 "1 to 16 windows such as a 5000, idle 2000: a VM's name or idle, and 50 to 10000000 "
	 "microseconds",
	 50, 10000000, 0, offsetof(struct config_core, windows_line)},
	{"slack", CONFIG_CORE, WORDS("no, yes"), AT(config_core, slack)},
	{"type", CONFIG_VM, WORDS("linux, pv, pc"), AT(config_vm, type)},
	{"boot", CONFIG_VM, WORDS("auto, linux, linux16, pvh, multiboot, flat"),
	 AT(config_vm, boot)},
	{"cpu_model", CONFIG_VM, WORDS("host, x86-64, x86-64-v2, x86-64-v3, x86-64-v4"),
	 AT(config_vm, cpu_model)},
	{"kernel", CONFIG_VM, set_path, FILE_EXPECTED, 0, 0, FILE_AT(kernel)},
	{"initrd", CONFIG_VM, set_path, FILE_EXPECTED, 0, 0, FILE_AT(initrd)},
	{"module", CONFIG_VM, add_module, FILE_EXPECTED, 0, 0, 0, 0},
	{"disk", CONFIG_VM, set_path, FILE_EXPECTED, 0, 0, FILE_AT(disk)},
	{"net", CONFIG_VM, set_text, "a name of at most 31 bytes", 1, 31, AT(config_vm, net)},
	{"console", CONFIG_VM, WORDS("serial, virtio"), AT(config_vm, console)},
	{"cmdline", CONFIG_VM, set_text, "at most 1023 bytes", 0, 1023, AT(config_vm, cmdline)},
	{"memory", CONFIG_VM, set_bytes, "2M to 1024G, a multiple of 2M, such as 64M", MIB(2),
	 GIB(1024), AT(config_vm, memory)},
	{"balloon", CONFIG_VM, WORDS("no, yes"), AT(config_vm, balloon)},
	{"vcpus", CONFIG_VM, NUMBER(1, 16), AT(config_vm, vcpus)},
	{"cores", CONFIG_VM, set_cores,
	 "auto or up to 16 numbers of cores, 0 to 63, such as 1 or 0,2-3", 0, CONFIG_MAX_CORES - 1,
	 AT(config_vm, cores)},
	{"weight", CONFIG_VM, NUMBER(1, 1000), AT(config_vm, weight)},
	{"budget", CONFIG_VM, NUMBER_US(10, 1000000), AT(config_vm, budget)},
	{"period", CONFIG_VM, NUMBER_US(100, 1000000), AT(config_vm, period)},
	{"on_crash", CONFIG_VM, WORDS("stop, restart, hold"), AT(config_vm, on_crash)},
	{"autostart", CONFIG_VM, WORDS("no, yes"), AT(config_vm, autostart)},
	{"order", CONFIG_VM, NUMBER(0, 1000), AT(config_vm, order)},
	{"watchdog", CONFIG_VM, WORDS("no, yes"), AT(config_vm, watchdog)},
	{"learn", CONFIG_VM, WORDS("no, yes"), AT(config_vm, learn)},
	{"debug-exit", CONFIG_VM, WORDS("no, yes"), AT(config_vm, debug_exit)},
	{"apicv", CONFIG_VM, WORDS("no, yes"), AT(config_vm, apicv)},
	{"allow_msr", CONFIG_VM, set_grant,
	 "an MSR or a range and read, write or read write, such as 0x1a0-0x1a2 read", GRANT_MSR,
	 UINT32_MAX, 0, 0},
	{"allow_port", CONFIG_VM, set_grant,
	 "a port or a range and read, write or read write, such as 0x378-0x37a read write",
	 GRANT_PORT, UINT16_MAX, 0, 0},
	{"allow_pci", CONFIG_VM, set_grant,
	 "bus:device.function as lspci prints it and read, such as 00:1f.2 read", GRANT_PCI,
	 UINT16_MAX, 0, 0},
};

const unsigned config_key_count = ARRAY_SIZE(config_keys);

static const struct config_key *find_key(struct config_parser *p, struct span name)
{
	const struct config_key *first = config_keys, *end = config_keys + config_key_count;
	char list[320];
	int n = 0;

	while (first->where != p->where)
		first++;
	for (const struct config_key *k = first; k < end && k->where == p->where; k++)
		n += ksnprintf(list + n, sizeof(list) - (size_t)n, "%s%s", n ? ", " : "", k->name);
	n = config_choose(p, "key", name, list);
	return n < 0 ? NULL : first + n;
}

void config_set(struct config_parser *p, struct span key, struct span value)
{
	struct config_setting s = {p, find_key(p, key), value, NULL};

	if (!s.k)
		return;
	s.to = (char *)p->target + s.k->offset;
	unsigned *line = (void *)((char *)p->target + s.k->line_offset);
	if (s.k->line_offset && *line) {
		config_fail(p, p->line,
			    "%s is given again, first in line %u. Remove one of the two lines.",
			    s.k->name, *line);
		return;
	}
	if (s.k->line_offset)
		*line = p->line;
	if (!s.k->set(&s))
		config_fail(p, p->line,
			    "%s = \"%s\": expected %s. Mend the value or remove the line.",
			    s.k->name, config_echo(value).s, s.k->expected);
}
