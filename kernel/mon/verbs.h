/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor's verbs, for its table; and what they share. */
#ifndef KERNEL_MON_VERBS_H
#define KERNEL_MON_VERBS_H

#include "kernel/mon/monitor.h"
#include "kernel/print.h"
#include "kernel/words.h"

struct vcpu;

/* Keeps the sentence; returns err. */
#define call_fail(c, err, ...) ((void)ksnprintf((c)->why, sizeof((c)->why), __VA_ARGS__), (err))
/* The place of a word in a list; -EINVAL after a sentence: no such `what`, perhaps the nearest. */
int call_choose(struct call *c, const char *what, words_fn list, const char *word);
/* Word i as a decimal number. */
int call_number(struct call *c, unsigned i, uint64_t *n);

/* kernel/mon/verbs_vm.c */
int verb_list(struct call *c);
int verb_info(struct call *c);
int verb_control(struct call *c); /* arg: enum vm_verb */
int verb_console(struct call *c);
int verb_vcpus(struct call *c);
int verb_stats(struct call *c);
int verb_learn(struct call *c);
uint64_t vcpu_exits(const struct vcpu *v); /* of all kinds */

/* kernel/mon/verbs_host.c */
int verb_top(struct call *c);
int verb_dmesg(struct call *c);
int verb_trace(struct call *c);
int verb_memory(struct call *c);
int verb_version(struct call *c);
int verb_power(struct call *c); /* arg: off, else reset */

#endif
