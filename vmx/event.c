/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events on their way into the guest: injection, windows, blocking, TPR. */
#include "vmx/vmx.h"

void vmx_set_proc(struct vmx_vcpu *h, uint64_t bit, bool on)
{
	uint32_t proc = on ? h->proc | (uint32_t)bit : h->proc & ~(uint32_t)bit;

	if (proc == h->proc)
		return;
	h->proc = proc;
	vmwrite(PROC_BASED_CONTROLS, proc);
}

/* What an exit interrupted is to be delivered again (SDM 3C 27.2.4). */
void vmx_fetch_pending(struct vcpu *v)
{
	struct vmx_vcpu *h = vmx_hw(v);
	uint32_t info = (uint32_t)vmread(IDT_VECTORING_INFO);
	uint64_t block;

	if (!(info & INFO_VALID))
		return;
	v->pending = vmx_decode_event(info, (uint32_t)vmread(IDT_VECTORING_ERROR_CODE),
				      (uint32_t)vmread(EXIT_INSTRUCTION_LENGTH));

	/* An NMI that did not arrive blocks no other; entry refuses it otherwise (26.3.1.5). */
	if (v->pending.type == EVENT_NMI) {
		block = vmx_cache_get(h, CACHE_INTERRUPTIBILITY);
		vmx_cache_set(h, CACHE_INTERRUPTIBILITY, block & ~BLOCKED_BY_NMI);
	}
}

void vmx_block_nmi(struct vmx_vcpu *h)
{
	vmx_cache_set(h, CACHE_INTERRUPTIBILITY,
		      vmx_cache_get(h, CACHE_INTERRUPTIBILITY) | BLOCKED_BY_NMI);
}

/* In a shadow, BS must say whether TF single-steps, or entry fails (SDM 3C 26.3.1.5). */
void vmx_fix_pending_debug(struct vmx_vcpu *h)
{
	if (!(vmx_cache_get(h, CACHE_INTERRUPTIBILITY) & BLOCKED_SHADOW))
		return;
	bool steps = (vmx_cache_get(h, CACHE_RFLAGS) & RFLAGS_TF) &&
		     !(vmread(GUEST_IA32_DEBUGCTL) & DEBUGCTL_BTF);
	uint64_t was = vmread(GUEST_PENDING_DEBUG), is = (was & ~DEBUG_BS) | (steps ? DEBUG_BS : 0);
	if (is != was)
		vmwrite(GUEST_PENDING_DEBUG, is);
}

bool vmx_can_take_irq(struct vcpu *v)
{
	struct vmx_vcpu *h = vmx_hw(v);

	return (vmx_cache_get(h, CACHE_RFLAGS) & RFLAGS_IF) &&
	       !(vmx_cache_get(h, CACHE_INTERRUPTIBILITY) & BLOCKED_SHADOW);
}

/* Whether STI blocks NMIs depends on the processor: entry may refuse it (SDM 3C 26.3.1.5). */
bool vmx_can_take_nmi(struct vcpu *v)
{
	return !(vmx_cache_get(vmx_hw(v), CACHE_INTERRUPTIBILITY) &
		 (BLOCKED_SHADOW | BLOCKED_BY_NMI));
}

static void set_threshold(struct vcpu *v, unsigned class)
{
	struct vmx_vcpu *h = vmx_hw(v);

	if (class != h->threshold)
		vmwrite(TPR_THRESHOLD, h->threshold = (uint8_t) class);
}

/*
 * Also exit when the guest lowers its TPR below what it is now: it may unmask what waits. That
 * exit comes before all others (SDM 3C 29.1.2), so that no entry finds a lower one.
 */
void vmx_want_irq_window(struct vcpu *v, bool on)
{
	set_threshold(v, vmx_get_tpr(v) >> 4);
	vmx_set_proc(vmx_hw(v), PROC_INTERRUPT_WINDOW, on);
}

/*
 * For the same reason the NMI window may open in the shadow of STI, where the
 * NMI cannot go in: that would exit for ever. MOV SS blocks it everywhere.
 */
void vmx_want_nmi_window(struct vcpu *v)
{
	struct vmx_vcpu *h = vmx_hw(v);
	uint64_t block = vmx_cache_get(h, CACHE_INTERRUPTIBILITY);

	if (block & BLOCKED_BY_STI)
		vmx_cache_set(h, CACHE_INTERRUPTIBILITY,
			      (block & ~BLOCKED_BY_STI) | BLOCKED_BY_MOV_SS);
	vmx_set_proc(h, PROC_NMI_WINDOW, true);
}

static bool is_fault(const struct vcpu_event *e)
{
	const uint32_t others =
		BIT(VEC_DB) | BIT(VEC_NMI) | BIT(VEC_BP) | BIT(VEC_OF) | BIT(VEC_DF) | BIT(VEC_MC);

	return e->type == EVENT_EXCEPTION && e->vector < 32 && !(others >> e->vector & 1);
}

void vmx_inject(struct vcpu *v, const struct vcpu_event *e)
{
	struct vmx_vcpu *h = vmx_hw(v);
	uint32_t info = vmx_encode_event(e, h->cr0 & CR0_PE);

	if (info & INFO_ERROR)
		vmwrite(VM_ENTRY_EXCEPTION_ERROR_CODE, e->error & 0x7fff);
	if (e->type >= EVENT_SWINT)
		vmwrite(VM_ENTRY_INSTRUCTION_LENGTH, e->insn_len);
	/* Injection pushes RF as it is; delivery of a fault would set it (SDM 3C 26.6.1.1). */
	if (is_fault(e))
		vmx_cache_set(h, CACHE_RFLAGS, vmx_cache_get(h, CACHE_RFLAGS) | RFLAGS_RF);
	if (e->type == EVENT_EXCEPTION && e->vector == VEC_DB) /* as delivery does: GD */
		vmwrite(GUEST_DR7, vmread(GUEST_DR7) & ~BIT(13));
	vmwrite(VM_ENTRY_INTERRUPTION_INFO, info);
	vmx_fix_pending_debug(h);
}

uint8_t vmx_get_tpr(struct vcpu *v)
{
	return (uint8_t)v->apic_page[APIC_TPR].v;
}

void vmx_set_tpr(struct vcpu *v, uint8_t tpr)
{
	v->apic_page[APIC_TPR].v = tpr;
	/* Never above the TPR, or the processor refuses to enter (SDM 3C 26.2.1.1). */
	if (tpr >> 4 < vmx_hw(v)->threshold)
		set_threshold(v, tpr >> 4);
}
