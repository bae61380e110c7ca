/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Four local APICs that are wired to each other, for the tests of them. */
#ifndef TESTS_UNIT_LAPIC_SIM_H
#define TESTS_UNIT_LAPIC_SIM_H

#include "kernel/dev/lapic.h"
#include "kernel/string.h"
#include "tests/unit/dev_sim.h"

#define N 4u

static struct sim s[N];
static struct lapic l[N];
static struct apic_slot page[N][PAGE_SIZE / sizeof(struct apic_slot)];
static struct lapic *const all[N] = {&l[0], &l[1], &l[2], &l[3]};
static struct {
	unsigned wakes, eois, ipis;
	uint8_t eoi_vector;
	unsigned nmi, init, sipi;
	uint8_t sipi_vector;
} seen[N];
static bool level_held; /* the source of the level interrupt asks again at the EOI */

void lapic_ipi(struct lapic *src, uint64_t icr)
{
	seen[src - l].ipis++;
	lapic_route_ipi(all, N, src, icr);
}

void lapic_eoi_broadcast(struct lapic *a, uint8_t vector)
{
	seen[a - l].eois++;
	seen[a - l].eoi_vector = vector;
	if (level_held)
		lapic_set_irq(a, vector, true);
}

void lapic_wake(struct lapic *a)
{
	seen[a - l].wakes++;
}

void lapic_signal(struct lapic *a, enum apic_delivery what, uint8_t vector)
{
	seen[a - l].nmi += what == APIC_DM_NMI;
	seen[a - l].init += what == APIC_DM_INIT;
	seen[a - l].sipi += what == APIC_DM_SIPI;
	seen[a - l].sipi_vector = vector;
}

/* A 2 GHz TSC that was 1000 at the clock's 0. */
uint64_t lapic_tsc_to_ns(struct lapic *a, uint64_t tsc)
{
	(void)a;
	return tsc <= 1000 ? 0 : (tsc - 1000 + 1) / 2;
}

static int setup(void **state)
{
	(void)state;
	memset(s, 0, sizeof(s));
	level_held = false;
	for (unsigned i = 0; i < N; i++) {
		s[i].clock = &s[0].now;

		struct lapic_config c = {
			.timer = SIM_TIMER(&s[i]),
			.id = i,
			.bsp = i == 0,
			.x2apic = true,
			.tsc_deadline = true,
			.phys_bits = 40,
			.page = page[i],
		};

		lapic_init(&l[i], &c);
	}
	memset(seen, 0, sizeof(seen));
	return 0;
}

static inline uint32_t rd(unsigned i, unsigned reg)
{
	return (uint32_t)lapic_mmio_read(&l[i], reg, 4);
}

static inline void wr(unsigned i, unsigned reg, uint32_t v)
{
	lapic_mmio_write(&l[i], reg, 4, v);
}

static inline int rdx(unsigned i, uint32_t msr, uint64_t *v)
{
	return lapic_msr_read(&l[i], msr, v);
}

static inline int wrx(unsigned i, uint32_t msr, uint64_t v)
{
	return lapic_msr_write(&l[i], msr, v);
}

static inline void enable_all(void)
{
	for (unsigned i = 0; i < N; i++)
		wr(i, 0xf0, 0x1ff);
}

static inline void x2apic_all(void)
{
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(wrx(i, 0x1b, l[i].base | 0x400), 0);
}

/* What a vCPU does with an interrupt. */
static inline int take(unsigned i)
{
	int v = lapic_pending_vector(&l[i], lapic_tpr(&l[i]));

	if (v >= 0)
		lapic_accept(&l[i], (uint8_t)v);
	return v;
}

#define T(f) cmocka_unit_test_setup(f, setup)

#endif
