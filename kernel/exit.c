/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is done about each kind of exit: the one place. */
#include "kernel/guest.h"

#define NAME(kind, name) [EXIT_##kind] = (name),
const char *const exit_names[EXIT_KIND_COUNT] = {EXIT_LIST(NAME)};
#undef NAME

static uint64_t vm_xcr0(const struct vm *vm)
{
	return xstate_supported & cpuid_model_xcr0(vm->more->conf->cpu_model);
}

struct cpuid_policy vcpu_cpuid_policy(struct vcpu *v, uint64_t cr4)
{
	return (struct cpuid_policy){
		.host = cpuid,
		.model = v->vm->more->conf->cpu_model,
		.xcr0_supported = vm_xcr0(v->vm),
		.has_xsavec = v->vm->more->conf->cpu_model == CPU_HOST && xstate_has_xsavec,
		.xcr0 = v->xcr0,
		.cr4 = cr4,
		.apic_enabled = (v->more->lapic.base & APIC_BASE_ENABLE) != 0,
		.apic_id = v->id,
		.vcpus = v->vm->more->vcpu_count,
		.tsc_khz = (uint32_t)(tsc_hz() / 1000),
		.apic_khz = LAPIC_TIMER_HZ / 1000,
		.pv_features = pv_features(v->vm),
		.kvm_clock = v->vm->more->pc != NULL,
		.hypercall_insn = vcpu_ops == &vmx_ops ? MULLION_INSN_VMCALL : MULLION_INSN_VMMCALL,
		.has_rdtscp = vcpu_has_rdtscp(v),
	};
}

static APART void ask_cpuid(struct vcpu *v, struct cpuid_known *k, uint64_t asked)
{
	struct cpuid_policy p = vcpu_cpuid_policy(v, vcpu_ops->get(v, REG_CR4));
	uint32_t leaf = (uint32_t)v->gpr[GPR_RAX], sub = (uint32_t)v->gpr[GPR_RCX];

	k->regs = cpuid_guest(&p, leaf, sub);
	/* Those three depend on CR4, XCR0 and APIC_BASE. */
	k->asked = leaf == 1 || leaf == 7 || leaf == 0xd ? 0 : asked;
}

static APART void handle_cpuid(struct vcpu *v, const struct vcpu_exit *e)
{
	uint32_t leaf = (uint32_t)v->gpr[GPR_RAX], sub = (uint32_t)v->gpr[GPR_RCX];
	uint64_t asked = ((uint64_t)leaf << 32 | sub) + 1;
	/* Leaves of each of the three kinds, and their subleaves, have places of their own. */
	struct cpuid_known *k = &v->more->cpuid[(leaf ^ leaf >> 28 ^ sub) % CPUID_KNOWN];

	if (unlikely(k->asked != asked || !asked))
		ask_cpuid(v, k, asked);
	v->gpr[GPR_RAX] = k->regs.eax;
	v->gpr[GPR_RBX] = k->regs.ebx;
	v->gpr[GPR_RCX] = k->regs.ecx;
	v->gpr[GPR_RDX] = k->regs.edx;
	vcpu_ops->advance(v, e->insn_len);
}

static APART void handle_rdmsr(struct vcpu *v, const struct vcpu_exit *e)
{
	uint64_t value;

	if (msr_read(v, (uint32_t)v->gpr[GPR_RCX], &value)) {
		vcpu_exception(v, VEC_GP);
		return;
	}
	v->gpr[GPR_RAX] = (uint32_t)value;
	v->gpr[GPR_RDX] = value >> 32;
	vcpu_ops->advance(v, e->insn_len);
}

static APART void handle_wrmsr(struct vcpu *v, const struct vcpu_exit *e)
{
	uint64_t value = v->gpr[GPR_RDX] << 32 | (uint32_t)v->gpr[GPR_RAX];

	if (msr_write(v, (uint32_t)v->gpr[GPR_RCX], value))
		vcpu_exception(v, VEC_GP);
	else
		vcpu_ops->advance(v, e->insn_len);
}

static APART void port_io(struct vcpu *v, const struct vcpu_exit *e)
{
	unsigned size = e->u.io.size;
	uint64_t mask = dev_ones(size);
	uint64_t value = v->gpr[GPR_RAX] & mask;

	port_access(v, e->u.io.port, size, !e->u.io.in, &value, e->insn_len);
	if (!e->u.io.in)
		return;
	value &= mask;
	/* A 32-bit register write clears the upper half. */
	v->gpr[GPR_RAX] = size == 4 ? value : (v->gpr[GPR_RAX] & ~mask) | value;
}

/* A byte for the device that answered last, with nothing to look at beside it. */
static bool byte_again(struct vcpu *v, const struct vcpu_exit *e)
{
	struct vm_more *m = v->vm->more;
	uint8_t *al = (uint8_t *)&v->gpr[GPR_RAX];
	bool in = e->u.io.in;

	/* The gap is looked at without the lock: at worst the long way is taken in vain. */
	if (e->u.io.size != 1 || e->u.io.port - m->ports.gap < m->ports.gap_size ||
	    (vcpu_ops->get(v, REG_DR7) & 0xff))
		return false;
	SPIN_HOLD(&m->lock);
	const struct io_range *r = m->ports.hit;
	if (!r || (unsigned)e->u.io.port - r->base >= r->size || m->to[0].count ||
	    !(in ? (void *)r->ops->read8 : (void *)r->ops->write8))
		return false;
	m->io_vcpu = v;
	m->io_passed = e->insn_len;
	unsigned at = e->u.io.port - (unsigned)r->base;
	if (in)
		*al = r->ops->read8(r->dev, at);
	else
		r->ops->write8(r->dev, at, *al);
	return true;
}

static APART void handle_io(struct vcpu *v, const struct vcpu_exit *e)
{
	if (e->u.io.string) {
		vcpu_emulate(v, e);
		return;
	}
	/* First RIP: an access can end the VM, or raise an interrupt for the next one. */
	vcpu_ops->advance(v, e->insn_len);
	if (!byte_again(v, e))
		port_io(v, e);
}

static APART void handle_hlt(struct vcpu *v, const struct vcpu_exit *e)
{
	vcpu_ops->advance(v, e->insn_len);
	vcpu_halt(v, false);
}

/* Halted with interrupts off, or never started: only another vCPU could wake it. */
static bool is_dead(const struct vcpu *v)
{
	const struct vcpu_more *m = v->more;

	if (v->requests & (VCPU_REQ_INIT | VCPU_REQ_SIPI))
		return false;
	/* No NMI ends the wait for a SIPI. */
	return (m->blocked & BLOCK_SIPI) ||
	       ((m->blocked & BLOCK_HALT) && !m->halt_irq && !m->halt_event && !v->nmi_pending);
}

void vm_end_dead(struct vm *vm)
{
	if (vm->more->watchdog_due)
		return; /* that is what it is for */
	for (unsigned i = 0; i < vm->more->vcpu_count; i++)
		if (!is_dead(vm->more->vcpu[i]))
			return;
	log_warn("%s: halted with interrupts off: nothing can wake it, it ends", vm->name);
	vm_end(vm, END_POWEROFF);
}

void vcpu_halt(struct vcpu *v, bool event)
{
	struct vcpu_more *m = v->more;

	SPIN_HOLD(&v->vm->more->lock);
	lapic_set_tpr(&m->lapic, vcpu_ops->get_tpr(v));
	m->halt_irq = (vcpu_ops->get(v, REG_RFLAGS) & RFLAGS_IF) != 0;
	m->halt_event = event;
	m->blocked |= BLOCK_HALT;
	/* From here on a notification finds it blocked; one before is found by the look. */
	if (vcpu_can_wake(v)) { /* and delivered now, with no exit for its window */
		m->blocked &= ~BLOCK_HALT;
		__atomic_or_fetch(&v->requests, VCPU_REQ_EVENT, __ATOMIC_SEQ_CST);
	}
	if (m->blocked & BLOCK_HALT)
		core_block(v, BLOCK_HALT);
	vm_end_dead(v->vm);
}

static APART void handle_xsetbv(struct vcpu *v, const struct vcpu_exit *e)
{
	uint64_t value = v->gpr[GPR_RDX] << 32 | (uint32_t)v->gpr[GPR_RAX];

	if (vcpu_cpl(v) || (uint32_t)v->gpr[GPR_RCX] || !xcr0_valid(value, vm_xcr0(v->vm))) {
		vcpu_exception(v, VEC_GP);
		return;
	}
	v->xcr0 = value;
	xsetbv(0, value);
	vcpu_ops->advance(v, e->insn_len);
}

static APART void undefined(struct vcpu *v, enum vcpu_exit_kind kind)
{
	vcpu_refused(v, REFUSE_INSN, kind);
	vcpu_exception(v, VEC_UD);
}

unsigned vcpu_cpl(struct vcpu *v)
{
	return SEG_DPL(vcpu_ops->get_seg(v, SREG_SS).rights);
}

/* An unmodified guest has no hypercalls: the instruction is not there. */
static APART void handle_hypercall(struct vcpu *v, const struct vcpu_exit *e)
{
	if (v->vm->more->pc) {
		undefined(v, e->kind);
		return;
	}
	vcpu_ops->advance(v, e->insn_len);
	pv_hypercall(v);
}

/* What is done about the others is in exit_dispatch(). */
static void (*const handlers[EXIT_KIND_COUNT])(struct vcpu *v, const struct vcpu_exit *e) = {
	[EXIT_IO] = handle_io,
	[EXIT_PAGE_FAULT] = handle_page_fault,
	[EXIT_RDMSR] = handle_rdmsr,
	[EXIT_WRMSR] = handle_wrmsr,
	[EXIT_CPUID] = handle_cpuid,
	[EXIT_HYPERCALL] = handle_hypercall,
	[EXIT_HLT] = handle_hlt,
	[EXIT_XSETBV] = handle_xsetbv,
	[EXIT_TASK_SWITCH] = handle_task_switch,
	[EXIT_APIC_WRITE] = lapic_exit,
	[EXIT_APIC_EOI] = lapic_exit,
};

/* Where RIP goes on behind the instruction. */
#define ADVANCES                                                                                   \
	(BIT(EXIT_IO) | BIT(EXIT_RDMSR) | BIT(EXIT_WRMSR) | BIT(EXIT_CPUID) |                      \
	 BIT(EXIT_HYPERCALL) | BIT(EXIT_HLT) | BIT(EXIT_XSETBV) | BIT(EXIT_CACHE))

void exit_dispatch(struct vcpu *v, struct vcpu_exit *e)
{
	if (unlikely(!e->insn_len) && (ADVANCES >> e->kind & 1)) {
		e->insn_len = (uint8_t)vcpu_insn_len(v);
		if (!e->insn_len)
			return;
	}
	if (handlers[e->kind]) {
		handlers[e->kind](v, e);
		return;
	}
	switch (e->kind) {
	case EXIT_NONE:
	case EXIT_INIT:
	case EXIT_HOST_NMI: /* the backend has had it taken by its vector */
		break;
	case EXIT_HOST_IRQ:
		irq_window();
		break;
	case EXIT_HOST_MC:
		panic("machine check while %s ran", v->vm->name);
	case EXIT_SLICE:
		v->cpu->more->resched = true;
		break;
	case EXIT_IRQ_WINDOW:
	case EXIT_NMI_WINDOW:
		__atomic_or_fetch(&v->requests, VCPU_REQ_EVENT, __ATOMIC_SEQ_CST);
		break;
	case EXIT_CACHE: /* caches are coherent with all that a guest can reach */
		vcpu_ops->advance(v, e->insn_len);
		break;
	case EXIT_EXCEPTION:
		vcpu_inject(v, e->u.event);
		break;
	case EXIT_UNDEFINED:
		undefined(v, e->kind);
		break;
	case EXIT_PROTECTED:
		vcpu_refused(v, REFUSE_INSN, e->kind);
		vcpu_exception(v, VEC_GP);
		break;
	case EXIT_SHUTDOWN:
		vcpu_crash(v, "triple fault");
		break;
	case EXIT_FAILED:
		log_err("%s: the processor refuses to enter: %s (code 0x%lx)", v->vm->name,
			e->u.failed.why, e->u.failed.code);
		vcpu_crash(v, "entry failed");
		break;
	default:
		log_err("%s: exit with reason 0x%lx, 0x%lx is not known", v->vm->name,
			e->u.unknown.reason, e->u.unknown.info);
		vcpu_crash(v, "unknown exit");
		break;
	}
}
