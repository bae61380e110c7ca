/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the boot before this one left behind when it panicked, as lines of the log; pure. */
#include "kernel/log.h"
#include "kernel/survive.h"

#define TICKS_MAX BIT(43) /* less than an hour: to be multiplied below */

static void print_log(const struct dmesg *log)
{
	char line[DMESG_LINE];
	uint64_t at = 0, lines = 0;

	while (dmesg_read(log, &at, line))
		lines++;
	for (at = 0; dmesg_read(log, &at, line); lines--)
		if (lines <= SURVIVE_LINES)
			log_warn("before| %s", line);
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

void survive_print(void *region)
{
	struct survive *r = region;

	if (!survive_valid(r))
		return;
	/* First of all, so that a record on which this fails does not fail every boot. */
	r->magic = 0;
	/* A checksum is no proof of who wrote it: the terminal gets text and nothing else. */
	for (char *s = r->reason; *s; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
	log_warn("the hypervisor panicked in the boot before this one: %s", r->reason);
	log_warn("before| it was started %lu s after 1970 began", r->boot_epoch);
	print_log(&r->log);
	for (unsigned i = 0; i < r->core_count; i++) {
		const struct survive_core *c = &r->core[i];

		log_warn("before| core %u: %lu trace entries, times from the panic on", i,
			 c->count);
		for (unsigned n = 0; n < c->count; n++)
			print_entry(r, i, &c->e[n]);
	}
}
