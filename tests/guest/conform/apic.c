/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The local APIC in both modes, and the I/O APIC (SDM 3A 10; 82093AA data sheet). */
#include "tests/guest/conform/conform.h"

const char conform_name[] = "apic";

#define APIC_BASE 0x1bu
#define ENABLE    0x800u
#define X2APIC    0x400u
#define SVR_ON    0x1ffu /* spurious vector 0xff */
#define MASKED    0x10000u
#define PERIODIC  0x20000u
#define LEVEL     0x8000u
#define ASSERT    0x4000u
#define NMI_MODE  0x400u
#define SELF      0x40000u
#define IF        0x200u

enum { ID = 2, VERSION, TPR = 8, PPR = 10, EOI, LDR = 13, DFR, SVR, ISR, TMR = 0x18, IRR = 0x20 };
enum { ESR = 0x28, ICR = 0x30, ICR_HIGH, TIMER, LINT0 = 0x35, LINT1, ERROR };
enum { INITIAL = 0x38, CURRENT, DIVIDE = 0x3e };

static bool x2;

static uint32_t get(unsigned reg)
{
	if (x2)
		return (uint32_t)rdmsr(0x800 + reg);
	return *(volatile uint32_t *)(0xfee00000ul + 16 * reg);
}

static void set(unsigned reg, uint32_t value)
{
	if (x2)
		wrmsr(0x800 + reg, value);
	else
		*(volatile uint32_t *)(0xfee00000ul + 16 * reg) = value;
}

static bool bit(unsigned reg, unsigned vector)
{
	return get(reg + vector / 32) >> (vector % 32) & 1;
}

/* ---- interrupts that came: their vectors, in order ---- */

static unsigned came[16], count;
static bool keep; /* without an EOI */

static void on_irq(struct frame *f)
{
	if (count < ARRAY_SIZE(came))
		came[count] = (unsigned)f->vector;
	count++;
	if (!keep)
		set(EOI, 0);
}

static void self(unsigned vector)
{
	set(ICR, SELF | ASSERT | vector);
}

/* What waits is taken here. */
static void open(void)
{
	__asm__ volatile("sti; nop; nop; cli" ::: "memory");
}

static uint64_t order(void)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < count && i < ARRAY_SIZE(came); i++)
		all = all << 8 | came[i];
	count = 0;
	return all;
}

/* Until an interrupt has come, or so many ticks of the TSC have gone by. */
static bool wait(uint64_t ticks)
{
	uint64_t end = rdtsc() + ticks;

	while (!count && rdtsc() < end)
		open();
	return count;
}

static void local(void)
{
	check("version: an integrated APIC", get(VERSION) >> 4 & 15, 1);
	check_range("version: entries of the LVT", get(VERSION) >> 16 & 0xff, 3, 6);
	set(SVR, SVR_ON & ~0x100u);
	set(LINT0, 0x20);
	check("an APIC that is off has all LVT masked", get(LINT0) & MASKED, MASKED);
	set(SVR, SVR_ON);
	check("SVR", get(SVR), SVR_ON);
	check("and they stay so when it is on again", get(LINT0) & MASKED, MASKED);
	set(TPR, 0x5a);
	check("TPR", get(TPR), 0x5a);
	check("PPR is TPR when nothing is in service", get(PPR), 0x5a);
	check("CR8 is the TPR's upper half", read_cr8(), 5);
	write_cr8(3);
	check("and is written there", get(TPR), 0x30);
	set(TPR, 0);
}

static void order_of_interrupts(void)
{
	self(0x41);
	check("an interrupt waits in the IRR", bit(IRR, 0x41), 1);
	check("and not in the ISR", bit(ISR, 0x41), 0);
	self(0x41);
	self(0x53);
	self(0x62);
	open();
	check("the highest vector comes first, each once", order(), 0x625341);
	check("the IRR is empty then", bit(IRR, 0x41), 0);
	keep = true;
	self(0x53);
	open();
	check("in service: ISR", bit(ISR, 0x53), 1);
	check("in service: PPR", get(PPR), 0x50);
	self(0x5f);
	self(0x42);
	open();
	check("its class and those below wait", order(), 0x53);
	self(0x61);
	open();
	check("one above does not", order(), 0x61);
	keep = false;
	set(EOI, 0);
	check("EOI ends the highest", bit(ISR, 0x61) << 1 | bit(ISR, 0x53), 1);
	set(EOI, 0);
	open();
	check("then come the others", order(), 0x5f42);
	set(TPR, 0x60);
	self(0x6f);
	open();
	check("TPR holds its class back", order(), 0);
	set(TPR, 0x5f);
	open();
	check("and a lower one does not", order(), 0x6f);
	write_cr8(4);
	self(0x4f);
	open();
	check("CR8 holds its class back", order(), 0);
	write_cr8(3);
	open();
	check("and a lower one does not", order(), 0x4f);
	write_cr8(0);
	/* The machine's timer ends its run meanwhile; all that comes between is without an exit. */
	set(TPR, 0x50);
	self(0x41);
	set(DIVIDE, 0xb);
	set(TIMER, MASKED | 0x44);
	set(INITIAL, 10000);
	open();
	set(TPR, 0);
	for (uint64_t end = rdtsc() + 1000000; rdtsc() < end;)
		;
	check("with IF clear none comes, whatever else does", order(), 0);
	open();
	check("and then it does", order(), 0x41);
	/* SDM 3A 6.8.3: after STI one instruction more. */
	self(0x41);
	__asm__ volatile("sti; cli" ::: "memory");
	check("STI, CLI: none comes between", order(), 0);
	__asm__ volatile("sti; mov %%ss, %%eax; mov %%eax, %%ss; cli" ::: "eax", "memory");
	check("STI and one more instruction", order(), 0x41);
	self(0x41);
	__asm__ volatile("sti; hlt; cli" ::: "memory");
	check("STI, HLT", order(), 0x41);
}

static unsigned nmis, nested;

static void on_nmi(struct frame *f)
{
	(void)f;
	if (nmis++)
		return;
	set(ICR, SELF | ASSERT | NMI_MODE);
	__asm__ volatile("nop; nop" ::: "memory");
	nested = nmis - 1;
}

static void nmi(void)
{
	handlers[NMI] = on_nmi;
	set(ICR, SELF | ASSERT | NMI_MODE);
	__asm__ volatile("nop; nop" ::: "memory");
	check("NMI by the ICR, and one more in its handler", nmis, 2);
	check("which waits for IRET", nested, 0);
	handlers[NMI] = NULL;
}

static void errors(void)
{
	set(ESR, 0);
	set(ESR, 0);
	check("ESR is clear", get(ESR), 0);
	set(ERROR, 0x45);
	handlers[0x0f] = on_irq;
	self(0x0f);
	set(ESR, 0);
	check_range("ESR: an illegal vector was sent", get(ESR) & 0x60, 0x20, 0x60);
	open();
	check("and the error's interrupt came", order(), 0x45);
	set(ERROR, MASKED);
	set(ESR, 0);
	check("ESR is clear again", get(ESR), 0);
}

static void timer(void)
{
	set(DIVIDE, 0xb);
	set(TIMER, MASKED | 0x44);
	set(INITIAL, 1000000);
	check_range("the timer counts down", get(CURRENT), 1, 1000000);
	set(INITIAL, 0);
	check("and stops with 0", get(CURRENT), 0);
	set(INITIAL, 100);
	while (get(CURRENT))
		;
	open();
	check("masked, it comes not", order(), 0);
	set(TIMER, 0x44);
	set(INITIAL, 10000);
	check("one shot", wait(1ull << 32) ? order() : 0, 0x44);
	check("stands at 0 then", get(CURRENT), 0);
	check("and comes no more", wait(1000000), 0);
	set(TIMER, PERIODIC | 0x44);
	set(INITIAL, 20000);
	for (unsigned i = 0; i < 3; i++) {
		check("periodic", wait(1ull << 32), 1);
		order();
	}
	check_range("and counts again", get(CURRENT), 1, 20000);
	set(TIMER, MASKED);
	set(INITIAL, 0);
	open(); /* one may have come while this was printed */
	count = 0;
}

/* TSC-deadline mode (SDM 3A 10.5.4.1). */
static void deadline(void)
{
	uint64_t at;

	if (!(cpuid(1, 0).ecx & 1u << 24)) {
		skip("TSC deadline", "CPUID does not name it");
		return;
	}
	set(TIMER, 0x40000 | 0x46);
	__asm__ volatile("mfence");
	at = rdtsc() + 1000000;
	wrmsr(0x6e0, at);
	check("TSC deadline reads back", rdmsr(0x6e0), at);
	check("it comes", wait(1ull << 32) ? order() : 0, 0x46);
	check("and not before", rdtsc() >= at, 1);
	check("the MSR is 0 then", rdmsr(0x6e0), 0);
	wrmsr(0x6e0, 1);
	check("one that has gone by comes at once", wait(1000000) ? order() : 0, 0x46);
	wrmsr(0x6e0, rdtsc() + 1000000);
	wrmsr(0x6e0, 0);
	check("0 disarms it", wait(2000000), 0);
	set(TIMER, MASKED);
}

/* ---- the I/O APIC ---- */

static volatile uint32_t *const ioapic = (volatile uint32_t *)0xfec00000ul;

static uint32_t io_get(unsigned index)
{
	ioapic[0] = index;
	return ioapic[4];
}

static void io_set(unsigned index, uint32_t value)
{
	ioapic[0] = index;
	ioapic[4] = value;
}

static void redirection(void)
{
	io_set(0x10 + 2 * 23 + 1, 0xffffffff);
	check("I/O APIC: the destination's bits", io_get(0x10 + 2 * 23 + 1) >> 24, 0xff);
	io_set(0x10 + 2 * 23, 0xffffffff);
	check("I/O APIC: what of an entry is read-only", io_get(0x10 + 2 * 23) & 0xffffffff,
	      0x1afff);
	io_set(0x10 + 2 * 23, MASKED);
	io_set(0x10 + 2 * 23 + 1, 0);
	check_range("I/O APIC: version", io_get(1) & 0xff, 0x11, 0x20);
	check("I/O APIC: pins", io_get(1) >> 16 & 0xff, 23);
}

/* The 8254's output, at pin 2 by PIC's IRQ 0; mode 0 goes high once. */
static void edge(void)
{
	io_set(0x15, 0);
	io_set(0x14, 0x48);
	out8(0x43, 0x30);
	out8(0x40, 100);
	out8(0x40, 0);
	check("I/O APIC: an edge of the PIT", wait(1ull << 32) ? order() : 0, 0x48);
	check("has no remote IRR", io_get(0x14) & 0x4000, 0);
	check("TMR is clear", bit(TMR, 0x48), 0);
	io_set(0x14, MASKED | 0x48);
	out8(0x43, 0x30);
	out8(0x40, 100);
	out8(0x40, 0);
	check("I/O APIC: not while masked", wait(10000000), 0);
	io_set(0x14, 0x48);
	check("and an edge is lost", wait(1000000), 0);
	io_set(0x14, MASKED);
}

/* The UART's "transmitter empty" stays until it is looked at. */
static void level(void)
{
	keep = true;
	io_set(0x10 + 2 * 4 + 1, 0);
	io_set(0x10 + 2 * 4, LEVEL | 0x49);
	while (!(in8(0x3fd) & 0x40))
		;
	out8(0x3fc, 8); /* OUT2 lets the line out */
	out8(0x3f9, 2);
	check("I/O APIC: a level of the UART", wait(1ull << 32), 1);
	check("remote IRR", io_get(0x10 + 2 * 4) & 0x4000, 0x4000);
	check("TMR", bit(TMR, 0x49), 1);
	check("once until EOI", wait(1000000) ? order() : 0, 0x49);
	set(EOI, 0);
	check("EOI: it comes again", wait(1ull << 32) ? order() : 0, 0x49);
	out8(0x3f9, 0);
	set(EOI, 0);
	check("EOI: no more when the line is low", wait(1000000), 0);
	check("nor remote IRR", io_get(0x10 + 2 * 4) & 0x4000, 0);
	io_set(0x10 + 2 * 4, MASKED);
	keep = false;
}

/* ---- modes ---- */

static void modes(void)
{
	uint64_t base = rdmsr(APIC_BASE);

	check("enabled, the boot processor's", base & 0xfffffd00, 0xfee00900);
	if (!(cpuid(1, 0).ecx & 1u << 21)) {
		skip("x2APIC", "CPUID does not name it");
		return;
	}
	try_rdmsr(0x802);
	expect_any("#GP of an x2APIC register in xAPIC mode", GP, 0);
	try_wrmsr(APIC_BASE, (base & ~(uint64_t)ENABLE) | X2APIC);
	expect_any("#GP of x2APIC without enable", GP, 0);
	wrmsr(APIC_BASE, base | X2APIC);
	x2 = true;
	try_wrmsr(APIC_BASE, base);
	expect_any("#GP of x2APIC to xAPIC", GP, 0);
	check("x2APIC: the logical id of id 0", get(LDR), 1);
	try_wrmsr(0x802, 0);
	expect_any("#GP of a write to ID", GP, 0);
	try_wrmsr(0x80b, 1);
	expect_any("#GP of EOI but 0", GP, 0);
	try_wrmsr(0x808, 0x100);
	expect_any("#GP of a reserved bit of TPR", GP, 0);
	try_wrmsr(0x808, 1ull << 32);
	expect_any("#GP of the upper half of TPR", GP, 0);
	try_rdmsr(0x80e);
	expect_any("#GP of DFR", GP, 0);
	try_rdmsr(0x831);
	expect_any("#GP of ICR's upper half", GP, 0);
	try_rdmsr(0x83f);
	expect_any("#GP of reading SELF IPI", GP, 0);
	try_rdmsr(0x80b);
	expect_any("#GP of reading EOI", GP, 0);
	wrmsr(0x83f, 0x47);
	open();
	check("SELF IPI", order(), 0x47);
	order_of_interrupts();
	timer();
	wrmsr(APIC_BASE, base & ~(uint64_t)ENABLE);
	check("CPUID has no APIC while it is off", cpuid(1, 0).edx & 0x200, 0);
	try_wrmsr(APIC_BASE, base | X2APIC);
	expect_any("#GP of off to x2APIC", GP, 0);
	wrmsr(APIC_BASE, base);
	x2 = false;
	check("and on again, as after a reset", get(SVR), 0xff);
}

void conform_main(void)
{
	for (unsigned i = 0x20; i < 0x100; i++)
		if (i != USER_EXIT)
			handlers[i] = on_irq;
	local();
	order_of_interrupts();
	nmi();
	errors();
	timer();
	deadline();
	redirection();
	edge();
	level();
	modes();
}
