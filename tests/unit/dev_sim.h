/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world around a device model in tests: a clock that is set, a recorded line, a bus. */
#ifndef TESTS_UNIT_DEV_SIM_H
#define TESTS_UNIT_DEV_SIM_H

#include "kernel/dev/dev.h"

#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull

struct sim {
	uint64_t now, deadline;
	bool level;
	unsigned rises, falls;
	struct iobus bus;
};

static inline uint64_t sim_now(void *ctx)
{
	return ((struct sim *)ctx)->now;
}

static inline void sim_arm(void *ctx, uint64_t deadline)
{
	((struct sim *)ctx)->deadline = deadline;
}

static inline void sim_irq(void *ctx, unsigned line, bool level)
{
	struct sim *s = ctx;

	(void)line;
	s->rises += level && !s->level;
	s->falls += !level && s->level;
	s->level = level;
}

#define SIM_CLOCK(s) ((struct dev_clock){sim_now, s})
#define SIM_TIMER(s) ((struct dev_timer){sim_arm, s})
#define SIM_IRQ(s)   ((struct dev_irq){sim_irq, s, 0})

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
