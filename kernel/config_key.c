/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of the configuration file and the values that they take; pure. */
#include "kernel/config_parse.h"
#include "kernel/print.h"
#include "kernel/string.h"

#define IN_CONFIG(f)   offsetof(struct config, f)
#define IN_CORE(f)     offsetof(struct config_core, f)
#define IN_VM(f)       offsetof(struct config_vm, f)
#define FILE_KEY       CONFIG_VM, KEY_PATH, NULL, 0, CONFIG_PATH_MAX - 1
#define FILE_AT(f)     IN_VM(f), IN_VM(f.line)
#define MEMORY_MAX     GIB(1024)
#define MEMORY_GRANULE MIB(2)

const struct config_key config_keys[] = {
	{"strict", CONFIG_GLOBAL, KEY_BOOL, NULL, 0, 0, "no",
	 "yes: start no VM at all when anything in the configuration is refused.",
	 IN_CONFIG(strict), 0},
	{"policy", CONFIG_CORE, KEY_WORD, "auto|dedicated|fair", 0, 0, "auto",
	 "How the core is shared: dedicated to one vCPU, fair by weight, or auto: dedicated "
	 "while one vCPU is on it, fair with several.",
	 IN_CORE(policy), 0},
	{"type", CONFIG_VM, KEY_WORD, "pv|linux", 0, 0, "linux",
	 "linux: an unmodified Linux kernel (bzImage); pv: a guest of Mullion's own interface "
	 "(ELF).",
	 IN_VM(type), 0},
	{"kernel", FILE_KEY, "none; must be given", "The guest's kernel.", FILE_AT(kernel)},
	{"initrd", FILE_KEY, "none", "The initial RAM disk; type = linux only.", FILE_AT(initrd)},
	{"disk", FILE_KEY, "none",
	 "The image of the VM's disk, held in memory; type = pv only. Writes are lost at "
	 "power-off.",
	 FILE_AT(disk)},
	{"cmdline", CONFIG_VM, KEY_TEXT, NULL, 0, CONFIG_CMDLINE_MAX - 1, "empty",
	 "The kernel's command line.", IN_VM(cmdline), 0},
	{"memory", CONFIG_VM, KEY_BYTES, NULL, MEMORY_GRANULE, MEMORY_MAX, "64M",
	 "The VM's memory.", IN_VM(memory), IN_VM(memory_line)},
	{"vcpus", CONFIG_VM, KEY_NUMBER, NULL, 1, CONFIG_VCPUS_SUPPORTED, "1",
	 "Virtual CPUs of the VM.", IN_VM(vcpus), IN_VM(vcpus_line)},
	{"cores", CONFIG_VM, KEY_CORES, NULL, 0, CONFIG_MAX_CORES - 1, "auto",
	 "The physical core of each vCPU, in order; auto: the least loaded ones.", IN_VM(cores),
	 IN_VM(cores_line)},
	{"weight", CONFIG_VM, KEY_NUMBER, NULL, 1, 1000, "1",
	 "The VM's share of a core that is fair, relative to the others there.", IN_VM(weight), 0},
	{"autostart", CONFIG_VM, KEY_BOOL, NULL, 0, 0, "yes",
	 "no: the VM has its cores and memory, but waits to be started.", IN_VM(autostart), 0},
};

const unsigned config_key_count = ARRAY_SIZE(config_keys);
static_assert(ARRAY_SIZE(config_keys) <= CONFIG_KEYS_MAX, "struct config_parser.seen holds all");

static const char *const where_name[] = {"[mullion]", "[core N]", "[vm NAME]"};

/* ---- values ---- */

static void wrong(struct config_parser *p, const struct config_key *k, struct span v,
		  const char *expected)
{
	config_fail(p, p->line, "%s = \"%s\": expected %s. Mend the value or remove the line.",
		    k->name, config_echo(v).s, expected);
}

static bool set_bool(struct config_parser *p, const struct config_key *k, struct span v, bool *to)
{
	if (!config_is(v, "yes") && !config_is(v, "no")) {
		wrong(p, k, v, "yes or no");
		return false;
	}
	*to = config_is(v, "yes");
	return true;
}

static bool set_word(struct config_parser *p, const struct config_key *k, struct span v,
		     unsigned *to)
{
	struct nearest near = {.word = v};
	const char *w = k->words;

	for (unsigned i = 0;; i++) {
		unsigned n = 0;

		while (w[n] && w[n] != '|')
			n++;
		if (n == v.len && memcmp(w, v.s, n) == 0) {
			*to = i;
			return true;
		}
		config_nearest(&near, w, n);
		if (!w[n])
			break;
		w += n + 1;
	}
	if (near.best.len)
		config_fail(p, p->line, "%s = \"%s\": expected one of %s; did you mean \"%.*s\"?",
			    k->name, config_echo(v).s, k->words, (int)near.best.len, near.best.s);
	else
		config_fail(p, p->line, "%s = \"%s\": expected one of %s. Mend the value.", k->name,
			    config_echo(v).s, k->words);
	return false;
}

static bool set_number(struct config_parser *p, const struct config_key *k, struct span v,
		       unsigned *to)
{
	struct span rest = v;
	uint64_t n;

	if (config_number(&rest, &n) && rest.len == 0 && n >= k->min && n <= k->max) {
		*to = (unsigned)n;
		return true;
	}
	if (k->min == k->max)
		config_fail(p, p->line,
			    "%s = \"%s\": this version supports exactly %llu. Write %s = %llu or "
			    "remove the line.",
			    k->name, config_echo(v).s, (unsigned long long)k->min, k->name,
			    (unsigned long long)k->min);
	else
		config_fail(p, p->line,
			    "%s = \"%s\": expected a whole number from %llu to %llu. Mend the "
			    "value or remove the line.",
			    k->name, config_echo(v).s, (unsigned long long)k->min,
			    (unsigned long long)k->max);
	return false;
}

static unsigned size_shift(struct span s)
{
	switch (s.len == 1 ? s.s[0] : 0) {
	case 'k':
	case 'K':
		return 10;
	case 'm':
	case 'M':
		return 20;
	case 'g':
	case 'G':
		return 30;
	default:
		return 0;
	}
}

static bool set_bytes(struct config_parser *p, const struct config_key *k, struct span v,
		      uint64_t *to)
{
	struct span rest = v;
	unsigned shift;
	uint64_t n;

	if (!config_number(&rest, &n) || (shift = size_shift(rest)) == 0) {
		wrong(p, k, v, "a whole number with K, M or G, such as 64M");
		return false;
	}
	if (n > k->max >> shift || n << shift < k->min) {
		config_fail(p, p->line,
			    "%s = \"%s\": expected %lluM to %lluG. Mend the value or remove the "
			    "line.",
			    k->name, config_echo(v).s, (unsigned long long)(k->min >> 20),
			    (unsigned long long)(k->max >> 30));
		return false;
	}
	n <<= shift;
	if (n % k->min) {
		config_fail(p, p->line, "%s = \"%s\" is not a multiple of %lluM: write %lluM.",
			    k->name, config_echo(v).s, (unsigned long long)(k->min >> 20),
			    (unsigned long long)((n / k->min + 1) * k->min >> 20));
		return false;
	}
	*to = n;
	return true;
}

/* One core or a range from the front of *v, up to the comma; false: not of that form. */
static bool take_cores(struct span *v, uint64_t *first, uint64_t *last)
{
	*v = config_trim(*v);
	if (!config_number(v, first))
		return false;
	*last = *first;
	*v = config_trim(*v);
	if (v->len && v->s[0] == '-') {
		*v = config_trim((struct span){v->s + 1, v->len - 1});
		if (!config_number(v, last))
			return false;
		*v = config_trim(*v);
	}
	if (!v->len)
		return true;
	if (v->s[0] != ',' || v->len == 1)
		return false;
	v->s++;
	v->len--;
	return true;
}

static bool set_cores(struct config_parser *p, const struct config_key *k, struct span v)
{
	struct config_vm *vm = p->vm;
	struct span rest = v;
	uint64_t first, last, used = 0;

	static_assert(CONFIG_MAX_CORES == 64, "used has a bit for each core");
	vm->core_count = 0;
	if (config_is(v, "auto"))
		return true;
	while (rest.len) {
		if (!take_cores(&rest, &first, &last)) {
			wrong(p, k, v, "auto, or core numbers such as 1 or 1,3-4");
			return false;
		}
		if (last < first || last > k->max) {
			config_fail(p, p->line,
				    "cores = \"%s\": %s. Core numbers go from 0 to %llu; mend the "
				    "list.",
				    config_echo(v).s,
				    last < first ? "a range ends before it starts"
						 : "a number is too large",
				    (unsigned long long)k->max);
			return false;
		}
		for (; first <= last; first++) {
			if (used & BIT(first) || vm->core_count == CONFIG_MAX_VCPUS) {
				config_fail(p, p->line,
					    "cores = \"%s\": %s. Name one core for each vCPU.",
					    config_echo(v).s,
					    used & BIT(first) ? "a core is named twice"
							      : "more cores than a VM may have");
				return false;
			}
			used |= BIT(first);
			vm->cores[vm->core_count++] = (unsigned)first;
		}
	}
	return true;
}

/* Paths go to the firmware's FAT driver: what FAT cannot hold is refused here, with its line. */
static bool set_path(struct config_parser *p, const struct config_key *k, struct span v,
		     char to[CONFIG_PATH_MAX])
{
	unsigned n = 0;

	if (v.len == 0 || (v.s[0] != '/' && v.s[0] != '\\')) {
		wrong(p, k, v,
		      "a path from the root of the boot volume, such as \\mullion\\vmlinuz");
		return false;
	}
	for (unsigned i = 0; i < v.len; i++) {
		char ch = v.s[i] == '/' ? '\\' : v.s[i];

		if (ch < ' ' || ch > '~' || ch == '"' || ch == '*' || ch == '<' || ch == '>' ||
		    ch == '?' || ch == '|' || ch == ':') {
			wrong(p, k, v, "a path of ASCII characters, without any of \"*<>?|:");
			return false;
		}
		if (n && ch == '\\' && to[n - 1] == '\\')
			continue;
		if (n == k->max) {
			config_fail(p, p->line,
				    "%s = \"%s\" is too long: a path may have %llu characters. "
				    "Shorten it.",
				    k->name, config_echo(v).s, (unsigned long long)k->max);
			return false;
		}
		to[n++] = ch;
	}
	if (to[n - 1] == '\\') {
		wrong(p, k, v, "the path of a file, not of a directory");
		return false;
	}
	to[n] = '\0';
	return true;
}

static bool set_text(struct config_parser *p, const struct config_key *k, struct span v, char *to)
{
	if (v.len > k->max) {
		config_fail(p, p->line, "%s has %u bytes: at most %llu fit. Shorten it.", k->name,
			    v.len, (unsigned long long)k->max);
		return false;
	}
	memcpy(to, v.s, v.len);
	to[v.len] = '\0';
	return true;
}

static bool set_value(struct config_parser *p, const struct config_key *k, struct span v,
		      char *base)
{
	void *to = base + k->offset;

	switch (k->kind) {
	case KEY_BOOL:
		return set_bool(p, k, v, to);
	case KEY_WORD:
		return set_word(p, k, v, to);
	case KEY_NUMBER:
		return set_number(p, k, v, to);
	case KEY_BYTES:
		return set_bytes(p, k, v, to);
	case KEY_CORES:
		return set_cores(p, k, v);
	case KEY_PATH:
		return set_path(p, k, v, to);
	case KEY_TEXT:
		return set_text(p, k, v, to);
	}
	return false;
}

/* ---- keys ---- */

static const char *keys_of(enum config_where where, char *buf, unsigned size)
{
	unsigned n = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < config_key_count && n < size; i++)
		if (config_keys[i].where == where)
			n += (unsigned)ksnprintf(buf + n, size - n, "%s%s", n ? ", " : "",
						 config_keys[i].name);
	return buf;
}

static void unknown_key(struct config_parser *p, struct span key)
{
	struct nearest near = {.word = key};
	char in[CONFIG_NAME_MAX + 8], known[96];

	if (p->where == CONFIG_VM)
		ksnprintf(in, sizeof(in), "[vm %s]", p->vm->name);
	else
		ksnprintf(in, sizeof(in), "%s", where_name[p->where]);
	for (unsigned i = 0; i < config_key_count; i++) {
		const struct config_key *k = &config_keys[i];

		if (k->where == p->where)
			config_nearest(&near, k->name, (unsigned)strlen(k->name));
		else if (config_is(key, k->name)) {
			config_fail(p, p->line,
				    "unknown key \"%s\" in %s: it belongs in %s. Move or remove "
				    "the line.",
				    k->name, in, where_name[k->where]);
			return;
		}
	}
	if (near.best.len)
		config_fail(p, p->line,
			    "unknown key \"%s\" in %s: did you mean \"%.*s\"? Mend or remove the "
			    "line.",
			    config_echo(key).s, in, (int)near.best.len, near.best.s);
	else
		config_fail(
			p, p->line,
			"unknown key \"%s\" in %s: the keys there are %s. Mend or remove the line.",
			config_echo(key).s, in, keys_of(p->where, known, sizeof(known)));
}

/* Strips the quotes of a value that starts with one; false after a diagnostic. */
static bool unquote(struct config_parser *p, const struct config_key *k, struct span *v)
{
	unsigned end = 1;
	struct span rest;

	if (!v->len || v->s[0] != '"')
		return true;
	while (end < v->len && v->s[end] != '"')
		end++;
	if (end == v->len) {
		wrong(p, k, *v, "a closing \" at the end");
		return false;
	}
	rest = config_trim((struct span){v->s + end + 1, v->len - end - 1});
	if (rest.len && rest.s[0] != '#' && rest.s[0] != ';') {
		wrong(p, k, *v, "nothing after the closing \"");
		return false;
	}
	*v = (struct span){v->s + 1, end - 1};
	return true;
}

/* A comment after a value starts with # or ; behind a blank. */
static struct span without_comment(struct span v)
{
	if (v.len && v.s[0] == '"')
		return v;
	for (unsigned i = 0; i < v.len; i++)
		if ((v.s[i] == '#' || v.s[i] == ';') &&
		    (i == 0 || v.s[i - 1] == ' ' || v.s[i - 1] == '\t'))
			return config_trim((struct span){v.s, i});
	return v;
}

void config_set(struct config_parser *p, struct span key, struct span value)
{
	const struct config_key *k = NULL;
	char *base = p->where == CONFIG_VM     ? (char *)p->vm
		     : p->where == CONFIG_CORE ? (char *)&p->c->core[p->core_first]
					       : (char *)p->c;
	unsigned *seen;

	for (unsigned i = 0; i < config_key_count; i++)
		if (config_keys[i].where == p->where && config_is(key, config_keys[i].name))
			k = &config_keys[i];
	if (!k) {
		unknown_key(p, key);
		return;
	}
	seen = &p->seen[k - config_keys];
	if (*seen) {
		config_fail(p, p->line,
			    "%s is given again, first in line %u. Remove one of the two lines.",
			    k->name, *seen);
		return;
	}
	*seen = p->line;
	value = without_comment(value);
	if (!value.len && k->kind != KEY_TEXT) {
		config_fail(p, p->line,
			    "%s has no value. Write one after the =, or remove the line.", k->name);
		return;
	}
	if (!unquote(p, k, &value) || !set_value(p, k, value, base))
		return;
	if (k->line_offset)
		*(unsigned *)(void *)(base + k->line_offset) = p->line;
	for (unsigned i = p->core_first + 1; p->where == CONFIG_CORE && i <= p->core_last; i++)
		p->c->core[i].policy = p->c->core[p->core_first].policy;
}
