/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest state in the VMCB: registers, segments, TPR, and what they are after reset. Pure. */
#include "kernel/string.h"
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
	uint64_t value = 0;

	memcpy(&value, (const char *)&svm_of(v)->vmcb + p->offset, p->size);
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
	switch (sreg) {
	case SREG_ES:
		return &c->es;
	case SREG_CS:
		return &c->cs;
	case SREG_SS:
		return &c->ss;
	case SREG_DS:
		return &c->ds;
	case SREG_FS:
		return &c->fs;
	case SREG_GS:
		return &c->gs;
	case SREG_LDTR:
		return &c->ldtr;
	default:
		return &c->tr;
	}
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

/* CR8, which the guest writes without an exit, has bits 7:4 of the TPR only. */
uint8_t svm_get_tpr(struct vcpu *v)
{
	struct svm_vcpu *s = svm_of(v);
	uint8_t high = (uint8_t)((s->vmcb.int_ctl & INT_V_TPR) << 4);

	return (s->tpr & 0xf0) == high ? s->tpr : high;
}

void svm_set_tpr(struct vcpu *v, uint8_t tpr)
{
	struct svm_vcpu *s = svm_of(v);

	s->tpr = tpr;
	s->vmcb.int_ctl = (s->vmcb.int_ctl & ~INT_V_TPR) | tpr >> 4;
	svm_dirty(s, CLEAN_TPR);
}

void svm_skip(struct vcpu *v, uint64_t rip)
{
	struct vmcb *c = &svm_of(v)->vmcb;

	c->rip = rip;
	c->rflags &= ~RFLAGS_RF;
	c->int_state &= ~INT_SHADOW;
}

#define RIGHTS_DATA 0x93u /* writable, accessed */
#define RIGHTS_CODE 0x9bu /* readable, accessed */
#define RIGHTS_LDT  0x82u
#define RIGHTS_TSS  0x8bu /* busy */
#define FLAT        0xffffffffu

#define START_CODE 0x10u
#define START_DATA 0x18u

/* APM 2 table 14-1. */
static void power_up(struct vcpu *v)
{
	struct vmcb *c = &svm_of(v)->vmcb;
	const struct vmcb_seg data = {0, RIGHTS_DATA, 0xffff, 0};

	c->cs = (struct vmcb_seg){0xf000, RIGHTS_CODE, 0xffff, 0xffff0000};
	c->ds = c->es = c->fs = c->gs = c->ss = data;
	c->gdtr = c->idtr = (struct vmcb_seg){0, 0, 0xffff, 0};
	c->ldtr = (struct vmcb_seg){0, RIGHTS_LDT, 0xffff, 0};
	c->tr = (struct vmcb_seg){0, RIGHTS_TSS, 0xffff, 0};
	c->cpl = 0;
	c->cr0 = CR0_CD | CR0_NW | CR0_ET;
	c->efer = EFER_SVME;
	c->rflags = RFLAGS_RSVD1;
	c->rip = 0xfff0;
	c->dr6 = DR6_INIT & 0xffffffff;
	c->dr7 = DR7_INIT;
	c->g_pat = 0x0007040600070406;
	memset(v->gpr, 0, sizeof(v->gpr));
	memset(v->dr, 0, sizeof(v->dr));
	v->gpr[GPR_RDX] = svm_caps.signature;
	v->dr6 = c->dr6;
	v->pending.valid = false;
}

void svm_reset_state(struct vcpu *v, const struct vcpu_start *start)
{
	struct vmcb *c = &svm_of(v)->vmcb;
	struct vmcb_seg code = {START_CODE, RIGHTS_CODE | ATTR_DB | 0x800, FLAT, 0};

	power_up(v);
	if (!start)
		return;
	if (start->real_mode) {
		c->cs = (struct vmcb_seg){(uint16_t)(start->sipi << 8), RIGHTS_CODE, 0xffff,
					  (uint64_t)start->sipi << PAGE_SHIFT};
		c->rip = 0;
		return;
	}
	if (start->long_mode) {
		code.attrib = RIGHTS_CODE | ATTR_L | 0x800;
		c->efer |= EFER_LME | EFER_LMA | EFER_NXE;
		c->cr4 = CR4_PAE;
		c->cr3 = start->cr3;
		c->gdtr.base = start->gdt;
		c->gdtr.limit = start->gdt_limit;
	}
	c->cr0 = CR0_PE | CR0_ET | CR0_NE | (start->long_mode ? CR0_PG | CR0_WP : 0);
	c->cs = code;
	c->ds = (struct vmcb_seg){START_DATA, RIGHTS_DATA | ATTR_DB | 0x800, FLAT, 0};
	c->es = c->fs = c->gs = c->ss = c->ds;
	c->rip = start->rip;
	c->rsp = start->rsp;
	v->gpr[GPR_RAX] = start->rax;
	v->gpr[GPR_RBX] = start->rbx;
	v->gpr[GPR_RDX] = 0;
	v->gpr[GPR_RSI] = start->rsi;
	v->gpr[GPR_RDI] = start->rdi;
}
