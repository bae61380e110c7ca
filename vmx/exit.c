/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Enters the guest, and turns what comes back into a neutral exit. */
#include "vmx/vmx.h"

/* run.asm counts on these. */
static_assert(offsetof(struct vcpu, gpr) == 0, "run.asm: GPR");
static_assert(offsetof(struct vmx_vcpu, cr2) == 0, "run.asm: VMX_CR2");
static_assert(offsetof(struct vmx_vcpu, host_rsp) == 8, "run.asm: VMX_HOST_RSP");
static_assert(offsetof(struct vmx_vcpu, launched) == 16, "run.asm: VMX_LAUNCHED");

static void fail(struct vcpu_exit *exit, const char *why, uint64_t code)
{
	exit->kind = EXIT_FAILED;
	exit->u.failed.why = why;
	exit->u.failed.code = code;
}

/*
 * An intercepted #DB leaves DR6 as it was, and injection does not change it
 * either: do what delivery would have done (SDM 3C 27.1, 26.6.1.1).
 * DR6 of the guest is in the register now; v->dr6 is kept the same.
 */
static void debug_exception(struct vcpu *v)
{
	uint64_t q = vmread(EXIT_QUALIFICATION) & DEBUG_QUALIFICATION, dr6 = read_dr6();

	/* RTM (bit 16) is active low. */
	dr6 = (dr6 & ~0xfull) | (q & ~BIT(16));
	if (q & BIT(16))
		dr6 &= ~BIT(16);
	write_dr6(dr6);
	v->dr6 = dr6;
	vmx_fix_pending_debug(vmx_hw(v));
}

static void exception(struct vcpu *v, struct vcpu_exit *exit)
{
	uint32_t info = (uint32_t)vmread(EXIT_INTERRUPTION_INFO);

	if (INFO_TYPE(info) == EVENT_NMI) {
		/*
		 * The exit has taken it, and blocks others until an IRET. The
		 * hypervisor's own handler does both what is to be done and the IRET.
		 */
		__asm__ volatile("int $2" ::: "memory");
		exit->kind = EXIT_HOST_NMI;
		return;
	}
	if ((info & INFO_VECTOR) == VEC_MC) {
		exit->kind = EXIT_HOST_MC;
		return;
	}
	exit->u.event = vmx_decode_event(info, (uint32_t)vmread(EXIT_INTERRUPTION_ERROR_CODE),
					 (uint32_t)vmread(EXIT_INSTRUCTION_LENGTH));

	/* SDM 3C 27.2.2: undefined for #DF and while another event was being delivered. */
	if ((info & INFO_NMI_UNBLOCKED) && exit->u.event.vector != VEC_DF && !v->pending.valid)
		vmx_block_nmi(vmx_hw(v));
	/* INT1 tells DR6 nothing (SDM 3B 17.3.1). */
	if (exit->u.event.vector == VEC_DB && exit->u.event.type == EVENT_EXCEPTION)
		debug_exception(v);
}

static void ept_violation(struct vcpu *v, struct vcpu_exit *exit)
{
	uint64_t q = vmread(EXIT_QUALIFICATION);

	vmx_decode_ept(q, vmread(GUEST_PHYSICAL_ADDRESS), exit);
	if ((q & EPT_QUAL_NMI_UNBLOCKED) && !v->pending.valid)
		vmx_block_nmi(vmx_hw(v));
}

/* What is not virtualized is emulated, as if nothing were mapped there (SDM 3C table 27-6). */
static void apic_access(struct vcpu_exit *exit)
{
	uint64_t q = vmread(EXIT_QUALIFICATION);

	vmx_decode_ept(q & APIC_QUAL_NO_GVA ? 0 : EPT_QUAL_GVA_VALID | EPT_QUAL_FINAL,
		       LAPIC_DEFAULT_BASE | (q & (PAGE_SIZE - 1)), exit);
}

static void decode(struct vcpu *v, struct vcpu_exit *exit, uint32_t basic)
{
	struct vmx_vcpu *h = vmx_hw(v);

	/* Only events are interrupted by events; an instruction that exits was executing. */
	if (vmx_exit_has_length(basic))
		exit->insn_len = (uint8_t)vmread(EXIT_INSTRUCTION_LENGTH);
	else
		vmx_fetch_pending(v);

	exit->kind = vmx_exit_kind(basic);
	switch (basic) {
	case REASON_PREEMPTION_TIMER:
		if (rdtsc() < v->slice_end) /* the leash */
			exit->kind = EXIT_HOST_IRQ;
		/* fall through */
	case REASON_EXTERNAL_INTERRUPT: /* makes Bochs deliver what waits for IF (SDM 3C 29.2.2) */
		if (vmx_leashed && h->apic_mode && !(vmx_cache_get(h, CACHE_RFLAGS) & RFLAGS_IF))
			vcpu_take_back(v, (unsigned)vmread(GUEST_INTERRUPT_STATUS) >> 8);
		break;
	case REASON_EXCEPTION_NMI:
		exception(v, exit);
		break;
	case REASON_NMI_WINDOW:
		vmx_set_proc(h, PROC_NMI_WINDOW, false);
		break;
	case REASON_TASK_SWITCH: /* of the gate's event, pending knows the length */
		exit->u.task = (uint32_t)vmread(EXIT_QUALIFICATION);
		exit->insn_len = (uint8_t)vmread(EXIT_INSTRUCTION_LENGTH);
		if (v->pending.valid && v->pending.type == EVENT_NMI)
			vmx_block_nmi(h);
		break;
	case REASON_CR_ACCESS:
		vmx_handle_cr(v, exit);
		break;
	case REASON_IO:
		vmx_decode_io(vmread(EXIT_QUALIFICATION), exit);
		break;
	case REASON_APIC_ACCESS:
		apic_access(exit);
		break;
	case REASON_EOI:
	case REASON_APIC_WRITE: /* both when it has been done: nothing is to be advanced over */
		exit->u.apic = (uint16_t)vmread(EXIT_QUALIFICATION);
		break;
	case REASON_EPT_VIOLATION:
		ept_violation(v, exit);
		break;
	case REASON_EPT_MISCONFIGURATION:
		fail(exit, "an EPT entry that the processor does not accept",
		     vmread(GUEST_PHYSICAL_ADDRESS));
		break;
	default:
		if (exit->kind == EXIT_UNKNOWN) {
			exit->u.unknown.reason = basic;
			exit->u.unknown.info = vmread(EXIT_QUALIFICATION);
		}
		break;
	}
}

void vmx_run(struct vcpu *v, struct vcpu_exit *exit)
{
	struct vmx_vcpu *h = vmx_hw(v);
	bool leashed = vmx_leashed && !(vmx_cache_get(h, CACHE_RFLAGS) & RFLAGS_IF), failed;
	uint32_t reason;

	exit->insn_len = 0;
	if (v->slice_end != UINT64_MAX || leashed)
		vmx_set_timer(v, leashed);
	else
		vmx_set_pin(h, vmx_controls.pin);
	if (h->dirty == 1u << CACHE_RIP) { /* as mostly */
		vmwrite(GUEST_RIP, h->cache[CACHE_RIP]);
		h->dirty = 0;
	} else if (h->dirty) {
		vmx_cache_flush(h);
	}
	failed = vmx_enter(v, h);
	h->cached = 0;
	if (failed) { /* the VMCS or its controls are wrong, and nothing was loaded (SDM 3C 26.2) */
		fail(exit, "a VM-instruction error (SDM 3C 30.4)", vmread(VM_INSTRUCTION_ERROR));
		return;
	}
	reason = (uint32_t)vmread(EXIT_REASON);
	if (reason & REASON_ENTRY_FAILED) {
		if ((reason & 0xffff) == REASON_ENTRY_MACHINE_CHECK)
			exit->kind = EXIT_HOST_MC;
		else
			fail(exit, "a field of the guest state (SDM 3C 26.3)",
			     vmread(EXIT_QUALIFICATION));
		return;
	}
	h->launched = 1;
	decode(v, exit, reason & 0xffff);
	if (leashed) /* its timer starts anew at each entry: many exits must not outrun it */
		irq_window();
}
