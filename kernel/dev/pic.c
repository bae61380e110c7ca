/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two 8259A interrupt controllers of a PC and their edge/level registers. */
#include "kernel/dev/pic.h"

#define CASCADE 2u

/* Inputs that are level-triggered: by ELCR, or all by ICW1; the slave's INT behaves so. */
static uint8_t level_mask(const struct pic_chip *c)
{
	uint8_t m = c->ltim ? 0xff : c->elcr;

	return c == &c->pic->chip[0] ? (uint8_t)(m | 1u << CASCADE) : m;
}

/* 0 is the highest; 8 when nothing is set. */
static unsigned priority(const struct pic_chip *c, uint8_t bits)
{
	unsigned turned = (bits | (unsigned)bits << 8) >> ((c->lowest + 1) & 7);

	return (unsigned)__builtin_ctz(turned | 0x100);
}

static unsigned input_of(const struct pic_chip *c, unsigned prio)
{
	return (c->lowest + 1 + prio) & 7;
}

/* In service; without special mask mode's masked inputs (data sheet, special mask mode). */
static uint8_t busy(const struct pic_chip *c)
{
	return c->special_mask ? c->isr & (uint8_t)~c->imr : c->isr;
}

/* The input that asks for service and may have it now, or -1. */
static int request(const struct pic_chip *c)
{
	unsigned asked = priority(c, c->irr & (uint8_t)~c->imr);
	uint8_t higher = busy(c);

	/* Special fully nested: the slave's higher inputs interrupt its lower ones. */
	if (c->special_nested && c == &c->pic->chip[0])
		higher &= (uint8_t) ~(1u << CASCADE);
	/* While it is being initialized a chip asks for nothing. */
	return c->icw || asked >= priority(c, higher) ? -1 : (int)input_of(c, asked);
}

static void set_input(struct pic_chip *c, unsigned n, bool level)
{
	uint8_t bit = (uint8_t)(1u << n);

	/* An edge counts only as long as its input stays high (data sheet, IRR). */
	if (!level)
		c->irr &= (uint8_t)~bit;
	else if ((level_mask(c) & bit) || !(c->level & bit))
		c->irr |= bit;
	c->level = (uint8_t)(level ? c->level | bit : c->level & ~bit);
}

static void update(struct pic *p)
{
	const struct pic_chip *c = p->chip;

	/* Nothing asks, and nothing did: as after most accesses. */
	if (!((c[0].irr & ~c[0].imr) | (c[1].irr & ~c[1].imr) | (c[0].level & 1u << CASCADE) |
	      p->out_level))
		return;
	set_input(&p->chip[0], CASCADE, request(&p->chip[1]) >= 0);
	bool out = request(&p->chip[0]) >= 0;
	if (out != p->out_level) {
		p->out_level = out;
		dev_irq_set(&p->out, out);
	}
}

void pic_set_irq(void *pic, unsigned line, bool level)
{
	struct pic *p = pic;

	if (line >= 16 || line == CASCADE)
		return;
	set_input(&p->chip[line / 8], line & 7, level);
	update(p);
}

/* Acknowledges the input served next; 7 when there is none any more. */
static unsigned acknowledge(struct pic_chip *c)
{
	int n = request(c);
	uint8_t bit = (uint8_t)(1u << (n & 7));

	if (n < 0)
		return 7;
	if (!(level_mask(c) & bit))
		c->irr &= (uint8_t)~bit;
	if (!c->auto_eoi)
		c->isr |= bit;
	else if (c->rotate_aeoi)
		c->lowest = (uint8_t)n;
	return (unsigned)n;
}

uint8_t pic_ack(struct pic *p)
{
	struct pic_chip *c = &p->chip[0];
	bool cascade = request(c) == CASCADE;
	unsigned n = acknowledge(c);

	if (cascade) {
		c = &p->chip[1];
		n = acknowledge(c);
	}
	update(p);
	return (uint8_t)(c->base | n);
}

/* Ends the service of an input, makes it the lowest, or both: the one in service, or as named. */
static void ocw2(struct pic_chip *c, uint8_t v)
{
	bool rotate = v & 0x80, specific = v & 0x40, end = v & 0x20;
	unsigned top = priority(c, busy(c)), n = specific ? v & 7u : input_of(c, top);

	if (!end && !specific) {
		c->rotate_aeoi = rotate;
	} else if (specific || top < 8) {
		c->isr &= end ? (uint8_t) ~(1u << n) : 0xff;
		c->lowest = rotate ? (uint8_t)n : c->lowest;
	}
}

static void ocw3(struct pic_chip *c, uint8_t v)
{
	if (v & 0x02)
		c->read_isr = v & 0x01;
	if (v & 0x40)
		c->special_mask = v & 0x20;
}

/* Edges that came before are forgotten (data sheet, ICW1). */
static void icw1(struct pic_chip *c, uint8_t v)
{
	c->icw4 = v & 0x01;
	c->single = v & 0x02;
	c->ltim = v & 0x08;
	c->irr = c->level & level_mask(c);
	c->isr = c->imr = 0;
	c->lowest = 7;
	c->auto_eoi = c->rotate_aeoi = c->special_mask = c->special_nested = false;
	c->read_isr = false;
	c->icw = 2;
}

static void write_data(struct pic_chip *c, uint8_t v)
{
	switch (c->icw) {
	case 2:
		c->base = v & 0xf8;
		c->icw = !c->single ? 3 : c->icw4 ? 4 : 0;
		break;
	case 3: /* the wiring is known */
		c->icw = c->icw4 ? 4 : 0;
		break;
	case 4:
		c->auto_eoi = v & 0x02;
		c->special_nested = v & 0x10;
		c->icw = 0;
		break;
	default:
		c->imr = v;
	}
}

static void write_port(void *dev, unsigned port, uint8_t v)
{
	struct pic_chip *c = dev;

	if (port == 1)
		write_data(c, v);
	else if (v & 0x10)
		icw1(c, v);
	else if (v & 0x08)
		ocw3(c, v);
	else
		ocw2(c, v);
	update(c->pic);
}

static uint8_t read_port(void *dev, unsigned port)
{
	const struct pic_chip *c = dev;

	if (port == 1)
		return c->imr;
	return c->read_isr ? c->isr : c->irr;
}

static uint8_t read_elcr(void *dev, unsigned n)
{
	return ((struct pic *)dev)->chip[n].elcr;
}

static void write_elcr(void *dev, unsigned n, uint8_t v)
{
	struct pic *p = dev;
	struct pic_chip *c = &p->chip[n];

	/* The timer, keyboard, cascade, RTC and FPU are edges for ever. */
	c->elcr = v & (n ? 0xde : 0xf8);
	c->irr = (uint8_t)((c->irr & ~level_mask(c)) | (c->level & level_mask(c)));
	update(p);
}

static const struct io_ops pic_ops = {.read8 = read_port, .write8 = write_port};
static const struct io_ops elcr_ops = {.read8 = read_elcr, .write8 = write_elcr};

int pic_init(struct pic *p, struct iobus *ports, struct dev_irq out)
{
	*p = (struct pic){.out = out};
	for (unsigned i = 0; i < 2; i++) /* masked until the guest sets vectors */
		p->chip[i] = (struct pic_chip){.pic = p, .lowest = 7, .imr = 0xff};
	return iobus_add(ports, 0x20, 2, &pic_ops, &p->chip[0])
		?: iobus_add(ports, 0xa0, 2, &pic_ops, &p->chip[1])
		?: iobus_add(ports, 0x4d0, 2, &elcr_ops, p);
}
