/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names what VMRUN found wrong (APM 2 15.5.1, canonicalization and consistency checks). Pure. */
#include "arch/x86/regs.h"
#include "svm/svm.h"

#define CR0_DEFINED                                                                                \
	(CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | \
	 CR0_PG)
#define CR4_DEFINED                                                                                \
	(0x7ffull | CR4_UMIP | CR4_LA57 | CR4_FSGSBASE | CR4_PCIDE | CR4_OSXSAVE | CR4_SMEP |      \
	 CR4_SMAP | CR4_PKE | BIT(23))
#define EFER_DEFINED                                                                               \
	(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE | EFER_SVME | EFER_LMSLE | EFER_FFXSR |         \
	 EFER_TCE | BIT(17) | BIT(18) | BIT(20) | BIT(21))

static const char *check_state(const struct vmcb *c, unsigned phys_bits)
{
	bool paged_long = (c->efer & EFER_LME) && (c->cr0 & CR0_PG);

	if (!(c->efer & EFER_SVME))
		return "EFER.SVME is clear";
	if (!(c->cr0 & CR0_CD) && (c->cr0 & CR0_NW))
		return "CR0.CD is clear and CR0.NW is set";
	if (c->cr0 >> 32)
		return "CR0 bits 63:32 are not zero";
	if (c->cr0 & ~CR0_DEFINED)
		return "CR0 has reserved bits set";
	if (c->cr3 >> phys_bits)
		return "CR3 is beyond the physical address width";
	if (c->cr4 & ~CR4_DEFINED)
		return "CR4 has reserved bits set";
	if (c->dr6 >> 32)
		return "DR6 bits 63:32 are not zero";
	if (c->dr7 >> 32)
		return "DR7 bits 63:32 are not zero";
	if (c->efer & ~EFER_DEFINED)
		return "EFER has reserved bits set";
	if (paged_long && !(c->cr4 & CR4_PAE))
		return "EFER.LME and CR0.PG are set and CR4.PAE is clear";
	if (paged_long && !(c->cr0 & CR0_PE))
		return "EFER.LME and CR0.PG are set and CR0.PE is clear";
	if (paged_long && (c->cs.attrib & ATTR_L) && (c->cs.attrib & ATTR_DB))
		return "CS.L and CS.D are both set in long mode";
	return NULL;
}

static const char *check_event(uint64_t e)
{
	unsigned type = EVENT_TYPE(e), vector = (unsigned)(e & EVENT_VECTOR);

	if (!(e & EVENT_V))
		return NULL;
	if (type != SVM_EVENT_INTR && type != SVM_EVENT_NMI && type != SVM_EVENT_EXC &&
	    type != SVM_EVENT_SWINT)
		return "EVENTINJ has a reserved type";
	if (type == SVM_EVENT_EXC && (vector == VEC_NMI || vector > 31))
		return "EVENTINJ has an exception with a vector that is none";
	return NULL;
}

const char *svm_why_invalid(const struct vmcb *c, unsigned phys_bits)
{
	const char *why = check_state(c, phys_bits);

	if (why)
		return why;
	if (!(c->intercept2 & ICPT2_VMRUN))
		return "the VMRUN intercept is clear";
	if (!c->asid)
		return "the ASID is 0";
	if ((c->iopm_pa & ~(PAGE_SIZE - 1)) + IOPM_SIZE > BIT(phys_bits))
		return "the I/O permission map is beyond the physical address width";
	if ((c->msrpm_pa & ~(PAGE_SIZE - 1)) + MSRPM_SIZE > BIT(phys_bits))
		return "the MSR permission map is beyond the physical address width";
	if ((c->np_ctl & NP_ENABLE) && c->n_cr3 >> phys_bits)
		return "N_CR3 is beyond the physical address width";
	return check_event(c->event_inj);
}
