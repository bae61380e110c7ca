/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting the other cores. */
#pragma once

#include "arch/x86/percpu.h"

/*
 * Starts every core of cpus[] but the boot core, one after the other, through
 * the page below 1 MiB; each ends in main(), on its own stack, with its tables
 * and local APIC on. Cores that do not answer are taken out of cpus[] with a
 * warning.
 */
void smp_start(hpa_t page, void (*main)(void));
