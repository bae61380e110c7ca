/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the configured VMs go: cores and memory; pure. */
#include "kernel/config_parse.h"
#include "kernel/string.h"

/* The work in progress. */
struct place {
	struct config_parser say;
	struct placement *p;
	unsigned cores;
	unsigned load[CONFIG_MAX_CORES];                /* vCPUs on it */
	const struct config_vm *last[CONFIG_MAX_CORES]; /* that came to it */
};

static bool full(const struct place *s, unsigned core)
{
	return s->say.c->core[core].policy == POLICY_DEDICATED && s->load[core] > 0;
}

/* The highest of the least loaded cores that take one more; s->cores: none does. */
static unsigned least_loaded(const struct place *s)
{
	unsigned best = s->cores;

	for (unsigned core = s->cores; core-- > 0;)
		if (!full(s, core) && (best == s->cores || s->load[core] < s->load[best]))
			best = core;
	return best;
}

static void place_vm(struct place *s, struct config_vm *vm)
{
	bool any = vm->cores[0] == CONFIG_ANY_CORE;
	unsigned core = any ? least_loaded(s) : vm->cores[0];

	s->say.vm = vm;
	if (any && core == s->cores) {
		config_fail(&s->say, vm->line,
			    "no core is left for %s: all %u are dedicated and taken. Make the "
			    "policy of one fair, or remove a VM.",
			    vm->name, s->cores);
	} else if (core >= s->cores) {
		config_fail(&s->say, vm->cores_line,
			    "%s asks for core %u, but this machine has %u (0 to %u). Name another "
			    "core, or write cores = auto.",
			    vm->name, core, s->cores, s->cores - 1);
	} else if (full(s, core)) {
		config_fail(&s->say, vm->cores_line,
			    "%s asks for core %u, which is dedicated (line %u) and belongs to %s "
			    "(line %u). Name another core, or make the policy fair.",
			    vm->name, core, s->say.c->core[core].line, s->last[core]->name,
			    s->last[core]->cores_line);
	} else {
		s->p->core[vm - s->say.c->vm][0] = core;
		s->load[core]++;
		s->last[core] = vm;
	}
}

static void share_memory(struct place *s, uint64_t memory)
{
	uint64_t left = memory;

	for (unsigned v = 0; v < s->say.c->vm_count; v++) {
		struct config_vm *vm = s->say.vm = &s->say.c->vm[v];

		if (vm->refused)
			continue;
		if (vm->memory <= left) {
			left -= vm->memory;
			continue;
		}
		s->load[s->p->core[v][0]]--;
		config_fail(&s->say, vm->memory_line ? vm->memory_line : vm->line,
			    "%s asks for %lluM of memory, but of %lluM for guests %lluM are left. "
			    "Ask for less here or in a VM above.",
			    vm->name, (unsigned long long)(vm->memory >> 20),
			    (unsigned long long)(memory >> 20), (unsigned long long)(left >> 20));
	}
}

void config_place(struct config *c, unsigned cores, uint64_t memory, struct placement *p,
		  config_diag_fn diag, void *ctx)
{
	struct place s = {.say = {.c = c, .diag = diag, .ctx = ctx}, .p = p};

	s.cores = cores < CONFIG_MAX_CORES ? cores : CONFIG_MAX_CORES;
	memset(p, 0, sizeof(*p));
	/* Who names a core comes before those who take what is left. */
	for (unsigned any = 0; any <= 1; any++)
		for (struct config_vm *vm = c->vm; vm < c->vm + c->vm_count; vm++)
			if (!vm->refused && (vm->cores[0] == CONFIG_ANY_CORE) == any)
				place_vm(&s, vm);
	share_memory(&s, memory);
	for (unsigned core = 0; core < CONFIG_MAX_CORES; core++) {
		p->policy[core] = c->core[core].policy;
		if (p->policy[core] == POLICY_AUTO)
			p->policy[core] = s.load[core] == 1 ? POLICY_DEDICATED : POLICY_FAIR;
	}
}
