/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of commands, and from a line to the verb that it names. */
#include "kernel/mon/monitor.h"
#include "kernel/guest.h"
#include "kernel/mon/request.h"

static verb_fn verb_help;

static const struct verb verbs[] = {
	{"help", "[VERB]", "this list, or one line of it", 0, 1, verb_help, 0},
	{"list", "", "the VMs and their state", 0, 0, verb_list, 0},
	{"info", "VM", "what a VM is made of", 1, 1, verb_info, 0},
	{"start", "VM", "starts a VM that is off", 1, 1, verb_control, VM_START},
	{"shutdown", "VM", "asks the guest to shut down", 1, 1, verb_control, VM_SHUTDOWN},
	{"destroy", "VM", "ends a VM at once", 1, 1, verb_control, VM_DESTROY},
	{"restart", "VM", "ends a VM at once and starts it again", 1, 1, verb_control, VM_RESTART},
	{"suspend", "VM", "its vCPUs stop until resume", 1, 1, verb_control, VM_SUSPEND},
	{"resume", "VM", "goes on after suspend", 1, 1, verb_control, VM_RESUME},
	{"console", "VM", "keyboard and terminal to a VM", 1, 1, verb_console, 0},
	{"balloon", "VM MIB", "asks the guest to use no more memory", 2, 2, verb_balloon, 0},
	{"resize", "COLUMNS ROWS", "tells the guests how large the terminal is", 2, 2, verb_resize,
	 0},
	{"send", "VM TEXT", "a line to the guest's agent", 2, MONITOR_WORDS - 1, verb_send, 0},
	{"receive", "VM", "what the agent has written since", 1, 1, verb_receive, 0},
	{"vcpus", "[VM]", "vCPUs: core, state, time, exits", 0, 1, verb_vcpus, 0},
	{"cores", "", "accounts of each core and of who ran there", 0, 0, verb_cores, 0},
	{"stats", "VM", "exits by kind, how long they took, refusals", 1, 1, verb_stats, 0},
	{"top", "", "share of each core and VM since the last top", 0, 0, verb_top, 0},
	{"learn", "VM", "what was refused, as lines for mullion.conf", 1, 1, verb_learn, 0},
	{"dmesg", "[FROM]", "the hypervisor's log", 0, 1, verb_dmesg, 0},
	{"trace", "start [KIND,...] | stop | read CORE FROM", "what each core does", 1, 3,
	 verb_trace, 0},
	{"memory", "", "memory that is free, and whose the rest is", 0, 0, verb_memory, 0},
	{"version", "", "of the hypervisor, and of the machine", 0, 0, verb_version, 0},
	{"reboot", "", "resets the machine and ends every VM", 0, 0, verb_power, false},
	{"poweroff", "", "switches the machine off and ends every VM", 0, 0, verb_power, true},
};

static const char *verb_word(unsigned i)
{
	return i < ARRAY_SIZE(verbs) ? verbs[i].name : NULL;
}

static const char *vm_word(unsigned i)
{
	return i < vm_count ? vms[i]->name : NULL;
}

int call_choose(struct call *c, const char *what, words_fn list, struct span word)
{
	struct words_search search = {.word = word, .least = WORDS_UNLIKE};

	for (unsigned i = 0; list(i); i++)
		if (words_offer(&search, words_span(list(i))))
			return (int)i;
	struct span near = search.nearest;
	if (near.len)
		return call_fail(c, -EINVAL, "unknown %s \"%.*s\": did you mean \"%.*s\"?", what,
				 (int)word.len, word.s, (int)near.len, near.s);
	return call_fail(c, -EINVAL, "unknown %s \"%.*s\": %s", what, (int)word.len, word.s,
			 list == vm_word ? "list shows the VMs" : "help lists what there is");
}

int call_number(struct call *c, unsigned i, uint64_t *n)
{
	struct span word = c->word[i];

	if (words_number(word, 10, n))
		return 0;
	return call_fail(c, -EINVAL, "\"%.*s\": expected a number", (int)word.len, word.s);
}

static int verb_help(struct call *c)
{
	int one = c->words > 1 ? call_choose(c, "command", verb_word, c->word[1]) : -1;

	if (c->words > 1 && one < 0)
		return one;
	report_begin(&c->r, REPORT_TABLE, "command:-47 help:-1");
	for (int i = 0; i < (int)ARRAY_SIZE(verbs); i++)
		if (one < 0 || i == one)
			report_row(&c->r, "%s%s%s\t%s", verbs[i].name, *verbs[i].args ? " " : "",
				   verbs[i].args, verbs[i].help);
	return 0;
}

/* By number, 1.., or by name. */
static int find_vm(struct call *c, struct span word)
{
	uint64_t n;
	bool number = words_number(word, 10, &n) && n - 1 < vm_count;
	int i = number ? (int)n - 1 : call_choose(c, "VM", vm_word, word);

	if (i < 0)
		return i;
	c->vm = vms[i];
	return 0;
}

/* Words of the line, less --json. -E2BIG: more than any verb has. */
static int split(struct call *c, const char *command)
{
	struct span rest = words_span(command), word = words_cut(&rest, ' ');

	for (; word.len; word = words_cut(&rest, ' ')) {
		if (words_is(word, "--json"))
			c->r.json = true;
		else if (c->words < MONITOR_WORDS)
			c->word[c->words++] = word;
		else
			return -E2BIG;
	}
	return 0;
}

static int run(struct call *c)
{
	int i = call_choose(c, "command", verb_word, c->word[0]), err = 0;

	if (i < 0)
		return i;
	const struct verb *v = c->verb = &verbs[i];

	if (c->words - 1 < v->least || c->words - 1 > v->most)
		return call_fail(c, -EINVAL, "usage: %s%s%s", v->name, *v->args ? " " : "",
				 v->args);
	if (c->words > 1 && (!strncmp(v->args, "VM", 2) || !strcmp(v->args, "[VM]")))
		err = find_vm(c, c->word[1]);
	return err ? err : v->run(c);
}

int monitor_run(struct call *c, const char *command)
{
	int err = split(c, command);

	if (err)
		return call_fail(c, err, "too many words: help lists what each command takes");
	if (c->words)
		err = run(c);
	while (c->r.depth)
		report_end(&c->r);
	if (!err && c->r.json && !c->r.begun)
		c->r.out(c->r.ctx, "null\n", 5);
	return err;
}

const char *monitor_word(const char *text, unsigned start, unsigned i)
{
	bool first = true;

	for (unsigned n = 0; n < start; n++)
		first = first && text[n] == ' ';
	return first || !strncmp(text, "help ", 5) ? verb_word(i) : vm_word(i);
}

/* ---- for programs ---- */

struct answer {
	char *to;
	size_t room, n; /* n goes on beyond room: then it is too long */
};

/* Its own newline is the answer's last byte, and JSON has no other. */
static void answer_put(void *ctx, const char *bytes, size_t n)
{
	struct answer *a = ctx;

	for (size_t i = 0; i < n; i++)
		if (bytes[i] != '\n' && a->n++ < a->room)
			a->to[a->n - 1] = bytes[i];
}

static void answer_begin(struct answer *a, uint64_t id, const char *what)
{
	char text[64];

	a->n = 0;
	answer_put(a, text,
		   (size_t)ksnprintf(text, sizeof(text), "{\"id\":%lu,\"ok\":%s:", id, what));
}

size_t monitor_answer(const char *line, char *to, size_t size)
{
	struct answer a = {.to = to, .room = size - 2};
	struct call c = {.r = {.out = answer_put, .ctx = &a, .json = true}, .remote = true};
	struct request q = {0};
	const char *why = "a request has at most 512 bytes";

	if (strlen(line) <= REQUEST_MAX)
		why = request_parse(&q, line);
	answer_begin(&a, q.id, "true,\"result\"");
	if (!why && monitor_run(&c, q.command))
		why = c.why;
	if (!why && a.n > a.room)
		why = "the answer is too long: ask for less";
	if (why) {
		answer_begin(&a, q.id, "false,\"error\"");
		report_quoted(&c.r, why);
	}
	a.n = min_u64(a.n, a.room);
	memcpy(to + a.n, "}\n", 2);
	return a.n + 2;
}
