/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The physical 16550: the hypervisor's console. */
#ifndef ARCH_X86_SERIAL_H
#define ARCH_X86_SERIAL_H

#include "kernel/types.h"

#define SERIAL_COM1     0x3f8u
#define SERIAL_COM1_IRQ 4u

/* False when nothing answers at the port; then the others do nothing. */
bool serial_init(uint16_t port);
/* Not locked, and does not wait once the interrupt is on: serial_pump() sends the rest. */
void serial_write(const char *s, size_t n);
/* Gives the transmitter what waits; to be called on the interrupt, as serial_write(). */
void serial_pump(void);
/* Some reason for an interrupt is left: reading and pumping must go on. */
bool serial_wants_service(void);
/* The next byte received, or -1. */
int serial_read(void);
/* The interrupt arrives from now on: received bytes and an empty transmitter raise it. */
void serial_enable_irq(void);
/* Waits until the last bit of all that waits has left. */
void serial_drain(void);

#endif
