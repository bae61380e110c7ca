/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How an event that is raised while another is being delivered merges with it; pure. */
#include "kernel/event.h"

#include "arch/x86/regs.h"

enum event_class { BENIGN, CONTRIBUTORY, PAGE_FAULT, DOUBLE_FAULT };

/*
 * SDM 3A table 6-4, APM 2 8.2.9. What software asks for (INT n, INT1, INT3,
 * INTO), NMIs and interrupts are benign whatever their vector.
 */
static enum event_class classify(const struct vcpu_event *e)
{
	uint64_t vector = e->type == EVENT_EXCEPTION && e->vector < 64 ? BIT(e->vector) : 0;

	if (vector &
	    (BIT(VEC_DE) | BIT(VEC_TS) | BIT(VEC_NP) | BIT(VEC_SS) | BIT(VEC_GP) | BIT(VEC_CP)))
		return CONTRIBUTORY;
	if (vector & (BIT(VEC_PF) | BIT(VEC_VE)))
		return PAGE_FAULT;
	return vector & BIT(VEC_DF) ? DOUBLE_FAULT : BENIGN;
}

/* Nothing raises these again when they are dropped. */
static bool asynchronous(const struct vcpu_event *e)
{
	return e->type == EVENT_EXTINT || e->type == EVENT_NMI;
}

struct vcpu_event event_merge(struct vcpu_event pending, struct vcpu_event next, bool *shutdown,
			      struct vcpu_event *lost)
{
	const struct vcpu_event none = {0};
	enum event_class first, second;

	*shutdown = false;
	*lost = none;
	if (!next.valid || !pending.valid)
		return next.valid ? next : pending;

	/* Only an exception breaks into a delivery; anything else waits for its end. */
	if (next.type != EVENT_EXCEPTION) {
		if (asynchronous(&next))
			*lost = next;
		return pending;
	}
	first = classify(&pending);
	second = classify(&next);
	/* SDM 3A table 6-5, and the text below it for a fault on the way to #DF. */
	if (first == DOUBLE_FAULT && second != BENIGN) {
		*shutdown = true;
		return none;
	}
	if ((first == CONTRIBUTORY && second == CONTRIBUTORY) ||
	    (first == PAGE_FAULT && (second == CONTRIBUTORY || second == PAGE_FAULT)))
		return event_fault(VEC_DF, 0);
	if (asynchronous(&pending))
		*lost = pending;
	return next;
}
