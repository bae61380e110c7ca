/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The MC146818 real-time clock with 128 bytes of CMOS memory. Pure. */
#pragma once

#include "kernel/dev/dev.h"

#define RTC_PORT    0x70u
#define RTC_IRQ     8u
#define RTC_CENTURY 0x32u /* for the FADT */

struct rtc {
	struct dev_timer *timer;
	struct dev_irq irq;
	uint8_t index;
	uint8_t cmos[128]; /* time and date: as last read, or set while the clock stands */
	uint64_t base;     /* UTC in ns at the clock's 0; wraps */
	uint64_t seen;     /* clock time up to which the flags of register C are settled */
};

/*
 * epoch: UTC seconds since 1970 at the clock's 0. low and high: bytes of RAM
 * below and above 4 GiB, told to firmware and old systems in CMOS.
 */
int rtc_init(struct rtc *r, struct iobus *ports, struct dev_timer *timer, struct dev_irq irq,
	     uint64_t epoch, uint64_t low, uint64_t high);
void rtc_timer(void *rtc);
