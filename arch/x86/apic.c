/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The physical local APIC: mode, interprocessor interrupts, one-shot timer. */
#include "arch/x86/apic.h"
#include "arch/x86/apic_regs.h"
#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"
#include "arch/x86/traps.h"
#include "arch/x86/tsc.h"
#include "kernel/log.h"

#define DELIVERY(mode) ((uint32_t)(mode) << 8)
#define ICR_OTHERS     (3u << 18)

static volatile uint32_t *xapic; /* NULL: x2APIC */
static bool has_deadline;
static uint64_t timer_ratio; /* timer ticks per TSC tick, 32.32 */

static uint32_t apic_read(unsigned reg)
{
	return xapic ? xapic[4 * reg] : (uint32_t)rdmsr(MSR_X2APIC_BASE + reg);
}

static void apic_write(unsigned reg, uint32_t v)
{
	if (xapic)
		xapic[4 * reg] = v;
	else
		wrmsr(MSR_X2APIC_BASE + reg, v);
}

static void apic_icr(uint32_t dest, uint32_t low)
{
	if (!xapic) {
		/* x2APIC MSR writes are not serializing: earlier stores must be seen first. */
		__asm__ volatile("mfence; lfence" ::: "memory");
		wrmsr(MSR_X2APIC_BASE + APIC_ICR, (uint64_t)dest << 32 | low);
		return;
	}
	while (xapic[4 * APIC_ICR] & LVT_PENDING)
		cpu_relax();
	xapic[4 * APIC_ICR_HIGH] = dest << 24;
	xapic[4 * APIC_ICR] = low;
}

void apic_init(hpa_t xapic_base)
{
	uint32_t has = cpuid(1, 0).ecx;

	has_deadline = has & BIT(24);
	if (has & BIT(21)) /* x2APIC */
		return;
	xapic = map_mmio(xapic_base, PAGE_SIZE, MT_UC);
	if (!xapic)
		panic("the local APIC at 0x%lx cannot be mapped", xapic_base);
}

void apic_enable(void)
{
	uint64_t base = rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;

	wrmsr(MSR_APIC_BASE, base);
	if (!xapic) /* not in one step from disabled (SDM 3A 10.12.5) */
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_X2APIC);
	apic_write(APIC_SVR, SVR_ENABLE | HOST_VEC_SPURIOUS);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT + LVT_TIMER, LVT_MASKED | HOST_VEC_TIMER);
	apic_write(APIC_LVT + LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT + LVT_LINT1, DELIVERY(APIC_DM_NMI));
	apic_write(APIC_LVT + LVT_ERROR, HOST_VEC_ERROR);
	apic_write(APIC_ESR, 0);
	apic_write(APIC_TIMER_DIVIDE, 0xb); /* by 1 */
	/* What firmware left in service would block everything below it. */
	for (unsigned i = 0; i < 8; i++)
		apic_eoi();
	apic_write(APIC_LVT + LVT_TIMER,
		   HOST_VEC_TIMER | (has_deadline ? TIMER_DEADLINE << LVT_TIMER_SHIFT : 0));
	/* The mode must be there before the first deadline (SDM 3A 10.5.4.1). */
	__asm__ volatile("mfence" ::: "memory");
}

uint32_t apic_id(void)
{
	uint32_t id = apic_read(APIC_ID);

	return xapic ? id >> 24 : id;
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

void apic_look(void)
{
	apic_write(APIC_TPR, 0);
}

void apic_send_init(uint32_t id)
{
	apic_icr(id, DELIVERY(APIC_DM_INIT) | (uint32_t)(LVT_LEVEL | ICR_ASSERT));
}

void apic_send_sipi(uint32_t id, uint8_t page)
{
	apic_icr(id, DELIVERY(APIC_DM_SIPI) | (uint32_t)ICR_ASSERT | page);
}

void apic_send_ipi(uint32_t id, uint8_t vector)
{
	apic_icr(id, (uint32_t)ICR_ASSERT | vector);
}

void apic_send_nmi_others(void)
{
	apic_icr(0, DELIVERY(APIC_DM_NMI) | ICR_OTHERS | (uint32_t)ICR_ASSERT);
}

APART void apic_timer_init(void)
{
	uint64_t best = 0;

	if (has_deadline)
		return;
	apic_write(APIC_LVT + LVT_TIMER, LVT_MASKED | HOST_VEC_TIMER);
	/* The shortest of a few windows is the one least disturbed from outside. */
	for (unsigned i = 0; i < 3; i++) {
		apic_write(APIC_TIMER_INITIAL, UINT32_MAX);

		uint32_t c0 = apic_read(APIC_TIMER_CURRENT);
		uint64_t t0 = rdtsc();

		delay_us(5000);

		uint64_t ticks = rdtsc() - t0;
		uint64_t ratio = ((uint64_t)(c0 - apic_read(APIC_TIMER_CURRENT)) << 32) / ticks;
		if (!best || ratio < best)
			best = ratio;
	}
	apic_write(APIC_TIMER_INITIAL, 0);
	apic_write(APIC_LVT + LVT_TIMER, HOST_VEC_TIMER);
	timer_ratio = best;
	if (!timer_ratio)
		panic("the local APIC timer does not count");
}

void apic_timer_arm(uint64_t tsc)
{
	if (has_deadline) {
		/* 0 disarms (SDM 3A 10.5.4.1); a time in the past fires at once. */
		wrmsr(MSR_TSC_DEADLINE, tsc == UINT64_MAX ? 0 : tsc ? tsc : 1);
		return;
	}
	if (tsc == UINT64_MAX) {
		apic_write(APIC_TIMER_INITIAL, 0);
		return;
	}
	uint64_t now = rdtsc();
	uint64_t left = tsc > now ? min_u64(tsc - now, BIT(40)) : 0;
	uint64_t count = mul_ratio(left, timer_ratio) + 1;
	/* Too far for 32 bits: the interrupt comes early and is armed again. */
	apic_write(APIC_TIMER_INITIAL, (uint32_t)min_u64(count, UINT32_MAX));
}
