/* SPDX-License-Identifier: GPL-2.0-or-later */
/* With boot services ended: nothing but this processor goes on. */
#include "arch/x86/apic_regs.h"
#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "boot/loader.h"

#define BASE_ADDRESS 0x000ffffffffff000ull
/* SDM 3A 10.4.4, 10.12.1; 10.6.1 for the command: INIT, asserted, to all but this one. */
#define ICR_INIT_ALL (3u << 18 | (uint32_t)ICR_ASSERT | APIC_DM_INIT << 8)

/* PCI 3.0 3.2.2.3.2 and 6.1: configuration mechanism 1, and the type 0 header. */
#define ADDRESS_PORT  0xcf8u
#define DATA_PORT     0xcfcu
#define REG_ID        0x00u
#define REG_COMMAND   0x04u
#define REG_CLASS     0x08u
#define REG_HEADER    0x0cu
#define COMMAND_BM    4u
#define HEADER_MULTI  BIT(23)
#define CLASS_DISPLAY 0x03u
#define CLASS_BRIDGE  0x06u
#define CLASS_SYSTEM  0x08u

/*
 * Other processors wait for a SIPI from here on. Firmware leaves them in a loop
 * of its own: where that is in memory that is free now, they would run whatever
 * is put there.
 */
static void park_processors(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);

	if (!(base & APIC_BASE_ENABLE))
		return;
	if (base & APIC_BASE_X2APIC)
		wrmsr(MSR_X2APIC_BASE + APIC_ICR, ICR_INIT_ALL);
	else
		*(volatile uint32_t *)phys((base & BASE_ADDRESS) + 16 * APIC_ICR) = ICR_INIT_ALL;
}

/* Chooses the register that DATA_PORT then is. */
static void address(unsigned bdf, unsigned reg)
{
	out32(ADDRESS_PORT, 0x80000000u | bdf << 8 | reg);
}

static uint32_t config_read(unsigned bdf, unsigned reg)
{
	address(bdf, reg);
	return in32(DATA_PORT);
}

/*
 * Takes bus mastering from a device that firmware's driver may have left at work.
 * The display goes on showing the log; bridges carry others' traffic; system
 * peripherals (interrupt controllers, IOMMUs) do no transfers of their own.
 */
static void stop_dma(unsigned bdf)
{
	uint32_t class = config_read(bdf, REG_CLASS) >> 24;
	uint32_t command = config_read(bdf, REG_COMMAND);

	if (class == CLASS_DISPLAY || class == CLASS_BRIDGE || class == CLASS_SYSTEM ||
	    !(command & COMMAND_BM))
		return;
	address(bdf, REG_COMMAND);
	/* The status register above the command bits is cleared by ones: zeros go there. */
	out32(DATA_PORT, command & 0xffff & ~COMMAND_BM);
}

void quiet_machine(void)
{
	park_processors();
	for (unsigned bdf = 0; bdf < 0x10000; bdf += 8) {
		if (config_read(bdf, REG_ID) == UINT32_MAX)
			continue;
		unsigned functions = config_read(bdf, REG_HEADER) & HEADER_MULTI ? 8 : 1;
		for (unsigned f = 0; f < functions; f++)
			if (config_read(bdf + f, REG_ID) != UINT32_MAX)
				stop_dma(bdf + f);
	}
}
