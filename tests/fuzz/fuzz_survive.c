/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as the record of a panic: what is believed of them is text, and bounded. */
/* sources: kernel/survive.c kernel/survive_print.c kernel/dmesg.c kernel/print.c */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/log.h"
#include "kernel/survive.h"

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned lines;

void log_warn(const char *fmt, ...)
{
	static char line[1024];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	MUST(n > 0 && (size_t)n < sizeof(line));
	for (int i = 0; i < n; i++)
		MUST(line[i] >= ' ' && line[i] <= '~');
	lines++;
}

const char *trace_kind_name(enum trace_kind kind)
{
	return kind < TRACE_KINDS ? "kind" : "?";
}

/* A checksum cannot be guessed: every other input is given a right one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct survive *r = calloc(1, sizeof(*r));

	MUST(r);
	memcpy(r, data, size < sizeof(*r) ? size : sizeof(*r));
	if (size > 1 && data[0] & 1) {
		r->core_count %= SURVIVE_CORES + 2; /* one too many, too */
		for (unsigned i = 0; data[1] & 1 && i < r->core_count && i < SURVIVE_CORES; i++)
			r->core[i].count %= TRACE_KEPT + 1;
		if (r->core_count <= SURVIVE_CORES)
			survive_seal(r);
	}
	lines = 0;
	bool valid = survive_valid(r);
	survive_print(r);
	MUST(valid == (lines > 0) && !survive_valid(r));
	MUST(!valid || lines <= 2 + SURVIVE_LINES + r->core_count * (TRACE_KEPT + 1));
	free(r);
	return 0;
}
