/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A paravirtual guest's side of the hypervisor: hypercalls, events, its timer. */
#include "kernel/guest.h"
#include "kernel/hypercall.h"
#include "kernel/trace.h"

#define SVR_ENABLED 0x1ffu

uint64_t hcall_time_ns(struct vcpu *v, enum mullion_clock clock)
{
	if (clock == MULLION_CLOCK_VCPU) {
		sched_account(&v->cpu->more->queue, rdtsc());
		return tsc_to_ns(v->more->se.ran);
	}
	return vm_now(v->vm) +
	       (clock == MULLION_CLOCK_WALL ? v->vm->more->epoch * 1000000000ull : 0);
}

void hcall_timer_arm(struct vcpu *v, uint64_t deadline_ns)
{
	dev_timer_arm(&v->vm->more->pv_timer, deadline_ns);
}

void hcall_yield(struct vcpu *v)
{
	sched_give_way(&v->cpu->more->queue, rdtsc());
	v->cpu->more->resched = true;
}

void hcall_crash(struct vcpu *v, uint64_t reason, const char *text)
{
	log_warn("%s: crashed by its own word: reason 0x%lx %s", v->vm->name, reason, text);
	vcpu_crash(v, "crash call");
}

APART void pv_hypercall(struct vcpu *v)
{
	struct vm_more *m = v->vm->more;
	struct hcall_ctx ctx = {
		.vm = v->vm,
		.cpl = vcpu_cpl(v),
		.vcpu_count = m->vcpu_count,
		.events = &m->events,
		.disk = m->conf->disk.line ? &m->disk : NULL,
		.caller = v,
	};
	const uint64_t *g = v->gpr, nr = g[GPR_RAX];
	const uint64_t args[] = {g[GPR_RDI], g[GPR_RSI], g[GPR_RDX], g[GPR_R10], g[GPR_R8]};
	/* What prints may wait for the serial port; the VM's timers on other cores shall not. */
	bool prints = nr == MULLION_CONSOLE_WRITE || nr == MULLION_CRASH;

	if (!prints)
		spin_lock(&m->lock);
	v->gpr[GPR_RAX] = (uint64_t)hypercall(&ctx, nr, args);
	if (!prints)
		spin_unlock(&m->lock);
	trace(TRACE_HYPERCALL, v->vm->id, v->id, nr, v->gpr[GPR_RAX]);
	if (nr == MULLION_HALT && !v->gpr[GPR_RAX])
		vcpu_halt(v, true);
}

void evtchn_notify(struct evtchn *e, unsigned vcpu, uint8_t vector)
{
	struct vm_more *m = container_of(e, struct vm_more, events);
	struct vcpu *v = m->vcpu[vcpu];

	if (vector)
		lapic_set_irq(&v->more->lapic, vector, false);
	vcpu_request(v, VCPU_REQ_EVENT);
	/* Whoever waits in HALT does so for any port. */
	for (unsigned i = 0; i < m->vcpu_count; i++) {
		v = m->vcpu[i];
		if ((v->more->blocked & BLOCK_HALT) && v->more->halt_event)
			vcpu_request(v, VCPU_REQ_EVENT);
	}
}

static void fire_timer(void *events)
{
	evtchn_raise(events, MULLION_PORT_TIMER);
}

bool vm_ask_shutdown(struct vm *vm)
{
	SPIN_HOLD(&vm->more->lock);
	bool runs = vm->more->state == VM_RUNNING;

	if (runs && vm->more->pc)
		acpi_pm_power_button(&vm->more->pc->pm);
	else if (runs)
		evtchn_raise(&vm->more->events, MULLION_PORT_SHUTDOWN);
	return runs;
}

uint32_t pv_features(const struct vm *vm)
{
	if (vm->more->pc)
		return 0;
	return MULLION_FEATURE_CONSOLE | MULLION_FEATURE_TIME | MULLION_FEATURE_EVENTS |
	       (vm->more->conf->disk.line ? MULLION_FEATURE_BLOCK : 0) |
	       (vm->more->conf->watchdog ? MULLION_FEATURE_WATCHDOG : 0);
}

void pv_init(struct vm *vm)
{
	struct vm_more *m = vm->more;

	m->events = (struct evtchn){0};
	dev_timer_init(&m->pv_timer, vm, m->vcpu[0]->cpu, fire_timer, &m->events);
	for (unsigned i = 0; i < m->vcpu_count; i++) {
		struct lapic *l = &m->vcpu[i]->more->lapic;

		/* x2APIC mode, enabled by software, as the ABI says. */
		(void)lapic_msr_write(l, MSR_APIC_BASE, l->base | APIC_BASE_X2APIC);
		(void)lapic_msr_write(l, MSR_X2APIC_BASE + 0xf, SVR_ENABLED);
	}
}
