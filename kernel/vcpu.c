/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vCPU's way into the guest: switching state, delivering events, advancing RIP. */
#include "kernel/guest.h"
#include "kernel/trace.h"

#define LOGGED_REFUSALS 24u

struct vcpu *vcpu_make(struct vm *vm, unsigned id, struct cpu *cpu)
{
	struct vcpu_more *m = pages_need(sizeof(*m));
	const struct config_vm *conf = vm->more->conf;
	struct vcpu *v = &m->vcpu;
	static uint16_t tags; /* made at boot, they stay: none is used again */
	static_assert(CONFIG_MAX_VMS * CONFIG_MAX_VCPUS <= UINT16_MAX, "as many vCPUs");

	v->vm = vm;
	v->id = id;
	v->tag = ++tags;
	v->cpu = cpu;
	v->more = m;
	v->insns = m->insns;
	v->xsave = xstate_alloc();
	v->apic_page = pages_need(PAGE_SIZE);
	m->se.weight = conf->weight;
	m->se.group = conf->line;
	/* Both are rounded down, and their sum was 100 % perhaps: a tick less is not too much. */
	m->se.budget = max_u64(ns_to_tsc(conf->budget * 1000ull), 1) - 1;
	m->se.period = ns_to_tsc(conf->period * 1000ull);
	m->blocked = id ? BLOCK_SIPI : BLOCK_OFF;
	vcpu_ops->vcpu_create(v);
	sched_add(&cpu->more->queue, &m->se, rdtsc());
	return v;
}

void vcpu_get(struct vcpu *v)
{
	struct cpu *cpu = this_cpu();

	if (cpu->current == v)
		return;
	vcpu_put();
	/* One VM does not train the next one's branches. Intel's or AMD's way to tell of IBPB. */
	if (cpu->more->last_vm != v->vm &&
	    ((cpuid(7, 0).edx & BIT(26)) || (cpuid(0x80000008, 0).ebx & BIT(12))))
		wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
	cpu->more->last_vm = v->vm;
	vcpu_ops->load(v);
	xstate_restore(v);
	write_dr0(v->dr[0]);
	write_dr1(v->dr[1]);
	write_dr2(v->dr[2]);
	write_dr3(v->dr[3]);
	write_dr6(v->dr6);
	if (cpu->more->tsc_aux != v->more->tsc_aux)
		vcpu_load_tsc_aux(v->more->tsc_aux);
	cpu->current = v;
}

void vcpu_put(void)
{
	struct vcpu *v = this_cpu()->current;

	if (!v)
		return;
	xstate_save(v);
	v->dr[0] = read_dr0();
	v->dr[1] = read_dr1();
	v->dr[2] = read_dr2();
	v->dr[3] = read_dr3();
	v->dr6 = read_dr6();
	if (vcpu_ops->unload)
		vcpu_ops->unload(v);
	this_cpu()->current = NULL;
}

void vcpu_request(struct vcpu *v, uint64_t what)
{
	uint64_t old = __atomic_fetch_or(&v->requests, what, __ATOMIC_SEQ_CST);

	/*
	 * While the bit is set its core has yet to look, and has been kicked for it. The one that
	 * runs here is looked at before it is entered, or blocks.
	 */
	if ((what & ~old) && (this_cpu()->more->running != v || v->more->blocked))
		cpu_kick(v->cpu);
}

bool vcpu_can_wake(struct vcpu *v)
{
	struct vcpu_more *m = v->more;

	if (v->nmi_pending || v->pending.valid ||
	    (m->halt_event && evtchn_active(&v->vm->more->events)))
		return true;
	return m->halt_irq && (lapic_pending_vector(&m->lapic, lapic_tpr(&m->lapic)) >= 0 ||
			       lapic_extint_pending(&m->lapic));
}

void vcpu_nmi(struct vcpu *v)
{
	uint8_t n = __atomic_load_n(&v->nmi_pending, __ATOMIC_SEQ_CST);

	while (n < 2 && !__atomic_compare_exchange_n(&v->nmi_pending, &n, (uint8_t)(n + 1), false,
						     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

void vcpu_inject(struct vcpu *v, struct vcpu_event e)
{
	struct vcpu_event lost;
	bool shutdown = false;

	v->pending = event_merge(v->pending, e, &shutdown, &lost);
	if (lost.valid && lost.type == EVENT_NMI)
		vcpu_nmi(v);
	else if (lost.valid && lost.type == EVENT_EXTINT)
		v->more->lost_irq = lost;
	if (shutdown) {
		v->pending.valid = false;
		vcpu_crash(v, "triple fault");
	}
}

void vcpu_exception(struct vcpu *v, enum x86_vector vec)
{
	/* No error code in real mode (SDM 3A 20.1.4): the backends drop it there. */
	vcpu_inject(v, (struct vcpu_event){.valid = true,
					   .type = EVENT_EXCEPTION,
					   .vector = (uint8_t)vec,
					   .has_error = vec == VEC_GP});
}

void vcpu_wrap_or_step(struct vcpu *v)
{
	struct vcpu_context c;

	vcpu_ops->context(v, &c);
	if (vcpu_mode(&c) != CPU_MODE_64)
		vcpu_ops->set(v, REG_RIP, c.rip & (BIT(vcpu_mode(&c)) - 1));
	/* The trap that the instruction would have ended with (SDM 3B 17.3.1.4, 17.4.3). */
	if (c.regs.rflags & RFLAGS_TF && !(vcpu_ops->get(v, REG_DEBUGCTL) & DEBUGCTL_BTF)) {
		write_dr6(read_dr6() | DR6_BS);
		vcpu_exception(v, VEC_DB);
	}
}

unsigned vcpu_insn_len(struct vcpu *v)
{
	struct vcpu_event fault = {0};
	struct vcpu_context c;

	vcpu_ops->context(v, &c);
	const struct insn_slot *s = vcpu_insn(v, &c, NULL, 0, &fault);
	if (s)
		return s->insn.len;
	/* It was there a moment ago: another CPU has changed it. */
	if (fault.valid)
		vcpu_inject(v, fault);
	else
		vcpu_exception(v, VEC_UD);
	return 0;
}

void vcpu_refused_access(struct vcpu *v, const struct refuse_range *a, unsigned passed)
{
	struct vm_more *m = v->vm->more;
	struct refusals *r = &m->refused;
	bool insn = a->kind == REFUSE_INSN;
	bool say = false;
	uint64_t rip = 0;

	/* Probing for what is absent is what a PC's system does: listed when it ends. */
	bool quiet = m->pc && a->kind >= REFUSE_IN && a->kind <= REFUSE_PCI_WRITE;

	spin_lock(&m->refuse_lock); /* its other vCPUs are refused things, too */
	struct refuse_range *begun = refuse_add(r, a);
	if (begun) {
		rip = vcpu_ops->get(v, REG_RIP) - passed;
		begun->rip = rip;
		begun->vcpu = v->id;
		say = !quiet && r->said <= LOGGED_REFUSALS;
	}
	spin_unlock(&m->refuse_lock);
	if (!say)
		return;
	if (r->said++ == LOGGED_REFUSALS)
		log_info("%s: further refusals are counted, and listed when it ends", v->vm->name);
	else
		log_info("%s: refused %s 0x%lx%s%s at rip 0x%lx", v->vm->name,
			 refuse_kind_names[a->kind], a->first, insn ? " " : "",
			 insn ? exit_names[a->first] : "", rip);
}

void vcpu_refused(struct vcpu *v, enum refuse_kind kind, uint64_t id)
{
	struct refuse_range a = {.kind = (uint8_t)kind, .first = id, .last = id};

	vcpu_refused_access(v, &a, 0);
}

/* What tells one exit of a kind from another. */
static APART uint64_t trace_detail(struct vcpu *v, const struct vcpu_exit *e)
{
	switch (e->kind) {
	case EXIT_IO:
		return e->u.io.port;
	case EXIT_RDMSR:
	case EXIT_WRMSR:
		return (uint32_t)v->gpr[GPR_RCX];
	case EXIT_PAGE_FAULT:
		return e->u.page_fault.gpa;
	case EXIT_EXCEPTION:
		return e->u.event.vector;
	case EXIT_CPUID:
		return (uint32_t)v->gpr[GPR_RAX];
	default:
		return 0;
	}
}

static void inject(struct vcpu *v, const struct vcpu_event *e)
{
	trace(TRACE_INJECT, v->vm->id, v->id, e->vector, e->type);
	vcpu_ops->inject(v, e);
}

/* Chooses what goes in at this entry; at most one event. */
static APART void deliver(struct vcpu *v)
{
	struct vcpu_event e = {0};

	__atomic_and_fetch(&v->requests, ~VCPU_REQ_EVENT, __ATOMIC_SEQ_CST);
	if (v->pending.valid) {
		e = v->pending;
		v->pending.valid = false;
	} else if (v->nmi_pending) {
		if (vcpu_ops->can_take_nmi(v)) {
			e = (struct vcpu_event){
				.valid = true, .type = EVENT_NMI, .vector = VEC_NMI};
			__atomic_sub_fetch(&v->nmi_pending, 1, __ATOMIC_SEQ_CST);
		} else { /* the processor remembers one (SDM 3A 6.7.1) */
			__atomic_store_n(&v->nmi_pending, 1, __ATOMIC_SEQ_CST);
		}
	} else if (v->more->lost_irq.valid && vcpu_ops->can_take_irq(v)) {
		e = v->more->lost_irq;
		v->more->lost_irq.valid = false;
	}
	if (e.valid)
		inject(v, &e);
	if (v->nmi_pending)
		vcpu_ops->want_nmi_window(v);
	bool take = !e.valid && vcpu_ops->can_take_irq(v), wait = v->more->lost_irq.valid;
	spin_lock(&v->vm->more->lock);
	int vec = vcpu_irq(v, take, &wait);
	spin_unlock(&v->vm->more->lock);
	if (vec >= 0) {
		e = (struct vcpu_event){.valid = true, .type = EVENT_EXTINT};
		e.vector = (uint8_t)vec;
		inject(v, &e);
	}
	vcpu_ops->want_irq_window(v, wait);
}

/*
 * INIT (SDM 3A 8.4.2, table 9-1), where MSRs, FPU state and the TSC stay as they
 * are; and start-up, which is ignored by one that does not wait for it. Under
 * the lock, as vm_end_dead() must see the request or what has become of it.
 */
static void init_and_sipi(struct vcpu *v)
{
	struct vcpu_more *m = v->more;

	SPIN_HOLD(&v->vm->more->lock);
	uint64_t what = __atomic_fetch_and(&v->requests, ~(VCPU_REQ_INIT | VCPU_REQ_SIPI),
					   __ATOMIC_SEQ_CST);
	if (what & VCPU_REQ_INIT) {
		v->pending.valid = m->lost_irq.valid = false;
		v->nmi_pending = 0;
		lapic_reset(&m->lapic);
		m->blocked &= ~BLOCK_HALT;
		core_block(v, BLOCK_SIPI);
	}
	if ((what & VCPU_REQ_SIPI) && (m->blocked & BLOCK_SIPI)) {
		vcpu_put(); /* v or who runs meanwhile: the reset wants the core free */
		vcpu_ops->vcpu_reset(v, &(struct vcpu_start){.real_mode = true, .sipi = m->sipi});
		core_unblock(v, BLOCK_SIPI);
		v->cpu->more->resched = true; /* who runs is to be loaded again */
	}
	vm_end_dead(v->vm);
}

void vcpu_serve(struct vcpu *v)
{
	uint64_t what = __atomic_fetch_and(
		&v->requests, ~(VCPU_REQ_STOP | VCPU_REQ_PAUSE | VCPU_REQ_NET | VCPU_REQ_TLB),
		__ATOMIC_SEQ_CST);

	if (what & VCPU_REQ_TLB) { /* also of one that is blocked: nobody waits for it */
		vcpu_ops->flush_tlb(v);
		vm_ram_flushed(v);
	}
	if (what & VCPU_REQ_STOP) {
		vcpu_leave(v);
		return;
	}
	if (what & VCPU_REQ_WORK) {
		if (v->more->blocked & BLOCK_OFF)
			core_unblock(v, BLOCK_OFF);
		else
			vm_work(v->vm);
		return;
	}
	if (what & (VCPU_REQ_INIT | VCPU_REQ_SIPI))
		init_and_sipi(v);
	if (what & VCPU_REQ_PAUSE) {
		if (v->vm->more->suspended)
			core_block(v, BLOCK_PAUSE);
		else
			core_unblock(v, BLOCK_PAUSE);
	}
	if (what & VCPU_REQ_NET)
		pc_receive(v->vm);
}

APART void vcpu_run(struct vcpu *v)
{
	struct cpu *cpu = v->cpu;
	struct cpu_more *core = cpu->more;
	struct vcpu_exit e;

	do {
		if (__atomic_load_n(&v->requests, __ATOMIC_ACQUIRE)) {
			if (v->requests & VCPU_REQ_CONTROL) {
				/* Of what this asks of the core, or of v again, no kick tells. */
				vcpu_serve(v);
				irq_window();
				core->resched |= rdtsc() >= core->slice_end;
				return;
			}
			deliver(v);
		}
		trace(TRACE_ENTRY, v->vm->id, v->id, 0, 0);
		vcpu_ops->run(v, &e);
		uint32_t began = rdtsc_low(); /* 4 s and more are counted as less */
		v->exits[e.kind]++;
		if (trace_wants(TRACE_EXIT))
			trace_record(TRACE_EXIT, v->vm->id, v->id, e.kind, trace_detail(v, &e));
		exit_dispatch(v, &e);
		v->exit_ticks[(unsigned)(31 - __builtin_clz((rdtsc_low() - began) | 1))]++;
		/*
		 * A delivery that ends in an exit each time would keep physical interrupts
		 * out for ever: entry delivers it before it looks at them (SDM 3C 26.6).
		 */
		if (unlikely(v->pending.valid)) {
			irq_window();
			__atomic_or_fetch(&v->requests, VCPU_REQ_EVENT, __ATOMIC_SEQ_CST);
		}
	} while (!__atomic_load_n(&cpu->pending, __ATOMIC_ACQUIRE) && !core->resched);
}
