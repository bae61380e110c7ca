/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers of a vCPU at power-up, and what the loader of its image asks for on top. Pure. */
#include "kernel/vcpu.h"

#define DATA_16 0x93u /* writable, accessed */
#define CODE_16 0x9bu /* readable, accessed */
#define FLAT    ((uint32_t)SEG_G)

/* SDM 3A table 9-1, APM 2 table 14-1: others are 0. */
static const uint64_t power_up[REG_COUNT] = {
	[REG_RIP] = 0xfff0,
	[REG_RFLAGS] = RFLAGS_RSVD1,
	[REG_CR0] = CR0_CD | CR0_NW | CR0_ET,
	[REG_DR7] = DR7_INIT,
	[REG_PAT] = 0x0007040600070406,
	[REG_GDTR_LIMIT] = 0xffff,
	[REG_IDTR_LIMIT] = 0xffff,
};

static void set_segs(struct vcpu *v, const struct vcpu_seg *code, const struct vcpu_seg *data)
{
	for (enum vcpu_sreg s = SREG_ES; s <= SREG_GS; s++)
		vcpu_ops->set_seg(v, s, s == SREG_CS ? code : data);
}

static void start_at(struct vcpu *v, const struct vcpu_start *start)
{
	uint32_t mode = (uint32_t)(start->long_mode ? SEG_L : SEG_DB);
	const struct vcpu_seg sipi = {(uint16_t)(start->sipi << 8), CODE_16, 0xffff,
				      (uint64_t)start->sipi << PAGE_SHIFT};
	const struct vcpu_seg code = {0x10, CODE_16 | FLAT | mode, UINT32_MAX, 0};
	const struct vcpu_seg data = {0x18, DATA_16 | FLAT | (uint32_t)SEG_DB, UINT32_MAX, 0};

	if (start->real_mode) {
		vcpu_ops->set_seg(v, SREG_CS, &sipi);
		vcpu_ops->set(v, REG_RIP, 0);
		return;
	}
	if (start->long_mode) {
		vcpu_ops->set(v, REG_EFER, EFER_LME | EFER_NXE);
		vcpu_ops->set(v, REG_CR4, CR4_PAE);
		vcpu_ops->set(v, REG_CR3, start->cr3);
	}
	vcpu_ops->set(v, REG_GDTR_BASE, start->gdt);
	vcpu_ops->set(v, REG_GDTR_LIMIT, start->gdt_limit);
	vcpu_ops->set(v, REG_CR0,
		      CR0_PE | CR0_ET | (start->long_mode ? CR0_NE | CR0_PG | CR0_WP : 0));
	set_segs(v, &code, &data);
	vcpu_ops->set(v, REG_RIP, start->rip);
	vcpu_ops->set(v, REG_RSP, start->rsp);
	v->gpr[GPR_RDX] = 0;
	v->gpr[GPR_RAX] = start->rax;
	v->gpr[GPR_RBX] = start->rbx;
	v->gpr[GPR_RSI] = start->rsi;
	v->gpr[GPR_RDI] = start->rdi;
}

void vcpu_reset_registers(struct vcpu *v, uint32_t signature, const struct vcpu_start *start)
{
	const struct vcpu_seg code = {0xf000, CODE_16, 0xffff, 0xffff0000};
	const struct vcpu_seg data = {0, DATA_16, 0xffff, 0}, ldt = {0, 0x82, 0xffff, 0};
	const struct vcpu_seg tss = {0, 0x8b, 0xffff, 0}; /* busy */

	memset(v->gpr, 0, sizeof(v->gpr));
	memset(v->dr, 0, sizeof(v->dr));
	v->gpr[GPR_RDX] = signature;
	v->dr6 = DR6_INIT;
	v->pending.valid = false;
	v->nmi_pending = 0;
	for (enum vcpu_reg r = 0; r < REG_COUNT; r++)
		vcpu_ops->set(v, r, power_up[r]);
	set_segs(v, &code, &data);
	vcpu_ops->set_seg(v, SREG_LDTR, &ldt);
	vcpu_ops->set_seg(v, SREG_TR, &tss);
	if (start)
		start_at(v, start);
}
