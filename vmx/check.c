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

/* What may not be so, the field at fault and its value. */
struct rule {
	bool broken;
	const char *name;
	uint64_t value;
};

static const char *first_broken(const struct rule *r, unsigned n, uint64_t *value)
{
	for (; n; r++, n--)
		if (r->broken) {
			*value = r->value;
			return r->name;
		}
	return NULL;
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
	bool long_mode = ia32e(s);
	const struct rule rules[] = {
		{(s->cr0 & must0) != must0 || (s->cr0 & ~(c->cr0_fixed1 | CR0_CD | CR0_NW)),
		 "CR0 (fixed bits)", s->cr0},
		{(s->cr0 & CR0_PG) && !(s->cr0 & CR0_PE), "CR0 (PG without PE)", s->cr0},
		{(s->cr4 & c->cr4_fixed0) != c->cr4_fixed0 || (s->cr4 & ~c->cr4_fixed1),
		 "CR4 (fixed bits)", s->cr4},
		{long_mode && !(s->cr0 & CR0_PG), "CR0 (IA-32e mode without PG)", s->cr0},
		{long_mode && !(s->cr4 & CR4_PAE), "CR4 (IA-32e mode without PAE)", s->cr4},
		{!long_mode && (s->cr4 & CR4_PCIDE), "CR4 (PCIDE outside IA-32e mode)", s->cr4},
		{s->cr3 & ~(BIT(c->phys_bits) - 1), "CR3", s->cr3},
		{s->dr7 >> 32, "DR7", s->dr7},
	};

	return first_broken(rules, ARRAY_SIZE(rules), value);
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
	const struct rule rules[] = {
		{s->debugctl & ~0xffc3ull, "IA32_DEBUGCTL", s->debugctl},
		{!is_canonical(s->sysenter_esp), "IA32_SYSENTER_ESP", s->sysenter_esp},
		{!is_canonical(s->sysenter_eip), "IA32_SYSENTER_EIP", s->sysenter_eip},
		{!pat_valid(s->pat), "IA32_PAT", s->pat},
		{s->efer & ~known, "IA32_EFER (reserved bits)", s->efer},
		{!!(s->efer & EFER_LMA) != ia32e(s), "IA32_EFER (LMA is not the entry control's)",
		 s->efer},
		{(s->cr0 & CR0_PG) && !(s->efer & EFER_LMA) != !(s->efer & EFER_LME),
		 "IA32_EFER (LMA is not LME while paging is on)", s->efer},
	};

	return first_broken(rules, ARRAY_SIZE(rules), value);
}

static bool limit_agrees(const struct vcpu_seg *g)
{
	if (g->rights & SEG_G)
		return (g->limit & 0xfff) == 0xfff;
	return !(g->limit >> 20);
}

static const char *check_v86(const struct vmx_guest_state *s, uint64_t *value)
{
	const char *name = NULL;

	for (unsigned i = SREG_ES; i <= SREG_GS && !name; i++) {
		const struct vcpu_seg *g = &s->seg[i];
		const struct rule rules[] = {
			{g->base != (uint64_t)g->selector << 4, seg_names[i].base, g->base},
			{g->limit != 0xffff, seg_names[i].limit, g->limit},
			{g->rights != 0xf3, seg_names[i].rights, g->rights},
		};

		name = first_broken(rules, ARRAY_SIZE(rules), value);
	}
	return name;
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
	bool dpl0 = TYPE(s->seg[SREG_CS].rights) == 3 || !(s->cr0 & CR0_PE);
	const struct rule last = {SEG_DPL(ss->rights) && dpl0, seg_names[SREG_SS].rights,
				  ss->rights};

	for (unsigned i = SREG_ES; i <= SREG_GS; i++) {
		const struct vcpu_seg *g = &s->seg[i];
		bool fsgs = i == SREG_FS || i == SREG_GS;
		bool used = i == SREG_CS || !(g->rights & SEG_UNUSABLE);
		const struct rule rules[] = {
			{fsgs ? !is_canonical(g->base) : used && g->base >> 32, seg_names[i].base,
			 g->base},
			{used && !data_rights_valid(s, i), seg_names[i].rights, g->rights},
			{used && !limit_agrees(g), seg_names[i].limit, g->limit},
		};
		const char *name = first_broken(rules, ARRAY_SIZE(rules), value);

		if (name)
			return name;
	}
	return first_broken(&last, 1, value);
}

static const char *check_system_seg(const struct vmx_guest_state *s, unsigned i, uint64_t *value)
{
	const struct vcpu_seg *g = &s->seg[i];
	unsigned type = TYPE(g->rights);
	bool type_ok = i == SREG_LDTR ? type == 2 : type == 11 || (type == 3 && !ia32e(s));
	const struct rule rules[] = {
		{g->selector & 4, seg_names[i].selector, g->selector},
		{!is_canonical(g->base), seg_names[i].base, g->base},
		{!type_ok || (g->rights & SEG_S) || !(g->rights & SEG_P) ||
			 (g->rights & 0xffff0f00),
		 seg_names[i].rights, g->rights},
		{!limit_agrees(g), seg_names[i].limit, g->limit},
	};

	if (i == SREG_LDTR && (g->rights & SEG_UNUSABLE))
		return NULL;
	return first_broken(rules, ARRAY_SIZE(rules), value);
}

/* 26.3.1.3 and 26.3.1.4 */
static const char *check_tables_and_rip(const struct vmx_guest_state *s, uint64_t *value)
{
	bool code64 = ia32e(s) && (s->seg[SREG_CS].rights & SEG_L);
	const struct rule rules[] = {
		{!is_canonical(s->gdtr_base), "GDTR base", s->gdtr_base},
		{!is_canonical(s->idtr_base), "IDTR base", s->idtr_base},
		{s->gdtr_limit >> 16, "GDTR limit", s->gdtr_limit},
		{s->idtr_limit >> 16, "IDTR limit", s->idtr_limit},
		{code64 ? !is_canonical(s->rip) : s->rip >> 32 != 0, "RIP", s->rip},
		{(s->rflags & ~0x3f7fd7ull) || !(s->rflags & RFLAGS_RSVD1),
		 "RFLAGS (reserved bits)", s->rflags},
		{(s->rflags & RFLAGS_VM) && (ia32e(s) || !(s->cr0 & CR0_PE)), "RFLAGS (VM)",
		 s->rflags},
	};

	return first_broken(rules, ARRAY_SIZE(rules), value);
}

/* 26.3.1.5, and 26.3.1.4 for what is injected */
static const char *check_nonregister(const struct vmx_guest_state *s, uint64_t *value)
{
	uint32_t block = s->interruptibility, shadow = block & (uint32_t)BLOCKED_SHADOW;
	bool step = (s->rflags & RFLAGS_TF) && !(s->debugctl & DEBUGCTL_BTF);
	bool hlt = s->activity == 1, if_clear = !(s->rflags & RFLAGS_IF);
	bool injects = s->entry_info & INFO_VALID;
	bool irq = injects && INFO_TYPE(s->entry_info) == EVENT_EXTINT;
	bool nmi = injects && INFO_TYPE(s->entry_info) == EVENT_NMI;
	const struct rule rules[] = {
		{s->activity > 3, "activity state", s->activity},
		{hlt && SEG_DPL(s->seg[SREG_SS].rights), "activity state (HLT outside ring 0)",
		 s->activity},
		{s->activity && shadow, "activity state (not active in a shadow)", s->activity},
		{block >> 5 || shadow == BLOCKED_SHADOW || (block & BLOCKED_BY_SMI),
		 "interruptibility state", block},
		{(block & BLOCKED_BY_STI) && if_clear, "interruptibility state (STI with IF clear)",
		 block},
		{s->pending_debug & ~0x1500full, "pending debug exceptions", s->pending_debug},
		{(shadow || hlt) && step != !!(s->pending_debug & DEBUG_BS),
		 "pending debug exceptions (BS against TF)", s->pending_debug},
		{s->link != ~0ull, "VMCS link pointer", s->link},
		{irq && if_clear, "RFLAGS (interrupt injected with IF clear)", s->rflags},
		{irq && shadow, "interruptibility state (interrupt injected in a shadow)", block},
		{nmi && (shadow || (block & BLOCKED_BY_NMI)),
		 "interruptibility state (NMI injected while blocked)", block},
	};

	return first_broken(rules, ARRAY_SIZE(rules), value);
}

/* 26.3.1.6 */
static const char *check_pdptes(const struct vmx_guest_state *s, const struct vmx_caps *c,
				uint64_t *value)
{
	if (!vmx_is_pae(s->cr0, s->cr4, s->efer))
		return NULL;
	for (unsigned i = 0; i < 4; i++)
		if (!vmx_pdpte_valid(s->pdpte[i], c->phys_bits)) {
			*value = s->pdpte[i];
			return "PDPTE";
		}
	return NULL;
}

const char *vmx_check_guest(const struct vmx_guest_state *s, const struct vmx_caps *c,
			    uint64_t *value)
{
	return check_cr(s, c, value)
		?: check_msrs(s, value)
		?: (s->rflags & RFLAGS_VM ? check_v86(s, value) : check_data_segs(s, value))
		?: check_system_seg(s, SREG_TR, value)
		?: check_system_seg(s, SREG_LDTR, value)
		?: check_tables_and_rip(s, value)
		?: check_nonregister(s, value)
		?: check_pdptes(s, c, value);
}
