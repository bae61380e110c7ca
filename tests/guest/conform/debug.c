/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debug exceptions: single steps, breakpoints, DR6 and DR7 (SDM 3B 17.2, 17.3). */
#include "tests/guest/conform/conform.h"

const char conform_name[] = "debug";

#define TF      0x100u
#define RF      0x10000u
#define DR6_BS  0x4000u
#define DR6_BD  0x2000u
#define DR6_SET 0xffff0ff0u /* what reads as 1, of 32 bits */
#define DR7_GD  0x2000u
#define CR4_DE  8u

static volatile uint64_t word8[2] __attribute__((aligned(16)));

/* The steps that one piece of code took: where each ended. */
static struct {
	unsigned count, others;
	word ip[32], dr6[32];
} steps;

static void on_step(struct frame *f)
{
	word dr6 = read_dr6();

	if (steps.count < ARRAY_SIZE(steps.ip)) {
		steps.ip[steps.count] = f->ip;
		steps.dr6[steps.count] = dr6;
	}
	steps.count++;
	if (dr6 & 15 || !(dr6 & DR6_BS))
		steps.others++;
	write_dr6(DR6_SET);
	if (f->ip == trap_end || steps.count == ARRAY_SIZE(steps.ip))
		f->flags &= ~(word)TF;
}

/*
 * Steps through code, from behind the POPF that sets TF. The step after it comes behind the
 * first instruction.
 */
#define STEP(code, ...)                                                                            \
	do {                                                                                       \
		handlers[DB] = on_step;                                                            \
		steps.count = steps.others = 0;                                                    \
		write_dr6(DR6_SET);                                                                \
		TRY("pushfq; orl $0x100, (%%rsp); popfq; 1: " code, __VA_ARGS__);                  \
		handlers[DB] = NULL;                                                               \
	} while (0)

static void stepped(const char *name, unsigned count)
{
	check(name, steps.count, count);
	if (steps.others)
		check("and each by DR6.BS alone", steps.others, 0);
	if (trap.vector != NONE)
		expect_any("and no exception", NONE, 0);
}

static void single_steps(void)
{
	STEP("nop; nop", ::: "memory");
	stepped("two NOPs", 2);
	check("the second step is at the end", steps.ip[1], trap_end);
	check("the first one byte before", steps.ip[0], trap_end - 1);
	check("DR6 says a single step", steps.dr6[0], DR6_SET | DR6_BS);
	STEP("cpuid; nop", : : "a"(0), "c"(0) : "rbx", "rdx");
	stepped("CPUID", 2);
	check("a step behind CPUID", steps.ip[0], trap_end - 1);
	STEP("rdtsc; nop", ::: "rax", "rdx");
	stepped("RDTSC", 2);
	STEP("rdmsr; nop", ::"c"(MSR_EFER) : "rax", "rdx");
	stepped("RDMSR", 2);
	STEP("rdmsr; nop", ::"c"(0x1b) : "rax", "rdx");
	stepped("RDMSR of the APIC's base", 2);
	STEP("inb $0x21, %%al; nop", ::: "rax");
	stepped("IN", 2);
	check("a step behind IN", steps.ip[0], trap_end - 1);
	STEP("outb %%al, $0x80; nop", ::: "rax");
	stepped("OUT", 2);
	STEP("mov %%cr0, %%rax; mov %%rax, %%cr0; nop", ::: "rax");
	stepped("MOV from and to CR0", 3);
	STEP("mov %%cr4, %%rax; mov %%rax, %%cr4; nop", ::: "rax");
	stepped("MOV from and to CR4", 3);
	STEP("mov %%cr3, %%rax; mov %%rax, %%cr3; nop", ::: "rax");
	stepped("MOV from and to CR3", 3);
	STEP("wbinvd; nop", ::: "memory");
	stepped("WBINVD", 2);
	STEP("mov (%0), %%eax; nop", ::"r"(0xfee00030ul) : "rax");
	stepped("a read of the local APIC", 2);
	STEP("rep movsb; nop", : : "S"(word8), "D"(word8 + 1), "c"(3ul) : "memory");
	stepped("REP MOVSB, after each byte", 4);
	STEP("rep insb; nop", : : "D"(word8), "d"(0x21), "c"(3ul) : "memory");
	stepped("REP INSB, after each byte", 4);
	STEP("rep insb; nop", : : "D"(word8), "d"(0x21), "c"(0ul) : "memory");
	stepped("REP INSB, no byte", 2);
	STEP("mov %%ss, %%eax; mov %%eax, %%ss; nop; nop", ::: "rax");
	stepped("MOV to SS: no step behind it", 3);
	check("but one instruction later", steps.ip[1], trap_end - 1);
	STEP("mov %%ss, %%eax; mov %%eax, %%ss; cpuid; nop", ::: "rax", "rbx", "rcx", "rdx");
	stepped("MOV to SS, CPUID", 3);
	STEP("pushfq; popq %%rax; nop", ::: "rax");
	stepped("PUSHF", 3);
	STEP("pushfq; andl $~0x100, (%%rsp); popfq; nop; nop", ::: "memory");
	stepped("POPF that clears TF: a step behind it", 3);
}

/* ---- breakpoints ---- */

__asm__(".text\nbp_code: nop\nbp_second: nop\nret");
extern char bp_code[], bp_second[];

enum { EXECUTE, WRITE, PORT, READ_WRITE };
#define LEN1 0u
#define LEN4 3u
#define LEN8 2u

/* The first breakpoint, globally enabled. */
static void arm(word at, unsigned what, unsigned len)
{
	write_dr0(at);
	write_dr6(DR6_SET);
	write_dr7(0x402 | what << 16 | len << 18);
}

static struct frame last;
static unsigned breaks;
static word last_dr6; /* of the first one */

/* RF, so that the instruction is not stopped again. */
static void on_break(struct frame *f)
{
	last = *f;
	last_dr6 = breaks++ ? last_dr6 : read_dr6();
	f->flags |= RF;
}

static void execution(void)
{
	breaks = 0;
	handlers[DB] = on_break;
	arm((word)bp_second, EXECUTE, LEN1);
	TRY("call bp_code", ::: "memory");
	check("an instruction breakpoint, and RF goes on", breaks, 1);
	check("it is a fault", last.ip, (word)bp_second);
	check("without RF in the flags that it saves", last.flags & RF, 0);
	check("DR6.B0", read_dr6(), DR6_SET | 1);
	TRY("call bp_code", ::: "memory");
	check("RF holds for one instruction", breaks, 2);
	write_dr7(0x400 | 1);
	TRY("call bp_code", ::: "memory");
	check("locally enabled", breaks, 3);
	write_dr7(0x400);
	TRY("call bp_code", ::: "memory");
	check("not enabled", breaks, 3);
	handlers[DB] = NULL;
	TRY("ud2", ::: "memory");
	check("other faults save RF", trap.flags & RF, RF);
}

static void data(void)
{
	word at = (word)word8;

	arm(at, WRITE, LEN4);
	TRY("movl $1, (%0)", ::"r"(at) : "memory");
	expect_trap("#DB of a write is a trap", DB);
	check("the write is done", word8[0], 1);
	check("DR6.B0", trap.dr6, DR6_SET | 1);
	TRY("movl (%0), %%eax", ::"r"(at) : "rax");
	expect("no #DB of a read", NONE, 0);
	TRY("movb $1, 3(%0)", ::"r"(at) : "memory");
	expect_trap("#DB of a write to its last byte", DB);
	TRY("movb $1, 4(%0)", ::"r"(at) : "memory");
	expect("no #DB of a write behind it", NONE, 0);
	TRY("movq $1, -4(%0)", ::"r"(at) : "memory");
	expect_trap("#DB of a write across its beginning", DB);
	arm(at, READ_WRITE, LEN8);
	TRY("movb 7(%0), %%al", ::"r"(at) : "rax");
	expect_trap("#DB of a read, 8 bytes", DB);
	write_dr6(DR6_SET);
	handlers[DB] = on_break;
	breaks = 0;
	TRY("pushfq; orl $0x100, (%%rsp); popfq; movb $1, 7(%0); pushfq; andl $~0x100, (%%rsp); "
	    "popfq",
	    ::"r"(at)
	    : "memory");
	handlers[DB] = NULL;
	write_dr7(0x400);
	check("a write and a step are one #DB", last_dr6, DR6_SET | DR6_BS | 1);
}

static void ports(void)
{
	TRY("mov %%dr4, %%rax", ::: "rax");
	expect("DR4 is DR6 without CR4.DE", NONE, 0);
	write_cr4(read_cr4() | CR4_DE);
	TRY("mov %%dr4, %%rax", ::: "rax");
	expect("#UD of DR4 with CR4.DE", UD, 0);
	arm(0x80, PORT, LEN1);
	TRY("outb %%al, $0x80", ::: "memory");
	expect_trap("#DB of OUT is a trap", DB);
	check("DR6.B0 of OUT", trap.dr6, DR6_SET | 1);
	TRY("outb %%al, $0x81", ::: "memory");
	expect("no #DB of OUT to the next port", NONE, 0);
	TRY("inb $0x80, %%al", ::: "rax");
	expect_trap("#DB of IN", DB);
	TRY("outsb", : : "S"(word8), "d"(0x80) : "memory");
	expect_trap("#DB of OUTS", DB);
	write_dr7(0x400);
	write_cr4(read_cr4() & ~(word)CR4_DE);
}

static void registers(void)
{
	write_dr6(0);
	check("DR6: what is always 1", read_dr6(), DR6_SET);
	write_dr7(0);
	check("DR7: what is always 1", read_dr7(), 0x400);
	write_dr7(0xffff0000 | 0xdfff);
	check("DR7: what is always 0", read_dr7() & ~0x800ul /* RTM */, 0xffff07ff);
	write_dr7(0x400);
	try_dr6(1ul << 32);
	expect("#GP of the upper half of DR6", GP, 0);
	try_dr7(1ul << 32);
	expect("#GP of the upper half of DR7", GP, 0);
	write_dr0(0x123456789abcul);
	check("DR0 has 64 bits", read_dr0(), 0x123456789abcul);
	write_dr6(DR6_SET);
	write_dr7(0x400 | DR7_GD);
	TRY("mov %%dr0, %%rax", ::: "rax");
	expect("#DB of DR7.GD", DB, 0);
	check("DR6.BD", trap.dr6, DR6_SET | DR6_BD);
	write_dr7(0x400);
	check("DR7.GD is clear in the handler", read_dr7(), 0x400);
}

void conform_main(void)
{
	single_steps();
	execution();
	data();
	ports();
	registers();
}
