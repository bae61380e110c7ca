/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps the core in hand where a guest with IF clear would hold interrupts back. */
#include "arch/x86/apic.h"
#include "arch/x86/traps.h"
#include "arch/x86/tsc.h"
#include "kernel/log.h"
#include "vmx/vmx.h"

#define LEASH_NS 1000000ull

/*
 * With external-interrupt exiting the guest's IF is of no matter (SDM 3C 25.2).
 * Bochs 2.7 looks at it on entry all the same: a guest that runs with IF clear
 * would have the core for ever. Found out by entering a guest that has no
 * memory while an interrupt waits: it must end by the interrupt, not by the EPT
 * violation of the first fetch.
 */
static bool holds_interrupts_back(void)
{
	static struct vm vm;
	static struct vcpu v = {.vm = &vm};
	struct vcpu_exit exit = {.kind = EXIT_NONE};
	void *root = page_alloc();

	if (!root)
		return false;
	vm.p2m.root = virt_to_phys(root);
	if (!vmx_vcpu_create(&v)) {
		vmx_vcpu_reset(&v, NULL);
		vmx_load(&v);
		apic_send_ipi(apic_id(), HOST_VEC_KICK);
		delay_us(10);
		vmx_run(&v, &exit);
		irq_window();
		vmx_unload(&v);
		vmx_vcpu_free(&v);
	}
	page_free(root);
	return exit.kind == EXIT_PAGE_FAULT;
}

void vmx_leash_init(void)
{
	if (!(vmx_caps.pin >> 32 & PIN_PREEMPTION_TIMER) || !holds_interrupts_back())
		return;
	vmx_controls.pin |= (uint32_t)PIN_PREEMPTION_TIMER;
	log_info("vmx: this processor holds interrupts back while a guest has IF clear: guests "
		 "exit every %llu us",
		 LEASH_NS / 1000);
}

/* The timer counts down from the field at each entry; the exit reads as an interrupt. */
void vmx_leash_setup(void)
{
	if (vmx_controls.pin & PIN_PREEMPTION_TIMER)
		vmwrite(GUEST_PREEMPTION_TIMER, ns_to_tsc(LEASH_NS) >> (vmx_caps.misc & 31));
}
