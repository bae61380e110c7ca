/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two write-only ports: start (again), and stop. */
#include "kernel/dev/ib700.h"

static uint64_t read(void *dev, uint64_t offset, unsigned size)
{
	(void)dev;
	(void)offset;
	(void)size;
	return UINT64_MAX;
}

static void write(void *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct ib700 *w = dev;

	(void)size;
	if (offset == IB700_STOP - IB700_STOP)
		w->arm(w->ctx, 0);
	else if (offset == IB700_START - IB700_STOP)
		/* 15 asks for 0 seconds: soon, not never. */
		w->arm(w->ctx, (30 - 2 * (value & 15)) * 1000000000u + 1);
}

int ib700_attach(struct ib700 *w, struct iobus *ports)
{
	static const struct io_ops ops = {read, write};

	return iobus_add(ports, IB700_STOP, IB700_START - IB700_STOP + 1, &ops, w);
}
