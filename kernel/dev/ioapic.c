/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The I/O APIC: redirection of pins to local APICs. */
#include "kernel/dev/ioapic.h"

#define REG_SELECT 0x00u
#define REG_WINDOW 0x10u
#define REG_EOI    0x40u

#define INDEX_ID      0x00u
#define INDEX_VERSION 0x01u
#define INDEX_ARB     0x02u
#define INDEX_ENTRY   0x10u

#define ENTRY_BITS 0xff0000000001afffull /* writable */

static unsigned send(struct ioapic *io, uint64_t e)
{
	struct apic_msg m = {
		.dest = (uint32_t)(e >> 56),
		.logical = e & BIT(11),
		.delivery = e >> 8 & 7,
		.vector = (uint8_t)e,
		.level = e & LVT_LEVEL,
	};

	return vm_message(io->vm, &m);
}

/* Only fixed and lowest-priority interrupts can be level-triggered (82093AA 3.2.4). */
static bool is_level(uint64_t e)
{
	return (e & LVT_LEVEL) && (e >> 8 & 7) <= APIC_DM_LOWEST;
}

/* Remote IRR stands only for what a local APIC has taken and will end with an EOI. */
static void send_level(struct ioapic *io, unsigned pin)
{
	uint64_t *e = &io->entry[pin];

	if (!(io->level >> pin & 1) || !is_level(*e) || (*e & (LVT_MASKED | LVT_REMOTE_IRR)))
		return;
	if (send(io, *e))
		*e |= LVT_REMOTE_IRR;
}

/* Edges at a masked pin are lost (82093AA 3.2.4, interrupt mask). */
void ioapic_set_irq(void *ioapic, unsigned pin, bool level)
{
	struct ioapic *io = ioapic;

	if (pin >= IOAPIC_PINS)
		return;
	bool rose = level && !(io->level >> pin & 1);
	io->level = level ? io->level | 1u << pin : io->level & ~(1u << pin);
	if (is_level(io->entry[pin]))
		send_level(io, pin);
	else if (rose && !(io->entry[pin] & LVT_MASKED))
		send(io, io->entry[pin]);
}

void ioapic_eoi(struct ioapic *io, uint8_t vector)
{
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		uint64_t *e = &io->entry[pin];

		if ((uint8_t)*e != vector || !(*e & LVT_REMOTE_IRR))
			continue;
		*e &= ~LVT_REMOTE_IRR;
		send_level(io, pin);
	}
}

static uint32_t read_index(const struct ioapic *io)
{
	unsigned n = io->select - INDEX_ENTRY;

	if (n < 2 * IOAPIC_PINS)
		return (uint32_t)(io->entry[n / 2] >> (n & 1 ? 32 : 0));
	if (io->select == INDEX_VERSION)
		return (IOAPIC_PINS - 1) << 16 | 0x20;
	return io->select <= INDEX_ARB ? (uint32_t)io->id << 24 : UINT32_MAX;
}

static void write_entry(struct ioapic *io, unsigned pin, bool high, uint32_t v)
{
	unsigned shift = high ? 32 : 0;
	uint64_t *e = &io->entry[pin], half = (uint64_t)UINT32_MAX << shift & ENTRY_BITS;

	*e = (*e & ~half) | ((uint64_t)v << shift & half);
	/* Going over to edge is how a driver without an EOI register clears remote IRR. */
	if (!is_level(*e))
		*e &= ~LVT_REMOTE_IRR;
	send_level(io, pin);
}

static void write_index(struct ioapic *io, uint32_t v)
{
	unsigned n = io->select - INDEX_ENTRY;

	if (io->select == INDEX_ID)
		io->id = (uint8_t)(v >> 24 & 15);
	else if (n < 2 * IOAPIC_PINS)
		write_entry(io, n / 2, n & 1, v);
}

static uint64_t ioapic_read(void *dev, uint64_t offset, unsigned size)
{
	struct ioapic *io = dev;

	if (offset == REG_SELECT)
		return io->select;
	return offset == REG_WINDOW && size >= 4 ? read_index(io) : 0;
}

static void ioapic_write(void *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct ioapic *io = dev;

	if (offset == REG_SELECT)
		io->select = (uint8_t)value;
	else if (offset == REG_WINDOW && size >= 4)
		write_index(io, (uint32_t)value);
	else if (offset == REG_EOI && size >= 4)
		ioapic_eoi(io, (uint8_t)value);
}

static const struct io_ops ioapic_ops = {.read = ioapic_read, .write = ioapic_write};

int ioapic_init(struct ioapic *io, struct iobus *memory, struct vm *vm, uint8_t id)
{
	*io = (struct ioapic){.vm = vm, .id = id};
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
		io->entry[pin] = LVT_MASKED;
	return iobus_add(memory, IOAPIC_BASE, IOAPIC_SIZE, &ioapic_ops, io);
}
