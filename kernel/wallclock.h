/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calendar time: what firmware said at the start, and the TSC since. */
#ifndef KERNEL_WALLCLOCK_H
#define KERNEL_WALLCLOCK_H

#include "kernel/types.h"

void wallclock_init(uint64_t epoch, uint64_t tsc);
/* UTC seconds since 1970; from 0 on when firmware did not know. */
uint64_t wallclock_now(void);

#endif
