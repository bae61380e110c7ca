/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes a vCPU's VMCB: what is intercepted and where its maps are. */
#include "arch/x86/msr.h"
#include "arch/x86/regs.h"
#include "kernel/mem.h"
#include "kernel/vm.h"
#include "svm/svm.h"

/*
 * INIT: else it would reset the core. #DB and #AC: their delivery can loop in
 * the CPU for ever (CVE-2015-8104, CVE-2015-5307). Of the CRs only writes to
 * CR4 are intercepted (event.c): with nested paging the CPU keeps the others
 * right and they touch nobody else.
 */
#define INTERCEPT1                                                                                 \
	(ICPT(3, INTR) | ICPT(3, NMI) | ICPT(3, INIT) | ICPT(3, RDPMC) | ICPT(3, CPUID) |          \
	 ICPT(3, INVD) | ICPT(3, HLT) | ICPT(3, INVLPGA) | ICPT(3, IOIO) | ICPT(3, MSR) |          \
	 ICPT(3, SHUTDOWN))
#define INTERCEPT2                                                                                 \
	(ICPT(4, VMRUN) | ICPT(4, VMMCALL) | ICPT(4, VMLOAD) | ICPT(4, VMSAVE) | ICPT(4, STGI) |   \
	 ICPT(4, CLGI) | ICPT(4, SKINIT) | ICPT(4, WBINVD) | ICPT(4, MONITOR) | ICPT(4, MWAIT) |   \
	 ICPT(4, MWAIT_COND) | ICPT(4, XSETBV) | ICPT(4, RDPRU))
#define INTERCEPT_EXC (1u << VEC_DB | 1u << VEC_AC | 1u << VEC_MC)

/* Shared by every VM; written once, by the boot core. */
static uint8_t *iopm, *msrpm;

void svm_maps_init(void)
{
	/* What VMLOAD and VMSAVE switch anyway. */
	static const uint32_t allowed[] = {
		MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS_BASE, MSR_STAR,         MSR_LSTAR,
		MSR_CSTAR,   MSR_SFMASK,  MSR_SYSENTER_CS,    MSR_SYSENTER_ESP, MSR_SYSENTER_EIP,
	};

	iopm = pages_need(IOPM_SIZE + MSRPM_SIZE);
	msrpm = iopm + IOPM_SIZE;
	memset(iopm, 0xff, IOPM_SIZE + MSRPM_SIZE);
	for (unsigned i = 0; i < ARRAY_SIZE(allowed); i++)
		svm_allow_msr(msrpm, allowed[i]);
}

static void reset_controls(struct vcpu *v)
{
	struct vmcb *c = &svm_of(v)->vmcb;

	c->intercept_cr = ICPT(0, CR4_WRITE);
	c->intercept_exc = INTERCEPT_EXC;
	c->intercept1 = INTERCEPT1;
	c->intercept2 = INTERCEPT2;
	c->iopm_pa = virt_to_phys(iopm);
	c->msrpm_pa = virt_to_phys(msrpm);
	c->tsc_offset = v->tsc_offset;
	c->int_ctl = INT_V_INTR_MASKING;
	c->np_ctl = NP_ENABLE;
	c->n_cr3 = v->vm->p2m.root;
}

void svm_vcpu_create(struct vcpu *v)
{
	v->hw = pages_need(sizeof(struct svm_vcpu));
}

/* Everything goes: after a shutdown the VMCB's state is undefined. */
void svm_vcpu_reset(struct vcpu *v, const struct vcpu_start *start)
{
	struct svm_vcpu *s = svm_of(v);

	memset(s, 0, sizeof(*s));
	s->vmcb_pa = virt_to_phys(s);
	/*
	 * 0 is the host's: VMRUN refuses it (APM 2 15.5.1). vCPUs that have come too late
	 * share the last one (svm_load()).
	 */
	s->vmcb.asid = (uint32_t)min_u64(v->tag, svm_caps.asids - 1);
	s->core = SVM_NO_CORE;
	reset_controls(v);
	svm_reset_state(v, start);
}
