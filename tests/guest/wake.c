/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test guest: sleeps that must end, or not. Command line, one of: halt=N (vCPU 1
 * waits in HALT for a port without a vector), start=N (vCPU 0 halts for good but
 * for the NMI of a vCPU that it has just started), watchdog=S (armed for so many
 * seconds, and left alone; with the word dead, halted with interrupts off), unborn
 * (an NMI for vCPU 1, which was never started, and halted for good), nmi=N (vCPU 1
 * sends two at once N times, and both must come; on one core), flood (vCPU 1
 * fills the console, in calls as long as may be, while vCPU 0 sleeps a ms each),
 * watch=N (sleeps 5 ms N times, and then says how late it woke at worst).
 */
#include "guests/rt/rt.h"

#define X2APIC_ICR 0x830u
#define ICR_NMI    0x4400u
#define ICR_INIT   0x4500u
#define ICR_SIPI   (0x4600u | RT_AP_PAGE >> 12)

#define PORT 8u

static volatile uint64_t got, nmis, done, turns;

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

/*
 * The first goes in, the second one waits until it has been handled (SDM 3A 6.7.1).
 * When vCPU 0 has turned in its loop after the second, both have been, and none of
 * the next pair meets the handler, where only one more would be remembered.
 */
static void send_pairs(void)
{
	uint64_t rounds = done, bad = 0;

	for (uint64_t n = 0; n < rounds; n++) {
		uint64_t before = nmis, turn;

		wrmsr(X2APIC_ICR, ICR_NMI);
		wrmsr(X2APIC_ICR, ICR_NMI);
		turn = turns; /* not before: a slice may end between the two */
		while (turns - turn < 3)
			hcall(MULLION_YIELD, 0, 0, 0, 0, 0);
		bad += nmis - before != 2;
	}
	print("wake: %lu pairs of NMIs, %lu bad\n", rounds, bad);
	done = 0;
}

static void flood(void)
{
	static char text[MULLION_CONSOLE_WRITE_MAX];

	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = i % 80 == 79 ? '\n' : '-';
	for (;;)
		hcall(MULLION_CONSOLE_WRITE, gpa_of(text), sizeof(text), 0, 0, 0);
}

static void watch(uint64_t times)
{
	uint64_t worst = 0;

	while (times--) {
		uint64_t due = now() + 5000000, woke;

		timer_set(due);
		while (!event_take(1u << MULLION_PORT_TIMER))
			halt();
		woke = now();
		if (woke > due && woke - due > worst)
			worst = woke - due;
	}
	print("wake: worst %lu us late\n", worst / 1000);
}

void guest_main(void)
{
	uint64_t n;

	if (option("watch", &n)) {
		watch(n);
		return;
	}

	if (option("flood", NULL) && vcpu_start(1, flood))
		for (;;) {
			timer_set(now() + 1000000);
			halt();
			event_take(UINT32_MAX);
		}

	if (option("halt", &n))
		wake_halted(n);
	if (option("start", &n))
		start_and_halt(n);
	if (option("nmi", &n)) {
		rt_handler[2] = nmi;
		done = n;
		if (!vcpu_start(1, send_pairs))
			print("wake: vCPU 1 does not start\n");
		while (done)
			turns++;
	}
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
