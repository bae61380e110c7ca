/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calendar time to days and seconds since 1970. */
#include "kernel/date.h"

uint64_t date_days(uint64_t year, uint64_t month, uint64_t day)
{
	/* Years begin in March, so that the leap day is a year's last. */
	year -= month < 3;
	month = (month + 9) % 12;
	return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 -
	       719468;
}

uint64_t date_seconds(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute,
		      unsigned second)
{
	if (year < 1970 || year > 9999 || month - 1 > 11 || day - 1 > 30 || hour > 23 ||
	    minute > 59 || second > 59)
		return 0;
	return ((date_days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
}
