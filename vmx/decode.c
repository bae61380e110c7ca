/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exit reasons, qualifications and interruption information in neutral form. Pure. */
#include "vmx/logic.h"

/* Executing an instruction causes the exit, so that its length is valid (SDM 3C 27.2.5). */
#define INSN 0x80u
static_assert(EXIT_KIND_COUNT <= INSN, "a bit of its own");

/* The neutral kind; reasons that need a look at more than the number are set by exit.c. */
/* clang-format off */
static const uint8_t kinds[REASON_COUNT] = {
	[REASON_EXCEPTION_NMI] = EXIT_EXCEPTION,
	[REASON_EXTERNAL_INTERRUPT] = EXIT_HOST_IRQ,
	[REASON_TRIPLE_FAULT] = EXIT_SHUTDOWN,
	[REASON_INIT] = EXIT_INIT,
	/* Only in the wait-for-SIPI state, in which no vCPU is entered; nothing is lost. */
	[REASON_SIPI] = EXIT_INIT,
	[REASON_INTERRUPT_WINDOW] = EXIT_IRQ_WINDOW,
	[REASON_NMI_WINDOW] = EXIT_NMI_WINDOW,
	[REASON_TASK_SWITCH] = EXIT_TASK_SWITCH,
	[REASON_CPUID] = INSN | EXIT_CPUID,
	[REASON_GETSEC] = INSN | EXIT_UNDEFINED,
	[REASON_HLT] = INSN | EXIT_HLT,
	[REASON_INVD] = INSN | EXIT_CACHE,
	[REASON_RDPMC] = INSN | EXIT_PROTECTED,
	[REASON_RSM] = INSN | EXIT_UNDEFINED,
	[REASON_VMCALL] = INSN | EXIT_HYPERCALL,
	[REASON_VMCLEAR ... REASON_VMXON] = INSN | EXIT_UNDEFINED,
	[REASON_CR_ACCESS] = INSN | EXIT_PROTECTED,
	[REASON_IO] = INSN | EXIT_IO,
	[REASON_RDMSR] = INSN | EXIT_RDMSR,
	[REASON_WRMSR] = INSN | EXIT_WRMSR,
	[REASON_MWAIT] = INSN | EXIT_UNDEFINED,
	[REASON_MONITOR] = INSN | EXIT_UNDEFINED,
	/* The guest lowered its TPR: what was masked may be deliverable now. */
	[REASON_TPR_BELOW_THRESHOLD] = EXIT_IRQ_WINDOW,
	[REASON_APIC_ACCESS] = EXIT_PAGE_FAULT,
	[REASON_EOI] = EXIT_APIC_EOI,
	[REASON_EPT_VIOLATION] = EXIT_PAGE_FAULT,
	[REASON_EPT_MISCONFIGURATION] = EXIT_FAILED,
	[REASON_INVEPT] = INSN | EXIT_UNDEFINED,
	[REASON_PREEMPTION_TIMER] = EXIT_SLICE,
	[REASON_INVVPID] = INSN | EXIT_UNDEFINED,
	[REASON_WBINVD] = INSN | EXIT_CACHE,
	[REASON_XSETBV] = INSN | EXIT_XSETBV,
	[REASON_APIC_WRITE] = EXIT_APIC_WRITE,
	[REASON_VMFUNC ... REASON_ENCLS] = INSN | EXIT_UNDEFINED,
};
/* clang-format on */

enum vcpu_exit_kind vmx_exit_kind(uint32_t basic)
{
	/* EXIT_NONE is 0: what the table does not name nobody asked for. */
	return basic < REASON_COUNT && kinds[basic] ? (enum vcpu_exit_kind)(kinds[basic] & ~INSN)
						    : EXIT_UNKNOWN;
}

bool vmx_exit_has_length(uint32_t basic)
{
	return basic < REASON_COUNT && (kinds[basic] & INSN);
}

/* SDM 3C table 27-5. */
void vmx_decode_io(uint64_t q, struct vcpu_exit *exit)
{
	exit->u.io.size = (uint8_t)((q & 7) + 1);
	exit->u.io.in = q & BIT(3);
	exit->u.io.string = q & BIT(4);
	exit->u.io.port = (uint16_t)(q >> 16);
}

/* SDM 3C table 27-7. */
void vmx_decode_ept(uint64_t q, gpa_t gpa, struct vcpu_exit *exit)
{
	exit->u.page_fault.gpa = gpa;
	exit->u.page_fault.exec = q & EPT_QUAL_FETCH;
	/* Without a linear address it was the load of PDPTEs. */
	exit->u.page_fault.walk = !(q & EPT_QUAL_GVA_VALID) || !(q & EPT_QUAL_FINAL);
	exit->u.page_fault.insn_bytes = 0;
}

struct vcpu_event vmx_decode_event(uint32_t info, uint32_t error, uint32_t insn_len)
{
	return (struct vcpu_event){
		.valid = info & INFO_VALID,
		.type = (uint8_t)INFO_TYPE(info),
		.vector = (uint8_t)(info & INFO_VECTOR),
		.has_error = info & INFO_ERROR,
		.insn_len = INFO_TYPE(info) >= EVENT_SWINT ? (uint8_t)insn_len : 0,
		.error = info & INFO_ERROR ? error : 0,
	};
}

uint32_t vmx_encode_event(const struct vcpu_event *e, bool protected_mode)
{
	uint32_t info = (uint32_t)INFO_VALID | (e->type & 7u) << 8 | e->vector;

	if (e->type == EVENT_EXCEPTION && protected_mode && e->has_error)
		info |= (uint32_t)INFO_ERROR;
	return info;
}

/* SDM 3C table 27-3. */
struct vmx_cr_access vmx_decode_cr(uint64_t q)
{
	return (struct vmx_cr_access){
		.cr = q & 15,
		.op = (enum vmx_cr_op)(q >> 4 & 3),
		.gpr = q >> 8 & 15,
		.msw = (uint16_t)(q >> 16),
	};
}
