/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world around a device model in tests: a clock that is set, a recorded line, a bus. */
#ifndef TESTS_UNIT_DEV_SIM_H
#define TESTS_UNIT_DEV_SIM_H

#include "kernel/dev/dev.h"

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull

struct sim {
	uint64_t now, deadline;
	const uint64_t *clock; /* not NULL: in place of now */
	bool level;
	unsigned rises, falls;
	struct iobus bus;
};

/* The models do not look into a timer: here it is all of the world. */
#define SIM_TIMER(s) ((struct dev_timer *)(s))

uint64_t dev_now(const struct dev_timer *t)
{
	const struct sim *s = (const struct sim *)t;

	return s->clock ? *s->clock : s->now;
}

void dev_timer_arm(struct dev_timer *t, uint64_t deadline)
{
	((struct sim *)t)->deadline = deadline;
}

static inline void sim_irq(void *ctx, unsigned line, bool level)
{
	struct sim *s = ctx;

	(void)line;
	s->rises += level && !s->level;
	s->falls += !level && s->level;
	s->level = level;
}

#define SIM_IRQ(s) ((struct dev_irq){sim_irq, s, 0})

static inline uint64_t sim_in(struct sim *s, uint64_t addr, unsigned size)
{
	uint64_t v;

	iobus_read(&s->bus, addr, size, &v);
	return v;
}

static inline uint8_t in8(struct sim *s, uint16_t port)
{
	return (uint8_t)sim_in(s, port, 1);
}

static inline void out8(struct sim *s, uint16_t port, unsigned v)
{
	iobus_write(&s->bus, port, 1, v);
}

/* Lets time pass to `until`, calling timer(model) whenever the deadline is reached. */
static inline void sim_run(struct sim *s, uint64_t until, void (*timer)(void *), void *model)
{
	while (s->deadline <= until) {
		if (s->deadline > s->now)
			s->now = s->deadline;
		timer(model);
	}
	s->now = until;
}

#endif
