/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The physical 16550s: the hypervisor's console, and a second port for programs. */
#pragma once

#include "kernel/types.h"

#define SERIAL_COM1     0x3f8u
#define SERIAL_COM2     0x2f8u
#define SERIAL_COM1_IRQ 4u
#define SERIAL_COM2_IRQ 3u
#define SERIAL_RING     KIB(64) /* of output that waits for the line */

struct serial_port {
	uint16_t base; /* 0: none */
	bool by_irq;   /* the interrupt is routed; before that, output is waited for */
	bool hold;     /* what is received raises no interrupt, from the next serial_pump() on */
	size_t head, count; /* of what waits */
	char ring[SERIAL_RING];
};

extern struct serial_port serial_com1, serial_com2;

/* False when nothing answers at the port; then the others do nothing. */
bool serial_init(struct serial_port *p, uint16_t port);
/*
 * Not locked. Once the interrupt is on it waits only for room in the ring:
 * serial_pump() sends the rest.
 */
void serial_write(struct serial_port *p, const char *s, size_t n);
/* Gives the transmitter what waits; to be called on the interrupt, as serial_write(). */
void serial_pump(struct serial_port *p);
/* Some reason for an interrupt is left: reading and pumping must go on. */
bool serial_wants_service(struct serial_port *p);
/* The next byte received, or -1. */
int serial_read(struct serial_port *p);
/* The interrupt arrives from now on: received bytes and an empty transmitter raise it. */
void serial_enable_irq(struct serial_port *p);
/* Waits until the last bit of all that waits has left. */
void serial_drain(struct serial_port *p);
