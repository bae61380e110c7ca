/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two halves of the configuration parser share; nobody else includes it. */
#ifndef KERNEL_CONFIG_PARSE_H
#define KERNEL_CONFIG_PARSE_H

#include "kernel/config.h"

/* A piece of the file. */
struct span {
	const char *s;
	unsigned len;
};

/* Text of the file made printable and cut, for a message. */
struct echo {
	char s[44];
};

/* The best of the names offered so far for a word that is none of them. */
struct nearest {
	struct span word, best; /* best.len 0: nothing is near */
	unsigned distance;
};

struct config_parser {
	struct config *c;
	config_diag_fn diag;
	void *ctx;
	unsigned line;
	bool file_refused;

	/* The section: */
	enum config_where where;
	bool skip;            /* its header was wrong: its lines are not looked at */
	struct config_vm *vm; /* where == CONFIG_VM, unless skip */
	unsigned core_first, core_last;
	unsigned seen[CONFIG_KEYS_MAX]; /* line of each key in this section */
};

/* One diagnostic; refuses the VM in whose section it is, else the file. */
void config_fail(struct config_parser *p, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

struct span config_trim(struct span s);
bool config_is(struct span s, const char *word);
/* Takes digits from the front; false when there are none; saturates. */
bool config_number(struct span *s, uint64_t *v);
struct echo config_echo(struct span s);
void config_nearest(struct nearest *n, const char *name, unsigned len);

/* key = value, both trimmed, in p's section. */
void config_set(struct config_parser *p, struct span key, struct span value);

#endif
