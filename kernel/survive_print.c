/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the boot before this one left behind when it panicked, as lines of the log; pure. */
#include "kernel/log.h"
#include "kernel/survive.h"

#define TICKS_MAX BIT(43) /* less than an hour: to be multiplied below */

/* A checksum is no proof of who wrote it: the terminal gets text and nothing else. */
static void to_text(char *s, uint64_t n)
{
	for (; n--; s++)
		if ((*s < ' ' || *s > '~') && *s != '\n' && *s != '\0')
			*s = '?';
}

static void print_log(const char *log, uint64_t len)
{
	uint64_t at = len;

	for (unsigned lines = 0; at && (log[at - 1] != '\n' || lines++ < SURVIVE_LINES); at--)
		;
	while (at < len) {
		uint64_t n = 0;

		while (at + n < len && log[at + n] != '\n')
			n++;
		log_warn("before| %.*s", (int)n, log + at);
		at += n + 1;
	}
}

static void print_entry(const struct survive *r, unsigned core, const struct trace_entry *e)
{
	bool late = e->tsc > r->tsc; /* a core that had not been stopped yet */
	uint64_t ticks = min_u64(late ? e->tsc - r->tsc : r->tsc - e->tsc, TICKS_MAX);
	uint64_t ns = ticks * 1000000 / max_u64(r->tsc_hz / 1000, 1);

	log_warn("before| core %u %c%lu.%03lu us %-9s vm %u vcpu %u a 0x%lx b 0x%lx", core,
		 late ? '+' : '-', ns / 1000, ns % 1000, trace_kind_name(e->kind), e->vm, e->vcpu,
		 e->a, e->b);
}

void survive_print(void *region, uint64_t size)
{
	struct survive *r = region;

	if (!survive_valid(r, size))
		return;
	/* First of all, so that a record on which this fails does not fail every boot. */
	r->magic = 0;
	to_text(r->reason, SURVIVE_REASON);
	to_text(r->log, r->log_len);
	log_warn("the hypervisor panicked in the boot before this one: %s", r->reason);
	log_warn("before| it was started %lu s after 1970 began", r->boot_epoch);
	print_log(r->log, r->log_len);
	for (unsigned i = 0; i < r->core_count; i++) {
		const struct survive_core *c = &r->core[i];

		log_warn("before| core %u: %lu trace entries, times from the panic on", i,
			 c->count);
		for (unsigned n = 0; n < c->count; n++)
			print_entry(r, i, &c->e[n]);
	}
}
