/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event ports of a paravirtual VM. Pure; not locked: callers hold the VM's lock. */
#pragma once

#include "guests/include/mullion.h"
#include "kernel/types.h"

struct evtchn {
	uint32_t pending, mask;
	uint32_t binding[MULLION_PORTS]; /* vector | vcpu << 8; 0: none */
};

/*
 * Sets the vector in the IRR of the vCPU's local APIC (edge) and wakes
 * or kicks the vCPU. Vector 0: nothing to deliver, but the VM's vCPUs
 * that wait in HALT shall look at evtchn_active() again.
 * kernel/pv.c, or a test.
 */
void evtchn_notify(struct evtchn *e, unsigned vcpu, uint8_t vector);

/* port < MULLION_PORTS. */
void evtchn_raise(struct evtchn *e, unsigned port);

/* -EINVAL: port or vector. The caller has checked the vCPU. */
int evtchn_bind(struct evtchn *e, uint64_t port, uint64_t vector, unsigned vcpu);

/* Return the mask before, and what was pending of `ports`. */
uint32_t evtchn_mask(struct evtchn *e, uint32_t mask);
uint32_t evtchn_take(struct evtchn *e, uint32_t ports);

/* Is something pending that is not masked? The condition that ends HALT. */
bool evtchn_active(const struct evtchn *e);
