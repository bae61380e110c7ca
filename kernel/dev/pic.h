/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PC's pair of 8259A interrupt controllers with edge/level control. Pure. */
#pragma once

#include "kernel/dev/dev.h"

struct pic_chip {
	struct pic *pic;
	uint8_t level, irr, isr, imr, elcr; /* level: the pins now */
	uint8_t base;                       /* vector of IR0 */
	uint8_t lowest;                     /* the input of lowest priority */
	uint8_t icw;                        /* the ICW expected next at the data port; 0: none */
	bool icw4, single, ltim;            /* as ICW1 said */
	bool auto_eoi, rotate_aeoi, special_mask, special_nested, read_isr;
};

struct pic {
	struct pic_chip chip[2]; /* master, slave on IR2 */
	struct dev_irq out;      /* INT of the master */
	bool out_level;
};

int pic_init(struct pic *p, struct iobus *ports, struct dev_irq out);

/* Lines 0..15; 2 is the cascade and ignored. Usable as dev_irq.set with ctx = pic. */
void pic_set_irq(void *pic, unsigned line, bool level);
/* The interrupt-acknowledge cycle: the vector; a spurious one (IR7) when INT has gone. */
uint8_t pic_ack(struct pic *p);
