/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dates of the Gregorian calendar, in UTC, as time since 1970; pure. */
#pragma once

#include "kernel/types.h"

/* Days, of a day since 1970; one beyond the end of its month goes on in the next. */
uint64_t date_days(uint64_t year, uint64_t month, uint64_t day);
/* Seconds; 0 for what is no date from 1970 to 9999. */
uint64_t date_seconds(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute,
		      unsigned second);
