/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Switching the machine off, or resetting it. */
#pragma once

struct acpi_info;

/* Remembers which registers the ACPI tables name; info stays with the caller. */
void power_init(const struct acpi_info *info);
void power_off(void) __attribute__((noreturn));
void power_reset(void) __attribute__((noreturn));
