/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FPU and XSAVE state of guests. The hypervisor itself is compiled without
 * FPU registers, so they always belong to the core's current vCPU.
 */
#pragma once

#include "arch/x86/regs.h"
#include "kernel/types.h"

struct vcpu;

/* Boot core; then the two figures below are valid, and stay so. */
void xstate_init(void);
/* Every core: a known XCR0. */
void xstate_enable(void);
/* Components that guests may enable in XCR0; 0: no XSAVE. */
extern uint64_t xstate_supported;
/* May guests be told of XSAVEC? */
extern bool xstate_has_xsavec;
/* An area for vcpu.xsave. */
void *xstate_alloc(void);
/* The state at power-up, before the area is first loaded. */
void xstate_reset(void *area);
/* From the registers of this core to v->xsave; they are nobody's then. */
void xstate_save(struct vcpu *v);
/* Puts v's state, and its XCR0, into the registers of this core. */
void xstate_restore(struct vcpu *v);

/*
 * May XCR0 be set to v? Rules of SDM 1 13.3, APM 2 11.5.2: else XSETBV is #GP.
 * MPX, which has one too, is never supported.
 */
static inline bool xcr0_valid(uint64_t v, uint64_t supported)
{
	const uint64_t avx512 = XCR0_OPMASK | XCR0_ZMM_HI | XCR0_HI_ZMM;

	if (!(v & XCR0_X87) || (v & ~supported) || ((v & XCR0_AVX) && !(v & XCR0_SSE)))
		return false;
	return !(v & avx512) || ((v & avx512) == avx512 && (v & XCR0_AVX));
}
