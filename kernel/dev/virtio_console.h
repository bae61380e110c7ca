/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio console (virtio 1.2, 5.3): port 0 is a terminal, port 1 a channel of bytes. Pure. */
#pragma once

#include "kernel/dev/virtio.h"

#define VIRTIO_CONSOLE_PORTS 2u
#define VIRTIO_CONSOLE_AGENT "org.mullion.agent" /* the name of port 1 */

struct virtio_console {
	struct virtio virtio; /* virtio_console_prepare(), and the rest as virtio_init() says */
	struct {
		uint16_t columns, rows;
		uint32_t ports, emergency;
	} config;
	struct console_port {
		uint8_t due; /* control messages that wait for a buffer, by BIT(event) */
		bool open;   /* by the guest */
		bool sending;
		struct virtq_chain sent; /* what the guest writes, if sending: what is left of it */
	} port[VIRTIO_CONSOLE_PORTS];
};

/* The other end of a port, beside vm_port_read(): kernel/port.c, or a test. A write takes all. */
void vm_port_write(struct vm *vm, unsigned port, const char *p, unsigned n);
unsigned vm_port_waiting(const struct vm *vm, unsigned port);

/* Of a terminal whose size is c->config's. */
void virtio_console_prepare(struct virtio_console *c);
/* Bytes wait for a port. */
void virtio_console_receive(struct virtio_console *c, unsigned port);
/* c->config has another size now. */
void virtio_console_resized(struct virtio_console *c);
