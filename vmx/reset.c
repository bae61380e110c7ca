/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest state at power-up, and what the loader of an image asks for on top. */
#include "kernel/string.h"
#include "vmx/vmx.h"

#define PAT_POWER_UP 0x0007040600070406ull

static void set_seg(struct vcpu *v, enum vcpu_sreg s, uint16_t selector, uint32_t rights,
		    uint32_t limit, uint64_t base)
{
	struct vcpu_seg seg = {selector, rights, limit, base};

	vmx_set_seg(v, s, &seg);
}

/* SDM 3A table 9-1. */
static void power_up(struct vcpu *v)
{
	struct vmx_vcpu *h = vmx_hw(v);

	memset(v->gpr, 0, sizeof(v->gpr));
	v->gpr[GPR_RDX] = 0x600; /* family 6 */
	h->cr2 = 0;
	h->cached = h->dirty = 0;

	vmwrite(VM_ENTRY_INTERRUPTION_INFO, 0);
	vmwrite(GUEST_ACTIVITY, 0);
	vmwrite(GUEST_PENDING_DEBUG, 0);
	h->injected = false;
	vmwrite(CR4_MASK, ~vmx_cr4_owned(v));
	vmx_set_proc(h, PROC_INTERRUPT_WINDOW | PROC_NMI_WINDOW, false);
	vmx_set_tpr(v, 0);
	vmx_cache_set(h, CACHE_INTERRUPTIBILITY, 0);
	vmx_cache_set(h, CACHE_RIP, 0xfff0);
	vmx_cache_set(h, CACHE_RSP, 0);
	vmx_cache_set(h, CACHE_RFLAGS, RFLAGS_RSVD1);

	vmx_set_efer(v, 0);
	vmx_set_cr0(v, CR0_CD | CR0_NW | CR0_ET);
	vmx_set_cr4(v, 0);
	vmx_set_cr3(v, 0);
	for (unsigned i = 0; i < 4; i++)
		vmwrite(GUEST_PDPTE(i), 0);
	vmx_set(v, REG_DR7, DR7_INIT);
	vmx_set(v, REG_PAT, PAT_POWER_UP);
	for (enum vcpu_reg r = REG_SYSENTER_CS; r <= REG_DEBUGCTL; r++)
		vmx_set(v, r, 0);
	vmx_set(v, REG_GDTR_BASE, 0);
	vmx_set(v, REG_GDTR_LIMIT, 0xffff);
	vmx_set(v, REG_IDTR_BASE, 0);
	vmx_set(v, REG_IDTR_LIMIT, 0xffff);

	set_seg(v, SREG_CS, 0xf000, 0x9b, 0xffff, 0xffff0000);
	for (enum vcpu_sreg s = SREG_ES; s <= SREG_GS; s++)
		if (s != SREG_CS)
			set_seg(v, s, 0, 0x93, 0xffff, 0);
	set_seg(v, SREG_LDTR, 0, 0x82, 0xffff, 0);
	set_seg(v, SREG_TR, 0, 0x8b, 0xffff, 0);
}

static void start_at(struct vcpu *v, const struct vcpu_start *start)
{
	uint32_t code = (uint32_t)(SEG_G | SEG_P | SEG_S | 11);

	if (start->real_mode) {
		set_seg(v, SREG_CS, (uint16_t)(start->sipi << 8), 0x9b, 0xffff,
			(uint64_t)start->sipi << PAGE_SHIFT);
		vmx_cache_set(vmx_hw(v), CACHE_RIP, 0);
		return;
	}
	if (start->long_mode) {
		vmx_set_efer(v, EFER_LME | EFER_NXE);
		vmx_set_cr4(v, CR4_PAE);
		vmx_set_cr3(v, start->cr3);
		vmx_set_cr0(v, CR0_PG | CR0_WP | CR0_NE | CR0_ET | CR0_PE);
		vmx_set(v, REG_GDTR_BASE, start->gdt);
		vmx_set(v, REG_GDTR_LIMIT, start->gdt_limit);
		code |= (uint32_t)SEG_L;
	} else {
		vmx_set_cr0(v, CR0_NE | CR0_ET | CR0_PE);
		code |= (uint32_t)SEG_DB;
	}
	set_seg(v, SREG_CS, 0x10, code, 0xffffffff, 0);
	for (enum vcpu_sreg s = SREG_ES; s <= SREG_GS; s++)
		if (s != SREG_CS)
			set_seg(v, s, 0x18, (uint32_t)(SEG_G | SEG_DB | SEG_P | SEG_S | 3),
				0xffffffff, 0);
	set_seg(v, SREG_LDTR, 0, (uint32_t)SEG_UNUSABLE, 0, 0);
	set_seg(v, SREG_TR, 0, 0x8b, 0x67, 0);

	vmx_cache_set(vmx_hw(v), CACHE_RIP, start->rip);
	vmx_cache_set(vmx_hw(v), CACHE_RSP, start->rsp);
	v->gpr[GPR_RAX] = start->rax;
	v->gpr[GPR_RBX] = start->rbx;
	v->gpr[GPR_RDX] = 0;
	v->gpr[GPR_RSI] = start->rsi;
	v->gpr[GPR_RDI] = start->rdi;
}

void vmx_vcpu_reset(struct vcpu *v, const struct vcpu_start *start)
{
	struct vmx_vcpu *h = vmx_hw(v);
	bool borrowed = vmx_borrow(h);

	power_up(v);
	if (start)
		start_at(v, start);
	vmx_give_back(h, borrowed);
}
