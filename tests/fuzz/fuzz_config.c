/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as configuration: what the parser and the placement promise must hold. */
/* sources: kernel/config.c kernel/config_key.c kernel/grant.c */
/* sources: kernel/place.c kernel/words.c kernel/print.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/config.h"

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned sentences;

void config_diag(unsigned line, const char *sentence)
{
	size_t n = strlen(sentence);

	(void)line;
	MUST(n > 0 && n < CONFIG_SENTENCE - 1); /* not cut */
	for (size_t i = 0; i < n; i++)
		MUST(sentence[i] >= ' ' && sentence[i] <= '~');
	MUST(sentence[n - 1] == '.' || sentence[n - 1] == '?');
	sentences++;
}

static void check_path(const struct config_file *f)
{
	MUST(memchr(f->path, 0, sizeof(f->path)));
	if (f->line)
		MUST(f->path[0] == '\\' && f->path[strlen(f->path) - 1] != '\\' &&
		     !strchr(f->path, '/') && !strstr(f->path, "\\\\"));
	else
		MUST(!f->path[0]);
}

static void check_vm(const struct config_vm *vm)
{
	MUST(memchr(vm->name, 0, sizeof(vm->name)) && vm->name[0] && vm->line);
	MUST(memchr(vm->cmdline, 0, sizeof(vm->cmdline)));
	if (vm->refused)
		return;
	MUST(vm->kernel.line);
	check_path(&vm->kernel);
	check_path(&vm->initrd);
	check_path(&vm->disk);
	MUST(!vm->initrd.line || vm->type == VM_LINUX);
	MUST(!vm->disk.line || vm->type == VM_PV);
	MUST(vm->memory >= MIB(2) && vm->memory <= GIB(1024) && is_aligned(vm->memory, MIB(2)));
	MUST(vm->vcpus >= 1 && vm->vcpus <= CONFIG_MAX_VCPUS);
	MUST(vm->core_count <= vm->vcpus);
	for (unsigned i = 0; i < vm->core_count; i++)
		MUST(vm->cores[i] < CONFIG_MAX_CORES);
	MUST(vm->weight >= 1 && vm->weight <= 1000);
	MUST(vm->budget <= vm->period && vm->period <= 1000000 && !vm->budget == !vm->period);
	MUST(vm->on_crash <= ON_CRASH_HOLD && vm->order <= 1000);
	MUST(vm->autostart <= 1 && vm->watchdog <= 1 && vm->learn <= 1);
	MUST(vm->grant_count <= CONFIG_MAX_GRANTS);
	for (const struct config_grant *g = vm->grant; g < vm->grant + vm->grant_count; g++) {
		MUST(g->kind <= GRANT_PCI && g->first <= g->last && (g->read || g->write));
		MUST(g->kind == GRANT_MSR || g->last <= UINT16_MAX);
		MUST(g->kind != GRANT_PCI || !g->write);
		MUST(g->kind != GRANT_MSR || g->first > 0xc0000080 || g->last < 0xc0000080);
		MUST(g->kind != GRANT_PORT || g->first > 0x3f8 || g->last < 0x3f8);
	}
}

static void check_core(const struct config *c, const struct config_core *core)
{
	uint64_t sum = 0;

	MUST(core->policy <= POLICY_CYCLIC && core->slack <= 1);
	if (core->policy != POLICY_CYCLIC) {
		MUST(!core->frame && !core->window_count && !core->slack);
		return;
	}
	MUST(core->window_count >= 1 && core->window_count <= CONFIG_MAX_WINDOWS);
	for (unsigned i = 0; i < core->window_count; i++) {
		unsigned v = 0;

		MUST(core->window[i].us >= 50);
		sum += core->window[i].us;
		while (v < c->vm_count && strcmp(c->vm[v].name, core->window[i].vm) != 0)
			v++;
		MUST(v < c->vm_count || !core->window[i].vm[0]);
	}
	MUST(sum <= core->frame && core->frame <= 10000000);
}

static void check_placement(const struct config *c, const struct placement *p, unsigned cores,
			    uint64_t memory)
{
	unsigned load[CONFIG_MAX_CORES] = {0};
	double budget[CONFIG_MAX_CORES] = {0};
	uint64_t sum = 0;

	for (unsigned v = 0; v < c->vm_count; v++) {
		if (c->vm[v].refused)
			continue;
		sum += c->vm[v].memory;
		for (unsigned i = 0; i < c->vm[v].vcpus; i++) {
			MUST(p->core[v][i] < cores);
			const struct config_vm *vm = &c->vm[v];
			unsigned core = p->core[v][i];

			if (vm->core_count)
				MUST(core == vm->cores[i % vm->core_count]);
			else
				MUST(c->core[core].policy <= POLICY_FAIR);
			load[core]++;
			if (c->core[core].policy == POLICY_BUDGET) {
				MUST(vm->budget);
				budget[core] += (double)vm->budget / vm->period;
			}
		}
	}
	MUST(sum <= memory);
	for (unsigned i = 0; i < CONFIG_MAX_CORES; i++) {
		MUST(p->policy[i] > POLICY_AUTO && p->policy[i] <= POLICY_CYCLIC);
		MUST(p->policy[i] != POLICY_DEDICATED || load[i] <= 1);
		MUST(budget[i] < 1 + 1e-9);
		MUST(c->core[i].policy == POLICY_AUTO || c->core[i].policy == p->policy[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config c;
	static struct placement p;
	unsigned cores = 1 + (unsigned)(size % 5);
	uint64_t memory = MIB(size % 1024);
	int err;

	sentences = 0;
	memset(&c, 0xa5, sizeof(c));
	err = config_parse(&c, (const char *)data, size);
	MUST(sentences <= 21 && sentences >= (c.errors > 20 ? 21 : c.errors));
	MUST(c.vm_count <= CONFIG_MAX_VMS && (!err || (c.vm_count == 0 && c.errors)));
	for (unsigned v = 0; v < c.vm_count; v++) {
		check_vm(&c.vm[v]);
		for (unsigned w = 0; w < v; w++)
			MUST(strcmp(c.vm[v].name, c.vm[w].name) != 0);
	}
	for (unsigned i = 0; !err && i < CONFIG_MAX_CORES; i++)
		check_core(&c, &c.core[i]);
	if (!err) {
		config_place(&c, cores, memory, &p);
		check_placement(&c, &p, cores, memory);
	}
	return 0;
}
