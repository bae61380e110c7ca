/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Registers of local APICs, the machine's and the guests', by their numbers
 * and with their bits (SDM 3A chapter 10). Pure.
 */
#pragma once

#include "kernel/types.h"

#define LAPIC_DEFAULT_BASE 0xfee00000ull

/* MMIO offset / 16, MSR - MSR_X2APIC_BASE (tables 10-1, 10-6). */
enum apic_reg {
	APIC_ID = 0x02,
	APIC_VERSION = 0x03,
	APIC_TPR = 0x08,
	APIC_APR = 0x09, /* xAPIC only */
	APIC_PPR = 0x0a,
	APIC_EOI = 0x0b,
	APIC_RRD = 0x0c, /* xAPIC only */
	APIC_LDR = 0x0d,
	APIC_DFR = 0x0e, /* xAPIC only */
	APIC_SVR = 0x0f,
	APIC_ISR = 0x10,
	APIC_TMR = 0x18,
	APIC_IRR = 0x20,
	APIC_ESR = 0x28,
	APIC_ICR = 0x30,
	APIC_ICR_HIGH = 0x31, /* xAPIC only */
	APIC_LVT = 0x32,
	APIC_TIMER_INITIAL = 0x38,
	APIC_TIMER_CURRENT = 0x39,
	APIC_TIMER_DIVIDE = 0x3e,
	APIC_SELF_IPI = 0x3f, /* x2APIC only */
};

/* A register in the page of an xAPIC, which is also the virtual-APIC page (SDM 3C 29.1). */
struct apic_slot {
	uint32_t v;
	uint32_t high; /* of an x2APIC's register (29.5): the ICR has one */
	uint32_t unused[2];
};
static_assert(sizeof(struct apic_slot) == 16, "SDM 3A 10.4.1");

/* Registers, a bit each, that change by writes only. */
#define APIC_SHOWN                                                                                 \
	(BIT(APIC_ID) | BIT(APIC_VERSION) | BIT(APIC_LDR) | BIT(APIC_SVR) | BIT(APIC_ESR) |        \
	 0x7full << APIC_LVT | BIT(APIC_TIMER_DIVIDE))

/* From APIC_LVT on. */
enum { LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR, LVT_COUNT };

/* Delivery modes: bits 10:8 of ICR, LVT and the entries of an I/O APIC. */
enum apic_delivery {
	APIC_DM_FIXED = 0,
	APIC_DM_LOWEST = 1,
	APIC_DM_SMI = 2,
	APIC_DM_NMI = 4,
	APIC_DM_INIT = 5,
	APIC_DM_SIPI = 6,
	APIC_DM_EXTINT = 7,
};

/* LVT entries, and the lower halves of ICR and I/O APIC entries as far as they have them. */
#define LVT_VECTOR      0xffu
#define LVT_DELIVERY    0x700u
#define LVT_PENDING     BIT(12) /* delivery status */
#define LVT_REMOTE_IRR  BIT(14)
#define LVT_LEVEL       BIT(15)
#define LVT_MASKED      BIT(16)
#define LVT_TIMER_SHIFT 17u

#define TIMER_PERIODIC 1u
#define TIMER_DEADLINE 2u

#define SVR_ENABLE BIT(8)

#define ICR_ASSERT BIT(14)
