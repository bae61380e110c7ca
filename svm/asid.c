/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address space identifiers of one core. Pure. */
#include "svm/svm.h"

/* What ran here before may have left entries of any ASID. */
void asid_pool_init(struct asid_pool *pool, uint32_t count)
{
	*pool = (struct asid_pool){.generation = 1, .next = 1, .count = count, .stale = true};
}

/*
 * ASID 0 is the host's: VMRUN refuses it (APM 2 15.5.1). Erratum 170 (a guest
 * may use wrong entries after its ASID is used on another core) does not
 * arise: a vCPU that moves gets a new ASID, and its processors have no NPT.
 */
uint32_t asid_assign(struct asid_pool *pool, struct asid_tag *tag, bool flush_by_asid)
{
	if (pool->next >= pool->count) {
		pool->generation++;
		pool->next = 1;
		pool->stale = true;
	}
	tag->asid = pool->next++;
	tag->generation = pool->generation;
	if (flush_by_asid)
		return TLB_FLUSH_ASID;
	if (!pool->stale)
		return TLB_KEEP;
	pool->stale = false;
	return TLB_FLUSH_ALL;
}
