/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hypercalls of a paravirtual guest cost. With two vCPUs: an event from the first to the
 * second, which sleeps, and one back to the first, which sleeps then.
 */
#include "guests/rt/rt.h"

static void text(const char *s)
{
	print("%s", s);
}

#include "tests/guest/bench/bench.h"

#define BATCH  32u
#define VECTOR 0x50u
#define PING   (MULLION_PORT_USER + 0u)
#define PONG   (MULLION_PORT_USER + 1u)
#define BIG    (128u * 1024)

#define MSR_TSC_DEADLINE 0x6e0u
#define X2APIC_TIMER     0x832u

extern uint8_t rt_use_vmcall;

static struct mullion_block_segment segment;
static struct mullion_block_request request[BATCH];
static char buffer[BIG] __attribute__((aligned(4096)));
static volatile uint64_t arrived;

/* A number that does not exist: what any call takes before it is told from the others. */
static void null_call(void)
{
	uint64_t nr;

	if (rt_use_vmcall)
		MEASURE("hypercall", __asm__ volatile("vmcall" : "=a"(nr) : "0"(MULLION_CALLS)));
	else
		MEASURE("hypercall", __asm__ volatile("vmmcall" : "=a"(nr) : "0"(MULLION_CALLS)));
}

/* As many reads, one call after the other until all are accepted: each is complete then. */
static void read_disk(unsigned count)
{
	for (unsigned done = 0; done < count;) {
		int64_t n =
			hcall(MULLION_BLOCK_SUBMIT, 0, gpa_of(&request[done]), count - done, 0, 0);

		if (n <= 0 || request[done].status)
			crash(1, "block request");
		done += (unsigned)n;
	}
}

static void prepare(uint32_t bytes)
{
	segment = (struct mullion_block_segment){gpa_of(buffer), bytes, 0};
	for (unsigned i = 0; i < BATCH; i++)
		request[i] = (struct mullion_block_request){
			.op = MULLION_BLOCK_READ, .segment_count = 1, .segments = gpa_of(&segment)};
}

static void block(void)
{
	prepare(PAGE_SIZE);
	MEASURE("pv-4k", read_disk(1));
	MEASURE_ROUNDS("pv-4k-x32", ROUNDS, read_disk(BATCH));
	prepare(BIG);
	MEASURE_ROUNDS("pv-128k", ROUNDS, read_disk(1));
	MEASURE_ROUNDS("pv-128k-x32", 50, read_disk(BATCH));
}

static void on_timer(struct frame *f)
{
	(void)f;
	arrived = rdtsc();
}

/* How much later than its deadline the timer's handler begins, after the call for HALT. */
static uint64_t late(uint64_t ticks)
{
	uint64_t deadline = rdtsc() + ticks;

	arrived = 0;
	irq_on();
	wrmsr(MSR_TSC_DEADLINE, deadline);
	while (!arrived)
		halt();
	irq_off();
	return arrived - deadline + overhead;
}

static void sleep(const char *name, uint64_t us)
{
	for (unsigned i = 0; i < ROUNDS + WARM_UP; i++)
		take(i, late(rt_info->tsc_khz * us / 1000));
	MARK();
	(void)late(rt_info->tsc_khz * us / 1000);
	MARK();
	report(name, ROUNDS);
}

static void on_event(struct frame *f)
{
	(void)f;
	(void)event_take(1u << PONG);
	arrived = 1;
}

static void answer(struct frame *f)
{
	(void)f;
	(void)event_take(1u << PING);
	hcall(MULLION_EVENT_SEND, PONG, 0, 0, 0, 0);
}

static void other(void)
{
	for (;;)
		irq_wait();
}

static void ping(void)
{
	arrived = 0;
	hcall(MULLION_EVENT_SEND, PING, 0, 0, 0, 0);
	while (!arrived)
		irq_wait();
}

static void events(void)
{
	rt_handler[VECTOR] = on_event;
	rt_handler[VECTOR + 1] = answer;
	hcall(MULLION_EVENT_BIND, PONG, VECTOR, 0, 0, 0);
	hcall(MULLION_EVENT_BIND, PING, VECTOR + 1, 1, 0, 0);
	if (!vcpu_start(1, other))
		crash(1, "vCPU 1 does not start");
	MEASURE(option("cores", NULL) ? "event-cores" : "event", ping());
}

void guest_main(void)
{
	nothing();
	if (rt_info->vcpu_count > 1) {
		events();
		return;
	}
	null_call();
	block();
	(void)event_take(UINT32_MAX); /* that the disk raised: no halt while it is pending */
	rt_handler[VECTOR] = on_timer;
	wrmsr(X2APIC_TIMER, 0x40000 | VECTOR);
	sleep("pv-halt-50us", 50);
	sleep("pv-halt-500us", 500);
}
