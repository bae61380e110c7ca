/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts that are writes of messages (PCI 3.0, 6.8.2). */
#include "kernel/dev/msix.h"

#define VECTOR_MASKED 1u

void msix_init(struct msix *m, struct vm *vm)
{
	*m = (struct msix){.vm = vm};
	for (unsigned i = 0; i < MSIX_VECTORS; i++)
		m->table[i][3] = VECTOR_MASKED;
}

/* A write to the local APICs is a message (SDM 3A 10.11); elsewhere it has no effect. */
static void send(const struct msix *m, uint64_t address, uint32_t data)
{
	struct apic_msg msg = {
		.dest = address >> 12 & 0xff,
		.logical = address & BIT(2),
		.delivery = data >> 8 & 7,
		.vector = (uint8_t)data,
	};

	if (address >> 20 == LAPIC_DEFAULT_BASE >> 20)
		(void)vm_message(m->vm, &msg);
}

void msix_raise(struct msix *m, unsigned vector)
{
	const uint32_t *e = m->table[vector];

	if ((m->control & MSIX_MASK) || (e[3] & VECTOR_MASKED)) {
		m->pending |= BIT(vector);
		return;
	}
	m->pending &= ~BIT(vector);
	send(m, e[0] | (uint64_t)e[1] << 32, e[2]);
}

static void send_pending(struct msix *m)
{
	for (unsigned i = 0; i < MSIX_VECTORS; i++)
		if (m->pending >> i & 1)
			msix_raise(m, i);
}

void msix_control(struct msix *m, uint16_t control)
{
	m->control = control;
	if (control & MSIX_ENABLE)
		send_pending(m);
}

uint64_t msix_read(const struct msix *m, unsigned offset, unsigned size)
{
	bool whole = offset % size == 0 && size >= 4;

	return whole ? le_get((const char *)m->table + offset, size) : 0;
}

void msix_write(struct msix *m, unsigned offset, unsigned size, uint64_t value)
{
	if (offset % size || size < 4)
		return;
	memcpy((char *)m->table + offset, &value, size);
	if (m->control & MSIX_ENABLE)
		send_pending(m);
}
