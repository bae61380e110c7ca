/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log, guest consoles and monitor onto serial port and framebuffer; keyboard to whom it belongs. */
#include "arch/x86/fbcon.h"
#include "arch/x86/power.h"
#include "arch/x86/serial.h"
#include "kernel/conmux.h"
#include "kernel/dmesg.h"
#include "kernel/guest.h"
#include "kernel/mon/monitor.h"
#include "kernel/print.h"

#define POLL_MAX 64u /* rounds of one visit */

static struct conmux mux;
static struct spinlock lock;

static void monitor_show(void *ctx, const char *bytes, size_t n)
{
	conmux_monitor(ctx, bytes, n);
}

/* The monitor's; under the lock. */
static struct line editor = {
	.prompt = "mullion> ", .out = monitor_show, .word = monitor_word, .ctx = &mux};

void conmux_emit(const char *bytes, size_t n)
{
	serial_write(&serial_com1, bytes, n);
	fbcon_write(bytes, n);
}

void console_init(void)
{
	conmux_init(&mux);
}

static void tick(void)
{
	conmux_tick(&mux, tsc_to_ns(rdtsc()) / 1000000);
}

void console_add(const char *name)
{
	SPIN_HOLD(&lock);
	conmux_add(&mux, name);
}

void console_output(unsigned index, const char *bytes, size_t n)
{
	SPIN_HOLD(&lock);
	tick();
	conmux_output(&mux, index, bytes, n);
}

void console_focus(unsigned index)
{
	SPIN_HOLD(&lock);
	conmux_focus(&mux, index);
}

bool console_waiting(void)
{
	return conmux_waiting(&mux); /* a hint: looked at again under the lock */
}

void console_tick(void)
{
	SPIN_HOLD(&lock);
	tick();
}

/* What a command prints, in whole lines: into none of them falls an urgent one of another core. */
struct printer {
	unsigned n;
	char line[CONMUX_LINE];
};

static void print(void *ctx, const char *bytes, size_t n)
{
	struct printer *p = ctx;

	for (; n; n--, bytes++) {
		p->line[p->n++] = *bytes;
		if (*bytes != '\n' && p->n < sizeof(p->line))
			continue;
		SPIN_HOLD(&lock);
		conmux_monitor(&mux, p->line, p->n);
		p->n = 0;
	}
}

static void command(const char *text)
{
	struct printer p = {0};
	struct call c = {.r = {.out = print, .ctx = &p}};

	if (monitor_run(&c, text)) {
		print(&p, c.why, strlen(c.why));
		print(&p, "\n", 1);
	}
}

static void monitor_prompt(void)
{
	SPIN_HOLD(&lock);
	if (conmux_monitored(&mux))
		line_show(&editor);
}

static void deliver(unsigned index, uint8_t byte)
{
	struct vm *vm = index < vm_count ? vms[index] : NULL;

	if (!vm)
		return;
	SPIN_HOLD(&vm->more->lock);
	if (vm->more->state == VM_RUNNING)
		vm_console_in(vm, byte);
}

static void typed(uint8_t byte)
{
	spin_lock(&lock);
	tick();
	struct conmux_action a = conmux_input(&mux, byte);
	bool line = a.kind == CONMUX_MONITOR && line_input(&editor, a.byte);
	spin_unlock(&lock);
	if (a.kind == CONMUX_DELIVER)
		deliver(a.vm, a.byte);
	else if (line)
		command(editor.text);
	else if (a.kind == CONMUX_POWEROFF)
		power_off();
	if (line || (a.kind == CONMUX_MONITOR && !a.byte))
		monitor_prompt();
}

/* One byte, and what may be sent; true: there is more. */
static bool poll(void)
{
	int c = serial_read(&serial_com1);

	if (c >= 0)
		typed((uint8_t)c);
	SPIN_HOLD(&lock);
	serial_pump(&serial_com1);
	return c >= 0 || serial_wants_service(&serial_com1);
}

void console_poll(void)
{
	/* The lines are edge-triggered: all reasons must be gone, or no edge comes again. */
	for (unsigned i = 0; i < POLL_MAX; i++) {
		bool more = poll();

		if (!monitor_port_poll() && !more)
			return;
	}
	/* Others wait for this core too. */
	__atomic_or_fetch(&this_cpu()->pending, CPU_REQ_CONSOLE, __ATOMIC_RELEASE);
}

static void log_line(bool urgent, const char *level, const char *fmt, va_list ap)
{
	char line[CONMUX_LINE];
	int n = ksnprintf(line, sizeof(line), "%s", level);

	(void)kvsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	SPIN_HOLD(&lock);
	tick();
	dmesg_add(&log_ring, tsc_to_ns(rdtsc()), line);
	conmux_log(&mux, line, urgent);
	if (urgent && editor.open && conmux_monitored(&mux))
		line_show(&editor);
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
