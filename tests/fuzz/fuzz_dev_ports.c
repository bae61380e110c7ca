/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any port accesses to the PIC, PIT, RTC, UART, ACPI PM, PCI, reset, watchdog, debug ports. */
/* sources: kernel/dev/iobus.c kernel/dev/pic.c kernel/dev/pit.c kernel/dev/rtc.c kernel/date.c */
/* sources: kernel/dev/uart.c kernel/dev/acpi_pm.c kernel/dev/pci.c kernel/dev/reset.c */
/* sources: kernel/dev/ib700.c kernel/dev/debug_con.c kernel/dev/debug_exit.c */
#include <string.h>

#include "kernel/dev/acpi_pm.h"
#include "kernel/dev/debug_con.h"
#include "kernel/dev/debug_exit.h"
#include "kernel/dev/ib700.h"
#include "kernel/dev/pci.h"
#include "kernel/dev/pic.h"
#include "kernel/dev/pit.h"
#include "kernel/dev/rtc.h"
#include "kernel/dev/uart.h"
#include "tests/fuzz/dev_input.h"

static struct iobus bus;
static struct pic pic;
static struct pit pit;
static struct rtc rtc;
static struct uart uart;
static struct acpi_pm pm;
static struct pci pci;
static struct iobus memory;
static struct reset reset;
static struct pci_func func;
struct dev_timer {
	uint64_t deadline;
};
static struct dev_timer timer[3];
static uint64_t now;
static bool line[16], intr;
static unsigned calls; /* of callbacks, by one access */

uint64_t dev_now(const struct dev_timer *t)
{
	MUST(t >= timer && t < timer + 3);
	return now;
}

void dev_timer_arm(struct dev_timer *t, uint64_t at)
{
	t->deadline = at;
	calls++;
}

static void on_line(void *ctx, unsigned n, bool level)
{
	line[n] = level;
	pic_set_irq(ctx, n, level);
	calls++;
}

static void on_intr(void *ctx, unsigned n, bool level)
{
	(void)ctx;
	(void)n;
	intr = level;
	calls++;
}

static struct vm vm;

void vm_console_write(struct vm *v, const char *p, unsigned n)
{
	MUST(v == &vm && p && n == 1);
	calls++;
}

void vm_end(struct vm *v, enum vm_end how)
{
	MUST(v == &vm && how <= END_RESTART);
	calls++;
}

int vm_watchdog(struct vm *v, uint64_t ns)
{
	MUST(v == &vm && ns <= 30000000001ull);
	calls++;
	return 0;
}

void debug_exit(struct vm *v, unsigned status)
{
	MUST(v == &vm && (status & 1));
	calls++;
}

uint32_t pci_beyond(struct vm *v, uint16_t function, unsigned reg, bool write)
{
	MUST(v == &vm && function && reg < 64);
	calls++;
	return write ? 0 : function;
}

static void start(uint64_t when, uint64_t epoch)
{
	memset(&bus, 0, sizeof(bus));
	memset(line, 0, sizeof(line));
	memset(&func, 0xff, offsetof(struct pci_func, written));
	intr = false;
	now = when;
	for (unsigned i = 0; i < 3; i++)
		timer[i].deadline = DEV_TIMER_NEVER;
	MUST(!pic_init(&pic, &bus, (struct dev_irq){on_intr, NULL, 0}));
	MUST(!pit_init(&pit, &bus, &timer[0], (struct dev_irq){on_line, &pic, PIT_IRQ}));
	MUST(!rtc_init(&rtc, &bus, &timer[1], (struct dev_irq){on_line, &pic, RTC_IRQ}, epoch,
		       epoch, epoch << 7));
	MUST(!acpi_pm_init(&pm, &bus, &timer[2], (struct dev_irq){on_line, &pic, ACPI_SCI_IRQ},
			   &vm));
	MUST(!uart_init(&uart, &bus, UART_COM1_PORT, (struct dev_irq){on_line, &pic, UART_COM1_IRQ},
			&vm));
	MUST(!reset_init(&reset, &bus, &vm));
	memory = (struct iobus){0};
	MUST(!pci_init(&pci, &bus, &memory, 0xfeb00000, &reset, &vm));
	MUST(!pci_add(&pci, 3, &func, 0));
	MUST(!ib700_attach(&bus, &vm) && !debug_con_attach(&bus, &vm) &&
	     !debug_exit_attach(&bus, &vm));
}

/* A timer that has expired must ask for a later time: else its owner would never rest. */
static void run_timers(void)
{
	for (unsigned i = 0; i < 3; i++) {
		if (timer[i].deadline > now)
			continue;
		if (i == 0)
			pit_timer(&pit);
		else if (i == 1)
			rtc_timer(&rtc);
		else
			acpi_pm_update(&pm);
		MUST(timer[i].deadline > now);
	}
}

static void check(void)
{
	MUST(calls < 100);
	MUST(intr == pic.out_level);
	MUST(uart.count <= UART_FIFO && uart.head < UART_FIFO);
	MUST(line[RTC_IRQ] == !!(rtc.cmos[12] & 0x80));
	for (unsigned i = 0; i < 3; i++) {
		MUST(pit.ch[i].count >= 1 && pit.ch[i].count <= 0x10000);
		MUST(pit.ch[i].mode <= 5 && pit.ch[i].latched <= 2);
	}
}

static const uint16_t ports[] = {0x20,  0xa0,  0x4d0, 0x40,  0x42,  0x61, 0x70, 0x3f8,
				 0x3fc, 0x600, 0x608, 0xcf8, 0xcfc, 0x60, 0x92, 0x3d};

static const uint16_t more_ports[] = {DEBUG_CON_PORT, DEBUG_EXIT_PORT, IB700_STOP, 0xe2};

static void access_port(struct input *in, bool write)
{
	unsigned size = take_size(in), at = (unsigned)take(in, 1);
	uint64_t v, port = (at & 0x80 ? more_ports[at & 3] : ports[at & 15]) + (at >> 4 & 7);

	if (write) {
		iobus_write(&bus, port, size, take(in, size));
		return;
	}
	iobus_read(&bus, port, size, &v);
	MUST(size == 8 || v >> (8 * size) == 0);
}

/* The pair of port writes that reaches a register of the RTC. */
static void write_rtc(struct input *in)
{
	iobus_write(&bus, 0x70, 2, take(in, 2));
	if (in->left & 1) {
		uint64_t v;

		iobus_read(&bus, 0x71, 1, &v);
	}
}

/* A register of a device that is there, or of the slot after it. */
static void select_pci(unsigned op)
{
	iobus_write(&bus, 0xcf8, 4, 0x80000000u | (op & 3) << 11 | (op & 0xfc));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint64_t when = take(&in, 4), epoch = take(&in, 5);

	start(when, epoch);
	while (in.left) {
		unsigned op = (unsigned)take(&in, 1);

		calls = 0;
		switch (op & 7) {
		case 0:
		case 1:
			access_port(&in, op & 1);
			break;
		case 2:
			write_rtc(&in);
			break;
		case 3: /* up to some days */
			now += take(&in, 1 + (op >> 3) % 6);
			break;
		case 4:
			while (uart_rx_space(&uart) > op >> 3)
				MUST(uart_rx(&uart, (uint8_t)op));
			select_pci((unsigned)take(&in, 1));
			break;
		case 5:
			pic_ack(&pic);
			break;
		case 6: /* from one deadline to the next */
			now = max_u64(now, min_u64(timer[0].deadline,
						   min_u64(timer[1].deadline, now + 1000000000u)));
			break;
		default:
			if (op & 8)
				acpi_pm_power_button(&pm);
			else
				pic_set_irq(&pic, op >> 4, op & 0x80);
		}
		check();
		run_timers();
	}
	return 0;
}
