/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What CPUID tells a guest: the host's answer, filtered by an allow list. Pure. */
#pragma once

#include "arch/x86/regs.h"
#include "kernel/config.h"
#include "kernel/types.h"

/* What the answer depends on beyond the host. */
struct cpuid_policy {
	/* The host's CPUID. */
	struct cpuid_regs (*host)(uint32_t leaf, uint32_t subleaf);
	enum config_cpu model;
	uint64_t xcr0_supported; /* by host and model; 0: no XSAVE for guests */
	bool has_xsavec;         /* and it can be relied on */
	uint64_t xcr0;           /* what the guest has enabled of it */
	uint64_t cr4;            /* the guest's: CPUID mirrors OSXSAVE and PKE */
	bool apic_enabled;       /* guest APIC_BASE.EN */
	uint32_t apic_id;
	unsigned vcpus;
	uint32_t tsc_khz, apic_khz;
	bool kvm_clock;                       /* the KVM leaves are there: kernel/pvclock.h */
	uint32_t pv_features, hypercall_insn; /* leaves of guests/include/mullion.h */
	bool has_rdtscp;                      /* and with it TSC_AUX */
};

/* Bytes of an XSAVE area for these components (SDM 1 13.4.2, 13.4.3). */
uint32_t cpuid_xsave_size(const struct cpuid_policy *p, uint64_t components, bool compacted);

struct cpuid_regs cpuid_guest(const struct cpuid_policy *p, uint32_t leaf, uint32_t subleaf);

/* Of kernel/cpuid_model.c: takes away from a leaf what the model does not have. */
void cpuid_limit(enum config_cpu model, uint32_t leaf, uint32_t sub, struct cpuid_regs *r);
/* Components of XCR0 that it may have. */
uint64_t cpuid_model_xcr0(enum config_cpu model);
/* What the model has and the host has not: bits of EBX or ECX of *leaf; 0: nothing. */
uint32_t cpuid_lacks(const struct cpuid_policy *p, uint32_t *leaf);

/* Bits of the guest's CR4 that are not reserved, by what CPUID tells it. */
uint64_t cpuid_cr4_allowed(const struct cpuid_policy *p);
