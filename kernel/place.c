/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the virtual CPUs of the configured VMs go; pure. */
#include "kernel/config.h"
#include "kernel/print.h"
#include "kernel/string.h"

/* The work in progress. */
struct place {
	struct config *c;
	struct placement *p;
	config_diag_fn diag;
	void *ctx;
	unsigned cores;
	unsigned load[CONFIG_MAX_CORES]; /* vCPUs on it */
};

static void refuse(struct place *s, struct config_vm *vm, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void refuse(struct place *s, struct config_vm *vm, unsigned line, const char *fmt, ...)
{
	char sentence[256];
	va_list ap;

	if (vm)
		vm->refused = true;
	s->c->errors++;
	va_start(ap, fmt);
	kvsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	s->diag(s->ctx, line, sentence);
}

static bool full(const struct place *s, unsigned core)
{
	return s->c->core[core].policy == POLICY_DEDICATED && s->load[core] > 0;
}

/* Whose vCPU is on a dedicated core; NULL: nobody's. */
static const struct config_vm *owner(const struct place *s, unsigned core, unsigned vms)
{
	for (unsigned v = 0; v < vms; v++) {
		const struct config_vm *vm = &s->c->vm[v];

		for (unsigned i = 0; !vm->refused && vm->core_count && i < vm->vcpus; i++)
			if (s->p->core[v][i] == core)
				return vm;
	}
	return NULL;
}

static void unplace(struct place *s, unsigned v, unsigned vcpus)
{
	for (unsigned i = 0; i < vcpus; i++)
		s->load[s->p->core[v][i]]--;
}

static void place_named(struct place *s, unsigned v)
{
	struct config_vm *vm = &s->c->vm[v];

	for (unsigned i = 0; i < vm->vcpus; i++) {
		unsigned core = vm->cores[i % vm->core_count];
		const struct config_vm *other;

		if (core >= s->cores) {
			unplace(s, v, i);
			refuse(s, vm, vm->cores_line,
			       "%s asks for core %u, but this machine has %u (0 to %u). Name "
			       "another core, or write cores = auto.",
			       vm->name, core, s->cores, s->cores - 1);
			return;
		}
		if (full(s, core)) {
			unplace(s, v, i);
			other = owner(s, core, v);
			refuse(s, vm, vm->cores_line,
			       "%s asks for core %u, which is dedicated (line %u) and belongs to "
			       "%s "
			       "(line %u). Name another core, or make the policy fair.",
			       vm->name, core, s->c->core[core].line,
			       other ? other->name : "another vCPU of the same VM",
			       other ? other->cores_line : vm->cores_line);
			return;
		}
		s->p->core[v][i] = core;
		s->load[core]++;
	}
}

static void place_auto(struct place *s, unsigned v)
{
	struct config_vm *vm = &s->c->vm[v];

	for (unsigned i = 0; i < vm->vcpus; i++) {
		unsigned best = s->cores;

		for (unsigned core = s->cores; core-- > 0;)
			if (!full(s, core) && (best == s->cores || s->load[core] < s->load[best]))
				best = core;
		if (best == s->cores) {
			unplace(s, v, i);
			refuse(s, vm, vm->line,
			       "no core is left for %s: all %u are dedicated and taken. Make the "
			       "policy of one fair, or remove a VM.",
			       vm->name, s->cores);
			return;
		}
		s->p->core[v][i] = best;
		s->load[best]++;
	}
}

static void share_memory(struct place *s, uint64_t memory)
{
	uint64_t left = memory;

	for (unsigned v = 0; v < s->c->vm_count; v++) {
		struct config_vm *vm = &s->c->vm[v];

		if (vm->refused)
			continue;
		if (vm->memory <= left) {
			left -= vm->memory;
			continue;
		}
		unplace(s, v, vm->vcpus);
		refuse(s, vm, vm->memory_line ? vm->memory_line : vm->line,
		       "%s asks for %lluM of memory, but of %lluM for guests %lluM are left. Ask "
		       "for less here or in a VM above.",
		       vm->name, (unsigned long long)(vm->memory >> 20),
		       (unsigned long long)(memory >> 20), (unsigned long long)(left >> 20));
	}
}

/* A section for cores of which the machine has none does nothing: said, not silent. */
static void check_sections(struct place *s)
{
	unsigned last = s->cores ? s->c->core[s->cores - 1].line : 0;

	for (unsigned core = s->cores; core < CONFIG_MAX_CORES; core++) {
		unsigned line = s->c->core[core].line;

		/* A range that begins on the machine may well end beyond it. */
		if (line && line != last)
			refuse(s, NULL, line,
			       "core %u is not there: this machine has %u (0 to %u). The section "
			       "has no effect; mend or remove it.",
			       core, s->cores, s->cores - 1);
		if (line)
			last = line;
	}
}

void config_place(struct config *c, unsigned cores, uint64_t memory, struct placement *p,
		  config_diag_fn diag, void *ctx)
{
	struct place s = {.c = c, .p = p, .diag = diag, .ctx = ctx, .cores = cores};

	if (s.cores > CONFIG_MAX_CORES)
		s.cores = CONFIG_MAX_CORES;
	memset(p, 0, sizeof(*p));
	for (unsigned v = 0; v < c->vm_count; v++)
		if (!c->vm[v].refused && c->vm[v].core_count)
			place_named(&s, v);
	for (unsigned v = 0; v < c->vm_count; v++)
		if (!c->vm[v].refused && !c->vm[v].core_count)
			place_auto(&s, v);
	share_memory(&s, memory);
	check_sections(&s);
	for (unsigned core = 0; core < CONFIG_MAX_CORES; core++) {
		p->policy[core] = c->core[core].policy;
		if (p->policy[core] == POLICY_AUTO)
			p->policy[core] = s.load[core] == 1 ? POLICY_DEDICATED : POLICY_FAIR;
	}
}
