/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The AMD-V backend as common code sees it, and the run itself. */
#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/percpu.h"
#include "arch/x86/pt_host.h"
#include "arch/x86/regs.h"
#include "kernel/log.h"
#include "svm/svm.h"

static void run(struct vcpu *v, struct vcpu_exit *exit)
{
	struct svm_vcpu *s = svm_of(v);
	struct vmcb *vmcb = &s->vmcb;
	uint64_t lme = 0;

	exit->insn_len = 0;
	if (unlikely(s->special || (vmcb->int_ctl & INT_V_TPR) || svm_shadow(s) ||
		     (vmcb->event_inj & EVENT_V)) &&
	    !svm_event_entry(v, exit))
		return;
	if (unlikely(vmcb->dr6 != read_dr6())) {
		vmcb->dr6 = read_dr6();
		svm_dirty(s, CLEAN_DRX);
	}
	/*
	 * On the way out QEMU sets the host's CR0.PG under the guest's EFER and CR4, and does not
	 * when these have LME and no PAE: the hypervisor would go on without paging.
	 */
	if (svm_caps.tcg && !(vmcb->cr0 & CR0_PG) && (s->step_cr || !(vmcb->cr4 & CR4_PAE)))
		lme = vmcb->efer & EFER_LME;
	if (unlikely(lme))
		vmcb->efer ^= lme;
	vmcb->rax = v->gpr[GPR_RAX];
	svm_enter(v->gpr, s->vmcb_pa, ((struct svm_cpu *)this_cpu()->hw)->host_vmcb_pa);
	vmcb->tlb_control = TLB_KEEP;
	if (unlikely(lme))
		vmcb->efer |= lme;
	v->gpr[GPR_RAX] = vmcb->rax;
	if (svm_has(SVM_FEATURE_CLEAN))
		vmcb->clean = CLEAN_ALL;
	if (unlikely(svm_exit_code(s) >= VMEXIT_BUSY) && svm_refused(s))
		svm_dirty(s, CLEAN_ALL);
	else if (unlikely(s->special || s->virtual_event ||
			  ((vmcb->event_inj | vmcb->exit_int_info) & EVENT_V)))
		svm_event_exit(v);
	svm_decode_exit(v, exit);
	/* DR6 is switched by the caller; the CPU does not always leave the guest's. */
	if (unlikely(vmcb->dr6 != read_dr6()))
		write_dr6(vmcb->dr6);
	if (unlikely(svm_caps.tcg)) {
		/* QEMU's #VMEXIT can lose what its APIC asked of the CPU at that moment. */
		apic_look();
		/* QEMU 7.2 does not intercept XSETBV. */
		if (vmcb->cr4 & CR4_OSXSAVE)
			v->xcr0 = xgetbv(0);
	}
}

static void tsc_changed(struct vcpu *v)
{
	struct svm_vcpu *s = svm_of(v);

	s->vmcb.tsc_offset = v->tsc_offset;
	svm_dirty(s, CLEAN_I);
}

static void dump(struct vcpu *v)
{
	const struct svm_vcpu *s = svm_of(v);
	const struct vmcb *c = &s->vmcb;

	log_info("VMCB: exit 0x%lx info 0x%lx 0x%lx during event 0x%lx, next RIP 0x%lx",
		 c->exit_code, c->exit_info1, c->exit_info2, c->exit_int_info, c->next_rip);
	log_info("VMCB: intercepts 0x%x 0x%x exceptions 0x%x, interrupts 0x%lx shadow %u",
		 c->intercept1, c->intercept2, c->intercept_exc, c->int_ctl, svm_shadow(s));
	log_info("VMCB: ASID %u N_CR3 0x%lx event 0x%lx clean 0x%lx TSC offset 0x%lx", c->asid,
		 c->n_cr3, c->event_inj, c->clean, c->tsc_offset);
	log_info("VMCB: EFER 0x%lx CPL %u DR6 0x%lx DR7 0x%lx PAT 0x%lx", c->efer, c->cpl, c->dr6,
		 c->dr7, c->g_pat);
	log_info("VMCB: windows IRQ %u NMI %u, NMI blocked %u until IRET at 0x%lx (%u)",
		 s->irq_window, s->nmi_window, s->nmi_blocked, s->iret_rip, s->iret_pending);
}

const struct vcpu_ops svm_ops = {
	.name = "SVM",
	.probe = svm_probe,
	.cpu_on = svm_cpu_on,
	.cpu_off = svm_cpu_off,
	.pt_format = &pt_format_npt,
	.vcpu_create = svm_vcpu_create,
	.vcpu_reset = svm_vcpu_reset,
	.load = svm_load,
	.run = run,
	.advance = svm_skip,
	.get = svm_get,
	.set = svm_set,
	.get_seg = svm_get_seg,
	.context = svm_context,
	.set_seg = svm_set_seg,
	.can_take_irq = svm_can_take_irq,
	.can_take_nmi = svm_can_take_nmi,
	.want_irq_window = svm_want_irq_window,
	.want_nmi_window = svm_want_nmi_window,
	.inject = svm_inject,
	.get_tpr = svm_get_tpr,
	.set_tpr = svm_set_tpr,
	.tsc_changed = tsc_changed,
	.flush_tlb = svm_flush_tlb,
	.dump = dump,
};
