/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The arithmetic of the I/O and MSR permission maps. Pure. */
#include "svm/svm.h"

#define MSRS_IN_RANGE 0x2000u

void perm_deny_all(uint8_t *map, size_t size)
{
	memset(map, 0xff, size);
}

/* Three ranges of 2,048 bytes, two bits an MSR (APM 2 table 15-8). */
int msrpm_bit(uint32_t msr)
{
	static const uint32_t base[] = {0, 0xc0000000u, 0xc0010000u};

	for (unsigned i = 0; i < ARRAY_SIZE(base); i++)
		if (msr - base[i] < MSRS_IN_RANGE)
			return (int)(2 * (i * MSRS_IN_RANGE + (msr - base[i])));
	return -1;
}

void msrpm_allow(uint8_t *map, uint32_t msr)
{
	int bit = msrpm_bit(msr);

	if (bit >= 0)
		map[bit / 8] &= (uint8_t) ~(3u << (bit % 8));
}
