/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event ports: pending bits, masks and bindings to local APIC vectors. Pure. */
#include "kernel/evtchn.h"

/*
 * Nothing is lost without a lock because each side writes its word and then
 * reads the other's, sequentially consistent: a raise sets pending and then
 * reads mask and binding; bind and mask write theirs and then read pending. At
 * least one of two that meet sees the other; if both do, the guest gets an
 * interrupt too many, which the ABI allows.
 */

static void notify_bound(struct evtchn *e, unsigned port)
{
	uint32_t b = __atomic_load_n(&e->binding[port], __ATOMIC_SEQ_CST);

	e->notify(e->ctx, b >> 8, (uint8_t)b);
}

void evtchn_init(struct evtchn *e, void (*notify)(void *ctx, unsigned vcpu, uint8_t vector),
		 void *ctx)
{
	*e = (struct evtchn){.notify = notify, .ctx = ctx};
}

void evtchn_raise(struct evtchn *e, unsigned port)
{
	uint32_t bit = (uint32_t)BIT(port);

	__atomic_fetch_or(&e->pending, bit, __ATOMIC_SEQ_CST);
	if (!(__atomic_load_n(&e->mask, __ATOMIC_SEQ_CST) & bit))
		notify_bound(e, port);
}

int evtchn_bind(struct evtchn *e, uint64_t port, uint64_t vector, unsigned vcpu)
{
	if (port >= MULLION_PORTS || vector > 255 || (vector && vector < 32))
		return -EINVAL;

	uint32_t binding = vector ? (uint32_t)vector | vcpu << 8 : 0;
	uint32_t bit = (uint32_t)BIT(port);

	__atomic_store_n(&e->binding[port], binding, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&e->pending, __ATOMIC_SEQ_CST) & bit &
	    ~__atomic_load_n(&e->mask, __ATOMIC_SEQ_CST))
		notify_bound(e, (unsigned)port);
	return 0;
}

uint32_t evtchn_mask(struct evtchn *e, uint32_t mask)
{
	uint32_t old = __atomic_exchange_n(&e->mask, mask, __ATOMIC_SEQ_CST);
	uint32_t due = __atomic_load_n(&e->pending, __ATOMIC_SEQ_CST) & old & ~mask;

	for (; due; due &= due - 1)
		notify_bound(e, (unsigned)__builtin_ctz(due));
	return old;
}

uint32_t evtchn_take(struct evtchn *e, uint32_t ports)
{
	return __atomic_fetch_and(&e->pending, ~ports, __ATOMIC_SEQ_CST) & ports;
}

bool evtchn_active(const struct evtchn *e)
{
	return __atomic_load_n(&e->pending, __ATOMIC_SEQ_CST) &
	       ~__atomic_load_n(&e->mask, __ATOMIC_SEQ_CST);
}
