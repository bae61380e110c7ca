/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor: commands of people at the console and of programs at the second
 * serial port. Runs on core 0, with no lock held. It reads what other cores
 * change meanwhile: each field once, and nothing interrupts them for it.
 */
#pragma once

#include "kernel/mon/line.h"
#include "kernel/mon/report.h"
#include "kernel/print.h"
#include "kernel/words.h"

#define MONITOR_WORDS 24u

struct vm;

/* One command. */
struct call {
	struct report r; /* out and ctx are the caller's; json: --json does the same */
	bool remote;     /* a program asks */

	/* For the verb: */
	const struct verb *verb;
	struct span word[MONITOR_WORDS]; /* [0] is the verb's */
	unsigned words;
	struct vm *vm; /* the one it names, if any */
	char why[200]; /* after an error: a sentence */
};

/*
 * 0, or an error from call_fail() before it printed anything. What it has begun to list is
 * ended for it.
 */
typedef int verb_fn(struct call *c);

struct verb {
	const char *name;
	const char *args; /* for people; VM or [VM] as the first is looked up */
	const char *help;
	unsigned least, most; /* words behind the verb */
	verb_fn *run;
	unsigned arg; /* its own */
};

/* 0 or a negative errno; with JSON, something is printed unless it is an error. */
int monitor_run(struct call *c, const char *command);

/* For completion: the ith word that may stand at text[start]. */
const char *monitor_word(const char *text, unsigned start, unsigned i);

/*
 * Carries out a program's request, a line, and puts the answer, another line,
 * into to. Returns its length; an answer that has no room is an error answer.
 */
size_t monitor_answer(const char *line, char *to, size_t size);

/* The monitor at the second serial port, of core 0: false when there is none. */
bool monitor_port_init(void);
/* Takes what came, a little; true: there is more. */
bool monitor_port_poll(void);

/* ---- for the verbs ---- */

struct vcpu;

/* Keeps the sentence; returns err. */
#define call_fail(c, err, ...) ((void)ksnprintf((c)->why, sizeof((c)->why), __VA_ARGS__), (err))
/* The words of a list by their number; NULL behind the last. */
typedef const char *(*words_fn)(unsigned i);
/* The place of a word in a list; -EINVAL after a sentence: no such `what`, perhaps the nearest. */
int call_choose(struct call *c, const char *what, words_fn list, struct span word);
/* Word i as a decimal number. */
int call_number(struct call *c, unsigned i, uint64_t *n);

/* kernel/mon/verbs_vm.c; verb_control's arg: enum vm_verb */
verb_fn verb_list, verb_info, verb_control, verb_console, verb_vcpus, verb_stats, verb_learn;
verb_fn verb_resize, verb_send, verb_receive, verb_balloon;
uint64_t vcpu_exits(const struct vcpu *v); /* of all kinds */

/* kernel/mon/verbs_host.c; verb_power's arg: off, else reset */
verb_fn verb_top, verb_cores, verb_dmesg, verb_trace, verb_memory, verb_version, verb_power;
