/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's interrupt table and what happens on each vector. */
#include "arch/x86/traps.h"
#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/gdt.h"
#include "arch/x86/panic.h"
#include "arch/x86/regs.h"
#include "kernel/log.h"
#include "kernel/trace.h"

#define GATE_INTERRUPT 0x8eull /* present, DPL 0, 64-bit interrupt gate (SDM 3A 6.14.1) */
#define STUB_SIZE      16u

extern const char trap_stubs[];
void msr_fault(void); /* traps.asm */

void trap_handler(struct trap_frame *f);

struct gate idt[256];

/* SDM 3A table 6-1. */
static const char *const names[32] = {
	"#DE", "#DB", "NMI", "#BP", "#OF",       "#BR", "#UD", "#NM", "#DF", "vector 9", "#TS",
	"#NP", "#SS", "#GP", "#PF", "vector 15", "#MF", "#AC", "#MC", "#XM", "#VE",      "#CP",
};

void idt_init(void)
{
	static const uint8_t ist[256] = {[VEC_DF] = IST_DF, [VEC_NMI] = IST_NMI, [VEC_MC] = IST_MC};

	for (unsigned v = 0; v < 256; v++) {
		uint64_t at = (uint64_t)(uintptr_t)trap_stubs + (uint64_t)v * STUB_SIZE;

		idt[v].low = (at & 0xffff) | (uint64_t)SEL_CODE << 16 | (uint64_t)ist[v] << 32 |
			     GATE_INTERRUPT << 40 | ((at >> 16) & 0xffff) << 48;
		idt[v].high = at >> 32;
	}
}

void idt_load(void)
{
	struct desc_ptr p = {sizeof(idt) - 1, (uint64_t)(uintptr_t)idt};

	__asm__ volatile("lidt %0" ::"m"(p));
}

static void exception(struct trap_frame *f)
{
	if (f->vector == VEC_NMI) {
		panic_join(); /* any other NMI has no owner here */
		return;
	}
	/* Somewhere in rdmsr_safe() or wrmsr_safe(). */
	if (f->vector == VEC_GP && f->rip >= (uint64_t)(uintptr_t)rdmsr_safe &&
	    f->rip < (uint64_t)(uintptr_t)msr_fault) {
		f->rip = (uint64_t)(uintptr_t)msr_fault;
		return;
	}
	/*
	 * The hypervisor sets no breakpoint and no TF: a #DB here is a guest's that
	 * came late (Bochs delivers a single step behind #VMEXIT, when GS is still
	 * the guest's). DR6 is the guest's too, and stays.
	 */
	if (f->vector == VEC_DB)
		return;
	if (f->vector == VEC_SX) {
		log_warn("core %u: a physical INIT came, and is ignored", this_cpu()->id);
		return;
	}
	panic_trap(f, f->vector < 32 && names[f->vector] ? names[f->vector] : "exception");
}

/* What an interrupt asks of the core's loop. */
static const uint8_t requests[256] = {
	[HOST_VEC_TIMER] = CPU_REQ_TIMER,
	[HOST_VEC_KICK] = CPU_REQ_KICK,
	[HOST_VEC_SERIAL] = CPU_REQ_CONSOLE,
	[HOST_VEC_SERIAL2] = CPU_REQ_CONSOLE,
};

void trap_handler(struct trap_frame *f)
{
	if (f->vector < 32) {
		exception(f);
	} else if (f->vector != HOST_VEC_SPURIOUS) { /* no EOI for that (SDM 3A 10.9) */
		/* Others: a device that firmware left armed; nobody waits for it. */
		if (requests[f->vector]) {
			trace(TRACE_IRQ, 0, 0, f->vector, 0);
			__atomic_or_fetch(&this_cpu()->pending, requests[f->vector],
					  __ATOMIC_RELEASE);
		}
		apic_eoi();
	}
}
