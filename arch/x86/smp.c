/* SPDX-License-Identifier: GPL-2.0-or-later */
/* INIT-SIPI-SIPI for each application processor (SDM 3A 8.4.4.1). */
#include "arch/x86/apic.h"
#include "arch/x86/gdt.h"
#include "arch/x86/paging.h"
#include "arch/x86/traps.h"
#include "arch/x86/tsc.h"
#include "kernel/log.h"

#define START_TIMEOUT_US 500000u

struct cpu cpus[MAX_CPUS];
unsigned cpu_count;

extern void (*entry_next)(uint64_t handoff); /* entry.asm */

static void (*ap_main)(void);
static struct cpu *starting;

static void ap_on_stack(void)
{
	struct cpu *cpu = starting;

	gdt_load(cpu);
	idt_load();
	apic_enable();
	__atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
	ap_main();
}

/* On the loader's tables, as the boot core was. */
static void ap_entry(uint64_t handoff)
{
	(void)handoff;
	paging_load();
	call_on_stack(stack_top(starting->id, 0), ap_on_stack);
}

static bool comes_up(const struct cpu *cpu, unsigned us)
{
	for (; us && !__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE); us -= 100)
		delay_us(100);
	return __atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE);
}

static bool start_one(struct cpu *cpu, hpa_t page)
{
	/* A core that did not start has left its number, stacks and tables to the next. */
	if (!cpu->gdt_va && paging_add_stacks(cpu->id)) {
		log_err("no memory for the stacks of core %u", cpu->id);
		return false;
	}
	gdt_init(cpu);
	starting = cpu;
	apic_send_init(cpu->apic_id);
	delay_us(10000);
	for (unsigned i = 0; i < 2; i++) {
		apic_send_sipi(cpu->apic_id, (uint8_t)(page >> PAGE_SHIFT));
		if (comes_up(cpu, i ? START_TIMEOUT_US : 200))
			return true;
	}
	/* It must not wake up later and run with another core's data. */
	apic_send_init(cpu->apic_id);
	return false;
}

APART void smp_start(hpa_t page, void (*main)(void))
{
	unsigned kept = 1;

	ap_main = main;
	entry_next = ap_entry;
	for (unsigned i = 1; i < cpu_count; i++) {
		struct cpu *cpu = &cpus[kept];

		cpu->id = kept;
		cpu->apic_id = cpus[i].apic_id;
		cpu->online = false;
		if (start_one(cpu, page))
			kept++;
		else
			log_warn("core with APIC id %u does not start: left out", cpu->apic_id);
	}
	cpu_count = kept;
}
