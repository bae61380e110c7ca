/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hands out virtual-processor identifiers, which tag a vCPU's translations. Pure. */
#include "vmx/logic.h"

uint16_t vmx_vpid_alloc(struct vmx_vpids *p)
{
	for (unsigned i = 0; i < ARRAY_SIZE(p->used); i++) {
		/* VPID 0 is the host's (SDM 3C 28.1). */
		uint64_t reserved = i == 0 ? 1 : 0, used = p->used[i];

		while (~(used | reserved)) {
			unsigned bit = (unsigned)__builtin_ctzll(~(used | reserved));

			used = __atomic_fetch_or(&p->used[i], BIT(bit), __ATOMIC_ACQ_REL);
			if (!(used & BIT(bit)))
				return (uint16_t)(i * 64 + bit);
		}
	}
	return 0;
}

void vmx_vpid_free(struct vmx_vpids *p, uint16_t vpid)
{
	if (vpid && vpid < VPID_COUNT)
		__atomic_fetch_and(&p->used[vpid / 64], ~BIT(vpid % 64), __ATOMIC_ACQ_REL);
}
