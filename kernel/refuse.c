/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Refusals as ranges of ids: a sweep over all MSRs is one line, not a flood. */
#include "kernel/refuse.h"

#define NAME(kind, name) [REFUSE_##kind] = (name),
const char *const refuse_kind_names[REFUSE_KINDS] = {REFUSE_LIST(NAME)};
#undef NAME

/* From the end of one to the beginning of the other, without wrapping round; 0: they overlap. */
static uint64_t distance(const struct refuse_range *a, const struct refuse_range *b)
{
	if (a->first > b->last)
		return a->first - b->last;
	return b->first > a->last ? b->first - a->last : 0;
}

static bool joins(const struct refuse_range *a, const struct refuse_range *b)
{
	bool alone = a->kind == REFUSE_PCI_READ || a->kind == REFUSE_PCI_WRITE;

	return a->kind == b->kind && a->why == b->why && distance(a, b) <= (alone ? 0 : 1);
}

static void widen(struct refuse_range *a, const struct refuse_range *b)
{
	a->first = min_u64(a->first, b->first);
	a->last = max_u64(a->last, b->last);
}

/* One place is kept for each kind that has none yet, whatever another one fills. */
static bool full(const struct refusals *r)
{
	unsigned kept = 0;

	for (unsigned k = 0; k < REFUSE_KINDS; k++)
		kept += !r->count[k];
	return r->ranges + kept >= r->room;
}

struct refuse_range *refuse_add(struct refusals *r, const struct refuse_range *access)
{
	struct refuse_range *home = NULL;

	r->count[access->kind]++;
	for (unsigned i = 0; i < r->ranges; i++) {
		struct refuse_range *a = &r->range[i];

		if (!joins(a, access))
			continue;
		if (!home) {
			home = a;
			home->count++;
			if (access->first >= a->first && access->last <= a->last)
				return NULL;
			widen(home, access);
			continue;
		}
		/* The access has closed the gap between two. */
		widen(home, a);
		home->count += a->count;
		memmove(a, a + 1, (--r->ranges - i) * sizeof(*a));
		i--;
	}
	if (home)
		return NULL;
	if (full(r)) {
		r->unnamed[access->kind]++;
		return NULL;
	}
	home = &r->range[r->ranges++];
	*home = *access;
	home->count = 1;
	return home;
}
