/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMX-preemption timer: ends slices, and keeps in hand who would hold interrupts back. */
#include "arch/x86/apic.h"
#include "arch/x86/traps.h"
#include "arch/x86/tsc.h"
#include "kernel/log.h"
#include "vmx/vmx.h"

#define LEASH_NS 1000000ull

bool vmx_leashed;
static uint64_t leash; /* as the timer counts */

/*
 * The timer counts down from the field, by one each time that bit N of the TSC
 * changes (SDM 3C 25.5.1): one more than the ticks that are left is not early.
 */
static uint64_t timer_ticks(uint64_t tsc)
{
	return (tsc >> (vmx_caps.misc & 31)) + 1;
}

/*
 * With external-interrupt exiting the guest's IF is of no matter (SDM 3C 25.2).
 * Bochs 2.7 looks at it on entry all the same: a guest that runs with IF clear
 * would have the core for ever. Found out by entering a guest that has no
 * memory while an interrupt waits: it must end by the interrupt, not by the EPT
 * violation of the first fetch. Its four pages are not given back.
 */
static bool holds_interrupts_back(void)
{
	static struct vm vm;
	static struct vcpu v = {.vm = &vm, .tag = 1, .slice_end = UINT64_MAX};
	struct vcpu_exit exit = {.kind = EXIT_NONE};

	vm.p2m.root = virt_to_phys(pages_need(PAGE_SIZE));
	v.apic_page = pages_need(PAGE_SIZE);
	vmx_vcpu_create(&v);
	vmx_vcpu_reset(&v, NULL);
	vmx_load(&v);
	apic_send_ipi(apic_id(), HOST_VEC_KICK);
	delay_us(10);
	vmx_run(&v, &exit);
	irq_window();
	vmx_unload(&v);
	return exit.kind == EXIT_PAGE_FAULT;
}

void vmx_leash_init(void)
{
	if (!vcpu_caps.keeps_slices || !holds_interrupts_back())
		return;
	vmx_leashed = true;
	leash = timer_ticks(ns_to_tsc(LEASH_NS));
	log_info(
		"vmx: this processor holds interrupts back while a guest has IF clear: such guests "
		"exit every %llu us",
		LEASH_NS / 1000);
}

void vmx_set_timer(struct vcpu *v, bool leashed)
{
	struct vmx_vcpu *h = vmx_hw(v);
	uint64_t left = leashed ? leash : UINT32_MAX;

	if (v->slice_end != UINT64_MAX) {
		uint64_t now = rdtsc();

		left = min_u64(left, timer_ticks(v->slice_end > now ? v->slice_end - now : 0));
	}
	if (left != h->timer)
		vmwrite(GUEST_PREEMPTION_TIMER, h->timer = (uint32_t)left);
	vmx_set_pin(h, vmx_controls.pin | (uint32_t)PIN_PREEMPTION_TIMER);
}
