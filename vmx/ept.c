/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EPT pointer, and what drops stale translations. */
#include "vmx/vmx.h"

/* what: the EPT pointer or VPID when it is one, with INV_SINGLE. */
#define INVALIDATE(insn)                                                                           \
	static void insn(bool single, uint64_t what)                                               \
	{                                                                                          \
		uint64_t d[2] = {single ? what : 0, 0}, type = single ? INV_SINGLE : INV_ALL;      \
		__asm__ volatile(#insn " %0, %1" ::"m"(d), "r"(type) : "cc", "memory");            \
	}
INVALIDATE(invept)
INVALIDATE(invvpid)
#undef INVALIDATE

uint64_t vmx_eptp(const struct vm *vm)
{
	return vm->p2m.root | EPTP_WB_WALK_4;
}

/*
 * Guest-physical and combined mappings: INVVPID would leave the first kind
 * (SDM 3C 28.3.3.4).
 */
void vmx_flush_ept(const struct vm *vm)
{
	invept(vmx_caps.ept_vpid & EPT_CAP_INVEPT_SINGLE, vmx_eptp(vm));
}

/*
 * Linear and combined mappings of one vCPU, after what flushes them on hardware
 * was done for the guest. Without VPIDs each entry and exit does it.
 */
void vmx_flush_linear(struct vmx_vcpu *h)
{
	if (h->vpid)
		invvpid(vmx_caps.ept_vpid & VPID_CAP_SINGLE, h->vpid);
}

void vmx_flush_tlb(struct vcpu *v)
{
	vmx_flush_ept(v->vm);
}
