/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accesses that nothing of the VM answers: to the machine when granted, else refused. */
#include "kernel/grant.h"
#include "kernel/guest.h"

#define PCI_ADDRESS 0xcf8
#define PCI_DATA    0xcfc

static struct spinlock pci_lock; /* an address and its data are two accesses */

static uint32_t pci_read(uint16_t function, unsigned reg)
{
	SPIN_HOLD(&pci_lock);
	out32(PCI_ADDRESS, (uint32_t)BIT(31) | (uint32_t)function << 8 | reg << 2);
	return in32(PCI_DATA);
}

/* Only learn mode asks why no line could give it. */
static void refused(struct vcpu *v, enum refuse_kind kind, uint32_t first, uint32_t last,
		    const char *why, unsigned passed)
{
	bool learn = v->vm->more->conf->learn;
	const struct grant_never *n =
		learn ? grant_never((enum grant_kind)(kind / 2), first, last, kind % 2) : NULL;
	struct refuse_range a = {.kind = (uint8_t)kind, .first = first, .last = last};

	a.why = n ? n->why : learn ? why : NULL;
	vcpu_refused_access(v, &a, passed);
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

/* Breakpoints at ports are traps, and left to who carries the access out (SDM 3B 17.2.4). */
static APART void break_at_port(struct vcpu *v, uint64_t dr7, unsigned port, unsigned last)
{
	const uint64_t dr[] = {read_dr0(), read_dr1(), read_dr2(), read_dr3()};
	uint64_t hit = 0;

	for (unsigned n = 0; n < 4; n++) {
		uint64_t how = dr7 >> (16 + 4 * n), len = how >> 2 & 3; /* less 1 */
		if ((dr7 >> 2 * n & 3) && (how & 3) == 2 && last >= (dr[n] & ~len) &&
		    port <= (dr[n] | len))
			hit |= BIT(n);
	}
	if (!hit || !(vcpu_ops->get(v, REG_CR4) & CR4_DE))
		return;
	write_dr6((read_dr6() & ~0xfull) | hit);
	vcpu_exception(v, VEC_DB);
}

void port_access(struct vcpu *v, uint16_t port, unsigned size, bool write, uint64_t *value,
		 unsigned passed)
{
	struct vm_more *m = v->vm->more;
	unsigned last = port + size - 1;
	uint64_t dr7 = vcpu_ops->get(v, REG_DR7);

	if (unlikely(dr7 & 0xff))
		break_at_port(v, dr7, port, last);
	spin_lock(&m->lock);
	m->io_vcpu = v;
	m->io_passed = passed;
	bool known = write ? iobus_write(&m->ports, port, size, *value)
			   : iobus_read(&m->ports, port, size, value);
	if (unlikely(m->to[0].count) && m->pc)
		pc_console_feed(v->vm);
	spin_unlock(&m->lock);
	if (known)
		return;
	if (m->conf->grant_count && grant_has(m->conf, GRANT_PORT, port, last, write)) {
		machine_port(port, size, write, value);
		return;
	}
	last = (unsigned)min_u64(last, UINT16_MAX);
	refused(v, write ? REFUSE_OUT : REFUSE_IN, port, last, NULL, passed);
}

int msr_beyond(struct vcpu *v, uint32_t msr, bool write, uint64_t *value, bool known)
{
	if (!known && grant_has(v->vm->more->conf, GRANT_MSR, msr, msr, write))
		return (write ? wrmsr_safe(msr, *value) : rdmsr_safe(msr, value)) ? 0 : -EINVAL;
	const char *why = known ? "the hypervisor answers it itself" : NULL;
	refused(v, write ? REFUSE_WRMSR : REFUSE_RDMSR, msr, msr, why, 0);
	return -EINVAL;
}

uint32_t pci_beyond(struct vm *vm, uint16_t function, unsigned reg, bool write)
{
	struct vm_more *m = vm->more;
	enum refuse_kind kind = write ? REFUSE_PCI_WRITE : REFUSE_PCI_READ;

	if (grant_has(m->conf, GRANT_PCI, function, function, false) && !write)
		return pci_read(function, reg);
	/* Where the machine has nothing either, nothing was refused. */
	if (m->conf->learn && pci_read(function, 0) != UINT32_MAX)
		refused(m->io_vcpu, kind, function, function, NULL, m->io_passed);
	return UINT32_MAX;
}
