/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test guest: sleeps that must end, or not. Command line, one of: halt=N (vCPU 1
 * waits in HALT for a port without a vector), start=N (vCPU 0 halts for good but
 * for the NMI of a vCPU that it has just started), watchdog=S (armed for so many
 * seconds, and left alone; with the word dead, halted with interrupts off), unborn
 * (an NMI for vCPU 1, which was never started, and halted for good).
 */
#include "guests/rt/rt.h"

#define X2APIC_ICR 0x830u
#define ICR_NMI    0x4400u
#define ICR_INIT   0x4500u
#define ICR_SIPI   (0x4600u | RT_AP_PAGE >> 12)

#define PORT 8u

static volatile uint64_t got, nmis, done;

static uint64_t now(void)
{
	return time_ns(MULLION_CLOCK_MONOTONIC);
}

static void dawdle(uint64_t n)
{
	for (volatile uint64_t i = n * 2654435761u % 997; i; i--)
		;
}

static void sleeper(void)
{
	for (;;) {
		halt();
		got += event_take(1u << PORT) != 0;
	}
}

static void wake_halted(uint64_t rounds)
{
	uint64_t lost = 0;

	if (!vcpu_start(1, sleeper))
		print("wake: vCPU 1 does not start\n");
	for (uint64_t n = 0; n < rounds; n++) {
		uint64_t before = got, until = now() + 2000000000;

		dawdle(n);
		hcall(MULLION_EVENT_SEND, PORT, 0, 0, 0, 0);
		while (got == before && now() < until)
			;
		lost += got == before;
	}
	print("wake: %lu events, %lu lost\n", rounds, lost);
}

static void nmi(struct frame *f)
{
	(void)f;
	nmis++;
}

static void waker(void)
{
	for (uint64_t round = done; done == round;) {
		uint64_t next = now() + 300000; /* not so many that nothing else is done */

		wrmsr(X2APIC_ICR, ICR_NMI);
		while (done == round && now() < next)
			;
	}
}

static void start_and_halt(uint64_t rounds)
{
	rt_handler[2] = nmi;
	if (!vcpu_start(1, waker))
		print("wake: vCPU 1 does not start\n");
	for (done = 1; done <= rounds; done++) {
		uint64_t before;

		dawdle(done);
		wrmsr(X2APIC_ICR, 1ull << 32 | ICR_INIT);
		before = nmis;
		wrmsr(X2APIC_ICR, 1ull << 32 | ICR_SIPI);
		while (nmis == before)
			__asm__ volatile("hlt");
	}
	print("wake: %lu starts, and awake\n", rounds);
}

void guest_main(void)
{
	uint64_t n;

	if (option("halt", &n))
		wake_halted(n);
	if (option("start", &n))
		start_and_halt(n);
	if (option("unborn", NULL)) {
		wrmsr(X2APIC_ICR, 1ull << 32 | ICR_NMI);
		for (;;)
			__asm__ volatile("cli; hlt");
	}
	if (!option("watchdog", &n))
		return;
	print("wake: watchdog gives %ld\n", watchdog(n * 1000000000));
	while (option("dead", NULL))
		__asm__ volatile("cli; hlt");
	for (;;) {
		timer_set(now() + 100000000);
		halt();
		event_take(UINT32_MAX);
	}
}
