/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest state in the VMCB, what it is after reset, and the bits of the MSR map. Pure. */
#include "svm/svm.h"

/* Where a register is, and which clean bit covers it (APM 2 15.15.3; 0: never cached). */
struct place {
	uint16_t offset;
	uint8_t size;
	uint16_t clean;
};

#define PLACE(field, clean_bit)                                                                    \
	{                                                                                          \
		offsetof(struct vmcb, field), sizeof(((struct vmcb *)0)->field), clean_bit         \
	}

static const struct place places[REG_COUNT] = {
	[REG_RSP] = PLACE(rsp, 0),
	[REG_RIP] = PLACE(rip, 0),
	[REG_RFLAGS] = PLACE(rflags, 0),
	[REG_CR0] = PLACE(cr0, CLEAN_CRX),
	[REG_CR2] = PLACE(cr2, CLEAN_CR2),
	[REG_CR3] = PLACE(cr3, CLEAN_CRX),
	[REG_CR4] = PLACE(cr4, CLEAN_CRX),
	[REG_EFER] = PLACE(efer, CLEAN_CRX),
	[REG_DR7] = PLACE(dr7, CLEAN_DRX),
	[REG_PAT] = PLACE(g_pat, CLEAN_NP),
	[REG_SYSENTER_CS] = PLACE(sysenter_cs, 0),
	[REG_SYSENTER_ESP] = PLACE(sysenter_esp, 0),
	[REG_SYSENTER_EIP] = PLACE(sysenter_eip, 0),
	[REG_STAR] = PLACE(star, 0),
	[REG_LSTAR] = PLACE(lstar, 0),
	[REG_CSTAR] = PLACE(cstar, 0),
	[REG_SFMASK] = PLACE(sfmask, 0),
	[REG_KERNEL_GS_BASE] = PLACE(kernel_gs_base, 0),
	/* No LBR virtualization: the guest's value has no effect on the CPU. */
	[REG_DEBUGCTL] = PLACE(dbgctl, CLEAN_LBR),
	[REG_GDTR_BASE] = PLACE(gdtr.base, CLEAN_DT),
	[REG_GDTR_LIMIT] = PLACE(gdtr.limit, CLEAN_DT),
	[REG_IDTR_BASE] = PLACE(idtr.base, CLEAN_DT),
	[REG_IDTR_LIMIT] = PLACE(idtr.limit, CLEAN_DT),
};

uint64_t svm_get(struct vcpu *v, enum vcpu_reg reg)
{
	const struct place *p = &places[reg];
	uint64_t value;

	__builtin_memcpy(&value, (const char *)&svm_of(v)->vmcb + p->offset, sizeof(value));
	if (p->size == sizeof(uint32_t))
		value = (uint32_t)value;
	return reg == REG_EFER ? value & ~EFER_SVME : value;
}

/* APM 2 14.6.1: long mode is active when it is enabled and paging is on. */
static void update_lma(struct vmcb *c)
{
	bool lma = (c->efer & EFER_LME) && (c->cr0 & CR0_PG);

	c->efer = (c->efer & ~EFER_LMA) | (lma ? EFER_LMA : 0);
}

void svm_set(struct vcpu *v, enum vcpu_reg reg, uint64_t value)
{
	const struct place *p = &places[reg];
	struct svm_vcpu *s = svm_of(v);

	if (reg == REG_EFER)
		value |= EFER_SVME; /* VMRUN wants it (APM 2 15.5.1) */
	else if (reg == REG_RFLAGS)
		value |= RFLAGS_RSVD1;
	else if (reg == REG_CR0)
		value |= CR0_ET;
	memcpy((char *)&s->vmcb + p->offset, &value, p->size);
	if (reg == REG_EFER || reg == REG_CR0)
		update_lma(&s->vmcb);
	svm_dirty(s, p->clean);
}

static struct vmcb_seg *seg_of(struct vmcb *c, enum vcpu_sreg sreg)
{
	static const uint16_t at[SREG_COUNT] = {
		offsetof(struct vmcb, es),   offsetof(struct vmcb, cs), offsetof(struct vmcb, ss),
		offsetof(struct vmcb, ds),   offsetof(struct vmcb, fs), offsetof(struct vmcb, gs),
		offsetof(struct vmcb, ldtr), offsetof(struct vmcb, tr),
	};

	return (struct vmcb_seg *)(void *)((char *)c + at[sreg]);
}

/*
 * Attributes 11:8 are rights 15:12. There is no bit for an unusable segment:
 * it is one that is not present. What counts as SS.DPL is the CPL field: SYSRET
 * leaves a stale DPL in SS on AMD.
 */
struct vcpu_seg svm_get_seg(struct vcpu *v, enum vcpu_sreg sreg)
{
	struct vmcb *c = &svm_of(v)->vmcb;
	const struct vmcb_seg *seg = seg_of(c, sreg);
	uint32_t rights = (seg->attrib & 0xffu) | (seg->attrib & 0xf00u) << 4;

	if (sreg == SREG_SS)
		rights = (rights & ~(3u << ATTR_DPL_SHIFT)) | (c->cpl & 3u) << ATTR_DPL_SHIFT;
	if (!(seg->attrib & ATTR_P))
		rights |= (uint32_t)SEG_UNUSABLE;
	return (struct vcpu_seg){seg->selector, rights, seg->limit, seg->base};
}

void svm_context(struct vcpu *v, struct vcpu_context *x)
{
	const struct vmcb *c = &svm_of(v)->vmcb;

	x->regs.cr0 = c->cr0;
	x->regs.cr3 = c->cr3;
	x->regs.cr4 = c->cr4;
	x->regs.efer = c->efer & ~EFER_SVME;
	x->regs.rflags = c->rflags;
	x->rip = c->rip;
	x->cs_base = c->cs.base;
	x->cs_rights = (c->cs.attrib & 0xffu) | (c->cs.attrib & 0xf00u) << 4;
	x->cpl = c->cpl & 3;
}

void svm_set_seg(struct vcpu *v, enum vcpu_sreg sreg, const struct vcpu_seg *seg)
{
	struct svm_vcpu *s = svm_of(v);
	uint32_t attrib = (seg->rights & 0xffu) | ((seg->rights >> 4) & 0xf00u);

	if (seg->rights & SEG_UNUSABLE)
		attrib &= ~ATTR_P;
	*seg_of(&s->vmcb, sreg) =
		(struct vmcb_seg){seg->selector, (uint16_t)attrib, seg->limit, seg->base};
	if (sreg == SREG_SS)
		s->vmcb.cpl = (uint8_t)SEG_DPL(seg->rights);
	svm_dirty(s, CLEAN_SEG); /* needless for FS, GS, LDTR and TR, and rare */
}

/* CR8, which the guest writes without an exit, has bits 7:4 of the TPR only, as V_TPR. */
uint8_t svm_get_tpr(struct vcpu *v)
{
	return (uint8_t)((svm_of(v)->vmcb.int_ctl & INT_V_TPR) << 4);
}

void svm_set_tpr(struct vcpu *v, uint8_t tpr)
{
	struct svm_vcpu *s = svm_of(v);

	s->vmcb.int_ctl = (s->vmcb.int_ctl & ~INT_V_TPR) | tpr >> 4;
	svm_dirty(s, CLEAN_TPR);
}

void svm_skip(struct vcpu *v, unsigned len)
{
	struct vmcb *c = &svm_of(v)->vmcb;
	uint64_t was = c->rip;

	c->rip += len;
	c->rflags &= ~RFLAGS_RF;
	c->int_state &= ~INT_SHADOW;
	if (unlikely((c->rflags & RFLAGS_TF) || (was ^ c->rip) >> 16))
		vcpu_wrap_or_step(v);
}

void svm_reset_state(struct vcpu *v, const struct vcpu_start *start)
{
	vcpu_reset_registers(v, svm_caps.signature, start);
	svm_of(v)->vmcb.dr6 = v->dr6;
}

/* Two bits an MSR, for reads and writes; 2,048 bytes a range (APM 2 table 15-8). */
void svm_allow_msr(uint8_t *map, uint32_t msr)
{
	unsigned bit = 2 * ((msr & 0x1fff) + (msr >= 0xc0000000 ? 0x2000u : 0));

	map[bit / 8] &= (uint8_t) ~(3u << bit % 8);
}
