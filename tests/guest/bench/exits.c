/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What exits of a PC cost. */
#include "tests/guest/bench/blk.h"
#include "tests/guest/conform/conform.h"

#include "tests/guest/bench/bench.h"

const char conform_name[] = "bench";

#define VECTOR 0x50u
#define ABSENT 0x2e0u /* a port that nothing answers */

#define MSR_APIC_BASE    0x1bu
#define MSR_MTRR_DEFAULT 0x2ffu
#define MSR_TSC_DEADLINE 0x6e0u
#define X2APIC(reg)      (0x800u + (reg) / 16)

enum {
	APIC_ID = 0x20,
	APIC_TPR = 0x80,
	APIC_EOI = 0xb0,
	APIC_SVR = 0xf0,
	APIC_ICR = 0x300,
	APIC_SELF_IPI = 0x3f0,
	APIC_TIMER = 0x320
};

static volatile uint32_t *const apic = (void *)0xfee00000ul;
volatile uint64_t arrived;
static bool x2apic;

static uint16_t in16(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void instructions(void)
{
	uint64_t v = rdmsr(MSR_MTRR_DEFAULT);

	MEASURE("cpuid", (void)cpuid(0, 0));
	MEASURE("rdmsr", (void)rdmsr(MSR_MTRR_DEFAULT));
	MEASURE("wrmsr", wrmsr(MSR_MTRR_DEFAULT, v));
}

static void ports(void)
{
	MEASURE("in-pic", (void)in8(0x21));
	MEASURE("out-pic", out8(0x21, 0xff));
	MEASURE("in-pit", (void)in8(0x43));
	MEASURE("out-pit", out8(0x43, 0xd0));
	MEASURE("in-uart", (void)in8(0x3fd));
	MEASURE("in-absent", (void)in8(ABSENT));
	MEASURE("in16-absent", (void)in16(ABSENT));
}

static void eoi(void)
{
	if (x2apic)
		wrmsr(X2APIC(APIC_EOI), 0);
	else
		apic[APIC_EOI / 4] = 0;
}

/* The gate of VECTOR leads here: the clock is read at once, then it is an interrupt like others. */
void arrival(void);
uint64_t ordinary;
__asm__("arrival: push %rax\n\tpush %rdx\n\trdtsc\n\tshl $32, %rdx\n\tor %rdx, %rax\n\t"
	"mov %rax, arrived(%rip)\n\tpop %rdx\n\tpop %rax\n\tjmp *ordinary(%rip)");

static void on_interrupt(struct frame *f)
{
	(void)f;
	eoi();
}

static void catch_arrivals(void)
{
	struct gate *g = &idt[VECTOR];
	uint64_t at = (uint64_t)arrival;

	ordinary = (uint64_t)g->offset1 << 16 | g->offset0;
	g->offset0 = (uint16_t)at;
	g->offset1 = (uint16_t)(at >> 16);
	handlers[VECTOR] = on_interrupt;
}

/* From the write of the ICR into the handler. */
static uint64_t ipi(void)
{
	uint64_t begin = rdtsc();

	arrived = 0;
	if (x2apic)
		wrmsr(X2APIC(APIC_SELF_IPI), VECTOR);
	else
		apic[APIC_ICR / 4] = 0x40000 | VECTOR;
	while (!arrived)
		__asm__ volatile("pause");
	return arrived - begin;
}

static void self_ipi(const char *name)
{
	for (unsigned i = 0; i < ROUNDS + WARM_UP; i++)
		take(i, ipi());
	MARK();
	(void)ipi();
	MARK();
	report(name, ROUNDS);
}

/* How much later than its deadline the timer's handler begins, after a HLT. */
static uint64_t late(uint64_t ticks)
{
	uint64_t deadline;

	__asm__ volatile("cli");
	arrived = 0;
	deadline = rdtsc() + ticks;
	wrmsr(MSR_TSC_DEADLINE, deadline);
	while (!arrived)
		__asm__ volatile("sti; hlt; cli" ::: "memory");
	__asm__ volatile("sti");
	return arrived - deadline;
}

static void sleep(const char *name, uint64_t ticks)
{
	for (unsigned i = 0; i < ROUNDS + WARM_UP; i++)
		take(i, late(ticks) + overhead);
	MARK();
	(void)late(ticks);
	MARK();
	report(name, ROUNDS);
}

static void local_apic(void)
{
	catch_arrivals();
	apic[APIC_SVR / 4] = 0x1ff;
	__asm__ volatile("sti");
	MEASURE("apic-tpr-write", apic[APIC_TPR / 4] = 0);
	MEASURE("apic-id-read", (void)apic[APIC_ID / 4]);
	MEASURE("apic-eoi", eoi());
	self_ipi("apic-self-ipi");
	MEASURE("cr8-write", write_cr8(0));

	wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0x400);
	x2apic = true;
	MEASURE("x2apic-tpr-write", wrmsr(X2APIC(APIC_TPR), 0));
	MEASURE("x2apic-id-read", (void)rdmsr(X2APIC(APIC_ID)));
	MEASURE("x2apic-eoi", eoi());
	self_ipi("x2apic-self-ipi");

	struct cpuid_regs r = cpuid(0x40000002, 0); /* kHz of the TSC */

	wrmsr(X2APIC(APIC_TIMER), 0x40000 | VECTOR);
	sleep("hlt-50us", (uint64_t)r.eax * 50 / 1000);
	sleep("hlt-500us", (uint64_t)r.eax * 500 / 1000);
}

/* Of the virtio block device, all at once; it is looked for the end, or an interrupt awaited. */
static void poll_disk(unsigned count)
{
	blk_start(count);
	while (!blk_done())
		__asm__ volatile("pause");
}

static void await_disk(void)
{
	__asm__ volatile("cli");
	arrived = 0;
	blk_start(1);
	while (!arrived)
		__asm__ volatile("sti; hlt; cli" ::: "memory");
	__asm__ volatile("sti");
}

static void disk(void)
{
	if (!blk_init(VECTOR)) {
		text("no virtio disk\n");
		return;
	}
	blk_prepare(PAGE_SIZE, false);
	MEASURE("virtio-4k", poll_disk(1));
	MEASURE_ROUNDS("virtio-4k-x32", ROUNDS, poll_disk(BLK_BATCH));
	blk_prepare(BLK_LARGEST, false);
	MEASURE_ROUNDS("virtio-128k", ROUNDS, poll_disk(1));
	MEASURE_ROUNDS("virtio-128k-x32", 50, poll_disk(BLK_BATCH));
	blk_prepare(PAGE_SIZE, true);
	MEASURE("virtio-4k-irq", await_disk());
}

/* Pages that nobody has touched: each round another one. */
static void first_touch(void)
{
	volatile char *page = (char *)0x400000;

	MEASURE("first-touch", *page = 1; page += PAGE_SIZE);
}

void conform_main(void)
{
	nothing();
	instructions();
	ports();
	local_apic();
	first_touch();
	disk();
}
