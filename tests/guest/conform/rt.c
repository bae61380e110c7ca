/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every conformance guest stands on: tables, exceptions, user mode, verdicts. */
#include "tests/guest/conform/conform.h"

struct trap trap;
uint32_t trap_start, trap_end, trap_armed;
word trap_sp;
handler_fn handlers[256];
struct gate idt[256] __attribute__((aligned(4096)));
struct pointer idt_pointer = {sizeof(idt) - 1, (word)idt};
struct tss tss;
word user_cs = sizeof(word) == 8 ? UCS64 : UCS32;

static unsigned passed, failed, skipped;

extern char stubs[], int_stack_top[], df_stack_top[];
void rt_start(void);
struct frame *trap_entry(struct frame *f);
word user_enter(word ip, word arg, word flags, word cs);
__attribute__((noreturn)) void user_leave(word value);

/* ---- text ---- */

static void put(char c)
{
	while (!(in8(0x3fd) & 0x20))
		;
	out8(0x3f8, (uint8_t)c);
}

void text(const char *s)
{
	while (*s)
		put(*s++);
}

static void hex(uint64_t n)
{
	int shift = 60;

	text("0x");
	while (shift && !(n >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		put("0123456789abcdef"[n >> shift & 15]);
}

static void decimal(unsigned n)
{
	if (n >= 10)
		decimal(n / 10);
	put((char)('0' + n % 10));
}

/* ---- verdicts ---- */

static bool verdict(const char *name, bool right)
{
	*(right ? &passed : &failed) += 1;
	text(right ? "ok " : "FAIL ");
	text(name);
	text(right ? "\n" : ": got ");
	return right;
}

void check(const char *name, uint64_t got, uint64_t want)
{
	if (verdict(name, got == want))
		return;
	hex(got);
	text(", want ");
	hex(want);
	text("\n");
}

void check_range(const char *name, uint64_t got, uint64_t least, uint64_t most)
{
	if (verdict(name, got >= least && got <= most))
		return;
	hex(got);
	text(", want ");
	hex(least);
	text(" to ");
	hex(most);
	text("\n");
}

void skip(const char *name, const char *why)
{
	skipped++;
	text("skip ");
	text(name);
	text(": ");
	text(why);
	text("\n");
}

static void event(int vector, word error)
{
	if (vector == NONE) {
		text("nothing");
		return;
	}
	text("vector ");
	decimal((unsigned)vector);
	text(" error ");
	hex(error);
}

static void compare(const char *name, int vector, word error, bool at, word ip)
{
	if (verdict(name, trap.vector == vector && trap.error == error && (!at || trap.ip == ip)))
		return;
	event(trap.vector, trap.error);
	if (at && trap.vector != NONE) {
		text(" at ");
		hex(trap.ip);
	}
	text(", want ");
	event(vector, error);
	if (at) {
		text(" at ");
		hex(ip);
	}
	text("\n");
}

void expect(const char *name, int vector, word error)
{
	compare(name, vector, error, vector != NONE, trap_start);
}

void expect_trap(const char *name, int vector)
{
	compare(name, vector, 0, true, trap_end);
}

void expect_any(const char *name, int vector, word error)
{
	compare(name, vector, error, false, 0);
}

void finish(void)
{
	text("conform ");
	text(conform_name);
	text(": ");
	decimal(passed);
	text(" passed, ");
	decimal(failed);
	text(" failed, ");
	decimal(skipped);
	text(" skipped\n");
	while (!(in8(0x3fd) & 0x40))
		;
	out8(0xf4, failed ? 1 : 0);
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* ---- exceptions ---- */

/* The frame where IRET finds the stack as at the beginning of TRY(). */
static struct frame *resume(struct frame *f)
{
	f->cs = KCS;
	f->ip = trap_end;
	f->flags &= ~0x10100ul; /* TF and RF */
#ifdef __x86_64__
	f->sp = trap_sp;
	return f;
#else
	/* Nothing but where its frame ends says where the stack is. */
	word *to = (word *)trap_sp, *from = &f->sp;

	while (from > &f->es)
		*--to = *--from;
	return (struct frame *)to;
#endif
}

struct frame *trap_entry(struct frame *f)
{
	handler_fn handler = handlers[f->vector & 0xff];

	if (handler) {
		handler(f);
		return f;
	}
	trap.vector = (int)f->vector;
	trap.count++;
	trap.error = f->error;
	trap.ip = f->ip;
	trap.cs = f->cs;
	trap.flags = f->flags;
	trap.sp = f->cs & 3 || sizeof(word) == 8 ? f->sp : 0;
	trap.cr2 = read_cr2();
	trap.dr6 = read_dr6();
	if (f->cs & 3) {
		if (f->vector == USER_EXIT)
			trap.vector = NONE;
		user_leave(f->ax);
	}
	if (!trap_armed) {
		compare("unexpected exception", NONE, 0, true, 0);
		finish();
	}
	trap_armed = 0;
	return resume(f);
}

word user(word (*fn)(word), word arg, word flags)
{
	trap = (struct trap){.vector = NONE};
	return user_enter((word)fn, arg, flags | 2, user_cs);
}

void try_wrmsr(uint32_t msr, uint64_t v)
{
	TRY("wrmsr", ::"c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

uint64_t try_rdmsr(uint32_t msr)
{
	uint32_t lo = 0, hi = 0;

	TRY("rdmsr", : "+a"(lo), "+d"(hi) : "c"(msr) : "memory");
	return (uint64_t)hi << 32 | lo;
}

/* ---- the beginning ---- */

static void fill_tss(void)
{
	uint64_t base = (word)&tss;

#ifdef __x86_64__
	tss.sp0 = (word)int_stack_top;
	tss.ist[0] = (word)df_stack_top;
	pml4[1] = (word)hole3 + 7;
	hole3[0] = (word)hole2 + 7;
	hole2[0] = (word)hole1 + 7;
	for (char *p = user_begin; p < user_end; p += PAGE_SIZE)
		*pte(p) |= U;
#else
	tss.sp0 = (word)int_stack_top;
	tss.ss0 = KDS;
#endif
	tss.iomap_base = (uint16_t)offsetof(struct tss, iomap);
	for (unsigned i = 0; i < sizeof(tss.iomap); i++)
		tss.iomap[i] = 0xff;
	gdt[TSS / 8] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 |
		       (base >> 24 & 0xff) << 56;
	__asm__ volatile("ltr %w0" ::"r"(TSS));
}

void rt_start(void)
{
	for (unsigned i = 0; i < 256; i++) {
		word at = (word)stubs + 16 * i;
		bool open = i == BP || i == OF || i == USER_EXIT;

		idt[i] = (struct gate){.offset0 = (uint16_t)at,
				       .selector = KCS,
				       .type = open ? 0xee : 0x8e,
				       .offset1 = (uint16_t)(at >> 16)};
	}
#ifdef __x86_64__
	idt[DF].ist = 1;
#endif
	__asm__ volatile("lidt %0" ::"m"(idt_pointer));
	fill_tss();
	out8(0x21, 0xff); /* no interrupt of the PICs */
	out8(0xa1, 0xff);
	conform_main();
	finish();
}
