/* SPDX-License-Identifier: MIT */
/* Start in C, the IDT, and what happens on each vector. */
#include "guests/rt/rt.h"

#define KERNEL_CS 0x10
#define KERNEL_DS 0x18

#define X2APIC_EOI 0x80bu
#define X2APIC_SVR 0x80fu
#define SVR_ENABLE 0x100u

struct gate { /* SDM 3A 6.14.1 */
	uint16_t offset0, selector;
	uint8_t ist, type;
	uint16_t offset1;
	uint32_t offset2, reserved;
};
_Static_assert(sizeof(struct gate) == 16, "IDT gate");

struct idt_ptr {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

extern const uint64_t rt_vectors[256];
extern uint8_t rt_use_vmcall;
extern uint64_t probe_sp;
extern char fault_stack_top[];
extern char probe_resume[];
void rt_main(const struct mullion_start_info *info);
void rt_trap(struct frame *f);

const struct mullion_start_info *rt_info;
handler_fn rt_handler[256];
uint64_t rt_stray;
struct fault rt_fault;
static struct gate idt[256];

void rt_idt_load(void)
{
	struct idt_ptr p = {sizeof(idt) - 1, gpa_of(idt)};

	__asm__ volatile("lidt %0" ::"m"(p));
}

static void idt_make(void)
{
	for (unsigned v = 0; v < 256; v++)
		idt[v] = (struct gate){
			.offset0 = (uint16_t)rt_vectors[v],
			.offset1 = (uint16_t)(rt_vectors[v] >> 16),
			.offset2 = (uint32_t)(rt_vectors[v] >> 32),
			.selector = KERNEL_CS,
			.ist = v == 8, /* #DF has a stack of its own */
			.type = v == RT_RETURN_VECTOR || v == 3 ? 0xee : 0x8e,
		};
	rt_idt_load();
}

void rt_main(const struct mullion_start_info *info)
{
	struct cpuid_regs r = cpuid(MULLION_CPUID_ABI, 0);

	rt_info = info;
	rt_use_vmcall = r.ecx == MULLION_INSN_VMCALL;
	idt_make();
	if (info->magic != MULLION_START_MAGIC || r.eax >> 16 != MULLION_ABI_MAJOR)
		crash(1, "start info or ABI version not understood");
	wrmsr(X2APIC_SVR, SVR_ENABLE | 0xff);
	guest_main();
	power_off();
}

/* Back into the probe, on its own stack, with TF, IF and AC off. */
static void end_probe(struct frame *f)
{
	rt_fault = (struct fault){f->vector, f->error, f->rip, read_cr2(), f->rax};
	f->rax = f->vector;
	f->rip = (uint64_t)(uintptr_t)probe_resume;
	f->cs = KERNEL_CS;
	f->ss = KERNEL_DS;
	f->rsp = probe_sp;
	f->rflags = 2;
}

static void dump(const struct frame *f)
{
	print("exception %lu error %lx cr2 %lx\n", f->vector, f->error, read_cr2());
	print("rip %lx cs %lx rflags %lx rsp %lx ss %lx\n", f->rip, f->cs, f->rflags, f->rsp,
	      f->ss);
	print("rax %lx rbx %lx rcx %lx rdx %lx\n", f->rax, f->rbx, f->rcx, f->rdx);
	print("rsi %lx rdi %lx rbp %lx r8 %lx\n", f->rsi, f->rdi, f->rbp, f->r8);
	crash(f->vector, "unexpected exception");
}

void rt_trap(struct frame *f)
{
	handler_fn fn = rt_handler[f->vector];

	if (fn)
		fn(f);
	else if (probe_sp && (f->vector < 32 || f->vector == RT_RETURN_VECTOR))
		end_probe(f);
	else if (f->vector < 32)
		dump(f);
	else
		rt_stray++;
	if (f->vector >= 32 && f->vector != RT_RETURN_VECTOR)
		wrmsr(X2APIC_EOI, 0);
}

void event_handler(unsigned port, uint8_t vector, handler_fn fn)
{
	rt_handler[vector] = fn;
	hcall(MULLION_EVENT_BIND, port, vector, 0, 0, 0);
}

uint64_t trap_stack(uint8_t vector)
{
	idt[vector].ist = 1;
	return gpa_of(fault_stack_top);
}

__attribute__((noreturn)) static void end(uint64_t call, uint64_t a0, uint64_t a1, uint64_t a2)
{
	for (;;)
		hcall(call, a0, a1, a2, 0, 0);
}

void power_off(void)
{
	end(MULLION_POWER_OFF, 0, 0, 0);
}

void restart(void)
{
	end(MULLION_RESTART, 0, 0, 0);
}

void crash(uint64_t reason, const char *text)
{
	end(MULLION_CRASH, reason, gpa_of(text), strlen(text));
}
