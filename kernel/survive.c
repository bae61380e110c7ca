/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of a panic: made, sealed, and checked before anybody believes it; pure. */
#include "kernel/survive.h"

#define CRC_FROM offsetof(struct survive, core_count)
#define CRC_POLY 0xedb88320u

static uint64_t size_of(uint64_t cores)
{
	return offsetof(struct survive, core) + cores * sizeof(struct survive_core);
}

/* Bit by bit: a table is not worth its room for what runs once a boot. */
static uint32_t crc_of(const struct survive *r)
{
	uint32_t crc = UINT32_MAX;

	for (uint64_t i = CRC_FROM; i < size_of(r->core_count); i++) {
		crc ^= ((const uint8_t *)r)[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC_POLY : 0);
	}
	return ~crc;
}

void survive_seal(struct survive *r)
{
	r->version = SURVIVE_VERSION;
	r->reason[SURVIVE_REASON - 1] = '\0';
	r->crc = crc_of(r);
	__atomic_store_n(&r->magic, SURVIVE_MAGIC, __ATOMIC_RELEASE);
}

bool survive_valid(const void *region)
{
	const struct survive *r = region;

	if (r->magic != SURVIVE_MAGIC || r->version != SURVIVE_VERSION ||
	    r->core_count > SURVIVE_CORES || r->crc != crc_of(r) || r->reason[SURVIVE_REASON - 1])
		return false;
	for (unsigned i = 0; i < r->core_count; i++)
		if (r->core[i].count > TRACE_KEPT)
			return false;
	return true;
}
