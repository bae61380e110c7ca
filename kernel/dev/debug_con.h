/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port 0xe9: a byte written is a character; reading it says that it is there. Pure. */
#pragma once

#include "kernel/dev/dev.h"

#define DEBUG_CON_PORT 0xe9u

struct debug_con {
	void (*tx)(void *ctx, uint8_t byte);
	void *ctx;
};

int debug_con_attach(struct debug_con *d, struct iobus *ports);
