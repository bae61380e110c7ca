/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI configuration space by ports 0xcf8 and 0xcfc (PCI 3.0, 3.2.2.3.2). */
#include "kernel/dev/pci.h"

#define ADDRESS_ENABLE BIT(31)
#define ADDRESS_BITS   0x80fffffcu

#define DATA_OFFSET  4u
#define RESET_OFFSET (RESET_PORT - PCI_CONFIG_PORT)

#define ECAM_SIZE 0x100000u
#define ECAM_REGS 0x1000u /* bytes of a function, of which 256 are used */

/* Bus 0, function 0; NULL when there is none. */
static struct pci_func *func_at(const struct pci *p, uint16_t function)
{
	return function < PCI_SLOTS * 8 && !(function & 7) ? p->slot[function >> 3] : NULL;
}

/* at: bus << 16 | device << 11 | function << 8 | register, as the address register has it. */
static uint32_t config_read(struct pci *p, uint32_t at)
{
	uint16_t function = (uint16_t)(at >> 8);
	unsigned reg = at >> 2 & 63;
	struct pci_func *f = func_at(p, function);

	if (!f)
		return pci_beyond(p->vm, function, reg, false);
	if (f->reading)
		f->reading(f, reg);
	return f->config[reg];
}

/* The BAR answers where the guest has put it, and while it lets it. */
static void map_bar(struct pci *p, struct pci_func *f)
{
	uint32_t at = f->config[PCI_COMMAND] & PCI_COMMAND_MEMORY ? f->config[PCI_BAR0] : 0;

	if (!f->bar.size || at == f->mapped)
		return;
	if (f->mapped)
		iobus_remove(p->memory, f->mapped);
	/* Where something else is, it does not get. */
	f->mapped = at && !iobus_add(p->memory, at, f->bar.size, f->bar.ops, f->bar.dev) ? at : 0;
}

static void config_write(struct pci *p, uint32_t at, unsigned shift, unsigned size, uint64_t value)
{
	uint16_t function = (uint16_t)(at >> 8);
	unsigned reg = at >> 2 & 63;
	struct pci_func *f = func_at(p, function);

	if (!f) {
		(void)pci_beyond(p->vm, function, reg, true);
		return;
	}

	uint32_t mask = (uint32_t)(dev_ones(size) << shift) & f->writable[reg];

	f->config[reg] = (f->config[reg] & ~mask) | ((uint32_t)(value << shift) & mask);
	map_bar(p, f);
	if (f->written)
		f->written(f, reg);
}

static uint64_t pci_read(void *dev, uint64_t offset, unsigned size)
{
	struct pci *p = dev;

	if (offset >= DATA_OFFSET && (p->address & ADDRESS_ENABLE))
		return config_read(p, p->address) >> (8 * (offset - DATA_OFFSET));
	/* The address register knows dwords only; what is narrower is for port 0xcf9. */
	if (offset == 0 && size == 4)
		return p->address;
	return offset == RESET_OFFSET && size == 1 ? reset_cf9_read(p->reset) : UINT64_MAX;
}

static void pci_write(void *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct pci *p = dev;

	if (offset >= DATA_OFFSET) {
		if (p->address & ADDRESS_ENABLE)
			config_write(p, p->address, 8 * (unsigned)(offset - DATA_OFFSET), size,
				     value);
	} else if (offset == 0 && size == 4) {
		p->address = (uint32_t)value & ADDRESS_BITS;
	} else if (offset == RESET_OFFSET && size == 1) {
		reset_cf9_write(p->reset, (uint8_t)value);
	}
}

static const struct io_ops pci_ops = {.read = pci_read, .write = pci_write};

/*
 * Enhanced access (PCI Express 2.0, 7.2.2). Within a doubleword: what crosses it, and the
 * registers from 256 on, which nothing here has, read as 0.
 */
static bool ecam_at(uint64_t offset, unsigned size, uint32_t *at)
{
	uint64_t reg = offset % ECAM_REGS;

	*at = (uint32_t)(offset / ECAM_REGS << 8 | reg);
	return reg < 256 && offset % 4 + size <= 4;
}

static uint64_t ecam_read(void *dev, uint64_t offset, unsigned size)
{
	uint32_t at;

	return ecam_at(offset, size, &at) ? config_read(dev, at) >> (8 * (offset % 4)) : 0;
}

static void ecam_write(void *dev, uint64_t offset, unsigned size, uint64_t value)
{
	uint32_t at;

	if (ecam_at(offset, size, &at))
		config_write(dev, at, 8 * (offset % 4), size, value);
}

static const struct io_ops ecam_ops = {.read = ecam_read, .write = ecam_write};

/* A host bridge that no Linux driver has a quirk for. */
int pci_init(struct pci *p, struct iobus *ports, struct iobus *memory, uint64_t ecam,
	     struct reset *reset, struct vm *vm)
{
	*p = (struct pci){.reset = reset, .memory = memory, .vm = vm};
	p->bridge.config[0] = 0x00081b36;     /* Red Hat, host bridge */
	p->bridge.config[2] = 0x06000000;     /* class: host bridge; revision 0 */
	p->bridge.config[0xb] = 0x11001af4;   /* subsystem */
	p->bridge.writable[0xf] = 0x000000ff; /* interrupt line: memory of the system */
	p->slot[0] = &p->bridge;
	return iobus_add(ports, PCI_CONFIG_PORT, 8, &pci_ops, p)
		       ?: iobus_add(memory, ecam, ECAM_SIZE, &ecam_ops, p);
}

int pci_add(struct pci *p, unsigned slot, struct pci_func *f, uint32_t bar)
{
	if (slot >= PCI_SLOTS)
		return -EINVAL;
	if (p->slot[slot])
		return -EEXIST;
	p->slot[slot] = f;
	f->config[PCI_BAR0] = bar;
	f->writable[PCI_BAR0] = f->bar.size ? -f->bar.size : 0;
	return 0;
}
