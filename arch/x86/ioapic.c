/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The physical I/O APICs: everything masked but what the hypervisor uses. */
#include "arch/x86/acpi.h"
#include "arch/x86/apic.h"
#include "arch/x86/apic_regs.h"
#include "arch/x86/paging.h"
#include "kernel/log.h"

#define IOREGSEL       0u
#define IOWIN          4u /* index of a uint32_t: byte offset 0x10 */
#define IOAPIC_VERSION 1u
#define IOAPIC_REDIR   0x10u
#define REDIR_LOW      BIT(13)

static struct {
	volatile uint32_t *regs;
	uint32_t gsi, pins;
} ioapics[ACPI_MAX_IOAPICS];
static unsigned ioapic_count;

static uint32_t io_read(unsigned i, unsigned reg)
{
	ioapics[i].regs[IOREGSEL] = reg;
	return ioapics[i].regs[IOWIN];
}

static void io_write(unsigned i, unsigned reg, uint32_t v)
{
	ioapics[i].regs[IOREGSEL] = reg;
	ioapics[i].regs[IOWIN] = v;
}

void ioapic_add(hpa_t base, uint32_t gsi_base)
{
	unsigned i = ioapic_count;

	ioapics[i].regs = map_mmio(base, PAGE_SIZE, MT_UC);
	if (!ioapics[i].regs)
		return;
	ioapics[i].gsi = gsi_base;
	uint32_t version = io_read(i, IOAPIC_VERSION);
	if (version == UINT32_MAX) /* nothing answers there */
		return;
	ioapics[i].pins = ((version >> 16) & 0xff) + 1;
	ioapic_count++;
	for (unsigned pin = 0; pin < ioapics[i].pins; pin++)
		io_write(i, IOAPIC_REDIR + 2 * pin, LVT_MASKED);
}

int ioapic_route(uint32_t gsi, uint8_t vector, uint32_t apic_id, bool level, bool active_low)
{
	for (unsigned i = 0; i < ioapic_count; i++) {
		uint32_t pin = gsi - ioapics[i].gsi;

		if (gsi < ioapics[i].gsi || pin >= ioapics[i].pins)
			continue;
		if (apic_id > 0xff) /* needs interrupt remapping */
			return -ENODEV;
		io_write(i, IOAPIC_REDIR + 2 * pin + 1, apic_id << 24);
		io_write(i, IOAPIC_REDIR + 2 * pin,
			 (uint32_t)((level ? LVT_LEVEL : 0) | (active_low ? REDIR_LOW : 0)) |
				 vector);
		return 0;
	}
	return -ENODEV;
}
