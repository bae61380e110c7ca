/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor for programs: a JSON object a line each way on the second serial
 * port. One request at a time; while more than half of the ring waits to be
 * sent none is read, so that an answer always has room and nobody waits.
 */
#include "arch/x86/serial.h"
#include "kernel/log.h"
#include "kernel/mon/monitor.h"
#include "kernel/mon/request.h"

static struct serial_port *const port = &serial_com2;
static char line[REQUEST_MAX + 2]; /* with the NUL, and room to be too long */
static size_t len;
static char answer[SERIAL_RING / 2];

bool monitor_port_init(void)
{
	if (serial_init(port, SERIAL_COM2))
		return true;
	log_warn("monitor = com2: no serial port answers at 0x%x, the monitor is at the "
		 "console only",
		 SERIAL_COM2);
	return false;
}

static void received(char c)
{
	if (!c) /* no text has one: it shall not end ours, but be refused */
		c = '\1';
	if (c != '\n') {
		if (c != '\r' && len < sizeof(line) - 1)
			line[len++] = c;
		return;
	}
	line[len] = '\0';
	if (len)
		serial_write(port, answer, monitor_answer(line, answer, sizeof(answer)));
	len = 0;
}

bool monitor_port_poll(void)
{
	int c = -1;

	if (!port->by_irq)
		return false;
	port->hold = port->count > SERIAL_RING / 2;
	if (!port->hold && (c = serial_read(port)) >= 0)
		received((char)c);
	serial_pump(port);
	return c >= 0 || serial_wants_service(port);
}
