/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device model may know of the world around it, beside kernel/vm.h: an
 * interrupt line, a clock with a one-shot timer, and the bus that calls it.
 * Models are pure; their owner serializes the calls (one lock a VM).
 */
#pragma once

#include "kernel/types.h"

/* A wire to an interrupt controller. set() may be NULL: not connected. */
struct dev_irq {
	void (*set)(void *ctx, unsigned line, bool level);
	void *ctx;
	unsigned line;
};

static inline void dev_irq_set(const struct dev_irq *irq, bool level)
{
	if (irq->set)
		irq->set(irq->ctx, irq->line, level);
}

/*
 * The VM's clock, and one deadline by it: kernel/cpuloop.c, or a test. When it has
 * passed the owner calls the model's …_timer() function (never from within
 * dev_timer_arm()).
 */
struct dev_timer;
#define DEV_TIMER_NEVER UINT64_MAX /* disarms */
void dev_timer_arm(struct dev_timer *t, uint64_t deadline);
/* Nanoseconds since the VM was started; never goes back. */
uint64_t dev_now(const struct dev_timer *t);

/* Whole ticks of an hz clock (hz < 2^32) in ns, without drift or 128-bit division. */
static inline uint64_t dev_ticks(uint64_t ns, uint64_t hz)
{
	return ns / 1000000000u * hz + ns % 1000000000u * hz / 1000000000u;
}

/* The first ns at which that many ticks are over. */
static inline uint64_t dev_ticks_ns(uint64_t ticks, uint64_t hz)
{
	return ticks / hz * 1000000000u + (ticks % hz * 1000000000u + hz - 1) / hz;
}

/* What nobody answers, as wide as the access. */
static inline uint64_t dev_ones(unsigned size)
{
	return UINT64_MAX >> (64 - 8 * size);
}

/* Accesses are 1, 2, 4 or 8 bytes, within the range, offset from its base; not necessarily aligned.
 */
struct io_ops {
	uint64_t (*read)(void *dev, uint64_t offset, unsigned size);
	void (*write)(void *dev, uint64_t offset, unsigned size, uint64_t value);
	/*
	 * In place of these where registers are bytes: a wider access is that many narrow ones.
	 * With neither, a read gives all ones, or a write has no effect.
	 */
	uint8_t (*read8)(void *dev, unsigned offset);
	void (*write8)(void *dev, unsigned offset, uint8_t value);
};

struct io_range {
	uint64_t base, size;
	const struct io_ops *ops;
	void *dev;
};

#define IOBUS_MAX 32u

/* Ports or guest-physical addresses; sorted, not overlapping. */
struct iobus {
	struct io_range r[IOBUS_MAX];
	unsigned count;
	const struct io_range *hit; /* that answered last, or NULL */
	uint64_t gap, gap_size;     /* where nothing answered last */
};

/* -EEXIST overlap, -ENOSPC full, -EINVAL empty or wrapping; so do the models' …_init(). */
int iobus_add(struct iobus *b, uint64_t base, uint64_t size, const struct io_ops *ops, void *dev);
/* What begins at base answers no more; nothing, if nothing does. */
void iobus_remove(struct iobus *b, uint64_t base);
/*
 * False when nothing answers (*value is all ones of that size then). An
 * access that crosses the end of a range is split into bytes.
 */
bool iobus_read(struct iobus *b, uint64_t addr, unsigned size, uint64_t *value);
bool iobus_write(struct iobus *b, uint64_t addr, unsigned size, uint64_t value);
