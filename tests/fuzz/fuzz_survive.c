/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as the record of a panic: what is believed of them is text, and bounded. */
/* sources: kernel/survive.c kernel/survive_print.c */
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
	static char line[SURVIVE_LOG + 256];
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

/*
 * A checksum cannot be guessed: every other input is given a right one, and
 * the sizes that go with its number of cores, up to one too many for its room.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = size + sizeof(struct survive_core) * (size % 3);
	uint8_t *bytes = calloc(1, room ? room : 1);
	struct survive *r = (void *)bytes;

	MUST(bytes);
	if (size)
		memcpy(bytes, data, size);
	if (size && size >= offsetof(struct survive, core) && data[0] & 1) {
		uint64_t fits = (room - offsetof(struct survive, core)) / sizeof(r->core[0]);

		r->core_count %= (uint32_t)(fits + 1);
		r->version = SURVIVE_VERSION;
		r->size = (uint32_t)(offsetof(struct survive, core) +
				     r->core_count * sizeof(r->core[0]));
		for (unsigned i = 0; data[1] & 1 && i < r->core_count; i++)
			r->core[i].count %= TRACE_KEPT + 1;
		r->log_len %= data[1] & 2 ? SURVIVE_LOG + 1 : UINT64_MAX;
		survive_seal(r);
	}
	lines = 0;
	bool valid = survive_valid(bytes, room);
	survive_print(bytes, room);
	MUST(valid == (lines > 0) && !survive_valid(bytes, room));
	MUST(!valid || lines <= 2 + SURVIVE_LINES + 1 + r->core_count * (TRACE_KEPT + 1));
	free(bytes);
	return 0;
}
