/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test guest: two vCPUs wake each other by interprocessor interrupts, each
 * halting until it is woken. Command line: kicks=N (default 1000).
 */
#include "guests/rt/rt.h"

#define VECTOR 0x50

static volatile uint64_t sent[2], got[2]; /* kicks, by the vCPU that is kicked */
static volatile uint64_t twice;           /* interrupts that nobody sent */
static volatile bool stop;

static void kick(unsigned vcpu)
{
	sent[vcpu]++;
	ipi(vcpu, (uint8_t)(VECTOR + vcpu));
}

static void kicked(struct frame *f)
{
	unsigned vcpu = (unsigned)f->vector - VECTOR;

	if (got[vcpu] == sent[vcpu])
		__atomic_fetch_add(&twice, 1, __ATOMIC_RELAXED);
	else
		got[vcpu]++;
}

/* A wait of varying length, so that the kick meets each point of going to sleep. */
static void dawdle(uint64_t n)
{
	for (volatile uint64_t i = n * 2654435761u % 61; i; i--)
		;
}

static void other(void)
{
	uint64_t seen = 0;

	while (!stop) {
		irq_off();
		dawdle(seen);
		while (got[1] == seen && !stop)
			irq_wait();
		if (stop)
			break;
		seen++;
		kick(0);
	}
}

void guest_main(void)
{
	uint64_t kicks = 1000, began, part;

	option("kicks", &kicks);
	rt_handler[VECTOR] = rt_handler[VECTOR + 1] = kicked;
	if (!vcpu_start(1, other)) {
		print("kick: vCPU 1 does not start\n");
		return;
	}
	part = kicks / 20 + 1;
	began = time_ns(MULLION_CLOCK_MONOTONIC);
	for (uint64_t n = 0; n < kicks / 2; n++) {
		kick(1);
		dawdle(n + 7);
		irq_off();
		while (got[0] == n)
			irq_wait();
		if (n % part == part - 1)
			print("kick: %lu of %lu\n", 2 * (n + 1), kicks);
	}
	print("kick: %lu sent, %lu and %lu arrived, %lu twice, %lu ns each\n", kicks, got[0],
	      got[1], twice, (time_ns(MULLION_CLOCK_MONOTONIC) - began) / kicks);
	stop = true;
}
