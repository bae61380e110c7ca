/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames between a guest's queues and its port of a switch: virtio 1.2, 5.1.6. */
#include "kernel/dev/virtio_net.h"

#define F_MAC BIT(5)

#define RX 0u
#define TX 1u

struct header { /* of every frame; no offload is agreed on: zeroes, but for the count */
	uint8_t flags, gso_type;
	uint16_t header_length, gso_size, csum_start, csum_offset, buffers;
};

static long transmit(struct virtio *v, unsigned queue)
{
	struct virtio_net *n = container_of(v, struct virtio_net, virtio);
	struct virtq *q = &v->queue[queue];
	struct header h;

	if (virtq_take(q, &v->chain.out, &h, sizeof(h)) != sizeof(h))
		return -EINVAL;
	long length = virtq_take(q, &v->chain.out, n->frame.bytes, NET_FRAME_MAX);
	if (length < 0)
		return length;
	n->frame.length = (uint16_t)length;
	/* One that is too long goes nowhere, as on a wire. */
	if (!v->chain.out.count)
		net_send(n->port, &n->frame);
	return 0;
}

static long deliver(struct virtio *v, const struct net_frame *f)
{
	struct virtq *q = &v->queue[RX];
	const struct header h = {.buffers = 1};

	if (virtq_length(&v->chain.in) < sizeof(h) + f->length)
		return -EINVAL; /* 5.1.6.3.1 demands room for the largest one */
	if (virtq_put(q, &v->chain.in, &h, sizeof(h)) < 0 ||
	    virtq_put(q, &v->chain.in, f->bytes, f->length) < 0)
		return -EFAULT;
	return (long)sizeof(h) + f->length;
}

/*
 * A frame is taken only when there is a buffer for it. More of both may come all the
 * while, from other cores: then it goes on later.
 */
static void fill(struct virtio *v, unsigned queue)
{
	struct virtio_net *n = container_of(v, struct virtio_net, virtio);

	for (unsigned i = 0; net_waiting(n->port) && virtio_take(v, queue); i++) {
		virtio_give(v, queue, net_receive(n->port, &n->frame) ? deliver(v, &n->frame) : 0);
		if (i == NET_QUEUE) {
			dev_timer_arm(v->later, dev_now(v->later));
			break;
		}
	}
}

void virtio_net_receive(struct virtio_net *n)
{
	fill(&n->virtio, RX);
}

static const struct virtio_model model = {
	.id = VIRTIO_ID_NET,
	.class_code = 0x020000,
	.queues = 2,
	.passive = BIT(RX),
	.request = transmit,
	.fill = fill,
};

void virtio_net_prepare(struct virtio_net *n, struct net_port *port)
{
	net_flush(port);
	n->port = port;
	n->virtio.model = &model;
	n->virtio.features = F_MAC;
	n->virtio.config = port->mac;
	n->virtio.config_size = sizeof(port->mac);
}
