/* SPDX-License-Identifier: GPL-2.0-or-later */
/* INIT-SIPI-SIPI for each application processor (SDM 3A 8.4.4.1). */
#include "arch/x86/apic.h"
#include "arch/x86/gdt.h"
#include "arch/x86/paging.h"
#include "arch/x86/traps.h"
#include "arch/x86/tsc.h"
#include "kernel/log.h"
#include "kernel/mem.h"

#define START_TIMEOUT_US 500000u

struct cpu cpus[MAX_CPUS];
unsigned cpu_count;

/* trampoline_args in trampoline.asm. */
struct trampoline_args {
	uint64_t cr3, stack, cpu, entry;
};

extern const char trampoline_start[], trampoline_end[], trampoline_args[];

static void (*ap_main)(void);

static void ap_entry(struct cpu *cpu)
{
	paging_load();
	gdt_load(cpu);
	idt_load();
	apic_enable();
	__atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
	ap_main();
}

static bool comes_up(const struct cpu *cpu, unsigned us)
{
	for (unsigned waited = 0; waited < us; waited += 100) {
		if (__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE))
			return true;
		delay_us(100);
	}
	return __atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE);
}

static bool start_one(struct cpu *cpu, hpa_t page, struct trampoline_args *args)
{
	/* A core that did not start has left its number, stacks and tables to the next. */
	if (!cpu->gdt_va && paging_add_stacks(cpu->id)) {
		log_err("no memory for the stacks of core %u", cpu->id);
		return false;
	}
	gdt_init(cpu);
	args->cr3 = read_cr3();
	args->stack = stack_top(cpu->id, 0);
	args->cpu = (uint64_t)(uintptr_t)cpu;
	args->entry = (uint64_t)(uintptr_t)ap_entry;

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

void smp_start(hpa_t page, void (*main)(void))
{
	char *code = phys_to_virt(page);
	struct trampoline_args *args = (void *)(code + (trampoline_args - trampoline_start));
	unsigned kept = 1;

	ap_main = main;
	if (cpu_count == 1)
		return;
	if (!page || page >= MIB(1) || map_trampoline(page)) {
		log_warn("no page below 1 MiB to start cores from: only the boot core is used");
		cpu_count = 1;
		return;
	}
	memcpy(code, trampoline_start, (size_t)(trampoline_end - trampoline_start));
	for (unsigned i = 1; i < cpu_count; i++) {
		struct cpu *cpu = &cpus[kept];

		cpu->id = kept;
		cpu->apic_id = cpus[i].apic_id;
		cpu->online = false;
		if (start_one(cpu, page, args))
			kept++;
		else
			log_warn("core with APIC id %u does not start: left out", cpu->apic_id);
	}
	unmap_trampoline(page);
	cpu_count = kept;
}
