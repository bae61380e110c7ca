/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes bus mastering from devices that firmware's drivers may have left at work. */
#include "arch/x86/cpu.h"
#include "boot/loader.h"

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
 * The display goes on showing the log; bridges carry others' traffic; system
 * peripherals (interrupt controllers, IOMMUs) do no transfers of their own.
 */
static void stop(unsigned bdf)
{
	uint32_t class = config_read(bdf, REG_CLASS) >> 24;
	uint32_t command = config_read(bdf, REG_COMMAND);

	if (class == CLASS_DISPLAY || class == CLASS_BRIDGE || class == CLASS_SYSTEM)
		return;
	if (!(command & COMMAND_BM))
		return;
	address(bdf, REG_COMMAND);
	/* The status register above the command bits is cleared by ones: zeros go there. */
	out32(DATA_PORT, command & 0xffff & ~COMMAND_BM);
}

void pci_stop_dma(void)
{
	for (unsigned bdf = 0; bdf < 0x10000; bdf += 8) {
		unsigned functions;

		if (config_read(bdf, REG_ID) == UINT32_MAX)
			continue;
		functions = config_read(bdf, REG_HEADER) & HEADER_MULTI ? 8 : 1;
		for (unsigned f = 0; f < functions; f++)
			if (config_read(bdf + f, REG_ID) != UINT32_MAX)
				stop(bdf + f);
	}
}
