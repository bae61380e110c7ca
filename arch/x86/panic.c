/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Panic: registers and a symbolized backtrace on every console, without locks,
 * and a record for the next boot.
 */
#include "arch/x86/panic.h"
#include "arch/x86/apic.h"
#include "arch/x86/cpu.h"
#include "arch/x86/fbcon.h"
#include "arch/x86/paging.h"
#include "arch/x86/percpu.h"
#include "arch/x86/serial.h"
#include "arch/x86/tsc.h"
#include "kernel/dmesg.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/print.h"
#include "kernel/survive.h"
#include "kernel/symbols.h"

#define MAX_FRAMES 24u

static uint32_t panicking; /* 1 + the core that does */

/* For the record, and where it goes. */
static void *region;
static uint64_t epoch;
static char reason[SURVIVE_REASON];

static_assert(SURVIVE_CORES == MAX_CPUS, "there is room for all of them");

extern const char image_start[], text_end[];

APART void panic_keep(hpa_t pa, uint64_t boot_epoch)
{
	if (!pa || !phys_is_mapped(pa, sizeof(struct survive))) {
		log_warn("the log of a panic is not kept over a reset: firmware has no memory "
			 "free at 32 to 128 MiB");
		return;
	}
	region = phys_to_virt(pa);
	epoch = boot_epoch;
	survive_print(region);
}

static void __attribute__((noreturn)) park(void)
{
	irq_off();
	for (;;)
		__asm__ volatile("hlt");
}

void panic_join(void)
{
	if (__atomic_load_n(&panicking, __ATOMIC_ACQUIRE))
		park();
}

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
	char line[200];
	va_list ap;

	va_start(ap, fmt);
	int n = kvsnprintf(line, sizeof(line) - 2, fmt, ap);
	va_end(ap);
	size_t len = n < 0 ? 0 : min_u64((uint64_t)n, sizeof(line) - 3);
	dmesg_add(&log_ring, tsc_to_ns(rdtsc()), line);
	memcpy(line + len, "\r\n", 2);
	serial_write(&serial_com1, line, len + 2);
	serial_drain(&serial_com1);
	fbcon_write(line, len + 2);
}

static bool is_text(uint64_t a)
{
	return a >= (uint64_t)(uintptr_t)image_start && a < (uint64_t)(uintptr_t)text_end;
}

/* A return address may lie behind the end of its function: look before it. */
static void say_address(const char *what, uint64_t addr, bool is_return)
{
	uint64_t at = addr - is_return, offset;
	const char *name = NULL;

	if (is_text(at))
		name = symbols_find(at - (uint64_t)(uintptr_t)image_start, &offset);
	if (name)
		say("panic| %s %016lx %s+0x%lx", what, addr, name, offset + is_return);
	else
		say("panic| %s %016lx", what, addr);
}

/* Frames lie on a stack of this core or in the image (boot stack): nothing else is followed. */
static bool is_stack(uint64_t a)
{
	if (!is_aligned(a, 8))
		return false;
	if (a >= (uint64_t)(uintptr_t)image_start && a < UINT64_MAX - KIB(64))
		return true;
	if (a < STACKS_BASE || a >= STACKS_BASE + MAX_CPUS * STACK_SLOT)
		return false;
	uint64_t in_stack = (a - STACKS_BASE) % KIB(16);
	return in_stack >= KIB(16) - STACK_SIZE && in_stack <= KIB(16) - 16;
}

static void backtrace_from(uint64_t rip, uint64_t rbp)
{
	say_address("at", rip, false);
	for (unsigned i = 0; i < MAX_FRAMES && is_stack(rbp); i++) {
		const uint64_t *frame = (const uint64_t *)(uintptr_t)rbp;

		if (!is_text(frame[1]))
			break;
		say_address("by", frame[1], true);
		if (frame[0] <= rbp)
			break;
		rbp = frame[0];
	}
}

/* False: this core or another panics already. */
static bool claim(void)
{
	uint32_t none = 0;

	return __atomic_compare_exchange_n(&panicking, &none, 1 + this_cpu()->id, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

void stop_other_cores(void)
{
	(void)claim();
	if (cpu_count > 1)
		apic_send_nmi_others();
}

static void begin(void)
{
	irq_off();
	if (!claim()) /* a second panic of the same core: its first one goes on being the message */
		park();
	stop_other_cores();
}

/* No lock, no allocation; the other cores stand still. */
static void keep(void)
{
	struct survive *r = region;

	if (!r)
		return;
	memset(r, 0, sizeof(*r));
	r->core_count = cpu_count;
	r->boot_epoch = epoch;
	r->tsc = rdtsc();
	r->tsc_hz = tsc_hz();
	memcpy(r->reason, reason, sizeof(reason));
	r->log = log_ring;
	for (unsigned i = 0; i < r->core_count; i++)
		r->core[i].count = trace_last(i, r->core[i].e, TRACE_KEPT);
	survive_seal(r);
	/* A reset empties the caches without writing them back (SDM 3A 9.1.1). */
	wbinvd();
	say("panic| a reset shows this log again at the next boot; a power cycle loses it");
}

void last_words(const char *s)
{
	say("%s", s);
	park();
}

static void __attribute__((noreturn)) end(void)
{
	keep();
	last_words("panic| the machine is stopped: reset or power-cycle it");
}

void panic_trap(const struct trap_frame *f, const char *what)
{
	begin();
	(void)ksnprintf(reason, sizeof(reason), "core %u: %s in the hypervisor, error code 0x%lx",
			this_cpu()->id, what, f->error);
	say(" ");
	say("panic| %s", reason);
	say("panic| rip %016lx  cs %04lx  rflags %016lx", f->rip, f->cs, f->rflags);
	say("panic| rsp %016lx  ss %04lx  cr2 %016lx", f->rsp, f->ss, read_cr2());
	say("panic| cr0 %016lx cr3 %016lx cr4 %016lx", read_cr0(), read_cr3(), read_cr4());
	say("panic| rax %016lx rbx %016lx rcx %016lx rdx %016lx", f->rax, f->rbx, f->rcx, f->rdx);
	say("panic| rsi %016lx rdi %016lx rbp %016lx r8  %016lx", f->rsi, f->rdi, f->rbp, f->r8);
	say("panic| r9  %016lx r10 %016lx r11 %016lx r12 %016lx", f->r9, f->r10, f->r11, f->r12);
	say("panic| r13 %016lx r14 %016lx r15 %016lx", f->r13, f->r14, f->r15);
	backtrace_from(f->rip, f->rbp);
	end();
}

void panic(const char *fmt, ...)
{
	va_list ap;

	begin();
	va_start(ap, fmt);
	int n = ksnprintf(reason, sizeof(reason), "core %u: ", this_cpu()->id);
	(void)kvsnprintf(reason + n, sizeof(reason) - (size_t)n, fmt, ap);
	va_end(ap);
	say(" ");
	say("panic| %s", reason);
	backtrace_from((uint64_t)(uintptr_t)__builtin_return_address(0),
		       *(const uint64_t *)__builtin_frame_address(0));
	end();
}
