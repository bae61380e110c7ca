/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as an instruction, decoded and executed: what both promise must hold. */
/* sources: arch/x86/decode.c arch/x86/decode_operands.c */
/* sources: kernel/emulate.c kernel/emulate_alu.c kernel/emulate_string.c */
#include <string.h>

#include "arch/x86/decode.h"
#include "arch/x86/regs.h"
#include "kernel/emulate.h"
#include "kernel/errno.h"
#include "tests/fuzz/dev_input.h"

static struct vcpu vcpu;
static struct input in;
static unsigned accesses;

static uint64_t get_rsp(struct vcpu *v, enum vcpu_reg reg)
{
	MUST(reg == REG_RSP);
	return v->gpr[GPR_RSP];
}

static void set_rsp(struct vcpu *v, enum vcpu_reg reg, uint64_t value)
{
	MUST(reg == REG_RSP);
	v->gpr[GPR_RSP] = value;
}

static struct vcpu_seg get_seg(struct vcpu *v, enum vcpu_sreg s)
{
	(void)v;
	MUST(s < SREG_COUNT);
	return (struct vcpu_seg){
		.rights = (uint32_t)take(&in, 3),
		.limit = (uint32_t)take(&in, 4),
		.base = take(&in, 4),
	};
}

static const struct vcpu_ops ops = {.get = get_rsp, .set = set_rsp, .get_seg = get_seg};
const struct vcpu_ops *vcpu_ops = &ops;

/* Every third access or so faults. */
static int access(struct emu *e, unsigned size)
{
	MUST(size == 1 || size == 2 || size == 4 || size == 8);
	accesses++;
	if (take(&in, 1) % 3 != 1)
		return 0;
	e->fault = (struct vcpu_event){.valid = true, .type = EVENT_EXCEPTION, .vector = VEC_PF};
	return -EFAULT;
}

int guest_read(struct emu *e, gva_t va, unsigned size, bool write_intent, uint64_t *value)
{
	(void)va, (void)write_intent;
	if (access(e, size))
		return -EFAULT;
	if (value)
		*value = take(&in, size);
	return 0;
}

int guest_write(struct emu *e, gva_t va, unsigned size, uint64_t value)
{
	(void)va;
	MUST(size == 8 || value >> (8 * size) == 0);
	return access(e, size);
}

void port_access(struct vcpu *v, uint16_t port, unsigned size, bool out, uint64_t *value,
		 unsigned passed)
{
	(void)v, (void)port, (void)passed;
	MUST(size <= 4 && (!out || *value >> (8 * size) == 0));
	if (!out)
		*value = take(&in, size);
}

static void execute(const struct insn *i, uint64_t rflags)
{
	const uint64_t arith =
		RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF;
	struct emu e = {.v = &vcpu, .io = true, .rip = take(&in, 8), .rflags = rflags};
	int err;

	accesses = 0;
	err = emulate(&e, i);
	MUST(err == EMU_DONE || err == EMU_REPEAT || err == -EFAULT || err == -ENOTSUP);
	MUST(err != -EFAULT || e.fault.valid);
	MUST(err != EMU_REPEAT || i->rep != REP_NONE);
	MUST((err != -ENOTSUP) == (i->op != INSN_OTHER));
	MUST(((e.rflags ^ rflags) & ~arith) == 0);
	MUST(accesses <= 4 * EMU_REP_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum cpu_mode modes[] = {CPU_MODE_16, CPU_MODE_32, CPU_MODE_64};
	struct insn i, again;
	unsigned n;
	enum cpu_mode mode;
	uint64_t rflags;
	int err;

	if (!size)
		return 0;
	mode = modes[data[0] % 3];
	n = (unsigned)(size - 1 < 16 ? size - 1 : 16);
	err = insn_decode(data + 1, n, mode, &i);
	MUST(err == 0 || err == -EINVAL || err == -ENOTSUP || (err == -EAGAIN && n < INSN_MAX));
	if (err)
		return 0;
	MUST(i.len >= 1 && i.len <= n && i.len <= INSN_MAX);
	/* The bytes behind it do not count, each of its own does. */
	MUST(insn_decode(data + 1, i.len, mode, &again) == 0 && !memcmp(&i, &again, sizeof(i)));
	MUST(insn_decode(data + 1, i.len - 1u, mode, &again) == -EAGAIN);
	in = (struct input){data + 1 + i.len, size - 1 - i.len};
	rflags = take(&in, 2) | RFLAGS_RSVD1;
	for (unsigned r = 0; r < GPR_COUNT; r++)
		vcpu.gpr[r] = take(&in, r == GPR_RCX ? 1 : 8);
	execute(&i, rflags);
	return 0;
}
