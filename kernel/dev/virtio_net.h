/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio network device (virtio 1.2, 5.1): a port of a switch, no offloads. Pure. */
#pragma once

#include "kernel/dev/virtio.h"
#include "kernel/net.h"

struct virtio_net {
	struct virtio virtio; /* virtio_net_prepare(), and the rest as virtio_init() says */
	struct net_port *port;
	struct net_frame frame; /* on its way */
};

/* What has come to the port until now is lost. */
void virtio_net_prepare(struct virtio_net *n, struct net_port *port);
/* Hands the guest what has come for it, as far as it has given buffers. */
void virtio_net_receive(struct virtio_net *n);
