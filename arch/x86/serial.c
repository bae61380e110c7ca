/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The physical 16550s: 115200 8N1, FIFO on. Output waits in memory until the
 * line takes it, 87 us a byte: no core that prints stands still for it.
 */
#include "arch/x86/serial.h"
#include "arch/x86/cpu.h"

/* Registers and bits of the PC16550D data sheet. */
enum { THR = 0, IER = 1, IIR = 2, FCR = 2, LCR = 3, MCR = 4, LSR = 5, SCR = 7 };
#define IER_RECEIVED 0x01u
#define IER_EMPTY    0x02u /* the transmitter wants more */
#define IIR_NONE     0x01u
#define LSR_DR       0x01u
#define LSR_THRE     0x20u
#define LSR_TEMT     0x40u
#define FIFO         16u
#define SPIN_LIMIT   1000000u

struct serial_port serial_com1, serial_com2;

static void reg_out(const struct serial_port *p, unsigned reg, uint8_t v)
{
	out8((uint16_t)(p->base + reg), v);
}

static uint8_t reg_in(const struct serial_port *p, unsigned reg)
{
	return in8((uint16_t)(p->base + reg));
}

bool serial_init(struct serial_port *p, uint16_t port)
{
	p->base = port;
	reg_out(p, SCR, 0x5a);
	if (reg_in(p, SCR) != 0x5a) {
		p->base = 0;
		return false;
	}
	reg_out(p, IER, 0);
	reg_out(p, LCR, 0x80); /* divisor latch */
	reg_out(p, THR, 1);    /* 115200 baud */
	reg_out(p, IER, 0);
	reg_out(p, LCR, 0x03); /* 8N1: firmware may leave 5-bit characters */
	reg_out(p, FCR, 0x07); /* FIFO on, both emptied, trigger at 1 byte */
	reg_out(p, MCR, 0x0b); /* DTR, RTS, OUT2 gates the interrupt */
	return true;
}

/* Bounded: a port that went away must not hang the machine. */
static void wait_for(struct serial_port *p, uint8_t bit)
{
	for (unsigned i = 0; i < SPIN_LIMIT && !(reg_in(p, LSR) & bit); i++)
		cpu_relax();
}

/* One FIFO full, if it is empty. */
static bool feed(struct serial_port *p)
{
	if (!(reg_in(p, LSR) & LSR_THRE))
		return false;
	for (unsigned i = 0; i < FIFO && p->count; i++, p->count--) {
		reg_out(p, THR, (uint8_t)p->ring[p->head]);
		p->head = (p->head + 1) % SERIAL_RING;
	}
	return true;
}

static void wait_until(struct serial_port *p, size_t left)
{
	while (p->count > left) {
		wait_for(p, LSR_THRE);
		if (!feed(p))
			p->count = left; /* it takes nothing any more: what waits is lost */
	}
}

void serial_pump(struct serial_port *p)
{
	if (!p->base)
		return;
	while (p->count && feed(p))
		;
	reg_out(p, IER, (uint8_t)((p->hold ? 0 : IER_RECEIVED) | (p->count ? IER_EMPTY : 0)));
}

void serial_write(struct serial_port *p, const char *s, size_t n)
{
	if (!p->base)
		return;
	for (size_t i = 0; i < n; i++) {
		if (p->count == SERIAL_RING)
			wait_until(p, SERIAL_RING - FIFO);
		p->ring[(p->head + p->count++) % SERIAL_RING] = s[i];
	}
	if (p->by_irq)
		serial_pump(p);
	else
		wait_until(p, 0);
}

int serial_read(struct serial_port *p)
{
	uint8_t lsr = p->base ? reg_in(p, LSR) : 0xff;

	/* All ones: the port has gone. */
	return lsr == 0xff || !(lsr & LSR_DR) ? -1 : reg_in(p, THR);
}

bool serial_wants_service(struct serial_port *p)
{
	return p->base && !(reg_in(p, IIR) & IIR_NONE);
}

void serial_enable_irq(struct serial_port *p)
{
	p->by_irq = p->base != 0;
	serial_pump(p);
}

void serial_drain(struct serial_port *p)
{
	if (!p->base)
		return;
	wait_until(p, 0);
	wait_for(p, LSR_TEMT);
}
