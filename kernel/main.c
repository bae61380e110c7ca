/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the loader's hand-off to every core in its loop. */
#include "arch/x86/acpi.h"
#include "arch/x86/apic.h"
#include "arch/x86/fbcon.h"
#include "arch/x86/gdt.h"
#include "arch/x86/paging.h"
#include "arch/x86/panic.h"
#include "arch/x86/power.h"
#include "arch/x86/serial.h"
#include "boot/handoff.h"
#include "kernel/guest.h"
#include "kernel/mon/monitor.h"

#define XAPIC_DEFAULT  0xfee00000ull
#define IOAPIC_DEFAULT 0xfec00000ull

const struct vcpu_ops *vcpu_ops;
struct vcpu_caps vcpu_caps;

static struct handoff handoff;
static struct acpi_info acpi;
static struct config config;
static struct placement placement;
static uint64_t go; /* the other cores may begin */

void boot_main(uint64_t handoff_pa);

const void *acpi_map(hpa_t pa, uint64_t len)
{
	return phys_is_mapped(pa, len) ? phys_to_virt(pa) : NULL;
}

void acpi_warn(const char *table, const char *sentence)
{
	log_warn("ACPI %s: %s", table, sentence);
}

static void add_cpu(uint32_t apic_id)
{
	if (apic_id == cpus[0].apic_id)
		return;
	if (cpu_count == MAX_CPUS) {
		log_warn("core with APIC id %u: more than %u cores are not used", apic_id,
			 MAX_CPUS);
		return;
	}
	cpus[cpu_count].id = cpu_count;
	cpus[cpu_count++].apic_id = apic_id;
}

/* The MADT tells; where there is none, the firmware's MP services did. */
static void find_cpus(void)
{
	const uint32_t *list = acpi.has_madt ? acpi.apic_id : phys_to_virt(handoff.cpus);
	unsigned count = acpi.has_madt ? acpi.cpu_count : handoff.cpu_count;

	cpus[0].apic_id = apic_id();
	cpu_count = 1;
	for (unsigned i = 0; i < count; i++)
		add_cpu(list[i]);
}

static void find_ioapics(void)
{
	for (unsigned i = 0; i < acpi.ioapic_count; i++)
		ioapic_add(acpi.ioapic[i].address, acpi.ioapic[i].gsi_base);
	if (!acpi.has_madt)
		ioapic_add(IOAPIC_DEFAULT, 0);
	/* The PIC's lines stay quiet: nothing is wired to us through them. */
	out8(0x21, 0xff);
	out8(0xa1, 0xff);
}

static void route_serial(struct serial_port *port, uint8_t irq, uint8_t vector)
{
	struct acpi_override o = {.irq = irq, .gsi = irq};

	for (unsigned i = 0; i < acpi.override_count; i++)
		if (acpi.override[i].irq == irq)
			o = acpi.override[i];
	if (ioapic_route(o.gsi, vector, cpus[0].apic_id, o.level, o.low))
		log_warn("no I/O APIC has the interrupt of serial port 0x%x: it takes no input",
			 port->base);
	else
		serial_enable_irq(port);
}

static void route_console(void)
{
	route_serial(&serial_com1, SERIAL_COM1_IRQ, HOST_VEC_SERIAL);
	if (config.monitor == MONITOR_COM2 && monitor_port_init())
		route_serial(&serial_com2, SERIAL_COM2_IRQ, HOST_VEC_SERIAL2);
}

static void choose_backend(void)
{
	const char *why_svm = svm_ops.probe(&vcpu_caps);
	const char *why_vmx = why_svm ? vmx_ops.probe(&vcpu_caps) : NULL;
	vcpu_caps.phys_bits = cpuid(0x80000008, 0).eax & 0xff;

	if (why_svm && why_vmx)
		panic("this machine cannot run guests. AMD-V: %s. Intel VT-x: %s.", why_svm,
		      why_vmx);
	vcpu_ops = why_svm ? &vmx_ops : &svm_ops;
}

static void backend_on(struct cpu *cpu)
{
	const char *why = vcpu_ops->cpu_on(cpu);

	if (why)
		panic("core %u: %s cannot be turned on: %s", cpu->id, vcpu_ops->name, why);
}

static void ap_main(void)
{
	xstate_enable();
	backend_on(this_cpu());
	/* Loading the guests takes a while: the kick that ends it is not missed. */
	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		irq_on_halt_off();
	cpu_loop();
}

void config_diag(unsigned line, const char *sentence)
{
	if (line)
		log_err("mullion.conf:%u: %s", line, sentence);
	else
		log_err("mullion.conf: %s", sentence);
}

static void read_config(void)
{
	const struct handoff_module *m = phys_to_virt(handoff.modules);

	if (!handoff.module_count || !m->base)
		panic("the loader gave no configuration");
	if (config_parse(&config, phys_to_virt(m->base), m->size))
		panic("the configuration is refused: correct mullion.conf on the boot volume");
	config_place(&config, cpu_count, mem_free_bytes(), &placement);
}

static bool create_vms(void)
{
	bool all = !config.errors;

	for (unsigned i = 0; i < config.vm_count; i++)
		if (!config.vm[i].refused && !vm_create(&config.vm[i], placement.core[i]))
			all = false;
	return all;
}

/* No guest has run before every image is loaded: strict can still stop them all. */
static void start_vms(void)
{
	bool all = create_vms();

	for (unsigned i = 0; i < vm_count; i++)
		if (vms[i]->more->conf->autostart && vm_load(vms[i]))
			all = false;
	if (config.strict && !all) {
		log_err("strict = yes and something is refused: no VM is started");
		for (unsigned i = 0; i < vm_count; i++)
			vm_ram_free(vms[i]);
		return;
	}
	for (unsigned order = 0; order <= CONFIG_MAX_ORDER; order++)
		for (unsigned i = 0; i < vm_count; i++)
			if (vms[i]->more->block && vms[i]->more->conf->order == order)
				vm_launch(vms[i]);
}

static void main_on_stack(void)
{
	struct cpuid_regs v = cpuid(0, 0);
	const uint32_t vendor[] = {v.ebx, v.edx, v.ecx};

	fbcon_init(&handoff.fb,
		   handoff.fb.base ? map_mmio(handoff.fb.base, handoff.fb.size, MT_WC) : NULL);
	modules_init(&handoff);
	log_info("Mullion " HV_VERSION " on %.*s, firmware %s", 12, (const char *)vendor,
		 handoff.firmware);
	panic_keep(handoff.survive, handoff.boot_epoch);
	if (handoff.rsdp)
		(void)acpi_parse(handoff.rsdp, &acpi);
	power_init(&acpi);
	apic_init(acpi.lapic ? acpi.lapic : XAPIC_DEFAULT);
	apic_enable();
	find_cpus();
	find_ioapics();
	tsc_init(acpi.pm_timer);
	wallclock_init(handoff.boot_epoch);
	apic_timer_init();
	xstate_init();
	choose_backend();
	backend_on(this_cpu());
	smp_start(handoff.start_page, ap_main);
	log_info("%u core%s with %s, %lu MiB of memory free, %s", cpu_count,
		 cpu_count == 1 ? "" : "s", vcpu_ops->name, mem_free_bytes() >> 20,
		 rdmsr(MSR_APIC_BASE) & APIC_BASE_X2APIC ? "x2APIC" : "xAPIC");
	read_config();
	for (unsigned i = 0; i < cpu_count; i++)
		cpu_more_init(&cpus[i], placement.policy[i], &config);
	start_vms();
	route_console();
	__atomic_store_n(&go, 1, __ATOMIC_SEQ_CST);
	for (unsigned i = 1; i < cpu_count; i++)
		cpu_kick(&cpus[i]);
	cpu_loop();
}

void boot_main(uint64_t handoff_pa)
{
	const struct handoff *h = (const void *)(uintptr_t)handoff_pa;

	/* What everything below leans on: a core structure, a console, a place to fall. */
	wrmsr(MSR_GS_BASE, (uint64_t)(uintptr_t)&cpus[0]);
	cpus[0].self = &cpus[0];
	cpu_count = 1;
	(void)serial_init(&serial_com1, SERIAL_COM1);
	console_init();
	gdt_init(&cpus[0]);
	gdt_load(&cpus[0]);
	idt_init();
	idt_load();
	handoff = *h;
	mem_init(&handoff);
	paging_init(&handoff);
	call_on_stack(stack_top(0, 0), main_on_stack);
}
