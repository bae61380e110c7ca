/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The watchdog of the iBASE IB700 board, which every PC system has a driver for. Pure. */
#pragma once

#include "kernel/dev/dev.h"

#define IB700_STOP  0x441u /* any write: off */
#define IB700_START 0x443u /* bits 3:0 = n: bites after 30 - 2n seconds unless written again */

struct ib700 {
	/* Bites after ns; 0: never. */
	void (*arm)(void *ctx, uint64_t ns);
	void *ctx;
};

int ib700_attach(struct ib700 *w, struct iobus *ports);
