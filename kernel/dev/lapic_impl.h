/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the local APIC share: lapic.c, lapic_regs.c. */
#pragma once

#include "kernel/dev/lapic.h"

/* ESR, SDM 3A 10.5.3. */
#define ESR_SEND_VECTOR BIT(5)
#define ESR_RECV_VECTOR BIT(6)
#define ESR_REGISTER    BIT(7)

static inline bool lapic_enabled(const struct lapic *l)
{
	return l->base & APIC_BASE_ENABLE;
}

static inline bool lapic_x2apic(const struct lapic *l)
{
	return l->base & APIC_BASE_X2APIC;
}

static inline bool lapic_sw_enabled(const struct lapic *l)
{
	return lapic_enabled(l) && (l->svr & SVR_ENABLE);
}

static inline unsigned lapic_timer_mode(const struct lapic *l)
{
	return l->lvt[LVT_TIMER] >> LVT_TIMER_SHIFT & 3u;
}

/* Bit `bit` of the ESR happens: remembered, and signalled by the error LVT. */
void lapic_error(struct lapic *l, uint32_t bit);
uint8_t lapic_ppr(const struct lapic *l);
void lapic_eoi(struct lapic *l);
/* What the guest reads in the page without an exit is as it would be read here. */
void lapic_publish(struct lapic *l);
/* LINT0's level meets its LVT entry anew. */
void lapic_lint0_eval(struct lapic *l);

uint32_t lapic_timer_current(const struct lapic *l);
void lapic_timer_set_initial(struct lapic *l, uint32_t count);
void lapic_timer_set_divide(struct lapic *l, uint32_t divide);
/* The mode is about to change; the LVT entry still has the old one. */
void lapic_timer_set_mode(struct lapic *l, unsigned mode);
void lapic_timer_set_deadline(struct lapic *l, uint64_t tsc);
