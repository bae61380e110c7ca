/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two write-only ports: start (again), and stop. */
#include "kernel/dev/ib700.h"

static void write(void *dev, unsigned offset, uint8_t value)
{
	struct ib700 *w = dev;

	if (offset == IB700_STOP - IB700_STOP)
		w->arm(w->ctx, 0);
	else if (offset == IB700_START - IB700_STOP)
		/* 15 asks for 0 seconds: soon, not never. */
		w->arm(w->ctx, (30 - 2 * (value & 15u)) * 1000000000ull + 1);
}

int ib700_attach(struct ib700 *w, struct iobus *ports)
{
	static const struct io_ops ops = {.write8 = write};

	return iobus_add(ports, IB700_STOP, IB700_START - IB700_STOP + 1, &ops, w);
}
