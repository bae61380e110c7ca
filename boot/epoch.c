/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calendar time to seconds since 1970. */
#include "boot/epoch.h"

uint64_t epoch_from(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute,
		    unsigned second)
{
	uint64_t days;

	if (year < 1970 || year > 9999 || month - 1 > 11 || day - 1 > 30 || hour > 23 ||
	    minute > 59 || second > 59)
		return 0;
	/* Years begin in March, so that the leap day is a year's last. */
	if (month < 3) {
		year--;
		month += 12;
	}
	days = 365ull * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 +
	       day - 1;
	return ((days - 719468) * 24 + hour) * 3600 + minute * 60 + second;
}
