/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a core keeps for itself; reached through GS in the hypervisor. */
#pragma once

#include "kernel/types.h"

#define MAX_CPUS 64u

struct vcpu;

struct cpu {
	struct cpu *self; /* gs:0 */
	unsigned id;      /* 0.. in order of the processor list; 0 is the boot core */
	uint32_t apic_id;
	volatile bool online;
	struct vcpu *current;    /* loaded in the backend, its FPU state in the registers */
	uint64_t pending;        /* CPU_REQ_*: set by interrupts and other cores, atomically */
	void *hw;                /* the backend's per-core data */
	struct cpu_more *more;   /* the scheduler's and timers' */
	uint64_t tss_va, gdt_va; /* live in arch/x86/gdt.c */
} __attribute__((aligned(64)));

#define CPU_REQ_TIMER   BIT(0) /* the local timer fired */
#define CPU_REQ_KICK    BIT(1) /* another core asks this one to look again */
#define CPU_REQ_CONSOLE BIT(2) /* input waits at the console */

extern struct cpu cpus[MAX_CPUS];
extern unsigned cpu_count; /* online or not */

static inline struct cpu *this_cpu(void)
{
	struct cpu *c;
	__asm__("mov %%gs:0, %0" : "=r"(c));
	return c;
}
