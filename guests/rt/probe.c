/* SPDX-License-Identifier: MIT */
/* Accesses that may fault, and a page-table helper to aim them anywhere. */
#include "guests/rt/rt.h"

struct access {
	uint64_t where, value;
	unsigned size;
};

static void do_rdmsr(void *p)
{
	struct access *a = p;
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"((uint32_t)a->where));
	a->value = (uint64_t)hi << 32 | lo;
}

static void do_wrmsr(void *p)
{
	const struct access *a = p;

	wrmsr((uint32_t)a->where, a->value);
}

static void do_in(void *p)
{
	struct access *a = p;
	uint16_t port = (uint16_t)a->where;
	uint32_t v = 0;

	if (a->size == 1)
		__asm__ volatile("inb %1, %b0" : "+a"(v) : "d"(port));
	else if (a->size == 2)
		__asm__ volatile("inw %1, %w0" : "+a"(v) : "d"(port));
	else
		__asm__ volatile("inl %1, %0" : "+a"(v) : "d"(port));
	a->value = v;
}

static void do_out(void *p)
{
	const struct access *a = p;
	uint16_t port = (uint16_t)a->where;
	uint32_t v = (uint32_t)a->value;

	if (a->size == 1)
		__asm__ volatile("outb %b0, %1" ::"a"(v), "d"(port));
	else if (a->size == 2)
		__asm__ volatile("outw %w0, %1" ::"a"(v), "d"(port));
	else
		__asm__ volatile("outl %0, %1" ::"a"(v), "d"(port));
}

static void do_read(void *p)
{
	struct access *a = p;
	const volatile void *at = (const volatile void *)(uintptr_t)a->where;

	switch (a->size) {
	case 1:
		a->value = *(const volatile uint8_t *)at;
		break;
	case 2:
		a->value = *(const volatile uint16_t *)at;
		break;
	case 4:
		a->value = *(const volatile uint32_t *)at;
		break;
	default:
		a->value = *(const volatile uint64_t *)at;
	}
}

static void do_write(void *p)
{
	const struct access *a = p;
	volatile void *at = (volatile void *)(uintptr_t)a->where;

	switch (a->size) {
	case 1:
		*(volatile uint8_t *)at = (uint8_t)a->value;
		break;
	case 2:
		*(volatile uint16_t *)at = (uint16_t)a->value;
		break;
	case 4:
		*(volatile uint32_t *)at = (uint32_t)a->value;
		break;
	default:
		*(volatile uint64_t *)at = a->value;
	}
}

static void do_exec(void *p)
{
	const struct access *a = p;

	((void (*)(void))(uintptr_t)a->where)();
}

static int probe(void (*fn)(void *), uint64_t where, unsigned size, uint64_t in, uint64_t *out)
{
	struct access a = {where, in, size};
	int vector = probe_call(fn, &a);

	if (out)
		*out = a.value;
	return vector;
}

int probe_rdmsr(uint32_t msr, uint64_t *value)
{
	return probe(do_rdmsr, msr, 8, 0, value);
}

int probe_wrmsr(uint32_t msr, uint64_t value)
{
	return probe(do_wrmsr, msr, 8, value, NULL);
}

int probe_in(uint16_t port, unsigned size, uint32_t *value)
{
	uint64_t v;
	int vector = probe(do_in, port, size, 0, &v);

	*value = (uint32_t)v;
	return vector;
}

int probe_out(uint16_t port, unsigned size, uint32_t value)
{
	return probe(do_out, port, size, value, NULL);
}

int probe_read(uint64_t va, unsigned size, uint64_t *value)
{
	return probe(do_read, va, size, 0, value);
}

int probe_write(uint64_t va, unsigned size, uint64_t value)
{
	return probe(do_write, va, size, value, NULL);
}

int probe_exec(uint64_t va)
{
	return probe(do_exec, va, 0, 0, NULL);
}

#define POOL_PAGES 32
#define PTE_PS     0x80ull
#define PTE_ADDR   0x000ffffffffff000ull

static uint8_t pool[POOL_PAGES][PAGE_SIZE] __attribute__((aligned(4096)));
static unsigned pool_used;

uint64_t *rt_pte(uint64_t va)
{
	uint64_t *table = (uint64_t *)(uintptr_t)(read_cr3() & PTE_ADDR);

	for (unsigned shift = 39; shift > 12; shift -= 9) {
		uint64_t *e = &table[va >> shift & 511];

		if (!(*e & PTE_P)) {
			if (pool_used == POOL_PAGES)
				return NULL;
			*e = gpa_of(pool[pool_used++]) | PTE_P | PTE_W | PTE_U;
		} else if (*e & PTE_PS) {
			return NULL;
		}
		table = (uint64_t *)(uintptr_t)(*e & PTE_ADDR);
	}
	return &table[va >> 12 & 511];
}

bool map_page(uint64_t va, uint64_t gpa, uint64_t flags)
{
	uint64_t *e = rt_pte(va);

	if (!e)
		return false;
	*e = (gpa & PTE_ADDR) | flags;
	__asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
	return true;
}
