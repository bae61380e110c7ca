/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The physical 16550: the hypervisor's console. */
#ifndef ARCH_X86_SERIAL_H
#define ARCH_X86_SERIAL_H

#include "kernel/types.h"

#define SERIAL_COM1     0x3f8u
#define SERIAL_COM1_IRQ 4u

/* False when nothing answers at the port; then the others do nothing. */
bool serial_init(uint16_t port);
void serial_write(const char *s, size_t n);
/* The next byte received, or -1. */
int serial_read(void);
/* Received bytes raise the interrupt line from now on. */
void serial_enable_irq(void);
/* Waits until the last bit has left. */
void serial_drain(void);

#endif
