/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory for tests: RAM with a hole, so that ends of RAM can be crossed. */
#ifndef TESTS_UNIT_FAKE_RAM_H
#define TESTS_UNIT_FAKE_RAM_H

#include "kernel/errno.h"
#include "kernel/vm.h"
#include <string.h>

#define RAM_BASE 0x100000ull
#define RAM_SIZE 0x80000ull
#define RAM_END  (RAM_BASE + RAM_SIZE)

static uint8_t ram[RAM_SIZE];
/* Called after each read: a guest that changes its memory behind the hypervisor's back. */
static void (*ram_after_read)(gpa_t gpa, uint64_t size);

static void *ram_at(gpa_t gpa)
{
	return ram + (gpa - RAM_BASE);
}

static bool in_ram(gpa_t gpa, uint64_t size)
{
	return gpa >= RAM_BASE && gpa <= RAM_END && size <= RAM_END - gpa;
}

int vm_read(struct vm *vm, gpa_t gpa, void *buf, uint64_t size)
{
	(void)vm;
	if (size == 0)
		return 0;
	if (!in_ram(gpa, size))
		return -EFAULT;
	memcpy(buf, ram_at(gpa), size);
	if (ram_after_read)
		ram_after_read(gpa, size);
	return 0;
}

int vm_write(struct vm *vm, gpa_t gpa, const void *buf, uint64_t size)
{
	(void)vm;
	if (size == 0)
		return 0;
	if (!in_ram(gpa, size))
		return -EFAULT;
	memcpy(ram_at(gpa), buf, size);
	return 0;
}

#endif
