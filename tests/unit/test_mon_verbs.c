/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every verb over VMs that are made up: its text, its JSON, and what it refuses. */
/* sources: kernel/mon/report.c kernel/mon/request.c kernel/words.c kernel/dmesg.c kernel/sched.c */
/* sources: kernel/print.c kernel/refuse.c kernel/learn.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HV_VERSION "1.2.3"

#include "kernel/mon/monitor.c"
#include "kernel/mon/verbs_host.c"
#include "kernel/mon/verbs_vm.c"
#include "tests/unit/json_check.h"

/* ---- what the verbs ask of the rest ---- */

struct vm *vms[CONFIG_MAX_VMS];
unsigned vm_count;
struct cpu cpus[MAX_CPUS];
unsigned cpu_count;
const char *const config_type_name[] = {"linux", "pv", "pc"};

static const struct vcpu_ops ops = {.name = "SVM"};
const struct vcpu_ops *vcpu_ops = &ops;
static const char *happened; /* the last thing that a verb has done */
static jmp_buf power;

const char *vm_state_name(const struct vm *vm)
{
	return vm->more->state == VM_RUNNING ? "running" : "off";
}

int vm_control(struct vm *vm, enum vm_verb verb, const char **why)
{
	static char text[64];

	snprintf(text, sizeof(text), "control %s %d", vm->name, verb);
	happened = text;
	*why = "it is off: start it first";
	return verb == VM_SUSPEND ? -EINVAL : 0;
}

const char *const exit_names[EXIT_KIND_COUNT] = {
	[EXIT_NONE... EXIT_HLT - 1] = "other",       [EXIT_HLT] = "HLT",
	[EXIT_HLT + 1 ... EXIT_CACHE - 1] = "other", [EXIT_CACHE] = "INVD/WBINVD",
	[EXIT_CACHE + 1 ... EXIT_UNKNOWN] = "other",
};

uint64_t tsc_hz(void)
{
	return 2000000000;
}

uint64_t tsc_to_ns(uint64_t ticks)
{
	return ticks / 2;
}

uint64_t vm_now(struct vm *vm)
{
	(void)vm;
	return 61999999999;
}

uint64_t mem_free_bytes(void)
{
	return MIB(700);
}

uint64_t mem_largest(uint64_t align)
{
	return MIB(500) + align - PAGE_SIZE;
}

void console_focus(unsigned index)
{
	happened = index == 1 ? "focus 1" : "focus";
}

static unsigned columns, rows;
static char agent[700]; /* what it has been sent, or has written */
static int agent_error;
static bool endless; /* it goes on writing */

void vm_resize(struct vm *vm, uint16_t c, uint16_t r)
{
	happened = vm->name;
	columns = c;
	rows = r;
}

int vm_agent_send(struct vm *vm, const char *p, unsigned n)
{
	happened = vm->name;
	snprintf(agent, sizeof(agent), "%.*s", (int)n, p);
	return agent_error;
}

unsigned vm_agent_receive(struct vm *vm, char *p, unsigned n)
{
	size_t length = strlen(agent);

	assert_int_equal(n, 1);
	if (endless) {
		*p = '\n';
		return 1;
	}
	if (vm != vms[1] || !length)
		return 0;
	*p = agent[0];
	memmove(agent, agent + 1, length);
	return 1;
}

void power_off(void)
{
	happened = "off";
	longjmp(power, 1);
}

void power_reset(void)
{
	happened = "reset";
	longjmp(power, 1);
}

const char *trace_kind_name(enum trace_kind kind)
{
	static const char *const name[] = {"entry", "exit", "sched", "inject", "hypercall", "irq"};

	return name[kind];
}

static uint32_t mask = UINT32_MAX;
static int trace_error;

int trace_start(uint32_t wanted)
{
	mask = wanted;
	return trace_error;
}

unsigned trace_read(unsigned core, uint64_t *from, struct trace_entry *to, unsigned n,
		    uint64_t *lost)
{
	assert_int_equal(n, 64);
	*lost = *from ? 0 : 3;
	to[0] = (struct trace_entry){
		.tsc = 100, .kind = TRACE_EXIT, .vm = 1, .vcpu = 0, .a = 7, .b = UINT64_MAX};
	to[1] = (struct trace_entry){.tsc = 101 + core, .kind = TRACE_IRQ, .a = 240};
	*from += 5;
	return 2;
}

/* ---- the machine ---- */

static struct vm vm[2];
static struct vm_more vm_more[2];
static struct config_vm conf[2];
static struct vcpu_more vcpu_more[3];
static struct cpu_more cpu_more[2];
static const struct sched_ops fair = {.name = "fair"}, dedicated = {.name = "dedicated"};

static void add_vcpu(unsigned v, unsigned n, unsigned core)
{
	struct vcpu_more *m = &vcpu_more[n];

	*m = (struct vcpu_more){
		.vcpu = {.vm = &vm[v], .cpu = &cpus[core], .more = m},
		.se = {.queue = &cpu_more[core].queue, .next = cpu_more[core].queue.list}};
	vm_more[v].vcpu[vm_more[v].vcpu_count++] = &m->vcpu;
	cpu_more[core].queue.list = &m->se;
}

static uint32_t ballooned;

void virtio_balloon_ask(struct virtio_balloon *b, uint32_t pages)
{
	happened = b == &vm_more[1].own_pc.balloon ? "balloon" : "another balloon";
	ballooned = pages;
}

static int setup(void **state)
{
	static const char *const names[] = {"demo", "linux"};

	(void)state;
	vm_count = cpu_count = 2;
	for (unsigned i = 0; i < 2; i++) {
		vm[i] = (struct vm){.name = names[i], .id = i + 1, .more = &vm_more[i]};
		vm_more[i] = (struct vm_more){.conf = &conf[i], .starts = 1 + i};
		conf[i] = (struct config_vm){.memory = MIB(32) << i,
					     .weight = 1,
					     .autostart = 1,
					     .type = i ? VM_LINUX : VM_PV};
		snprintf(conf[i].kernel.path, sizeof(conf[i].kernel.path), "\\mullion\\k%u", i);
		vms[i] = &vm[i];
		cpus[i].id = i;
		cpus[i].more = &cpu_more[i];
		/* No time has passed since the account, whatever rdtsc() says. */
		cpu_more[i].queue =
			(struct sched_queue){.ops = i ? &dedicated : &fair, .last = UINT64_MAX};
	}
	strcpy(conf[1].cmdline, "quiet\t\"x\"");
	add_vcpu(0, 0, 0);
	add_vcpu(1, 1, 0);
	add_vcpu(1, 2, 1);
	vm_more[1].state = VM_RUNNING;
	vm_more[1].held = MIB(62);
	vcpu_more[1].blocked = BLOCK_HALT;
	vcpu_more[2].se.runnable = true;
	cpu_more[1].queue.current = &vcpu_more[2].se;
	vcpu_more[2].vcpu.exits[EXIT_HLT] = 12;
	vcpu_more[2].vcpu.exits[EXIT_CACHE] = 3;
	vcpu_more[2].vcpu.exit_ticks[10] = 15;
	vcpu_more[2].se.ran = 4000000000;
	vm_more[1].refused.room = REFUSE_RANGES;
	for (unsigned port = 0x60; port <= 0x61; port++) {
		struct refuse_range access = {
			.kind = REFUSE_IN, .first = port, .last = port, .rip = 0x1234, .vcpu = 1};

		refuse_add(&vm_more[1].refused, &access);
	}
	conf[1].learn = 1;
	happened = "";
	return 0;
}

static char seen[65536];
static struct call c;

static void out(void *ctx, const char *bytes, size_t n)
{
	assert_ptr_equal(ctx, seen);
	strncat(seen, bytes, n);
}

static int run_line(const char *line)
{
	seen[0] = '\0';
	c = (struct call){.r = {.out = out, .ctx = seen}};
	return monitor_run(&c, line);
}

static void shows(const char *line, const char *text)
{
	assert_int_equal(run_line(line), 0);
	assert_string_equal(seen, text);
}

/* The same as JSON, and as a program gets it. */
static void gives(const char *line, const char *json)
{
	char with[200], want[8192], got[16384];

	snprintf(with, sizeof(with), "%s --json", line);
	snprintf(want, sizeof(want), "%s\n", json);
	shows(with, want);
	assert_true(json_line(seen));
	snprintf(with, sizeof(with), "{\"id\":5,\"command\":\"%s\"}", line);
	snprintf(want, sizeof(want), "{\"id\":5,\"ok\":true,\"result\":%s}\n", json);
	got[monitor_answer(with, got, sizeof(got))] = '\0';
	assert_string_equal(got, want);
}

static void fails(const char *line, const char *why)
{
	char with[200], got[1024];

	assert_true(run_line(line) < 0);
	assert_string_equal(seen, "");
	assert_string_equal(c.why, why);
	snprintf(with, sizeof(with), "{\"command\":\"%s\",\"id\":6}", line);
	got[monitor_answer(with, got, sizeof(got))] = '\0';
	assert_true(json_line(got));
	assert_memory_equal(got, "{\"id\":6,\"ok\":false,\"error\":\"", 27);
}

/* ---- tests ---- */

static void test_list(void **state)
{
	(void)state;
	shows("list",
	      "id  name              state      vcpus  cores     memory_mib  held_mib  starts\n"
	      " 1  demo              off            1  0                 32         0       1\n"
	      " 2  linux             running        2  0,1               64        62       2\n");
	gives("list", "[{\"id\":1,\"name\":\"demo\",\"state\":\"off\",\"vcpus\":1,\"cores\":\"0\","
		      "\"memory_mib\":32,\"held_mib\":0,\"starts\":1},"
		      "{\"id\":2,\"name\":\"linux\",\"state\":\"running\",\"vcpus\":2,\"cores\":"
		      "\"0,1\",\"memory_mib\":64,\"held_mib\":62,\"starts\":2}]");
}

static void test_info(void **state)
{
	(void)state;
	shows("info 2", "id              2\nname            linux\ntype            linux\n"
			"state           running\nvcpus           2\ncores           0,1\n"
			"weight          1\norder           0\nautostart       yes\n"
			"memory_mib      64\nstarts          2\nuptime_s        61\n"
			"exits           15\nrefused         2\nkernel          \\mullion\\k1\n"
			"cmdline         quiet\t\"x\"\n");
	gives("info demo",
	      "{\"id\":1,\"name\":\"demo\",\"type\":\"pv\",\"state\":\"off\",\"vcpus\":1,"
	      "\"cores\":\"0\",\"weight\":1,\"order\":0,\"autostart\":\"yes\",\"memory_mib\":32,"
	      "\"starts\":1,\"uptime_s\":0,\"exits\":0,\"refused\":0,"
	      "\"kernel\":\"\\\\mullion\\\\k0\",\"cmdline\":\"\"}");
	run_line("info linux --json");
	assert_true(json_line(seen));
	fails("info", "usage: info VM");
	fails("info 3", "unknown VM \"3\": list shows the VMs");
	fails("info 0", "unknown VM \"0\": list shows the VMs");
	fails("info lnux", "unknown VM \"lnux\": did you mean \"linux\"?");
	fails("info demo demo", "usage: info VM");
}

static void test_stats(void **state)
{
	(void)state;
	shows("stats linux",
	      "vm              linux\n"
	      "\nexits:\nvcpu  kind                           count\n"
	      "   1  HLT                               12\n"
	      "   1  INVD/WBINVD                        3\n"
	      "\nexit_ticks:\nvcpu        from         count\n   1        1024            15\n"
	      "\nrefused:\nkind             first               last                       count\n"
	      "IN port          0x60                0x61                           2\n");
	gives("stats 2", "{\"vm\":\"linux\",\"exits\":[{\"vcpu\":1,\"kind\":\"HLT\",\"count\":12},"
			 "{\"vcpu\":1,\"kind\":\"INVD/WBINVD\",\"count\":3}],"
			 "\"exit_ticks\":[{\"vcpu\":1,\"from\":1024,\"count\":15}],"
			 "\"refused\":[{\"kind\":\"IN "
			 "port\",\"first\":\"0x60\",\"last\":\"0x61\",\"count\":2}]"
			 "}");
	gives("stats demo", "{\"vm\":\"demo\",\"exits\":[],\"exit_ticks\":[],\"refused\":[]}");
	shows("learn linux", "# 2 times, first at rip 0x1234 (vCPU 1)\n"
			     "allow_port = 0x60-0x61 read\n");
	gives("learn linux", "[\"# 2 times, first at rip 0x1234 (vCPU 1)\","
			     "\"allow_port = 0x60-0x61 read\"]");
	gives("learn demo",
	      "[\"# nothing is recorded: that needs learn = yes in the VM's section\"]");
}

static void test_vcpus(void **state)
{
	(void)state;
	shows("vcpus linux",
	      "vm                vcpu  core  policy     state              ran_ms    "
	      "     exits\n"
	      "linux                0     0  fair       halted                  0    "
	      "         0\n"
	      "linux                1     1  dedicated  running              2000    "
	      "        15\n");
	run_line("vcpus --json");
	assert_true(json_line(seen));
	assert_non_null(strstr(seen, "\"demo\""));
	vcpu_more[0].se.runnable = true;
	gives("vcpus 1", "[{\"vm\":\"demo\",\"vcpu\":0,\"core\":0,\"policy\":\"fair\",\"state\":"
			 "\"ready\",\"ran_ms\":0,\"exits\":0}]");
	vcpu_more[0].blocked = BLOCK_OFF;
	run_line("vcpus 1");
	assert_non_null(strstr(seen, " off "));
}

static void pass(unsigned core, uint64_t busy, uint64_t idle)
{
	cpu_more[core].queue.busy += busy;
	cpu_more[core].queue.idle += idle;
}

static void test_top(void **state)
{
	(void)state;
	run_line("top");
	pass(0, 500000000, 1500000000);
	pass(1, 2000000000, 0);
	vcpu_more[0].se.ran += 500000000;
	vcpu_more[2].se.ran += 2000000000;
	vcpu_more[2].vcpu.exits[EXIT_HLT] += 5000;
	shows("top", "cores:\ncore  policy     busy_percent\n"
		     "   0  fair               25.0\n   1  dedicated         100.0\n"
		     "\nvms:\nid  name              state      share_percent         exits  exits_"
		     "per_s\n"
		     " 1  demo              off                 25.0             0            0\n"
		     " 2  linux             running            100.0          5000         5000\n"
		     "interval_ms     1000\n");
	/* Nothing passes; then a VM begins anew, with its counters. */
	run_line("top");
	assert_non_null(strstr(seen, "running              0.0             0            0\n"));
	pass(1, 2000000000, 0);
	vcpu_more[2].vcpu.exits[EXIT_HLT] = 10;
	vcpu_more[2].se.ran = 1000000000;
	run_line("top --json");
	assert_true(json_line(seen));
	assert_non_null(strstr(seen, "{\"id\":2,\"name\":\"linux\",\"state\":\"running\","
				     "\"share_percent\":0.0,\"exits\":0,\"exits_per_s\":0}"));
	/* Who runs on since the last account has run. */
	cpu_more[1].queue.last = 0;
	run_line("top");
	for (uint64_t t = rdtsc(); rdtsc() - t < 1000000;)
		;
	run_line("top");
	assert_non_null(strstr(seen, "   1  dedicated         100.0\n"));
	/* A program's are its own. */
	char got[4096];
	got[monitor_answer("{\"command\":\"top\"}", got, sizeof(got))] = '\0';
	assert_true(json_line(got));
	assert_null(strstr(got, "\"exits\":0,\"exits_per_s\":0},{"
				"\"id\":2,\"name\":\"linux\",\"state\":\"running\","
				"\"share_percent\":0.0"));
}

static void test_cores(void **state)
{
	(void)state;
	cpu_more[0].queue.since = UINT64_MAX - 5000;
	pass(0, 4000, 1000);
	vcpu_more[0].se.ran = 3000;
	vcpu_more[1].se.ran = 1000;
	cpu_more[1].queue.list = NULL;
	run_line("cores");
	gives("cores",
	      "{\"cores\":[{\"core\":0,\"policy\":\"fair\",\"since_tick\":18446744073709546615,"
	      "\"until_tick\":18446744073709551615,\"busy_ticks\":4000,\"idle_ticks\":1000},"
	      "{\"core\":1,\"policy\":\"dedicated\",\"since_tick\":0,"
	      "\"until_tick\":18446744073709551615,\"busy_ticks\":0,\"idle_ticks\":0}],"
	      "\"vcpus\":[{\"core\":0,\"vm\":\"linux\",\"vcpu\":0,\"ran_ticks\":1000},"
	      "{\"core\":0,\"vm\":\"demo\",\"vcpu\":0,\"ran_ticks\":3000}]}");
}

static void test_control(void **state)
{
	static const char *const verb[] = {"start", "shutdown", "destroy", "restart"};
	char line[64], want[64];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		snprintf(line, sizeof(line), "%s demo", verb[i]);
		snprintf(want, sizeof(want), "control demo %u", i);
		shows(line, "");
		assert_string_equal(happened, want);
		gives(line, "null");
	}
	shows("resume 2", "");
	assert_string_equal(happened, "control linux 5");
	fails("suspend linux", "linux: it is off: start it first");
	shows("console linux", "");
	assert_string_equal(happened, "focus 1");
	char got[1024];
	got[monitor_answer("{\"command\":\"console demo\"}", got, sizeof(got))] = '\0';
	assert_non_null(strstr(got, "\"ok\":false"));
	assert_string_equal(happened, "focus 1");
	if (!setjmp(power))
		run_line("poweroff");
	assert_string_equal(happened, "off");
	if (!setjmp(power))
		run_line("reboot");
	assert_string_equal(happened, "reset");
}

static void test_agent(void **state)
{
	(void)state;
	fails("balloon linux 48",
	      "linux has 64 MiB: that or less, if it runs and has balloon = yes");
	conf[1].balloon = 1;
	fails("balloon linux 65",
	      "linux has 64 MiB: that or less, if it runs and has balloon = yes");
	fails("balloon linux", "usage: balloon VM MIB");
	fails("balloon linux x", "\"x\": expected a number");
	assert_string_equal(happened, "");
	shows("balloon linux 48", "");
	assert_string_equal(happened, "balloon");
	assert_int_equal(ballooned, 16 << 8);
	vm_more[1].state = VM_ENDING;
	fails("balloon linux 64",
	      "linux has 64 MiB: that or less, if it runs and has balloon = yes");
	vm_more[1].state = VM_RUNNING;
	shows("resize 132 50", "");
	assert_string_equal(happened, "linux"); /* and the one before it */
	assert_int_equal(columns, 132);
	assert_int_equal(rows, 50);
	fails("resize 0 50", "a terminal has 1 to 1000 columns and rows");
	fails("resize 80 1001", "a terminal has 1 to 1000 columns and rows");
	fails("resize 80 x", "\"x\": expected a number");
	shows("send linux  backup   now ", "");
	assert_string_equal(agent, "backup   now\n");
	agent_error = -ENODEV;
	fails("send linux x", "linux: nobody there has opened org.mullion.agent");
	agent_error = -ENOSPC;
	fails("send 2 x", "linux: the agent has not read what was sent before");
	agent_error = 0;
	fails("send linux", "usage: send VM TEXT");
	snprintf(agent, sizeof(agent), "one\n\n\ttwo\xff\nrest");
	shows("receive linux", "one\n\n?two?\nrest\n");
	memset(agent, 'a', 300);
	agent[300] = '\0';
	gives("receive demo", "[]");
	endless = true;
	assert_int_equal(run_line("receive linux"), 0);
	assert_int_equal(strlen(seen), VM_BYTES);
	endless = false;
	snprintf(agent, sizeof(agent), "say \"a\"\n");
	run_line("receive linux --json");
	assert_string_equal(seen, "[\"say \\\"a\\\"\"]\n");
}

static void test_words(void **state)
{
	(void)state;
	fails("lsit", "unknown command \"lsit\": did you mean \"list\"?");
	fails("xyzzy", "unknown command \"xyzzy\": help lists what there is");
	fails("list all", "usage: list");
	fails("vcpus demo linux", "usage: vcpus [VM]");
	fails("a b c d e f g h i j k l m n o p q r s t u v w x y",
	      "too many words: help lists what each command takes");
	shows("", "");
	shows("    ", "");
	shows("help info",
	      "command                                          help\n"
	      "info VM                                          what a VM is made of\n");
	gives("help list", "[{\"command\":\"list\",\"help\":\"the VMs and their state\"}]");
	fails("help lits", "unknown command \"lits\": did you mean \"list\"?");
	assert_int_equal(run_line("  help   --json "), 0);
	assert_true(json_line(seen));
	assert_non_null(strstr(seen, "\"trace start [KIND,...] | stop | read CORE FROM\""));
	assert_string_equal(monitor_word("", 0, 0), "help");
	assert_string_equal(monitor_word("info ", 5, 1), "linux");
	assert_string_equal(monitor_word("  i", 2, 0), "help");
	assert_string_equal(monitor_word("help ", 5, 1), "list");
	assert_null(monitor_word("info ", 5, 2));
}

static void test_trace(void **state)
{
	(void)state;
	shows("trace start", "");
	assert_int_equal(mask, 0x3f);
	shows("trace start exit,irq", "");
	assert_int_equal(mask, 0x22);
	shows("trace start all", "");
	assert_int_equal(mask, 0x3f);
	gives("trace stop", "null");
	assert_int_equal(mask, 0);
	fails("trace start exot", "unknown kind \"exot\": did you mean \"exit\"?");
	fails("trace", "usage: trace start [KIND,...] | stop | read CORE FROM");
	fails("trace raed 1 2", "usage: trace start [KIND,...] | stop | read CORE FROM");
	fails("trace read 1", "usage: trace start [KIND,...] | stop | read CORE FROM");
	fails("trace stop 1", "usage: trace start [KIND,...] | stop | read CORE FROM");
	fails("trace read 2 0", "no core 2: there are 0 to 1");
	fails("trace read x 0", "\"x\": expected a number");
	fails("trace read 0 -1", "\"-1\": expected a number");
	gives("trace read 1 0", "{\"next\":5,\"lost\":3,\"entries\":[[100,\"exit\",1,0,7,"
				"18446744073709551615],[102,\"irq\",0,0,240,0]]}");
	run_line("trace read 0 9");
	assert_non_null(strstr(seen, "next            14\n"));
	trace_error = -ENOMEM;
	fails("trace start", "no memory for the rings: destroy a VM first");
	trace_error = 0;
}

static void test_machine(void **state)
{
	(void)state;
	shows("version", "version         1.2.3\nbackend         SVM\ncores           2\n"
			 "tsc_hz          2000000000\nprotocol        1\n");
	run_line("version --json");
	assert_true(json_line(seen));
	assert_memory_equal(seen,
			    "{\"version\":\"1.2.3\",\"backend\":\"SVM\",\"cores\":2,\"tsc_hz\":"
			    "2000000000,\"protocol\":1,\"exit_kinds\":[\"other\"",
			    99);
	assert_non_null(strstr(seen, "\"vms\":[{\"id\":1,\"name\":\"demo\"},"));
	gives("memory", "{\"free_bytes\":734003200,\"largest_bytes\":524288000,\"vms\":[{\"id\":1,"
			"\"name\":\"demo\","
			"\"memory_mib\":0},{\"id\":2,\"name\":\"linux\",\"memory_mib\":62}]}");
}

static void test_dmesg(void **state)
{
	char line[80];
	uint64_t next = 0;
	unsigned lines = 0;

	(void)state;
	gives("dmesg", "{\"lines\":[],\"next\":0}");
	dmesg_add(&log_ring, 1000000, "a \"quoted\" line");
	shows("dmesg", "    0.001000 a \"quoted\" line\n");
	gives("dmesg", "{\"lines\":[\"    0.001000 a \\\"quoted\\\" line\"],\"next\":29}");
	gives("dmesg 29", "{\"lines\":[],\"next\":29}");
	fails("dmesg x", "\"x\": expected a number");
	/* Bounded, and nothing is lost from one to the next. */
	for (unsigned i = 1; i < 500; i++) {
		snprintf(line, sizeof(line), "line %u of many that are there to be read", i);
		dmesg_add(&log_ring, 0, line);
	}
	for (;;) {
		snprintf(line, sizeof(line), "dmesg %llu --json", (unsigned long long)next);
		run_line(line);
		assert_true(json_line(seen) && strlen(seen) < 10000);
		uint64_t then = strtoull(strstr(seen, "\"next\":") + 7, NULL, 10);
		for (const char *s = seen; (s = strstr(s, "0.00")); s++)
			lines++;
		if (then == next)
			break;
		next = then;
	}
	assert_int_equal(lines, 500);
}

static void test_answers(void **state)
{
	char got[4096], line[600];

	(void)state;
	got[monitor_answer("{\"id\":9,", got, sizeof(got))] = '\0';
	assert_string_equal(got,
			    "{\"id\":9,\"ok\":false,\"error\":\"expected one JSON object such as "
			    "{\\\"id\\\":1,\\\"command\\\":\\\"list\\\"}\"}\n");
	memset(line, ' ', sizeof(line));
	line[513] = '\0';
	got[monitor_answer(line, got, sizeof(got))] = '\0';
	assert_string_equal(
		got, "{\"id\":0,\"ok\":false,\"error\":\"a request has at most 512 bytes\"}\n");
	/* No room: still one whole line. */
	for (size_t size = 80; size < 1500; size += 7) {
		char *small = malloc(size);
		size_t n = monitor_answer("{\"command\":\"help\"}", small, size);

		assert_true(n <= size && small[n - 1] == '\n');
		small[n - 1] = '\0';
		strcpy(got, small);
		strcat(got, "\n");
		assert_true(json_line(got));
		free(small);
	}
	for (size_t size = 2; size < 80; size++) { /* not even for the error */
		char *small = malloc(size);

		assert_true(monitor_answer("{\"command\":\"help\"}", small, size) <= size);
		free(small);
	}
	got[monitor_answer("{\"command\":\"\\u0022\\\\\"}", got, sizeof(got))] = '\0';
	assert_true(json_line(got));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_list, setup),
		cmocka_unit_test_setup(test_info, setup),
		cmocka_unit_test_setup(test_stats, setup),
		cmocka_unit_test_setup(test_vcpus, setup),
		cmocka_unit_test_setup(test_top, setup),
		cmocka_unit_test_setup(test_cores, setup),
		cmocka_unit_test_setup(test_control, setup),
		cmocka_unit_test_setup(test_agent, setup),
		cmocka_unit_test_setup(test_words, setup),
		cmocka_unit_test_setup(test_trace, setup),
		cmocka_unit_test_setup(test_machine, setup),
		cmocka_unit_test_setup(test_dmesg, setup),
		cmocka_unit_test_setup(test_answers, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
