/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as configuration: what the parser and the placement promise must hold. */
/* sources: kernel/config.c kernel/config_key.c kernel/words.c kernel/place.c kernel/print.c */
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

static void diag(void *ctx, unsigned line, const char *sentence)
{
	size_t n = strlen(sentence);

	(void)ctx;
	(void)line;
	MUST(n > 0 && n < 319); /* not cut */
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
	MUST(vm->cores[0] == CONFIG_ANY_CORE || vm->cores[0] < CONFIG_MAX_CORES);
	MUST(vm->weight >= 1 && vm->weight <= 1000);
}

static void check_placement(const struct config *c, const struct placement *p, unsigned cores,
			    uint64_t memory)
{
	unsigned load[CONFIG_MAX_CORES] = {0};
	uint64_t sum = 0;

	for (unsigned v = 0; v < c->vm_count; v++) {
		if (c->vm[v].refused)
			continue;
		sum += c->vm[v].memory;
		for (unsigned i = 0; i < c->vm[v].vcpus; i++) {
			MUST(p->core[v][i] < cores);
			MUST(c->vm[v].cores[0] == CONFIG_ANY_CORE ||
			     p->core[v][i] == c->vm[v].cores[0]);
			load[p->core[v][i]]++;
		}
	}
	MUST(sum <= memory);
	for (unsigned i = 0; i < CONFIG_MAX_CORES; i++) {
		MUST(p->policy[i] == POLICY_DEDICATED || p->policy[i] == POLICY_FAIR);
		MUST(p->policy[i] == POLICY_FAIR || load[i] <= 1);
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
	err = config_parse(&c, (const char *)data, size, diag, NULL);
	MUST(sentences <= 21 && sentences >= (c.errors > 20 ? 21 : c.errors));
	MUST(c.vm_count <= CONFIG_MAX_VMS && (!err || (c.vm_count == 0 && c.errors)));
	for (unsigned v = 0; v < c.vm_count; v++) {
		check_vm(&c.vm[v]);
		for (unsigned w = 0; w < v; w++)
			MUST(strcmp(c.vm[v].name, c.vm[w].name) != 0);
	}
	if (!err) {
		config_place(&c, cores, memory, &p, diag, NULL);
		check_placement(&c, &p, cores, memory);
	}
	return 0;
}
