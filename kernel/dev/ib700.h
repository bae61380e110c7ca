/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The watchdog of the iBASE IB700 board, which every PC system has a driver for. Pure. */
#pragma once

#include "kernel/dev/dev.h"
#include "kernel/vm.h"

#define IB700_STOP  0x441u /* any write: off */
#define IB700_START 0x443u /* bits 3:0 = n: bites after 30 - 2n seconds unless written again */

int ib700_attach(struct iobus *ports, struct vm *vm);
