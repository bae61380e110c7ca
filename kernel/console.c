/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log and guest consoles onto serial port and framebuffer; keyboard to whom it belongs. */
#include "kernel/console.h"
#include "arch/x86/fbcon.h"
#include "arch/x86/power.h"
#include "arch/x86/serial.h"
#include "arch/x86/spinlock.h"
#include "arch/x86/tsc.h"
#include "kernel/conmux.h"
#include "kernel/guest.h"
#include "kernel/log.h"
#include "kernel/print.h"

#define POLL_MAX 64u /* rounds of one visit */

static struct conmux mux;
static struct spinlock lock;
static bool clock_ready;

static void emit(void *ctx, const char *bytes, size_t n)
{
	(void)ctx;
	serial_write(bytes, n);
	fbcon_write(bytes, n);
}

void console_init(void)
{
	conmux_init(&mux, emit, NULL);
}

void console_clock_ready(void)
{
	clock_ready = true;
}

static void tick(void)
{
	if (clock_ready)
		conmux_tick(&mux, tsc_to_ns(rdtsc()) / 1000000);
}

int console_add(const char *name)
{
	spin_lock(&lock);
	int i = conmux_add(&mux, name);
	spin_unlock(&lock);
	return i;
}

void console_output(unsigned index, const char *bytes, size_t n)
{
	spin_lock(&lock);
	tick();
	conmux_output(&mux, index, bytes, n);
	spin_unlock(&lock);
}

bool console_waiting(void)
{
	return conmux_waiting(&mux); /* a hint: looked at again under the lock */
}

void console_tick(void)
{
	spin_lock(&lock);
	tick();
	spin_unlock(&lock);
}

static void list(void)
{
	static const char *const state[] = {"off", "running", "ending", "waiting"};

	for (unsigned i = 0; i < vm_count; i++)
		log_warn("%u %-12s %-8s core %u, %llu MiB", i + 1, vms[i]->name,
			 state[vms[i]->more->state], vms[i]->more->vcpu[0]->cpu->id,
			 (unsigned long long)vms[i]->more->conf->memory >> 20);
}

static void deliver(unsigned index, uint8_t byte)
{
	struct vm *vm = index < vm_count ? vms[index] : NULL;

	if (!vm)
		return;
	spin_lock(&vm->more->lock);
	if (vm->more->state == VM_RUNNING)
		(void)(vm->more->pc ? pc_console_in(vm, byte) : pv_console_in(vm, byte));
	spin_unlock(&vm->more->lock);
}

static void typed(uint8_t byte)
{
	spin_lock(&lock);
	tick();
	struct conmux_action a = conmux_input(&mux, byte);
	spin_unlock(&lock);
	if (a.kind == CONMUX_DELIVER)
		deliver(a.vm, a.byte);
	else if (a.kind == CONMUX_LIST)
		list();
	else if (a.kind == CONMUX_POWEROFF)
		power_off();
}

void console_poll(void)
{
	int c;

	/* The line is edge-triggered: all reasons must be gone, or no edge comes again. */
	for (unsigned i = 0; i < POLL_MAX; i++) {
		if ((c = serial_read()) >= 0)
			typed((uint8_t)c);
		spin_lock(&lock);
		serial_pump();
		spin_unlock(&lock);
		if (c < 0 && !serial_wants_service())
			return;
	}
	/* Others wait for this core too. */
	__atomic_or_fetch(&this_cpu()->pending, CPU_REQ_CONSOLE, __ATOMIC_RELEASE);
}

size_t log_tail(char *to, size_t size)
{
	const struct conmux_source *s = &mux.source[0];
	uint64_t end = s->total, at = end - min_u64(min_u64(end, CONMUX_BACKLOG), size);
	size_t n = 0;

	while (at && at < end && s->ring[at++ % CONMUX_BACKLOG] != '\n')
		;
	while (at < end)
		to[n++] = s->ring[at++ % CONMUX_BACKLOG];
	return n;
}

static void log_line(bool urgent, const char *level, const char *fmt, va_list ap)
{
	char line[CONMUX_LINE];
	int n = ksnprintf(line, sizeof(line), "%s", level);

	(void)kvsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	spin_lock(&lock);
	tick();
	conmux_log(&mux, line, urgent);
	spin_unlock(&lock);
}

#define LOG_FUNCTION(name, urgent, level)                                                          \
	void name(const char *fmt, ...)                                                            \
	{                                                                                          \
		va_list ap;                                                                        \
		va_start(ap, fmt);                                                                 \
		log_line(urgent, level, fmt, ap);                                                  \
		va_end(ap);                                                                        \
	}
LOG_FUNCTION(log_info, false, "")
LOG_FUNCTION(log_warn, true, "")
LOG_FUNCTION(log_err, true, "error: ")
