/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 16550A: registers, FIFO and interrupt of a serial port. What is sent has left at once. */
#include "kernel/dev/uart.h"

enum {
	REG_DATA, /* RBR, THR; this and the next are the divisor with DLAB */
	REG_IER,
	REG_IIR, /* read; FCR when written */
	REG_LCR,
	REG_MCR,
	REG_LSR,
	REG_MSR,
	REG_SCR,
};

#define IER_RDI  0x01u
#define IER_THRI 0x02u
#define IER_RLSI 0x04u
#define IER_MSI  0x08u

#define IIR_NONE    0x01u
#define IIR_MSI     0x00u
#define IIR_THRI    0x02u
#define IIR_RDI     0x04u
#define IIR_RLSI    0x06u
#define IIR_TIMEOUT 0x0cu
#define IIR_FIFO    0xc0u

#define FCR_ENABLE   0x01u
#define FCR_CLEAR_RX 0x02u

#define LCR_DLAB 0x80u

#define MCR_OUT2 0x08u
#define MCR_LOOP 0x10u

#define LSR_DR   0x01u
#define LSR_OE   0x02u
#define LSR_THRE 0x20u
#define LSR_TEMT 0x40u

#define MSR_DELTA 0x0fu
#define MSR_RI    0x40u
#define MSR_READY 0xb0u /* DCD, DSR, CTS: someone listens */

static unsigned depth(const struct uart *u)
{
	return u->fcr & FCR_ENABLE ? UART_FIFO : 1;
}

static unsigned trigger(const struct uart *u)
{
	static const uint8_t level[4] = {1, 4, 8, 14};

	return u->fcr & FCR_ENABLE ? level[u->fcr >> 6] : 1;
}

/* The highest of the pending sources. Characters below the trigger level time out at once. */
static uint8_t source(const struct uart *u)
{
	if ((u->ier & IER_RLSI) && u->lsr)
		return IIR_RLSI;
	if ((u->ier & IER_RDI) && u->count)
		return u->count >= trigger(u) ? IIR_RDI : IIR_TIMEOUT;
	if ((u->ier & IER_THRI) && u->thri)
		return IIR_THRI;
	return (uint8_t)((u->ier & IER_MSI) && (u->msr & MSR_DELTA) ? IIR_MSI : IIR_NONE);
}

/* A PC connects the interrupt through OUT2, which loopback forces inactive. */
static void update(struct uart *u)
{
	dev_irq_set(&u->irq, source(u) != IIR_NONE && (u->mcr & (MCR_OUT2 | MCR_LOOP)) == MCR_OUT2);
}

static bool push(struct uart *u, uint8_t byte)
{
	if (u->count >= depth(u))
		return false;
	u->fifo[(u->head + u->count++) % UART_FIFO] = byte;
	return true;
}

unsigned uart_rx_space(const struct uart *u)
{
	return u->mcr & MCR_LOOP ? 0 : depth(u) - u->count;
}

bool uart_rx(struct uart *u, uint8_t byte)
{
	if (uart_rx_space(u) == 0)
		return false;
	push(u, byte);
	update(u);
	return true;
}

static uint8_t read_data(struct uart *u)
{
	uint8_t byte = u->fifo[u->head];

	if (u->count == 0)
		return 0;
	u->head = (u->head + 1) % UART_FIFO;
	u->count--;
	update(u);
	return byte;
}

static uint8_t read_iir(struct uart *u)
{
	uint8_t s = source(u);

	if (s == IIR_THRI) {
		u->thri = false;
		update(u);
	}
	return (uint8_t)(s | (u->fcr & FCR_ENABLE ? IIR_FIFO : 0));
}

static uint8_t read_lsr(struct uart *u)
{
	uint8_t v = (uint8_t)(LSR_THRE | LSR_TEMT | (u->count ? LSR_DR : 0) | u->lsr);

	if (u->lsr) {
		u->lsr = 0;
		update(u);
	}
	return v;
}

static uint8_t read_msr(struct uart *u)
{
	uint8_t v = u->msr;

	u->msr &= (uint8_t)~MSR_DELTA;
	update(u);
	return v;
}

static uint8_t read_reg(void *dev, unsigned reg)
{
	static uint8_t (*const read[UART_PORTS])(struct uart * u) = {
		[REG_DATA] = read_data,
		[REG_IIR] = read_iir,
		[REG_LSR] = read_lsr,
		[REG_MSR] = read_msr,
	};
	struct uart *u = dev;

	if (reg <= REG_IER && (u->lcr & LCR_DLAB))
		return u->divisor[reg];
	return read[reg] ? read[reg](u) : u->reg[reg];
}

/* The line falls for a moment while the byte is on its way: edge-triggered inputs need it. */
static void write_data(struct uart *u, uint8_t byte)
{
	u->thri = false;
	update(u);
	if (u->mcr & MCR_LOOP)
		u->lsr |= push(u, byte) ? 0 : LSR_OE;
	else
		vm_console_write(u->vm, (const char *)&byte, 1);
	u->thri = true;
	update(u);
}

/* Enabling the THRE interrupt while the transmitter is empty raises it. */
static void write_ier(struct uart *u, uint8_t v)
{
	if ((v ^ u->ier) & IER_THRI)
		u->thri = v & IER_THRI;
	u->ier = v & 0x0f;
	update(u);
}

static void write_fcr(struct uart *u, uint8_t v)
{
	/* Other bits count only with bit 0; changing it empties the FIFOs. */
	bool clear = ((v ^ u->fcr) & FCR_ENABLE) || ((v & FCR_ENABLE) && (v & FCR_CLEAR_RX));

	u->fcr = v & FCR_ENABLE ? v & (0xc0 | FCR_ENABLE) : 0;
	if (clear)
		u->count = u->head = 0;
	update(u);
}

static void write_mcr(struct uart *u, uint8_t v)
{
	uint8_t lines = MSR_READY, changed;

	u->mcr = v & 0x1f;
	/* Loopback: RTS to CTS, DTR to DSR, OUT1 to RI, OUT2 to DCD. */
	if (v & MCR_LOOP)
		lines = (uint8_t)((v & 2) << 3 | (v & 1) << 5 | (v & 4) << 4 | (v & 8) << 4);
	changed = (u->msr ^ lines) & 0xf0;
	if ((changed & MSR_RI) && (lines & MSR_RI))
		changed &= (uint8_t)~MSR_RI; /* of the ring indicator only the trailing edge */
	u->msr = (uint8_t)(lines | (u->msr & MSR_DELTA) | changed >> 4);
	update(u);
}

static void write_reg(void *dev, unsigned reg, uint8_t v)
{
	static void (*const write[UART_PORTS])(struct uart * u, uint8_t v) = {
		[REG_DATA] = write_data,
		[REG_IER] = write_ier,
		[REG_IIR] = write_fcr,
		[REG_MCR] = write_mcr,
	};
	struct uart *u = dev;

	if (reg <= REG_IER && (u->lcr & LCR_DLAB))
		u->divisor[reg] = v;
	else if (write[reg])
		write[reg](u, v);
	else if (reg != REG_LSR && reg != REG_MSR) /* these are read-only */
		u->reg[reg] = v;
}

static const struct io_ops uart_ops = {.read8 = read_reg, .write8 = write_reg};

int uart_init(struct uart *u, struct iobus *ports, uint16_t base, struct dev_irq irq, struct vm *vm)
{
	/* 115200 baud, as firmware leaves it. */
	*u = (struct uart){.irq = irq, .vm = vm, .msr = MSR_READY, .divisor = {1}, .lcr = 3};
	return iobus_add(ports, base, UART_PORTS, &uart_ops, u);
}
