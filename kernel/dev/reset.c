/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ports by which a PC is reset. */
#include "kernel/dev/reset.h"

#define CF9_SYSTEM 0x02u /* reset type: all of the system */
#define CF9_CPU    0x04u /* its rising edge resets */

#define PORT92_RESET 0x01u
#define PORT92_A20   0x02u /* kept, and without effect: A20 is never masked */

#define I8042_PULSE_RESET 0xfeu

uint8_t reset_cf9_read(const struct reset *r)
{
	return r->cf9;
}

void reset_cf9_write(struct reset *r, uint8_t value)
{
	bool rose = (value & CF9_CPU) && !(r->cf9 & CF9_CPU);

	r->cf9 = value & (CF9_SYSTEM | CF9_CPU | 0x08u);
	if (rose)
		vm_end(r->vm, END_RESTART);
}

static void i8042_command_write(void *dev, unsigned offset, uint8_t value)
{
	struct reset *r = dev;

	(void)offset;
	if (value == I8042_PULSE_RESET)
		vm_end(r->vm, END_RESTART);
}

static uint8_t port92_read(void *dev, unsigned offset)
{
	const struct reset *r = dev;

	(void)offset;
	return r->port92;
}

static void port92_write(void *dev, unsigned offset, uint8_t value)
{
	struct reset *r = dev;
	bool rose = (value & PORT92_RESET) && !(r->port92 & PORT92_RESET);

	(void)offset;
	r->port92 = value & (PORT92_RESET | PORT92_A20);
	if (rose)
		vm_end(r->vm, END_RESTART);
}

/*
 * No 8042: all ones, which drivers and the reset code of Linux take for an absent controller.
 * Its ports are answered all the same, so that probing them is not refused and learnt.
 */
static const struct io_ops data_ops = {.write8 = NULL};
static const struct io_ops command_ops = {.write8 = i8042_command_write};
static const struct io_ops port92_ops = {.read8 = port92_read, .write8 = port92_write};

int reset_init(struct reset *r, struct iobus *ports, struct vm *vm)
{
	*r = (struct reset){.vm = vm, .port92 = PORT92_A20};
	return iobus_add(ports, 0x60, 1, &data_ops, r)
		?: iobus_add(ports, 0x64, 1, &command_ops, r)
		?: iobus_add(ports, 0x92, 1, &port92_ops, r);
}
