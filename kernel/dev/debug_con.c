/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The port that emulators of PCs print by. */
#include "kernel/dev/debug_con.h"

static uint8_t read8(void *dev, unsigned offset)
{
	(void)dev;
	(void)offset;
	return DEBUG_CON_PORT;
}

static void write8(void *vm, unsigned offset, uint8_t byte)
{
	(void)offset;
	vm_console_write(vm, (const char *)&byte, 1);
}

int debug_con_attach(struct iobus *ports, struct vm *vm)
{
	static const struct io_ops ops = {.read8 = read8, .write8 = write8};

	return iobus_add(ports, DEBUG_CON_PORT, 1, &ops, vm);
}
