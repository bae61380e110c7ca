/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cores: what each keeps for itself, reached through GS, and how they are started. */
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

/*
 * Starts every core of cpus[] but the boot core, one after the other, through
 * the page below 1 MiB; each ends in main(), on its own stack, with its tables
 * and local APIC on. Cores that do not answer are taken out of cpus[] with a
 * warning.
 */
void smp_start(hpa_t page, void (*main)(void));

static inline struct cpu *this_cpu(void)
{
	struct cpu *c;
	__asm__("mov %%gs:0, %0" : "=r"(c));
	return c;
}
