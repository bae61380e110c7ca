/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The port by which test suites end: QEMU's isa-debug-exit at its usual place. Pure. */
#pragma once

#include "kernel/dev/dev.h"
#include "kernel/vm.h"

#define DEBUG_EXIT_PORT 0xf4u /* 4 ports; a write ends the guest, status 2 * value + 1 */

int debug_exit_attach(struct iobus *ports, struct vm *vm);

/* The guest has ended so: kernel/pc.c, or a test. */
void debug_exit(struct vm *vm, unsigned status);
