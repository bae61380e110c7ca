/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nested paging: what the TLB keeps of it. Pure. */
#include "svm/svm.h"

/* At the next entry; run() takes it back then, as the CPU leaves the field as it is. */
void svm_flush_tlb(struct vcpu *v)
{
	svm_of(v)->vmcb.tlb_control =
		svm_has(SVM_FEATURE_FLUSH_BY_ASID) ? TLB_FLUSH_ASID : TLB_FLUSH_ALL;
}
