/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time-stamp counter as the hypervisor's clock. */
#pragma once

#include "arch/x86/cpu.h"

/* Calibrates against the ACPI PM timer (port, 0 if there is none) or the PIT. */
void tsc_init(uint16_t pm_timer_port);
uint64_t tsc_hz(void);
uint64_t tsc_to_ns(uint64_t ticks);
uint64_t ns_to_tsc(uint64_t ns);
void delay_us(unsigned us);
