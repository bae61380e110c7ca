/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of the local APIC: priorities, timer, x2APIC rules, APIC_BASE, pins and routing. */
/* sources: kernel/dev/lapic.c kernel/dev/lapic_regs.c */
/* sources: kernel/dev/lapic_timer.c kernel/dev/lapic_route.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/dev/lapic.h"
#include "kernel/errno.h"
#include "kernel/string.h"
#include "tests/unit/dev_sim.h"

#define N 4u

static struct sim s[N];
static struct lapic l[N];
static struct lapic *const all[N] = {&l[0], &l[1], &l[2], &l[3]};
static struct {
	unsigned wakes, eois, ipis;
	uint8_t eoi_vector;
	unsigned nmi, init, sipi;
	uint8_t sipi_vector;
} seen[N];
static bool level_held; /* the source of the level interrupt asks again at the EOI */

static void on_ipi(void *ctx, struct lapic *src, uint64_t icr)
{
	(void)ctx;
	seen[src - l].ipis++;
	lapic_route_ipi(all, N, src, icr);
}

static void on_eoi(void *ctx, struct lapic *a, uint8_t vector)
{
	(void)ctx;
	seen[a - l].eois++;
	seen[a - l].eoi_vector = vector;
	if (level_held)
		lapic_set_irq(a, vector, true);
}

static void on_wake(void *ctx, struct lapic *a)
{
	(void)ctx;
	seen[a - l].wakes++;
}

static void on_signal(void *ctx, struct lapic *a, enum apic_delivery what, uint8_t vector)
{
	(void)ctx;
	seen[a - l].nmi += what == APIC_NMI;
	seen[a - l].init += what == APIC_INIT;
	seen[a - l].sipi += what == APIC_SIPI;
	seen[a - l].sipi_vector = vector;
}

/* A 2 GHz TSC that was 1000 at the clock's 0. */
static uint64_t on_tsc(void *ctx, struct lapic *a, uint64_t tsc)
{
	(void)ctx;
	(void)a;
	return tsc <= 1000 ? 0 : (tsc - 1000 + 1) / 2;
}

static const struct lapic_ops ops = {on_ipi, on_eoi, on_wake, on_signal, on_tsc};

static void run_timer(void *model)
{
	lapic_timer(model);
}

static int setup(void **state)
{
	(void)state;
	memset(s, 0, sizeof(s));
	level_held = false;
	for (unsigned i = 0; i < N; i++) {
		struct lapic_config c = {
			.ops = &ops,
			.clock = SIM_CLOCK(&s[0]),
			.timer = SIM_TIMER(&s[i]),
			.id = i,
			.bsp = i == 0,
			.x2apic = true,
			.tsc_deadline = true,
			.phys_bits = 40,
		};

		lapic_init(&l[i], &c);
	}
	memset(seen, 0, sizeof(seen));
	return 0;
}

static uint32_t rd(unsigned i, unsigned reg)
{
	return (uint32_t)lapic_mmio_read(&l[i], reg, 4);
}

static void wr(unsigned i, unsigned reg, uint32_t v)
{
	lapic_mmio_write(&l[i], reg, 4, v);
}

static int rdx(unsigned i, uint32_t msr, uint64_t *v)
{
	return lapic_msr_read(&l[i], msr, v);
}

static int wrx(unsigned i, uint32_t msr, uint64_t v)
{
	return lapic_msr_write(&l[i], msr, v);
}

static void enable_all(void)
{
	for (unsigned i = 0; i < N; i++)
		wr(i, 0xf0, 0x1ff);
}

static void x2apic_all(void)
{
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(wrx(i, 0x1b, l[i].base | 0x400), 0);
}

static bool in_irr(unsigned i, unsigned v)
{
	return rd(i, 0x200 + v / 32 * 16) >> (v % 32) & 1;
}

static bool in_isr(unsigned i, unsigned v)
{
	return rd(i, 0x100 + v / 32 * 16) >> (v % 32) & 1;
}

static bool in_tmr(unsigned i, unsigned v)
{
	return rd(i, 0x180 + v / 32 * 16) >> (v % 32) & 1;
}

/* What a vCPU does with an interrupt. */
static int take(unsigned i)
{
	int v = lapic_pending_vector(&l[i], l[i].tpr);

	if (v >= 0)
		lapic_accept(&l[i], (uint8_t)v);
	return v;
}

static void power_up(void **state)
{
	uint64_t v;

	(void)state;
	assert_int_equal(rdx(0, 0x1b, &v), 0);
	assert_int_equal(v, 0xfee00900);
	assert_int_equal(rdx(1, 0x1b, &v), 0);
	assert_int_equal(v, 0xfee00800);
	assert_int_equal(rd(3, 0x20), 3u << 24);
	assert_int_equal(rd(0, 0x30), 0x50014);
	assert_int_equal(rd(0, 0xf0), 0xff);
	assert_true(rd(0, 0xe0) == 0xffffffff);
	assert_int_equal(rd(0, 0xd0), 0);
	for (unsigned reg = 0x320; reg <= 0x370; reg += 16)
		assert_int_equal(rd(0, reg), 0x10000);
	assert_int_equal(lapic_pending_vector(&l[0], 0), -1);
	assert_true(lapic_covers(&l[0], 0xfee00fff));
	assert_false(lapic_covers(&l[0], 0xfee01000));
	/* Disabled by software: fixed interrupts are not accepted, entries stay masked. */
	assert_false(lapic_set_irq(&l[0], 0x40, false));
	wr(0, 0x350, 0x700);
	assert_int_equal(rd(0, 0x350), 0x10700);
	wr(0, 0xf0, 0x1ff);
	wr(0, 0x350, 0x700);
	assert_int_equal(rd(0, 0x350), 0x700);
	wr(0, 0xf0, 0xff);
	assert_int_equal(rd(0, 0x350), 0x10700);
}

static void access_sizes(void **state)
{
	(void)state;
	wr(0, 0x80, 0x5a);
	assert_int_equal(lapic_mmio_read(&l[0], 0x80, 1), 0x5a);
	assert_int_equal(lapic_mmio_read(&l[0], 0x30, 2), 0x14);
	assert_int_equal(lapic_mmio_read(&l[0], 0x32, 2), 5);
	assert_int_equal(lapic_mmio_read(&l[0], 0x30, 8), 0x50014);
	assert_int_equal(lapic_mmio_read(&l[0], 0x34, 4), 0);
	assert_int_equal(lapic_mmio_read(&l[0], 0x1000, 4), 0);
	lapic_mmio_write(&l[0], 0x80, 1, 0x11);
	lapic_mmio_write(&l[0], 0x84, 4, 0x11);
	lapic_mmio_write(&l[0], 0x1080, 4, 0x11);
	assert_int_equal(rd(0, 0x80), 0x5a);
	lapic_mmio_write(&l[0], 0x80, 8, 0xffffffff00000120);
	assert_int_equal(rd(0, 0x80), 0x20);
}

static void priorities(void **state)
{
	(void)state;
	enable_all();
	assert_true(lapic_set_irq(&l[0], 0x41, false));
	assert_true(lapic_set_irq(&l[0], 0x52, false));
	assert_true(lapic_set_irq(&l[0], 0xff, false));
	assert_true(in_irr(0, 0x41) && in_irr(0, 0xff));
	assert_int_equal(seen[0].wakes, 3);
	assert_int_equal(lapic_highest_irr(&l[0]), 0xff);
	assert_int_equal(take(0), 0xff);
	assert_int_equal(rd(0, 0xa0), 0xf0);
	assert_int_equal(take(0), -1);
	wr(0, 0xb0, 0);
	assert_int_equal(seen[0].wakes, 4);
	assert_int_equal(seen[0].eois, 0); /* edge */
	assert_int_equal(take(0), 0x52);
	lapic_set_irq(&l[0], 0x5f, false); /* same class: waits */
	assert_int_equal(take(0), -1);
	lapic_set_irq(&l[0], 0x60, false);
	assert_int_equal(take(0), 0x60);
	wr(0, 0xb0, 0); /* ends 0x60, the highest */
	assert_true(in_isr(0, 0x52) && !in_isr(0, 0x60));
	wr(0, 0xb0, 0);
	assert_int_equal(take(0), 0x5f);
	wr(0, 0xb0, 0);
	assert_int_equal(take(0), 0x41);
	wr(0, 0xb0, 0);
	wr(0, 0xb0, 0); /* nothing in service */
	assert_int_equal(lapic_highest_irr(&l[0]), -1);
	assert_int_equal(rd(0, 0xa0), 0);
}

static void task_priority(void **state)
{
	(void)state;
	enable_all();
	lapic_set_irq(&l[0], 0x41, false);
	wr(0, 0x80, 0x4f);
	assert_int_equal(rd(0, 0xa0), 0x4f);
	assert_int_equal(rd(0, 0x90), 0x4f); /* APR */
	assert_int_equal(take(0), -1);
	/* CR8 has the upper half only: the lower one of before stays with the same class. */
	assert_int_equal(lapic_pending_vector(&l[0], 0x40), -1);
	assert_int_equal(rd(0, 0x80), 0x4f);
	seen[0].wakes = 0;
	wr(0, 0x80, 0x5f);
	assert_int_equal(seen[0].wakes, 0);
	wr(0, 0x80, 0x3f);
	assert_int_equal(seen[0].wakes, 1);
	assert_int_equal(rd(0, 0x90), 0x40);
	assert_int_equal(lapic_pending_vector(&l[0], 0x30), 0x41);
	assert_int_equal(lapic_pending_vector(&l[0], 0x60), -1);
	assert_int_equal(rd(0, 0x80), 0x60);
	lapic_set_tpr(&l[0], 0);
	assert_int_equal(take(0), 0x41);
	wr(0, 0x80, 0x20);
	assert_int_equal(rd(0, 0xa0), 0x40);
	/* Pending when software disables the APIC: still delivered. */
	lapic_set_irq(&l[0], 0x91, false);
	wr(0, 0xf0, 0xff);
	assert_int_equal(take(0), 0x91);
}

static void level_interrupts(void **state)
{
	(void)state;
	enable_all();
	lapic_set_irq(&l[0], 0x61, true);
	assert_true(in_tmr(0, 0x61));
	assert_int_equal(take(0), 0x61);
	level_held = true;
	wr(0, 0xb0, 0);
	assert_int_equal(seen[0].eois, 1);
	assert_int_equal(seen[0].eoi_vector, 0x61);
	assert_int_equal(take(0), 0x61);
	level_held = false;
	wr(0, 0xb0, 0);
	assert_int_equal(take(0), -1);
	lapic_set_irq(&l[0], 0x61, false);
	assert_false(in_tmr(0, 0x61));
	take(0);
	wr(0, 0xb0, 0);
	assert_int_equal(seen[0].eois, 2);
}

static void errors(void **state)
{
	(void)state;
	enable_all();
	wr(0, 0x370, 0xfe);
	assert_false(lapic_set_irq(&l[0], 15, false));
	assert_int_equal(rd(0, 0x280), 0); /* not before a write */
	assert_int_equal(take(0), 0xfe);
	wr(0, 0xb0, 0);
	lapic_set_irq(&l[0], 3, false); /* told already */
	assert_int_equal(take(0), -1);
	wr(0, 0x280, 0);
	assert_int_equal(rd(0, 0x280), 0x40);
	wr(0, 0x280, 0);
	assert_int_equal(rd(0, 0x280), 0);
	wr(0, 0x300, 0x0004000f); /* self, illegal vector */
	rd(0, 0x40);
	wr(0, 0x3f0, 0x99); /* x2APIC only */
	wr(0, 0x280, 0);
	assert_int_equal(rd(0, 0x280), 0xa0);
	wr(0, 0x20, 0xff000000); /* read-only is not illegal, nor are write-only and APR, RRD */
	wr(0, 0x90, 0);
	wr(0, 0xc0, 0);
	assert_int_equal(rd(0, 0xb0) + rd(0, 0xc0), 0);
	wr(0, 0x280, 0);
	assert_int_equal(rd(0, 0x280), 0);
	assert_int_equal(rd(0, 0x20), 0);
	/* An error entry whose own vector is illegal ends. */
	wr(0, 0x370, 0x05);
	rd(0, 0xff0);
	wr(0, 0x280, 0);
	assert_int_equal(rd(0, 0x280), 0xc0);
}

static void timer_one_shot(void **state)
{
	(void)state;
	enable_all();
	wr(0, 0x320, 0x40);
	wr(0, 0x3e0, 0xb); /* divide by 1 */
	wr(0, 0x380, 1000);
	assert_int_equal(s[0].deadline, 10000);
	s[0].now = 9989;
	assert_int_equal(rd(0, 0x390), 2);
	lapic_timer(&l[0]); /* too early */
	assert_int_equal(lapic_highest_irr(&l[0]), -1);
	s[0].now = 10000;
	assert_int_equal(rd(0, 0x390), 0);
	lapic_timer(&l[0]);
	assert_int_equal(take(0), 0x40);
	assert_true(s[0].deadline == DEV_TIMER_NEVER);
	lapic_timer(&l[0]); /* once */
	assert_int_equal(lapic_highest_irr(&l[0]), -1);
	assert_int_equal(rd(0, 0x380), 1000);
	assert_int_equal(rd(0, 0x390), 0);
	wr(0, 0x380, 0xffffffff);
	wr(0, 0x3e0, 0xa); /* by 128, while it runs: the count stays */
	assert_true(rd(0, 0x390) == 0xffffffff);
	assert_true(s[0].deadline == 10000 + 0xffffffffull * 1280);
	wr(0, 0x380, 0);
	assert_true(s[0].deadline == DEV_TIMER_NEVER);
	wr(0, 0x320, 0x10040); /* masked: passes silently */
	wr(0, 0x380, 1);
	s[0].now = s[0].deadline;
	lapic_timer(&l[0]);
	assert_int_equal(in_irr(0, 0x40), 0);
}

static void timer_dividers(void **state)
{
	static const unsigned by[16] = {2, 4, 8, 16, 0, 0, 0, 0, 32, 64, 128, 1};

	(void)state;
	for (unsigned d = 0; d < 16; d++) {
		wr(0, 0x3e0, d);
		if (by[d] == 0)
			continue;
		wr(0, 0x380, 100);
		assert_int_equal(s[0].deadline, s[0].now + 1000 * by[d]);
		s[0].now += 500 * by[d];
		assert_int_equal(rd(0, 0x390), 50);
	}
	/* A changed divider takes effect from where the count is. */
	wr(0, 0x3e0, 0xb);
	wr(0, 0x380, 1000);
	s[0].now += 2500;
	wr(0, 0x3e0, 0);
	assert_int_equal(rd(0, 0x390), 750);
	assert_int_equal(s[0].deadline, s[0].now + 15000);
}

static void timer_periodic(void **state)
{
	(void)state;
	enable_all();
	wr(0, 0x3e0, 0xb);
	wr(0, 0x320, 0x20040);
	wr(0, 0x380, 100000); /* 1 ms */
	for (unsigned i = 1; i <= 5; i++) {
		assert_int_equal(s[0].deadline, i * NS_PER_MS);
		s[0].now = s[0].deadline + 123;
		lapic_timer(&l[0]);
		assert_int_equal(take(0), 0x40);
		wr(0, 0xb0, 0);
	}
	/* Descheduled for long: one interrupt, and the phase is kept. */
	s[0].now = 100 * NS_PER_MS + 300000;
	assert_int_equal(rd(0, 0x390), 70000);
	lapic_timer(&l[0]);
	assert_int_equal(s[0].deadline, 101 * NS_PER_MS);
	assert_int_equal(take(0), 0x40);
	wr(0, 0xb0, 0);
	/* To one-shot in the middle: this period is the last. */
	wr(0, 0x320, 0x40);
	assert_int_equal(rd(0, 0x390), 70000);
	assert_int_equal(s[0].deadline, 101 * NS_PER_MS);
	s[0].now = s[0].deadline;
	lapic_timer(&l[0]);
	assert_true(s[0].deadline == DEV_TIMER_NEVER);
	/* A period of 10 ns does not storm. */
	wr(0, 0x320, 0x20040);
	wr(0, 0x380, 1);
	assert_true(s[0].deadline >= s[0].now + 10000);
	s[0].now = s[0].deadline;
	lapic_timer(&l[0]);
	assert_true(s[0].deadline >= s[0].now + 10000);
	assert_int_equal(rd(0, 0x390), 1);
}

static void timer_deadline(void **state)
{
	uint64_t v;

	(void)state;
	enable_all();
	assert_int_equal(wrx(0, 0x6e0, 5000), 0); /* not in this mode: ignored */
	assert_int_equal(rdx(0, 0x6e0, &v), 0);
	assert_int_equal(v, 0);
	wr(0, 0x380, 1000);
	wr(0, 0x320, 0x40040); /* the change of mode disarms */
	assert_true(s[0].deadline == DEV_TIMER_NEVER);
	wr(0, 0x380, 1000); /* ignored now */
	assert_int_equal(rd(0, 0x380) + rd(0, 0x390), 0);
	assert_int_equal(wrx(0, 0x6e0, 5001), 0);
	assert_int_equal(s[0].deadline, 2001);
	assert_int_equal(rdx(0, 0x6e0, &v), 0);
	assert_int_equal(v, 5001);
	assert_int_equal(wrx(0, 0x6e0, 0), 0);
	assert_true(s[0].deadline == DEV_TIMER_NEVER);
	wrx(0, 0x6e0, 5000);
	lapic_tsc_changed(&l[0]);
	assert_int_equal(s[0].deadline, 2000);
	s[0].now = 2000;
	lapic_timer(&l[0]);
	assert_int_equal(take(0), 0x40);
	rdx(0, 0x6e0, &v);
	assert_int_equal(v, 0);
	wr(0, 0xb0, 0);
	/* Gone by, and converted to 0: fires at once. */
	wrx(0, 0x6e0, 1);
	assert_int_equal(take(0), 0x40);
	rdx(0, 0x6e0, &v);
	assert_int_equal(v, 0);
	lapic_tsc_changed(&l[0]);
	assert_true(s[0].deadline == DEV_TIMER_NEVER);
	wr(0, 0x320, 0x20040);
	wrx(0, 0x6e0, 100000);
	lapic_tsc_changed(&l[0]);
	assert_true(s[0].deadline == DEV_TIMER_NEVER);
	/* Without the feature. */
	l[0].c.tsc_deadline = false;
	assert_int_equal(rdx(0, 0x6e0, &v), -EINVAL);
	assert_int_equal(wrx(0, 0x6e0, 0), -EINVAL);
	wr(0, 0x320, 0x60040);
	assert_int_equal(rd(0, 0x320), 0x20040);
}

static void base_transitions(void **state)
{
	uint64_t v;

	(void)state;
	assert_int_equal(wrx(0, 0x1b, 0xfee00d01), -EINVAL); /* reserved */
	assert_int_equal(wrx(0, 0x1b, 0xfee00b00), -EINVAL);
	assert_int_equal(wrx(0, 0x1b, BIT(40) | 0xfee00900), -EINVAL);
	assert_int_equal(wrx(0, 0x1b, BIT(39) | 0x00000900), 0);
	assert_true(lapic_covers(&l[0], BIT(39)));
	assert_int_equal(wrx(0, 0x1b, 0xfee00500), -EINVAL); /* x2APIC without enable */
	enable_all();
	lapic_set_irq(&l[0], 0x77, false);
	assert_int_equal(wrx(0, 0x1b, 0xfee00d00), 0);
	assert_false(lapic_covers(&l[0], 0xfee00000));
	assert_int_equal(rdx(0, 0x823, &v), 0); /* state goes along */
	assert_int_equal(v, 1u << (0x77 - 0x60));
	assert_int_equal(wrx(0, 0x1b, 0xfee00900), -EINVAL); /* not back */
	assert_int_equal(wrx(0, 0x1b, 0xfee00100), 0);       /* off: everything is lost */
	assert_int_equal(lapic_pending_vector(&l[0], 0), -1);
	assert_int_equal(rdx(0, 0x802, &v), -EINVAL);
	assert_int_equal(wrx(0, 0x1b, 0xfee00d00), -EINVAL); /* not straight to x2APIC */
	assert_int_equal(wrx(0, 0x1b, 0xfee00900), 0);
	assert_int_equal(rd(0, 0xf0), 0xff);
	l[0].c.x2apic = false;
	assert_int_equal(wrx(0, 0x1b, 0xfee00d00), -EINVAL);
	assert_int_equal(rdx(0, 0x1c, &v), -EINVAL);
	assert_int_equal(wrx(0, 0x1c, 0), -EINVAL);
	assert_int_equal(wrx(0, 0x80b, 0), -EINVAL);
}

static void x2apic_registers(void **state)
{
	static const struct {
		uint64_t bits; /* that may be written; 0 with write: only 0 */
		uint16_t msr;
		bool read, write;
	} reg[] = {
		{0, 0x802, true, false},
		{0, 0x803, true, false},
		{0xff, 0x808, true, true},
		{0, 0x80a, true, false},
		{0, 0x80b, false, true},
		{0, 0x80d, true, false},
		{0x3ff, 0x80f, true, true},
		{0, 0x828, true, true},
		{0x710ff, 0x832, true, true},
		{0x117ff, 0x833, true, true},
		{0x117ff, 0x834, true, true},
		{0x1f7ff, 0x835, true, true},
		{0x1f7ff, 0x836, true, true},
		{0x110ff, 0x837, true, true},
		{0xffffffff, 0x838, true, true},
		{0, 0x839, true, false},
		{0xb, 0x83e, true, true},
		{0xff, 0x83f, false, true},
		{0xffffffff000cdfff, 0x830, true, true},
	};

	(void)state;
	x2apic_all();
	for (uint32_t msr = 0x800; msr < 0x900; msr++) {
		bool isr = msr >= 0x810 && msr < 0x828;
		bool read = isr, write = false;
		uint64_t bits = 0, v;

		for (unsigned i = 0; i < sizeof(reg) / sizeof(reg[0]); i++) {
			if (reg[i].msr != msr)
				continue;
			read = reg[i].read;
			write = reg[i].write;
			bits = reg[i].bits;
		}
		assert_int_equal(rdx(1, msr, &v), read ? 0 : -EINVAL);
		assert_int_equal(wrx(1, msr, 0), write ? 0 : -EINVAL);
		for (unsigned b = 0; b < 64; b++)
			assert_int_equal(wrx(1, msr, BIT(b)),
					 write && (bits >> b & 1) ? 0 : -EINVAL);
		if (write && read && msr != 0x830) {
			assert_int_equal(wrx(1, msr, 0), 0);
			assert_int_equal(rdx(1, msr, &v), 0);
			assert_int_equal(v & ~0x10000ull & ~0x50000ull, 0);
		}
	}
}

static void x2apic_ids(void **state)
{
	struct lapic_config c = l[0].c;
	struct lapic a;
	uint64_t v;

	(void)state;
	c.id = 0x1234;
	lapic_init(&a, &c);
	assert_int_equal(lapic_msr_write(&a, 0x1b, 0xfee00c00 | 0x100), 0);
	assert_int_equal(lapic_msr_read(&a, 0x802, &v), 0);
	assert_int_equal(v, 0x1234);
	assert_int_equal(lapic_msr_read(&a, 0x80d, &v), 0);
	assert_int_equal(v, 0x123 << 16 | 1 << 4);
	assert_true(lapic_matches(
		&a, &(struct apic_msg){.dest = 0x1230010, .wide = true, .logical = true}));
	assert_false(lapic_matches(
		&a, &(struct apic_msg){.dest = 0x123ffef, .wide = true, .logical = true}));
	assert_false(lapic_matches(
		&a, &(struct apic_msg){.dest = 0x0230010, .wide = true, .logical = true}));
	assert_true(lapic_matches(&a, &(struct apic_msg){.dest = 0x1234, .wide = true}));
	assert_true(lapic_matches(&a, &(struct apic_msg){.dest = UINT32_MAX, .wide = true}));
	assert_true(lapic_matches(&a, &(struct apic_msg){.dest = 0xff}));
	assert_false(lapic_matches(&a, &(struct apic_msg){.dest = 0xff, .wide = true}));
}

static unsigned irr_mask(unsigned v)
{
	unsigned m = 0;

	for (unsigned i = 0; i < N; i++)
		m |= (l[i].irr[v / 32] >> (v % 32) & 1u) << i;
	return m;
}

static unsigned route(uint32_t dest, bool logical, unsigned delivery, uint8_t vector)
{
	struct apic_msg m = {
		.dest = dest, .logical = logical, .delivery = (uint8_t)delivery, .vector = vector};

	return lapic_route(all, N, &m);
}

static void routing(void **state)
{
	(void)state;
	enable_all();
	assert_int_equal(route(2, false, APIC_FIXED, 0x40), 1);
	assert_int_equal(irr_mask(0x40), 4);
	assert_int_equal(route(7, false, APIC_FIXED, 0x41), 0);
	assert_int_equal(route(0xff, false, APIC_FIXED, 0x42), 4);
	/* Flat: LDR 1 << i. */
	for (unsigned i = 0; i < N; i++)
		wr(i, 0xd0, 0x1000000u << i | 0xffffff);
	assert_int_equal(rd(1, 0xd0), 0x2000000);
	assert_int_equal(route(0x0a, true, APIC_FIXED, 0x43), 2);
	assert_int_equal(irr_mask(0x43), 0xa);
	assert_int_equal(route(0x30, true, APIC_FIXED, 0x44), 0);
	assert_int_equal(route(0x102, true, APIC_FIXED, 0x44), 0);
	/* Cluster: two clusters of two. */
	for (unsigned i = 0; i < N; i++) {
		wr(i, 0xe0, 0);
		wr(i, 0xd0, (i / 2) << 28 | 1u << (24 + i % 2));
	}
	assert_int_equal(rd(0, 0xe0), 0x0fffffff);
	assert_int_equal(route(0x13, true, APIC_FIXED, 0x45), 2);
	assert_int_equal(irr_mask(0x45), 0xc);
	assert_int_equal(route(0x02, true, APIC_FIXED, 0x46), 1);
	assert_int_equal(irr_mask(0x46), 0x2);
	wr(0, 0xe0, 0x50000000); /* no model */
	assert_int_equal(route(0x01, true, APIC_FIXED, 0x47), 0);
	assert_int_equal(route(0xff, true, APIC_FIXED, 0x47), 4);
	/* Others than fixed. */
	assert_int_equal(route(1, false, APIC_NMI, 0), 1);
	assert_int_equal(route(1, false, APIC_SIPI, 0x9a), 1);
	assert_int_equal(route(1, false, APIC_SMI, 0), 0);
	assert_int_equal(route(1, false, APIC_EXTINT, 0x30), 0);
	assert_int_equal(route(1, false, 3, 0x30), 0);
	assert_int_equal(seen[1].nmi, 1);
	assert_int_equal(seen[1].sipi, 1);
	assert_int_equal(seen[1].sipi_vector, 0x9a);
	/* A disabled APIC takes nothing. */
	wrx(1, 0x1b, 0xfee00000);
	assert_int_equal(route(1, false, APIC_NMI, 0), 0);
	assert_false(lapic_receive(&l[1], &(struct apic_msg){.delivery = APIC_NMI}));
}

static void lowest_priority(void **state)
{
	(void)state;
	enable_all();
	wr(0, 0x80, 0x30);
	wr(1, 0x80, 0x20);
	wr(2, 0x80, 0x10);
	wr(3, 0xf0, 0xff); /* not enabled: not chosen */
	assert_int_equal(route(0xff, false, APIC_LOWEST, 0x50), 1);
	assert_int_equal(irr_mask(0x50), 4);
	assert_int_equal(route(1, false, APIC_LOWEST, 0x51), 1);
	assert_int_equal(irr_mask(0x51), 2);
	assert_int_equal(route(3, false, APIC_LOWEST, 0x52), 0);
}

static void ipis(void **state)
{
	(void)state;
	enable_all();
	wr(0, 0x310, 2u << 24 | 0x123456);
	wr(0, 0x300, 0x4055); /* assert; physical */
	assert_int_equal(irr_mask(0x55), 4);
	assert_int_equal(rd(0, 0x310), 2u << 24);
	assert_int_equal(rd(0, 0x300), 0x4055); /* not busy */
	wr(1, 0x300, 0x40056);                  /* self */
	assert_int_equal(irr_mask(0x56), 2);
	wr(1, 0x300, 0x80057); /* all */
	assert_int_equal(irr_mask(0x57), 0xf);
	wr(1, 0x300, 0xc0058); /* the others */
	assert_int_equal(irr_mask(0x58), 0xd);
	assert_int_equal(seen[1].ipis, 3);
	/* INIT, its de-assert, and SIPI, as Linux starts a processor. */
	wr(0, 0x310, 3u << 24);
	wr(0, 0x300, 0xc500);
	assert_int_equal(seen[3].init, 1);
	wr(0, 0x300, 0x8500);
	assert_int_equal(seen[3].init, 1);
	wr(0, 0x300, 0x0608);
	assert_int_equal(seen[3].sipi, 1);
	assert_int_equal(seen[3].sipi_vector, 8);
	/* NMI to all others; nobody starts or stops itself. */
	wr(0, 0x300, 0xc0400);
	assert_int_equal(seen[0].nmi, 0);
	assert_int_equal(seen[1].nmi + seen[2].nmi + seen[3].nmi, 3);
	wr(0, 0x300, 0x44500);
	wr(0, 0x300, 0x80608);
	assert_int_equal(seen[0].init + seen[0].sipi + seen[1].sipi, 0);
	/* An illegal vector is not sent. */
	wr(0, 0x300, 0x80005);
	wr(0, 0x280, 0);
	assert_int_equal(rd(0, 0x280), 0x20);
	assert_int_equal(irr_mask(5), 0);
}

static void x2apic_ipis(void **state)
{
	uint64_t v;

	(void)state;
	enable_all();
	x2apic_all();
	assert_int_equal(wrx(0, 0x830, 0x100000040), 0);
	assert_int_equal(irr_mask(0x40), 2);
	assert_int_equal(wrx(0, 0x830, 0x0000000500000841), 0); /* logical, cluster 0 */
	assert_int_equal(irr_mask(0x41), 5);
	assert_int_equal(wrx(0, 0x830, 0xffffffff00000042), 0);
	assert_int_equal(irr_mask(0x42), 0xf);
	assert_int_equal(wrx(0, 0x830, 0x000000ff00000043), 0); /* no broadcast here */
	assert_int_equal(irr_mask(0x43), 0);
	assert_int_equal(rdx(0, 0x830, &v), 0);
	assert_true(v == 0x000000ff00000043);
	assert_int_equal(wrx(2, 0x83f, 0x44), 0);
	assert_int_equal(irr_mask(0x44), 4);
	assert_int_equal(wrx(2, 0x83f, 0x04), 0);
	assert_int_equal(wrx(2, 0x828, 0), 0);
	assert_int_equal(rdx(2, 0x828, &v), 0);
	assert_int_equal(v, 0x20);
}

static void pins(void **state)
{
	(void)state;
	enable_all();
	/* ExtINT through LINT0. */
	lapic_lint(&l[0], 0, true);
	assert_false(lapic_extint_pending(&l[0]));
	seen[0].wakes = 0;
	wr(0, 0x350, 0x700);
	assert_true(lapic_extint_pending(&l[0]));
	assert_int_equal(seen[0].wakes, 1);
	lapic_lint(&l[0], 0, false);
	assert_false(lapic_extint_pending(&l[0]));
	/* Fixed, edge: Linux's virtual wire by 8259A. */
	wr(0, 0x350, 0x30);
	lapic_lint(&l[0], 0, true);
	lapic_lint(&l[0], 0, true);
	assert_int_equal(take(0), 0x30);
	assert_int_equal(take(0), -1);
	wr(0, 0xb0, 0);
	assert_int_equal(seen[0].eois, 0);
	/* Fixed, level: remote IRR until the EOI, then again while it is high. */
	wr(0, 0x350, 0x8030);
	assert_int_equal(rd(0, 0x350), 0xc030);
	assert_int_equal(take(0), 0x30);
	lapic_lint(&l[0], 0, true);
	assert_false(in_irr(0, 0x30));
	wr(0, 0xb0, 0);
	assert_int_equal(take(0), 0x30);
	lapic_lint(&l[0], 0, false);
	wr(0, 0xb0, 0);
	assert_int_equal(rd(0, 0x350), 0x8030);
	assert_int_equal(take(0), -1);
	/* NMI through either pin; a masked one is lost. */
	wr(0, 0x360, 0x400);
	lapic_lint(&l[0], 1, true);
	lapic_lint(&l[0], 1, true);
	assert_int_equal(seen[0].nmi, 1);
	lapic_lint(&l[0], 1, false);
	wr(0, 0x360, 0x10400);
	lapic_lint(&l[0], 1, true);
	wr(0, 0x360, 0x400);
	assert_int_equal(seen[0].nmi, 1);
	wr(0, 0x350, 0x400);
	lapic_lint(&l[0], 0, true);
	assert_int_equal(seen[0].nmi, 2);
	/* LINT1 has no level mode. */
	lapic_lint(&l[0], 1, false);
	wr(0, 0x360, 0x8077);
	lapic_lint(&l[0], 1, true);
	assert_int_equal(take(0), 0x77);
	assert_int_equal(rd(0, 0x360), 0x8077);
}

static void pins_without_apic(void **state)
{
	(void)state;
	wrx(0, 0x1b, 0xfee00100);
	lapic_lint(&l[0], 0, true);
	assert_true(lapic_extint_pending(&l[0]));
	assert_int_equal(seen[0].wakes, 1);
	lapic_lint(&l[0], 1, true);
	assert_int_equal(seen[0].nmi, 1);
	wrx(0, 0x1b, 0xfee00900);
	assert_false(lapic_extint_pending(&l[0])); /* LVT is masked after reset */
}

static void init_keeps_identity(void **state)
{
	uint64_t v;

	(void)state;
	enable_all();
	x2apic_all();
	wrx(3, 0x838, 100);
	lapic_set_irq(&l[3], 0x40, false);
	take(3);
	lapic_reset(&l[3]);
	assert_true(s[3].deadline == DEV_TIMER_NEVER);
	rdx(3, 0x1b, &v);
	assert_int_equal(v, 0xfee00c00);
	rdx(3, 0x802, &v);
	assert_int_equal(v, 3);
	rdx(3, 0x80f, &v);
	assert_int_equal(v, 0xff);
	rdx(3, 0x80d, &v);
	assert_int_equal(v, 8);
	rdx(3, 0x80a, &v);
	assert_int_equal(v, 0);
}

static void timer_keeps_count(void **state)
{
	(void)state;
	enable_all();
	wr(0, 0x320, 0x20040);
	wr(0, 0x3e0, 0x3);   /* by 16, as Linux */
	wr(0, 0x380, 62500); /* 10 ms */
	sim_run(&s[0], 10 * NS_PER_S, run_timer, &l[0]);
	assert_int_equal(s[0].deadline, 10 * NS_PER_S + 10 * NS_PER_MS);
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(power_up),          T(access_sizes),
		T(priorities),        T(task_priority),
		T(level_interrupts),  T(errors),
		T(timer_one_shot),    T(timer_dividers),
		T(timer_periodic),    T(timer_deadline),
		T(base_transitions),  T(x2apic_registers),
		T(x2apic_ids),        T(routing),
		T(lowest_priority),   T(ipis),
		T(x2apic_ipis),       T(pins),
		T(pins_without_apic), T(init_keeps_identity),
		T(timer_keeps_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
