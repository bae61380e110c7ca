/* SPDX-License-Identifier: MIT */
/* Demo guest: says where it is, tests its disk, then answers on its console. */
#include "guests/demo/demo.h"

enum { VECTOR_CONSOLE = 0x40, VECTOR_SHUTDOWN, LINE_MAX = 80 };

static void cpu_lines(void)
{
	struct cpuid_regs r = cpuid(MULLION_CPUID_BASE, 0);
	char brand[49] = "", *name = brand, signature[13] = "";

	memcpy(signature, &r.ebx, 4);
	memcpy(signature + 4, &r.ecx, 4);
	memcpy(signature + 8, &r.edx, 4);
	if (cpuid(0x80000000, 0).eax >= 0x80000004)
		for (unsigned i = 0; i < 3; i++) {
			r = cpuid(0x80000002 + i, 0);
			memcpy(brand + 16 * i, &r, 16);
		}
	while (*name == ' ')
		name++;
	r = cpuid(MULLION_CPUID_ABI, 0);
	print("hypervisor: %s, ABI %u.%u, %s\n", signature, r.eax >> 16, r.eax & 0xffff,
	      r.ecx == MULLION_INSN_VMCALL ? "vmcall" : "vmmcall");
	print("cpus: %u x %s, TSC %lu.%03lu MHz\n", rt_info->vcpu_count, *name ? name : "?",
	      rt_info->tsc_khz / 1000, rt_info->tsc_khz % 1000);
}

static void memory_lines(void)
{
	print("memory: %lu KiB\n", rt_info->memory_bytes >> 10);
	for (unsigned i = 0; i < rt_info->memory_count && i < MULLION_MEMORY_MAX; i++) {
		const struct mullion_memory *m = &rt_info->memory[i];

		print("  [%016lx, %016lx) %s\n", m->base, m->base + m->size,
		      m->type == MULLION_MEM_RAM ? "RAM" : "boot data");
	}
}

static void say_time(void)
{
	uint64_t up = time_ns(MULLION_CLOCK_MONOTONIC), wall = time_ns(MULLION_CLOCK_WALL);
	uint64_t s = wall / 1000000000;

	print("up %lu.%03lu s, vCPU time %lu ms, wall clock %lu (%02lu:%02lu:%02lu UTC)\n",
	      up / 1000000000, up / 1000000 % 1000, time_ns(MULLION_CLOCK_VCPU) / 1000000, s,
	      s / 3600 % 24, s / 60 % 60, s % 60);
}

static void obey(const char *line)
{
	if (!strcmp(line, "help"))
		print("help, time, disk, watchdog, poweroff, restart, crash; anything else is "
		      "echoed\n");
	else if (!strcmp(line, "time"))
		say_time();
	else if (!strcmp(line, "disk"))
		disk_test();
	else if (!strcmp(line, "watchdog"))
		print(watchdog(2000000000) ? "this VM has no watchdog\n"
					   : "bites in two seconds\n");
	else if (!strcmp(line, "poweroff"))
		power_off();
	else if (!strcmp(line, "restart"))
		restart();
	else if (!strcmp(line, "crash"))
		crash(42, "asked for on the console");
	else if (*line)
		print("echo: %s\n", line);
}

static void on_shutdown(struct frame *f)
{
	(void)f;
	print("\nshutting down as asked\n");
	power_off();
}

static void on_console(struct frame *f)
{
	(void)f; /* it ended HLT: that was all it was for */
}

/* Collects a line with echo and backspace; true when it is complete. */
static bool type(char *line, size_t *n, char c)
{
	if (c == '\r' || c == '\n') {
		print("\n");
		line[*n] = '\0';
		*n = 0;
		return true;
	}
	if ((c == '\b' || c == 0x7f) && *n) {
		--*n;
		print("\b \b");
	} else if (c >= ' ' && c <= '~' && *n < LINE_MAX - 1) {
		line[(*n)++] = c;
		print("%c", c);
	}
	return false;
}

void guest_main(void)
{
	char line[LINE_MAX], in[32];
	size_t n = 0;

	print("Mullion demo guest '%s'\n", rt_info->name);
	cpu_lines();
	memory_lines();
	say_time();
	disk_test();

	event_handler(MULLION_PORT_CONSOLE, VECTOR_CONSOLE, on_console);
	event_handler(MULLION_PORT_SHUTDOWN, VECTOR_SHUTDOWN, on_shutdown);
	print("demo> ");
	for (;;) {
		event_take(1u << MULLION_PORT_CONSOLE);
		int64_t got = hcall(MULLION_CONSOLE_READ, gpa_of(in), sizeof(in), 0, 0, 0);

		for (int64_t i = 0; i < got; i++)
			if (type(line, &n, in[i])) {
				obey(line);
				print("demo> ");
			}
		if (got <= 0)
			irq_wait();
	}
}
