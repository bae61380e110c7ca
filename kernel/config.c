/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration file: text, lines and sections; pure. */
#include "kernel/config.h"

#include "kernel/config_parse.h"
#include "kernel/errno.h"
#include "kernel/print.h"
#include "kernel/string.h"

#define MAX_DIAGS    20u
#define MAX_CONTROLS 8u /* more control characters than this: the file is not text */
#define NEAREST_MAX  24u

/* ---- helpers for both halves ---- */

void config_fail(struct config_parser *p, unsigned line, const char *fmt, ...)
{
	char sentence[320];
	va_list ap;

	if (p->vm)
		p->vm->refused = true;
	else if (p->where != CONFIG_VM)
		p->file_refused = true;
	if (++p->c->errors > MAX_DIAGS)
		return;
	va_start(ap, fmt);
	kvsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	p->diag(p->ctx, line, sentence);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

struct span config_trim(struct span s)
{
	while (s.len && blank(s.s[0])) {
		s.s++;
		s.len--;
	}
	while (s.len && blank(s.s[s.len - 1]))
		s.len--;
	return s;
}

bool config_is(struct span s, const char *word)
{
	return s.len == strlen(word) && memcmp(s.s, word, s.len) == 0;
}

bool config_number(struct span *s, uint64_t *v)
{
	unsigned n = 0;

	for (*v = 0; n < s->len && s->s[n] >= '0' && s->s[n] <= '9'; n++) {
		unsigned d = (unsigned)(s->s[n] - '0');

		*v = *v > (UINT64_MAX - d) / 10 ? UINT64_MAX : *v * 10 + d;
	}
	s->s += n;
	s->len -= n;
	return n > 0;
}

struct echo config_echo(struct span s)
{
	struct echo e;
	unsigned n = 0;

	for (unsigned i = 0; i < s.len; i++) {
		if (n + sizeof("\\xff...") > sizeof(e.s)) {
			memcpy(e.s + n, "...", 3);
			n += 3;
			break;
		}
		if (s.s[i] >= ' ' && s.s[i] <= '~')
			e.s[n++] = s.s[i];
		else
			n += (unsigned)ksnprintf(e.s + n, 5, "\\x%02x", (unsigned char)s.s[i]);
	}
	e.s[n] = '\0';
	return e;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* Insertions, deletions, substitutions and swaps of neighbours that turn a into b. */
static unsigned edit_distance(struct span a, struct span b)
{
	uint8_t d[3][NEAREST_MAX + 1]; /* rows i-2, i-1 and i, modulo 3 */

	for (unsigned j = 0; j <= b.len; j++)
		d[0][j] = (uint8_t)j;
	for (unsigned i = 1; i <= a.len; i++) {
		uint8_t *row = d[i % 3], *up = d[(i + 2) % 3], *up2 = d[(i + 1) % 3];

		row[0] = (uint8_t)i;
		for (unsigned j = 1; j <= b.len; j++) {
			bool same = lower(a.s[i - 1]) == b.s[j - 1];
			unsigned best = up[j - 1] + (same ? 0u : 1u);

			best = best < up[j] + 1u ? best : up[j] + 1u;
			best = best < row[j - 1] + 1u ? best : row[j - 1] + 1u;
			if (i > 1 && j > 1 && lower(a.s[i - 1]) == b.s[j - 2] &&
			    lower(a.s[i - 2]) == b.s[j - 1] && up2[j - 2] + 1u < best)
				best = up2[j - 2] + 1u;
			row[j] = (uint8_t)best;
		}
	}
	return d[a.len % 3][b.len];
}

void config_nearest(struct nearest *n, const char *name, unsigned len)
{
	unsigned distance, prefix = 0;

	if (n->word.len > NEAREST_MAX || len > NEAREST_MAX)
		return;
	distance = edit_distance(n->word, (struct span){name, len});
	while (prefix < len && prefix < n->word.len && lower(n->word.s[prefix]) == name[prefix])
		prefix++;
	/* "mem" and "initramfs" are far in edits, but near in meaning. */
	if (distance > 1 + n->word.len / 4 && prefix < 3)
		return;
	if (n->best.len && distance >= n->distance)
		return;
	n->best = (struct span){name, len};
	n->distance = distance;
}

/* ---- sections ---- */

static bool key_seen(const struct config_parser *p, const char *name)
{
	for (unsigned i = 0; i < config_key_count; i++)
		if (p->seen[i] && strcmp(config_keys[i].name, name) == 0)
			return true;
	return false;
}

/* What can be judged only when the whole section is known. */
static void vm_end(struct config_parser *p)
{
	struct config_vm *vm = p->vm;

	if (!vm)
		return;
	if (!key_seen(p, "kernel"))
		config_fail(p, vm->line,
			    "[vm %s] names no kernel. Add a line such as kernel = "
			    "\\mullion\\vmlinuz.",
			    vm->name);
	/* A value that was refused still has its default: no second complaint about that. */
	if (vm->refused)
		goto out;
	if (vm->type == VM_PV && vm->initrd.line)
		config_fail(p, vm->initrd.line,
			    "initrd is for type = linux, but %s is of type pv. Remove the line or "
			    "mend the type.",
			    vm->name);
	if (vm->type == VM_LINUX && vm->disk.line)
		config_fail(p, vm->disk.line,
			    "disk is for type = pv, but %s is of type linux. Remove the line or "
			    "mend the type.",
			    vm->name);
	if (vm->core_count > vm->vcpus)
		config_fail(p, vm->cores_line,
			    "cores names %u cores, but %s has %u vCPU: each runs on one core. Name "
			    "%u.",
			    vm->core_count, vm->name, vm->vcpus, vm->vcpus);
out:
	p->vm = NULL;
}

/*
 * A disk is written to, in memory, where the loader put the file: were it the
 * disk or the kernel of another VM as well, one would reach into the other.
 */
static void check_disk(struct config_parser *p, struct config_vm *a, struct config_vm *b)
{
	const struct config_file *files[] = {&b->disk, &b->kernel, &b->initrd};

	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		bool a_first = a->disk.line < files[i]->line;

		/* Two disks meet twice: said once. */
		if (!a->disk.line || !files[i]->line || files[i] == &a->disk ||
		    (i == 0 && !a_first) || strcmp(a->disk.path, files[i]->path) != 0)
			continue;
		p->vm = a_first ? b : a;
		config_fail(
			p, a_first ? files[i]->line : a->disk.line,
			"\"%s\" is named in line %u already: what is the disk of a VM is of no "
			"other use. Make a copy of the file.",
			config_echo((struct span){files[i]->path, (unsigned)strlen(files[i]->path)})
				.s,
			a_first ? a->disk.line : files[i]->line);
		p->vm = NULL;
	}
}

static void section_begin(struct config_parser *p, enum config_where where)
{
	p->where = where;
	p->skip = false;
	for (unsigned i = 0; i < config_key_count; i++)
		if (config_keys[i].where == where && where != CONFIG_GLOBAL)
			p->seen[i] = 0;
}

static bool name_valid(struct span name)
{
	for (unsigned i = 0; i < name.len; i++) {
		char c = lower(name.s[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
			return false;
	}
	return name.len > 0 && name.len < CONFIG_NAME_MAX;
}

static void section_vm(struct config_parser *p, struct span name)
{
	struct config *c = p->c;
	struct config_vm *vm;

	section_begin(p, CONFIG_VM);
	p->skip = true;
	if (!name_valid(name)) {
		config_fail(
			p, p->line,
			"[vm %s]: a VM's name is 1 to %u letters, digits, '-' and '_'. Mend the "
			"name.",
			config_echo(name).s, CONFIG_NAME_MAX - 1);
		return;
	}
	/* The console prefixes lines with the name: no VM may speak as the hypervisor. */
	if (config_is(name, "mullion")) {
		config_fail(p, p->line,
			    "[vm mullion]: this name is the hypervisor's own. Choose "
			    "another.");
		return;
	}
	for (unsigned i = 0; i < c->vm_count; i++) {
		if (!config_is(name, c->vm[i].name))
			continue;
		config_fail(p, p->line,
			    "[vm %s] is there already, in line %u; this one is left out. Choose "
			    "another name.",
			    c->vm[i].name, c->vm[i].line);
		return;
	}
	if (c->vm_count == CONFIG_MAX_VMS) {
		config_fail(p, p->line, "[vm %s] is one VM too many: at most %u fit. Remove one.",
			    config_echo(name).s, CONFIG_MAX_VMS);
		return;
	}
	p->skip = false;
	p->vm = vm = &c->vm[c->vm_count++];
	memcpy(vm->name, name.s, name.len);
	vm->line = p->line;
	vm->type = VM_LINUX;
	vm->memory = MIB(64);
	vm->vcpus = 1;
	vm->weight = 1;
	vm->autostart = true;
}

static void section_core(struct config_parser *p, struct span list)
{
	struct span rest = list;
	uint64_t first = 0, last;
	bool ok = config_number(&rest, &first);

	section_begin(p, CONFIG_CORE);
	p->skip = true;
	last = first;
	rest = config_trim(rest);
	if (ok && rest.len && rest.s[0] == '-') {
		rest = config_trim((struct span){rest.s + 1, rest.len - 1});
		ok = config_number(&rest, &last);
	}
	if (!ok || rest.len || last < first || last >= CONFIG_MAX_CORES) {
		config_fail(
			p, p->line,
			"[core %s]: expected a core or a range from 0 to %u, such as [core 1] or "
			"[core 2-3]. Mend it.",
			config_echo(list).s, CONFIG_MAX_CORES - 1);
		return;
	}
	for (uint64_t i = first; i <= last; i++) {
		if (!p->c->core[i].line)
			continue;
		config_fail(p, p->line,
			    "core %u is described twice, first in line %u. Remove it from one of "
			    "the two.",
			    (unsigned)i, p->c->core[i].line);
		return;
	}
	for (uint64_t i = first; i <= last; i++)
		p->c->core[i].line = p->line;
	p->core_first = (unsigned)first;
	p->core_last = (unsigned)last;
	p->skip = false;
}

static void section_unknown(struct config_parser *p, struct span inside, struct span word)
{
	struct nearest near = {.word = word};

	section_begin(p, CONFIG_GLOBAL);
	p->skip = true;
	config_nearest(&near, "mullion", 7);
	config_nearest(&near, "core", 4);
	config_nearest(&near, "vm", 2);
	if (near.best.len)
		config_fail(
			p, p->line,
			"unknown section [%s]: did you mean \"%.*s\"? There are [mullion], [core "
			"N] and [vm NAME].",
			config_echo(inside).s, (int)near.best.len, near.best.s);
	else
		config_fail(
			p, p->line,
			"unknown section [%s]: there are [mullion], [core N] and [vm NAME]. Mend "
			"the line.",
			config_echo(inside).s);
}

static void section(struct config_parser *p, struct span line)
{
	struct span inside, word, arg, rest;
	unsigned end = 0;

	vm_end(p);
	while (end < line.len && line.s[end] != ']')
		end++;
	rest = config_trim((struct span){line.s + end, line.len - end});
	if (rest.len > 1) {
		struct span after = config_trim((struct span){rest.s + 1, rest.len - 1});

		if (after.len && (after.s[0] == '#' || after.s[0] == ';'))
			rest.len = 1;
	}
	if (rest.len != 1) {
		section_begin(p, CONFIG_GLOBAL);
		p->skip = true;
		config_fail(p, p->line, "\"%s\": expected %s. Mend the line.", config_echo(line).s,
			    rest.len ? "nothing after the ]"
				     : "a ] at the end of the section's name");
		return;
	}
	inside = config_trim((struct span){line.s + 1, end - 1});
	word = inside;
	for (unsigned i = 0; i < inside.len && word.len == inside.len; i++)
		if (blank(inside.s[i]))
			word.len = i;
	arg = config_trim((struct span){inside.s + word.len, inside.len - word.len});
	if (config_is(word, "vm"))
		section_vm(p, arg);
	else if (config_is(word, "core"))
		section_core(p, arg);
	else if (config_is(inside, "mullion"))
		section_begin(p, CONFIG_GLOBAL);
	else
		section_unknown(p, inside, word);
}

/* ---- lines ---- */

static void line_parse(struct config_parser *p, struct span line, bool *in_section)
{
	unsigned eq = 0;

	line = config_trim(line);
	if (!line.len || line.s[0] == '#' || line.s[0] == ';')
		return;
	if (line.s[0] == '[') {
		*in_section = true;
		section(p, line);
		return;
	}
	if (!*in_section) {
		/* Said once: what follows up to the first section has the same fault. */
		*in_section = p->skip = true;
		config_fail(
			p, p->line,
			"\"%s\" stands before the first section. Put [mullion], [core N] or [vm "
			"NAME] above it.",
			config_echo(line).s);
	}
	if (p->skip)
		return;
	for (unsigned i = 0; i < line.len; i++) {
		if (is_control(line.s[i])) {
			config_fail(p, p->line,
				    "\"%s\" holds a control character, 0x%02x. Remove it.",
				    config_echo(line).s, (unsigned char)line.s[i]);
			return;
		}
	}
	while (eq < line.len && line.s[eq] != '=')
		eq++;
	if (eq == line.len || eq == 0) {
		config_fail(
			p, p->line,
			"\"%s\": expected key = value, a [section] or a # comment. Mend or remove "
			"the line.",
			config_echo(line).s);
		return;
	}
	config_set(p, config_trim((struct span){line.s, eq}),
		   config_trim((struct span){line.s + eq + 1, line.len - eq - 1}));
}

/* One sentence, not twenty, for a file that is no text at all. */
static bool is_text(struct config_parser *p, struct span text)
{
	unsigned controls = 0, nuls = 0, line = 1, first_line = 0;
	unsigned char first = 0;

	for (unsigned i = 0; i < text.len; i++) {
		char c = text.s[i];

		if (c == '\n')
			line++;
		if (!is_control(c) || c == '\n' || c == '\r')
			continue;
		if (!controls++) {
			first_line = line;
			first = (unsigned char)c;
		}
		if (c == '\0')
			nuls++;
	}
	if (!nuls && controls <= MAX_CONTROLS)
		return true;
	config_fail(
		p, first_line,
		"this is not a text file: it holds %u control characters, the first 0x%02x. Save "
		"it as plain text (ASCII or UTF-8, not UTF-16).",
		controls, first);
	return false;
}

static void lines_parse(struct config_parser *p, struct span text)
{
	bool in_section = false;

	if (text.len >= 3 && memcmp(text.s, "\xef\xbb\xbf", 3) == 0) {
		text.s += 3;
		text.len -= 3;
	}
	while (text.len) {
		struct span line = {text.s, 0};

		p->line++;
		while (line.len < text.len && text.s[line.len] != '\n')
			line.len++;
		text.s += line.len;
		text.len -= line.len;
		if (text.len) { /* the newline */
			text.s++;
			text.len--;
		}
		if (line.len && line.s[line.len - 1] == '\r')
			line.len--;
		line_parse(p, line, &in_section);
	}
	vm_end(p);
	for (unsigned i = 0; i < p->c->vm_count; i++)
		for (unsigned j = 0; j < p->c->vm_count; j++)
			check_disk(p, &p->c->vm[i], &p->c->vm[j]);
}

int config_parse(struct config *c, const char *text, uint64_t size, config_diag_fn diag, void *ctx)
{
	struct config_parser p = {.c = c, .diag = diag, .ctx = ctx};
	char rest[80];

	memset(c, 0, sizeof(*c));
	if (size > CONFIG_MAX_SIZE)
		config_fail(
			&p, 0,
			"the file is larger than 64 KiB: it has %llu bytes. Shorten it, or put the "
			"right file in its place.",
			(unsigned long long)size);
	else if (is_text(&p, (struct span){text, (unsigned)size}))
		lines_parse(&p, (struct span){text, (unsigned)size});
	if (!c->errors && !c->vm_count) {
		p.where = CONFIG_GLOBAL;
		config_fail(&p, 0, "no VM is described. Add a section [vm NAME] with a kernel.");
	}
	if (c->errors > MAX_DIAGS) {
		ksnprintf(rest, sizeof(rest), "%u more mistakes are not shown. Mend those above.",
			  c->errors - MAX_DIAGS);
		diag(ctx, 0, rest);
	}
	if (!p.file_refused)
		return 0;
	c->vm_count = 0;
	return -EINVAL;
}
