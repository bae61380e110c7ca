/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of the local APIC: priorities, x2APIC rules, APIC_BASE, errors and pins. */
/* sources: kernel/dev/lapic.c kernel/dev/lapic_regs.c */
/* sources: kernel/dev/lapic_timer.c kernel/dev/lapic_route.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/errno.h"
#include "tests/unit/lapic_sim.h"

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
	assert_int_equal(lapic_highest(&l[0], APIC_IRR), 0xff);
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
	assert_int_equal(lapic_highest(&l[0], APIC_IRR), -1);
	assert_int_equal(rd(0, 0xa0), 0);
}

static void task_priority(void **state)
{
	(void)state;
	enable_all();
	lapic_set_irq(&l[0], 0x41, false);
	wr(0, 0x80, 0x4f);
	assert_int_equal(rd(0, 0xa0), 0x4f);
	assert_int_equal(rd(0, 0x90), 0); /* APR: there is none */
	assert_int_equal(take(0), -1);
	/* CR8 has the upper half only: the lower one of before stays with the same class. */
	assert_int_equal(lapic_pending_vector(&l[0], 0x40), -1);
	assert_int_equal(rd(0, 0x80), 0x4f);
	seen[0].wakes = 0;
	wr(0, 0x80, 0x5f);
	assert_int_equal(seen[0].wakes, 0);
	wr(0, 0x80, 0x3f);
	assert_int_equal(seen[0].wakes, 1);
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

/* The short way does what the long one does, or says that it does not. */
static void quick_writes(void **state)
{
	static const uint8_t regs[] = {APIC_TPR, APIC_EOI, APIC_SELF_IPI, APIC_ESR, APIC_LVT};
	unsigned quick[ARRAY_SIZE(regs)] = {0};

	(void)state;
	enable_all();
	assert_false(lapic_quick_write(&l[1], APIC_EOI, 0)); /* not in xAPIC mode */
	x2apic_all();
	srand(1);
	for (unsigned i = 0; i < 50000; i++) {
		unsigned which = (unsigned)rand() % ARRAY_SIZE(regs), reg = regs[which];
		uint64_t value = (uint64_t)rand() % 300 << (rand() % 8 ? 0 : 40);
		uint8_t vector = (uint8_t)(rand() % 240 + 16);
		bool level = rand() % 4 == 0;

		if (rand() % 2)
			value = 0;
		if (rand() % 3 == 0)
			for (unsigned a = 1; a < 3; a++)
				lapic_set_irq(&l[a], vector, level);
		if (rand() % 3 == 0)
			assert_int_equal(take(1), take(2));
		int err = wrx(2, MSR_X2APIC_BASE + reg, value);
		bool done = lapic_quick_write(&l[1], reg, value);
		if (done)
			quick[which]++;
		else
			assert_int_equal(wrx(1, MSR_X2APIC_BASE + reg, value), err);
		assert_true(!done || !err);
		assert_memory_equal(&page[1][APIC_TPR], &page[2][APIC_TPR], 16);
		assert_memory_equal(&page[1][APIC_ISR], &page[2][APIC_ISR], 3 * 8 * 16);
		assert_int_equal(seen[1].wakes, seen[2].wakes);
		assert_int_equal(seen[1].eois, seen[2].eois);
		assert_int_equal(l[1].esr_pending, l[2].esr_pending);
	}
	assert_true(quick[0] > 5000 && quick[1] > 5000 && quick[2] > 3000);
	assert_int_equal(quick[3] + quick[4], 0);
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

/* The page as the guest and its processor see it. */
static void virtualized(void **state)
{
	struct lapic_config c = l[0].c;
	struct apic_slot *p = page[0];
	uint64_t v;

	(void)state;
	c.virtualized = true;
	memset(p, 0xff, sizeof(page[0]));
	lapic_init(&l[0], &c);
	for (unsigned reg = 0; reg < 0x40; reg++)
		if (reg != APIC_TIMER_CURRENT && reg != APIC_PPR)
			assert_int_equal(p[reg].v, rd(0, 16 * reg));
	assert_int_equal(p[APIC_VERSION].v, 0x50014);
	assert_int_equal(p[APIC_DFR].v, UINT32_MAX);

	/* Written there: what cannot be is as it was, the rest has its effects. */
	p[APIC_ID].v = p[APIC_VERSION].v = p[APIC_LDR].v = p[APIC_DFR].v = 0x12345678;
	lapic_written(&l[0], APIC_LDR);
	assert_int_equal(p[APIC_LDR].v, 0x12000000);
	assert_int_equal(p[APIC_ID].v | rd(0, 0x20), 0);
	assert_int_equal(p[APIC_VERSION].v, 0x50014);
	p[APIC_DFR].v = 0;
	lapic_written(&l[0], APIC_DFR);
	assert_int_equal(p[APIC_DFR].v, 0x0fffffff);
	p[APIC_SVR].v = 0xfffff1ff;
	lapic_written(&l[0], APIC_SVR);
	assert_int_equal(p[APIC_SVR].v, 0x1ff);
	p[APIC_TIMER_INITIAL].v = 100;
	lapic_written(&l[0], APIC_TIMER_INITIAL);
	p[APIC_LVT].v = 0x40044;
	lapic_written(&l[0], APIC_LVT);
	assert_int_equal(p[APIC_TIMER_INITIAL].v, 0); /* another mode stops it */
	assert_int_equal(p[APIC_LVT].v, 0x40044);

	/* The ICR's upper half is written without an exit. */
	wr(1, 0xf0, 0x1ff);
	p[APIC_ICR_HIGH].v = 1u << 24;
	p[APIC_ICR].v = 0x51;
	lapic_written(&l[0], APIC_ICR);
	assert_true(in_irr(1, 0x51));
	assert_int_equal(seen[0].ipis, 1);

	/* What comes while the guest runs waits until it is collected. */
	seen[0].wakes = 0;
	lapic_set_irq(&l[0], 0x42, false);
	lapic_set_irq(&l[0], 0x53, true);
	assert_int_equal(p[APIC_IRR + 2].v, 0);
	assert_int_equal(p[APIC_TMR + 2].v, 1u << 0x13);
	assert_int_equal(seen[0].wakes, 2);
	lapic_collect(&l[0]);
	assert_int_equal(p[APIC_IRR + 2].v, 1u << 0x13 | 1u << 2);
	lapic_set_irq(&l[0], 0x61, false);
	assert_int_equal(lapic_highest(&l[0], APIC_IRR), 0x61);
	lapic_set_irq(&l[0], 0x62, false);
	assert_true(in_irr(0, 0x62) && in_irr(0, 0x61));

	/* The end of what is level-triggered is told. */
	lapic_ended(&l[0], 0x42);
	assert_int_equal(seen[0].eois, 0);
	lapic_ended(&l[0], 0x53);
	assert_int_equal(seen[0].eois, 1);
	assert_int_equal(seen[0].eoi_vector, 0x53);
	/* An EOI that is emulated is told to the processor. */
	assert_int_equal(take(0), 0x62);
	assert_int_equal(lapic_highest(&l[0], APIC_ISR), 0x62);
	memset(&p[APIC_IRR], 0, 8 * sizeof(*p));
	seen[0].wakes = 0;
	wr(0, 0xb0, 0);
	assert_int_equal(seen[0].wakes, 1);
	assert_int_equal(lapic_highest(&l[0], APIC_ISR), -1);

	/* LINT0's remote IRR comes with the interrupt, and goes with its end. */
	p[APIC_LVT + LVT_LINT0].v = 0x8030;
	lapic_written(&l[0], APIC_LVT + LVT_LINT0);
	lapic_lint(&l[0], 0, true);
	lapic_collect(&l[0]);
	assert_int_equal(p[APIC_LVT + LVT_LINT0].v, 0xc030);
	lapic_lint(&l[0], 0, false);
	lapic_ended(&l[0], 0x30);
	assert_int_equal(p[APIC_LVT + LVT_LINT0].v, 0x8030);

	/* x2APIC: other values of two registers, and an ICR of 64 bits. */
	seen[0].wakes = 0;
	wrx(0, 0x1b, l[0].base | 0x400);
	assert_int_equal(seen[0].wakes, 1);
	assert_int_equal(p[APIC_LDR].v, 1);
	wrx(0, 0x830, 0x200000051);
	assert_int_equal(p[APIC_ICR].v, 0x51);
	assert_int_equal(p[APIC_ICR].high, 2);
	assert_int_equal(rdx(0, 0x830, &v), 0);
	assert_int_equal(v, 0x200000051);
	p[APIC_SELF_IPI].v = 15;
	lapic_written(&l[0], APIC_SELF_IPI);
	wrx(0, 0x828, 0);
	assert_int_equal(p[APIC_ESR].v, 0xa0); /* 0x80: of the reads in the loop above */
	lapic_reset(&l[0]);
	assert_int_equal(p[APIC_SVR].v, 0xff);
	assert_int_equal(p[APIC_ICR].v | p[APIC_IRR + 1].v | p[APIC_ESR].v, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(power_up),         T(access_sizes),      T(priorities),
		T(task_priority),    T(level_interrupts),  T(errors),
		T(base_transitions), T(x2apic_registers),  T(pins),
		T(quick_writes),     T(pins_without_apic), T(init_keeps_identity),
		T(virtualized),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
