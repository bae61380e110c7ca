/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each core does for ever: serve requests, choose a vCPU, run it, or wait. */
#include "arch/x86/apic.h"
#include "arch/x86/traps.h"
#include "kernel/conmux.h"
#include "kernel/guest.h"
#include "kernel/trace.h"

#define SLICE_US 5000u
/*
 * A timer that repeats by itself faster than this would leave the core, which
 * others may share, no time for anything else: its ticks are merged.
 */
#define MIN_PERIOD_US 20u

static struct cpu_more cores[MAX_CPUS];

static void console_timer(struct timerq_node *t)
{
	(void)t;
	console_tick();
	if (console_waiting())
		core_console_waiting();
}

static uint64_t us_to_tsc(unsigned us)
{
	return ns_to_tsc(us * 1000ull);
}

/* The group of a VM's vCPUs is the line of its section: no two have the same. */
static unsigned group_of(const struct config *conf, const char *name)
{
	for (unsigned i = 0; *name && i < conf->vm_count; i++)
		if (!strcmp(conf->vm[i].name, name))
			return conf->vm[i].line;
	return 0;
}

/* Frames of all cores begin at the same time. */
static void make_table(struct cpu_more *m, const struct config *conf, const struct config_core *c)
{
	static uint64_t start;

	if (!start)
		start = rdtsc();
	for (unsigned i = 0; i < c->window_count; i++)
		m->window[i] = (struct sched_window){us_to_tsc(c->window[i].us),
						     group_of(conf, c->window[i].vm)};
	sched_cyclic_table(&m->queue, m->window, c->window_count, us_to_tsc(c->frame), start,
			   c->slack);
}

void cpu_more_init(struct cpu *cpu, enum core_policy policy, const struct config *conf)
{
	static const struct sched_ops *const ops[] = {
		[POLICY_AUTO] = &sched_fair,     [POLICY_DEDICATED] = &sched_dedicated,
		[POLICY_FAIR] = &sched_fair,     [POLICY_BUDGET] = &sched_budget,
		[POLICY_CYCLIC] = &sched_cyclic,
	};
	struct cpu_more *m = &cores[cpu->id];

	cpu->more = m;
	sched_init(&m->queue, ops[policy], us_to_tsc(SLICE_US), rdtsc());
	if (policy == POLICY_CYCLIC)
		make_table(m, conf, &conf->core[cpu->id]);
	timerq_init(&m->timers);
	m->console_timer.expired = console_timer;
	m->armed = m->slice_end = UINT64_MAX;
	m->resched = true;
}

void cpu_kick(struct cpu *cpu)
{
	uint64_t old = __atomic_fetch_or(&cpu->pending, CPU_REQ_KICK, __ATOMIC_SEQ_CST);

	/* Before it enters a guest or halts, the core looks; if it has, the IPI ends that. */
	if (cpu != this_cpu() && !(old & CPU_REQ_KICK))
		apic_send_ipi(cpu->apic_id, HOST_VEC_KICK);
}

/* The local timer stands on the earlier of the first deadline and the slice's end. */
static void arm(struct cpu_more *m)
{
	bool kept = m->running && vcpu_caps.keeps_slices;
	uint64_t next = min_u64(timerq_next(&m->timers), kept ? UINT64_MAX : m->slice_end);

	if (next == m->armed)
		return;
	m->armed = next;
	apic_timer_arm(next);
}

void core_timer(struct cpu *cpu, struct timerq_node *t, uint64_t tsc)
{
	struct cpu_more *m = cpu->more;

	SPIN_HOLD(&m->timer_lock);
	if (!timerq_set(&m->timers, t, tsc))
		return;
	if (cpu == this_cpu())
		arm(m);
	else
		cpu_kick(cpu);
}

/* What is due now; what those arm anew waits for the next round. */
static void run_timers(struct cpu_more *m)
{
	uint64_t now = rdtsc();

	for (;;) {
		spin_lock(&m->timer_lock);
		struct timerq_node *t = timerq_pop(&m->timers, now);
		spin_unlock(&m->timer_lock);
		if (!t)
			return;
		t->expired(t);
	}
}

static void dev_timer_expired(struct timerq_node *n)
{
	struct dev_timer *t = container_of(n, struct dev_timer, node);

	/* Under the lock: once the VM has ended nothing is armed any more. */
	SPIN_HOLD(&t->vm->more->lock);
	if (t->vm->more->state != VM_RUNNING)
		return;
	t->firing = true;
	t->fire(t->dev);
	t->firing = false;
}

void dev_timer_init(struct dev_timer *t, struct vm *vm, struct cpu *cpu, void (*fire)(void *),
		    void *dev)
{
	*t = (struct dev_timer){.node.expired = dev_timer_expired,
				.fire = fire,
				.dev = dev,
				.vm = vm,
				.cpu = cpu,
				.next = vm->more->timers};
	vm->more->timers = t;
}

uint64_t dev_now(const struct dev_timer *t)
{
	return vm_now(t->vm);
}

void dev_timer_arm(struct dev_timer *t, uint64_t deadline_ns)
{
	uint64_t tsc = UINT64_MAX;

	/* 2^60 ns are 36 years: later is never. Rounded up, so that it is not early. */
	if (deadline_ns < BIT(60))
		tsc = t->vm->more->tsc_start + ns_to_tsc(deadline_ns) + 2;
	if (t->firing)
		tsc = max_u64(tsc, rdtsc() + ns_to_tsc(MIN_PERIOD_US * 1000ull));
	core_timer(t->cpu, &t->node, tsc);
}

void core_console_waiting(void)
{
	struct cpu_more *m = this_cpu()->more;

	if (m && !timerq_armed(&m->console_timer))
		core_timer(this_cpu(), &m->console_timer,
			   rdtsc() + ns_to_tsc((CONMUX_AGE_MS + 1) * 1000000ull));
}

void core_block(struct vcpu *v, uint64_t why)
{
	v->more->blocked |= why;
	sched_block(&v->more->se, rdtsc());
	v->cpu->more->resched = true;
}

void core_unblock(struct vcpu *v, uint64_t why)
{
	v->more->blocked &= ~why;
	if (v->more->blocked || v->more->se.runnable)
		return;
	v->more->ready = rdtsc();
	if (sched_wake(&v->more->se, v->more->ready))
		v->cpu->more->resched = true;
}

static void wake_halted(struct vcpu *v)
{
	SPIN_HOLD(&v->vm->more->lock);
	if (!vcpu_can_wake(v)) {
		/* The next notification kicks again. */
		__atomic_and_fetch(&v->requests, ~VCPU_REQ_EVENT, __ATOMIC_SEQ_CST);
		/* One that came between the look and the AND has set IRR before: look again. */
		if (!vcpu_can_wake(v))
			return;
	}
	__atomic_or_fetch(&v->requests, VCPU_REQ_EVENT, __ATOMIC_SEQ_CST);
	core_unblock(v, BLOCK_HALT);
}

/* Someone has something for a blocked vCPU of this core; one that can run looks by itself. */
static void serve_blocked(struct cpu_more *m)
{
	for (struct sched_entity *e = m->queue.list; e; e = e->next) {
		struct vcpu *v = &container_of(e, struct vcpu_more, se)->vcpu;
		uint64_t what = __atomic_load_n(&v->requests, __ATOMIC_ACQUIRE);

		if (v->more->blocked && (what & VCPU_REQ_CONTROL))
			vcpu_serve(v);
		if ((v->more->blocked & BLOCK_HALT) && (v->requests & VCPU_REQ_EVENT))
			wake_halted(v);
	}
}

static void serve(struct cpu *cpu)
{
	struct cpu_more *m = cpu->more;

	run_timers(m); /* first: for whom they wake up this core asks itself */
	uint64_t what = __atomic_exchange_n(&cpu->pending, 0, __ATOMIC_SEQ_CST);
	if (what & CPU_REQ_CONSOLE)
		console_poll();
	if (what & CPU_REQ_TIMER)
		m->armed = UINT64_MAX; /* it has fired, maybe early: arm() sets it again */
	if (rdtsc() >= m->slice_end)
		m->resched = true;
	serve_blocked(m);
	SPIN_HOLD(&m->timer_lock);
	arm(m);
}

static void reschedule(struct cpu_more *m)
{
	struct vcpu *was = m->running, *v;
	uint64_t now = rdtsc();
	struct sched_entity *e = sched_pick(&m->queue, now, &m->slice_end);

	m->resched = false;
	m->running = v = e ? &container_of(e, struct vcpu_more, se)->vcpu : NULL;
	if (v != was) {
		if (was && was->more->se.runnable)
			was->more->ready = now;
		trace(TRACE_SCHED, v ? v->vm->id : 0, v ? v->id : 0, m->slice_end,
		      e ? e->ran : m->queue.idle);
	}
	/* One that works on its VM is not entered, and what it resets must not be loaded. */
	if (v && !(__atomic_load_n(&v->requests, __ATOMIC_ACQUIRE) & VCPU_REQ_WORK)) {
		vcpu_get(v);
		if (v != was)
			vcpu_steal(v, now);
		v->slice_end = m->slice_end;
	}
	SPIN_HOLD(&m->timer_lock);
	arm(m);
}

APART void cpu_loop(void)
{
	struct cpu *cpu = this_cpu();
	struct cpu_more *m = cpu->more;

	if (cpu_has_rdtscp()) /* firmware's value is not for guests to see */
		wrmsr(MSR_TSC_AUX, m->tsc_aux);
	for (;;) {
		if (__atomic_load_n(&cpu->pending, __ATOMIC_ACQUIRE))
			serve(cpu);
		if (m->resched)
			reschedule(m);
		if (m->running)
			vcpu_run(m->running);
		else if (!__atomic_load_n(&cpu->pending, __ATOMIC_ACQUIRE))
			irq_on_halt_off(); /* an interrupt since the look still ends the HLT */
	}
}
