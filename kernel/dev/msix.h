/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MSI-X of a function: its table, and the messages it sends (PCI 3.0, 6.8). Pure. */
#pragma once

#include "kernel/dev/lapic.h"

#define MSIX_VECTORS    9u
#define MSIX_TABLE_SIZE (16u * MSIX_VECTORS)
#define MSIX_PBA_SIZE   8u

#define MSIX_ENABLE BIT(15) /* of message control */
#define MSIX_MASK   BIT(14)

struct msix {
	uint32_t table[MSIX_VECTORS][4]; /* address, upper half, data, control */
	uint64_t pending;
	uint16_t control; /* MSIX_ENABLE, MSIX_MASK: as configuration space has it */
	struct vm *vm;
};

/* All masked. */
void msix_init(struct msix *m, struct vm *vm);
/* Sends the vector's message, or remembers it while it is masked. Enabled only. */
void msix_raise(struct msix *m, unsigned vector);
/* Message control was written. */
void msix_control(struct msix *m, uint16_t control);
/* The table; offset within it. It knows doublewords and quadwords only. */
uint64_t msix_read(const struct msix *m, unsigned offset, unsigned size);
void msix_write(struct msix *m, unsigned offset, unsigned size, uint64_t value);
