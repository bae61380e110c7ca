/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log ring: "seconds.micros text\n", one after the other. */
#include "kernel/dmesg.h"

#include "kernel/print.h"

struct dmesg log_ring;

static char at(const struct dmesg *d, uint64_t n)
{
	return d->text[n % sizeof(d->text)];
}

void dmesg_add(struct dmesg *d, uint64_t ns, const char *line)
{
	char text[DMESG_LINE];
	int n = ksnprintf(text, sizeof(text) - 1, "%5lu.%06lu %s", ns / 1000000000,
			  ns / 1000 % 1000000, line);
	uint64_t len = min_u64((uint64_t)n, sizeof(text) - 2), head = d->head;

	for (uint64_t i = 0; i < len; i++) /* a newline within would begin a line without a stamp */
		d->text[head++ % sizeof(d->text)] = text[i] == '\n' ? ' ' : text[i];
	d->text[head++ % sizeof(d->text)] = '\n';
	__atomic_store_n(&d->head, head, __ATOMIC_RELEASE);
}

/* A writer may be filling in its next line where the oldest ones are. */
static uint64_t oldest(const struct dmesg *d)
{
	uint64_t head = __atomic_load_n(&d->head, __ATOMIC_ACQUIRE);

	return head - min_u64(head, sizeof(d->text) - DMESG_LINE);
}

bool dmesg_read(const struct dmesg *d, uint64_t *cursor, char line[DMESG_LINE])
{
	for (;;) {
		uint64_t first = oldest(d), head = __atomic_load_n(&d->head, __ATOMIC_ACQUIRE);
		uint64_t n = min_u64(*cursor, head);
		unsigned len = 0;

		if (n < first) /* the rest of a line that is half overwritten is none */
			for (n = first; n < head && at(d, n - 1) != '\n'; n++)
				;
		while (n < head && at(d, n) != '\n' && len < DMESG_LINE - 1) {
			char c = at(d, n++);

			line[len++] = c < ' ' || c > '~' ? '?' : c; /* a copy may be damaged */
		}
		line[len] = '\0';
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (oldest(d) > first && n - len < oldest(d))
			continue; /* overtaken while it was copied */
		bool found = n < head;
		*cursor = n + (found && at(d, n) == '\n');
		return found;
	}
}
