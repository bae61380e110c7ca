/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Refused accesses by id and direction; printed as ranges of neighbours. */
#include "kernel/learn.h"
#include "kernel/grant.h"
#include "kernel/print.h"

static const struct {
	const char *key, *things;
	uint32_t max;
} kinds[] = {
	[GRANT_MSR] = {"allow_msr", "MSRs", UINT32_MAX},
	[GRANT_PORT] = {"allow_port", "ports", UINT16_MAX},
	[GRANT_PCI] = {"allow_pci", "PCI functions", UINT16_MAX},
};

static struct learn_record *record(struct learn_table *t, const struct learn_access *a, uint32_t id)
{
	for (unsigned i = 0; i < t->count; i++) {
		struct learn_record *r = &t->r[i];

		if (r->id == id && r->write == a->write && r->kept == a->kept)
			return r;
	}
	if (t->count == LEARN_RECORDS)
		return NULL;
	t->r[t->count] = (struct learn_record){.rip = a->rip,
					       .id = id,
					       .vcpu = (uint16_t)a->vcpu,
					       .write = a->write,
					       .kept = a->kept};
	__atomic_store_n(&t->count, t->count + 1, __ATOMIC_RELEASE);
	return &t->r[t->count - 1];
}

void learn_add(struct learn *l, const struct learn_access *a)
{
	struct learn_table *t = &l->table[a->kind];
	bool lost = false;

	for (unsigned i = 0; i < a->size && (uint64_t)a->id + i <= kinds[a->kind].max; i++) {
		struct learn_record *r = record(t, a, a->id + i);

		lost |= !r;
		if (r)
			r->count += i == 0;
	}
	t->lost += lost;
}

/* Neighbouring ids of which the same was refused, and can or cannot be given. */
struct run {
	uint32_t first, last;
	bool read, write;
	const char *why; /* it cannot be given; NULL: it can */
	uint64_t count;
	const struct learn_record *begin; /* the earliest */
};

/* Why no line can give what the record says; NULL: one can. */
static const char *why_not(enum grant_kind kind, const struct learn_record *r)
{
	const struct grant_never *n = grant_never(kind, r->id, r->id, r->write);

	if (n)
		return n->why;
	return r->kept ? "the hypervisor answers it itself" : NULL;
}

/* The records of the lowest id from `from` on; false: none is left. */
static bool lowest(const struct learn_table *t, enum grant_kind kind, bool give, uint64_t from,
		   struct run *run)
{
	unsigned count = __atomic_load_n(&t->count, __ATOMIC_ACQUIRE);

	*run = (struct run){0};
	for (unsigned i = 0; i < count; i++) {
		const struct learn_record *r = &t->r[i];
		const char *why = why_not(kind, r);

		if (r->id < from || give != !why || (run->begin && r->id > run->first))
			continue;
		if (!run->begin || r->id < run->first)
			*run = (struct run){.first = r->id, .last = r->id, .why = why, .begin = r};
		run->read |= !r->write;
		run->write |= r->write;
		run->count += r->count;
	}
	return run->begin != NULL;
}

/* As the parser reads it: PCI functions one by one. */
static bool joins(const struct run *a, const struct run *b, enum grant_kind kind)
{
	return kind != GRANT_PCI && b->first == a->last + 1 && a->read == b->read &&
	       a->write == b->write && a->why == b->why;
}

static void show(const struct run *r, enum grant_kind kind, learn_line_fn line, void *ctx)
{
	char text[160], what[32], times[32];
	const char *rights = !r->write ? "read" : r->read ? "read write" : "write";

	if (kind == GRANT_PCI)
		ksnprintf(what, sizeof(what), "%02x:%02x.%x", r->first >> 8, r->first >> 3 & 31,
			  r->first & 7);
	else if (r->first == r->last)
		ksnprintf(what, sizeof(what), "0x%x", r->first);
	else
		ksnprintf(what, sizeof(what), "0x%x-0x%x", r->first, r->last);
	ksnprintf(times, sizeof(times), "%lu time%s", r->count, r->count == 1 ? "" : "s");
	ksnprintf(text, sizeof(text), "# %s, first at rip 0x%lx (vCPU %u)",
		  r->count ? times : "within wider accesses", r->begin->rip, r->begin->vcpu);
	line(ctx, text);
	ksnprintf(text, sizeof(text), "%s%s = %s %s%s%s", r->why ? "# cannot be given: " : "",
		  kinds[kind].key, what, rights, r->why ? ": " : "", r->why ? r->why : "");
	line(ctx, text);
}

/* Gives how many lines it has printed. */
static unsigned runs(const struct learn_table *t, enum grant_kind kind, bool give,
		     learn_line_fn line, void *ctx)
{
	struct run run, next;
	bool more = lowest(t, kind, give, 0, &run);
	unsigned n = 0;

	while (more) {
		more = lowest(t, kind, give, (uint64_t)run.last + 1, &next);
		if (more && joins(&run, &next, kind)) {
			run.last = next.last;
			run.count += next.count;
			if (next.begin < run.begin)
				run.begin = next.begin;
			continue;
		}
		show(&run, kind, line, ctx);
		n++;
		run = next;
	}
	return n;
}

void learn_lines(const struct learn *l, learn_line_fn line, void *ctx)
{
	unsigned given = 0, not_given = 0;
	uint64_t lost = 0;
	char text[160];

	for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++)
		given += runs(&l->table[k], (enum grant_kind)k, true, line, ctx);
	for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++)
		not_given += runs(&l->table[k], (enum grant_kind)k, false, line, ctx);
	for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++) {
		if (!l->table[k].lost)
			continue;
		lost += l->table[k].lost;
		ksnprintf(text, sizeof(text),
			  "# %lu accesses to other %s are not listed: %u are kept",
			  l->table[k].lost, kinds[k].things, LEARN_RECORDS);
		line(ctx, text);
	}
	if (given > CONFIG_MAX_GRANTS) {
		ksnprintf(text, sizeof(text), "# these are %u lines, and a VM takes %u: choose",
			  given, CONFIG_MAX_GRANTS);
		line(ctx, text);
	}
	if (!given && !not_given && !lost)
		line(ctx, "# nothing was refused");
}
