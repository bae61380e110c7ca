/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A 16550A serial port (National Semiconductor PC16550D). Pure. */
#pragma once

#include "kernel/dev/dev.h"
#include "kernel/vm.h"

#define UART_PORTS 8u
#define UART_FIFO  16u

#define UART_COM1_PORT 0x3f8u
#define UART_COM1_IRQ  4u

struct uart {
	struct dev_irq irq;
	struct vm *vm; /* what is sent goes to its console */
	union {        /* as they lie at the ports */
		uint8_t reg[UART_PORTS];
		struct {
			/* lsr: OE only, in loopback only, for uart_rx() refuses what does not fit
			 */
			uint8_t data, ier, fcr, lcr, mcr, lsr, msr, scr;
		};
	};
	uint8_t divisor[2];
	bool thri; /* the THRE interrupt is due */
	uint8_t fifo[UART_FIFO];
	unsigned head, count;
};

int uart_init(struct uart *u, struct iobus *ports, uint16_t base, struct dev_irq irq,
	      struct vm *vm);

/* A byte from the line; false when there is no room (nothing is lost then: offer it again). */
bool uart_rx(struct uart *u, uint8_t byte);
/* How many bytes uart_rx() would take now; any access to the ports may change it. */
unsigned uart_rx_space(const struct uart *u);
