/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The physical 16550: 115200 8N1, FIFO on; output polled, input by interrupt. */
#include "arch/x86/serial.h"
#include "arch/x86/cpu.h"

/* Registers and bits of the PC16550D data sheet. */
enum { THR = 0, IER = 1, FCR = 2, LCR = 3, MCR = 4, LSR = 5, SCR = 7 };
#define LSR_DR     0x01u
#define LSR_THRE   0x20u
#define LSR_TEMT   0x40u
#define FIFO       16u
#define SPIN_LIMIT 1000000u

static uint16_t base; /* 0: none */

static void reg_out(unsigned reg, uint8_t v)
{
	out8((uint16_t)(base + reg), v);
}

static uint8_t reg_in(unsigned reg)
{
	return in8((uint16_t)(base + reg));
}

bool serial_init(uint16_t port)
{
	base = port;
	reg_out(SCR, 0x5a);
	if (reg_in(SCR) != 0x5a) {
		base = 0;
		return false;
	}
	reg_out(IER, 0);
	reg_out(LCR, 0x80); /* divisor latch */
	reg_out(THR, 1);    /* 115200 baud */
	reg_out(IER, 0);
	reg_out(LCR, 0x03); /* 8N1: firmware may leave 5-bit characters */
	reg_out(FCR, 0x07); /* FIFO on, both emptied, trigger at 1 byte */
	reg_out(MCR, 0x0b); /* DTR, RTS, OUT2 gates the interrupt */
	return true;
}

/* Bounded: a port that went away must not hang the machine. */
static void wait_for(uint8_t bit)
{
	for (unsigned i = 0; i < SPIN_LIMIT && !(reg_in(LSR) & bit); i++)
		cpu_relax();
}

void serial_write(const char *s, size_t n)
{
	static unsigned room; /* bytes that the FIFO takes before it must be asked again */

	if (!base)
		return;
	for (size_t i = 0; i < n; i++) {
		if (!room) {
			wait_for(LSR_THRE);
			room = FIFO;
		}
		reg_out(THR, (uint8_t)s[i]);
		room--;
	}
}

int serial_read(void)
{
	uint8_t lsr = base ? reg_in(LSR) : 0xff;

	/* All ones: the port has gone. */
	return lsr == 0xff || !(lsr & LSR_DR) ? -1 : reg_in(THR);
}

void serial_enable_irq(void)
{
	if (base)
		reg_out(IER, 0x01);
}

void serial_drain(void)
{
	if (base)
		wait_for(LSR_TEMT);
}
