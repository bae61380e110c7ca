/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads and writes the guest's registers and segments. */
#include "vmx/vmx.h"

/* Registers that are one field, with no rule attached; others have encoding 0, which is VPID's. */
static const struct vmcs_field reg_field[REG_COUNT] = {
	[REG_CR3] = GUEST_CR3,
	[REG_DR7] = GUEST_DR7,
	[REG_PAT] = GUEST_IA32_PAT,
	[REG_SYSENTER_CS] = GUEST_SYSENTER_CS,
	[REG_SYSENTER_ESP] = GUEST_SYSENTER_ESP,
	[REG_SYSENTER_EIP] = GUEST_SYSENTER_EIP,
	[REG_DEBUGCTL] = GUEST_IA32_DEBUGCTL,
	[REG_GDTR_BASE] = GUEST_GDTR_BASE,
	[REG_GDTR_LIMIT] = GUEST_GDTR_LIMIT,
	[REG_IDTR_BASE] = GUEST_IDTR_BASE,
	[REG_IDTR_LIMIT] = GUEST_IDTR_LIMIT,
};

static const struct vmcs_field cache_field[CACHE_COUNT] = {
	[CACHE_RIP] = GUEST_RIP,
	[CACHE_RSP] = GUEST_RSP,
	[CACHE_RFLAGS] = GUEST_RFLAGS,
	[CACHE_INTERRUPTIBILITY] = GUEST_INTERRUPTIBILITY,
};

/* What tells the end of an instruction. */
#define SKIP_NEEDS (1u << CACHE_RIP | 1u << CACHE_RFLAGS | 1u << CACHE_INTERRUPTIBILITY)

uint64_t vmx_cache_get(struct vmx_vcpu *h, unsigned n)
{
	if (!unlikely(h->cached & 1u << n)) {
		h->cache[n] = vmread(cache_field[n]);
		h->cached |= 1u << n;
	}
	return h->cache[n];
}

void vmx_cache_set(struct vmx_vcpu *h, unsigned n, uint64_t value)
{
	h->cache[n] = value;
	h->cached |= 1u << n;
	h->dirty |= 1u << n;
}

void vmx_cache_flush(struct vmx_vcpu *h)
{
	for (uint32_t d = h->dirty; d; d &= d - 1) {
		unsigned n = (unsigned)__builtin_ctz(d);

		vmwrite(cache_field[n], h->cache[n]);
	}
	h->dirty = 0;
}

uint64_t vmx_get(struct vcpu *v, enum vcpu_reg reg)
{
	struct vmx_vcpu *h = vmx_hw(v);

	switch (reg) {
	case REG_RSP ... REG_RFLAGS:
		return vmx_cache_get(h, reg);
	case REG_CR0:
		return vmx_get_cr0(h);
	case REG_CR2:
		return h->cr2;
	case REG_CR4:
		return vmx_get_cr4(v);
	case REG_EFER:
		return h->efer;
	case REG_STAR ... REG_KERNEL_GS_BASE:
		return rdmsr(vmx_switched_msr[reg - REG_STAR]);
	default:
		return reg < REG_COUNT ? vmread(reg_field[reg]) : 0;
	}
}

void vmx_set(struct vcpu *v, enum vcpu_reg reg, uint64_t value)
{
	struct vmx_vcpu *h = vmx_hw(v);

	switch (reg) {
	case REG_RSP:
	case REG_RIP:
		vmx_cache_set(h, reg, value);
		break;
	case REG_RFLAGS:
		vmx_cache_set(h, CACHE_RFLAGS, (value & 0x3f7fd7) | RFLAGS_RSVD1);
		vmx_fix_pending_debug(h);
		break;
	case REG_CR2:
		h->cr2 = value;
		break;
	case REG_CR0:
		vmx_set_cr0(h, value);
		break;
	case REG_CR3:
		(void)vmx_mov_to_cr(v, 3, value);
		break;
	case REG_CR4:
		vmx_set_cr4(h, value);
		break;
	case REG_EFER:
		vmx_set_efer(h, value);
		break;
	case REG_DR7:
		vmwrite(GUEST_DR7, (uint32_t)value | DR7_INIT);
		break;
	case REG_STAR ... REG_KERNEL_GS_BASE:
		/* A value that the processor refuses changes nothing. */
		(void)wrmsr_safe(vmx_switched_msr[reg - REG_STAR], value);
		break;
	case REG_GDTR_LIMIT:
	case REG_IDTR_LIMIT:
		vmwrite(reg_field[reg], (uint16_t)value);
		break;
	case REG_DEBUGCTL:
		vmwrite(GUEST_IA32_DEBUGCTL, value);
		vmx_fix_pending_debug(h);
		break;
	default:
		if (reg < REG_COUNT)
			vmwrite(reg_field[reg], value);
		break;
	}
}

struct vcpu_seg vmx_get_seg(struct vcpu *v, enum vcpu_sreg s)
{
	(void)v;
	return (struct vcpu_seg){
		.selector = (uint16_t)vmread(GUEST_SELECTOR(s)),
		.rights = (uint32_t)vmread(GUEST_ACCESS_RIGHTS(s)),
		.limit = (uint32_t)vmread(GUEST_LIMIT(s)),
		.base = vmread(GUEST_BASE(s)),
	};
}

void vmx_context(struct vcpu *v, struct vcpu_context *c)
{
	struct vmx_vcpu *h = vmx_hw(v);

	c->regs.cr0 = vmx_get_cr0(h);
	c->regs.cr3 = vmread(GUEST_CR3);
	c->regs.cr4 = vmx_get_cr4(v);
	c->regs.efer = h->efer;
	c->regs.rflags = vmx_cache_get(h, CACHE_RFLAGS);
	c->rip = vmx_cache_get(h, CACHE_RIP);
	c->cs_base = vmread(GUEST_BASE(SREG_CS));
	c->cs_rights = (uint32_t)vmread(GUEST_ACCESS_RIGHTS(SREG_CS));
	c->cpl = SEG_DPL(vmread(GUEST_ACCESS_RIGHTS(SREG_SS)));
}

void vmx_set_seg(struct vcpu *v, enum vcpu_sreg s, const struct vcpu_seg *seg)
{
	(void)v;
	vmwrite(GUEST_SELECTOR(s), seg->selector);
	vmwrite(GUEST_ACCESS_RIGHTS(s), seg->rights);
	vmwrite(GUEST_LIMIT(s), seg->limit);
	vmwrite(GUEST_BASE(s), seg->base);
}

static APART void end_of_rare_instruction(struct vcpu *v, bool wraps)
{
	struct vmx_vcpu *h = vmx_hw(v);
	uint64_t flags = h->cache[CACHE_RFLAGS], block = h->cache[CACHE_INTERRUPTIBILITY];

	if (flags & RFLAGS_RF)
		vmx_cache_set(h, CACHE_RFLAGS, flags & ~RFLAGS_RF);
	if (block & BLOCKED_SHADOW) {
		vmx_cache_set(h, CACHE_INTERRUPTIBILITY, block & ~BLOCKED_SHADOW);
		/* The step of the instruction before was put off; ours is raised below. */
		vmwrite(GUEST_PENDING_DEBUG, vmread(GUEST_PENDING_DEBUG) & ~DEBUG_BS);
	}
	if (wraps || (flags & RFLAGS_TF))
		vcpu_wrap_or_step(v);
}

void vmx_skip(struct vcpu *v, unsigned len)
{
	struct vmx_vcpu *h = vmx_hw(v);

	if (unlikely(h->cached & SKIP_NEEDS)) {
		for (unsigned n = CACHE_RIP; n < CACHE_COUNT; n++)
			(void)vmx_cache_get(h, n);
	} else {
		h->cache[CACHE_RIP] = vmread(GUEST_RIP);
		h->cache[CACHE_RFLAGS] = vmread(GUEST_RFLAGS);
		h->cache[CACHE_INTERRUPTIBILITY] = vmread(GUEST_INTERRUPTIBILITY);
		h->cached |= SKIP_NEEDS;
	}
	uint64_t was = h->cache[CACHE_RIP], rip = was + len;
	bool wraps = (was ^ rip) >> 16;

	h->cache[CACHE_RIP] = rip;
	h->dirty |= 1u << CACHE_RIP;
	if (unlikely(wraps || (h->cache[CACHE_RFLAGS] & (RFLAGS_RF | RFLAGS_TF)) ||
		     (h->cache[CACHE_INTERRUPTIBILITY] & BLOCKED_SHADOW)))
		end_of_rare_instruction(v, wraps);
}
