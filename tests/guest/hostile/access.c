/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hostile guest: every MSR and port, memory that is not its own, CPL 3, hypercalls. */
#include "tests/guest/hostile/hostile.h"

#define MSR_APIC_BASE 0x1bu
#define MSR_EFER      0xc0000080u

static void one_msr(uint32_t msr, struct tally *reads, struct tally *writes)
{
	uint64_t old, value;
	bool readable = count(reads, probe_rdmsr(msr, &old)) < 0;

	if (readable)
		count(writes, probe_wrmsr(msr, old));
	/* These two would end what the test itself stands on; their own tests follow. */
	if (msr == MSR_EFER || msr == MSR_APIC_BASE)
		return;
	count(writes, probe_wrmsr(msr, 0));
	count(writes, probe_wrmsr(msr, ~0ull));
	if (readable)
		probe_wrmsr(msr, old);
	probe_rdmsr(msr, &value);
}

static void msr_values(uint32_t msr, const uint64_t *change, unsigned n, struct tally *t)
{
	uint64_t old;

	if (probe_rdmsr(msr, &old) >= 0)
		return;
	for (unsigned i = 0; i < n; i++) {
		count(t, probe_wrmsr(msr, old ^ change[i]));
		probe_wrmsr(msr, old);
	}
}

void test_msrs(void)
{
	static const uint32_t ranges[] = {0, 0xc0000000, 0xc0010000};
	/* LME, LMA, SVME, LMSLE, a reserved bit, all but LME and NXE. */
	static const uint64_t efer[] = {1u << 8,  1u << 10,   1u << 12,
					1u << 13, 1ull << 40, ~0x900ull};
	/* Reserved bits, and back to xAPIC without going through off. */
	static const uint64_t apic[] = {1u << 10, 1u << 9, 1ull << 60, ~0xd00ull};
	struct tally reads = {0}, writes = {0};

	for (unsigned r = 0; r < ARRAY_SIZE(ranges); r++)
		for (uint32_t i = 0; i < 0x2000; i++)
			one_msr(ranges[r] + i, &reads, &writes);
	for (uint32_t i = 0; i < 64; i++)
		one_msr((uint32_t)random64() | 0x80000000u, &reads, &writes);
	msr_values(MSR_EFER, efer, ARRAY_SIZE(efer), &writes);
	msr_values(MSR_APIC_BASE, apic, ARRAY_SIZE(apic), &writes);
	wrmsr(0x80f, 0x1ff); /* whatever became of the local APIC: on again */
	wrmsr(0x808, 0);
	print("hostile: msr: %u read, %u #GP, %u other; %u written, %u #GP, %u other\n",
	      reads.quiet, reads.gp, reads.ud + reads.pf + reads.other, writes.quiet, writes.gp,
	      writes.ud + writes.pf + writes.other);
}

static void string_io(void *p)
{
	uint64_t n = 16, to = gpa_of(p), from = to;

	__asm__ volatile("rep insb" : "+D"(to), "+c"(n) : "d"(0x3f8) : "memory");
	n = 16;
	__asm__ volatile("rep outsl" : "+S"(from), "+c"(n) : "d"(0xcf8) : "memory");
}

void test_ports(bool quick)
{
	struct tally in = {0}, out = {0};
	unsigned noisy = 0;

	for (uint32_t port = 0; port < 0x10000; port += quick && port >= 0x1000 ? 16 : 1)
		for (unsigned size = 1; size <= 4; size *= 2) {
			uint32_t v;

			if (count(&in, probe_in((uint16_t)port, size, &v)) < 0 &&
			    v != (0xffffffffu >> (32 - 8 * size)))
				noisy++;
			count(&out, probe_out((uint16_t)port, size, size == 2 ? 0 : ~0u));
		}
	count(&in, probe_call(string_io, scratch));
	report("ports in", &in);
	report("ports out", &out);
	print("hostile: ports: %u answered something\n", noisy);
}

static void string_copy(void *p)
{
	uint64_t n = 64, to = gpa_of(p), from = TEST_VA + PAGE_SIZE - 32;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n)::"memory");
	n = 8;
	to = TEST_VA + PAGE_SIZE - 32;
	__asm__ volatile("rep stosq" : "+D"(to), "+c"(n) : "a"(0) : "memory");
}

static void odd_access(void *p)
{
	(void)p;
	__asm__ volatile("xchg %%rax, (%0); lock btsl $3, (%0); lock xorl $8, (%0)" ::"r"(TEST_VA)
			 : "rax", "memory", "cc");
}

/* What is not emulated: RDI and RSI are where no memory is. */
#define REFUSED(name, text)                                                                        \
	static void name(void *at)                                                                 \
	{                                                                                          \
		void *from = at;                                                                   \
                                                                                                   \
		__asm__ volatile(text : "+D"(at), "+S"(from)::"rax", "rdx", "memory", "cc");       \
	}
REFUSED(inc, "lock incl (%0)")
REFUSED(dec, "decb (%0)")
REFUSED(not, "lock notq (%0)")
REFUSED(neg, "negw (%0)")
REFUSED(setcc, "setnz (%0)")
REFUSED(xadd, "lock xaddl %%eax, (%0)")
REFUSED(cmpxchg, "lock cmpxchgl %%edx, (%0)")
REFUSED(cmpxchg8b, "lock cmpxchg8b (%0)")
REFUSED(lods, "lodsl")
REFUSED(scas, "scasb")
REFUSED(cmps, "cmpsq")
REFUSED(push, "pushq (%0); popq (%0)")
REFUSED(fnsave, "fnsave (%0)")

static void (*const refused_access[])(void *) = {
	inc, dec, not, neg, setcc, xadd, cmpxchg, cmpxchg8b, lods, scas, cmps, push, fnsave,
};

static void one_page(uint64_t gpa, struct tally *data, struct tally *refused, struct tally *exec,
		     unsigned *noisy)
{
	uint64_t v;

	if (!map_page(TEST_VA, gpa, PTE_P | PTE_W)) {
		print("hostile: memory: no page tables left\n");
		return;
	}
	for (unsigned size = 1; size <= 8; size *= 2) {
		if (count(data, probe_read(TEST_VA + 0x20, size, &v)) < 0 &&
		    v << (64 - 8 * size) != ~0ull << (64 - 8 * size))
			++*noisy;
		count(data, probe_write(TEST_VA + 0x20, size, 0));
	}
	count(data, probe_call(odd_access, NULL));
	count(data, probe_call(string_copy, scratch));
	for (unsigned i = 0; i < ARRAY_SIZE(refused_access); i++)
		count(refused, probe_call(refused_access[i], (void *)TEST_VA));
	count(exec, probe_exec(TEST_VA));
}

void test_memory(void)
{
	static const uint64_t places[] = {0xfee00000,  0xfec00000,   0xfed00000,   0xe0000000,
					  0xffff0000,  0xfffff000,   0xb0000000,   0xc0000000,
					  0x100000000, 0x1000000000, 0x8000000000, 0xfd00000000};
	unsigned width = cpuid(0x80000008, 0).eax & 0xff, noisy = 0;
	struct tally data = {0}, refused = {0}, exec = {0};
	uint64_t top = 0;

	for (unsigned i = 0; i < rt_info->memory_count; i++)
		top = rt_info->memory[i].base + rt_info->memory[i].size;
	map_page(TEST_VA + PAGE_SIZE, gpa_of(scratch), PTE_P | PTE_W);
	one_page(top, &data, &refused, &exec, &noisy);
	one_page(top + 0x200000, &data, &refused, &exec, &noisy);
	for (unsigned i = 0; i < ARRAY_SIZE(places); i++)
		if (places[i] >= top)
			one_page(places[i], &data, &refused, &exec, &noisy);
	for (unsigned w = 36; w <= 52; w++)
		one_page((1ull << w) - PAGE_SIZE, &data, &refused, &exec, &noisy);
	one_page((1ull << width) - PAGE_SIZE, &data, &refused, &exec, &noisy);
	for (unsigned i = 0; i < 64; i++) {
		uint64_t gpa = random64() & ((1ull << width) - 1);

		if (gpa >= top)
			one_page(gpa, &data, &refused, &exec, &noisy);
	}
	map_page(TEST_VA, 0, 0);
	map_page(TEST_VA + PAGE_SIZE, 0, 0);
	report("memory data", &data);
	report("memory refused", &refused);
	report("memory exec", &exec);
	print("hostile: memory: %u answered something\n", noisy);
}

/* Where calls may write: the scratch page, which has as much behind it, or no memory at all. */
static uint64_t junk_gpa(void)
{
	uint64_t gpa;

	switch (random64() % 6) {
	case 0:
		gpa = random64();
		break;
	case 1:
		gpa = ~0ull - random64() % 4096;
		break;
	case 2:
		gpa = 1ull << (random64() % 64);
		break;
	case 3: /* across the end of memory, where nothing of ours is */
		return rt_info->memory_bytes - random64() % 64 * 8;
	default:
		gpa = random64() % PAGE_SIZE & (random64() % 2 ? ~7ull : ~0ull);
	}
	return gpa < rt_info->memory_bytes ? gpa_of(scratch) + gpa % PAGE_SIZE : gpa;
}

static uint64_t junk_number(void)
{
	switch (random64() % 8) {
	case 0:
		return random64();
	case 1:
		return ~0ull - random64() % 4096;
	case 2:
		return 1ull << (random64() % 64);
	case 3:
		return random64() % 1024;
	default:
		return random64() % 40;
	}
}

/* Requests and segments with some sense in them, so that the checks are got past. */
static void fill_scratch(void)
{
	struct mullion_block_request *q = (struct mullion_block_request *)(void *)scratch;
	struct mullion_block_segment *s = (struct mullion_block_segment *)(void *)(scratch + 2048);

	memset(scratch, 0, sizeof(scratch));
	for (unsigned i = 0; i < 16; i++) {
		q[i] = (struct mullion_block_request){
			.op = (uint16_t)(random64() % 5),
			.flags = random64() % 8 == 0,
			.segment_count = (uint32_t)(random64() % 16 ? random64() % 5 : random64()),
			.sector = random64() % 4 ? random64() % 4096 : random64(),
			.segments = random64() % 4 ? gpa_of(s) : junk_gpa(),
			.status = MULLION_BLOCK_PENDING,
		};
		/* Whole sectors within the page, or a length that is none. */
		s[i].gpa = random64() % 4 ? gpa_of(scratch) : junk_gpa();
		s[i].len = (uint32_t)(random64() % 4 ? 512 * (random64() % 9) : random64() | 1);
	}
}

void test_hypercalls(void)
{
	unsigned errors = 0, unknown = 0, calls = 0;

	for (unsigned i = 0; i < 20000; i++) {
		uint64_t nr = random64() % 16 ? random64() % 20 : random64();
		uint64_t a = junk_number(), b = junk_number(), c = junk_number();
		int64_t r;

		switch (nr) {
		case MULLION_POWER_OFF:
		case MULLION_RESTART:
		case MULLION_CRASH:
		case MULLION_HALT:
			continue; /* these do what they say */
		case MULLION_CONSOLE_WRITE:
			memset(scratch, ' ', sizeof(scratch));
			a = junk_gpa();
			if (a < rt_info->memory_bytes)
				b = i % 64 == 0; /* the checks are meant, not the output */
			break;
		case MULLION_CONSOLE_READ:
			a = junk_gpa();
			break;
		case MULLION_BLOCK_SUBMIT:
			fill_scratch();
			b = junk_gpa();
			break;
		case MULLION_BLOCK_INFO:
			b = junk_gpa();
			break;
		}
		r = hcall(nr, a, b, c, junk_number(), junk_number());
		calls++;
		if (r == -MULLION_ENOSYS)
			unknown++;
		else if (r < 0)
			errors++;
	}
	for (unsigned port = 0; port < MULLION_PORTS; port++)
		hcall(MULLION_EVENT_BIND, port, 0, 0, 0, 0);
	hcall(MULLION_EVENT_MASK, 0, 0, 0, 0, 0);
	timer_set(MULLION_TIMER_OFF);
	print("\nhostile: hypercalls: %u made, %u errors, %u unknown\n", calls, errors, unknown);
}

/* CPL 3: mov eax, CONSOLE_WRITE; the hypercall; int 0x80. The last two put in by test_user(). */
static uint8_t user_page[PAGE_SIZE] __attribute__((aligned(4096)));

static void enter_user(void *p)
{
	/* SS, RSP, RFLAGS (AC when asked), CS, RIP as IRETQ pops them. */
	__asm__ volatile("push $0x33; push %0; push %1; push $0x3b; push %2; iretq" ::"r"(
				 TEST_VA + PAGE_SIZE - 16),
			 "r"((uint64_t)(uintptr_t)p ? 0x40002ull : 2ull), "r"(TEST_VA), "D"(TEST_VA)
			 : "memory");
}

static int run_user(struct tally *t, const uint8_t *code, size_t n, bool align)
{
	static const uint8_t leave[] = {0xcd, RT_RETURN_VECTOR};

	memset(user_page, 0x90, sizeof(user_page));
	memcpy(user_page, code, n);
	memcpy(user_page + n, leave, sizeof(leave));
	return count(t, probe_call(enter_user, align ? scratch : NULL));
}

void test_user(void)
{
	static const uint8_t call_intel[] = {0xb8, 1, 0, 0, 0, 0x0f, 0x01, 0xc1};
	static const uint8_t call_amd[] = {0xb8, 1, 0, 0, 0, 0x0f, 0x01, 0xd9};
	static const uint8_t misaligned[] = {0x48, 0x8b, 0x84, 0x24, 0xf1, 0xff, 0xff, 0xff};
	static const uint8_t priv[][4] = {{0xf4},
					  {0x0f, 0x30},
					  {0x0f, 0x32},
					  {0xfa},
					  {0xec},
					  {0x0f, 0x09},
					  {0x0f, 0x20, 0xc0},
					  {0x0f, 0x01, 0xd1},
					  {0x0f, 0x01, 0xd8},
					  {0x0f, 0x00, 0xd8}};
	bool intel = cpuid(MULLION_CPUID_ABI, 0).ecx == MULLION_INSN_VMCALL;
	uint64_t cr0 = read_cr0();
	struct tally t = {0};

	map_page(TEST_VA, gpa_of(user_page), PTE_P | PTE_W | PTE_U);
	int v = run_user(&t, intel ? call_intel : call_amd, sizeof(call_amd), false);
	int64_t answer = (int64_t)rt_fault.rax;

	run_user(&t, intel ? call_amd : call_intel, sizeof(call_amd), false);
	for (unsigned i = 0; i < ARRAY_SIZE(priv); i++)
		run_user(&t, priv[i], sizeof(priv[i]), false);
	write_cr0(cr0 | 1u << 18); /* AM: alignment is checked at CPL 3 */
	int ac = run_user(&t, misaligned, sizeof(misaligned), true);

	write_cr0(cr0);
	map_page(TEST_VA, 0, 0);
	report("user", &t);
	print("hostile: user: hypercall at CPL 3 gave %d (vector %d), misaligned read %s\n",
	      (int)answer, v, ac == VEC_AC ? "#AC" : "nothing");
}
