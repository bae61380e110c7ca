/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The physical local APIC (xAPIC or x2APIC) and I/O APICs. */
#pragma once

#include "arch/x86/percpu.h"

/* Boot core: finds the mode and maps the registers. Then on every core: */
void apic_init(hpa_t xapic_base);
void apic_enable(void);
uint32_t apic_id(void);
void apic_eoi(void);
/* Changes nothing; but what is pending interrupts anew. */
void apic_look(void);

void apic_send_init(uint32_t apic_id);
void apic_send_sipi(uint32_t apic_id, uint8_t page);
void apic_send_ipi(uint32_t apic_id, uint8_t vector);
void apic_send_nmi_others(void);

/* Measures the timer against the TSC; boot core, after tsc_init(). */
void apic_timer_init(void);
/* One interrupt (HOST_VEC_TIMER) at the TSC value or soon after; UINT64_MAX: none. */
void apic_timer_arm(uint64_t tsc);

/* Registers an I/O APIC with its first global system interrupt; at most ACPI_MAX_IOAPICS. */
void ioapic_add(hpa_t base, uint32_t gsi_base);
/* Routes a GSI, unmasked, to a vector of the core; -ENODEV. */
int ioapic_route(uint32_t gsi, uint8_t vector, uint32_t apic_id, bool level, bool active_low);
