/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The port by which test suites end: QEMU's isa-debug-exit at its usual place. Pure. */
#pragma once

#include "kernel/dev/dev.h"

#define DEBUG_EXIT_PORT 0xf4u /* 4 ports; a write ends the guest, status 2 * value + 1 */

struct debug_exit {
	void (*exit)(void *ctx, unsigned status);
	void *ctx;
};

int debug_exit_attach(struct debug_exit *d, struct iobus *ports);
