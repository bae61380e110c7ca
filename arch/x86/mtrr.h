/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What memory type the MTRRs give to a physical address from 1 MiB on: memory
 * below, where the fixed ranges are, is not given to anybody. Pure.
 */
#pragma once

#include "arch/x86/regs.h"
#include "kernel/types.h"

#define MTRR_MAX_VARIABLE 32u

/* Values of the registers, as read. */
struct mtrr {
	unsigned phys_bits; /* physical address width, CPUID 0x80000008 */
	unsigned variable_count;
	uint64_t def_type;
	struct {
		uint64_t base, mask;
	} variable[MTRR_MAX_VARIABLE];
	hpa_t wb_end; /* AMD: default is WB from 4 GiB to here (TOM2, APM 2 7.7.2); 0: no such */
};

/*
 * Fills in m through read, which wraps RDMSR. amd: look at SYSCFG and TOM2
 * too. A machine without MTRRs (CPUID 1 EDX bit 12) is to be left zeroed: all
 * of it is then UC, as with MTRRs disabled.
 */
void mtrr_load(struct mtrr *m, uint64_t (*read)(uint32_t msr), unsigned phys_bits, bool amd);

/* How much of [pa, pa + size), from its start, has the type that pa has; > 0 for size > 0. */
uint64_t mtrr_uniform(const struct mtrr *m, hpa_t pa, uint64_t size, enum mem_type *type);
