/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mullion-check: judges a configuration on the host and explains the partition that it makes. */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "kernel/config.h"

#define DEFAULT_CORES 4u
#define MAX_DIAGS     128u

static const char usage[] =
	"usage: mullion-check [--cores N] [--memory SIZE] [--json] mullion.conf\n"
	"       mullion-check --keys\n"
	"\n"
	"  --cores N      cores of the machine (4)\n"
	"  --memory SIZE  memory there for guests, such as 900M or 7G (not checked)\n"
	"  --json         the same for programs\n"
	"  --keys         every key that may stand in the file, in Markdown\n"
	"\n"
	"Exit status: 0 the file is in order, 1 something in it is refused, 2 it was not read.\n";

static const char *const policy_name[] = {"auto", "dedicated", "fair", "budget", "cyclic"};
static const char *const on_crash_name[] = {"stop", "restart", "hold"};
static const char *const monitor_name[] = {"none", "com2"};
static const char *const grant_name[] = {"MSR", "port", "PCI"};

struct check {
	const char *file;
	unsigned cores;
	uint64_t memory; /* UINT64_MAX: not checked */
	bool json;
	struct {
		unsigned line;
		char *sentence;
	} diag[MAX_DIAGS];
	unsigned diags;
	bool file_refused;
	struct config c;
	struct placement p;
};

static struct check checked;

void config_diag(unsigned line, const char *sentence)
{
	if (checked.diags == MAX_DIAGS)
		return;
	checked.diag[checked.diags].line = line;
	checked.diag[checked.diags++].sentence = strdup(sentence);
}

static bool starts(const struct check *k, unsigned v)
{
	return !k->c.vm[v].refused && !(k->c.strict && k->c.errors);
}

/* ---- for people ---- */

static void print_size(uint64_t bytes)
{
	if (bytes % GIB(1))
		printf("%lluM", (unsigned long long)(bytes >> 20));
	else
		printf("%lluG", (unsigned long long)(bytes >> 30));
}

static const char *grant_range(const struct config_grant *g)
{
	static char s[32];

	if (g->kind == GRANT_PCI)
		snprintf(s, sizeof(s), "%02x:%02x.%x", g->first >> 8, g->first >> 3 & 0x1f,
			 g->first & 7);
	else if (g->first == g->last)
		snprintf(s, sizeof(s), "0x%x", g->first);
	else
		snprintf(s, sizeof(s), "0x%x-0x%x", g->first, g->last);
	return s;
}

static void print_life(const struct config_vm *vm)
{
	if (!vm->autostart)
		printf("  start    by hand\n");
	else if (vm->order)
		printf("  start    by itself, order %u\n", vm->order);
	if (vm->on_crash != ON_CRASH_STOP)
		printf("  on crash %s\n", on_crash_name[vm->on_crash]);
	if (vm->watchdog)
		printf("  watchdog the guest may arm one\n");
	if (!vm->apicv)
		printf("  apicv    its local APICs are emulated on every processor\n");
	if (vm->learn)
		printf("  learn    what policy refuses is kept for the monitor\n");
}

static void print_vm(const struct check *k, unsigned v)
{
	const struct config_vm *vm = &k->c.vm[v];

	printf("\n%s (%s)%s\n", vm->name, config_type_name[vm->type],
	       vm->refused     ? ": refused, see above"
	       : !starts(k, v) ? ": not started, because of strict = yes"
			       : "");
	if (vm->refused)
		return;
	printf("  kernel   %s\n", vm->kernel.path);
	if (vm->initrd.line)
		printf("  initrd   %s\n", vm->initrd.path);
	for (unsigned i = 0; i < ARRAY_SIZE(vm->module); i++)
		if (vm->module[i].line)
			printf("  module   %s\n", vm->module[i].path);
	if (vm->cmdline[0])
		printf("  cmdline  %s\n", vm->cmdline);
	if (vm->net[0])
		printf("  net      %s\n", vm->net);
	if (vm->disk.line)
		printf("  disk     %s (in memory; writes are lost at power-off)\n", vm->disk.path);
	printf("  memory   ");
	print_size(vm->memory);
	printf("\n");
	for (unsigned i = 0; i < vm->vcpus; i++) {
		unsigned core = k->p.core[v][i];

		printf("  vCPU %-3u core %u, %s", i, core, policy_name[k->p.policy[core]]);
		if (k->p.policy[core] == POLICY_FAIR)
			printf(", weight %u", vm->weight);
		if (k->p.policy[core] == POLICY_BUDGET)
			printf(", %.2f %% (%u us in %u us)", 100.0 * vm->budget / vm->period,
			       vm->budget, vm->period);
		printf("\n");
	}
	print_life(vm);
	for (const struct config_grant *g = vm->grant; g < vm->grant + vm->grant_count; g++)
		printf("  allowed  %s %s, %s%s%s\n", grant_name[g->kind], grant_range(g),
		       g->read ? "read" : "", g->read && g->write ? " and " : "",
		       g->write ? "write" : "");
	printf("  devices  %s\n", vm->type != VM_PV
					  ? "16550 serial port (ttyS0), local APIC, IOAPIC, PIC, "
					    "PIT, RTC, ACPI PM timer"
					  : "by hypercall: console, disk, time, events, power");
}

/* Where each window stands in the frame. */
static void print_windows(const struct config_core *core)
{
	const char *rest = core->slack ? "idle: for whoever can run" : "idle";
	unsigned at = 0;

	printf("      frame of %u us\n", core->frame);
	for (unsigned i = 0; i < core->window_count; i++) {
		const struct config_window *w = &core->window[i];

		printf("      %8u to %8u  %s\n", at, at + w->us, w->vm[0] ? w->vm : rest);
		at += w->us;
	}
	if (at < core->frame)
		printf("      %8u to %8u  %s\n", at, core->frame, rest);
}

static void print_cores(const struct check *k)
{
	printf("\ncores\n");
	for (unsigned core = 0; core < k->cores && core < CONFIG_MAX_CORES; core++) {
		const struct config_core *c = &k->c.core[core];
		bool used = false;
		double sum = 0;

		printf("  %-3u", core);
		for (unsigned v = 0; v < k->c.vm_count; v++)
			for (unsigned i = 0; !k->c.vm[v].refused && i < k->c.vm[v].vcpus; i++)
				if (k->p.core[v][i] == core) {
					sum += 100.0 * k->c.vm[v].budget /
					       (k->c.vm[v].period ? k->c.vm[v].period : 1);
					printf(" %s%s%s",
					       used ? "" : policy_name[k->p.policy[core]],
					       used ? "and " : ": ", k->c.vm[v].name);
					used = true;
				}
		if (used && c->policy == POLICY_BUDGET)
			printf(" (%.2f %%)", sum);
		printf("%s\n", used ? "" : " free");
		if (c->policy == POLICY_CYCLIC)
			print_windows(c);
	}
}

static void print_all(const struct check *k)
{
	unsigned fine = 0;
	uint64_t sum = 0;

	if (k->file_refused) {
		printf("The file is refused: no VM would start.\n");
		return;
	}
	for (unsigned v = 0; v < k->c.vm_count; v++) {
		if (starts(k, v))
			fine++;
		if (!k->c.vm[v].refused)
			sum += k->c.vm[v].memory;
	}
	printf("%s: %u of %u VMs would have their place on a machine with %u cores\n", k->file,
	       fine, k->c.vm_count, k->cores);
	for (unsigned v = 0; v < k->c.vm_count; v++)
		print_vm(k, v);
	print_cores(k);
	printf("\nmemory\n  ");
	print_size(sum);
	printf(" for VMs");
	if (k->memory != UINT64_MAX) {
		printf(" of ");
		print_size(k->memory);
	}
	printf("\n");
	if (k->c.monitor != MONITOR_NONE)
		printf("\nmonitor\n  on %s, for programs\n", monitor_name[k->c.monitor]);
}

/* ---- for programs ---- */

/* Bytes that are not UTF-8 become U+FFFD. */
static void json_string(const char *s)
{
	mbstate_t state = {0};
	wchar_t w;

	putchar('"');
	while (*s) {
		size_t n = mbrtowc(&w, s, strlen(s), &state);

		if (n > 4) {
			memset(&state, 0, sizeof(state));
			fputs("\\ufffd", stdout);
			s++;
			continue;
		}
		if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else if ((unsigned char)*s < ' ')
			printf("\\u%04x", (unsigned)*s);
		else
			fwrite(s, 1, n, stdout);
		s += n;
	}
	putchar('"');
}

static void json_member(const char *name, const char *value)
{
	printf(", \"%s\": ", name);
	if (value)
		json_string(value);
	else
		printf("null");
}

static const char *truth(unsigned yes)
{
	return yes ? "true" : "false";
}

static void json_vm(const struct check *k, unsigned v)
{
	const struct config_vm *vm = &k->c.vm[v];

	printf("%s\n    {\"name\": \"%s\", \"line\": %u, \"refused\": %s, \"starts\": %s",
	       v ? "," : "", vm->name, vm->line, truth(vm->refused), truth(starts(k, v)));
	json_member("type", config_type_name[vm->type]);
	json_member("kernel", vm->kernel.line ? vm->kernel.path : NULL);
	json_member("initrd", vm->initrd.line ? vm->initrd.path : NULL);
	printf(", \"modules\": [");
	for (unsigned i = 0; i < ARRAY_SIZE(vm->module) && vm->module[i].line; i++)
		printf("%s\"%s\"", i ? ", " : "", vm->module[i].path);
	printf("]");
	json_member("disk", vm->disk.line ? vm->disk.path : NULL);
	json_member("net", vm->net_line ? vm->net : NULL);
	json_member("cmdline", vm->cmdline);
	json_member("on_crash", on_crash_name[vm->on_crash]);
	printf(", \"autostart\": %s, \"order\": %u, \"watchdog\": %s, \"learn\": %s",
	       truth(vm->autostart), vm->order, truth(vm->watchdog), truth(vm->learn));
	printf(", \"memory\": %llu, \"balloon\": %s, \"vcpus\": %u, \"weight\": %u",
	       (unsigned long long)vm->memory, truth(vm->balloon), vm->vcpus, vm->weight);
	if (vm->budget && vm->period)
		printf(", \"budget\": %u, \"period\": %u, \"percent\": %.2f", vm->budget,
		       vm->period, 100.0 * vm->budget / vm->period);
	printf(", \"grants\": [");
	for (unsigned i = 0; i < vm->grant_count; i++) {
		const struct config_grant *g = &vm->grant[i];

		printf("%s{\"kind\": \"%s\", \"range\": \"%s\", \"read\": %s, \"write\": %s}",
		       i ? ", " : "", grant_name[g->kind], grant_range(g), truth(g->read),
		       truth(g->write));
	}
	printf("], \"cores\": [");
	for (unsigned i = 0; !vm->refused && i < vm->vcpus; i++)
		printf("%s%u", i ? ", " : "", k->p.core[v][i]);
	printf("]}");
}

static void json_cyclic(const struct check *k)
{
	bool more = false;

	for (unsigned i = 0; !k->file_refused && i < k->cores && i < CONFIG_MAX_CORES; i++) {
		const struct config_core *c = &k->c.core[i];

		if (c->policy != POLICY_CYCLIC)
			continue;
		printf("%s\n    {\"core\": %u, \"frame\": %u, \"slack\": %s, \"windows\": [",
		       more ? "," : "", i, c->frame, truth(c->slack));
		for (unsigned w = 0; w < c->window_count; w++)
			printf("%s{\"vm\": %s%s%s, \"us\": %u}", w ? ", " : "",
			       c->window[w].vm[0] ? "\"" : "",
			       c->window[w].vm[0] ? c->window[w].vm : "null",
			       c->window[w].vm[0] ? "\"" : "", c->window[w].us);
		printf("]}");
		more = true;
	}
}

static void json_all(const struct check *k)
{
	printf("{\n  \"file\": ");
	json_string(k->file);
	printf(",\n  \"refused\": %s,\n  \"strict\": %s,\n  \"monitor\": \"%s\",\n  "
	       "\"diagnostics\": [",
	       truth(k->file_refused), truth(k->c.strict), monitor_name[k->c.monitor]);
	for (unsigned i = 0; i < k->diags; i++) {
		printf("%s\n    {\"line\": %u", i ? "," : "", k->diag[i].line);
		json_member("sentence", k->diag[i].sentence);
		printf("}");
	}
	printf("],\n  \"vms\": [");
	for (unsigned v = 0; v < k->c.vm_count; v++)
		json_vm(k, v);
	printf("],\n  \"cores\": [");
	for (unsigned i = 0; !k->file_refused && i < k->cores && i < CONFIG_MAX_CORES; i++)
		printf("%s\"%s\"", i ? ", " : "", policy_name[k->p.policy[i]]);
	printf("],\n  \"cyclic\": [");
	json_cyclic(k);
	printf("]\n}\n");
}

/* ---- the keys ---- */

/* What the parser has no use for. */
static const struct {
	const char *name, *standard, *help;
} about[] = {
	{"strict", "no", "yes: start no VM at all when anything in the configuration is refused."},
	{"monitor", "none", "The serial port where programs find the monitor."},
	{"policy", "auto",
	 "How the core is shared: dedicated to one vCPU, fair by weight, budget: each vCPU has its "
	 "budget in each period, cyclic: by a table of windows, or auto: dedicated while one vCPU "
	 "is on it, fair with several."},
	{"frame", "none; must be given if cyclic",
	 "The length of the table, which then begins anew; policy = cyclic only."},
	{"windows", "none; must be given if cyclic",
	 "Whose the core is, in order from the beginning of the frame; what they leave of it is "
	 "idle; policy = cyclic only."},
	{"slack", "no",
	 "yes: whoever on the core can run gets the time of idle windows; policy = cyclic only."},
	{"type", "linux",
	 "pc, or linux, which is the same: an unmodified guest, on a small PC; pv: a guest of "
	 "Mullion's own interface (ELF)."},
	{"boot", "auto",
	 "How the kernel of a PC is started: linux, a bzImage by its 64-bit protocol, or else the "
	 "32-bit one; linux16, a bzImage by its 16-bit code, in real mode; pvh, an ELF file by its "
	 "PVH note; multiboot, version 1; flat, any file, loaded to 1 MiB and entered "
	 "there like a multiboot kernel; auto: as the file looks, multiboot before PVH."},
	{"cpu_model", "host",
	 "The instructions that the guest finds: all of the processor's that Mullion knows, or a "
	 "level of the x86-64 psABI and nothing beyond it; a processor that has less than the "
	 "level "
	 "does not start the VM."},
	{"kernel", "none; must be given", "The guest's kernel."},
	{"initrd", "none", "The initial RAM disk, or the first module; not for type = pv."},
	{"module", "none",
	 "A file that a PVH or multiboot kernel finds in memory; up to 3, behind the initrd."},
	{"disk", "none",
	 "The image of the VM's disk, held in memory: a virtio disk of a PC. Writes are lost at "
	 "power-off."},
	{"net", "none",
	 "The switch inside the machine that the VM's virtio network device is at: VMs that name "
	 "the same one reach each other; not for type = pv."},
	{"console", "serial",
	 "virtio: a PC has a virtio console beside its serial port. What is typed goes to that of "
	 "the two by which the guest printed last."},
	{"cmdline", "empty", "The kernel's command line."},
	{"memory", "128M", "The VM's memory."},
	{"balloon", "no",
	 "yes: a PC has a virtio balloon, by which it gives memory that it does not use to the "
	 "machine; what it takes back must be free then, or the guest ends."},
	{"vcpus", "1", "Virtual CPUs of the VM."},
	{"cores", "auto",
	 "The physical cores of the VM's vCPUs, in turn, and from the first again when there are "
	 "more vCPUs; auto: each on the least loaded one."},
	{"weight", "1", "The VM's share of a core that is fair, relative to the others there."},
	{"budget", "none",
	 "The time that each of its vCPUs gets in each period on a core whose policy is budget."},
	{"period", "none", "The period of the budget, at least as long."},
	{"on_crash", "stop",
	 "What follows when the guest is beyond saving: stop frees what it had, restart starts it "
	 "again, hold keeps it as it is, to be looked at."},
	{"autostart", "yes", "no: the VM waits until the monitor is told to start it."},
	{"order", "0", "Of start: lower first, equal ones as in the file."},
	{"watchdog", "no", "yes: the guest may arm a watchdog; when it runs out, that is a crash."},
	{"learn", "no",
	 "yes: what policy refuses to the guest is kept, and the monitor shows the lines that "
	 "would "
	 "allow it."},
	{"debug-exit", "no",
	 "yes: port 0xf4 ends the VM and logs twice the value that was written, plus 1, as test "
	 "suites expect; not for type = pv."},
	{"apicv", "yes",
	 "yes: the processor itself has the guest's local APICs, where it can (Intel: "
	 "APIC-register "
	 "virtualization and virtual-interrupt delivery; AMD: AVIC is not used); no: each access "
	 "is "
	 "emulated."},
	{"allow_msr", "none", "MSRs of the physical core that the guest may use; may be repeated."},
	{"allow_port", "none", "I/O ports of the machine that the guest may use; may be repeated."},
	{"allow_pci", "none",
	 "A PCI function of the machine whose configuration space the guest may read; may be "
	 "repeated."},
};

static void print_keys(void)
{
	static const char *const title[] = {"[mullion]", "[core N]", "[vm NAME]"};

	if (ARRAY_SIZE(about) != config_key_count)
		abort();
	for (unsigned w = CONFIG_GLOBAL; w <= CONFIG_VM; w++) {
		printf("### `%s`\n\n| key | value | if absent | meaning |\n|---|---|---|---|\n",
		       title[w]);
		for (unsigned i = 0; i < config_key_count; i++) {
			const struct config_key *k = &config_keys[i];

			if (k->where != w)
				continue;
			if (strcmp(k->name, about[i].name) != 0)
				abort(); /* the table above has another order */
			printf("| `%s` | %s%s | %s | %s |\n", k->name,
			       k->set == config_set_word ? "one of " : "", k->expected,
			       about[i].standard, about[i].help);
		}
		printf("\n");
	}
}

/* ---- main ---- */

static bool parse_size(const char *s, uint64_t *bytes)
{
	char *end;
	unsigned long long n = strtoull(s, &end, 10);
	unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;

	*bytes = (uint64_t)n << shift;
	return end != s && shift && !end[1] && *s != '-' && n <= UINT64_MAX >> shift;
}

/* Reads what the parser would look at, and counts the rest. */
static bool read_file(const char *path, char *text, uint64_t *size)
{
	static char rest[4096];
	FILE *f = fopen(path, "rb");
	bool ok;

	if (!f)
		return false;
	*size = fread(text, 1, CONFIG_MAX_SIZE, f);
	for (size_t n = 1; n;) {
		n = fread(rest, 1, sizeof(rest), f);
		*size += n;
	}
	ok = !ferror(f);
	fclose(f);
	return ok;
}

static int check(struct check *k)
{
	static char text[CONFIG_MAX_SIZE];
	uint64_t size;

	if (!read_file(k->file, text, &size)) {
		perror(k->file);
		return 2;
	}
	k->file_refused = config_parse(&k->c, text, size) != 0;
	if (!k->file_refused)
		config_place(&k->c, k->cores, k->memory, &k->p);
	if (k->json) {
		json_all(k);
	} else {
		for (unsigned i = 0; i < k->diags; i++)
			if (k->diag[i].line)
				fprintf(stderr, "%s:%u: %s\n", k->file, k->diag[i].line,
					k->diag[i].sentence);
			else
				fprintf(stderr, "%s: %s\n", k->file, k->diag[i].sentence);
		print_all(k);
	}
	return k->c.errors ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"cores", required_argument, NULL, 'c'}, {"memory", required_argument, NULL, 'm'},
		{"json", no_argument, NULL, 'j'},        {"keys", no_argument, NULL, 'k'},
		{"help", no_argument, NULL, 'h'},        {0},
	};
	int option, status;

	memset(&checked, 0, sizeof(checked));
	checked.cores = DEFAULT_CORES;
	checked.memory = UINT64_MAX;
	setlocale(LC_CTYPE, "C.UTF-8");
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			checked.cores = (unsigned)strtoul(optarg, NULL, 10);
			if (checked.cores >= 1 && checked.cores <= CONFIG_MAX_CORES)
				break;
			fprintf(stderr, "--cores %s: expected 1 to %u\n", optarg, CONFIG_MAX_CORES);
			return 2;
		case 'm':
			if (parse_size(optarg, &checked.memory))
				break;
			fprintf(stderr, "--memory %s: expected a size such as 900M or 7G\n",
				optarg);
			return 2;
		case 'j':
			checked.json = true;
			break;
		case 'k':
			print_keys();
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind + 1 != argc) {
		fputs(usage, stderr);
		return 2;
	}
	checked.file = argv[optind];
	status = check(&checked);
	for (unsigned i = 0; i < checked.diags; i++)
		free(checked.diag[i].sentence);
	return status;
}
