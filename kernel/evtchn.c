/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event ports: pending bits, masks and bindings to local APIC vectors. Pure. */
#include "kernel/evtchn.h"

/* Sends those of the ports that are pending and not masked. */
static void notify(struct evtchn *e, uint32_t ports)
{
	for (ports &= e->pending & ~e->mask; ports; ports &= ports - 1) {
		uint32_t b = e->binding[__builtin_ctz(ports)];

		evtchn_notify(e, b >> 8, (uint8_t)b);
	}
}

void evtchn_raise(struct evtchn *e, unsigned port)
{
	e->pending |= (uint32_t)BIT(port);
	notify(e, (uint32_t)BIT(port));
}

int evtchn_bind(struct evtchn *e, uint64_t port, uint64_t vector, unsigned vcpu)
{
	if (port >= MULLION_PORTS || vector > 255 || (vector && vector < 32))
		return -EINVAL;

	e->binding[port] = vector ? (uint32_t)vector | vcpu << 8 : 0;
	notify(e, (uint32_t)BIT(port));
	return 0;
}

uint32_t evtchn_mask(struct evtchn *e, uint32_t mask)
{
	uint32_t old = e->mask;

	e->mask = mask;
	notify(e, old);
	return old;
}

uint32_t evtchn_take(struct evtchn *e, uint32_t ports)
{
	uint32_t taken = e->pending & ports;

	e->pending &= ~ports;
	return taken;
}

bool evtchn_active(const struct evtchn *e)
{
	return e->pending & ~e->mask;
}
