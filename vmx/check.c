/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the field of the guest-state area that VM entry refuses (SDM 3C 26.3.1). Pure. */
#include "vmx/logic.h"

#define TYPE(ar) ((ar)&15u)

struct seg_names {
	const char *selector, *base, *limit, *rights;
};

#define NAMES(s)                                                                                   \
	{                                                                                          \
		s " selector", s " base", s " limit", s " access rights"                           \
	}
static const struct seg_names seg_names[SREG_COUNT] = {
	NAMES("ES"), NAMES("CS"), NAMES("SS"),   NAMES("DS"),
	NAMES("FS"), NAMES("GS"), NAMES("LDTR"), NAMES("TR"),
};
#undef NAMES

static const char *bad(const char *name, uint64_t is, uint64_t *value)
{
	*value = is;
	return name;
}

static bool ia32e(const struct vmx_guest_state *s)
{
	return s->entry_controls & ENTRY_IA32E;
}

/* 26.3.1.1 */
static const char *check_cr(const struct vmx_guest_state *s, const struct vmx_caps *c,
			    uint64_t *value)
{
	/* Unrestricted guest frees PE and PG; entry never looks at CD and NW. */
	uint64_t must0 = c->cr0_fixed0 & ~(CR0_PE | CR0_PG | CR0_CD | CR0_NW);

	if ((s->cr0 & must0) != must0 || (s->cr0 & ~(c->cr0_fixed1 | CR0_CD | CR0_NW)))
		return bad("CR0 (fixed bits)", s->cr0, value);
	if ((s->cr0 & CR0_PG) && !(s->cr0 & CR0_PE))
		return bad("CR0 (PG without PE)", s->cr0, value);
	if ((s->cr4 & c->cr4_fixed0) != c->cr4_fixed0 || (s->cr4 & ~c->cr4_fixed1))
		return bad("CR4 (fixed bits)", s->cr4, value);
	if (ia32e(s) && !(s->cr0 & CR0_PG))
		return bad("CR0 (IA-32e mode without PG)", s->cr0, value);
	if (ia32e(s) && !(s->cr4 & CR4_PAE))
		return bad("CR4 (IA-32e mode without PAE)", s->cr4, value);
	if (!ia32e(s) && (s->cr4 & CR4_PCIDE))
		return bad("CR4 (PCIDE outside IA-32e mode)", s->cr4, value);
	if (s->cr3 & ~(BIT(c->phys_bits) - 1))
		return bad("CR3", s->cr3, value);
	if (s->dr7 >> 32)
		return bad("DR7", s->dr7, value);
	return NULL;
}

static bool pat_valid(uint64_t pat)
{
	for (unsigned i = 0; i < 8; i++, pat >>= 8)
		if ((pat & 0xff) > 7 || (pat & 0xff) == 2 || (pat & 0xff) == 3)
			return false;
	return true;
}

static const char *check_msrs(const struct vmx_guest_state *s, uint64_t *value)
{
	const uint64_t known = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;

	if (s->debugctl & ~0xffc3ull)
		return bad("IA32_DEBUGCTL", s->debugctl, value);
	if (!vmx_canonical(s->sysenter_esp))
		return bad("IA32_SYSENTER_ESP", s->sysenter_esp, value);
	if (!vmx_canonical(s->sysenter_eip))
		return bad("IA32_SYSENTER_EIP", s->sysenter_eip, value);
	if (!pat_valid(s->pat))
		return bad("IA32_PAT", s->pat, value);
	if (s->efer & ~known)
		return bad("IA32_EFER (reserved bits)", s->efer, value);
	if (!!(s->efer & EFER_LMA) != ia32e(s))
		return bad("IA32_EFER (LMA is not the entry control's)", s->efer, value);
	if ((s->cr0 & CR0_PG) && !(s->efer & EFER_LMA) != !(s->efer & EFER_LME))
		return bad("IA32_EFER (LMA is not LME while paging is on)", s->efer, value);
	return NULL;
}

static bool limit_agrees(const struct vcpu_seg *g)
{
	if (g->rights & SEG_G)
		return (g->limit & 0xfff) == 0xfff;
	return !(g->limit >> 20);
}

static const char *check_v86(const struct vmx_guest_state *s, uint64_t *value)
{
	for (unsigned i = SREG_ES; i <= SREG_GS; i++) {
		const struct vcpu_seg *g = &s->seg[i];

		if (g->base != (uint64_t)g->selector << 4)
			return bad(seg_names[i].base, g->base, value);
		if (g->limit != 0xffff)
			return bad(seg_names[i].limit, g->limit, value);
		if (g->rights != 0xf3)
			return bad(seg_names[i].rights, g->rights, value);
	}
	return NULL;
}

static bool cs_rights_valid(const struct vmx_guest_state *s)
{
	const struct vcpu_seg *cs = &s->seg[SREG_CS];
	unsigned dpl = SEG_DPL(cs->rights), ss_dpl = SEG_DPL(s->seg[SREG_SS].rights);

	switch (TYPE(cs->rights)) {
	case 3: /* unrestricted guest only */
		return dpl == 0;
	case 9:
	case 11:
		return dpl == ss_dpl;
	case 13:
	case 15:
		return dpl <= ss_dpl;
	default:
		return false;
	}
}

/* SS, DS, ES, FS, GS when usable, and CS. */
static bool data_rights_valid(const struct vmx_guest_state *s, unsigned i)
{
	const struct vcpu_seg *g = &s->seg[i];
	unsigned type = TYPE(g->rights);

	if (!(g->rights & SEG_S) || !(g->rights & SEG_P) || (g->rights & 0xfffe0f00))
		return false;
	if (i == SREG_CS)
		return cs_rights_valid(s) &&
		       !(ia32e(s) && (g->rights & SEG_L) && (g->rights & SEG_DB));
	if (i == SREG_SS)
		return type == 3 || type == 7;
	return (type & 1) && (!(type & 8) || (type & 2));
}

/* 26.3.1.2, outside virtual-8086 mode */
static const char *check_data_segs(const struct vmx_guest_state *s, uint64_t *value)
{
	const struct vcpu_seg *ss = &s->seg[SREG_SS];

	for (unsigned i = SREG_ES; i <= SREG_GS; i++) {
		const struct vcpu_seg *g = &s->seg[i];
		bool fsgs = i == SREG_FS || i == SREG_GS;

		if (fsgs && !vmx_canonical(g->base))
			return bad(seg_names[i].base, g->base, value);
		if (i != SREG_CS && (g->rights & SEG_UNUSABLE))
			continue;
		if (!fsgs && g->base >> 32)
			return bad(seg_names[i].base, g->base, value);
		if (!data_rights_valid(s, i))
			return bad(seg_names[i].rights, g->rights, value);
		if (!limit_agrees(g))
			return bad(seg_names[i].limit, g->limit, value);
	}
	if (SEG_DPL(ss->rights) && (TYPE(s->seg[SREG_CS].rights) == 3 || !(s->cr0 & CR0_PE)))
		return bad(seg_names[SREG_SS].rights, ss->rights, value);
	return NULL;
}

static const char *check_system_seg(const struct vmx_guest_state *s, unsigned i, uint64_t *value)
{
	const struct vcpu_seg *g = &s->seg[i];
	unsigned type = TYPE(g->rights);
	bool type_ok = i == SREG_LDTR ? type == 2 : type == 11 || (type == 3 && !ia32e(s));

	if (i == SREG_LDTR && (g->rights & SEG_UNUSABLE))
		return NULL;
	if (g->selector & 4)
		return bad(seg_names[i].selector, g->selector, value);
	if (!vmx_canonical(g->base))
		return bad(seg_names[i].base, g->base, value);
	if (!type_ok || (g->rights & SEG_S) || !(g->rights & SEG_P) || (g->rights & 0xffff0f00))
		return bad(seg_names[i].rights, g->rights, value);
	if (!limit_agrees(g))
		return bad(seg_names[i].limit, g->limit, value);
	return NULL;
}

/* 26.3.1.3 */
static const char *check_tables(const struct vmx_guest_state *s, uint64_t *value)
{
	if (!vmx_canonical(s->gdtr_base))
		return bad("GDTR base", s->gdtr_base, value);
	if (!vmx_canonical(s->idtr_base))
		return bad("IDTR base", s->idtr_base, value);
	if (s->gdtr_limit >> 16)
		return bad("GDTR limit", s->gdtr_limit, value);
	if (s->idtr_limit >> 16)
		return bad("IDTR limit", s->idtr_limit, value);
	return NULL;
}

/* 26.3.1.4 */
static const char *check_rip(const struct vmx_guest_state *s, uint64_t *value)
{
	bool code64 = ia32e(s) && (s->seg[SREG_CS].rights & SEG_L);

	if (code64 ? !vmx_canonical(s->rip) : s->rip >> 32 != 0)
		return bad("RIP", s->rip, value);
	if ((s->rflags & ~0x3f7fd7ull) || !(s->rflags & RFLAGS_RSVD1))
		return bad("RFLAGS (reserved bits)", s->rflags, value);
	if ((s->rflags & RFLAGS_VM) && (ia32e(s) || !(s->cr0 & CR0_PE)))
		return bad("RFLAGS (VM)", s->rflags, value);
	return NULL;
}

static const char *check_injection(const struct vmx_guest_state *s, uint64_t *value)
{
	unsigned type = INFO_TYPE(s->entry_info);

	if (!(s->entry_info & INFO_VALID))
		return NULL;
	if (type == EVENT_EXTINT && !(s->rflags & RFLAGS_IF))
		return bad("RFLAGS (interrupt injected with IF clear)", s->rflags, value);
	if (type == EVENT_EXTINT && (s->interruptibility & BLOCKED_SHADOW))
		return bad("interruptibility state (interrupt injected in a shadow)",
			   s->interruptibility, value);
	if (type == EVENT_NMI &&
	    (s->interruptibility & (BLOCKED_BY_MOV_SS | BLOCKED_BY_NMI | BLOCKED_BY_STI)))
		return bad("interruptibility state (NMI injected while blocked)",
			   s->interruptibility, value);
	return NULL;
}

/* 26.3.1.5 */
static const char *check_nonregister(const struct vmx_guest_state *s, uint64_t *value)
{
	uint32_t block = s->interruptibility;
	bool step = (s->rflags & RFLAGS_TF) && !(s->debugctl & DEBUGCTL_BTF);

	if (s->activity > 3)
		return bad("activity state", s->activity, value);
	if (s->activity == 1 && SEG_DPL(s->seg[SREG_SS].rights))
		return bad("activity state (HLT outside ring 0)", s->activity, value);
	if (s->activity && (block & BLOCKED_SHADOW))
		return bad("activity state (not active in a shadow)", s->activity, value);
	if ((block >> 5) || (block & BLOCKED_SHADOW) == BLOCKED_SHADOW || (block & BLOCKED_BY_SMI))
		return bad("interruptibility state", block, value);
	if ((block & BLOCKED_BY_STI) && !(s->rflags & RFLAGS_IF))
		return bad("interruptibility state (STI with IF clear)", block, value);
	if (s->pending_debug & ~0x1500full)
		return bad("pending debug exceptions", s->pending_debug, value);
	if (((block & BLOCKED_SHADOW) || s->activity == 1) &&
	    step != !!(s->pending_debug & DEBUG_BS))
		return bad("pending debug exceptions (BS against TF)", s->pending_debug, value);
	if (s->link != ~0ull)
		return bad("VMCS link pointer", s->link, value);
	return check_injection(s, value);
}

/* 26.3.1.6 */
static const char *check_pdptes(const struct vmx_guest_state *s, const struct vmx_caps *c,
				uint64_t *value)
{
	if (!vmx_is_pae(s->cr0, s->cr4, s->efer))
		return NULL;
	for (unsigned i = 0; i < 4; i++)
		if (!vmx_pdpte_valid(s->pdpte[i], c->phys_bits))
			return bad("PDPTE", s->pdpte[i], value);
	return NULL;
}

const char *vmx_check_guest(const struct vmx_guest_state *s, const struct vmx_caps *c,
			    uint64_t *value)
{
	const char *name = check_cr(s, c, value);

	if (!name)
		name = check_msrs(s, value);
	if (!name)
		name = (s->rflags & RFLAGS_VM) ? check_v86(s, value) : check_data_segs(s, value);
	if (!name)
		name = check_system_seg(s, SREG_TR, value);
	if (!name)
		name = check_system_seg(s, SREG_LDTR, value);
	if (!name)
		name = check_tables(s, value);
	if (!name)
		name = check_rip(s, value);
	if (!name)
		name = check_nonregister(s, value);
	if (!name)
		name = check_pdptes(s, c, value);
	return name;
}
