/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8254 interval timer with the speaker port 0x61. Pure. */
#pragma once

#include "kernel/dev/dev.h"

#define PIT_HZ  1193182u
#define PIT_IRQ 0u

/* Times are ticks of the 1.19 MHz clock. */
struct pit_channel {
	uint8_t mode;        /* 0..5 */
	uint8_t access;      /* bytes that are read and written: 1 low, 2 high, 3 both */
	bool bcd, gate;      /* bcd is told back only: every system counts binary */
	bool loaded;         /* a count was written since the mode was set */
	bool running;        /* counting since start; else stands after held ticks */
	bool null_count;     /* the last count written is not the counting one yet */
	bool write_high;     /* the low byte is there, in write_low */
	bool read_high;      /* the low byte has been read */
	bool status_latched; /* status is read next */
	uint8_t latched;     /* bytes of latch still to be read */
	uint8_t write_low, status;
	uint16_t latch;
	uint32_t count;      /* 1..65536 */
	uint32_t next_count; /* taken at the next period or trigger; 0: none */
	uint64_t start, held;
};

struct pit {
	struct dev_timer *timer;
	struct dev_irq irq;
	struct pit_channel ch[3];
	uint64_t next; /* tick of channel 0's next rising edge, or DEV_TIMER_NEVER */
	uint8_t port61;
};

/* irq follows the output of channel 0; each new tick is a low-to-high edge. */
int pit_init(struct pit *p, struct iobus *ports, struct dev_timer *timer, struct dev_irq irq);
/* The deadline has passed. However many ticks were missed, one edge is given. */
void pit_timer(void *pit);
