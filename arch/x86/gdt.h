/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segments, task state and stacks of each core. */
#pragma once

#include "arch/x86/percpu.h"

#define SEL_CODE 0x08u
#define SEL_DATA 0x10u
#define SEL_TSS  0x18u

/* Interrupt stack table entries (1..7). */
enum { IST_DF = 1, IST_NMI = 2, IST_MC = 3 };

/* Makes the core's TSS point to its stacks (arch/x86/paging.h) and builds its GDT. */
void gdt_init(struct cpu *cpu);
/* Loads GDT, segments, TSS and GS base on the core that runs this. */
void gdt_load(struct cpu *cpu);
