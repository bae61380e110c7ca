/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the configuration's judgement share; nobody else includes it. */
#pragma once

#include "kernel/config.h"
#include "kernel/words.h"

/* Text of the file made printable and cut, for a message. */
struct echo {
	char s[44];
};

struct config_parser {
	struct config *c;
	unsigned line;
	bool file_refused;
	unsigned errors; /* before this section */

	/* The section: */
	enum config_where where;
	struct config_vm *vm; /* where == CONFIG_VM: NULL when there is none of that name */
	void *target;         /* whose keys follow; NULL: a wrong header, they are not looked at */
};

/* One diagnostic; refuses the VM in whose section it is, else the file. */
void config_fail(struct config_parser *p, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

struct echo config_echo(struct span s);
/* The place of word in a list such as "pv, linux"; -1 after a diagnostic: no such `what`. */
int config_choose(struct config_parser *p, const char *what, struct span word, const char *list);

/* key = value, both trimmed, in p's section. */
void config_set(struct config_parser *p, struct span key, struct span value);

/* key = value, and where it goes. */
struct config_setting {
	struct config_parser *p;
	const struct config_key *k;
	struct span v;
	void *to;
};
