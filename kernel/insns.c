/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fetches and decodes the instructions that exits are about, and translates addresses. */
#include "kernel/insns.h"
#include "arch/x86/regs.h"

/* Of a trail's key, beside GWALK_* and the page. */
#define KEY_AC    BIT(4)
#define KEY_VALID BIT(5)

enum cpu_mode vcpu_mode(const struct vcpu_context *c)
{
	/* CS.L means something only in long mode. */
	if ((c->cs_rights & SEG_L) && (c->regs.efer & EFER_LMA))
		return CPU_MODE_64;
	if (!(c->regs.cr0 & CR0_PE) || (c->regs.rflags & RFLAGS_VM))
		return CPU_MODE_16;
	return c->cs_rights & SEG_DB ? CPU_MODE_32 : CPU_MODE_16;
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
static inline bool holds(const struct gwalk_result *w, bool pae)
{
	unsigned n = w->count;

	if (pae) {
		while (n--)
			if (*(volatile uint64_t *)w->at[n] != w->entry[n])
				return false;
		return true;
	}
	while (n--)
		if (*(volatile uint32_t *)w->at[n] != w->entry[n])
			return false;
	return true;
}

static uint64_t key_of(const struct vcpu_context *c, gva_t va, unsigned access)
{
	return align_down(va, PAGE_SIZE) | access | (c->regs.rflags & RFLAGS_AC ? KEY_AC : 0) |
	       KEY_VALID;
}

bool vcpu_knows(const struct vcpu_context *c, const struct trail *t, gva_t va, unsigned access)
{
	return t->key == key_of(c, va, access) && holds(&t->walk, c->regs.cr4 & CR4_PAE);
}

int vcpu_translate(struct vcpu *v, const struct vcpu_context *c, struct trail *t, gva_t va,
		   unsigned access, gpa_t *gpa, struct vcpu_event *fault)
{
	if (!vcpu_knows(c, t, va, access)) {
		struct gwalk_regs r = c->regs;

		r.maxphyaddr = vcpu_caps.phys_bits;
		int err = gwalk(&r, v->vm, va, access, &t->walk);

		t->key = err ? 0 : key_of(c, va, access);
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

static gva_t address(const struct vcpu_context *c)
{
	return vcpu_mode(c) == CPU_MODE_64 ? c->rip : (uint32_t)(c->cs_base + c->rip);
}

static unsigned fetch_access(const struct vcpu_context *c)
{
	return GWALK_X | GWALK_PEEK | (c->cpl == 3 ? GWALK_U : 0);
}

unsigned vcpu_fetch(struct vcpu *v, const struct vcpu_context *c, uint8_t *buf, unsigned n,
		    struct vcpu_event *fault)
{
	gva_t va = address(c);
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

/* Do translations of the one hold in the other? */
static inline uint64_t other_space(const struct gwalk_regs *a, const struct gwalk_regs *b)
{
	return (a->cr0 ^ b->cr0) | (a->cr3 ^ b->cr3) | (a->cr4 ^ b->cr4) | (a->efer ^ b->efer);
}

static inline uint64_t other_place(const struct vcpu_context *a, const struct vcpu_context *b)
{
	return (a->rip ^ b->rip) | (a->cs_base ^ b->cs_base) | (a->cs_rights ^ b->cs_rights) |
	       (a->cpl ^ b->cpl) | ((a->regs.rflags ^ b->regs.rflags) & RFLAGS_VM);
}

static inline bool same_bytes(const struct insn_slot *s, const void *p)
{
	uint64_t now[2];

	__builtin_memcpy(now, p, sizeof(now));
	return !(((now[0] ^ s->bytes[0]) & s->mask[0]) | ((now[1] ^ s->bytes[1]) & s->mask[1]));
}

static __attribute__((noinline)) struct insn_slot *renew(struct vcpu *v, struct insn_slot *s,
							 const struct vcpu_context *c,
							 const uint8_t *told, unsigned n,
							 struct vcpu_event *fault)
{
	enum cpu_mode mode = vcpu_mode(c);
	uint64_t now[2] = {0}, gen = __atomic_load_n(&v->vm->p2m_gen, __ATOMIC_ACQUIRE);
	gva_t va = address(c);
	unsigned at = va & (PAGE_SIZE - 1), bits;
	gpa_t gpa;

	if (other_space(&s->c.regs, &c->regs) | (s->p2m_gen ^ gen))
		s->operand.key = 0;
	s->code.key = 0;
	s->c = *c;
	s->p2m_gen = gen;
	if (n) {
		memcpy(now, told, n);
	} else if (at > PAGE_SIZE - sizeof(now)) { /* it may go on in the next page */
		n = vcpu_fetch(v, c, (uint8_t *)now, INSN_MAX, fault);
	} else if (!vcpu_translate(v, c, &s->code, va, fetch_access(c), &gpa, fault) &&
		   s->code.ram) {
		n = INSN_MAX;
		s->code.ram += at;
		memcpy(now, s->code.ram, sizeof(now));
	}
	if (s->insn.len && s->insn.len <= n && s->insn.mode == mode && same_bytes(s, now))
		return s;
	if (insn_decode((const uint8_t *)now, n, mode, &s->insn))
		return NULL;
	bits = 8u * s->insn.len;
	memcpy(s->bytes, now, sizeof(now));
	s->mask[0] = bits < 64 ? BIT(bits) - 1 : UINT64_MAX;
	s->mask[1] = bits > 64 ? BIT(bits - 64) - 1 : 0;
	s->plain = s->insn.op == INSN_MOV && s->insn.has_mem && s->insn.dst.size >= 4 &&
		   mode == CPU_MODE_64 && s->insn.adsize == 8 && s->insn.seg != SREG_FS &&
		   s->insn.seg != SREG_GS;
	return s;
}

struct insn_slot *vcpu_insn(struct vcpu *v, const struct vcpu_context *c, const uint8_t *told,
			    unsigned n, struct vcpu_event *fault)
{
	struct insn_slot *s = &v->insns[(c->rip ^ c->rip >> 4) % INSN_SLOTS];
	const void *p = n ? (const void *)told : s->code.ram;

	if (!(other_place(&s->c, c) | other_space(&s->c.regs, &c->regs) |
	      (s->p2m_gen ^ v->vm->p2m_gen)) &&
	    s->insn.len &&
	    (n ? n >= s->insn.len : s->code.key && holds(&s->code.walk, c->regs.cr4 & CR4_PAE)) &&
	    same_bytes(s, p))
		return s;
	return renew(v, s, c, told, n, fault);
}
