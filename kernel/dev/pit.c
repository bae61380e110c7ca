/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8254: three counters computed from the clock, and port 0x61. */
#include "kernel/dev/pit.h"

/* Ticks that come faster are coalesced: they would only cost their guest time. */
#define MIN_PERIOD_NS 20000u

#define ACCESS_BOTH 3u

#define PORT61_GATE 0x01u
#define PORT61_OUT2 0x20u
#define REFRESH_NS  15085u /* half a period of the memory refresh, port 0x61 bit 4 */

static uint64_t ticks(const struct pit *p)
{
	return dev_ticks(dev_now(p->timer), PIT_HZ);
}

static uint64_t elapsed(const struct pit_channel *c, uint64_t t)
{
	return c->running ? t - c->start : c->held;
}

static bool periodic(const struct pit_channel *c)
{
	return c->mode == 2 || c->mode == 3;
}

/* Moves start to the running period; modes 2 and 3 take a new count between two of them. */
static void sync(struct pit_channel *c, uint64_t t)
{
	if (!periodic(c) || !c->running || t - c->start < c->count)
		return;
	if (c->next_count) {
		c->start += c->count;
		c->count = c->next_count;
		c->next_count = 0;
		c->null_count = false;
	}
	c->start += (t - c->start) / c->count * c->count;
}

static bool output(const struct pit_channel *c, uint64_t t)
{
	uint64_t e = elapsed(c, t);

	switch (c->mode) {
	case 0:
		return c->loaded && e >= c->count;
	case 1:
		return !c->running || e >= c->count;
	case 2:
		return !c->running || e % c->count != c->count - 1;
	case 3:
		return !c->running || e % c->count < (c->count + 1) / 2;
	default: /* one tick of low */
		return !c->running || e != c->count;
	}
}

static uint16_t counter(const struct pit_channel *c, uint64_t t)
{
	uint64_t e = elapsed(c, t), half = (c->count + 1) / 2;

	if (!periodic(c))
		return (uint16_t)(c->count - e);
	e %= c->count;
	if (c->mode == 2)
		return (uint16_t)(c->count - e);
	/* Mode 3 counts by two, an odd count from one less, once for each half. */
	return (uint16_t)((c->count & ~1u) - 2 * (e < half ? e : e - half));
}

/* The next tick after t at which channel 0's output rises; its gate is always high. */
static uint64_t next_edge(const struct pit_channel *c, uint64_t t)
{
	/* Mode 4 is low for the one tick in which it has counted down. */
	uint64_t end = c->start + c->count + (c->mode == 4);

	if (!c->running)
		return DEV_TIMER_NEVER;
	if (c->mode == 0 || c->mode == 4)
		return end > t ? end : DEV_TIMER_NEVER;
	return c->start + ((t - c->start) / c->count + 1) * c->count;
}

static void arm(struct pit *p, uint64_t t)
{
	uint64_t ns = DEV_TIMER_NEVER;

	p->next = next_edge(&p->ch[0], t);
	if (p->next != DEV_TIMER_NEVER)
		ns = dev_ticks_ns(p->next, PIT_HZ);
	if (periodic(&p->ch[0]) && ns != DEV_TIMER_NEVER)
		ns = max_u64(ns, dev_now(p->timer) + MIN_PERIOD_NS);
	dev_timer_arm(p->timer, ns);
}

void pit_timer(void *pit)
{
	struct pit *p = pit;
	uint64_t t = ticks(p);

	if (p->next == DEV_TIMER_NEVER)
		return;
	if (t >= p->next) {
		sync(&p->ch[0], t);
		/* One edge, however many were missed. */
		dev_irq_set(&p->irq, false);
		dev_irq_set(&p->irq, true);
	}
	arm(p, t);
}

/* Channel 0 was programmed: its output is set anew and the next edge found. */
static void channel0_changed(struct pit *p, uint64_t t)
{
	dev_irq_set(&p->irq, p->ch[0].mode != 0 || output(&p->ch[0], t));
	arm(p, t);
}

static void start(struct pit_channel *c, uint64_t t)
{
	if (c->next_count)
		c->count = c->next_count;
	c->next_count = 0;
	c->null_count = false;
	c->start = t;
	c->held = 0;
	c->running = true;
}

static void load(struct pit_channel *c, uint16_t raw, uint64_t t)
{
	bool again = c->loaded;

	c->next_count = raw ? raw : 0x10000;
	c->loaded = c->null_count = true;
	/* Modes 1 and 5 wait for their trigger, 2 and 3 for the end of the period. */
	if (c->mode == 1 || c->mode == 5 || (periodic(c) && again))
		return;
	start(c, t);
	c->running = c->gate;
}

static void set_gate(struct pit_channel *c, bool gate, uint64_t t)
{
	bool rose = gate && !c->gate;

	if (gate == c->gate)
		return;
	c->gate = gate;
	if (c->mode == 1 || c->mode == 5) {
		if (rose && c->loaded)
			start(c, t);
		return;
	}
	if (!rose) {
		c->held = elapsed(c, t);
		c->running = false;
	} else if (c->loaded && periodic(c)) {
		start(c, t);
	} else if (c->loaded) {
		c->start = t - c->held;
		c->running = true;
	}
}

static void write_count(struct pit *p, struct pit_channel *c, uint8_t v, uint64_t t)
{
	sync(c, t);
	if (c->access == ACCESS_BOTH && !c->write_high) {
		c->write_low = v;
		c->write_high = true;
		if (c->mode != 0)
			return;
		/* The first byte stops the count and lowers the output. */
		c->running = c->loaded = false;
	} else {
		uint16_t high = (uint16_t)(v << 8);

		c->write_high = false;
		if (c->access == ACCESS_BOTH)
			load(c, (uint16_t)(high | c->write_low), t);
		else
			load(c, c->access == 2 ? high : v, t);
	}
	if (c == &p->ch[0])
		channel0_changed(p, t);
}

static void latch_count(struct pit_channel *c, uint64_t t)
{
	if (c->latched)
		return; /* until it has been read */
	c->latch = counter(c, t);
	c->latched = c->access == ACCESS_BOTH ? 2 : 1;
	c->read_high = false;
}

static void latch_status(struct pit_channel *c, uint64_t t)
{
	if (c->status_latched)
		return;
	c->status_latched = true;
	c->status = (uint8_t)(output(c, t) << 7 | c->null_count << 6 | c->access << 4 |
			      c->mode << 1 | c->bcd);
}

static void read_back(struct pit *p, uint8_t v, uint64_t t)
{
	for (unsigned i = 0; i < 3; i++) {
		if (!(v >> (i + 1) & 1))
			continue;
		sync(&p->ch[i], t);
		if (!(v & 0x20))
			latch_count(&p->ch[i], t);
		if (!(v & 0x10))
			latch_status(&p->ch[i], t);
	}
}

static void write_control(struct pit *p, uint8_t v, uint64_t t)
{
	if (v >> 6 == 3) {
		read_back(p, v, t);
		return;
	}
	struct pit_channel *c = &p->ch[v >> 6];
	sync(c, t);
	if ((v >> 4 & 3) == 0) {
		latch_count(c, t);
		return;
	}
	/* All but gate and count begins anew; modes 6 and 7 are 2 and 3. */
	*c = (struct pit_channel){.mode = v >> 1 & ((v & 0xc) == 0xc ? 3 : 7),
				  .access = v >> 4 & 3,
				  .bcd = v & 1,
				  .gate = c->gate,
				  .null_count = true,
				  .count = c->count};
	if (c == &p->ch[0])
		channel0_changed(p, t);
}

static uint8_t read_count(struct pit_channel *c, uint64_t t)
{
	uint16_t v = c->latched ? c->latch : counter(c, t);
	bool high = c->access == ACCESS_BOTH ? c->read_high : c->access == 2;

	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	if (c->access == ACCESS_BOTH)
		c->read_high = !high;
	if (c->latched)
		c->latched--;
	return (uint8_t)(high ? v >> 8 : v);
}

static uint8_t read_port(void *dev, unsigned port)
{
	struct pit *p = dev;
	uint64_t t = ticks(p);

	if (port == 3) /* the control word cannot be read */
		return 0xff;
	sync(&p->ch[port], t);
	return read_count(&p->ch[port], t);
}

static void write_port(void *dev, unsigned port, uint8_t v)
{
	struct pit *p = dev;
	uint64_t t = ticks(p);

	if (port == 3)
		write_control(p, v, t);
	else
		write_count(p, &p->ch[port], v, t);
}

static uint8_t read_61(void *dev, unsigned port)
{
	struct pit *p = dev;
	uint64_t t = ticks(p);

	(void)port;
	sync(&p->ch[2], t);
	return (uint8_t)(p->port61 | (dev_now(p->timer) / REFRESH_NS & 1) << 4 |
			 (output(&p->ch[2], t) ? PORT61_OUT2 : 0));
}

static void write_61(void *dev, unsigned port, uint8_t v)
{
	struct pit *p = dev;
	uint64_t t = ticks(p);

	(void)port;
	p->port61 = v & 0x0f;
	sync(&p->ch[2], t);
	set_gate(&p->ch[2], v & PORT61_GATE, t);
}

static const struct io_ops pit_ops = {.read8 = read_port, .write8 = write_port};
static const struct io_ops port61_ops = {.read8 = read_61, .write8 = write_61};

int pit_init(struct pit *p, struct iobus *ports, struct dev_timer *timer, struct dev_irq irq)
{
	*p = (struct pit){.timer = timer, .irq = irq, .next = DEV_TIMER_NEVER};
	for (unsigned i = 0; i < 3; i++)
		p->ch[i] = (struct pit_channel){
			.mode = 3,
			.access = ACCESS_BOTH,
			.count = 0x10000,
			.null_count = true,
			.gate = i != 2,
		};
	return iobus_add(ports, 0x40, 4, &pit_ops, p) ?: iobus_add(ports, 0x61, 1, &port61_ops, p);
}
