/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any ranges and accesses on a bus, against a map of owners byte by byte. */
/* sources: kernel/dev/iobus.c */
#include <string.h>

#include "kernel/dev/dev.h"
#include "kernel/errno.h"
#include "tests/fuzz/dev_input.h"

#define SPACE 256u

static uint8_t owner[SPACE + 8]; /* 0: nobody; else range n - 1; the last bytes stay free */
static uint64_t base_of[IOBUS_MAX], size_of[IOBUS_MAX];
static unsigned calls;

static unsigned index_of(void *dev)
{
	return (unsigned)((uint64_t *)dev - base_of);
}

static uint64_t on_read(void *dev, uint64_t offset, unsigned size)
{
	unsigned n = index_of(dev);
	uint64_t v = 0;

	MUST(size <= size_of[n] && offset <= size_of[n] - size);
	for (unsigned i = 0; i < size; i++)
		v |= (uint64_t)(uint8_t)((n + 1) * 31 + offset + i) << (8 * i);
	calls++;
	return v;
}

static void on_write(void *dev, uint64_t offset, unsigned size, uint64_t value)
{
	unsigned n = index_of(dev);

	MUST(size <= size_of[n] && offset <= size_of[n] - size);
	MUST(size == 8 || value >> (8 * size) == 0);
	calls++;
}

static const struct io_ops ops = {.read = on_read, .write = on_write};

static void add(struct iobus *b, uint64_t base, uint64_t size)
{
	unsigned n = b->count;
	int want = 0, err;

	if (size == 0 || base + size - 1 < base)
		want = -EINVAL;
	for (uint64_t i = 0; !want && i < size && base + i < SPACE; i++)
		if (owner[base + i])
			want = -EEXIST;
	if (!want && n == IOBUS_MAX)
		want = -ENOSPC;
	err = iobus_add(b, base, size, &ops, &base_of[n % IOBUS_MAX]);
	MUST(err == want);
	if (err)
		return;
	base_of[n] = base;
	size_of[n] = size;
	for (uint64_t i = 0; i < size; i++)
		owner[base + i] = (uint8_t)(n + 1);
}

static void check_read(struct iobus *b, uint64_t addr, unsigned size)
{
	uint64_t v, want = 0;
	bool any = false;

	for (unsigned i = 0; i < size; i++) {
		unsigned n = owner[addr + i];
		uint8_t byte = n ? (uint8_t)(n * 31 + addr + i - base_of[n - 1]) : 0xff;

		want |= (uint64_t)byte << (8 * i);
		any |= n != 0;
	}
	MUST(iobus_read(b, addr, size, &v) == any);
	MUST(v == want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct iobus b = {0};

	memset(owner, 0, sizeof(owner));
	while (in.left) {
		uint64_t op = take(&in, 1), addr = take(&in, 1);
		unsigned width = 1u << (op >> 6);

		if (op & 1) {
			uint64_t room = SPACE - addr, want = op >> 1 & 15;

			add(&b, addr, want < room ? want : room);
		} else if (op & 2) {
			check_read(&b, addr, width);
		} else if (op & 4) {
			iobus_write(&b, addr, width, UINT64_MAX);
		} else { /* the top of the address space: nobody, and no wrapping */
			uint64_t v;

			MUST(iobus_add(&b, UINT64_MAX - addr, addr + 2, &ops, base_of) == -EINVAL);
			MUST(!iobus_read(&b, UINT64_MAX - addr, width, &v));
		}
	}
	return 0;
}
