/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Switching the machine off by ACPI S5, and resetting it. */
#include "arch/x86/power.h"
#include "arch/x86/acpi.h"
#include "arch/x86/cpu.h"
#include "arch/x86/panic.h"
#include "arch/x86/percpu.h"
#include "arch/x86/serial.h"
#include "arch/x86/tsc.h"
#include "kernel/log.h"
#include "kernel/vcpu.h"

static const struct acpi_info *acpi;

void power_init(const struct acpi_info *info)
{
	acpi = info;
}

/* PM1x_CNT := SLP_TYP, SLP_EN (ACPI 6.4 7.4.2, 4.8.3.2.1). */
static void sleep_by(uint16_t port, uint8_t type)
{
	if (!port)
		return;
	uint16_t keep = (uint16_t)(in16(port) & ACPI_PM1_SCI_EN);
	out16(port, (uint16_t)(keep | type << ACPI_PM1_SLP_SHIFT | ACPI_PM1_SLP_EN));
}

static void enter_acpi_mode(void)
{
	uint16_t port = acpi->pm1a_cnt;

	if (!acpi->smi_cmd || !acpi->acpi_enable || (in16(port) & ACPI_PM1_SCI_EN))
		return;
	out8(acpi->smi_cmd, acpi->acpi_enable);
	for (unsigned i = 0; i < 3000 && !(in16(port) & ACPI_PM1_SCI_EN); i++)
		delay_us(1000);
}

/* The last line of the log, and no guest runs any more. */
static void stop(const char *why)
{
	irq_off();
	log_warn("%s", why);
	stop_other_cores();
	serial_drain(&serial_com1);
	if (vcpu_ops)
		vcpu_ops->cpu_off(this_cpu());
}

void power_reset(void)
{
	stop("resetting");
	/* ACPI 6.4 4.8.3.6; then the chipset's reset control register, then the keyboard
	 * controller. */
	if (acpi && acpi->reset)
		out8(acpi->reset, acpi->reset_value);
	delay_us(100000);
	out8(0xcf9, 0x02);
	out8(0xcf9, 0x06);
	delay_us(100000);
	out8(0x64, 0xfe);
	delay_us(100000);
	last_words("mullion| this machine does not reset itself: press its button");
}

void power_off(void)
{
	stop("powering off");
	if (acpi && acpi->has_s5 && acpi->pm1a_cnt) {
		enter_acpi_mode();
		sleep_by(acpi->pm1a_cnt, acpi->slp_typa);
		sleep_by(acpi->pm1b_cnt, acpi->slp_typb);
		delay_us(100000);
	} else {
		/* Firmware without ACPI tables: the exit port of Bochs (docs/emulators.md). */
		for (const char *s = "Shutdown"; *s; s++)
			out8(0x8900, (uint8_t)*s);
	}
	last_words("mullion| this machine does not switch itself off: it is safe to do so now");
}
