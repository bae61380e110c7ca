/* SPDX-License-Identifier: MIT */
/* The runtime of small paravirtual guests: start, traps, printing, hypercalls. */
#ifndef GUESTS_RT_H
#define GUESTS_RT_H

#include "guests/include/mullion.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE_SIZE     4096ull

/* The guest itself; returning from it powers the VM off. Interrupts are off. */
void guest_main(void);

extern const struct mullion_start_info *rt_info;

/* Hypercalls by number; memory is mapped 1:1, so a pointer is its own GPA. */
int64_t hcall(uint64_t nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4);

static inline uint64_t gpa_of(const volatile void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static inline uint64_t time_ns(enum mullion_clock clock)
{
	return (uint64_t)hcall(MULLION_TIME, (uint64_t)clock, 0, 0, 0, 0);
}

static inline void timer_set(uint64_t deadline_ns)
{
	hcall(MULLION_TIMER_SET, deadline_ns, 0, 0, 0, 0);
}

static inline uint32_t event_take(uint32_t ports)
{
	return (uint32_t)hcall(MULLION_EVENT_TAKE, ports, 0, 0, 0, 0);
}

/* Bites unless called again within ns; 0: never. Negative: this VM has none. */
static inline int64_t watchdog(uint64_t ns)
{
	return hcall(MULLION_WATCHDOG, ns, 0, 0, 0, 0);
}

static inline void halt(void)
{
	hcall(MULLION_HALT, 0, 0, 0, 0, 0);
}

__attribute__((noreturn)) void power_off(void);
__attribute__((noreturn)) void restart(void);
__attribute__((noreturn)) void crash(uint64_t reason, const char *text);

/* The console: %s %c %d %u %x %% with width, '-', '0', and l or ll. */
void print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void print_bytes(const char *p, size_t n);

/* True, and the number after it (0 without '='), when the command line has the word. */
bool option(const char *word, uint64_t *value);

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
uint32_t crc32(const void *p, size_t n);

/* What the entry code saves. */
struct frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* Any vector; the interrupt (32..) is acknowledged after the handler. */
typedef void (*handler_fn)(struct frame *f);
extern handler_fn rt_handler[256];
/* A vector for an event port, on this vCPU. */
void event_handler(unsigned port, uint8_t vector, handler_fn fn);
extern uint64_t rt_stray; /* interrupts without a handler */
/* Lets the vector use the stack of #DF (IST1), and gives its top. */
uint64_t trap_stack(uint8_t vector);

#define RT_RETURN_VECTOR 0x80 /* INT from CPL 3 that ends a probe */

/* The exception that ended the last probe. */
struct fault {
	uint64_t vector, error, rip, cr2, rax;
};
extern struct fault rt_fault;

/*
 * Runs fn(arg), and comes back whatever exception it raises: -1 for none, else
 * the vector, with rt_fault filled in. For memory use of fn: registers that a
 * call preserves are restored, nothing else is.
 */
int probe_call(void (*fn)(void *), void *arg);

int probe_rdmsr(uint32_t msr, uint64_t *value);
int probe_wrmsr(uint32_t msr, uint64_t value);
int probe_in(uint16_t port, unsigned size, uint32_t *value);
int probe_out(uint16_t port, unsigned size, uint32_t value);
int probe_read(uint64_t va, unsigned size, uint64_t *value);
int probe_write(uint64_t va, unsigned size, uint64_t value);
int probe_exec(uint64_t va); /* a call to there */

#define RT_VCPUS   16u
#define RT_AP_PAGE 0x9000ull /* low memory that ap.asm is copied to */

/* fn on another vCPU, with a stack of its own; false: it did not start within a second. */
bool vcpu_start(unsigned vcpu, void (*fn)(void));
void ipi(unsigned vcpu, uint8_t vector);
void rt_idt_load(void);

/* Paging: entry of the 4 KiB page at va, tables made as needed; NULL: no page left for one. */
uint64_t *rt_pte(uint64_t va);
#define PTE_P 1ull
#define PTE_W 2ull
#define PTE_U 4ull
/* va -> gpa with PTE_*; false when rt_pte() fails. */
bool map_page(uint64_t va, uint64_t gpa, uint64_t flags);

/* Instructions. */
struct cpuid_regs {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid_regs cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "0"(leaf), "2"(subleaf));
	return r;
}

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (uint64_t)hi << 32 | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

static inline void irq_on(void)
{
	__asm__ volatile("sti" ::: "memory");
}

static inline void irq_off(void)
{
	__asm__ volatile("cli" ::: "memory");
}

/* An interrupt that comes before HLT still ends it: STI holds it off for one instruction. */
static inline void irq_wait(void)
{
	__asm__ volatile("sti; hlt; cli" ::: "memory");
}

#define CR_ACCESSORS(r)                                                                            \
	static inline uint64_t read_##r(void)                                                      \
	{                                                                                          \
		uint64_t v;                                                                        \
		__asm__ volatile("mov %%" #r ", %0" : "=r"(v)::"memory");                          \
		return v;                                                                          \
	}                                                                                          \
	static inline void write_##r(uint64_t v)                                                   \
	{                                                                                          \
		__asm__ volatile("mov %0, %%" #r ::"r"(v) : "memory");                             \
	}
CR_ACCESSORS(cr0)
CR_ACCESSORS(cr2)
CR_ACCESSORS(cr3)
CR_ACCESSORS(cr4)
CR_ACCESSORS(cr8)
CR_ACCESSORS(dr0)
CR_ACCESSORS(dr6)
CR_ACCESSORS(dr7)
#undef CR_ACCESSORS

#endif
