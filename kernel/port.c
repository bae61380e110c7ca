/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes to and from a guest: its console, and the channel of its agent. */
#include "kernel/guest.h"

/* The oldest make room for the newest. */
static void put(struct bytes *b, const char *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		b->ring[(b->head + b->count) % VM_BYTES] = p[i];
		if (b->count < VM_BYTES)
			b->count++;
		else
			b->head = (b->head + 1) % VM_BYTES;
	}
}

static unsigned take(struct bytes *b, char *p, unsigned n)
{
	unsigned i = 0;

	for (; i < n && b->count; i++, b->count--) {
		p[i] = b->ring[b->head];
		b->head = (b->head + 1) % VM_BYTES;
	}
	return i;
}

void vm_console_write(struct vm *vm, const char *p, unsigned n)
{
	vm->more->on_port = false;
	console_output(vm->id - 1, p, n);
	if (console_waiting())
		core_console_waiting();
}

void vm_console_in(struct vm *vm, uint8_t byte)
{
	struct vm_more *m = vm->more;
	char c = (char)byte;

	if (m->to[0].count == VM_BYTES)
		return;
	put(&m->to[0], &c, 1);
	if (m->pc)
		pc_console_feed(vm);
	else
		evtchn_raise(&m->events, MULLION_PORT_CONSOLE);
}

/* The keyboard follows the screen: what was typed is for whom the guest printed by last. */
void pc_console_feed(struct vm *vm)
{
	struct vm_more *m = vm->more;
	struct uart *uart = &m->pc->uart;
	char c;

	if (m->on_port && m->pc->console.virtio.status)
		virtio_console_receive(&m->pc->console, 0);
	else
		while (uart_rx_space(uart) && take(&m->to[0], &c, 1))
			(void)uart_rx(uart, (uint8_t)c);
}

void vm_port_write(struct vm *vm, unsigned port, const char *p, unsigned n)
{
	if (port) {
		put(&vm->more->from_agent, p, n);
		return;
	}
	vm_console_write(vm, p, n);
	vm->more->on_port = true;
}

unsigned vm_port_read(struct vm *vm, unsigned port, char *p, unsigned n)
{
	return take(&vm->more->to[port], p, n);
}

unsigned vm_port_waiting(const struct vm *vm, unsigned port)
{
	return port || vm->more->on_port ? vm->more->to[port].count : 0;
}

int vm_agent_send(struct vm *vm, const char *p, unsigned n)
{
	struct vm_more *m = vm->more;

	SPIN_HOLD(&m->lock);
	if (m->state != VM_RUNNING || !m->own_pc.console.port[1].open)
		return -ENODEV;
	if (n > VM_BYTES - m->to[1].count)
		return -ENOSPC;
	put(&m->to[1], p, n);
	virtio_console_receive(&m->pc->console, 1);
	return 0;
}

unsigned vm_agent_receive(struct vm *vm, char *p, unsigned n)
{
	SPIN_HOLD(&vm->more->lock);
	return take(&vm->more->from_agent, p, n);
}

void vm_resize(struct vm *vm, uint16_t columns, uint16_t rows)
{
	struct virtio_console *c = &vm->more->own_pc.console;

	SPIN_HOLD(&vm->more->lock);
	c->config.columns = columns;
	c->config.rows = rows;
	if (vm->more->conf->console == CONSOLE_VIRTIO && vm->more->state == VM_RUNNING)
		virtio_console_resized(c);
}
