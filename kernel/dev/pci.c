/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI configuration space by ports 0xcf8 and 0xcfc (PCI 3.0, 3.2.2.3.2). */
#include "kernel/dev/pci.h"

#define ADDRESS_ENABLE BIT(31)
#define ADDRESS_BITS   0x80fffffcu

#define DATA_OFFSET  4u
#define RESET_OFFSET (RESET_PORT - PCI_CONFIG_PORT)

static unsigned selected_reg(const struct pci *p)
{
	return p->address >> 2 & 63;
}

static struct pci_func *selected(const struct pci *p)
{
	/* Bus 0, function 0. */
	if (!(p->address & ADDRESS_ENABLE) || (p->address & 0x00ff0700u))
		return NULL;
	return p->slot[p->address >> 11 & 31];
}

static uint32_t absent(const struct pci *p, bool write)
{
	if (!(p->address & ADDRESS_ENABLE) || !p->absent.access)
		return UINT32_MAX;
	return p->absent.access(p->absent.ctx, (uint16_t)(p->address >> 8), selected_reg(p), write);
}

static uint64_t pci_read(void *dev, uint64_t offset, unsigned size)
{
	struct pci *p = dev;

	if (offset >= DATA_OFFSET) {
		const struct pci_func *f = selected(p);
		uint32_t value = f ? f->config[selected_reg(p)] : absent(p, false);

		return value >> (8 * (offset - DATA_OFFSET)) & dev_ones(size);
	}
	/* The address register knows dwords only; what is narrower is for port 0xcf9. */
	if (offset == 0 && size == 4)
		return p->address;
	if (offset == RESET_OFFSET && size == 1)
		return reset_cf9_read(p->reset);
	return UINT64_MAX;
}

static void config_write(struct pci_func *f, unsigned reg, unsigned shift, unsigned size,
			 uint64_t value)
{
	uint32_t mask = (uint32_t)(dev_ones(size) << shift) & f->writable[reg];

	f->config[reg] = (f->config[reg] & ~mask) | ((uint32_t)(value << shift) & mask);
	if (f->written)
		f->written(f, reg);
}

static void pci_write(void *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct pci *p = dev;

	if (offset >= DATA_OFFSET) {
		struct pci_func *f = selected(p);

		if (f)
			config_write(f, selected_reg(p), 8 * (unsigned)(offset - DATA_OFFSET), size,
				     value);
		else
			(void)absent(p, true);
	} else if (offset == 0 && size == 4) {
		p->address = (uint32_t)value & ADDRESS_BITS;
	} else if (offset == RESET_OFFSET && size == 1) {
		reset_cf9_write(p->reset, (uint8_t)value);
	}
}

static const struct io_ops pci_ops = {.read = pci_read, .write = pci_write};

/* A host bridge that no Linux driver has a quirk for. */
int pci_init(struct pci *p, struct iobus *ports, struct reset *reset, struct pci_absent others)
{
	*p = (struct pci){.reset = reset, .absent = others};
	p->bridge.config[0] = 0x00081b36;     /* Red Hat, host bridge */
	p->bridge.config[2] = 0x06000000;     /* class: host bridge; revision 0 */
	p->bridge.config[0xb] = 0x11001af4;   /* subsystem */
	p->bridge.writable[0xf] = 0x000000ff; /* interrupt line: memory of the system */
	p->slot[0] = &p->bridge;
	return iobus_add(ports, PCI_CONFIG_PORT, 8, &pci_ops, p);
}

int pci_add(struct pci *p, unsigned slot, struct pci_func *f)
{
	if (slot >= PCI_SLOTS)
		return -EINVAL;
	if (p->slot[slot])
		return -EEXIST;
	p->slot[slot] = f;
	return 0;
}
