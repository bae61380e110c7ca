/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any accesses of four vCPUs to their local APICs and the I/O APIC, wired as in a VM. */
/* sources: kernel/dev/iobus.c kernel/dev/ioapic.c kernel/dev/lapic.c kernel/dev/lapic_regs.c */
/* sources: kernel/dev/lapic_timer.c kernel/dev/lapic_route.c */
#include <string.h>

#include "kernel/dev/ioapic.h"
#include "kernel/dev/lapic.h"
#include "kernel/errno.h"
#include "tests/fuzz/dev_input.h"

#define N 4u

static struct iobus bus;
static struct ioapic io;
static struct lapic lapic[N];
static struct apic_slot page[N][PAGE_SIZE / sizeof(struct apic_slot)];
static struct lapic *const all[N] = {&lapic[0], &lapic[1], &lapic[2], &lapic[3]};
struct dev_timer {
	uint64_t deadline;
};
static struct dev_timer timer[N];
static uint64_t now;
static int64_t tsc_offset;
static bool init_pending[N];
static unsigned calls, depth; /* of callbacks, by one access */

uint64_t dev_now(const struct dev_timer *t)
{
	(void)t;
	return now;
}

void dev_timer_arm(struct dev_timer *t, uint64_t at)
{
	t->deadline = at;
}

void lapic_ipi(struct lapic *l, uint64_t icr)
{
	MUST(++depth < 8);
	MUST(lapic_route_ipi(all, N, l, icr) <= N);
	depth--;
}

void lapic_eoi_broadcast(struct lapic *l, uint8_t vector)
{
	(void)l;
	MUST(++depth < 8);
	ioapic_eoi(&io, vector);
	depth--;
}

void lapic_wake(struct lapic *l)
{
	(void)l;
	calls++;
}

void lapic_signal(struct lapic *l, enum apic_delivery what, uint8_t vector)
{
	(void)vector;
	MUST(what == APIC_DM_NMI || what == APIC_DM_INIT || what == APIC_DM_SIPI);
	if (what == APIC_DM_INIT)
		init_pending[l - lapic] = true;
	calls++;
}

uint64_t lapic_tsc_to_ns(struct lapic *l, uint64_t tsc)
{
	(void)l;
	return tsc + (uint64_t)tsc_offset;
}

unsigned vm_message(struct vm *vm, const struct apic_msg *m)
{
	(void)vm;
	calls++;
	return lapic_route(all, N, m);
}

static void start(unsigned features)
{
	memset(&bus, 0, sizeof(bus));
	memset(init_pending, 0, sizeof(init_pending));
	now = 0;
	tsc_offset = 0;
	MUST(!ioapic_init(&io, &bus, NULL, 0));
	for (unsigned i = 0; i < N; i++) {
		struct lapic_config c = {
			.timer = &timer[i],
			.id = i,
			.bsp = i == 0,
			.x2apic = features & 1,
			.tsc_deadline = features & 2,
			.phys_bits = 36 + (features >> 2 & 15),
			.page = page[i],
			.virtualized = features & 0x40,
		};

		lapic_init(&lapic[i], &c);
		if (features & 0x80)
			lapic_mmio_write(&lapic[i], 0xf0, 4, 0x1ff);
	}
}

/* What a vCPU does before it enters the guest. */
static void deliver(struct lapic *l, uint8_t tpr)
{
	int v = lapic_pending_vector(l, tpr);

	MUST(v >= -1 && v < 256);
	if (v < 0)
		return;
	MUST(v >= 16 && v >> 4 > lapic_tpr(l) >> 4);
	lapic_accept(l, (uint8_t)v);
	MUST(lapic_highest(l, APIC_IRR) <= 255);
	/* What is in service blocks its own class. */
	v = lapic_pending_vector(l, tpr);
	MUST(v < 0 || v >> 4 > lapic_tpr(l) >> 4);
}

static void access_mmio(struct lapic *l, struct input *in, bool write)
{
	unsigned size = take_size(in);
	uint64_t offset = take(in, 1) << 4 | (size == 4 ? 0 : take(in, 1)), v;

	if (write) {
		lapic_mmio_write(l, offset, size, take(in, size));
		return;
	}
	v = lapic_mmio_read(l, offset, size);
	MUST(v >> 32 == 0 && (size >= 4 || v >> (8 * size) == 0));
}

static void access_msr(struct lapic *l, struct input *in, unsigned op)
{
	uint32_t msr = 0x800 + (uint32_t)take(in, 1);
	uint64_t v = 0;
	int err;

	if (op & 0x80)
		msr = op & 0x40 ? 0x6e0 : 0x1b;
	if (op & 0x20) {
		v = take(in, msr == 0x6e0 || msr == 0x830 ? 8 : 5);
		err = lapic_msr_write(l, msr, v);
	} else {
		err = lapic_msr_read(l, msr, &v);
	}
	MUST(err == 0 || err == -EINVAL);
	/* Never x2APIC without enable. */
	MUST((l->base & (APIC_BASE_ENABLE | APIC_BASE_X2APIC)) != APIC_BASE_X2APIC);
}

static void access_ioapic(struct input *in)
{
	unsigned op = (unsigned)take(in, 1), size = 1u << (op & 3);
	uint64_t at = IOAPIC_BASE + (op >> 2 & 0xf) * 8, v;

	if (op & 0x80)
		iobus_write(&bus, at, size, take(in, size));
	else
		iobus_read(&bus, at, size, &v);
	if (op & 0x40) { /* a whole entry */
		iobus_write(&bus, IOAPIC_BASE, 1, take(in, 1));
		iobus_write(&bus, IOAPIC_BASE + 0x10, 4, take(in, 3));
	}
}

static void run_timers(void)
{
	for (unsigned i = 0; i < N; i++) {
		if (init_pending[i])
			lapic_reset(&lapic[i]);
		init_pending[i] = false;
		if (timer[i].deadline > now)
			continue;
		lapic_timer(&lapic[i]);
		MUST(timer[i].deadline > now);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};

	start((unsigned)take(&in, 1));
	while (in.left) {
		unsigned op = (unsigned)take(&in, 1);
		struct lapic *l = &lapic[op >> 3 & 3];

		calls = 0;
		switch (op & 7) {
		case 0:
		case 1:
			access_mmio(l, &in, op & 1);
			break;
		case 2:
			access_msr(l, &in, op);
			break;
		case 3:
			access_ioapic(&in);
			break;
		case 4:
			ioapic_set_irq(&io, (unsigned)take(&in, 1) & 31, op & 0x80);
			break;
		case 5:
			lapic_lint(l, op >> 5, op & 0x80);
			break;
		case 6:
			now += take(&in, 1 + op / 64);
			if (op & 0x20) {
				tsc_offset = (int64_t)take(&in, 1) - 128;
				lapic_tsc_changed(l);
			}
			break;
		default:
			deliver(l, op & 0x80 ? (uint8_t)take(&in, 1) : lapic_tpr(l));
			if (op & 0x40) /* EOI */
				lapic_mmio_write(l, 0xb0, 4, 0);
		}
		MUST(calls < 1000 && depth == 0);
		run_timers();
	}
	return 0;
}
