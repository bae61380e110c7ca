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

const char *svm_why_invalid(const struct vmcb *c, unsigned phys_bits)
{
	bool paged_long = (c->efer & EFER_LME) && (c->cr0 & CR0_PG);
	uint64_t iopm_end = (c->iopm_pa & ~(PAGE_SIZE - 1)) + IOPM_SIZE;
	uint64_t msrpm_end = (c->msrpm_pa & ~(PAGE_SIZE - 1)) + MSRPM_SIZE;
	uint64_t e = c->event_inj, vector = e & EVENT_VECTOR;
	const uint8_t types = 1u << SVM_EVENT_INTR | 1u << SVM_EVENT_NMI | 1u << SVM_EVENT_EXC |
			      1u << SVM_EVENT_SWINT;
	const struct {
		bool broken;
		const char *why;
	} rules[] = {
		{!(c->efer & EFER_SVME), "EFER.SVME is clear"},
		{!(c->cr0 & CR0_CD) && (c->cr0 & CR0_NW), "CR0.CD is clear and CR0.NW is set"},
		{c->cr0 >> 32, "CR0 bits 63:32 are not zero"},
		{c->cr0 & ~CR0_DEFINED, "CR0 has reserved bits set"},
		{c->cr3 >> phys_bits, "CR3 is beyond the physical address width"},
		{c->cr4 & ~CR4_DEFINED, "CR4 has reserved bits set"},
		{c->dr6 >> 32, "DR6 bits 63:32 are not zero"},
		{c->dr7 >> 32, "DR7 bits 63:32 are not zero"},
		{c->efer & ~EFER_DEFINED, "EFER has reserved bits set"},
		{paged_long && !(c->cr4 & CR4_PAE),
		 "EFER.LME and CR0.PG are set and CR4.PAE is clear"},
		{paged_long && !(c->cr0 & CR0_PE),
		 "EFER.LME and CR0.PG are set and CR0.PE is clear"},
		{paged_long && (c->cs.attrib & ATTR_L) && (c->cs.attrib & ATTR_DB),
		 "CS.L and CS.D are both set in long mode"},
		{!(c->intercept2 & ICPT(4, VMRUN)), "the VMRUN intercept is clear"},
		{!c->asid, "the ASID is 0"},
		{iopm_end > BIT(phys_bits),
		 "the I/O permission map is beyond the physical address width"},
		{msrpm_end > BIT(phys_bits),
		 "the MSR permission map is beyond the physical address width"},
		{(c->np_ctl & NP_ENABLE) && c->n_cr3 >> phys_bits,
		 "N_CR3 is beyond the physical address width"},
		{(e & EVENT_V) && !(types >> EVENT_TYPE(e) & 1), "EVENTINJ has a reserved type"},
		{(e & EVENT_V) && EVENT_TYPE(e) == SVM_EVENT_EXC &&
			 (vector == VEC_NMI || vector > 31),
		 "EVENTINJ has an exception with a vector that is none"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].broken)
			return rules[i].why;
	return NULL;
}
