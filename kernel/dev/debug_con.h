/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port 0xe9: a byte written is a character; reading it says that it is there. Pure. */
#pragma once

#include "kernel/dev/dev.h"
#include "kernel/vm.h"

#define DEBUG_CON_PORT 0xe9u

int debug_con_attach(struct iobus *ports, struct vm *vm);
