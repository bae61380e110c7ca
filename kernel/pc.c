/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small PC of an unmodified guest: its devices, and the wires between them. */
#include "kernel/dev/debug_con.h"
#include "kernel/dev/debug_exit.h"
#include "kernel/dev/ib700.h"
#include "kernel/guest.h"
#include "kernel/load/layout.h"

/* An ISA line reaches both controllers; IRQ 0 is pin 2 of the I/O APIC, as the MADT says. */
static void isa_irq(void *ctx, unsigned line, bool level)
{
	struct pc *pc = ((struct vm *)ctx)->more->pc;

	unsigned pin = line == PIT_IRQ ? 2 : line;

	/* What is low is not told again; what is high is, as no local APIC may have taken it. */
	if (!level && !(pc->ioapic.level >> pin & 1))
		return;
	pic_set_irq(&pc->pic, line, level);
	ioapic_set_irq(&pc->ioapic, pin, level);
}

static void pic_out(void *ctx, unsigned line, bool level)
{
	struct vm *vm = ctx;

	(void)line;
	lapic_lint(&vm->more->vcpu[0]->more->lapic, 0, level);
}

/* Interrupt lines of PCI, one for each slot: the DSDT says which pins. */
static void pci_irq(void *ctx, unsigned slot, bool level)
{
	ioapic_set_irq(&((struct vm *)ctx)->more->pc->ioapic, GUEST_PCI_PIN + slot, level);
}

unsigned vm_message(struct vm *vm, const struct apic_msg *m)
{
	return lapic_route(vm->more->lapics, vm->more->vcpu_count, m);
}

void debug_exit(struct vm *vm, unsigned status)
{
	/* Once: REP OUTS and other vCPUs may go on for a moment. */
	if (vm->more->state == VM_RUNNING)
		log_info("%s: debug exit, status %u", vm->name, status);
	vm_end(vm, END_POWEROFF);
}

static int add_virtio(struct vm *vm, struct virtio *v, struct dev_timer *later, unsigned slot)
{
	dev_timer_init(later, vm, vm->more->vcpu[0]->cpu, virtio_serve_all, v);
	v->vm = vm;
	v->irq = (struct dev_irq){pci_irq, vm, slot};
	v->later = later;
	return virtio_init(v, &vm->more->pc->pci, slot, GUEST_PCI_WINDOW + slot * VIRTIO_BAR_SIZE);
}

void pc_receive(struct vm *vm)
{
	struct vm_more *m = vm->more;

	SPIN_HOLD(&m->lock);
	if (m->state == VM_RUNNING && m->port)
		virtio_net_receive(&m->pc->net);
}

int pc_init(struct vm *vm)
{
	struct vm_more *m = vm->more;
	struct pc *pc = m->pc;
	struct cpu *cpu = m->vcpu[0]->cpu;
	uint64_t ram = m->conf->memory;
	struct iobus *ports = &m->ports;

#define IRQ(n) ((struct dev_irq){isa_irq, vm, (n)})
	dev_timer_init(&pc->pit_timer, vm, cpu, pit_timer, &pc->pit);
	dev_timer_init(&pc->rtc_timer, vm, cpu, rtc_timer, &pc->rtc);
	dev_timer_init(&pc->pm_timer, vm, cpu, acpi_pm_update, &pc->pm);
	virtio_blk_prepare(&pc->disk, &m->disk, vm->name);
	if (m->port)
		virtio_net_prepare(&pc->net, m->port);
	virtio_rng_prepare(&pc->rng, rdrand);
	virtio_console_prepare(&pc->console);
	virtio_balloon_prepare(&pc->balloon, m->block, m->blocks);
	return pic_init(&pc->pic, ports, (struct dev_irq){pic_out, vm, 0})
		?: ioapic_init(&pc->ioapic, &m->mmio, vm, 0)
		?: uart_init(&pc->uart, ports, UART_COM1_PORT, IRQ(UART_COM1_IRQ), vm)
		?: pit_init(&pc->pit, ports, &pc->pit_timer, IRQ(PIT_IRQ))
		?: rtc_init(&pc->rtc, ports, &pc->rtc_timer, IRQ(RTC_IRQ),
			    m->epoch, guest_low_ram(ram), guest_high_ram(ram))
		?: acpi_pm_init(&pc->pm, ports, &pc->pm_timer, IRQ(ACPI_SCI_IRQ), vm)
		?: reset_init(&pc->reset, ports, vm)
		?: pci_init(&pc->pci, ports, &m->mmio, GUEST_ECAM, &pc->reset, vm)
		?: debug_con_attach(ports, vm)
		?: (m->conf->disk.line ? add_virtio(vm, &pc->disk.virtio, &pc->disk_timer, 1) : 0)
		?: (m->port ? add_virtio(vm, &pc->net.virtio, &pc->net_timer, 2) : 0)
		?: (cpuid(1, 0).ecx & BIT(30) /* RDRAND */
			    ? add_virtio(vm, &pc->rng.virtio, &pc->rng_timer, 3) : 0)
		?: (m->conf->console == CONSOLE_VIRTIO
			    ? add_virtio(vm, &pc->console.virtio, &pc->console_timer, 4) : 0)
		?: (m->conf->balloon
			    ? add_virtio(vm, &pc->balloon.virtio, &pc->balloon_timer, 5) : 0)
		?: (m->conf->watchdog ? ib700_attach(ports, vm) : 0)
		?: (m->conf->debug_exit ? debug_exit_attach(ports, vm) : 0);
#undef IRQ
}

/* The local APICs, of both kinds of guest. */

static struct vcpu *lapic_vcpu(struct lapic *l)
{
	return &container_of(l, struct vcpu_more, lapic)->vcpu;
}

void lapic_ipi(struct lapic *l, uint64_t icr)
{
	struct vm_more *m = lapic_vcpu(l)->vm->more;

	(void)lapic_route_ipi(m->lapics, m->vcpu_count, l, icr);
}

void lapic_eoi_broadcast(struct lapic *l, uint8_t vector)
{
	struct pc *pc = lapic_vcpu(l)->vm->more->pc;

	if (pc)
		ioapic_eoi(&pc->ioapic, vector);
}

void lapic_wake(struct lapic *l)
{
	vcpu_request(lapic_vcpu(l), VCPU_REQ_EVENT);
}

void lapic_signal(struct lapic *l, enum apic_delivery what, uint8_t vector)
{
	struct vcpu *v = lapic_vcpu(l);

	/* One that has left its core must not come back to memory that is being freed. */
	if (v->vm->more->state != VM_RUNNING)
		return;
	if (what == APIC_DM_NMI) {
		vcpu_nmi(v);
		vcpu_request(v, VCPU_REQ_EVENT);
	} else if (what == APIC_DM_INIT && v->id == 0) {
		/* INIT restarts the boot processor at the reset vector: the VM starts again. */
		vm_end(v->vm, END_RESTART);
	} else if (what == APIC_DM_INIT) {
		/* A start-up that came before it is lost, one after it counts. */
		__atomic_and_fetch(&v->requests, ~VCPU_REQ_SIPI, __ATOMIC_SEQ_CST);
		vcpu_request(v, VCPU_REQ_INIT);
	} else if (what == APIC_DM_SIPI) {
		v->more->sipi = vector;
		vcpu_request(v, VCPU_REQ_SIPI);
	}
}

uint64_t lapic_tsc_to_ns(struct lapic *l, uint64_t tsc)
{
	struct vcpu *v = lapic_vcpu(l);
	uint64_t host = tsc - v->tsc_offset - v->vm->more->tsc_start;

	/* Behind the start by wrapping: long past. Else not less than exact: a deadline. */
	return host < BIT(62) ? tsc_to_ns(host) + 1 : 0;
}

void lapic_setup(struct vcpu *v)
{
	struct vcpu_more *m = v->more;
	struct vm *vm = v->vm;

	dev_timer_init(&m->lapic_timer, vm, v->cpu, lapic_timer, &m->lapic);
	lapic_init(&m->lapic, &(struct lapic_config){
				      .timer = &m->lapic_timer,
				      .id = v->id,
				      .bsp = v->id == 0,
				      .x2apic = true,
				      .tsc_deadline = true,
				      .phys_bits = cpuid(0x80000008, 0).eax & 0xff,
				      .page = v->apic_page,
				      .virtualized = vcpu_caps.apic_access && vm->more->conf->apicv,
			      });
}

int vcpu_irq(struct vcpu *v, bool take, bool *wait)
{
	struct lapic *l = &v->more->lapic;
	struct pc *pc = v->vm->more->pc;
	int vec = -1;

	lapic_set_tpr(l, vcpu_ops->get_tpr(v));
	if (!l->c.virtualized || !vcpu_ops->virtualize_apic(v, l->base, lapic_highest(l, APIC_IRR),
							    lapic_highest(l, APIC_ISR)))
		vec = lapic_pending_vector(l, lapic_tpr(l)); /* else the processor delivers it */
	if (vec >= 0 && !take) {
		*wait = true;
		return -1;
	}
	if (vec >= 0) /* no other is of a higher class: it waits for the end of this one */
		lapic_accept(l, (uint8_t)vec);
	else if (take && pc && lapic_extint_pending(l))
		vec = pic_ack(&pc->pic);
	*wait |= pc && lapic_extint_pending(l);
	return vec;
}

void vcpu_take_back(struct vcpu *v, unsigned vector)
{
	struct emu e = {.v = v, .slot = &(struct insn_slot){}, .device = UINT64_MAX};
	struct apic_slot *isr = v->apic_page + APIC_ISR + vector / 32;
	gva_t rsp = vcpu_ops->get(v, REG_RSP), idt = vcpu_ops->get(v, REG_IDTR_BASE);
	uint64_t to, w[6] = {0}; /* (E/R)IP, CS, flags, RSP in 64-bit mode; the gate */

	vcpu_ops->context(v, &e.c);
	unsigned size = e.c.regs.efer & EFER_LMA ? 8 : 4;
	for (unsigned i = 0; i < 6; i++)
		if (!vector ||
		    guest_read(&e, i * size + (i < 4 ? rsp : idt + (2 * vector - 4) * size), size,
			       false, &w[i]))
			return;
	/* SDM 3A 6.11, 6.12.1, 6.14.1, 6.14.2. */
	to = (w[4] & 0xffff) | (size == 8 ? w[4] >> 48 << 16 | w[5] << 32 : w[5] & 0xffff0000);
	if (e.c.rip != to || (w[2] & RFLAGS_IF) ||
	    (uint16_t)w[1] != vcpu_ops->get_seg(v, SREG_CS).selector)
		return;
	vcpu_ops->set(v, REG_RIP, w[0]);
	vcpu_ops->set(v, REG_RFLAGS, w[2]);
	vcpu_ops->set(v, REG_RSP, size == 8 ? w[3] : rsp + 12);
	isr->v &= ~(1u << vector % 32);
	isr[APIC_IRR - APIC_ISR].v |= 1u << vector % 32;
	__atomic_or_fetch(&v->requests, VCPU_REQ_EVENT, __ATOMIC_SEQ_CST);
}

void lapic_exit(struct vcpu *v, const struct vcpu_exit *e)
{
	SPIN_HOLD(&v->vm->more->lock);
	if (e->kind == EXIT_APIC_EOI)
		lapic_ended(&v->more->lapic, (uint8_t)e->u.apic);
	else
		lapic_written(&v->more->lapic, e->u.apic / sizeof(struct apic_slot));
}
