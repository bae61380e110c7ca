/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fetches and decodes the instructions that exits are about, and translates addresses. */
#include "kernel/insns.h"
#include "arch/x86/regs.h"

/* Of a trail's key, beside GWALK_* and the page. */
#define KEY_AC    BIT(4)
#define KEY_VALID BIT(5)

static enum cpu_mode mode_of(const struct vcpu_context *c)
{
	/* CS.L means something only in long mode. */
	if ((c->cs_rights & SEG_L) && (c->regs.efer & EFER_LMA))
		return CPU_MODE_64;
	if (!(c->regs.cr0 & CR0_PE) || (c->regs.rflags & RFLAGS_VM))
		return CPU_MODE_16;
	return c->cs_rights & SEG_DB ? CPU_MODE_32 : CPU_MODE_16;
}

void vcpu_context(struct vcpu *v, struct vcpu_context *c)
{
	vcpu_ops->context(v, c);
	c->regs.maxphyaddr = vcpu_caps.phys_bits;
	c->mode = (uint8_t)mode_of(c);
	c->va = c->mode == CPU_MODE_64 ? c->rip : (uint32_t)(c->cs_base + c->rip);
}

void *gwalk_entry(struct vm *vm, gpa_t gpa, unsigned size)
{
	return vm_ptr(vm, gpa, size);
}

int gwalk_update(void *entry, unsigned size, uint64_t old, uint64_t new_value)
{
	bool done;

	if (size == 4)
		done = __sync_bool_compare_and_swap((uint32_t *)entry, (uint32_t)old,
						    (uint32_t)new_value);
	else
		done = __sync_bool_compare_and_swap((uint64_t *)entry, old, new_value);
	return done ? 0 : -EAGAIN;
}

/*
 * The page tables are read again, as no exit tells of INVLPG: what was changed, an
 * accessed or dirty bit too, is walked anew.
 */
static bool holds(const struct trail *t, uint64_t key, bool pae)
{
	const struct gwalk_result *w = &t->walk;

	if (t->key != key)
		return false;
	for (unsigned i = 0; i < w->count; i++)
		if ((pae ? *(volatile uint64_t *)w->at[i] : *(volatile uint32_t *)w->at[i]) !=
		    w->entry[i])
			return false;
	return true;
}

int vcpu_translate(struct vcpu *v, const struct vcpu_context *c, struct trail *t, gva_t va,
		   unsigned access, gpa_t *gpa, struct vcpu_event *fault)
{
	uint64_t ac = c->regs.rflags & RFLAGS_AC ? KEY_AC : 0;
	uint64_t key = align_down(va, PAGE_SIZE) | access | ac | KEY_VALID;

	if (!holds(t, key, c->regs.cr4 & CR4_PAE)) {
		int err = gwalk(&c->regs, v->vm, va, access, &t->walk);

		t->key = err ? 0 : key;
		if (err) {
			/* Tables outside RAM read as all ones on a PC: reserved bits are set. */
			if (err != -EFAULT)
				t->walk.pf_error = (uint32_t)(PFEC_P | PFEC_RSVD);
			*fault = event_fault(VEC_PF, t->walk.pf_error);
			vcpu_ops->set(v, REG_CR2, va);
			return -EFAULT;
		}
		t->walk.gpa = align_down(t->walk.gpa, PAGE_SIZE);
		t->ram = vm_ptr(v->vm, t->walk.gpa, PAGE_SIZE);
	}
	*gpa = t->walk.gpa | (va & (PAGE_SIZE - 1));
	return 0;
}

static unsigned fetch_access(const struct vcpu_context *c)
{
	return GWALK_X | GWALK_PEEK | (c->cpl == 3 ? GWALK_U : 0);
}

unsigned vcpu_fetch(struct vcpu *v, const struct vcpu_context *c, uint8_t *buf, unsigned n,
		    struct vcpu_event *fault)
{
	gva_t va = c->va;
	struct trail t = {0};
	unsigned got = 0;

	while (got < n) {
		struct vcpu_event f;
		gpa_t gpa = 0;
		unsigned part = (unsigned)min_u64(n - got, PAGE_SIZE - (va & (PAGE_SIZE - 1)));

		if (vcpu_translate(v, c, &t, va, fetch_access(c), &gpa, &f)) {
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

static struct insn_slot *slot_of(struct vcpu *v, const struct vcpu_context *c)
{
	struct insn_slot *s = &v->insns[(c->va ^ c->va >> 4) % INSN_SLOTS];
	const struct gwalk_regs *a = &s->regs, *b = &c->regs;

	if ((a->cr0 ^ b->cr0) | (a->cr3 ^ b->cr3) | (a->cr4 ^ b->cr4) | (a->efer ^ b->efer) |
	    (s->p2m_gen ^ v->vm->p2m_gen)) {
		s->code.key = s->operand.key = 0;
		s->regs = *b;
		s->p2m_gen = v->vm->p2m_gen;
	}
	return s;
}

struct insn_slot *vcpu_insn(struct vcpu *v, const struct vcpu_context *c, const uint8_t *bytes,
			    unsigned n, struct vcpu_event *fault)
{
	struct insn_slot *s = slot_of(v, c);
	uint64_t now[2] = {0};
	unsigned at = c->va & (PAGE_SIZE - 1), bits;
	gpa_t gpa;

	if (n) {
		memcpy(now, bytes, n);
	} else if (at > PAGE_SIZE - sizeof(now)) { /* it may go on in the next page */
		n = vcpu_fetch(v, c, (uint8_t *)now, INSN_MAX, fault);
	} else if (!vcpu_translate(v, c, &s->code, c->va, fetch_access(c), &gpa, fault) &&
		   s->code.ram) {
		n = INSN_MAX;
		__builtin_memcpy(now, s->code.ram + at, sizeof(now));
	}
	if (s->insn.len && s->insn.len <= n && s->insn.mode == c->mode &&
	    !(((now[0] ^ s->bytes[0]) & s->mask[0]) | ((now[1] ^ s->bytes[1]) & s->mask[1])))
		return s;
	if (insn_decode((const uint8_t *)now, n, (enum cpu_mode)c->mode, &s->insn))
		return NULL;
	bits = 8u * s->insn.len;
	memcpy(s->bytes, now, sizeof(now));
	s->mask[0] = bits < 64 ? BIT(bits) - 1 : UINT64_MAX;
	s->mask[1] = bits > 64 ? BIT(bits - 64) - 1 : 0;
	return s;
}
