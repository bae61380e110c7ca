/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The switches: who gets which frame, and the frames that wait. */
#include "kernel/net.h"

static struct net_port *ports;

void net_join(struct net_port *p)
{
	p->next = ports;
	ports = p;
}

static void put(struct net_port *p, const struct net_frame *f)
{
	spin_lock(&p->lock);
	if (p->count < NET_QUEUE) {
		struct net_frame *to = &p->queue[(p->head + p->count++) % NET_QUEUE];

		to->length = f->length;
		memcpy(to->bytes, f->bytes, f->length);
	} else {
		p->lost++;
	}
	spin_unlock(&p->lock);
	net_wake(p);
}

void net_send(struct net_port *p, const struct net_frame *f)
{
	const uint8_t *to = f->bytes, *from = f->bytes + NET_MAC;

	if (f->length < NET_FRAME_MIN || memcmp(from, p->mac, NET_MAC)) {
		p->refused++;
		return;
	}
	for (struct net_port *o = ports; o; o = o->next)
		if (o != p && !strcmp(o->net, p->net) &&
		    ((to[0] & 1) || !memcmp(to, o->mac, NET_MAC)))
			put(o, f);
}

bool net_waiting(const struct net_port *p)
{
	return __atomic_load_n(&p->count, __ATOMIC_ACQUIRE) != 0;
}

bool net_receive(struct net_port *p, struct net_frame *f)
{
	SPIN_HOLD(&p->lock);
	if (!p->count)
		return false;
	const struct net_frame *from = &p->queue[p->head];
	f->length = from->length;
	memcpy(f->bytes, from->bytes, from->length);
	p->head = (p->head + 1) % NET_QUEUE;
	p->count--;
	return true;
}

void net_flush(struct net_port *p)
{
	SPIN_HOLD(&p->lock);
	p->count = 0;
}
