/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accesses that nothing of the VM answers: to the machine when granted, else refused and learnt. */
#include "kernel/grant.h"
#include "kernel/guest.h"

#define PCI_ADDRESS 0xcf8
#define PCI_DATA    0xcfc

static struct spinlock pci_lock; /* an address and its data are two accesses */

static uint32_t pci_read(uint16_t function, unsigned reg)
{
	spin_lock(&pci_lock);
	out32(PCI_ADDRESS, (uint32_t)BIT(31) | (uint32_t)function << 8 | reg << 2);
	uint32_t value = in32(PCI_DATA);
	spin_unlock(&pci_lock);
	return value;
}

static void learn(struct vcpu *v, struct learn_access a)
{
	struct vm_more *m = v->vm->more;

	if (!m->learn)
		return;
	a.vcpu = v->id;
	spin_lock(&m->learn_lock);
	learn_add(m->learn, &a);
	spin_unlock(&m->learn_lock);
}

static void machine_port(uint16_t port, unsigned size, bool write, uint64_t *value)
{
	if (!write)
		*value = size == 4 ? in32(port) : size == 2 ? in16(port) : in8(port);
	else if (size == 4)
		out32(port, (uint32_t)*value);
	else if (size == 2)
		out16(port, (uint16_t)*value);
	else
		out8(port, (uint8_t)*value);
}

void port_access(struct vcpu *v, uint16_t port, unsigned size, bool write, uint64_t *value,
		 unsigned passed)
{
	struct vm_more *m = v->vm->more;
	uint64_t rip = m->learn ? vcpu_ops->get(v, REG_RIP) - passed : 0;

	spin_lock(&m->lock);
	m->io_vcpu = v;
	m->io_rip = rip;
	bool known = write ? iobus_write(&m->ports, port, size, *value)
			   : iobus_read(&m->ports, port, size, value);
	if (m->pc && m->in_count)
		pc_console_feed(v->vm);
	spin_unlock(&m->lock);
	if (known)
		return;
	if (grant_has(m->conf, GRANT_PORT, port, port + size - 1, write)) {
		machine_port(port, size, write, value);
		return;
	}
	vcpu_refused(v, write ? REFUSE_OUT : REFUSE_IN, port);
	learn(v, (struct learn_access){GRANT_PORT, port, size, write, .rip = rip});
}

int msr_beyond(struct vcpu *v, uint32_t msr, bool write, uint64_t *value, bool known)
{
	if (!known && grant_has(v->vm->more->conf, GRANT_MSR, msr, msr, write))
		return (write ? wrmsr_safe(msr, *value) : rdmsr_safe(msr, value)) ? 0 : -EINVAL;
	vcpu_refused(v, write ? REFUSE_WRMSR : REFUSE_RDMSR, msr);
	learn(v, (struct learn_access){GRANT_MSR, msr, 1, write, .kept = known,
				       .rip = vcpu_ops->get(v, REG_RIP)});
	return -EINVAL;
}

uint32_t pci_beyond(struct vm *vm, uint16_t function, unsigned reg, bool write)
{
	struct vm_more *m = vm->more;

	if (grant_has(m->conf, GRANT_PCI, function, function, false) && !write)
		return pci_read(function, reg);
	/* Where the machine has nothing either, nothing was refused. */
	if (m->learn && pci_read(function, 0) != UINT32_MAX)
		learn(m->io_vcpu,
		      (struct learn_access){GRANT_PCI, function, 1, write, .rip = m->io_rip});
	return UINT32_MAX;
}

void learn_print(struct vm *vm, learn_line_fn line, void *ctx)
{
	if (vm->more->learn)
		learn_lines(vm->more->learn, line, ctx);
	else
		line(ctx, "# nothing is recorded: that needs learn = yes in the VM's section");
}
