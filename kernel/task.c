/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Switches of 32-bit tasks, which VT-x leaves to the hypervisor (SDM 3A 7.3). Pure. */
#include "arch/x86/regs.h"
#include "kernel/emulate.h"
#include "kernel/insns.h"

/* The words of a TSS (SDM 3A figure 7-2); EIP to GS are saved. */
enum { CR3 = 7, EIP, EFLAGS, GPRS, SEGS = GPRS + 8, LDT = SEGS + 6, TRAP, WORDS };
static_assert(SREG_LDTR == LDT - SEGS, "the order of enum vcpu_sreg");

#define ACCESSED  1u /* of a code or data segment's type */
#define BUSY      2u /* of a TSS's */
#define TSS_32    8u
#define DR7_LOCAL 0x155ull /* L0 to L3, LE */

/* SDM 3A 6.13: EXT when the program did not ask for it. */
static int fault(struct emu *e, enum x86_vector vec, unsigned selector)
{
	bool external = e->v->pending.valid && e->v->pending.type < EVENT_SWINT;

	e->fault = event_fault((uint8_t)vec, (selector & 0xfffc) | external);
	return -EFAULT;
}

/* SDM 3A figure 3-8. change: a write to it follows. */
static int read_descriptor(struct emu *e, uint16_t selector, bool change, gva_t *at,
			   struct vcpu_seg *s)
{
	struct vcpu_seg ldt = vcpu_ops->get_seg(e->v, SREG_LDTR);
	bool local = selector & 4;
	uint64_t limit = local ? ldt.limit : vcpu_ops->get(e->v, REG_GDTR_LIMIT), d;

	if ((local && ldt.rights & SEG_UNUSABLE) || (selector | 7u) > limit)
		return fault(e, VEC_TS, selector);
	*at = (local ? ldt.base : vcpu_ops->get(e->v, REG_GDTR_BASE)) + (selector & ~7u);
	if (guest_read(e, *at, 8, change, &d))
		return -EFAULT;
	*s = (struct vcpu_seg){selector, d >> 40 & 0xf0ff,
			       (uint32_t)((d & 0xffff) | (d >> 32 & 0xf0000)),
			       (d >> 16 & 0xffffff) | (d >> 32 & 0xff000000)};
	if (s->rights & SEG_G)
		s->limit = s->limit << 12 | 0xfff;
	return 0;
}

/* SDM 3A table 7-1. */
static int load_segment(struct emu *e, enum vcpu_sreg s, uint16_t selector, unsigned cpl)
{
	struct vcpu_seg seg;
	gva_t at;

	if (!(selector & 0xfffc)) /* null: not to be used */
		return s == SREG_CS || s == SREG_SS ? fault(e, VEC_TS, selector) : 0;
	if (read_descriptor(e, selector, false, &at, &seg))
		return -EFAULT;
	unsigned rpl = selector & 3, dpl = SEG_DPL(seg.rights);
	bool code = seg.rights & BIT(3), conforming = code && seg.rights & BIT(2);
	bool rw = seg.rights & BIT(1), ok;
	if (s == SREG_CS)
		ok = code && (conforming ? dpl <= cpl : dpl == cpl);
	else if (s == SREG_SS)
		ok = !code && rw && dpl == cpl && rpl == cpl;
	else
		ok = (!code || rw) && (conforming || (dpl >= cpl && dpl >= rpl));
	if (s == SREG_LDTR ? selector & 4 || (seg.rights & 0x9f) != 0x82
			   : !ok || !(seg.rights & SEG_S))
		return fault(e, VEC_TS, selector);
	if (!(seg.rights & SEG_P))
		return fault(e, s == SREG_SS ? VEC_SS : VEC_NP, selector);
	if (s != SREG_LDTR && !(seg.rights & ACCESSED) &&
	    guest_write(e, at + 5, 1, (seg.rights |= ACCESSED) & 0xff))
		return -EFAULT;
	vcpu_ops->set_seg(e->v, s, &seg);
	return 0;
}

/* Steps 13 to 15: faults are the new task's. */
static int load(struct emu *e, const uint64_t *tss)
{
	bool v86 = tss[EFLAGS] & RFLAGS_VM;
	unsigned cpl = v86 ? 3 : tss[SEGS + SREG_CS] & 3;
	const struct insn push = {.mode = CPU_MODE_32};
	struct vcpu *v = e->v;
	gva_t va;

	vcpu_ops->set(v, REG_DR7, vcpu_ops->get(v, REG_DR7) & ~DR7_LOCAL);
	vcpu_ops->set(v, REG_CR0, e->c.regs.cr0 | CR0_TS);
	vcpu_ops->set(v, REG_RFLAGS, 0); /* the old task's TF steps nothing any more */
	vcpu_ops->advance(v, 0);
	vcpu_ops->set(v, REG_RIP, tss[EIP]);
	vcpu_ops->set(v, REG_RFLAGS, tss[EFLAGS]);
	for (unsigned i = 0; i < 8; i++)
		vcpu_gpr_set(v, i, tss[GPRS + i]);
	/* First the selectors alone, as a fault finds them, but CS and SS fit to enter with. */
	for (enum vcpu_sreg s = SREG_ES; s <= SREG_LDTR; s++) {
		uint32_t rights = s == SREG_CS ? 0xc09b : s == SREG_SS ? 0xc093 : SEG_UNUSABLE;
		struct vcpu_seg seg = {(uint16_t)tss[SEGS + s], rights | cpl << 5, UINT32_MAX, 0};

		if (v86 && s != SREG_LDTR)
			seg = (struct vcpu_seg){seg.selector, 0xf3, 0xffff, seg.selector * 16u};
		vcpu_ops->set_seg(v, s, &seg);
	}
	vcpu_ops->set(v, REG_CR3, tss[CR3]);
	if (vcpu_ops->get(v, REG_CR3) != tss[CR3]) /* its PDPTEs are not valid (SDM 3A 4.4.1) */
		return fault(e, VEC_GP, 0);
	e->c.regs.cr3 = tss[CR3];
	e->slot->operand.key = 0;
	for (unsigned n = 0; n < (v86 ? 1 : 7); n++) { /* LDTR, CS, SS to GS, ES */
		enum vcpu_sreg s = n ? n % 6 : SREG_LDTR;
		if (load_segment(e, s, (uint16_t)tss[SEGS + s], cpl))
			return -EFAULT;
	}
	if (tss[EIP] > vcpu_ops->get_seg(v, SREG_CS).limit)
		return fault(e, VEC_GP, 0);
	if (!v->pending.valid || !v->pending.has_error)
		return 0;
	bool wide = vcpu_ops->get_seg(v, SREG_SS).rights & SEG_DB;
	uint64_t mask = wide ? UINT32_MAX : UINT16_MAX, esp = tss[GPRS + GPR_RSP];
	uint64_t sp = (esp - 4) & mask;
	e->c.cpl = cpl;
	int err = emu_linear(e, &push, SREG_SS, sp, 4, true, &va);
	err = err ?: guest_write(e, va, 4, v->pending.error);
	if (!err)
		vcpu_ops->set(v, REG_RSP, (esp & ~mask) | sp);
	return err;
}

int task_switch(struct emu *e, enum task_source source, uint16_t selector)
{
	struct vcpu_seg from = vcpu_ops->get_seg(e->v, SREG_TR), from_desc = {0}, to;
	bool nests = source == TASK_CALL || source == TASK_GATE;
	gva_t at, from_at = 0;
	uint64_t tss[WORDS];

	/* Faults come before anything changes but what is saved, and saved again (step 7). */
	if (read_descriptor(e, selector, true, &at, &to) ||
	    (!nests && read_descriptor(e, from.selector, true, &from_at, &from_desc)))
		return -EFAULT;
	if (!(from.rights & to.rights & TSS_32))
		return -ENOTSUP;
	for (unsigned n = 0; n < WORDS; n++)
		if (guest_read(e, to.base + 4 * n, 4, nests && !n, &tss[n]))
			return -EFAULT;
	if (!(e->c.regs.cr0 & CR0_PG))
		tss[CR3] = e->c.regs.cr3;
	for (unsigned n = EIP; n < LDT; n++) {
		uint64_t value = n == EIP      ? e->rip
				 : n == EFLAGS ? e->rflags & ~(source == TASK_IRET ? RFLAGS_NT : 0)
				 : n < SEGS    ? vcpu_gpr_get(e->v, n - GPRS)
					       : vcpu_ops->get_seg(e->v, n - SEGS).selector;
		if (guest_write(e, from.base + 4 * n, 4, (uint32_t)value))
			return -EFAULT;
	}
	if ((nests ? guest_write(e, to.base, 2, from.selector)
		   : guest_write(e, from_at + 5, 1, from_desc.rights & 0xff & ~BUSY)) ||
	    guest_write(e, at + 5, 1, (to.rights |= BUSY) & 0xff))
		return -EFAULT;
	if (nests)
		tss[EFLAGS] |= RFLAGS_NT;
	/* As VM entry wants it, whatever others have made of the descriptor. */
	to.rights = (to.rights & (uint32_t)SEG_G) | 0x8b;
	vcpu_ops->set_seg(e->v, SREG_TR, &to);
	int err = load(e, tss);
	/* It has arrived; but #DF may become of a fault. */
	if (!err || e->v->pending.type != EVENT_EXCEPTION)
		e->v->pending.valid = false;
	return err ? err : (int)(tss[TRAP] & 1);
}
