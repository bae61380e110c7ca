/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Code that changes under the processor, by every way to change it (SDM 3A 8.1.3, 11.6). */
#include "tests/guest/conform/conform.h"

const char conform_name[] = "smc";

/* mov eax, imm32; ret */
static uint8_t code[2 * PAGE_SIZE] __attribute__((aligned(4096), section(".data")));

static void put(uint8_t *at, uint32_t value)
{
	at[0] = 0xb8;
	for (unsigned i = 0; i < 4; i++)
		at[1 + i] = (uint8_t)(value >> (8 * i));
	at[5] = 0xc3;
}

static uint32_t call(const volatile void *at)
{
	uint32_t value;

	__asm__ volatile("call *%1" : "=a"(value) : "r"(at) : "memory");
	return value;
}

static void stores(void)
{
	unsigned wrong = 0;

	for (uint32_t i = 0; i < 1000; i++) {
		put(code, i);
		wrong += call(code) != i;
	}
	check("1,000 times by stores", wrong, 0);
	for (uint32_t i = 0; i < 1000; i++) {
		put(code + PAGE_SIZE - 3, i);
		wrong += call(code + PAGE_SIZE - 3) != i;
	}
	check("1,000 times across two pages", wrong, 0);
	for (uint32_t i = 0; i < 1000; i++) {
		put(code, i);
		cpuid(0, 0); /* serializes, and exits */
		wrong += call(code) != i;
	}
	check("1,000 times with CPUID between", wrong, 0);
	put(code, 1);
	call(code);
	code[1] = 2;
	check("a byte of it", call(code), 2);
}

/* The next instruction of its own: a jump must lie between. */
static void next(void)
{
	uint32_t value;

	__asm__ volatile("movb $0x42, 1f + 1(%%rip); jmp 1f; 1: mov $0x11, %0"
			 : "=a"(value)::"memory");
	check("the next instruction but a jump", value, 0x42);
}

static void strings(void)
{
	uint8_t fresh[8];
	word si = (word)fresh, di = (word)code, cx = 6;

	put(code, 1);
	call(code);
	put(fresh, 0x1234567);
	__asm__ volatile("rep movsb" : "+S"(si), "+D"(di), "+c"(cx)::"memory");
	check("by REP MOVSB", call(code), 0x1234567);
	di = (word)code, cx = 5;
	__asm__ volatile("rep stosb" : "+D"(di), "+c"(cx) : "a"(0x90) : "memory");
	__asm__ volatile("" ::: "memory");
	TRY("mov $0x55, %%eax; call *%0; cmp $0x55, %%eax; je 1f; ud2; 1:", ::"r"(code)
	    : "rax", "memory");
	expect_any("by REP STOSB", NONE, 0);
}

/* By another address of the same page (SDM 3A 11.6: serialize then). */
static void alias(void)
{
	unsigned wrong = 0;

	hole1[16] = (word)code | P | W;
	put(code, 0);
	for (uint32_t i = 1; i < 1000; i++) {
		put((uint8_t *)(HOLE + 16 * PAGE_SIZE), i);
		cpuid(0, 0);
		wrong += call(code) != i;
	}
	check("999 times by an alias", wrong, 0);
	/* Another page at the address that has run. */
	put(code, 1);
	put(code + PAGE_SIZE, 2);
	hole1[17] = (word)code | P | W;
	invlpg(HOLE + 17 * PAGE_SIZE);
	wrong = call((void *)(HOLE + 17 * PAGE_SIZE)) != 1;
	hole1[17] = ((word)code + PAGE_SIZE) | P | W;
	invlpg(HOLE + 17 * PAGE_SIZE);
	wrong += call((void *)(HOLE + 17 * PAGE_SIZE)) != 2;
	check("by the page table", wrong, 0);
	put(code + PAGE_SIZE, 3);
	check("and by a store to what it leads to", call((void *)(HOLE + 17 * PAGE_SIZE)), 3);
}

/* What a device hands over, the hypervisor writes. */
static void device(void)
{
	word di = (word)code + 1, cx = 4;

	put(code, 1);
	call(code);
	while (!(in8(0x3fd) & 0x40))
		;
	out8(0x3fa, 7);
	out8(0x3fc, 0x10); /* loops back */
	for (uint8_t i = 1; i <= 4; i++)
		out8(0x3f8, i);
	while (!(in8(0x3fd) & 0x40))
		;
	__asm__ volatile("rep insb" : "+D"(di), "+c"(cx) : "d"(0x3f8) : "memory");
	out8(0x3fc, 3);
	check("by REP INSB", call(code), 0x04030201);
	/* A register of the local APIC: MOVS reads it, and writes code. */
	*(volatile uint32_t *)0xfee00320ul = 0x10044;
	*(volatile uint32_t *)0xfee00380ul = 0xabcdef;
	di = (word)code + 1;
	cx = 0xfee00380ul;
	__asm__ volatile("movsl" : "+D"(di), "+S"(cx)::"memory");
	check("by MOVS from a device", call(code), 0xabcdef);
	*(volatile uint32_t *)0xfee00380ul = 0;
}

/* A locked instruction, and one of 16 bytes. */
static void others(void)
{
	uint32_t value = 0x99;

	put(code, 1);
	call(code);
	__asm__ volatile("xchg %0, %1" : "+r"(value), "+m"(*(uint32_t *)(void *)(code + 1)));
	check("by XCHG", call(code), 0x99);
	__asm__ volatile("lock addl $1, %0" : "+m"(*(uint32_t *)(void *)(code + 1)));
	check("by LOCK ADD", call(code), 0x9a);
	__asm__ volatile("push %1; pop %0"
			 : "=m"(*(uint64_t *)(void *)(code + 1))
			 : "r"(0xc300000007ul));
	check("by POP", call(code), 7);
}

void conform_main(void)
{
	stores();
	next();
	strings();
	alias();
	device();
	others();
}
