/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fixed ACPI hardware: PM1a event and control blocks and the PM timer. Pure. */
#pragma once

#include "kernel/dev/dev.h"
#include "kernel/vm.h"

/* For the FADT and the DSDT. No SMI_CMD, no PM1b, no PM2, no GPE; TMR_VAL_EXT set. */
#define ACPI_PM_BASE    0x600u
#define ACPI_PM1A_EVT   0x600u
#define ACPI_PM1A_CNT   0x604u
#define ACPI_PM_TMR     0x608u
#define ACPI_PM_TMR_HZ  3579545u
#define ACPI_PM_PORTS   12u
#define ACPI_SCI_IRQ    9u /* level, active high */
#define ACPI_SLP_TYP_S5 5u /* the first two elements of \_S5 */

struct acpi_pm {
	struct dev_timer *timer;
	struct dev_irq sci;
	struct vm *vm; /* S5 ends it */
	uint16_t status, enable, control;
	uint64_t carries; /* changes of the timer's top bit that status has seen */
};

int acpi_pm_init(struct acpi_pm *pm, struct iobus *ports, struct dev_timer *timer,
		 struct dev_irq sci, struct vm *vm);
/* The deadline has passed, or something else has changed. */
void acpi_pm_update(void *dev);
/* Presses the power button: asks the guest to shut down. */
void acpi_pm_power_button(struct acpi_pm *pm);
