/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the architecture allows in control registers and PDPTEs. Pure. */
#include "vmx/logic.h"

/* SDM 3A 4.1.1. */
bool vmx_is_pae(uint64_t cr0, uint64_t cr4, uint64_t efer)
{
	return (cr0 & CR0_PG) && (cr4 & CR4_PAE) && !(efer & EFER_LME);
}

/* SDM 2B MOV to control registers. Reserved bits below 32 are ignored, not refused. */
bool vmx_cr0_allowed(const struct vmx_mode *m, uint64_t cr0)
{
	if (cr0 >> 32 || ((cr0 & CR0_PG) && !(cr0 & CR0_PE)) || ((cr0 & CR0_NW) && !(cr0 & CR0_CD)))
		return false;
	if ((cr0 & CR0_PG) && !(m->cr0 & CR0_PG))
		return !(m->efer & EFER_LME) || ((m->cr4 & CR4_PAE) && !m->cs_l);
	if (!(cr0 & CR0_PG) && (m->cr0 & CR0_PG))
		return !(m->cr4 & CR4_PCIDE) && !((m->efer & EFER_LMA) && m->cs_l);
	return true;
}

bool vmx_cr4_allowed(const struct vmx_mode *m, uint64_t cr4, uint64_t allowed)
{
	if (cr4 & ~(CR4_GUEST_ALLOWED & allowed) || ((m->efer & EFER_LMA) && !(cr4 & CR4_PAE)))
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
