/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ACPI fixed hardware (ACPI 6.5, 4.8): power button, soft-off and the PM timer. */
#include "kernel/dev/acpi_pm.h"

#define EVT_TMR    BIT(0)
#define EVT_GBL    BIT(5)
#define EVT_PWRBTN BIT(8)
#define EVT_SLPBTN BIT(9)
#define EVT_RTC    BIT(10)
#define EVT_ALL    (EVT_TMR | EVT_GBL | EVT_PWRBTN | EVT_SLPBTN | EVT_RTC)

/* What the ports show. */
struct image {
	uint16_t status, enable, control, reserved;
	uint32_t timer;
};
static_assert(sizeof(struct image) == ACPI_PM_PORTS &&
		      offsetof(struct image, control) == ACPI_PM1A_CNT - ACPI_PM_BASE &&
		      offsetof(struct image, timer) == ACPI_PM_TMR - ACPI_PM_BASE,
	      "no padding");

#define CNT_SCI_EN BIT(0)
#define CNT_BITS   0x1c02u /* BM_RLD and SLP_TYP are kept; GBL_RLS and SLP_EN read as 0 */
#define CNT_SLP_EN BIT(13)

static uint64_t ticks(const struct acpi_pm *pm)
{
	return dev_ticks(dev_now(pm->timer), ACPI_PM_TMR_HZ);
}

void acpi_pm_update(void *dev)
{
	struct acpi_pm *pm = dev;
	uint64_t carries = ticks(pm) >> 31;

	/* The timer's status rises whenever its top bit changes. */
	if (carries != pm->carries)
		pm->status |= EVT_TMR;
	pm->carries = carries;
	dev_irq_set(&pm->sci, pm->status & pm->enable & EVT_ALL);
	dev_timer_arm(pm->timer, (pm->enable & ~pm->status & EVT_TMR)
					 ? dev_ticks_ns((carries + 1) << 31, ACPI_PM_TMR_HZ)
					 : DEV_TIMER_NEVER);
}

void acpi_pm_power_button(struct acpi_pm *pm)
{
	pm->status |= EVT_PWRBTN;
	acpi_pm_update(pm);
}

static uint64_t pm_read(void *dev, uint64_t offset, unsigned size)
{
	struct acpi_pm *pm = dev;

	acpi_pm_update(pm);

	const struct image image = {pm->status, pm->enable, (uint16_t)(pm->control | CNT_SCI_EN), 0,
				    (uint32_t)ticks(pm)};

	return le_get((const char *)&image + offset, size);
}

/* Status is cleared by ones; bytes that are not written stay, and the timer does. */
static void pm_write(void *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct acpi_pm *pm = dev;
	struct image image = {0, pm->enable, pm->control, 0, 0};

	memcpy((char *)&image + offset, &value, size);
	acpi_pm_update(pm);
	pm->status &= (uint16_t)~image.status;
	pm->enable = image.enable & EVT_ALL;
	pm->control = image.control & CNT_BITS;
	if ((image.control & CNT_SLP_EN) && (image.control >> 10 & 7) == ACPI_SLP_TYP_S5)
		vm_end(pm->vm, END_POWEROFF);
	acpi_pm_update(pm);
}

static const struct io_ops pm_ops = {.read = pm_read, .write = pm_write};

int acpi_pm_init(struct acpi_pm *pm, struct iobus *ports, struct dev_timer *timer,
		 struct dev_irq sci, struct vm *vm)
{
	*pm = (struct acpi_pm){.timer = timer, .sci = sci, .vm = vm};
	return iobus_add(ports, ACPI_PM_BASE, ACPI_PM_PORTS, &pm_ops, pm);
}
