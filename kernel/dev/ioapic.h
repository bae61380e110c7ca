/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The I/O APIC (82093AA, with the EOI register of version 0x20). Pure. */
#pragma once

#include "kernel/dev/lapic.h"

#define IOAPIC_BASE 0xfec00000ull
#define IOAPIC_SIZE 0x1000ull
#define IOAPIC_PINS 24u

struct ioapic {
	struct vm *vm;
	uint8_t select;
	uint8_t id;
	uint32_t level; /* pins now */
	uint64_t entry[IOAPIC_PINS];
};

int ioapic_init(struct ioapic *io, struct iobus *memory, struct vm *vm, uint8_t id);
/* Usable as dev_irq.set with ctx = ioapic; level true is "asserted" whatever the polarity bit. */
void ioapic_set_irq(void *ioapic, unsigned pin, bool level);
/* EOI broadcast of a level-triggered vector. */
void ioapic_eoi(struct ioapic *io, uint8_t vector);
