/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calendar time to seconds since 1970; pure. */
#pragma once

#include "kernel/types.h"

/* Of the Gregorian calendar, in UTC; 0 for what is no date since 1970. */
uint64_t epoch_from(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute,
		    unsigned second);
