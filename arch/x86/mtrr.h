/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What memory type the MTRRs give to a physical address. Pure. */
#pragma once

#include "arch/x86/regs.h"
#include "kernel/types.h"

#define MTRR_FIXED_MSRS   11u
#define MTRR_MAX_VARIABLE 32u

/* Values of the registers, as read. */
struct mtrr {
	unsigned phys_bits; /* physical address width, CPUID 0x80000008 */
	bool has_fixed;
	unsigned variable_count;
	uint64_t def_type;
	uint64_t fixed[MTRR_FIXED_MSRS]; /* 64K_00000, 16K_80000, 16K_A0000, 4K_C0000 … 4K_F8000 */
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

/* The type of pa, and the first address above it where it may be another. */
enum mem_type mtrr_type_at(const struct mtrr *m, hpa_t pa, hpa_t *until);

/* How much of [pa, pa + size), from its start, has the type that pa has; > 0 for size > 0. */
uint64_t mtrr_uniform(const struct mtrr *m, hpa_t pa, uint64_t size, enum mem_type *type);
