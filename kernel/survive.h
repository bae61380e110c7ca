/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a panic leaves for the next boot, in memory that a warm reset does not
 * touch: why, the log, the last trace entries of each core. Pure.
 * After a cold boot that memory is noise, so nothing in it is used unchecked.
 */
#pragma once

#include "kernel/dmesg.h"
#include "kernel/trace.h"

#define SURVIVE_MAGIC   0x65766976727573ull /* "survive" */
#define SURVIVE_VERSION 2u
#define SURVIVE_CORES   64u
#define SURVIVE_REASON  192u
#define SURVIVE_LINES   80u /* of the log are printed: a panic's own are up to 40 of them */

struct survive_core {
	uint64_t count;
	struct trace_entry e[TRACE_KEPT];
};

struct survive {
	uint64_t magic;
	uint32_t version;
	uint32_t crc; /* CRC-32 of all that follows, up to core[core_count] */
	uint64_t core_count;
	uint64_t boot_epoch;         /* seconds since 1970 of the boot that ended so; 0: unknown */
	uint64_t tsc;                /* of the panic */
	uint64_t tsc_hz;             /* 0: not known yet */
	char reason[SURVIVE_REASON]; /* NUL terminated */
	struct dmesg log;            /* the panic's own lines at the end */
	struct survive_core core[SURVIVE_CORES];
};

/* Valid from now on; what it does not use was cleared. */
void survive_seal(struct survive *r);

/* The region has room for a whole record. */
bool survive_valid(const void *region);
/* Writes a valid record to the log, once: it is none afterwards. */
void survive_print(void *region);
