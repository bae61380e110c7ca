/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the architecture allows in control registers, PDPTEs and segments. Pure. */
#include "vmx/logic.h"

#define SEG_TYPE(ar) ((ar)&15u)

/* SDM 3A 4.1.1. */
bool vmx_is_pae(uint64_t cr0, uint64_t cr4, uint64_t efer)
{
	return (cr0 & CR0_PG) && (cr4 & CR4_PAE) && !(efer & EFER_LME);
}

/* SDM 2B MOV to control registers. Reserved bits below 32 are ignored, not refused. */
bool vmx_cr0_allowed(const struct vmx_mode *m, uint64_t cr0)
{
	if (cr0 >> 32)
		return false;
	if ((cr0 & CR0_PG) && !(cr0 & CR0_PE))
		return false;
	if ((cr0 & CR0_NW) && !(cr0 & CR0_CD))
		return false;
	if ((cr0 & CR0_PG) && !(m->cr0 & CR0_PG))
		return !(m->efer & EFER_LME) || ((m->cr4 & CR4_PAE) && !m->cs_l);
	if (!(cr0 & CR0_PG) && (m->cr0 & CR0_PG))
		return !(m->cr4 & CR4_PCIDE) && !((m->efer & EFER_LMA) && m->cs_l);
	return true;
}

bool vmx_cr4_allowed(const struct vmx_mode *m, uint64_t cr4, uint64_t allowed)
{
	if (cr4 & ~(CR4_GUEST_ALLOWED & allowed))
		return false;
	if ((m->efer & EFER_LMA) && !(cr4 & CR4_PAE))
		return false;
	if ((cr4 & CR4_PCIDE) && !(m->cr4 & CR4_PCIDE))
		return (m->efer & EFER_LMA) && !(m->cr3 & 0xfff);
	return true;
}

/* SDM 3A table 4-8. */
bool vmx_pdpte_valid(uint64_t e, unsigned phys_bits)
{
	return !(e & 1) || !(e & (0x1e6ull | ~(BIT(phys_bits) - 1)));
}

static struct vcpu_seg fix_limit(struct vcpu_seg seg)
{
	/* G must be 0 when limit bits 11:0 are not all 1, and 1 when bits 31:20 are not all 0. */
	if (seg.limit >> 20) {
		seg.rights |= (uint32_t)SEG_G;
		seg.limit |= 0xfff;
	} else if ((seg.limit & 0xfff) != 0xfff) {
		seg.rights &= (uint32_t)~SEG_G;
	}
	return seg;
}

struct vcpu_seg vmx_fix_seg(enum vcpu_sreg s, struct vcpu_seg seg, bool ia32e)
{
	seg.rights &= 0x1f0ff;
	seg = fix_limit(seg);

	switch (s) {
	case SREG_TR:
		/* Never unusable, always busy, and a 64-bit TSS in IA-32e mode. */
		seg.rights = (seg.rights & (uint32_t) ~(SEG_UNUSABLE | SEG_S | 15)) |
			     (uint32_t)SEG_P | (ia32e || SEG_TYPE(seg.rights) > 7 ? 11 : 3);
		seg.selector &= 0xfffb;
		break;
	case SREG_LDTR:
		if (!(seg.rights & SEG_P) || SEG_TYPE(seg.rights) != 2)
			seg.rights |= (uint32_t)SEG_UNUSABLE;
		else
			seg.selector &= 0xfffb;
		break;
	case SREG_CS:
		seg.rights = (seg.rights & (uint32_t)~SEG_UNUSABLE) | (uint32_t)(SEG_S | SEG_P) | 1;
		if (ia32e && (seg.rights & SEG_L))
			seg.rights &= (uint32_t)~SEG_DB;
		break;
	default:
		if (!(seg.rights & SEG_P) || !(seg.rights & SEG_S))
			seg.rights |= (uint32_t)SEG_UNUSABLE;
		if (!(seg.rights & SEG_UNUSABLE))
			seg.rights |= 1; /* accessed */
		break;
	}
	if (s != SREG_TR && s != SREG_FS && s != SREG_GS && s != SREG_LDTR)
		seg.base &= 0xffffffff;
	return seg;
}
