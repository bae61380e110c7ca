/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The local APIC of one vCPU: xAPIC page, x2APIC MSRs, APIC_BASE and the
 * TSC-deadline MSR (SDM 3A chapter 10), and message routing among APICs. Pure.
 */
#pragma once

#include "arch/x86/apic_regs.h"
#include "arch/x86/msr.h"
#include "kernel/dev/dev.h"

#define LAPIC_VERSION  0x00050014u /* integrated, 6 LVT entries, no EOI-broadcast suppression */
#define LAPIC_TIMER_HZ 100000000u  /* before the divider */
#define LAPIC_TICK_NS  (1000000000u / LAPIC_TIMER_HZ)

/* An interrupt message on the system bus: from an ICR, the I/O APIC or an MSI. */
struct apic_msg {
	uint32_t dest; /* physical id or logical destination */
	bool logical;
	bool wide;        /* dest has 32 bits (x2APIC ICR); else 8, and 0xff is everybody */
	uint8_t delivery; /* enum apic_delivery */
	uint8_t vector;
	bool level; /* trigger mode */
};

struct lapic;
struct vm;

/*
 * What the owner does for an APIC: kernel/pc.c, or a test. Called with the VM's lock held;
 * may call other lapic_… functions.
 */
/* The ICR was written (x2APIC layout when l is in that mode): lapic_route_ipi(). */
void lapic_ipi(struct lapic *l, uint64_t icr);
/* A level-triggered vector has ended: tell the I/O APIC. */
void lapic_eoi_broadcast(struct lapic *l, uint8_t vector);
/* Something may be deliverable now that was not: the vCPU shall look. */
void lapic_wake(struct lapic *l);
/* NMI, INIT (the owner calls lapic_reset()) or SIPI (start at vector << 12). */
void lapic_signal(struct lapic *l, enum apic_delivery what, uint8_t vector);
/*
 * When (clock's ns, rounded up) the vCPU's TSC reaches this value; 0 for a time gone
 * by. Only called when tsc_deadline is on.
 */
uint64_t lapic_tsc_to_ns(struct lapic *l, uint64_t tsc);

struct lapic_config {
	struct dev_timer *timer; /* of this APIC */
	uint32_t id;
	bool bsp, x2apic, tsc_deadline; /* the last two as CPUID tells the guest */
	unsigned phys_bits;
	struct apic_slot *page; /* of its own, of PAGE_SIZE */
	/*
	 * The processor shows the page to the guest, and changes TPR, IRR, ISR and ICR in it while
	 * that runs: what comes meanwhile waits for lapic_collect().
	 */
	bool virtualized;
};

struct lapic {
	struct lapic_config c;
	uint64_t base; /* APIC_BASE */
	/* TPR, IRR, ISR, TMR and ICR are in the page; it has copies of the others where shown. */
	uint32_t ldr, dfr, svr, esr, esr_pending, lvt[LVT_COUNT];
	bool lint[2];               /* levels of the pins */
	struct apic_slot posted[8]; /* not collected into the IRR yet */
	bool any_posted;
	/* Timer */
	uint32_t divide, initial;
	uint64_t start;    /* ns when the running period began */
	uint64_t next;     /* ns of the next expiry, or DEV_TIMER_NEVER */
	uint64_t deadline; /* TSC value; 0: disarmed */
};

/* At power-up; lapic_reset() is INIT, which keeps APIC_BASE and the id. */
void lapic_init(struct lapic *l, const struct lapic_config *c);
void lapic_reset(struct lapic *l);

/* The page at lapic->base answers guest-physical accesses (xAPIC mode) and holds this address. */
bool lapic_covers(const struct lapic *l, gpa_t gpa);
/* offset within the page; any size. */
uint64_t lapic_mmio_read(struct lapic *l, uint64_t offset, unsigned size);
void lapic_mmio_write(struct lapic *l, uint64_t offset, unsigned size, uint64_t value);

/* MSRs 0x1b, 0x6e0 and 0x800-0x8ff. -EINVAL: #GP(0) is due (also for any other MSR). */
int lapic_msr_read(struct lapic *l, uint32_t msr, uint64_t *value);
int lapic_msr_write(struct lapic *l, uint32_t msr, uint64_t value);
/* What kernels write all the time in x2APIC mode; false: another register, or not so simple. */
bool lapic_quick_write(struct lapic *l, unsigned reg, uint64_t value);

/* As it is after MMIO writes. */
static inline uint8_t lapic_tpr(const struct lapic *l)
{
	return (uint8_t)l->c.page[APIC_TPR].v;
}

/* The TPR as the guest set it through CR8 or V_TPR. */
void lapic_set_tpr(struct lapic *l, uint8_t tpr);
/* Highest vector in IRR above PPR, or -1. tpr: lapic_set_tpr() first. */
int lapic_pending_vector(struct lapic *l, uint8_t tpr);
/* The vector that lapic_pending_vector() gave is injected: IRR to ISR. */
void lapic_accept(struct lapic *l, uint8_t vector);
/* Highest vector in APIC_IRR or APIC_ISR, or -1. */
int lapic_highest(struct lapic *l, enum apic_reg map);

/* Where the page is shown; on the vCPU's core, its guest does not run. */
/* Before it does: the IRR has all that has come. */
void lapic_collect(struct lapic *l);
/* The guest has written the register there: does what is to be done about it (SDM 3C 29.4.3.3). */
void lapic_written(struct lapic *l, unsigned reg);
/* The guest has ended a vector whose end somebody may wait for (29.1.4). */
void lapic_ended(struct lapic *l, uint8_t vector);

/* Pins: 0 is LINT0 (the PIC's INT, of the BSP), 1 is LINT1 (NMI). */
void lapic_lint(struct lapic *l, unsigned pin, bool level);
/* The PIC's INT is to be acknowledged by this vCPU: pic_ack() when it can take an interrupt. */
bool lapic_extint_pending(const struct lapic *l);

/* An interrupt message arrives at this APIC: IRR or lapic_signal(). False: it is not accepted. */
bool lapic_receive(struct lapic *l, const struct apic_msg *m);
/* As above, fixed mode; the APIC must be enabled by software. */
bool lapic_set_irq(struct lapic *l, uint8_t vector, bool level);

/* The deadline has passed. */
void lapic_timer(void *lapic);
/* lapic_tsc_to_ns() gives other answers now (the guest wrote its TSC). */
void lapic_tsc_changed(struct lapic *l);

/* Is l a destination of m? */
bool lapic_matches(const struct lapic *l, const struct apic_msg *m);
/* Delivers to all that match, or to the one chosen by lowest priority; how many accepted it. */
unsigned lapic_route(struct lapic *const *all, unsigned count, const struct apic_msg *m);
/* lapic_route() to all of that VM: kernel/pc.c, or a test. */
unsigned vm_message(struct vm *vm, const struct apic_msg *m);
/* Delivers what src's ICR says, shorthands included. */
unsigned lapic_route_ipi(struct lapic *const *all, unsigned count, struct lapic *src, uint64_t icr);
