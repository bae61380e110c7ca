/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The EPT pointer, and what drops stale translations. */
#include "vmx/vmx.h"

/* Of one EPT pointer or VPID: type 1 (SDM 3C 30.3). */
#define INVALIDATE(insn)                                                                           \
	static void insn(uint64_t what)                                                            \
	{                                                                                          \
		uint64_t d[2] = {what, 0};                                                         \
		__asm__ volatile(#insn " %0, %1" ::"m"(d), "r"(1ull) : "cc", "memory");            \
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
void vmx_flush_tlb(struct vcpu *v)
{
	invept(vmx_eptp(v->vm));
}

/*
 * Linear and combined mappings of one vCPU, after what flushes them on hardware
 * was done for the guest.
 */
void vmx_flush_linear(struct vmx_vcpu *h)
{
	invvpid(h->vpid);
}
