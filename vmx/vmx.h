/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the VMX backend share: instructions, state of a core and of a vCPU. */
#pragma once

#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "arch/x86/percpu.h"
#include "kernel/mem.h"
#include "kernel/vcpu.h"
#include "kernel/vm.h"
#include "vmx/logic.h"

/*
 * MSRs that guests reach without an exit and the hypervisor never uses, so that
 * they change hands only when another vCPU is loaded.
 */
#define SWITCHED_COUNT (REG_KERNEL_GS_BASE - REG_STAR + 1) /* in the order of enum vcpu_reg */

/* Fields that are fetched when first asked for and written back before entry. */
enum { CACHE_RSP, CACHE_RIP, CACHE_RFLAGS, CACHE_INTERRUPTIBILITY, CACHE_COUNT };
static_assert((int)CACHE_RSP == REG_RSP && (int)CACHE_RIP == REG_RIP &&
		      (int)CACHE_RFLAGS == REG_RFLAGS,
	      "the order of enum vcpu_reg");

struct vmx_vcpu {
	/* run.asm knows these. */
	uint64_t cr2;
	uint64_t host_rsp; /* what the VMCS holds */
	uint64_t launched;

	uint32_t cached, dirty; /* masks of cache[] */
	uint64_t cache[CACHE_COUNT];
	uint8_t threshold; /* TPR threshold in the VMCS */
	uint16_t vpid;
	uint32_t timer, pin; /* the preemption timer and controls as they are in the VMCS */
	uint32_t proc;
	uint32_t entry;
	uint64_t cr0, cr4;            /* as the guest last wrote them: valid in host-owned bits */
	uint64_t efer;                /* as the guest sees it */
	uint64_t msr[SWITCHED_COUNT]; /* while another vCPU has the core */
	void *vmcs;
	uint32_t apic_mode;   /* secondary controls that are on for it */
	uint64_t eoi_exit[4]; /* vectors, as in the VMCS */
	struct cpu *last;     /* core whose TLB may hold translations of it */
};

struct vmx_cpu {
	void *vmxon;
	uint64_t msr[SWITCHED_COUNT]; /* what the core holds */
};

/* Of the boot core; all others are the same. */
extern struct vmx_caps vmx_caps;
extern struct vmx_controls vmx_controls;
extern uint8_t *vmx_msr_bitmap; /* a second one follows, for guests in x2APIC mode */
extern const uint32_t vmx_switched_msr[SWITCHED_COUNT];

/* CR bits that the guest changes without an exit. */
static inline uint64_t vmx_cr0_owned(void)
{
	return CR0_GUEST_OWNED & vmx_caps.cr0_fixed1 & ~vmx_caps.cr0_fixed0;
}

static inline uint64_t vmx_cr4_owned(const struct vcpu *v)
{
	return CR4_GUEST_OWNED & v->cr4_allowed & vmx_caps.cr4_fixed1 & ~vmx_caps.cr4_fixed0;
}

static inline struct vmx_vcpu *vmx_hw(const struct vcpu *v)
{
	return v->hw;
}

static inline struct vmx_cpu *vmx_this_cpu(void)
{
	return this_cpu()->hw;
}

/* Fields that are read are known to be there: no check. */
static inline uint64_t vmread(struct vmcs_field f)
{
	uint64_t v;

	__asm__ volatile("vmread %1, %0" : "=rm"(v) : "r"((uint64_t)f.enc) : "cc");
	return v;
}

void vmx_vmwrite_failed(uint32_t enc, uint64_t value);

static inline void vmwrite(struct vmcs_field f, uint64_t v)
{
	__asm__ goto("vmwrite %1, %0\n\tjna %l[failed]"
		     :
		     : "r"((uint64_t)f.enc), "rm"(v)
		     : "cc", "memory"
		     : failed);
	return;
failed:
	vmx_vmwrite_failed(f.enc, v);
}

/* Pin-based controls, as they are to be in the VMCS. */
static inline void vmx_set_pin(struct vmx_vcpu *h, uint32_t pin)
{
	if (pin != h->pin)
		vmwrite(PIN_BASED_CONTROLS, h->pin = pin);
}

/* Instructions on a page that begins with the VMCS revision: false, or it failed. */
#define VMX_PAGE_INSN(insn)                                                                        \
	static inline bool insn(const void *page)                                                  \
	{                                                                                          \
		hpa_t pa = virt_to_phys(page);                                                     \
		uint8_t failed;                                                                    \
		__asm__ volatile(#insn " %1; setna %0" : "=r"(failed) : "m"(pa) : "cc", "memory"); \
		return failed;                                                                     \
	}
VMX_PAGE_INSN(vmxon)
VMX_PAGE_INSN(vmclear)
VMX_PAGE_INSN(vmptrld)
#undef VMX_PAGE_INSN

static inline uint32_t vmx_revision(void)
{
	return (uint32_t)vmx_caps.basic & 0x7fffffff;
}

/* cpu.c */
const char *vmx_probe(struct vcpu_caps *caps);
const char *vmx_cpu_on(struct cpu *cpu);
void vmx_cpu_off(struct cpu *cpu);

/* setup.c */
void vmx_vcpu_create(struct vcpu *v);
void vmx_load(struct vcpu *v);
void vmx_unload(struct vcpu *v);
void vmx_vcpu_reset(struct vcpu *v, const struct vcpu_start *start);

/* leash.c */
extern bool vmx_leashed;
void vmx_leash_init(void);
/* Before an entry of a vCPU whose slice ends, or that is leashed: has IF clear where that matters.
 */
void vmx_set_timer(struct vcpu *v, bool leashed);

/* run.asm: false after an exit, true when VMLAUNCH or VMRESUME failed (VMfail) */
bool vmx_enter(struct vcpu *v, struct vmx_vcpu *h);
void vmx_exit_point(void);

/* exit.c */
void vmx_run(struct vcpu *v, struct vcpu_exit *exit);

/* cr.c */
void vmx_handle_cr(struct vcpu *v, struct vcpu_exit *exit);
/* As MOV does it; false: #GP(0) is due, and nothing has changed. */
bool vmx_mov_to_cr(struct vcpu *v, unsigned cr, uint64_t value);
uint64_t vmx_get_cr0(struct vmx_vcpu *h);
uint64_t vmx_get_cr4(struct vcpu *v);
/* With fixed bits, read shadow and LMA; the caller sees to PDPTEs and stale translations. */
void vmx_set_cr0(struct vmx_vcpu *h, uint64_t value);
void vmx_set_cr4(struct vmx_vcpu *h, uint64_t value);
/* Flushes, too: the guest may be running. */
void vmx_set_efer(struct vmx_vcpu *h, uint64_t value);

/* event.c */
void vmx_fetch_pending(struct vcpu *v);
/* The exception or EPT violation ended an IRET that had unblocked NMIs already. */
void vmx_block_nmi(struct vmx_vcpu *h);
void vmx_set_proc(struct vmx_vcpu *h, uint64_t bit, bool on);
void vmx_fix_pending_debug(struct vmx_vcpu *h);
bool vmx_can_take_irq(struct vcpu *v);
bool vmx_can_take_nmi(struct vcpu *v);
void vmx_want_irq_window(struct vcpu *v, bool on);
void vmx_want_nmi_window(struct vcpu *v);
void vmx_inject(struct vcpu *v, const struct vcpu_event *e);
uint8_t vmx_get_tpr(struct vcpu *v);
void vmx_set_tpr(struct vcpu *v, uint8_t tpr);

/* apic.c */
/* mode: the secondary controls for it. */
void vmx_set_apic_mode(struct vcpu *v, uint32_t mode);
bool vmx_virtualize_apic(struct vcpu *v, uint64_t base, int irr, int isr);

/* state.c */
uint64_t vmx_cache_get(struct vmx_vcpu *h, unsigned n);
void vmx_cache_set(struct vmx_vcpu *h, unsigned n, uint64_t value);
void vmx_cache_flush(struct vmx_vcpu *h);
uint64_t vmx_get(struct vcpu *v, enum vcpu_reg reg);
void vmx_set(struct vcpu *v, enum vcpu_reg reg, uint64_t value);
struct vcpu_seg vmx_get_seg(struct vcpu *v, enum vcpu_sreg s);
void vmx_context(struct vcpu *v, struct vcpu_context *c);
void vmx_set_seg(struct vcpu *v, enum vcpu_sreg s, const struct vcpu_seg *seg);
void vmx_skip(struct vcpu *v, unsigned len);

/* dump.c */
void vmx_dump(struct vcpu *v);

/* ept.c */
uint64_t vmx_eptp(const struct vm *vm);
void vmx_flush_linear(struct vmx_vcpu *h);
void vmx_flush_tlb(struct vcpu *v);
