/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events that are delivered to a guest through its IDT, and how two of them merge. Pure. */
#pragma once

#include "kernel/types.h"

/* Values are those of the VM-entry interruption type (SDM 3C 24.8.3). */
enum event_type {
	EVENT_EXTINT = 0,
	EVENT_NMI = 2,
	EVENT_EXCEPTION = 3, /* hardware exception */
	EVENT_SWINT = 4,     /* INT n */
	EVENT_ICEBP = 5,     /* INT1 */
	EVENT_SWEXC = 6,     /* INT3, INTO */
};

struct vcpu_event {
	bool valid;
	uint8_t type; /* enum event_type */
	uint8_t vector;
	bool has_error;
	uint8_t insn_len; /* software events: bytes to skip on delivery */
	uint32_t error;
};

/* An exception with an error code. */
static inline struct vcpu_event event_fault(uint8_t vector, uint32_t error)
{
	return (struct vcpu_event){true, EVENT_EXCEPTION, vector, true, 0, error};
}

/*
 * What is to be delivered when `next` is raised while `pending` was being
 * delivered (pending.valid may be false). Benign/contributory/page-fault rules
 * of SDM 3A table 6-5, APM 2 8.2.9: may turn into #DF. *shutdown is set when
 * the result is a triple fault. A pending external interrupt or NMI that lost
 * against an exception is reported in *lost (its caller pends it again);
 * a software event is dropped, since its instruction will run again.
 */
struct vcpu_event event_merge(struct vcpu_event pending, struct vcpu_event next, bool *shutdown,
			      struct vcpu_event *lost);
