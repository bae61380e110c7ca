/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An interrupt whose delivery always faults, before an instruction that an
 * emulator would repeat: a hypervisor that only re-injects never gets its core
 * back. This VM must be stopped, and whoever shares the core go on.
 */
#include "guests/rt/rt.h"

#define NOWHERE     0xd0000000ull /* no RAM there */
#define SELF_IPI    0x83fu
#define VECTOR      0x40u
#define WAIT_NS     3000000000ull
#define FREE_MEMORY 0x800000ull
#define PRACTICALLY (~0ull >> 1)

void guest_main(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) idt = {4095, NOWHERE};

	timer_set(WAIT_NS);
	while (!event_take(1u << MULLION_PORT_TIMER))
		halt();
	print("deaf: now\n");
	if (!map_page(NOWHERE, NOWHERE, PTE_P | PTE_W))
		crash(1, "map");
	wrmsr(SELF_IPI, VECTOR);
	__asm__ volatile("lidt %0; cld; sti; nop; rep stosb" ::"m"(idt), "D"(FREE_MEMORY),
			 "c"(PRACTICALLY), "a"(0)
			 : "memory");
	print("deaf: came back\n");
}
