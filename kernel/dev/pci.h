/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI: bus 0 with a host bridge in slot 0, by mechanism 1 and by ECAM. Pure. */
#pragma once

#include "kernel/dev/dev.h"
#include "kernel/dev/reset.h"

#define PCI_SLOTS       32u
#define PCI_CONFIG_PORT 0xcf8u

#define PCI_COMMAND        1u /* dword; status above it */
#define PCI_COMMAND_MEMORY BIT(1)
#define PCI_COMMAND_MASTER BIT(2)
#define PCI_COMMAND_NO_INT BIT(10)
#define PCI_BAR0           4u

/* What answers BAR 0: memory below 4 GiB. */
struct pci_bar {
	const struct io_ops *ops;
	void *dev;
	uint32_t size; /* a power of 2, at least a page; 0: there is no BAR */
};

/* Function 0 of a slot. */
struct pci_func {
	uint32_t config[64];   /* what the guest reads */
	uint32_t writable[64]; /* bits that it can change: also how a BAR tells its size */
	/* After a write to register (dword) reg, and before a read; may be NULL. */
	void (*written)(struct pci_func *f, unsigned reg);
	void (*reading)(struct pci_func *f, unsigned reg);
	struct pci_bar bar;
	uint32_t mapped; /* where the BAR answers now; 0: nowhere */
};

struct pci {
	uint32_t address; /* 0xcf8 */
	struct pci_func *slot[PCI_SLOTS];
	struct iobus *memory;
	struct pci_func bridge;
	struct reset *reset; /* answers 0xcf9 */
	struct vm *vm;
};

/* ecam: 1 MiB of memory for bus 0. */
int pci_init(struct pci *p, struct iobus *ports, struct iobus *memory, uint64_t ecam,
	     struct reset *reset, struct vm *vm);
/* -EINVAL no such slot, -EEXIST taken. f stays with the caller. Its BAR lies at bar. */
int pci_add(struct pci *p, unsigned slot, struct pci_func *f, uint32_t bar);

/*
 * An access to a function that no model answers: bus << 8 | device << 3 |
 * function, and the register (dword). Gives what a read finds there, all ones
 * when there is nothing; a write is told of, and vanishes. VM lock held.
 * kernel/beyond.c, or a test.
 */
uint32_t pci_beyond(struct vm *vm, uint16_t function, unsigned reg, bool write);
