/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The 8254 interval timer with the speaker port 0x61. Pure. */
#ifndef KERNEL_DEV_PIT_H
#define KERNEL_DEV_PIT_H

#include "kernel/dev/dev.h"

#define PIT_HZ  1193182u
#define PIT_IRQ 0u

struct pit_channel {
	uint64_t start; /* ns: when the count was loaded or the gate rose */
	uint32_t count; /* 1..65536 (BCD: ..10000), of the running period */
	uint16_t latched, reload_low;
	uint8_t mode, access; /* access: 1 low, 2 high, 3 both */
	bool bcd, gate, null_count, triggered, write_high, read_high;
	uint8_t latched_bytes, status;
	bool status_latched;
	uint32_t next_count; /* modes 2 and 3: taken at the end of the period; 0: none */
	uint64_t paused;     /* ticks already counted when the gate fell */
};

struct pit {
	struct dev_clock clock;
	struct dev_timer timer;
	struct dev_irq irq;
	struct pit_channel ch[3];
	uint8_t port61; /* bits 1:0 as written */
};

/* irq follows the output of channel 0; each new tick is a low-to-high edge. */
void pit_init(struct pit *p, struct dev_clock clock, struct dev_timer timer, struct dev_irq irq);
int pit_attach(struct pit *p, struct iobus *ports);
/* The deadline has passed. However many ticks were missed, one edge is given. */
void pit_timer(struct pit *p);

#endif
