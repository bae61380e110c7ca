/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's own address space. */
#pragma once

#include "arch/x86/regs.h"
#include "boot/handoff.h"
#include "kernel/types.h"

/* Each core: a slot of 64 KiB with 4 stacks of 12 KiB, each above an unmapped page. */
#define STACKS_BASE    0xffffff8000000000ull
#define STACK_SLOT     KIB(64)
#define STACK_SIZE     KIB(12)
#define STACKS_PER_CPU 4u

/* Top of stack n of the core: 0 is the ordinary one, 1.. are the IST's. */
static inline uint64_t stack_top(unsigned cpu, unsigned n)
{
	return STACKS_BASE + cpu * STACK_SLOT + (n + 1) * KIB(16);
}

void call_on_stack(uint64_t top, void (*fn)(void)) __attribute__((noreturn));

/* Makes the tables (direct map, image, boot core's stacks) and loads them. */
void paging_init(const struct handoff *h);
/* Loads CR3, PAT and the protections on the core that runs this. */
void paging_load(void);
/* Gives a core its stacks; -ENOMEM. */
int paging_add_stacks(unsigned cpu);
/* Device memory; the mapping stays for ever. NULL when it cannot be made. */
void *map_mmio(hpa_t pa, uint64_t size, enum mem_type type);
/* True when [pa, pa + len) lies in the direct map. */
bool phys_is_mapped(hpa_t pa, uint64_t len);
