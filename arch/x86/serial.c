/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The physical 16550: 115200 8N1, FIFO on. Output waits in memory until the
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

#define WAITING KIB(64)

static uint16_t base; /* 0: none */
static bool by_irq;   /* the interrupt is routed; before that, output is waited for */
static char ring[WAITING];
static size_t head, count;

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

/* One FIFO full, if it is empty. */
static bool feed(void)
{
	if (!(reg_in(LSR) & LSR_THRE))
		return false;
	for (unsigned i = 0; i < FIFO && count; i++, count--) {
		reg_out(THR, (uint8_t)ring[head]);
		head = (head + 1) % WAITING;
	}
	return true;
}

static void wait_until(size_t left)
{
	while (count > left) {
		wait_for(LSR_THRE);
		if (!feed())
			count = left; /* it takes nothing any more: what waits is lost */
	}
}

void serial_pump(void)
{
	if (!base)
		return;
	while (count && feed())
		;
	reg_out(IER, count ? IER_RECEIVED | IER_EMPTY : IER_RECEIVED);
}

void serial_write(const char *s, size_t n)
{
	if (!base)
		return;
	for (size_t i = 0; i < n; i++) {
		if (count == WAITING)
			wait_until(WAITING - FIFO);
		ring[(head + count++) % WAITING] = s[i];
	}
	if (by_irq)
		serial_pump();
	else
		wait_until(0);
}

int serial_read(void)
{
	uint8_t lsr = base ? reg_in(LSR) : 0xff;

	/* All ones: the port has gone. */
	return lsr == 0xff || !(lsr & LSR_DR) ? -1 : reg_in(THR);
}

bool serial_wants_service(void)
{
	uint8_t iir = base ? reg_in(IIR) : 0xff;

	return !(iir & IIR_NONE);
}

void serial_enable_irq(void)
{
	by_irq = base != 0;
	serial_pump();
}

void serial_drain(void)
{
	if (!base)
		return;
	wait_until(0);
	wait_for(LSR_TEMT);
}
