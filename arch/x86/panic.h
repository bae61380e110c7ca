/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of the hypervisor: said on every console, then everything stands still. */
#pragma once

#include "arch/x86/traps.h"
#include "kernel/types.h"

/* Prints what the boot before this one left there, if it panicked; and so will this one. */
void panic_keep(hpa_t pa, uint64_t boot_epoch);
/* Stops this core, for good, if another one panics or stops the machine. */
void panic_join(void);
/* Every other core stops where it is, for good: before power-off and reset. */
void stop_other_cores(void);
/* A line on every console, past the log, whose lock a stopped core may hold; then nothing more. */
void last_words(const char *s) __attribute__((noreturn));
void panic_trap(const struct trap_frame *f, const char *what) __attribute__((noreturn));
