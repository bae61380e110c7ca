/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parks the other processors where no memory of the firmware's is needed: in wait-for-SIPI. */
#include "boot/loader.h"

/* SDM 3A 11.4.4, 11.12.1; 11.6.1 for the command: INIT, asserted, to all but this one. */
#define MSR_APIC_BASE  0x1bu
#define MSR_X2APIC_ICR 0x830u
#define BASE_X2APIC    BIT(10)
#define BASE_ENABLED   BIT(11)
#define BASE_ADDRESS   0x000ffffffffff000ull
#define APIC_ICR_LOW   0x300u
#define ICR_INIT_ALL   0xc4500u

/*
 * Firmware leaves them in a loop of its own. Where that loop is in memory that
 * is free now, they would run whatever is put there.
 */
void park_processors(void)
{
	uint32_t low, high;
	uint64_t base;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_APIC_BASE));
	base = low | (uint64_t)high << 32;
	if (!(base & BASE_ENABLED))
		return;
	if (base & BASE_X2APIC)
		__asm__ volatile("wrmsr" ::"a"(ICR_INIT_ALL), "d"(0), "c"(MSR_X2APIC_ICR));
	else
		*(volatile uint32_t *)phys((base & BASE_ADDRESS) + APIC_ICR_LOW) = ICR_INIT_ALL;
}
