/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parks the other processors where no memory of the firmware's is needed: in wait-for-SIPI. */
#include "arch/x86/apic_regs.h"
#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "boot/loader.h"

#define BASE_ADDRESS 0x000ffffffffff000ull
/* SDM 3A 10.4.4, 10.12.1; 10.6.1 for the command: INIT, asserted, to all but this one. */
#define ICR_INIT_ALL (3u << 18 | (uint32_t)ICR_ASSERT | APIC_DM_INIT << 8)

/*
 * Firmware leaves them in a loop of its own. Where that loop is in memory that
 * is free now, they would run whatever is put there.
 */
void park_processors(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE);

	if (!(base & APIC_BASE_ENABLE))
		return;
	if (base & APIC_BASE_X2APIC)
		wrmsr(MSR_X2APIC_BASE + APIC_ICR, ICR_INIT_ALL);
	else
		*(volatile uint32_t *)phys((base & BASE_ADDRESS) + 16 * APIC_ICR) = ICR_INIT_ALL;
}
