/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts, NMIs and exceptions: injection, windows, and what an exit interrupted. Pure. */
#include "arch/x86/regs.h"
#include "svm/svm.h"

#define DR7_GD BIT(13)

/*
 * NMI blocking. The CPU blocks NMIs of its own, but knows nothing of injected
 * ones. While one is handled IRET is intercepted; that exit comes before the
 * IRET executes, so NMIs stay blocked until RIP is elsewhere (APM 2 15.9, 15.21).
 *
 * Single step. Two windows open after exactly one more instruction: the one
 * after that IRET (or an interrupt shadow) for an NMI, and the one after an
 * interrupt shadow on QEMU 7.2, which forgets the shadow at VMRUN and
 * would open the interrupt window inside STI; HLT. The instruction is run with
 * TF, whose #DB is intercepted, and nobody sees it.
 *
 * Two more instructions run so: MOV to CR4, after which bits that the guest may
 * not have are taken back (no decoding, no second model of the CPU's own
 * checks); and MOV to CR8 on QEMU 7.2, which aborts when the guest does
 * that with a virtual interrupt pending.
 */

static bool injecting(const struct svm_vcpu *s)
{
	return (s->vmcb.event_inj & EVENT_V) != 0;
}

bool svm_can_take_irq(struct vcpu *v)
{
	const struct svm_vcpu *s = svm_of(v);

	return (s->vmcb.rflags & RFLAGS_IF) && !svm_shadow(s) && !injecting(s) && !v->pending.valid;
}

bool svm_can_take_nmi(struct vcpu *v)
{
	const struct svm_vcpu *s = svm_of(v);

	return !s->nmi_blocked && !svm_shadow(s) && !injecting(s) && !v->pending.valid;
}

void svm_want_irq_window(struct vcpu *v, bool on)
{
	svm_of(v)->irq_window = on;
}

void svm_want_nmi_window(struct vcpu *v)
{
	svm_of(v)->nmi_window = true;
}

/*
 * Interrupts, NMIs and exceptions only, whose type is the hardware's: an INT n, INT3 or
 * INTO whose delivery an exit interrupted runs again (collect_pending()).
 */
void svm_inject(struct vcpu *v, const struct vcpu_event *e)
{
	struct svm_vcpu *s = svm_of(v);
	uint64_t inj = e->vector | (uint64_t)e->type << EVENT_TYPE_SHIFT | EVENT_V;

	/* Nothing pushes an error code in real mode. */
	if (e->has_error && (s->vmcb.cr0 & CR0_PE))
		inj |= EVENT_EV | (uint64_t)e->error << EVENT_ERROR_SHIFT;
	s->vmcb.event_inj = inj;
	/* The delivery of #DB clears DR7.GD (APM 2 13.1.1.4): it was intercepted before that. */
	if (e->type == EVENT_EXCEPTION && e->vector == VEC_DB && (s->vmcb.dr7 & DR7_GD)) {
		s->vmcb.dr7 &= ~DR7_GD;
		svm_dirty(s, CLEAN_DRX);
	}
	if (e->type == EVENT_NMI) {
		s->nmi_blocked = true;
		s->nmi_window = s->iret_pending = false;
	}
}

/* TF would get onto the guest's stack with the flags that an injected event pushes. */
static bool must_step(const struct svm_vcpu *s)
{
	bool shadow = svm_shadow(s);

	if (injecting(s))
		return false;
	if (s->step_cr || (s->nmi_window && (s->iret_pending || shadow)))
		return true;
	return svm_caps.tcg && s->irq_window && shadow && (s->vmcb.rflags & RFLAGS_IF);
}

/*
 * A virtual interrupt that is never delivered: its intercept says that the
 * guest could take one (APM 2 15.21.4). With no window wanted but a raised TPR
 * it has that TPR's priority, so that the exit comes when the guest lowers it
 * in CR8, which is not intercepted.
 */
static uint64_t virtual_irq(const struct svm_vcpu *s)
{
	uint64_t tpr = s->vmcb.int_ctl & INT_V_TPR;

	if (s->irq_window)
		return INT_V_IRQ | INT_V_IGN_TPR;
	return tpr && !svm_caps.tcg ? INT_V_IRQ | tpr << INT_V_PRIO_SHIFT : 0;
}

static void set_windows(struct svm_vcpu *s)
{
	struct vmcb *c = &s->vmcb;
	uint64_t irq = s->stepping ? 0 : virtual_irq(s), tpr = c->int_ctl & INT_V_TPR;
	uint64_t int_ctl = tpr | INT_V_INTR_MASKING | irq;
	uint32_t icpt = c->intercept1 & ~(ICPT(3, VINTR) | ICPT(3, IRET));
	uint32_t icpt_cr = s->stepping && s->step_cr ? 0 : ICPT(0, CR4_WRITE);

	if (irq)
		icpt |= ICPT(3, VINTR);
	/* An NMI that must wait for an event injected now comes at the latest after its handler. */
	if ((s->nmi_blocked && !s->iret_pending) || (s->nmi_window && injecting(s)))
		icpt |= ICPT(3, IRET);
	if (svm_caps.tcg && !s->stepping && (irq || tpr))
		icpt_cr |= ICPT(0, CR8_WRITE);
	if (c->int_ctl != int_ctl) {
		c->int_ctl = int_ctl;
		svm_dirty(s, CLEAN_TPR);
	}
	if (c->intercept1 != icpt || c->intercept_cr != icpt_cr) {
		c->intercept1 = icpt;
		c->intercept_cr = icpt_cr;
		svm_dirty(s, CLEAN_I);
	}
	s->armed = irq || s->stepping || (icpt & ICPT(3, IRET)) || icpt_cr != ICPT(0, CR4_WRITE);
}

/*
 * QEMU's VMRUN leaves the vector of an external interrupt behind as an exception, and raises
 * it again, with the guest's IF clear, if the CPU is stopped before the guest's first
 * instruction. As a virtual interrupt, which the guest takes at once, it comes once.
 */
static void inject_virtually(struct svm_vcpu *s)
{
	struct vmcb *c = &s->vmcb;

	if (EVENT_TYPE(c->event_inj) != EVENT_EXTINT || svm_shadow(s) || !(c->rflags & RFLAGS_IF))
		return;
	/* Another one waits: the window is set after the next exit, its IRET's at the latest. */
	if (s->irq_window)
		c->intercept1 = (c->intercept1 & ~ICPT(3, VINTR)) | ICPT(3, IRET);
	c->int_ctl |=
		INT_V_IRQ | INT_V_IGN_TPR | (c->event_inj & EVENT_VECTOR) << INT_V_VECTOR_SHIFT;
	c->event_inj = 0;
	s->virtual_event = true;
}

/* If it still waits, an exit came first: then it is as if that had interrupted its delivery. */
static void end_virtual_event(struct svm_vcpu *s)
{
	struct vmcb *c = &s->vmcb;

	if (c->int_ctl & INT_V_IRQ)
		c->exit_int_info = EVENT_V | EVENT_EXTINT << EVENT_TYPE_SHIFT |
				   (c->int_ctl >> INT_V_VECTOR_SHIFT & EVENT_VECTOR);
	c->int_ctl &= INT_V_TPR | INT_V_INTR_MASKING;
	s->virtual_event = false;
}

static bool prepare_special(struct vcpu *v, struct vcpu_exit *exit)
{
	struct svm_vcpu *s = svm_of(v);
	struct vmcb *c = &s->vmcb;

	if (s->nmi_window && svm_can_take_nmi(v)) {
		s->nmi_window = false;
		exit->kind = EXIT_NMI_WINDOW;
		return false;
	}
	s->entry_rip = c->rip;
	s->stepping = must_step(s);
	if (s->stepping) {
		s->guest_tf = (c->rflags & RFLAGS_TF) != 0;
		c->rflags |= RFLAGS_TF;
	} else {
		s->step_cr = 0; /* an event goes first; then it exits again */
	}
	set_windows(s);
	return true;
}

/* What was being delivered when the exit came (APM 2 15.7.2). */
static void collect_pending(struct vcpu *v, struct svm_vcpu *s)
{
	uint64_t e = s->vmcb.exit_int_info;
	uint8_t vector = (uint8_t)(e & EVENT_VECTOR);
	unsigned type = EVENT_TYPE(e);

	/*
	 * A software interrupt is dropped: RIP is at its instruction, which
	 * runs again, with all its checks.
	 */
	if (type == EVENT_SWINT ||
	    (type == EVENT_EXCEPTION && (vector == VEC_BP || vector == VEC_OF)))
		return;
	if (type != EVENT_EXTINT && type != EVENT_NMI && type != EVENT_EXCEPTION)
		return; /* reserved */
	bool has_error = type == EVENT_EXCEPTION && (e & EVENT_EV);
	if (type == EVENT_NMI)
		s->nmi_blocked = false; /* not delivered, so no IRET will come */
	v->pending = (struct vcpu_event){
		.valid = true,
		.type = (uint8_t)type,
		.vector = vector,
		.has_error = has_error,
		.error = has_error ? (uint32_t)(e >> EVENT_ERROR_SHIFT) : 0,
	};
}

/* Takes TF back after a step, unless it is what the guest's IRET has just loaded. */
static void end_step(struct svm_vcpu *s, bool iret_done)
{
	struct vmcb *c = &s->vmcb;
	bool trapped = svm_exit_code(s) == VMEXIT_EXCP(VEC_DB);

	if (s->guest_tf)
		return;
	if (!trapped || !iret_done)
		c->rflags &= ~RFLAGS_TF;
	/* The instruction led into an exception of its own, which pushed TF. */
	if (!trapped && c->rip != s->entry_rip)
		s->stray_tf = true;
}

static void end_special(struct vcpu *v, struct svm_vcpu *s)
{
	struct vmcb *c = &s->vmcb;
	bool trapped = svm_exit_code(s) == VMEXIT_EXCP(VEC_DB);
	bool iret_done = s->iret_pending && c->rip != s->iret_rip;

	if (iret_done)
		s->iret_pending = s->nmi_blocked = false;
	if (s->stepping)
		end_step(s, iret_done);
	if (!trapped)
		s->step_cr = 0;
	/* CR4 was open for the step, and another instruction than the one meant has used it. */
	if (s->stepping && !trapped && (c->cr4 & ~v->cr4_allowed)) {
		c->cr4 &= v->cr4_allowed;
		svm_dirty(s, CLEAN_CRX);
	}
	/* QEMU: a shadow that the entry lost is still there if nothing was executed. */
	if (svm_caps.tcg && s->entry_shadow && !trapped && c->rip == s->entry_rip)
		c->int_state |= INT_SHADOW;
}

bool svm_event_entry(struct vcpu *v, struct vcpu_exit *exit)
{
	struct svm_vcpu *s = svm_of(v);

	s->stepping = false;
	s->entry_shadow = svm_shadow(s);
	if ((s->special || (s->vmcb.int_ctl & INT_V_TPR)) && !prepare_special(v, exit))
		return false;
	if (svm_caps.tcg && injecting(s))
		inject_virtually(s);
	return true;
}

void svm_event_exit(struct vcpu *v)
{
	struct svm_vcpu *s = svm_of(v);

	s->vmcb.event_inj = 0;
	if (s->virtual_event)
		end_virtual_event(s);
	if (s->special)
		end_special(v, s);
	if (s->vmcb.exit_int_info & EVENT_V)
		collect_pending(v, s);
}

/* The kind for the first window that is open now, or EXIT_NONE. */
static enum vcpu_exit_kind open_window(struct vcpu *v)
{
	struct svm_vcpu *s = svm_of(v);

	if (s->nmi_window && svm_can_take_nmi(v)) {
		s->nmi_window = false;
		return EXIT_NMI_WINDOW;
	}
	if (s->irq_window && svm_can_take_irq(v)) {
		s->irq_window = false;
		return EXIT_IRQ_WINDOW;
	}
	return EXIT_NONE;
}

#define DR6_CAUSES (0xfull | BIT(13) | DR6_BS | BIT(15))

/* DR6 holds the cause already (APM 2 15.12.2), but not in Bochs 2.7. */
static void complete_dr6(struct svm_vcpu *s)
{
	struct vmcb *c = &s->vmcb;

	if (!(c->dr6 & DR6_CAUSES) && (s->stepping || (c->rflags & RFLAGS_TF))) {
		c->dr6 |= DR6_BS;
		svm_dirty(s, CLEAN_DRX);
	}
}

/* True when the #DB is the step's and the guest must not see it. */
static bool debug_is_ours(struct svm_vcpu *s)
{
	struct vmcb *c = &s->vmcb;

	if (!(c->dr6 & DR6_BS))
		return false;
	if (s->stepping) {
		if (s->guest_tf)
			return false;
	} else if (s->stray_tf && (c->rflags & RFLAGS_TF)) {
		s->stray_tf = false;
		c->rflags &= ~RFLAGS_TF;
	} else {
		return false;
	}
	c->dr6 &= ~DR6_BS;
	svm_dirty(s, CLEAN_DRX);
	return !(c->dr6 & 0xf); /* a breakpoint hit by the same instruction is the guest's */
}

/* False: back to the state before the MOV, which is then #GP. */
static bool cr4_ok(struct vcpu *v)
{
	struct svm_vcpu *s = svm_of(v);
	struct vmcb *c = &s->vmcb;

	if (!(c->cr4 & ~s->old_cr4 & ~v->cr4_allowed))
		return true;
	c->cr4 = s->old_cr4;
	c->rip = s->entry_rip;
	c->dr6 &= ~DR6_BS;
	svm_dirty(s, CLEAN_CRX | CLEAN_DRX);
	return false;
}

static void decode_exception(struct vcpu *v, struct vcpu_exit *exit)
{
	struct svm_vcpu *s = svm_of(v);
	uint8_t vector = (uint8_t)(svm_exit_code(s) - VMEXIT_EXCP(0));

	if (vector == VEC_MC) {
		exit->kind = EXIT_HOST_MC;
		return;
	}
	if (vector == VEC_DB) {
		uint8_t cr = s->step_cr;

		complete_dr6(s);
		bool ours = debug_is_ours(s);
		s->step_cr = 0;
		if (cr == 4 && !cr4_ok(v)) {
			exit->kind = EXIT_PROTECTED;
			return;
		}
		if (ours) { /* after CR8 maybe the TPR is lower: common code looks */
			exit->kind = cr == 8 ? EXIT_IRQ_WINDOW : open_window(v);
			return;
		}
	}
	exit->kind = EXIT_EXCEPTION;
	exit->u.event = (struct vcpu_event){
		.valid = true,
		.type = EVENT_EXCEPTION,
		.vector = vector,
		.has_error = vector == VEC_AC,
	};
}

void svm_event_decode(struct vcpu *v, struct vcpu_exit *exit)
{
	struct svm_vcpu *s = svm_of(v);

	switch (svm_exit_code(s)) {
	case VMEXIT_CR4_WRITE:
		s->old_cr4 = s->vmcb.cr4;
		s->step_cr = 4;
		exit->kind = EXIT_NONE;
		break;
	case VMEXIT_CR8_WRITE:
		s->step_cr = 8;
		exit->kind = EXIT_NONE;
		break;
	case VMEXIT_VINTR:
		s->irq_window = false;
		exit->kind = EXIT_IRQ_WINDOW;
		break;
	case VMEXIT_IRET:
		if (s->nmi_blocked) {
			s->iret_pending = true;
			s->iret_rip = s->vmcb.rip;
		}
		exit->kind = open_window(v);
		break;
	default:
		decode_exception(v, exit);
	}
}
