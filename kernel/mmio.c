/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accesses outside RAM: the guest's instruction is fetched, decoded and carried out on the bus. */
#include "arch/x86/decode.h"
#include "kernel/guest.h"

unsigned vcpu_mode(struct vcpu *v)
{
	struct vcpu_seg cs;

	if (!(vcpu_ops->get(v, REG_CR0) & CR0_PE))
		return CPU_MODE_16;
	cs = vcpu_ops->get_seg(v, SREG_CS);
	/* CS.L means something only in long mode. */
	if ((cs.rights & SEG_L) && (vcpu_ops->get(v, REG_EFER) & EFER_LMA))
		return CPU_MODE_64;
	if (vcpu_ops->get(v, REG_RFLAGS) & RFLAGS_VM)
		return CPU_MODE_16;
	return cs.rights & SEG_DB ? CPU_MODE_32 : CPU_MODE_16;
}

int gwalk_read(struct vm *vm, gpa_t gpa, unsigned size, uint64_t *value)
{
	*value = 0;
	return vm_read(vm, gpa, value, size);
}

int gwalk_update(struct vm *vm, gpa_t gpa, unsigned size, uint64_t old, uint64_t new_value)
{
	void *p = vm_ptr(vm, gpa, size);
	bool done;

	if (!p)
		return -EFAULT;
	if (size == 4)
		done = __sync_bool_compare_and_swap((uint32_t *)p, (uint32_t)old,
						    (uint32_t)new_value);
	else
		done = __sync_bool_compare_and_swap((uint64_t *)p, old, new_value);
	return done ? 0 : -EAGAIN;
}

static void walk_regs(struct vcpu *v, struct gwalk_regs *r)
{
	*r = (struct gwalk_regs){
		.cr0 = vcpu_ops->get(v, REG_CR0),
		.cr3 = vcpu_ops->get(v, REG_CR3),
		.cr4 = vcpu_ops->get(v, REG_CR4),
		.efer = vcpu_ops->get(v, REG_EFER),
		.rflags = vcpu_ops->get(v, REG_RFLAGS),
		.maxphyaddr = cpuid(0x80000008, 0).eax & 0xff,
	};
}

/* Linear to guest-physical; on failure *fault is what the guest gets. */
static int translate(struct vcpu *v, const struct gwalk_regs *r, gva_t va, unsigned access,
		     gpa_t *gpa, struct vcpu_event *fault)
{
	struct gwalk_result res = {0};
	int err = gwalk(r, v->vm, va, access, &res);

	if (!err) {
		*gpa = res.gpa;
		return 0;
	}
	/* Tables outside RAM read as all ones on a PC: reserved bits are set. */
	if (err != -EFAULT)
		res.pf_error = (uint32_t)(PFEC_P | PFEC_RSVD);
	*fault = event_fault(VEC_PF, res.pf_error);
	vcpu_ops->set(v, REG_CR2, va);
	return -EFAULT;
}

unsigned vcpu_fetch(struct vcpu *v, uint8_t *buf, unsigned n, struct vcpu_event *fault)
{
	struct vcpu_seg cs = vcpu_ops->get_seg(v, SREG_CS);
	unsigned mode = vcpu_mode(v), got = 0;
	unsigned access = GWALK_X | GWALK_PEEK | (vcpu_cpl(v) == 3 ? GWALK_U : 0);
	struct gwalk_regs r;
	gva_t va = vcpu_ops->get(v, REG_RIP);

	walk_regs(v, &r);
	if (mode != CPU_MODE_64)
		va = (uint32_t)(cs.base + va);
	while (got < n) {
		struct vcpu_event f;
		gpa_t gpa = 0;
		unsigned part = (unsigned)min_u64(n - got, PAGE_SIZE - (va & (PAGE_SIZE - 1)));

		if (translate(v, &r, va, access, &gpa, &f)) {
			if (!got)
				*fault = f;
			break;
		}
		if (vm_read(v->vm, gpa, buf + got, part))
			break;
		got += part;
		va += part;
	}
	return got;
}

/* One access within a page: RAM, local APIC, device, or nothing (all ones). */
static void phys_access(struct vcpu *v, gpa_t gpa, unsigned size, bool write, uint64_t *value)
{
	struct vm_more *m = v->vm->more;
	struct lapic *l = &v->more->lapic;
	bool known = true;

	if (!write)
		*value = 0;
	if (write ? !vm_write(v->vm, gpa, value, size) : !vm_read(v->vm, gpa, value, size))
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
		vcpu_ops->set_tpr(v, l->tpr);
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
	gpa_t a = 0, b = 0;
	uint64_t part;

	/* Both pages are checked before either is touched. */
	access |= e->access;
	if (translate(e->v, &e->regs, va, access, &a, &e->fault) ||
	    (first < size && translate(e->v, &e->regs, va + first, access, &b, &e->fault)))
		return -EFAULT;
	if (!value) /* only whether it may be written was asked */
		return 0;
	if (first == size) {
		phys_access(e->v, a, size, write, value);
		return 0;
	}
	/* Crosses a page: bytes, as a bus would see neither half as a whole register. */
	uint64_t out = 0;
	for (unsigned i = 0; i < size; i++) {
		part = (*value >> (8 * i)) & 0xff;
		phys_access(e->v, i < first ? a + i : b + (i - first), 1, write, &part);
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

void vcpu_emulate(struct vcpu *v, bool io, const uint8_t *bytes, unsigned n)
{
	uint8_t buf[INSN_MAX];
	struct emu e = {.v = v, .access = vcpu_cpl(v) == 3 ? GWALK_U : 0, .io = io};
	struct vcpu_exit done = {0};
	struct insn insn;
	int err;

	if (!n) {
		n = vcpu_fetch(v, buf, sizeof(buf), &e.fault);
		bytes = buf;
	}
	err = e.fault.valid ? -EFAULT : insn_decode(bytes, n, (enum cpu_mode)vcpu_mode(v), &insn);
	if (!err) {
		walk_regs(v, &e.regs);
		e.rip = vcpu_ops->get(v, REG_RIP);
		e.rflags = e.regs.rflags;
		err = emulate(&e, &insn);
	}
	if (err == -EFAULT) {
		vcpu_inject(v, e.fault);
	} else if (err < 0) { /* no driver uses it on a device (INC, CMPXCHG, SSE, far calls…) */
		vcpu_refused(v, REFUSE_INSN, io ? EXIT_IO : EXIT_PAGE_FAULT);
		vcpu_exception(v, VEC_GP);
	}
	if (err < 0)
		return;
	if (e.rflags != e.regs.rflags)
		vcpu_ops->set(v, REG_RFLAGS, e.rflags);
	done.insn_len = insn.len;
	if (err == EMU_DONE) {
		(void)vcpu_advance(v, &done);
	} else if (e.rflags & RFLAGS_TF) {
		vcpu_go_on(v, 0);
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
		vcpu_emulate(v, false, e->u.page_fault.insn, e->u.page_fault.insn_bytes);
	}
}
