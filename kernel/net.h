/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Switches between VMs inside the machine. A port is a VM's: it sends with its own
 * address only, and gets what is sent to that address or to a group. Nothing is learnt.
 * Pure.
 */
#pragma once

#include "arch/x86/spinlock.h"
#include "kernel/types.h"

#define NET_FRAME_MAX 1514u /* bytes: Ethernet without its checksum */
#define NET_FRAME_MIN 14u
#define NET_QUEUE     32u /* frames that wait for a guest; more are lost */
#define NET_MAC       6u

struct net_frame {
	uint16_t length;
	uint8_t bytes[NET_FRAME_MAX];
};

struct net_port {
	const char *net; /* whose ports can reach each other */
	uint8_t mac[NET_MAC];
	struct vm *vm; /* whose it is */
	struct net_port *next;
	struct spinlock lock; /* of what follows */
	unsigned head, count;
	uint64_t lost, refused; /* frames: no room; sender's address forged or no frame at all */
	struct net_frame queue[NET_QUEUE];
};

/* There is something to receive: any core, the sender's locks held. kernel/vm.c, or a test. */
void net_wake(struct net_port *p);
/* All but the queue is set. While the machine starts; the port stays for ever. */
void net_join(struct net_port *p);
/* From p to those whom the frame is for. */
void net_send(struct net_port *p, const struct net_frame *f);
bool net_waiting(const struct net_port *p);
/* The oldest frame that waits; false: there is none. */
bool net_receive(struct net_port *p, struct net_frame *f);
/* The frames that wait are dropped: the guest starts anew. */
void net_flush(struct net_port *p);
