/* SPDX-License-Identifier: MIT */
/* Further vCPUs: started by INIT and SIPI, each with a stack of its own. */
#include "guests/rt/rt.h"

#define AP_STACK 16384u

#define X2APIC_SVR 0x80fu
#define X2APIC_ICR 0x830u
#define ICR_INIT   0x4500u /* level assert */
#define ICR_SIPI   0x4600u

struct ap_args {
	uint64_t cr3, stack, entry;
};

extern const char ap_code[], ap_code_end[], ap_args[];

static char stacks[RT_VCPUS][AP_STACK] __attribute__((aligned(16)));
static void (*volatile ap_main)(void);
static volatile bool ap_up;

static void ap_entry(void)
{
	void (*fn)(void) = ap_main;

	rt_idt_load();
	wrmsr(X2APIC_SVR, 0x1ff);
	ap_up = true;
	fn();
	for (;;) /* its end: nobody wakes it */
		__asm__ volatile("cli; hlt");
}

void ipi(unsigned vcpu, uint8_t vector)
{
	wrmsr(X2APIC_ICR, (uint64_t)vcpu << 32 | 0x4000u | vector);
}

bool vcpu_start(unsigned vcpu, void (*fn)(void))
{
	char *page = (char *)RT_AP_PAGE;
	uint64_t until = rdtsc() + rt_info->tsc_khz * 1000;

	if (vcpu >= RT_VCPUS || vcpu >= rt_info->vcpu_count)
		return false;
	memcpy(page, ap_code, (size_t)(ap_code_end - ap_code));
	*(struct ap_args *)(void *)(page + (ap_args - ap_code)) = (struct ap_args){
		.cr3 = read_cr3(),
		.stack = gpa_of(stacks[vcpu] + AP_STACK),
		.entry = (uint64_t)(uintptr_t)ap_entry,
	};
	ap_main = fn;
	ap_up = false;
	wrmsr(X2APIC_ICR, (uint64_t)vcpu << 32 | ICR_INIT);
	wrmsr(X2APIC_ICR, (uint64_t)vcpu << 32 | ICR_SIPI | RT_AP_PAGE >> 12);
	while (!ap_up && (int64_t)(rdtsc() - until) < 0)
		__asm__ volatile("pause");
	return ap_up;
}
