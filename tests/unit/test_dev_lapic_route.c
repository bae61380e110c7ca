/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests of messages among local APICs: destinations, lowest priority, IPIs. */
/* sources: kernel/dev/lapic.c kernel/dev/lapic_regs.c */
/* sources: kernel/dev/lapic_timer.c kernel/dev/lapic_route.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/lapic_sim.h"

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
		m |= (page[i][APIC_IRR + v / 32].v >> (v % 32) & 1u) << i;
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
	assert_int_equal(route(2, false, APIC_DM_FIXED, 0x40), 1);
	assert_int_equal(irr_mask(0x40), 4);
	assert_int_equal(route(7, false, APIC_DM_FIXED, 0x41), 0);
	assert_int_equal(route(0xff, false, APIC_DM_FIXED, 0x42), 4);
	/* Flat: LDR 1 << i. */
	for (unsigned i = 0; i < N; i++)
		wr(i, 0xd0, 0x1000000u << i | 0xffffff);
	assert_int_equal(rd(1, 0xd0), 0x2000000);
	assert_int_equal(route(0x0a, true, APIC_DM_FIXED, 0x43), 2);
	assert_int_equal(irr_mask(0x43), 0xa);
	assert_int_equal(route(0x30, true, APIC_DM_FIXED, 0x44), 0);
	assert_int_equal(route(0x102, true, APIC_DM_FIXED, 0x44), 0);
	/* Cluster: two clusters of two. */
	for (unsigned i = 0; i < N; i++) {
		wr(i, 0xe0, 0);
		wr(i, 0xd0, (i / 2) << 28 | 1u << (24 + i % 2));
	}
	assert_int_equal(rd(0, 0xe0), 0x0fffffff);
	assert_int_equal(route(0x13, true, APIC_DM_FIXED, 0x45), 2);
	assert_int_equal(irr_mask(0x45), 0xc);
	assert_int_equal(route(0x02, true, APIC_DM_FIXED, 0x46), 1);
	assert_int_equal(irr_mask(0x46), 0x2);
	wr(0, 0xe0, 0x50000000); /* no model */
	assert_int_equal(route(0x01, true, APIC_DM_FIXED, 0x47), 0);
	assert_int_equal(route(0xff, true, APIC_DM_FIXED, 0x47), 4);
	/* Others than fixed. */
	assert_int_equal(route(1, false, APIC_DM_NMI, 0), 1);
	assert_int_equal(route(1, false, APIC_DM_SIPI, 0x9a), 1);
	assert_int_equal(route(1, false, APIC_DM_SMI, 0), 0);
	assert_int_equal(route(1, false, APIC_DM_EXTINT, 0x30), 0);
	assert_int_equal(route(1, false, 3, 0x30), 0);
	assert_int_equal(seen[1].nmi, 1);
	assert_int_equal(seen[1].sipi, 1);
	assert_int_equal(seen[1].sipi_vector, 0x9a);
	/* A disabled APIC takes nothing. */
	wrx(1, 0x1b, 0xfee00000);
	assert_int_equal(route(1, false, APIC_DM_NMI, 0), 0);
	assert_false(lapic_receive(&l[1], &(struct apic_msg){.delivery = APIC_DM_NMI}));
}

static void lowest_priority(void **state)
{
	(void)state;
	enable_all();
	wr(0, 0x80, 0x30);
	wr(1, 0x80, 0x20);
	wr(2, 0x80, 0x10);
	wr(3, 0xf0, 0xff); /* not enabled: not chosen */
	assert_int_equal(route(0xff, false, APIC_DM_LOWEST, 0x50), 1);
	assert_int_equal(irr_mask(0x50), 4);
	assert_int_equal(route(1, false, APIC_DM_LOWEST, 0x51), 1);
	assert_int_equal(irr_mask(0x51), 2);
	assert_int_equal(route(3, false, APIC_DM_LOWEST, 0x52), 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(x2apic_ids), T(routing), T(lowest_priority), T(ipis), T(x2apic_ipis),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
