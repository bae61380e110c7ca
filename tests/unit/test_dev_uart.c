/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of the 16550A, among them what the Linux 8250 driver probes. */
/* sources: kernel/dev/uart.c kernel/dev/iobus.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/dev/uart.h"
#include "kernel/string.h"
#include "tests/unit/dev_sim.h"

#define P UART_COM1_PORT

static struct sim s;
static struct uart u;
static char sent[64];
static unsigned sent_count;

static struct vm vm;

void vm_console_write(struct vm *v, const char *p, unsigned n)
{
	assert_ptr_equal(v, &vm);
	assert_int_equal(n, 1);
	sent[sent_count++ % sizeof(sent)] = *p;
}

static int setup(void **state)
{
	(void)state;
	memset(&s, 0, sizeof(s));
	sent_count = 0;
	return uart_init(&u, &s.bus, P, SIM_IRQ(&s), &vm);
}

static void registers(void **state)
{
	(void)state;
	assert_int_equal(in8(&s, P + 5), 0x60);
	assert_int_equal(in8(&s, P + 6), 0xb0);
	assert_int_equal(in8(&s, P + 2), 0x01);
	out8(&s, P + 7, 0xa5);
	assert_int_equal(in8(&s, P + 7), 0xa5);
	out8(&s, P + 1, 0xff);
	assert_int_equal(in8(&s, P + 1), 0x0f);
	out8(&s, P + 3, 0x83);
	assert_int_equal(sim_in(&s, P, 2), 0x0001);
	iobus_write(&s.bus, P, 2, 0x120c);
	assert_int_equal(in8(&s, P), 0x0c);
	assert_int_equal(in8(&s, P + 1), 0x12);
	out8(&s, P + 3, 0x03);
	assert_int_equal(in8(&s, P + 1), 0x0f);
	assert_int_equal(in8(&s, P + 3), 0x03);
	out8(&s, P + 5, 0xff); /* read-only */
	out8(&s, P + 6, 0xff);
	assert_int_equal(in8(&s, P + 5), 0x60);
	assert_int_equal(sent_count, 0);
	out8(&s, P + 4, 0xff);
	assert_int_equal(in8(&s, P + 4), 0x1f);
}

/* serial8250_autoconfig(): loopback, FIFO bits, and nothing of an extended chip. */
static void linux_autoconfig(void **state)
{
	(void)state;
	out8(&s, P + 1, 0);
	assert_int_equal(in8(&s, P + 1) & 0xf, 0);
	out8(&s, P + 1, 0xf);
	assert_int_equal(in8(&s, P + 1) & 0xf, 0xf);
	out8(&s, P + 1, 0);
	out8(&s, P + 4, 0x1a);
	assert_int_equal(in8(&s, P + 6) & 0xf0, 0x90);
	out8(&s, P + 4, 0x08);
	out8(&s, P + 2, 0x01);
	assert_int_equal(in8(&s, P + 2) >> 6, 3);
	out8(&s, P + 3, 0x80);
	assert_int_not_equal(in8(&s, P + 2), 0); /* no EFR */
	out8(&s, P + 3, 0xe0);
	assert_int_equal(in8(&s, P + 2) & 0x10, 0); /* no EXCR1 */
	out8(&s, P + 3, 0);
	out8(&s, P + 1, 0x40);
	assert_int_equal(in8(&s, P + 1), 0); /* no UUE */
	/* UART_BUG_TXEN, UART_BUG_THRE: enabling THRI with an empty transmitter interrupts. */
	for (unsigned i = 0; i < 2; i++) {
		out8(&s, P + 1, 2);
		assert_int_equal(in8(&s, P + 2) & 0xf, 2);
		out8(&s, P + 1, 0);
		assert_int_equal(in8(&s, P + 2) & 0xf, 1);
	}
}

static void transmit_interrupt(void **state)
{
	(void)state;
	out8(&s, P + 1, 2);
	assert_false(s.level); /* no OUT2 */
	out8(&s, P + 4, 8);
	assert_true(s.level);
	assert_int_equal(in8(&s, P + 2), 2);
	assert_false(s.level);
	assert_int_equal(in8(&s, P + 2), 1);
	out8(&s, P + 1, 2); /* no change: no interrupt */
	assert_false(s.level);
	out8(&s, P, 'x');
	assert_true(s.level);
	assert_int_equal(s.rises, 2);
	/* Written without reading IIR: the line must show a new edge. */
	out8(&s, P, 'y');
	assert_int_equal(s.rises, 3);
	assert_true(s.level);
	assert_memory_equal(sent, "xy", 2);
	out8(&s, P + 1, 0);
	assert_false(s.level);
	out8(&s, P, 'z');
	assert_int_equal(s.rises, 3);
}

static void receive_fifo(void **state)
{
	(void)state;
	out8(&s, P + 2, 0xc1); /* trigger at 14 */
	out8(&s, P + 1, 1);
	out8(&s, P + 4, 8);
	assert_int_equal(uart_rx_space(&u), 16);
	for (unsigned i = 0; i < 16; i++) {
		assert_true(uart_rx(&u, (uint8_t)('a' + i)));
		assert_int_equal(in8(&s, P + 2), i + 1 < 14 ? 0xcc : 0xc4);
	}
	assert_true(s.level);
	assert_int_equal(s.rises, 1);
	assert_false(uart_rx(&u, 'q'));
	assert_int_equal(in8(&s, P + 5), 0x61); /* nothing lost: no overrun */
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(in8(&s, P), 'a' + i);
		assert_int_equal(uart_rx_space(&u), i + 1);
	}
	assert_false(s.level);
	assert_int_equal(in8(&s, P + 5), 0x60);
	assert_int_equal(in8(&s, P), 0); /* empty */
}

static void fifo_reset_and_mode(void **state)
{
	(void)state;
	assert_true(uart_rx(&u, 1)); /* 16450 mode: one */
	assert_false(uart_rx(&u, 2));
	assert_int_equal(uart_rx_space(&u), 0);
	out8(&s, P + 2, 0x02); /* no effect without bit 0 */
	assert_int_equal(in8(&s, P + 5) & 1, 1);
	out8(&s, P + 2, 0x01); /* changes the mode: empties */
	assert_int_equal(in8(&s, P + 5) & 1, 0);
	assert_int_equal(uart_rx_space(&u), 16);
	assert_true(uart_rx(&u, 3));
	out8(&s, P + 2, 0x05); /* transmitter only */
	assert_int_equal(in8(&s, P + 5) & 1, 1);
	out8(&s, P + 2, 0x03);
	assert_int_equal(in8(&s, P + 5) & 1, 0);
	assert_int_equal(uart_rx_space(&u), 16);
	out8(&s, P + 2, 0x00);
	assert_int_equal(uart_rx_space(&u), 1);
	assert_int_equal(in8(&s, P + 2), 0x01);
}

static void loopback(void **state)
{
	(void)state;
	out8(&s, P + 2, 0x01);
	out8(&s, P + 1, 0x0f);
	out8(&s, P + 4, 0x18);
	assert_false(s.level); /* the pin is cut off */
	assert_false(uart_rx(&u, 'r'));
	assert_int_equal(uart_rx_space(&u), 0);
	for (unsigned i = 0; i < 17; i++)
		out8(&s, P, i);
	assert_int_equal(sent_count, 0);
	assert_int_equal(in8(&s, P + 2), 0xc6); /* overrun comes first */
	assert_int_equal(in8(&s, P + 5), 0x63);
	assert_int_equal(in8(&s, P + 5), 0x61);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(in8(&s, P), i);
	assert_int_equal(uart_rx_space(&u), 0);
	assert_int_equal(in8(&s, P + 2), 0xc2);
	assert_int_equal(in8(&s, P + 2), 0xc0); /* CTS and DSR fell when loopback began */
	assert_int_equal(in8(&s, P + 6), 0x83);
	assert_int_equal(in8(&s, P + 2), 0xc1);
	/* Each line follows its source; RI tells only its trailing edge. */
	out8(&s, P + 4, 0x1c);
	assert_int_equal(in8(&s, P + 6), 0xc0);
	out8(&s, P + 4, 0x13);
	assert_int_equal(in8(&s, P + 6), 0x3f);
	out8(&s, P + 4, 0x08);
	assert_int_equal(uart_rx_space(&u), 16);
	assert_int_equal(in8(&s, P + 6), 0xb8);
	assert_false(s.level);
}

static void without_interrupt(void **state)
{
	(void)state;
	uart_init(&u, &s.bus, P, (struct dev_irq){0}, &vm);
	out8(&s, P, 'x');
	assert_true(uart_rx(&u, 'y'));
	assert_int_equal(in8(&s, P), 'y');
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(registers),           T(linux_autoconfig), T(transmit_interrupt), T(receive_fifo),
		T(fifo_reset_and_mode), T(loopback),         T(without_interrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
