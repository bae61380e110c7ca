/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a panic leaves for the next boot, in memory that a warm reset does not
 * touch: why, the end of the log, the last trace entries of each core. Pure.
 * After a cold boot that memory is noise, so nothing in it is used unchecked.
 */
#pragma once

#include "kernel/trace.h"

#define SURVIVE_MAGIC   0x65766976727573ull /* "survive" */
#define SURVIVE_VERSION 1u
#define SURVIVE_CORES   64u
#define SURVIVE_REASON  192u
#define SURVIVE_LOG     KIB(40)
#define SURVIVE_LINES   80u /* of the log are printed: a panic's own are up to 40 of them */

struct survive_core {
	uint64_t count;
	struct trace_entry e[TRACE_KEPT];
};

struct survive {
	uint64_t magic;
	uint32_t version;
	uint32_t size; /* bytes in use: up to core[core_count] */
	uint32_t crc;  /* CRC-32 of all that follows */
	uint32_t core_count;
	uint64_t boot_epoch; /* seconds since 1970 of the boot that ended so; 0: unknown */
	uint64_t tsc;        /* of the panic */
	uint64_t tsc_hz;     /* 0: not known yet */
	uint64_t log_len;
	char reason[SURVIVE_REASON]; /* NUL terminated */
	char log[SURVIVE_LOG];       /* lines, the panic's own at the end */
	struct survive_core core[SURVIVE_CORES];
};

/*
 * Wipes the region and makes it a record that is not valid yet, of that many
 * cores or as many as it has room for; NULL: no region, or a small one.
 */
struct survive *survive_begin(void *region, uint64_t size, unsigned cores);
/* Valid from now on. */
void survive_seal(struct survive *r);

bool survive_valid(const void *region, uint64_t size);
/* Writes a valid record to the log, once: it is none afterwards. */
void survive_print(void *region, uint64_t size);
