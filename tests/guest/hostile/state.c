/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hostile guest: control registers, descriptor tables, exceptions, halting. */
#include "tests/guest/hostile/hostile.h"

struct reg {
	uint64_t value;
	uint32_t index;
};

#define WRITER(name, insn)                                                                         \
	static void name(void *p)                                                                  \
	{                                                                                          \
		const struct reg *r = p;                                                           \
		__asm__ volatile(insn ::"r"(r->value) : "memory");                                 \
	}
WRITER(set_cr0, "mov %0, %%cr0")
WRITER(set_cr3, "mov %0, %%cr3")
WRITER(set_cr4, "mov %0, %%cr4")
WRITER(set_cr8, "mov %0, %%cr8")
WRITER(set_dr6, "mov %0, %%dr6")
WRITER(set_dr7, "mov %0, %%dr7")
WRITER(set_lmsw, "lmsw %w0")
WRITER(set_lldt, "lldt %w0")
WRITER(set_ltr, "ltr %w0")
WRITER(set_ss, "mov %w0, %%ss")

static void set_xcr(void *p)
{
	const struct reg *r = p;

	__asm__ volatile("xsetbv" ::"c"(r->index), "a"((uint32_t)r->value),
			 "d"((uint32_t)(r->value >> 32)));
}

static int attempt(struct tally *t, void (*fn)(void *), uint64_t value)
{
	struct reg r = {.value = value};

	return count(t, probe_call(fn, &r));
}

static void test_xcr0(struct tally *t)
{
	static const uint64_t values[] = {0,     2,     4,          5,       6,     8,    0x18,
					  0x1b,  0x23,  0x27,       0x67,    0xe7,  0x83, 0x200,
					  0x203, ~0ull, 1ull << 63, 0x60003, 0x100, 0x10};
	uint64_t cr4 = read_cr4();

	if (!(cpuid(1, 0).ecx & 1u << 26))
		return;
	write_cr4(cr4 | 1u << 18); /* OSXSAVE */
	for (unsigned i = 0; i < ARRAY_SIZE(values); i++)
		attempt(t, set_xcr, values[i]);
	for (uint32_t index = 1; index < 4; index++) {
		struct reg r = {.value = 1, .index = index};

		count(t, probe_call(set_xcr, &r));
	}
	attempt(t, set_xcr, 1);
	write_cr4(cr4);
}

/*
 * Reserved bits. Only where the CPU itself checks them: QEMU's TCG up to 11.1
 * lets a guest set them without an exit and then refuses to enter it again.
 */
static void test_reserved(struct tally *t, uint64_t cr0, uint64_t cr3, uint64_t cr4)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		if (bit) /* PE=0 with PG=1 stops Bochs 2.7 itself in an SVM guest */
			attempt(t, set_cr0, cr0 ^ 1ull << bit);
		write_cr0(cr0);
		attempt(t, set_cr4, cr4 ^ 1ull << bit);
		write_cr4(cr4);
		/* Bits below 12 but PWT and PCD are ignored, those from 52 on reserved. */
		if (bit < 12 || bit >= 52)
			attempt(t, set_cr3, cr3 ^ 1ull << bit);
		write_cr3(cr3);
	}
	attempt(t, set_cr0, 0);
	attempt(t, set_cr0, ~0ull);
	attempt(t, set_cr0, cr0 | 1u << 29); /* NW without CD */
	attempt(t, set_cr4, 0);              /* no long mode without PAE */
	attempt(t, set_cr4, ~0ull);
}

static void read_dr7_once(void *p)
{
	*(uint64_t *)p = read_dr7();
}

void test_control(void)
{
	static const uint8_t cr0_bits[] = {1, 2, 3, 5, 16, 18, 30};
	static const uint8_t cr4_bits[] = {0, 1, 2, 3, 4, 6, 7, 8, 9, 10};
	uint64_t cr0 = read_cr0(), cr3 = read_cr3(), cr4 = read_cr4(), dr7;
	struct tally t = {0};

	for (unsigned i = 0; i < ARRAY_SIZE(cr0_bits); i++) {
		attempt(&t, set_cr0, cr0 ^ 1ull << cr0_bits[i]);
		write_cr0(cr0);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(cr4_bits); i++) {
		attempt(&t, set_cr4, cr4 ^ 1ull << cr4_bits[i]);
		write_cr4(cr4);
	}
	for (unsigned bit = 0; bit < 64; bit++) {
		attempt(&t, set_cr8, 1ull << bit);
		write_cr8(0);
		attempt(&t, set_dr6, 1ull << bit);
		if (bit >= 10 && bit != 13) { /* enables nothing; GD comes below */
			attempt(&t, set_dr7, 0x400 | 1ull << bit);
			write_dr7(0x400);
		}
	}
	for (unsigned i = 0; i < 16; i++)
		attempt(&t, set_lmsw, i);
	write_cr0(cr0);
	test_xcr0(&t);
	if (option("strictcpu", NULL))
		test_reserved(&t, cr0, cr3, cr4);
	write_cr0(cr0);
	write_cr4(cr4);

	/* General detect: #DB on the next access, which clears GD (SDM 3B 17.2.4). */
	attempt(&t, set_dr7, 0x2400);
	count(&t, probe_call(read_dr7_once, &dr7));
	count(&t, probe_call(read_dr7_once, &dr7));
	if (probe_call(read_dr7_once, &dr7) < 0)
		write_dr7(0x400);
	write_dr6(0xffff0ff0);
	report("control", &t);
}

struct table_ptr {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static void set_gdt(void *p)
{
	__asm__ volatile("lgdt %0" ::"m"(*(struct table_ptr *)p));
}

static void set_idt(void *p)
{
	__asm__ volatile("lidt %0" ::"m"(*(struct table_ptr *)p));
}

void test_tables(void)
{
	static const uint64_t bases[] = {0,          0xfee00000,         ~0ull,
					 1ull << 47, 0x8000000000000000, 0xffff800000000000,
					 1ull << 52};
	struct table_ptr gdt, idt;
	struct tally t = {0};

	__asm__ volatile("sgdt %0; sidt %1" : "=m"(gdt), "=m"(idt));
	for (unsigned i = 0; i < ARRAY_SIZE(bases); i++) {
		struct table_ptr junk = {0xffff, bases[i]};

		/* A bad base that is taken harms only while an event is delivered. */
		count(&t, probe_call(set_gdt, &junk));
		set_gdt(&gdt);
		if ((int64_t)(bases[i] << 16) >> 16 == (int64_t)bases[i]) {
			count(&t, probe_call(set_idt, &junk));
			set_idt(&idt);
		}
	}
	for (unsigned i = 0; i < 64; i++) {
		uint64_t selector = random64() & 0xffff;

		if ((selector & ~7ull) == 0)
			continue;
		attempt(&t, set_lldt, selector);
		attempt(&t, set_ltr, selector);
		attempt(&t, set_ss, selector);
	}
	attempt(&t, set_lldt, 0);
	attempt(&t, set_ss, 0x18);
	report("tables", &t);
}

static volatile unsigned traps;

static void on_debug(struct frame *f)
{
	(void)f;
	traps++;
	write_dr6(0xffff0ff0);
}

/* Single steps over what exits: each must trap once after the instruction. */
static void step_through(void *p)
{
	(void)p;
	__asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq\n\t"
			 "nop; xor %%eax, %%eax; xor %%ecx, %%ecx; cpuid; rdtsc\n\t"
			 "mov %%cr0, %%rax; mov %%rax, %%cr0; mov $0x10, %%ecx; rdmsr\n\t"
			 "mov $0x80, %%dx; in %%dx, %%al; out %%al, %%dx; mov %%ss, %%ax\n\t"
			 "mov %%eax, %%ss; nop\n\t"
			 "pushfq; andl $~0x100, (%%rsp); popfq" ::
				 : "rax", "rbx", "rcx", "rdx", "memory", "cc");
}

#define SOFT_INT(n)                                                                                \
	static void int_##n(void *p)                                                               \
	{                                                                                          \
		(void)p;                                                                           \
		__asm__ volatile("int $" #n);                                                      \
	}
SOFT_INT(0)
SOFT_INT(1)
SOFT_INT(2)
SOFT_INT(3)
SOFT_INT(4)
SOFT_INT(6)
SOFT_INT(7)
SOFT_INT(16)
SOFT_INT(19)
SOFT_INT(32)
SOFT_INT(200)
SOFT_INT(255)

static void divide(void *p)
{
	__asm__ volatile("div %0" ::"r"((uint32_t)(uintptr_t)p & 0) : "rax", "rdx", "cc");
}

static void watch_write(void *p)
{
	__asm__ volatile("mov %0, %%dr0" ::"r"(p));
	write_dr7(0x400 | 1 | 1u << 16 | 3u << 18); /* 4 bytes, on writes */
	*(volatile uint32_t *)p = 1;
	write_dr7(0x400);
}

static void bad_return(void *p)
{
	(void)p;
	__asm__ volatile("push $0; push $0; pushfq; push $0x1234; push $0; iretq");
}

static void bad_stack(void *p)
{
	(void)p;
	__asm__ volatile("mov %0, %%rsp; push %%rax" ::"r"(0x8000000000000000ull));
}

void test_exceptions(void)
{
	static void (*const ints[])(void *) = {int_0, int_1,  int_2,  int_3,  int_4,   int_6,
					       int_7, int_16, int_19, int_32, int_200, int_255};
	struct tally t = {0};

	for (unsigned i = 0; i < ARRAY_SIZE(ints); i++)
		count(&t, probe_call(ints[i], NULL));
	count(&t, probe_call(divide, NULL));
	count(&t, probe_call(bad_return, NULL));
	count(&t, probe_call(bad_stack, NULL));
	rt_handler[VEC_DB] = on_debug;
	traps = 0;
	/* Bochs 2.7 with SVM takes such a #DB to its host instead. */
	if (!option("nostep", NULL))
		count(&t, probe_call(step_through, NULL));
	unsigned steps = traps;

	traps = 0;
	count(&t, probe_call(watch_write, scratch));
	rt_handler[VEC_DB] = NULL;
	report("exceptions", &t);
	print("hostile: exceptions: %u single steps, %u watchpoint\n", steps, traps);
}

/*
 * Delivery of #DB onto a stack of its own writes the watched place there, which
 * is a #DB again before the handler's first instruction (CVE-2015-8104).
 */
void endless_debug(void)
{
	uint64_t *place = (uint64_t *)(uintptr_t)trap_stack(VEC_DB) - 1;

	rt_handler[VEC_DB] = on_debug;
	__asm__ volatile("mov %0, %%dr0" ::"r"(place));
	write_dr7(0x400 | 1 | 1u << 16 | 3u << 18);
	for (;;)
		*(volatile uint32_t *)place = 0;
}

enum { VECTOR_TIMER = 0x42 };
static volatile unsigned ticks;

static void on_timer(struct frame *f)
{
	(void)f;
	event_take(1u << MULLION_PORT_TIMER);
	ticks++;
}

void test_halt(void)
{
	uint64_t start = time_ns(MULLION_CLOCK_MONOTONIC);

	event_take(~0u);
	event_handler(MULLION_PORT_TIMER, VECTOR_TIMER, on_timer);
	for (unsigned i = 1; i <= 10; i++) {
		timer_set(start + i * 1000000ull);
		while (ticks < i)
			irq_wait();
	}
	timer_set(0); /* past: at once */
	while (ticks < 11)
		irq_wait();
	timer_set(start + 1000000000ull);
	timer_set(MULLION_TIMER_OFF);
	print("hostile: halt: %u of 11 timer interrupts, in %lu us\n", ticks,
	      (time_ns(MULLION_CLOCK_MONOTONIC) - start) / 1000);
}
