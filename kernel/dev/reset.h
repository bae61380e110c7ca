/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PC's ways to reset: port 0xcf9, fast A20 (0x92) and the command of an absent 8042. Pure. */
#pragma once

#include "kernel/dev/dev.h"
#include "kernel/vm.h"

/* For the FADT: RESET_REG and RESET_VALUE. */
#define RESET_PORT  0xcf9u
#define RESET_VALUE 0x06u

struct reset {
	struct vm *vm; /* is restarted */
	uint8_t cf9, port92;
};

/* Ports 0x60, 0x64 and 0x92; 0xcf9 lies among the PCI ports: pci_init(). */
int reset_init(struct reset *r, struct iobus *ports, struct vm *vm);

uint8_t reset_cf9_read(const struct reset *r);
void reset_cf9_write(struct reset *r, uint8_t value);
