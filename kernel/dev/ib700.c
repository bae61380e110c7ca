/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two write-only ports: start (again), and stop. */
#include "kernel/dev/ib700.h"

static void write(void *vm, unsigned offset, uint8_t value)
{
	if (offset == IB700_STOP - IB700_STOP)
		(void)vm_watchdog(vm, 0);
	else if (offset == IB700_START - IB700_STOP)
		/* 15 asks for 0 seconds: soon, not never. */
		(void)vm_watchdog(vm, (30 - 2 * (value & 15u)) * 1000000000ull + 1);
}

int ib700_attach(struct iobus *ports, struct vm *vm)
{
	static const struct io_ops ops = {.write8 = write};

	return iobus_add(ports, IB700_STOP, IB700_START - IB700_STOP + 1, &ops, vm);
}
