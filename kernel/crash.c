/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of a guest that is beyond saving. */
#include "kernel/guest.h"
#include "kernel/print.h"

#define CODE_BYTES 16u

static void dump_segment(struct vcpu *v, const char *name, enum vcpu_sreg s)
{
	struct vcpu_seg seg = vcpu_ops->get_seg(v, s);

	log_warn("%s: %s %04x base %016lx limit %08x rights %05x", v->vm->name, name, seg.selector,
		 seg.base, seg.limit, seg.rights);
}

static void dump_code(struct vcpu *v)
{
	uint8_t code[CODE_BYTES];
	char text[CODE_BYTES * 3 + 1] = "";
	struct vcpu_event fault;
	struct vcpu_context c;

	vcpu_ops->context(v, &c);
	unsigned n = vcpu_fetch(v, &c, code, sizeof(code), &fault);

	for (unsigned i = 0; i < n; i++)
		(void)ksnprintf(text + 3 * i, 4, " %02x", code[i]);
	log_warn("%s: code at rip:%s", v->vm->name, n ? text : " not readable");
}

void vcpu_crash(struct vcpu *v, const char *why)
{
	static const char *const seg[] = {"es  ", "cs  ", "ss  ", "ds  ",
					  "fs  ", "gs  ", "ldtr", "tr  "};
	const char *n = v->vm->name;
#define G(r) vcpu_gpr_get(v, GPR_##r)
#define R(r) vcpu_ops->get(v, REG_##r)
	log_warn("%s: vCPU %u on core %u: %s", n, v->id, v->cpu->id, why);
	log_warn("%s: rip %016lx rflags %016lx", n, R(RIP), R(RFLAGS));
	log_warn("%s: rax %016lx rbx %016lx rcx %016lx", n, G(RAX), G(RBX), G(RCX));
	log_warn("%s: rdx %016lx rsi %016lx rdi %016lx", n, G(RDX), G(RSI), G(RDI));
	log_warn("%s: rbp %016lx rsp %016lx r8  %016lx", n, G(RBP), G(RSP), G(R8));
	log_warn("%s: r9  %016lx r10 %016lx r11 %016lx", n, G(R9), G(R10), G(R11));
	log_warn("%s: r12 %016lx r13 %016lx r14 %016lx", n, G(R12), G(R13), G(R14));
	log_warn("%s: r15 %016lx cr0 %016lx cr2 %016lx", n, G(R15), R(CR0), R(CR2));
	log_warn("%s: cr3 %016lx cr4 %016lx efer %016lx", n, R(CR3), R(CR4), R(EFER));
	log_warn("%s: gdtr %016lx:%04lx idtr %016lx:%04lx", n, R(GDTR_BASE), R(GDTR_LIMIT),
		 R(IDTR_BASE), R(IDTR_LIMIT));
#undef G
#undef R
	for (unsigned s = SREG_ES; s < SREG_COUNT; s++)
		dump_segment(v, seg[s], (enum vcpu_sreg)s);
	dump_code(v);
	vcpu_ops->dump(v);
	vm_end(v->vm, END_CRASH);
}
