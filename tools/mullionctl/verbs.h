/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verbs that are more than one request. Each ends with a status of say.h. */
#ifndef MULLIONCTL_VERBS_H
#define MULLIONCTL_VERBS_H

#include "tools/mullionctl/link.h"

#include <signal.h>
#include <stdbool.h>

struct options {
	const char *where;
	double timeout;
	bool json;
};

/* Ctrl-C, or another end that was asked for. */
extern volatile sig_atomic_t interrupted;
void catch_interrupts(void);

/* A positive number, or a sentence about the option and 0. */
double parse_seconds(const char *option, const char *text);
/* Prints an answer's result; frees it. */
int print_result(const struct link *l, bool json, cJSON *result);

/* argv[0] is the verb, its options follow. */
int top_main(const struct options *o, int argc, char **argv);
int trace_main(const struct options *o, int argc, char **argv);

#endif
