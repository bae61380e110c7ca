/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the VMCB's exit fields to the neutral exit (APM 2 appendix C). Pure. */
#include "arch/x86/regs.h"
#include "svm/svm.h"

#define INSN_MAX 15u

/* 0 when the two do not look like one instruction: then common code decodes. */
static uint8_t insn_len(uint64_t rip, uint64_t next)
{
	uint64_t len = next - rip;

	return len >= 1 && len <= INSN_MAX ? (uint8_t)len : 0;
}

/* nRIP is defined for intercepted instructions only (APM 2 15.7.1). */
static uint8_t nrip_len(const struct vmcb *c)
{
	return svm_has(SVM_FEATURE_NRIP) ? insn_len(c->rip, c->next_rip) : 0;
}

static void decode_io(const struct vmcb *c, struct vcpu_exit *exit)
{
	uint64_t info = c->exit_info1;

	exit->kind = EXIT_IO;
	/* EXITINFO2 is the next RIP on every CPU (APM 2 15.10.2). */
	exit->insn_len = insn_len(c->rip, c->exit_info2);
	exit->u.io.port = (uint16_t)(info >> IOIO_PORT_SHIFT);
	exit->u.io.size = IOIO_SIZE(info);
	exit->u.io.in = (info & IOIO_IN) != 0;
	exit->u.io.string = (info & IOIO_STR) != 0;
}

/*
 * Only the bits used are looked at: QEMU reports reserved-bit faults without P.
 * The CPU walks the guest's tables as writes (APM 2 15.25.6). It fetches no
 * instruction bytes for a fault on a fetch (APM 2 15.8.4).
 */
static void decode_npf(const struct vmcb *c, struct vcpu_exit *exit)
{
	uint64_t error = c->exit_info1;
	bool told = svm_has(SVM_FEATURE_DECODE_ASSISTS);

	exit->kind = EXIT_PAGE_FAULT;
	exit->u.page_fault.gpa = c->exit_info2;
	exit->u.page_fault.exec = (error & NPF_I) != 0;
	exit->u.page_fault.walk = (error & NPF_WALK) != 0;
	exit->u.page_fault.insn_bytes = told ? (uint8_t)min_u64(c->insn_bytes, INSN_MAX) : 0;
	__builtin_memcpy(exit->u.page_fault.insn, c->insn, sizeof(c->insn));
}

/* Those whose code says it all; INSN: with the length of an instruction. 0: not among them. */
#define INSN 0x80u
static_assert(EXIT_KIND_COUNT <= INSN, "a bit of its own");
/* clang-format off */
static const uint8_t plain[] = {
	[VMEXIT_INTR] = EXIT_HOST_IRQ,            [VMEXIT_NMI] = EXIT_HOST_NMI,
	[VMEXIT_INIT] = EXIT_INIT,                [VMEXIT_RDPMC] = INSN | EXIT_PROTECTED,
	[VMEXIT_CPUID] = INSN | EXIT_CPUID,       [VMEXIT_INVD] = INSN | EXIT_CACHE,
	[VMEXIT_HLT] = INSN | EXIT_HLT,           [VMEXIT_INVLPGA] = INSN | EXIT_UNDEFINED,
	[VMEXIT_TASK_SWITCH] = EXIT_TASK_SWITCH,
	[VMEXIT_SHUTDOWN] = EXIT_SHUTDOWN,        [VMEXIT_VMRUN] = INSN | EXIT_UNDEFINED,
	[VMEXIT_VMMCALL] = INSN | EXIT_HYPERCALL, [VMEXIT_VMLOAD] = INSN | EXIT_UNDEFINED,
	[VMEXIT_VMSAVE] = INSN | EXIT_UNDEFINED,  [VMEXIT_STGI] = INSN | EXIT_UNDEFINED,
	[VMEXIT_CLGI] = INSN | EXIT_UNDEFINED,    [VMEXIT_SKINIT] = INSN | EXIT_UNDEFINED,
	[VMEXIT_WBINVD] = INSN | EXIT_CACHE,      [VMEXIT_MONITOR] = INSN | EXIT_UNDEFINED,
	[VMEXIT_MWAIT] = INSN | EXIT_UNDEFINED,   [VMEXIT_MWAIT_COND] = INSN | EXIT_UNDEFINED,
	[VMEXIT_XSETBV] = INSN | EXIT_XSETBV,     [VMEXIT_RDPRU] = INSN | EXIT_UNDEFINED,
};
/* clang-format on */

/* What QEMU looks at only after it has loaded the guest, whose CPU it does not keep from it. */
static bool breaks_late_rule(const struct vmcb *c)
{
	return c->dr6 >> 32 || c->dr7 >> 32 ||
	       ((c->efer & EFER_LME) && (c->cr0 & CR0_PG) &&
		(!(c->cr4 & CR4_PAE) || !(c->cr0 & CR0_PE) ||
		 ((c->cs.attrib & ATTR_L) && (c->cs.attrib & ATTR_DB))));
}

/*
 * QEMU ends a guest's MOV of reserved bits to CR3 or CR4 with this code instead
 * of #GP. When it has refused to enter (APM 2 15.5.1), either RIP is still the
 * hypervisor's or a late rule is broken.
 */
bool svm_refused(const struct svm_vcpu *s)
{
	uint32_t code = svm_exit_code(s);

	return code == VMEXIT_BUSY ||
	       (code == VMEXIT_INVALID && (!svm_caps.tcg || s->vmcb.rip == (uintptr_t)svm_vmrun ||
					   breaks_late_rule(&s->vmcb)));
}

void svm_decode_exit(struct vcpu *v, struct vcpu_exit *exit)
{
	struct svm_vcpu *s = svm_of(v);
	const struct vmcb *c = &s->vmcb;
	uint32_t code = svm_exit_code(s);

	uint8_t kind = code < ARRAY_SIZE(plain) ? plain[code] : 0;

	exit->insn_len = 0;
	if (kind) {
		exit->kind = (enum vcpu_exit_kind)(kind & ~INSN);
		if (kind & INSN)
			exit->insn_len = nrip_len(c);
		return;
	}
	switch (code) {
	case VMEXIT_EXCP(0)... VMEXIT_EXCP_LAST:
	case VMEXIT_CR4_WRITE:
	case VMEXIT_CR8_WRITE:
	case VMEXIT_VINTR:
	case VMEXIT_IRET:
		svm_event_decode(v, exit);
		return;
	case VMEXIT_IOIO:
		decode_io(c, exit);
		return;
	case VMEXIT_MSR:
		exit->kind = c->exit_info1 & 1 ? EXIT_WRMSR : EXIT_RDMSR;
		exit->insn_len = nrip_len(c);
		return;
	case VMEXIT_NPF:
		decode_npf(c, exit);
		return;
	case VMEXIT_INVALID:
	case VMEXIT_BUSY:
		exit->kind = svm_refused(s) ? EXIT_FAILED : EXIT_PROTECTED;
		exit->u.failed.code = c->exit_code;
		exit->u.failed.why = code == VMEXIT_BUSY ? "the VMCB is in use on another core"
							 : "a field of the VMCB (APM 2 15.5.1)";
		return;
	}
	exit->kind = EXIT_UNKNOWN;
	exit->u.unknown.reason = code;
	exit->u.unknown.info = c->exit_info1;
}
