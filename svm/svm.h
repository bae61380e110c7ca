/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the AMD-V backend share. */
#pragma once

#include "kernel/vcpu.h"
#include "svm/vmcb.h"

/* Of the boot core; every core must have the same (memcmp: no padding). */
struct svm_caps {
	uint32_t features;  /* SVM_FEATURE_* and others, CPUID 8000_000A EDX */
	uint32_t asids;     /* ASIDs 1..asids-1 are for guests */
	uint32_t signature; /* CPUID 1 EAX: what EDX holds after reset */
	uint32_t tcg;       /* QEMU's software CPU: ways around it are in event.c, exit.c, ops.c */
};
extern struct svm_caps svm_caps;

static inline bool svm_has(uint32_t feature)
{
	return (svm_caps.features & feature) != 0;
}

/* Permission maps, where a set bit denies (APM 2 15.10.1, 15.11). */
#define IOPM_SIZE  KIB(12)
#define MSRPM_SIZE KIB(8)

/* A core's own: cpu->hw. */
struct svm_cpu {
	void *hsave; /* and behind it the host's VMCB: a page each */
	hpa_t host_vmcb_pa;
};

#define SVM_NO_CORE (~0u)

/* A vCPU's own: v->hw. */
struct svm_vcpu {
	struct vmcb vmcb;
	hpa_t vmcb_pa;
	unsigned core; /* where it was loaded last, or SVM_NO_CORE */

	/* Events (event.c). */
	union {
		uint64_t special; /* 0: nothing of this, the usual case */
		struct {
			bool irq_window, nmi_window; /* wanted by common code */
			bool nmi_blocked;  /* an NMI was delivered, and no IRET has ended it */
			bool iret_pending; /* the IRET at iret_rip is about to unblock NMIs */
			bool armed;        /* the VMCB has a virtual IRQ or intercepts for this */
			bool stepping;     /* this entry runs one instruction: TF is ours */
			bool entry_shadow; /* the interrupt shadow at the entry */
			uint8_t step_cr;   /* the write to CR4 or CR8 at RIP runs by itself */
		};
	};
	bool virtual_event; /* this entry's interrupt is the virtual one, on QEMU */
	bool guest_tf;      /* during the step TF is the guest's own already */
	bool stray_tf;      /* our TF may have got onto the guest's stack */
	uint64_t iret_rip, entry_rip, old_cr4;
};
static_assert(offsetof(struct svm_vcpu, vmcb) == 0, "its address is the VMCB's");

static inline struct svm_vcpu *svm_of(const struct vcpu *v)
{
	return v->hw;
}

/*
 * Who writes a cached field of the VMCB says so (APM 2 15.15). Where the CPU
 * has no clean bits the field stays 0: then it is reserved.
 */
static inline void svm_dirty(struct svm_vcpu *s, uint64_t clean_bits)
{
	s->vmcb.clean &= ~clean_bits;
}

/*
 * The high half is not compared: QEMU 7.2 and some nested hypervisors
 * store VMEXIT_INVALID as a 32-bit value, and no code needs more.
 */
static inline uint32_t svm_exit_code(const struct svm_vcpu *s)
{
	return (uint32_t)s->vmcb.exit_code;
}

static inline bool svm_shadow(const struct svm_vcpu *s)
{
	return (s->vmcb.int_state & INT_SHADOW) != 0;
}

/* cpu.c */
const char *svm_probe(struct vcpu_caps *caps);
const char *svm_cpu_on(struct cpu *cpu);
void svm_cpu_off(struct cpu *cpu);
void svm_load(struct vcpu *v);

/* setup.c */
void svm_maps_init(void);
void svm_vcpu_create(struct vcpu *v);
void svm_vcpu_reset(struct vcpu *v, const struct vcpu_start *start);

/* state.c */
void svm_reset_state(struct vcpu *v, const struct vcpu_start *start);
uint64_t svm_get(struct vcpu *v, enum vcpu_reg reg);
void svm_set(struct vcpu *v, enum vcpu_reg reg, uint64_t value);
struct vcpu_seg svm_get_seg(struct vcpu *v, enum vcpu_sreg sreg);
void svm_context(struct vcpu *v, struct vcpu_context *x);
void svm_set_seg(struct vcpu *v, enum vcpu_sreg sreg, const struct vcpu_seg *seg);
uint8_t svm_get_tpr(struct vcpu *v);
void svm_set_tpr(struct vcpu *v, uint8_t tpr);
void svm_skip(struct vcpu *v, unsigned len);
/* An MSR below 0x2000, or from 0xc0000000 to 0xc0001fff. */
void svm_allow_msr(uint8_t *map, uint32_t msr);

/* event.c */
bool svm_can_take_irq(struct vcpu *v);
bool svm_can_take_nmi(struct vcpu *v);
void svm_want_irq_window(struct vcpu *v, bool on);
void svm_want_nmi_window(struct vcpu *v);
void svm_inject(struct vcpu *v, const struct vcpu_event *e);
/* Before an entry; false: no need to enter, *exit is filled in. */
bool svm_event_entry(struct vcpu *v, struct vcpu_exit *exit);
/* After an exit, before it is decoded: EXITINTINFO, NMI blocking, single step. */
void svm_event_exit(struct vcpu *v);
/* The exits that belong to events: #DB, VINTR, IRET. */
void svm_event_decode(struct vcpu *v, struct vcpu_exit *exit);

/* exit.c */
/* VMRUN was refused: no guest state was loaded. */
bool svm_refused(const struct svm_vcpu *s);
void svm_decode_exit(struct vcpu *v, struct vcpu_exit *exit);

/* npt.c */
void svm_flush_tlb(struct vcpu *v);

/*
 * run.asm: enters the guest with GIF = 0 and the host's IF = 1, so that a
 * physical interrupt ends the run; returns with GIF = 1 and IF = 0.
 * run.asm knows the registers' places by their number.
 */
void svm_enter(uint64_t *gpr, hpa_t vmcb, hpa_t host_vmcb);
extern const char svm_vmrun[];       /* the instruction */
void svm_save_host(hpa_t host_vmcb); /* FS, GS, TR, LDTR and the system-call MSRs */
