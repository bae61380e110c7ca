/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Refusals as ranges of ids: a sweep over all MSRs is one line, not a flood. */
#include "kernel/refuse.h"

const char *const refuse_kind_names[REFUSE_KINDS] = {
	[REFUSE_RDMSR] = "RDMSR",
	[REFUSE_WRMSR] = "WRMSR",
	[REFUSE_IN] = "IN port",
	[REFUSE_OUT] = "OUT port",
	[REFUSE_READ] = "read of page",
	[REFUSE_WRITE] = "write to page",
	[REFUSE_FETCH] = "fetch from page",
	[REFUSE_INSN] = "instruction",
};

/* Nothing lies between the two, without wrapping round. */
static bool touches(uint64_t last, uint64_t first)
{
	return first > last ? first - last == 1 : last == first;
}

/* A range that has grown may touch the next one of its kind. */
static void merge(struct refusals *r, unsigned i)
{
	for (unsigned j = 0; j < r->ranges; j++) {
		struct refuse_range *a = &r->range[i], *b = &r->range[j];

		if (j == i || a->kind != b->kind ||
		    (!touches(a->last, b->first) && !touches(b->last, a->first)))
			continue;
		a->first = min_u64(a->first, b->first);
		a->last = max_u64(a->last, b->last);
		a->count += b->count;
		*b = r->range[--r->ranges];
		return;
	}
}

/* One place is kept for each kind that has none yet, whatever another one fills. */
static bool full(const struct refusals *r)
{
	unsigned kept = 0;

	for (unsigned k = 0; k < REFUSE_KINDS; k++)
		kept += !r->count[k];
	return r->ranges + kept >= REFUSE_RANGES;
}

bool refuse_add(struct refusals *r, enum refuse_kind kind, uint64_t id)
{
	r->count[kind]++;
	for (unsigned i = 0; i < r->ranges; i++) {
		struct refuse_range *a = &r->range[i];

		bool inside = id >= a->first && id <= a->last;

		if (a->kind != kind || (!inside && !touches(id, a->first) && !touches(a->last, id)))
			continue;
		a->count++;
		if (!inside) {
			a->first = min_u64(a->first, id);
			a->last = max_u64(a->last, id);
			merge(r, i);
		}
		return false;
	}
	if (full(r)) {
		r->unnamed++;
		return false;
	}
	r->range[r->ranges++] =
		(struct refuse_range){.first = id, .last = id, .count = 1, .kind = (uint8_t)kind};
	return true;
}
