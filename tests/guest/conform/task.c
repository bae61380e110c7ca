/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Task switches of a 32-bit kernel, by gate, call, jump and IRET (SDM 3A 7.2 to 7.4). */
#include "tests/guest/conform/conform.h"

const char conform_name[] = "task";

enum { OTHER = SPARE, GATE = SPARE + 8, SHORT = SPARE + 16 };
enum { AVAILABLE = 0x89, BUSY = 0x8b, VECTOR = 0x50 };
#define NT     0x4000u
#define CR0_TS 8u

static struct tss other;
static word stack[512];
/* What the other task has seen; at its end it returns by IRET, and goes on behind that. */
volatile word seen_flags, seen_tr, seen_link, seen_cr0, seen_error, seen_ax, runs;

__attribute__((naked, used)) static void task_code(void)
{
	__asm__ volatile("1: mov %eax, seen_ax; pushf; pop seen_flags; str %eax; mov %eax, seen_tr;"
			 "mov %cr0, %eax; mov %eax, seen_cr0; clts; incl runs; iret; jmp 1b");
}

/* For what pushes an error code. */
__attribute__((naked, used)) static void fault_code(void)
{
	__asm__ volatile("1: pop seen_error; incl runs; mov trap_end, %eax; mov %eax, tss + 32; "
			 "iret; jmp 1b");
}

static void set_tss(unsigned selector, const void *base, uint32_t limit, uint8_t access)
{
	uint64_t at = (word)base;

	gdt[selector / 8] =
		limit | (at & 0xffffff) << 16 | (uint64_t)access << 40 | (at >> 24 & 0xff) << 56;
}

static uint8_t access_of(unsigned selector)
{
	return (uint8_t)(gdt[selector / 8] >> 40);
}

static void fresh(void (*code)(void))
{
	other = (struct tss){.ip = (word)code,
			     .flags = 2,
			     .sp = (word)&stack[512],
			     .ax = 0x1234,
			     .es = KDS,
			     .cs = KCS,
			     .ss = KDS,
			     .ds = KDS,
			     .iomap_base = sizeof(struct tss)};
	set_tss(OTHER, &other, sizeof(other) - 1, AVAILABLE);
	runs = 0;
}

static void by_gate(void)
{
	fresh(task_code);
	idt[VECTOR] = (struct gate){.selector = OTHER, .type = 0x85};
	TRY("movl $0x77, %%ebx; int $0x50", ::: "eax", "ebx", "memory");
	expect("INT through a task gate, and back by IRET", NONE, 0);
	check("the task has run", runs, 1);
	check("with its EAX", seen_ax, 0x1234);
	check("with NT", seen_flags & NT, NT);
	check("with its TR", seen_tr, OTHER);
	check("with the link to the first", other.link & 0xffff, TSS);
	check("with CR0.TS", seen_cr0 & CR0_TS, CR0_TS);
	check("the first one's EBX was saved", tss.bx, 0x77);
	check("the first one's EIP was saved", tss.ip, trap_end);
	check("the first one is busy", access_of(TSS), BUSY);
	check("the other one is not", access_of(OTHER), AVAILABLE);
	check("NT is gone again", tss.flags & NT, 0);
	TRY("int $0x50", ::: "eax", "memory");
	check("it goes on where it was", runs, 2);
}

static void by_call(void)
{
	fresh(task_code);
	TRY("lcall $0x48, $0", ::: "eax", "memory");
	expect("CALL to a TSS, and back by IRET", NONE, 0);
	check("the task has run", runs, 1);
	check("with NT", seen_flags & NT, NT);
	gdt[GATE / 8] = (uint64_t)OTHER << 16 | 0x85ull << 40;
	TRY("lcall $0x50, $0", ::: "eax", "memory");
	check("and through a task gate", runs, 2);
}

static void by_fault(void)
{
	struct gate old = idt[GP];

	fresh(fault_code);
	idt[GP] = (struct gate){.selector = OTHER, .type = 0x85};
	TRY("mov %0, %%fs", ::"r"(0xfff8) : "eax", "memory");
	idt[GP] = old;
	check("#GP through a task gate", runs, 1);
	check("has its error code on the new stack", seen_error, 0xfff8);
}

static void refused(void)
{
	fresh(task_code);
	set_tss(OTHER, &other, sizeof(other) - 1, BUSY);
	TRY("lcall $0x48, $0", ::: "eax", "memory");
	expect_any("#GP of CALL to a busy TSS", GP, OTHER);
	set_tss(OTHER, &other, sizeof(other) - 1, AVAILABLE & 0x7f);
	TRY("lcall $0x48, $0", ::: "eax", "memory");
	expect_any("#NP of CALL to a TSS, not present", NP, OTHER);
	set_tss(SHORT, &other, 0x66, AVAILABLE);
	TRY("lcall $0x58, $0", ::: "eax", "memory");
	expect_any("#TS of CALL to a TSS that is too short", TS, SHORT);
}

static struct frame late;

/* Mended, the task begins. */
static void on_late(struct frame *f)
{
	late = *f;
	f->ds = KDS;
	f->ip = (word)task_code;
}

static void after_the_switch(void)
{
	fresh(task_code);
	handlers[TS] = on_late;
	other.ds = 0x7ff8;
	TRY("lcall $0x48, $0", ::: "eax", "memory");
	handlers[TS] = NULL;
	check("#TS of DS in the new TSS, behind the GDT", late.vector, TS);
	check("names the selector", late.error, 0x7ff8);
	check("comes before the first instruction", late.ip, (word)task_code);
	check("and in the new task", runs, 1);
	fresh(task_code);
	late.vector = 0;
	handlers[DB] = on_late;
	other.trap = 1;
	TRY("lcall $0x48, $0", ::: "eax", "memory");
	handlers[DB] = NULL;
	check("#DB of the T flag", late.vector, DB);
	check("DR6.BT", read_dr6() & 0x8000, 0x8000);
	check("the task has run", runs, 1);
}

void conform_main(void)
{
	refused();
	after_the_switch();
	by_gate();
	by_call();
	by_fault();
}
