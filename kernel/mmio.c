/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accesses outside RAM: the guest's instruction is carried out on the bus. */
#include "kernel/guest.h"

/* One access within a page: RAM, local APIC, device, or nothing (all ones). */
static void phys_access(struct emu *e, gpa_t gpa, unsigned size, bool write, uint64_t *value)
{
	struct vcpu *v = e->v;
	struct vm_more *m = v->vm->more;
	struct lapic *l = &v->more->lapic;
	bool known = true;

	if (!write)
		*value = 0;
	if ((gpa ^ e->device) >= PAGE_SIZE &&
	    (write ? !vm_write(v->vm, gpa, value, size) : !vm_read(v->vm, gpa, value, size)))
		return;
	spin_lock(&m->lock);
	m->io_vcpu = v;
	m->io_passed = 0;
	if (lapic_covers(l, gpa)) {
		lapic_set_tpr(l, vcpu_ops->get_tpr(v));
		if (write)
			lapic_mmio_write(l, gpa & (PAGE_SIZE - 1), size, *value);
		else
			*value = lapic_mmio_read(l, gpa & (PAGE_SIZE - 1), size);
		vcpu_ops->set_tpr(v, lapic_tpr(l));
	} else if (write) {
		known = iobus_write(&m->mmio, gpa, size, *value);
	} else {
		known = iobus_read(&m->mmio, gpa, size, value);
	}
	spin_unlock(&m->lock);
	if (!known)
		vcpu_refused(v, write ? REFUSE_WRITE : REFUSE_READ, gpa >> PAGE_SHIFT);
}

static int emu_access(struct emu *e, gva_t va, unsigned size, unsigned access, bool write,
		      uint64_t *value)
{
	unsigned first = (unsigned)min_u64(size, PAGE_SIZE - (va & (PAGE_SIZE - 1)));
	struct trail *t = &e->slot->operand;
	gpa_t a = 0, b = 0;
	uint64_t part;

	/* Both pages are checked before either is touched. */
	access |= e->c.cpl == 3 ? GWALK_U : 0;
	if (vcpu_translate(e->v, &e->c, t, va, access, &a, &e->fault) ||
	    (first < size && vcpu_translate(e->v, &e->c, t, va + first, access, &b, &e->fault)))
		return -EFAULT;
	if (!value) /* only whether it may be written was asked */
		return 0;
	if (first == size) {
		phys_access(e, a, size, write, value);
		return 0;
	}
	/* Crosses a page: bytes, as a bus would see neither half as a whole register. */
	uint64_t out = 0;
	for (unsigned i = 0; i < size; i++) {
		part = (*value >> (8 * i)) & 0xff;
		phys_access(e, i < first ? a + i : b + (i - first), 1, write, &part);
		out |= (part & 0xff) << (8 * i);
	}
	if (!write)
		*value = out;
	return 0;
}

int guest_read(struct emu *e, gva_t va, unsigned size, bool write_intent, uint64_t *value)
{
	return emu_access(e, va, size, write_intent ? GWALK_W : 0, false, value);
}

int guest_write(struct emu *e, gva_t va, unsigned size, uint64_t value)
{
	return emu_access(e, va, size, GWALK_W, true, &value);
}

/* A MOV to or from a place that is known from the last time: what drivers do most. */
static bool move_again(struct emu *e)
{
	const struct insn *i = &e->slot->insn;
	bool write = i->dst.kind == OPERAND_MEM;
	const struct operand *o = write ? &i->src : &i->dst;
	unsigned size = i->dst.size, at;
	gva_t va = emu_effective(e, i);
	uint64_t value;

	at = va & (PAGE_SIZE - 1);
	if (at > PAGE_SIZE - size ||
	    !vcpu_knows(&e->c, &e->slot->operand, va,
			(write ? GWALK_W : 0) | (e->c.cpl == 3 ? GWALK_U : 0)))
		return false;
	value = emu_trunc(o->kind == OPERAND_REG ? vcpu_gpr_get(e->v, o->reg) : i->imm, size);
	phys_access(e, e->slot->operand.walk.gpa | at, size, write, &value);
	if (!write)
		emu_set_gpr(e, o->reg, size, value);
	return true;
}

void vcpu_emulate(struct vcpu *v, const struct vcpu_exit *exit)
{
	bool io = exit->kind == EXIT_IO;
	unsigned n = io ? 0 : exit->u.page_fault.insn_bytes;
	int err = -EINVAL;
	struct emu e;

	e.v = v;
	e.io = io;
	e.device = io ? UINT64_MAX : exit->u.page_fault.gpa;
	vcpu_ops->context(v, &e.c);
	e.rip = e.c.rip;
	e.rflags = e.c.regs.rflags;
	e.fault.valid = false;
	e.slot = vcpu_insn(v, &e.c, exit->u.page_fault.insn, n, &e.fault);
	if (e.slot && e.slot->plain && move_again(&e))
		err = EMU_DONE;
	else if (e.slot)
		err = emulate(&e, &e.slot->insn);
	else if (e.fault.valid)
		err = -EFAULT;
	if (err == -EFAULT) {
		vcpu_inject(v, e.fault);
	} else if (err < 0) { /* no driver uses it on a device (INC, CMPXCHG, SSE, far calls…) */
		vcpu_refused(v, REFUSE_INSN, exit->kind);
		vcpu_exception(v, VEC_GP);
	}
	if (err < 0)
		return;
	if (e.rflags != e.c.regs.rflags)
		vcpu_ops->set(v, REG_RFLAGS, e.rflags);
	if (err == EMU_DONE) {
		vcpu_ops->advance(v, e.slot->insn.len);
	} else if ((e.rflags & RFLAGS_TF) || v->pending.valid) {
		vcpu_ops->advance(v, 0);
		/* No breakpoint at it again, as it goes on (SDM 3B 17.3.1.1). */
		vcpu_ops->set(v, REG_RFLAGS, e.rflags | RFLAGS_RF);
	}
}

static void fetch_fault(struct vcpu *v, gpa_t gpa)
{
	int err = vm_make_executable(v->vm, gpa);

	if (err == -ENOMEM) {
		vcpu_crash(v, "no memory to split its large pages");
	} else if (err) {
		/* The bus floats high: FF FF is no instruction. */
		vcpu_refused(v, REFUSE_FETCH, gpa >> PAGE_SHIFT);
		vcpu_exception(v, VEC_UD);
	}
}

void handle_page_fault(struct vcpu *v, const struct vcpu_exit *e)
{
	gpa_t gpa = e->u.page_fault.gpa;

	/* Who shares a core does not keep it for as long as clearing a large page takes. */
	if (vm_is_ram(v->vm, gpa) &&
	    (vm_ram_touched(v->vm, gpa, v->cpu->more->queue.ops == &sched_dedicated) ||
	     !(e->u.page_fault.exec && vcpu_caps.lazy_exec)))
		return;
	if (e->u.page_fault.exec) {
		fetch_fault(v, gpa);
	} else if (e->u.page_fault.walk) {
		/* AMD-V does not tell for which linear address a #PF would be due. */
		vcpu_refused(v, REFUSE_READ, gpa >> PAGE_SHIFT);
		vcpu_crash(v, "its page tables lie outside its memory");
	} else if (v->pending.valid) {
		/* Not the instruction at RIP: the IDT, GDT, TSS or stack of the event. */
		vcpu_crash(v, "an event is delivered through memory that it does not have");
	} else {
		vcpu_emulate(v, e);
	}
}

void handle_task_switch(struct vcpu *v, const struct vcpu_exit *exit)
{
	struct insn_slot slot = {0};
	struct emu e = {.v = v, .slot = &slot, .device = UINT64_MAX};

	vcpu_ops->context(v, &e.c);
	e.rip = e.c.rip + (v->pending.valid ? v->pending.insn_len : exit->insn_len);
	e.rflags = e.c.regs.rflags;
	e.c.regs.rflags &= ~RFLAGS_AC; /* of no matter to implicit accesses (SDM 3A 4.6.1) */
	e.c.cpl = 0;
	int err = task_switch(&e, exit->u.task >> 30 & 3, (uint16_t)exit->u.task);
	if (err == -EFAULT) {
		vcpu_inject(v, e.fault);
	} else if (err < 0) {
		vcpu_crash(v, "switch of a 16-bit task, which is not emulated");
	} else if (err) {
		write_dr6(read_dr6() | DR6_BT);
		vcpu_exception(v, VEC_DB);
	}
}
