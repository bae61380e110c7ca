/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory for the tests of the image loaders: what is not RAM cannot be written. */
#ifndef TESTS_UNIT_LOAD_MEM_H
#define TESTS_UNIT_LOAD_MEM_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/errno.h"
#include "kernel/load/load.h"

struct test_mem {
	struct load_mem m;
	uint8_t *ram;    /* reserved for all of it; pages come as they are touched */
	long fail_after; /* writes until one fails; negative: never */
};

static uint8_t *test_mem_at(struct test_mem *t, gpa_t gpa, uint64_t size)
{
	if (!load_in_ram(&t->m, gpa, size))
		return NULL;
	if (gpa >= GUEST_HIGH_RAM_BASE)
		gpa -= GUEST_HIGH_RAM_BASE - GUEST_LOW_RAM_MAX;
	return t->ram + gpa;
}

int vm_write(struct vm *vm, gpa_t gpa, const void *buf, uint64_t size)
{
	struct test_mem *t = (void *)vm;
	uint8_t *p = test_mem_at(t, gpa, size);

	if (!p || (t->fail_after >= 0 && t->fail_after-- == 0))
		return -EFAULT;
	memcpy(p, buf, size);
	return 0;
}

/* All of it is zero, as before every load. */
static void test_mem_init(struct test_mem *t, uint64_t size)
{
	t->ram = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (t->ram == MAP_FAILED)
		abort();
	t->m = (struct load_mem){.vm = (void *)t, .size = size};
	t->fail_after = -1;
}

static void test_mem_free(struct test_mem *t)
{
	munmap(t->ram, t->m.size);
}

static uint64_t test_mem_get(struct test_mem *t, gpa_t gpa, unsigned size)
{
	uint64_t v = 0;

	memcpy(&v, test_mem_at(t, gpa, size), size);
	return v;
}

#endif
