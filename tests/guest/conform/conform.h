/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runtime of the conformance guests: kernels for a PC of 64 or of 32 bits, each with the
 * checks of one subject. A check prints one line, and the last line counts them.
 */
#ifndef TESTS_GUEST_CONFORM_CONFORM_H
#define TESTS_GUEST_CONFORM_CONFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE_SIZE     4096u

typedef unsigned long word;

/* What a guest is, and what it does; returning from it ends the VM. */
extern const char conform_name[];
void conform_main(void);

/* ---- verdicts ---- */

void check(const char *name, uint64_t got, uint64_t want);
void check_range(const char *name, uint64_t got, uint64_t least, uint64_t most);
void skip(const char *name, const char *why);
__attribute__((noreturn)) void finish(void);
void text(const char *s);

/* ---- exceptions ---- */

enum {
	NONE = -1,
	DE = 0,
	DB = 1,
	NMI = 2,
	BP = 3,
	OF = 4,
	BR = 5,
	UD = 6,
	NM = 7,
	DF = 8,
	TS = 10,
	NP = 11,
	SS = 12,
	GP = 13,
	PF = 14,
	MF = 16,
	AC = 17,
	XM = 19,
	USER_EXIT = 0x80 /* INT that ends user() */
};

/* The last exception that no handler took. */
struct trap {
	int vector;
	unsigned count;
	word error, ip, cs, flags, sp, cr2, dr6;
};
extern struct trap trap;
extern uint32_t trap_start, trap_end, trap_armed;
extern word trap_sp;

/*
 * Runs instructions; an exception in them is noted in `trap`, and execution goes on behind them
 * with all registers as they were, but for RSP, which is as at the beginning. Operands follow as of
 * an asm statement; trap_start and trap_end are where the text begins and ends.
 */
#ifdef __x86_64__
#define SAVE_SP "mov %%rsp, trap_sp\n\t"
#else
#define SAVE_SP "mov %%esp, trap_sp\n\t"
#endif
#define TRY(code, ...)                                                                             \
	do {                                                                                       \
		trap = (struct trap){.vector = NONE};                                              \
		__asm__ volatile("" ::: "memory");                                                 \
		__asm__ volatile("movl $661f, trap_start\n\tmovl $662f, trap_end\n\t" SAVE_SP      \
				 "movl $1, trap_armed\n661:\t" code                                \
				 "\n662:\tmovl $0, trap_armed" __VA_ARGS__);                       \
		__asm__ volatile("" ::: "memory");                                                 \
	} while (0)

/* What TRY() or user() ended in: a fault at the text's beginning, a trap at its end, anywhere. */
void expect(const char *name, int vector, word error);
void expect_trap(const char *name, int vector);
void expect_any(const char *name, int vector, word error);

#ifdef __x86_64__
struct frame {
	word r15, r14, r13, r12, r11, r10, r9, r8, di, si, bp, bx, dx, cx, ax;
	word vector, error, ip, cs, flags, sp, ss;
};
#else
struct frame {
	word es, ds, di, si, bp, unused, bx, dx, cx, ax;
	word vector, error, ip, cs, flags;
	word sp, ss; /* only when it comes from CPL 3 */
};
#endif

/* What is called in place of noting an exception, or for an interrupt. */
typedef void (*handler_fn)(struct frame *f);
extern handler_fn handlers[256];

/* ---- segments ---- */

/* As SYSCALL and SYSENTER want them; those from SPARE on are for tests. */
enum { KCS = 0x08, KDS = 0x10, UCS32 = 0x1b, UDS = 0x23, UCS64 = 0x2b, TSS = 0x38, SPARE = 0x48 };
extern uint64_t gdt[24];

struct pointer {
	uint16_t limit;
	word base;
} __attribute__((packed));
extern struct pointer idt_pointer;

/* A gate's descriptor; type 0xe with DPL 0 unless it is changed. */
#ifdef __x86_64__
struct gate {
	uint16_t offset0, selector;
	uint8_t ist, type;
	uint16_t offset1;
	uint32_t offset2, reserved;
};
struct tss {
	uint32_t reserved0;
	uint64_t sp0, sp12[2], reserved1, ist[7];
	uint16_t reserved2[5], iomap_base;
	uint8_t iomap[33];
} __attribute__((packed));
#else
struct gate {
	uint16_t offset0, selector;
	uint8_t ist, type;
	uint16_t offset1;
};
struct tss {
	uint32_t link, sp0, ss0, sp12[4], cr3, ip, flags, ax, cx, dx, bx, sp, bp, si, di;
	uint32_t es, cs, ss, ds, fs, gs, ldt;
	uint16_t trap, iomap_base;
	uint8_t iomap[33];
} __attribute__((packed));
#endif
extern struct gate idt[256];
extern struct tss tss; /* its I/O map has ports 0 to 0xff, all denied */

/* ---- user mode ---- */

/* Code and data that CPL 3 reaches, each on pages of its own. */
#define USER      __attribute__((section(".user.text"), noinline))
#define USER_DATA __attribute__((section(".user.data")))
extern char user_begin[], user_end[];

/* fn(arg) at CPL 3 with these flags: what it returns; trap.vector is NONE unless it failed. */
word user(word (*fn)(word), word arg, word flags);
extern word user_cs;

/* ---- paging: 64-bit guests have 4 GiB one to one, the first 4 MiB in small pages ---- */

#define P  1ull
#define W  2ull
#define U  4ull
#define A  0x20ull
#define D  0x40ull
#define PS 0x80ull
#define NX (1ull << 63)
extern uint64_t pml4[512], page_tables[1024];
/* Tables of the 2 MiB at HOLE, where nothing is mapped: of levels 3, 2 and 1. */
#define HOLE 0x8000000000ull
extern uint64_t hole3[512], hole2[512], hole1[512];

static inline uint64_t *pte(const volatile void *va)
{
	return &page_tables[(word)va / PAGE_SIZE];
}

/* ---- instructions ---- */

static inline void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (uint64_t)hi << 32 | lo;
}

struct cpuid_regs {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_regs cpuid(uint32_t leaf, uint32_t sub)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "0"(leaf), "2"(sub));
	return r;
}

static inline bool is_amd(void)
{
	return cpuid(0, 0).ecx == 0x444d4163; /* "cAMD" */
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

/* As TRY(): the exception is in `trap`. */
void try_wrmsr(uint32_t msr, uint64_t v);
uint64_t try_rdmsr(uint32_t msr);

static inline void invlpg(uint64_t va)
{
	__asm__ volatile("invlpg (%0)" ::"r"((word)va) : "memory");
}

#define REG_ACCESSORS(r)                                                                           \
	static inline word read_##r(void)                                                          \
	{                                                                                          \
		word v;                                                                            \
		__asm__ volatile("mov %%" #r ", %0" : "=r"(v)::"memory");                          \
		return v;                                                                          \
	}                                                                                          \
	static inline void write_##r(word v)                                                       \
	{                                                                                          \
		__asm__ volatile("mov %0, %%" #r ::"r"(v) : "memory");                             \
	}                                                                                          \
	static inline void try_##r(word v)                                                         \
	{                                                                                          \
		TRY("mov %0, %%" #r, ::"r"(v) : "memory");                                         \
	}
REG_ACCESSORS(cr0)
REG_ACCESSORS(cr2)
REG_ACCESSORS(cr3)
REG_ACCESSORS(cr4)
REG_ACCESSORS(dr0)
REG_ACCESSORS(dr1)
REG_ACCESSORS(dr6)
REG_ACCESSORS(dr7)
#ifdef __x86_64__
REG_ACCESSORS(cr8)
#endif
#undef REG_ACCESSORS

#define MSR_EFER 0xc0000080u

#endif
