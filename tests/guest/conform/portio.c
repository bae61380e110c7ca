/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * String instructions at ports and at device memory, and other instructions there (SDM 1 19.5; SDM
 * 2, INS, OUTS, MOVS and the like). The devices are the UART, looped back, and the local APIC.
 */
#include "tests/guest/conform/conform.h"

const char conform_name[] = "portio";

#define UART 0x3f8u

static uint8_t from[64], to[64];

/* What is sent comes back, up to 16 bytes; nothing can be printed meanwhile. */
static void loop(bool on)
{
	while (!(in8(UART + 5) & 0x40))
		;
	out8(UART + 2, 7); /* FIFO on and empty */
	out8(UART + 4, on ? 0x10 : 3);
}

static uint64_t sum(const uint8_t *p, unsigned n)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < n; i++)
		all = all << 8 | p[i];
	return all;
}

static void fill(void)
{
	for (unsigned i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)(i + 1), to[i] = 0;
}

static void rep_ports(void)
{
	word si = (word)from, di = (word)to, cx = 8, got;

	fill();
	loop(true);
	__asm__ volatile("rep outsb" : "+S"(si), "+c"(cx) : "d"(UART) : "memory");
	got = cx;
	while (!(in8(UART + 5) & 0x40))
		;
	cx = 8;
	__asm__ volatile("rep insb" : "+D"(di), "+c"(cx) : "d"(UART) : "memory");
	loop(false);
	check("REP OUTSB: RCX", got, 0);
	check("REP OUTSB: RSI", si - (word)from, 8);
	check("REP INSB: RCX", cx, 0);
	check("REP INSB: RDI", di - (word)to, 8);
	check("all bytes, in order", sum(to, 8), 0x0102030405060708);
	check("and no more", to[8], 0);

	fill();
	si = (word)from + 7, di = (word)to + 7, cx = 4;
	loop(true);
	__asm__ volatile("std; rep outsb; cld" : "+S"(si), "+c"(cx) : "d"(UART) : "memory");
	while (!(in8(UART + 5) & 0x40))
		;
	cx = 4;
	__asm__ volatile("std; rep insb; cld" : "+D"(di), "+c"(cx) : "d"(UART) : "memory");
	loop(false);
	check("DF: RSI goes down", si - (word)from, 3);
	check("DF: RDI goes down", di - (word)to, 3);
	check("DF: the bytes", sum(to, 8), 0x05060708);
}

static void sizes(void)
{
	word si, di, cx;
	uint32_t value = 0x80001234, back = 0, again[2] = {0};

	/* PCI's address register has 32 bits, and keeps them. */
	si = (word)&value, di = (word)&back;
	__asm__ volatile("outsl" : "+S"(si) : "d"(0xcf8) : "memory");
	__asm__ volatile("insl" : "+D"(di) : "d"(0xcf8) : "memory");
	check("OUTSL and INSL", back, 0x80001234);
	check("by 4 bytes", si - (word)&value + di - (word)&back, 8);
	di = (word)again, cx = 2;
	__asm__ volatile("rep insl" : "+D"(di), "+c"(cx) : "d"(0xcf8) : "memory");
	check("REP INSL", again[1], 0x80001234);
	di = (word)to, to[2] = 0x77;
	__asm__ volatile("insw" : "+D"(di) : "d"(0x80) : "memory");
	check("INSW by 2 bytes", di - (word)to, 2);
	check("and writes no third", to[2], 0x77);
	/* A port of nobody. */
	__asm__ volatile("mov $-1, %%rax; inb %w1, %%al" : "=&a"(cx) : "d"(0x1f7e));
	check("IN AL leaves the rest", cx, ~0ul);
	__asm__ volatile("mov $-1, %%rax; inl %w1, %%eax" : "=&a"(cx) : "d"(0x1f7c));
	check("IN EAX clears the upper half", cx, 0xffffffff);
}

static void prefixes(void)
{
	word si = (word)from | 1ul << 40, cx = 1ul << 32 | 2, di = (word)to;

	fill();
	loop(true);
	__asm__ volatile("addr32 rep outsb" : "+S"(si), "+c"(cx) : "d"(UART) : "memory");
	while (!(in8(UART + 5) & 0x40))
		;
	in8(UART);
	to[0] = in8(UART);
	loop(false);
	check("32-bit addresses: what was sent", to[0], 2);
	check("32-bit addresses: RSI", si - (word)from, 2);
	check("32-bit addresses: RCX", cx, 0);
	cx = 0;
	TRY("rep insb", : "+D"(di), "+c"(cx) : "d"(0x80) : "memory");
	check("REP INSB, no byte: RDI", di - (word)to, 0);
	/* With a base for FS. */
	wrmsr(0xc0000100, 4);
	si = (word)from;
	loop(true);
	__asm__ volatile("fs outsb" : "+S"(si) : "d"(UART) : "memory");
	while (!(in8(UART + 5) & 0x40))
		;
	to[0] = in8(UART);
	loop(false);
	wrmsr(0xc0000100, 0);
	check("OUTSB by FS", to[0], 5);
}

/* A fault in the middle: what was done is done, and the registers say so. */
static void faults(void)
{
	static uint8_t page[PAGE_SIZE] __attribute__((aligned(4096)));
	uint64_t va = HOLE + 0x8000 + PAGE_SIZE - 3, di = va, cx = 8, si;

	hole1[8] = (word)page | P | W;
	hole1[9] = 0;
	TRY("rep insb", : "+D"(di), "+c"(cx) : "d"(0x80) : "memory");
	expect("#PF(2) of REP INSB at the end of a page", PF, 2);
	check("CR2", trap.cr2, va + 3);
	check("RDI", di - va, 3);
	check("RCX", cx, 5);
	check("what was read before is there", page[PAGE_SIZE - 1], 0xff);
	si = va, cx = 8;
	TRY("rep outsb", : "+S"(si), "+c"(cx) : "d"(0x80) : "memory");
	expect("#PF(0) of REP OUTSB at the end of a page", PF, 0);
	check("RSI", si - va, 3);
	check("RCX", cx, 5);
	hole1[8] = (word)page | P;
	invlpg(va);
	di = va;
	TRY("insb", : "+D"(di) : "d"(0x80) : "memory");
	expect("#PF(3) of INSB to a read-only page", PF, 3);
	si = 1ull << 47;
	TRY("outsb", : "+S"(si) : "d"(0x80) : "memory");
	expect("#GP of OUTSB where it is not canonical", GP, 0);
}

USER_DATA static uint8_t user_bytes[16];

USER static word user_insb(word port)
{
	word di = (word)user_bytes, cx = 2;

	__asm__ volatile("rep insb" : "+D"(di), "+c"(cx) : "d"(port) : "memory");
	return cx;
}

USER static word user_insb_kernel(word port)
{
	word di = 0x100000;

	__asm__ volatile("insb" : "+D"(di) : "d"(port) : "memory");
	return di;
}

static void privilege(void)
{
	user(user_insb, 0x80, 0);
	expect_any("#GP of INSB at CPL 3", GP, 0);
	tss.iomap[0x80 / 8] = 0xfe;
	check("REP INSB where the I/O map allows it", user(user_insb, 0x80, 0), 0);
	expect_any("no #GP", NONE, 0);
	user(user_insb_kernel, 0x80, 0);
	expect_any("#PF(7) of INSB to what is the kernel's", PF, 7);
	tss.iomap[0x80 / 8] = 0xff;
}

/* ---- device memory: the local APIC's initial count of a timer that is masked ---- */

static volatile uint32_t *const apic = (volatile uint32_t *)0xfee00000ul;
#define REG(at) ((word)&apic[(at) / 4])

static void memory(void)
{
	uint32_t words[4] = {0x11, 0x22, 0x33, 0x44}, v = 5;
	word si = (word)words, di = REG(0x380), cx = 1, ax;
	bool zf, cf;

	apic[0xf0 / 4] = 0x1ff;
	apic[0x320 / 4] = 0x10044;
	__asm__ volatile("movsl" : "+S"(si), "+D"(di)::"memory");
	check("MOVSL to a register", apic[0x380 / 4], 0x11);
	check("by 4 bytes", di - REG(0x380) + si - (word)words, 8);
	si = REG(0x380), di = (word)&words[2];
	__asm__ volatile("movsl" : "+S"(si), "+D"(di)::"memory");
	check("MOVSL from a register", words[2], 0x11);
	di = REG(0x380);
	__asm__ volatile("rep stosl" : "+D"(di), "+c"(cx) : "a"(0x99) : "memory");
	check("REP STOSL", apic[0x380 / 4], 0x99);
	__asm__ volatile("xchg %0, %1" : "+r"(v), "+m"(apic[0x380 / 4]));
	check("XCHG: what was there", v, 0x99);
	check("XCHG: what is there", apic[0x380 / 4], 5);
	__asm__ volatile("lock addl $3, %0" : "+m"(apic[0x380 / 4]), "=@ccc"(cf));
	check("LOCK ADD", apic[0x380 / 4], 8);
	__asm__ volatile("subl $9, %0" : "+m"(apic[0x380 / 4]), "=@ccc"(cf));
	check("SUB and its carry", (word)cf << 32 | apic[0x380 / 4], 0x1ffffffff);
	__asm__ volatile("andl $0xff, %0; orl $0x100, %0; xorl $0x3ff, %0" : "+m"(apic[0x380 / 4]));
	check("AND, OR, XOR", apic[0x380 / 4], 0x200);
	__asm__ volatile("btsl $4, %0" : "+m"(apic[0x380 / 4]), "=@ccc"(cf));
	check("BTS", (word)cf << 32 | apic[0x380 / 4], 0x210);
	__asm__ volatile("movzbl %1, %k0" : "=r"(ax) : "m"(apic[0x380 / 4]));
	check("MOVZX of a byte", ax, 0x10);
	__asm__ volatile("cmpl $0x210, %1" : "=@ccz"(zf) : "m"(apic[0x380 / 4]));
	check("CMP", zf, 1);
	__asm__ volatile("testb $1, %1" : "=@ccz"(zf) : "m"(apic[0x380 / 4]));
	check("TEST of a byte", zf, 1);
	apic[0x380 / 4] = 0;
}

void conform_main(void)
{
	rep_ports();
	sizes();
	prefixes();
	faults();
	privilege();
	memory();
}
