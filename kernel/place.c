/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the configured VMs go: cores and memory; pure. */
#include "kernel/config_parse.h"

/* The work in progress. */
struct place {
	struct config_parser say;
	struct placement *p;
	unsigned cores;
	unsigned placed[CONFIG_MAX_VMS];                /* vCPUs of it that have their core */
	unsigned load[CONFIG_MAX_CORES];                /* vCPUs on it */
	const struct config_vm *last[CONFIG_MAX_CORES]; /* that came to it */
};

static bool full(const struct place *s, unsigned core)
{
	return s->say.c->core[core].policy == POLICY_DEDICATED && s->load[core] > 0;
}

/* The highest of the least loaded cores that take one more unasked; s->cores: none does. */
static unsigned least_loaded(const struct place *s)
{
	unsigned best = s->cores;

	for (unsigned core = s->cores; core-- > 0;)
		if (!full(s, core) && s->say.c->core[core].policy < POLICY_BUDGET &&
		    (best == s->cores || s->load[core] < s->load[best]))
			best = core;
	return best;
}
static_assert(POLICY_BUDGET > POLICY_AUTO && POLICY_BUDGET > POLICY_DEDICATED &&
		      POLICY_BUDGET > POLICY_FAIR && POLICY_CYCLIC > POLICY_BUDGET,
	      "these two must be named");

static void take_back(struct place *s, unsigned v)
{
	while (s->placed[v])
		s->load[s->p->core[v][--s->placed[v]]]--;
}

/* What a VM's vCPUs have of the core, in parts of 2^40, rounded down: all of it is not too much. */
static uint64_t share(const struct place *s, unsigned v, unsigned core)
{
	const struct config_vm *vm = &s->say.c->vm[v];
	uint64_t sum = 0;

	for (unsigned i = 0; vm->budget && i < s->placed[v]; i++)
		if (s->p->core[v][i] == core)
			sum += ((uint64_t)vm->budget << 40) / vm->period;
	return sum;
}

/* Hundredths of a percent, rounded up. */
static unsigned percent(uint64_t part)
{
	return (unsigned)((part * 10000 + BIT(40) - 1) >> 40);
}

static void check_budget(struct place *s, struct config_vm *vm, unsigned core)
{
	uint64_t own = share(s, (unsigned)(vm - s->say.c->vm), core), sum = 0;
	unsigned mine = percent(own), others;

	for (unsigned v = 0; v < s->say.c->vm_count; v++)
		sum += share(s, v, core);
	if (sum <= BIT(40))
		return;
	others = percent(sum - own);
	config_fail(
		&s->say, vm->budget_line,
		"%s asks for %u.%02u %% of core %u, of which %u.%02u %% are taken: that is more "
		"than all of it. Make a budget there smaller or its period longer, or name "
		"another core.",
		vm->name, mine / 100, mine % 100, core, others / 100, others % 100);
}

static bool has_window(const struct config_core *core, const char *name)
{
	for (unsigned i = 0; i < core->window_count; i++)
		if (strcmp(core->window[i].vm, name) == 0)
			return true;
	return false;
}

/* One more vCPU of the VM, which names the core. */
static void check_named(struct place *s, struct config_vm *vm, unsigned core)
{
	const struct config_core *c = &s->say.c->core[core];

	if (core >= s->cores)
		config_fail(&s->say, vm->cores_line,
			    "%s asks for core %u, but this machine has %u (0 to %u). Name another "
			    "core, or write cores = auto.",
			    vm->name, core, s->cores, s->cores - 1);
	else if (full(s, core) && s->last[core] == vm)
		config_fail(&s->say, vm->cores_line,
			    "%s asks for core %u for several vCPUs, but it is dedicated (line %u). "
			    "Name another core for each, or make the policy fair.",
			    vm->name, core, c->line);
	else if (full(s, core))
		config_fail(&s->say, vm->cores_line,
			    "%s asks for core %u, which is dedicated (line %u) and belongs to %s "
			    "(line %u). Name another core, or make the policy fair.",
			    vm->name, core, c->line, s->last[core]->name,
			    s->last[core]->cores_line);
	else if (c->policy == POLICY_BUDGET && !vm->budget)
		config_fail(&s->say, vm->cores_line,
			    "%s asks for core %u, whose policy is budget (line %u), but has none. "
			    "Add lines such as budget = 2000 and period = 10000 (microseconds).",
			    vm->name, core, c->policy_line);
	else if (c->policy == POLICY_CYCLIC && !has_window(c, vm->name))
		config_fail(
			&s->say, vm->cores_line,
			"%s asks for core %u, whose windows (line %u) have none for it. Add one "
			"there, such as %s 1000, or name another core.",
			vm->name, core, c->windows_line, vm->name);
}

static void place_vm(struct place *s, struct config_vm *vm)
{
	unsigned v = (unsigned)(vm - s->say.c->vm);
	bool budget = false;

	s->say.vm = vm;
	for (unsigned i = 0; i < vm->vcpus && !vm->refused; i++) {
		unsigned core = vm->core_count ? vm->cores[i % vm->core_count] : least_loaded(s);

		if (vm->core_count)
			check_named(s, vm, core);
		else if (core == s->cores)
			config_fail(
				&s->say, vm->line,
				"no core is left for %s: of all %u, some are dedicated and taken, "
				"the others budget or cyclic, which must be named. Make the policy "
				"of one fair, or remove a VM.",
				vm->name, s->cores);
		if (vm->refused)
			break;
		s->p->core[v][s->placed[v]++] = core;
		s->load[core]++;
		s->last[core] = vm;
		if (s->say.c->core[core].policy == POLICY_BUDGET) {
			budget = true;
			check_budget(s, vm, core);
		}
	}
	if (vm->budget && !budget && !vm->refused)
		config_fail(&s->say, vm->budget_line,
			    "%s has a budget, but no vCPU on a core whose policy is budget. Remove "
			    "budget and period, or name such a core.",
			    vm->name);
	if (vm->refused)
		take_back(s, v);
}

static void share_memory(struct place *s, uint64_t memory)
{
	uint64_t left = memory;

	for (unsigned v = 0; v < s->say.c->vm_count; v++) {
		struct config_vm *vm = s->say.vm = &s->say.c->vm[v];

		if (vm->refused)
			continue;
		/* Who starts later gets what is free then. */
		if (vm->memory <= (vm->autostart ? left : memory)) {
			left -= vm->autostart ? vm->memory : 0;
			continue;
		}
		take_back(s, v);
		config_fail(&s->say, vm->memory_line ? vm->memory_line : vm->line,
			    "%s asks for %luM of memory, but of %luM for guests %luM are left. "
			    "Ask for less here or in a VM above.",
			    vm->name, vm->memory >> 20, memory >> 20, left >> 20);
	}
}

void config_place(struct config *c, unsigned cores, uint64_t memory, struct placement *p)
{
	struct place s = {.say.c = c, .p = p, .cores = (unsigned)min_u64(cores, CONFIG_MAX_CORES)};

	memset(p, 0, sizeof(*p));
	/* Who names cores comes before those who take what is left. */
	for (unsigned any = 0; any <= 1; any++)
		for (struct config_vm *vm = c->vm; vm < c->vm + c->vm_count; vm++)
			if (!vm->refused && (vm->core_count == 0) == any)
				place_vm(&s, vm);
	share_memory(&s, memory);
	for (unsigned core = 0; core < CONFIG_MAX_CORES; core++) {
		p->policy[core] = c->core[core].policy;
		if (p->policy[core] == POLICY_AUTO)
			p->policy[core] = s.load[core] == 1 ? POLICY_DEDICATED : POLICY_FAIR;
	}
}
