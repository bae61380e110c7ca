/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test guest: all its vCPUs send each other INIT, start-up IPIs, NMIs and
 * interrupts, to destinations that exist and to others, as fast as they can.
 * vCPU 0 does so in long mode, the others in real mode: each INIT and SIPI
 * begins them anew, wherever they are. Command line: seed=N (default 1);
 * resets=N: in one of N steps (default 5000) vCPU 0 has the VM reset by one of
 * the ways there are; 0: never.
 */
#include "guests/rt/rt.h"

#define X2APIC_ICR 0x830u
#define X2APIC_EOI 0x80bu

#define ICR_FIXED     0x4000u
#define ICR_LOWEST    0x4100u
#define ICR_NMI       0x4400u
#define ICR_INIT      0x4500u
#define ICR_DEASSERT  0x8500u
#define ICR_SIPI      (0x4600u | RT_AP_PAGE >> 12)
#define ICR_LOGICAL   0x0800u
#define ICR_SHORTHAND 18
#define ICR_RESERVED  0x2000u /* #GP */

#define MESSAGES 64u
#define STEPS    100u /* between two signs of life */

/* The page that the others run in; offsets are those in the code below. */
struct page {
	uint8_t code[0x200];
	uint32_t starts, seed;
	uint8_t unused[0x1f8];
	struct message {
		uint32_t icr, dest;
	} message[MESSAGES]; /* 0x400; then, from the end down, their stacks */
};
_Static_assert(offsetof(struct page, starts) == 0x200, "offset in the code");
_Static_assert(offsetof(struct page, message) == 0x400, "offset in the code");
_Static_assert(RT_AP_PAGE == 0x9000, "address in the code");

extern const char storm_begin[], storm_end[], storm_irq[], storm_gp[];

__asm__(".pushsection .rodata\n"
	".code16\n"
	"storm_begin:\n"
	"	cli\n"
	"	xorw %ax, %ax\n"
	"	movw %ax, %ds\n"
	"	movl $0x802, %ecx\n" /* the id: a stack of its own */
	"	rdmsr\n"
	"	andw $7, %ax\n"
	"	shlw $7, %ax\n"
	"	negw %ax\n"
	"	addw $0x9ff0, %ax\n"
	"	movw %ax, %sp\n"
	"	movl $0x80f, %ecx\n" /* INIT has disabled the APIC */
	"	movl $0x1ff, %eax\n"
	"	xorl %edx, %edx\n"
	"	wrmsr\n"
	"	movl $1, %eax\n"
	"	lock xaddl %eax, 0x9200\n"
	"	incl %eax\n"
	"	imull $0x9e3779b1, %eax, %esi\n"
	"	xorl 0x9204, %esi\n"
	"	orl $1, %esi\n"
	"1:	movl %esi, %eax\n" /* xorshift */
	"	shll $13, %eax\n"
	"	xorl %eax, %esi\n"
	"	movl %esi, %eax\n"
	"	shrl $17, %eax\n"
	"	xorl %eax, %esi\n"
	"	movl %esi, %eax\n"
	"	shll $5, %eax\n"
	"	xorl %eax, %esi\n"
	"	movw %si, %di\n"
	"	andw $0x1f8, %di\n" /* which message */
	"	movl 0x9400(%di), %eax\n"
	"	movl 0x9404(%di), %edx\n"
	"	movl $0x830, %ecx\n"
	"	wrmsr\n"
	"	testl $0xf0000, %esi\n" /* at times it sleeps until somebody wakes it */
	"	jnz 2f\n"
	"	sti\n"
	"	hlt\n"
	"	cli\n"
	"2:	testl $0x0ff00000, %esi\n" /* or for good, but for an NMI or INIT */
	"	jnz 1b\n"
	"	hlt\n"
	"	jmp 1b\n"
	"storm_irq:\n"
	"	pushal\n"
	"	movl $0x80b, %ecx\n"
	"	xorl %eax, %eax\n"
	"	xorl %edx, %edx\n"
	"	wrmsr\n"
	"	popal\n"
	"	iretw\n"
	"storm_gp:\n" /* past the WRMSR */
	"	pushw %bp\n"
	"	movw %sp, %bp\n"
	"	addw $2, 2(%bp)\n"
	"	popw %bp\n"
	"	iretw\n"
	"storm_end:\n"
	".code64\n"
	".popsection\n");

static uint64_t state;

static uint64_t random64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void ignore(struct frame *f)
{
	/* The runtime acknowledges all but this one. */
	if (f->vector == RT_RETURN_VECTOR)
		wrmsr(X2APIC_EOI, 0);
}

/* A vCPU that there is or not, or several of them; nobody: vCPU 0 is not among them. */
static struct message somebody(bool all)
{
	static const uint32_t odd[] = {16, 63, 0xfe, 0xff, 0x100, 0x7fffffff, 0xfffffffe};
	uint32_t others = (uint32_t)rt_info->vcpu_count - 1;
	uint64_t r = random64();

	switch (r >> 8 & 7) {
	case 0:
		return (struct message){.dest = odd[(r >> 16) % ARRAY_SIZE(odd)]};
	case 1: /* logical: cluster and mask */
		return (struct message){ICR_LOGICAL,
					(uint32_t)(r >> 16) & (all ? 0x1ffff : 0xfffe)};
	case 2:
		if (all)
			return (struct message){.dest = UINT32_MAX};
		break;
	case 3:
		if (all)
			return (struct message){.icr = (uint32_t)(r >> 16 & 3) << ICR_SHORTHAND};
		break;
	}
	return (struct message){.dest = all ? (uint32_t)(r >> 16) % (others + 1)
					    : 1 + (uint32_t)(r >> 16) % others};
}

static struct message message(void)
{
	uint64_t r = random64();
	uint32_t vector = 32 + (uint32_t)(r >> 8) % 224, what = r & 31;
	struct message m = somebody(what < 14);

	if (what < 9)
		m.icr |= ICR_FIXED | vector;
	else if (what < 10)
		m.icr |= ICR_FIXED | (vector & 15); /* illegal: the error register tells */
	else if (what < 12)
		m.icr |= ICR_LOWEST | vector;
	else if (what < 14)
		m.icr |= ICR_NMI;
	else if (what < 18)
		m.icr |= ICR_INIT;
	else if (what < 19)
		m.icr |= ICR_DEASSERT;
	else if (what < 31)
		m.icr |= (uint32_t)ICR_SIPI;
	else
		m.icr |= ICR_RESERVED;
	return m;
}

static void send(struct message m)
{
	if (!(m.icr & ICR_RESERVED))
		wrmsr(X2APIC_ICR, (uint64_t)m.dest << 32 | m.icr);
}

static void reset(struct page *p, uint64_t how)
{
	const struct message to_me = {ICR_INIT, 0};

	switch (how & 3) {
	case 0:
		restart();
	case 1: /* INIT restarts the boot processor, and so the VM */
		send(to_me);
		break;
	case 2: /* somebody else does it */
		p->message[how >> 8 & (MESSAGES - 1)] = to_me;
		break;
	case 3:
		if (watchdog(1000000))
			restart();
		break;
	}
}

static void step(uint64_t r)
{
	uint64_t now;

	send(message());
	switch (r >> 16 & 31) {
	case 0:
		timer_set(time_ns(MULLION_CLOCK_MONOTONIC) + (r >> 32) % 1000000);
		break;
	case 1: /* to a vCPU that may not run, or is none */
		hcall(MULLION_EVENT_BIND, r >> 24 & 31, 32 + (r >> 32) % 224, r >> 40 & 7, 0, 0);
		break;
	case 2:
		hcall(MULLION_EVENT_SEND, r >> 24 & 31, 0, 0, 0, 0);
		break;
	case 3:
		hcall(MULLION_EVENT_MASK, r >> 32, 0, 0, 0, 0);
		break;
	case 4:
		hcall(MULLION_YIELD, 0, 0, 0, 0, 0);
		break;
	case 5:
		(void)watchdog(r & 1 ? 3600000000000 : 0);
		break;
	case 6: /* whoever wakes it: the timer does at the latest */
		now = time_ns(MULLION_CLOCK_MONOTONIC);
		hcall(MULLION_EVENT_BIND, MULLION_PORT_TIMER, 0, 0, 0, 0);
		hcall(MULLION_EVENT_MASK, 0, 0, 0, 0, 0);
		timer_set(now + 200000);
		halt();
		event_take(UINT32_MAX);
		break;
	default:
		irq_on();
		__asm__ volatile("pause");
		irq_off();
	}
}

void guest_main(void)
{
	struct page *p = (struct page *)RT_AP_PAGE;
	uint32_t *ivt = NULL, segment = (uint32_t)(RT_AP_PAGE >> 4) << 16;
	uint64_t seed = 1, resets = 5000;

	option("seed", &seed);
	option("resets", &resets);
	/* Each start of the VM is another storm. */
	state = (seed << 32 | (uint32_t)time_ns(MULLION_CLOCK_WALL)) * 0x9e3779b97f4a7c15u | 1;
	__asm__("" : "+r"(ivt)); /* it is at 0, which is no NULL here */
	for (unsigned v = 0; v < 256; v++)
		ivt[v] = segment | (uint32_t)(storm_irq - storm_begin);
	ivt[13] = segment | (uint32_t)(storm_gp - storm_begin);
	memcpy(p->code, storm_begin, (size_t)(storm_end - storm_begin));
	p->starts = 0;
	p->seed = (uint32_t)random64();
	for (unsigned i = 0; i < MESSAGES; i++)
		p->message[i] = message();
	rt_handler[2] = ignore;
	for (unsigned v = 32; v < 256; v++)
		rt_handler[v] = ignore;
	print("storm: begins with seed %lu on %u vCPUs\n", seed, rt_info->vcpu_count);
	for (uint64_t n = 1;; n++) {
		uint64_t r = random64();

		step(r);
		if (n % STEPS == 0)
			print("storm: %lu steps, %u starts\n", n,
			      __atomic_load_n(&p->starts, __ATOMIC_RELAXED));
		if (resets && (r >> 8) % resets == 0)
			reset(p, r >> 40);
	}
}
