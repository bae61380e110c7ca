/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nested paging: what the TLB keeps of it. Pure. */
#include "svm/svm.h"

/* A new ASID is as good as a flush of the old one. */
void svm_flush_tlb(struct vcpu *v)
{
	struct svm_vcpu *s = svm_of(v);

	if (svm_has(SVM_FEATURE_FLUSH_BY_ASID))
		s->flush = true;
	else
		s->tag.generation = 0;
}

void svm_tlb_entry(struct svm_vcpu *s, struct asid_pool *pool)
{
	struct vmcb *c = &s->vmcb;

	/* The CPU leaves TLB control as it is: what is asked for once must be taken back. */
	if (s->tag.generation == pool->generation) {
		c->tlb_control = s->flush ? TLB_FLUSH_ASID : TLB_KEEP;
	} else {
		c->tlb_control = asid_assign(pool, &s->tag, svm_has(SVM_FEATURE_FLUSH_BY_ASID));
		c->asid = s->tag.asid;
		svm_dirty(s, CLEAN_ASID);
	}
	s->flush = false;
}
