/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI configuration mechanism 1: bus 0 with a host bridge in slot 0. Pure. */
#pragma once

#include "kernel/dev/dev.h"
#include "kernel/dev/reset.h"

#define PCI_SLOTS       32u
#define PCI_CONFIG_PORT 0xcf8u

/* Function 0 of a slot. */
struct pci_func {
	uint32_t config[64];   /* what the guest reads */
	uint32_t writable[64]; /* bits that it can change: also how a BAR tells its size */
	/* After a write to register (dword) reg; may be NULL. */
	void (*written)(struct pci_func *f, unsigned reg);
};

/*
 * An access to a function that no model answers: bus << 8 | device << 3 |
 * function, and the register (dword). Gives what a read finds there, all ones
 * when there is nothing; a write is told of, and vanishes.
 */
struct pci_absent {
	uint32_t (*access)(void *ctx, uint16_t function, unsigned reg, bool write);
	void *ctx;
};

struct pci {
	uint32_t address; /* 0xcf8 */
	struct pci_func *slot[PCI_SLOTS];
	struct pci_func bridge;
	struct reset *reset; /* answers 0xcf9 */
	struct pci_absent absent;
};

/* others.access may be NULL: nobody wants to know. */
int pci_init(struct pci *p, struct iobus *ports, struct reset *reset, struct pci_absent others);
/* -EINVAL no such slot, -EEXIST taken. f stays with the caller. */
int pci_add(struct pci *p, unsigned slot, struct pci_func *f);
