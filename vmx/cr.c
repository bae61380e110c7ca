/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control registers: fixed bits, read shadows, EFER.LMA, PDPTEs, and the exits they cause. */
#include "vmx/vmx.h"

#define CR0_KNOWN                                                                                  \
	(CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | \
	 CR0_PG)

uint64_t vmx_get_cr0(struct vmx_vcpu *h)
{
	return (vmread(GUEST_CR0) & vmx_cr0_owned()) | (h->cr0 & ~vmx_cr0_owned());
}

uint64_t vmx_get_cr4(struct vcpu *v)
{
	uint64_t owned = vmx_cr4_owned(v);

	return (vmread(GUEST_CR4) & owned) | (vmx_hw(v)->cr4 & ~owned);
}

/* LMA follows CR0.PG and EFER.LME, and the entry control follows LMA (SDM 3C 26.3.1.1). */
static void update_lma(struct vmx_vcpu *h)
{
	bool lma = (h->efer & EFER_LME) && (h->cr0 & CR0_PG);
	uint32_t entry = (h->entry & ~(uint32_t)ENTRY_IA32E) | (lma ? (uint32_t)ENTRY_IA32E : 0);
	uint64_t tr = vmread(GUEST_ACCESS_RIGHTS(SREG_TR));

	h->efer = (h->efer & ~EFER_LMA) | (lma ? EFER_LMA : 0);
	vmwrite(GUEST_IA32_EFER, h->efer);
	if (entry != h->entry) {
		h->entry = entry;
		vmwrite(VM_ENTRY_CONTROLS, entry);
	}
	/* The TSS of power-up has 16 bits, which IA-32e mode does not know (26.3.1.2). */
	if (lma && (tr & 15) != 11)
		vmwrite(GUEST_ACCESS_RIGHTS(SREG_TR), (tr & ~15ull) | 11);
}

void vmx_set_cr0(struct vmx_vcpu *h, uint64_t value)
{
	uint64_t fixed0 = vmx_caps.cr0_fixed0 & ~(CR0_PE | CR0_PG), real;

	value = (value & CR0_KNOWN) | CR0_ET;
	/* The caches stay on whatever the guest says; it reads its own CD and NW. */
	real = ((value & ~(CR0_CD | CR0_NW)) | fixed0) & vmx_caps.cr0_fixed1;
	h->cr0 = value;
	vmwrite(GUEST_CR0, real);
	vmwrite(CR0_SHADOW, value);
	update_lma(h);
}

void vmx_set_cr4(struct vmx_vcpu *h, uint64_t value)
{
	/* With MCE clear a machine check would shut the core down before it exits. */
	uint64_t real = value | vmx_caps.cr4_fixed0 | (read_cr4() & CR4_MCE);

	h->cr4 = value;
	vmwrite(GUEST_CR4, real & vmx_caps.cr4_fixed1);
	vmwrite(CR4_SHADOW, value);
}

void vmx_set_efer(struct vmx_vcpu *h, uint64_t value)
{
	h->efer = value;
	update_lma(h);
	vmx_flush_linear(h);
}

/* SDM 3A 4.4.1: false when one of them is not valid (#GP). */
static bool read_pdptes(struct vcpu *v, uint64_t cr3, uint64_t pdpte[4])
{
	unsigned phys_bits = cpuid(0x80000008, 0).eax & 0xff;

	if (vm_read(v->vm, cr3 & 0xffffffe0, pdpte, 32))
		return false;
	for (unsigned i = 0; i < 4; i++)
		if (!vmx_pdpte_valid(pdpte[i], phys_bits))
			return false;
	return true;
}

static struct vmx_mode current_mode(struct vcpu *v)
{
	struct vmx_vcpu *h = vmx_hw(v);

	return (struct vmx_mode){
		.cr0 = vmx_get_cr0(h),
		.cr3 = vmread(GUEST_CR3),
		.cr4 = vmx_get_cr4(v),
		.efer = h->efer,
		.cs_l = vmread(GUEST_ACCESS_RIGHTS(SREG_CS)) & SEG_L,
	};
}

/* CR0 and CR4, and CR3 without what is right for long mode only: no MOV to it exits. */
bool vmx_mov_to_cr(struct vcpu *v, unsigned cr, uint64_t value)
{
	const uint64_t reload4 = CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP;
	struct vmx_mode m = current_mode(v);
	uint64_t cr0 = cr == 0 ? value : m.cr0, cr4 = cr == 4 ? value : m.cr4, pdpte[4];
	uint64_t changed0 = cr0 ^ m.cr0, changed4 = cr4 ^ m.cr4;
	bool reload = cr == 3 || (changed0 & (CR0_CD | CR0_NW | CR0_PG)) || (changed4 & reload4);
	bool pae = reload && vmx_is_pae(cr0, cr4, m.efer);
	uint64_t legal4 = v->cr4_allowed & vmx_caps.cr4_fixed1;
	bool allowed = cr == 3 || (cr == 0 && vmx_cr0_allowed(&m, value)) ||
		       (cr == 4 && vmx_cr4_allowed(&m, value, legal4));

	if (!allowed || (pae && !read_pdptes(v, cr == 3 ? value : m.cr3, pdpte)))
		return false;
	if (cr == 0)
		vmx_set_cr0(vmx_hw(v), value);
	if (cr == 3)
		vmwrite(GUEST_CR3, value);
	if (cr == 4)
		vmx_set_cr4(vmx_hw(v), value);
	for (unsigned i = 0; pae && i < ARRAY_SIZE(pdpte); i++)
		vmwrite(GUEST_PDPTE(i), pdpte[i]);
	/* SDM 3A 4.10.4.1: emulated, so the processor does not do it. */
	if (cr == 3 || (changed0 & (CR0_PG | CR0_PE | CR0_WP)) ||
	    (changed4 & (reload4 | CR4_PCIDE | CR4_SMAP | CR4_PKE)))
		vmx_flush_linear(vmx_hw(v));
	return true;
}

/* Not vmx_skip(): the mode is the new one already. */
static void finish_instruction(struct vcpu *v, uint8_t len, bool code64)
{
	struct vmx_vcpu *h = vmx_hw(v);
	uint64_t rip = vmx_cache_get(h, CACHE_RIP) + len, flags = vmx_cache_get(h, CACHE_RFLAGS);
	uint64_t block = vmx_cache_get(h, CACHE_INTERRUPTIBILITY);
	/* Single-stepping: the trap is left to the processor, as if it had executed it. */
	bool steps = (flags & RFLAGS_TF) && !(vmread(GUEST_IA32_DEBUGCTL) & DEBUGCTL_BTF);

	vmx_cache_set(h, CACHE_RIP, code64 ? rip : (uint32_t)rip);
	vmx_cache_set(h, CACHE_RFLAGS, flags & ~RFLAGS_RF);
	vmx_cache_set(h, CACHE_INTERRUPTIBILITY, block & ~BLOCKED_SHADOW);
	if (steps || (block & BLOCKED_SHADOW))
		vmwrite(GUEST_PENDING_DEBUG,
			(vmread(GUEST_PENDING_DEBUG) & ~DEBUG_BS) | (steps ? DEBUG_BS : 0));
}

void vmx_handle_cr(struct vcpu *v, struct vcpu_exit *exit)
{
	struct vmx_vcpu *h = vmx_hw(v);
	struct vmx_cr_access a = vmx_decode_cr(vmread(EXIT_QUALIFICATION));
	bool code64 = (h->efer & EFER_LMA) && (vmread(GUEST_ACCESS_RIGHTS(SREG_CS)) & SEG_L);
	bool ok = false;
	uint64_t value;

	switch (a.op) {
	case CR_MOV_TO:
		value = a.gpr == GPR_RSP ? vmx_cache_get(h, CACHE_RSP) : v->gpr[a.gpr];
		if (!code64)
			value = (uint32_t)value;
		ok = vmx_mov_to_cr(v, a.cr, value);
		break;
	case CR_CLTS:
		ok = vmx_mov_to_cr(v, 0, vmx_get_cr0(h) & ~CR0_TS);
		break;
	case CR_LMSW: /* sets PE, but never clears it */
		value = vmx_get_cr0(h) & ~(CR0_MP | CR0_EM | CR0_TS);
		ok = vmx_mov_to_cr(v, 0, value | (a.msw & (CR0_PE | CR0_MP | CR0_EM | CR0_TS)));
		break;
	case CR_MOV_FROM: /* CR3 only, and not asked for */
		break;
	}
	if (!ok) {
		exit->kind = EXIT_PROTECTED;
		return;
	}
	exit->kind = EXIT_NONE;
	finish_instruction(v, exit->insn_len, code64);
}
