/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to the monitor and their answers, one JSON object a line each way. */
#ifndef MULLIONCTL_LINK_H
#define MULLIONCTL_LINK_H

#include "tools/mullionctl/port.h"

#include <cjson/cJSON.h>
#include <stddef.h>

struct link {
	const char *where;
	struct port port;
	double timeout; /* seconds before a request is repeated, and again before it fails */
	unsigned id;
	char *in; /* received, not yet used */
	size_t used, size;
	char *answer; /* the last one as it came */
};

/* An enum of say.h; a sentence was said unless it is EXIT_FINE. */
int link_open(struct link *l, const char *where, double timeout);
void link_close(struct link *l);
/*
 * *result is the caller's; NULL where the answer has none. l->answer holds the text
 * until the next call.
 */
int link_ask(struct link *l, const char *command, cJSON **result);
/* The same for a command that has arguments. */
int link_askf(struct link *l, cJSON **result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/*
 * The text of a member of the object that text begins with, as it came: cJSON's numbers
 * are doubles, the monitor's may have 64 bits. NULL where there is none.
 */
const char *raw_member(const char *text, const char *name, size_t *length);

#endif
