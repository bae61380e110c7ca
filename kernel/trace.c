/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trace rings: each is written by its own core only. */
#include "kernel/trace.h"
#include "arch/x86/cpu.h"
#include "arch/x86/percpu.h"
#include "kernel/mem.h"

struct ring {
	uint64_t next; /* number of the entry to come */
	struct trace_entry e[TRACE_ENTRIES];
};

static struct ring *rings[MAX_CPUS];
uint32_t trace_mask;

const char *trace_kind_name(enum trace_kind kind)
{
	static const char *const name[TRACE_KINDS] = {"entry",  "exit",      "sched",
						      "inject", "hypercall", "irq"};

	return kind < TRACE_KINDS ? name[kind] : "?";
}

void trace_record(enum trace_kind kind, unsigned vm, unsigned vcpu, uint64_t a, uint64_t b)
{
	struct ring *r = rings[this_cpu()->id];
	uint64_t n = r->next;

	r->e[n % TRACE_ENTRIES] = (struct trace_entry){
		.tsc = rdtsc(),
		.kind = (uint8_t)kind,
		.vm = (uint8_t)vm,
		.vcpu = (uint16_t)vcpu,
		.seq = (uint32_t)n,
		.a = a,
		.b = b,
	};
	__atomic_store_n(&r->next, n + 1, __ATOMIC_RELEASE);
}

int trace_start(uint32_t mask)
{
	for (unsigned i = 0; mask && i < cpu_count; i++) {
		if (!rings[i])
			rings[i] = pages_alloc(sizeof(*rings[i]));
		if (!rings[i])
			return -ENOMEM;
	}
	__atomic_store_n(&trace_mask, mask, __ATOMIC_RELEASE);
	return 0;
}

unsigned trace_read(unsigned core, uint64_t *from, struct trace_entry *to, unsigned n,
		    uint64_t *lost)
{
	const struct ring *r = core < cpu_count ? rings[core] : NULL;
	unsigned got = 0;

	*lost = 0;
	if (!r)
		return 0;
	uint64_t next = __atomic_load_n(&r->next, __ATOMIC_ACQUIRE);
	if (*from > next)
		*from = next;
	while (got < n && *from < next) {
		to[got] = r->e[*from % TRACE_ENTRIES];
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		/* The writer is at most at entry `now`: it may be filling in that place anew. */
		uint64_t now = __atomic_load_n(&r->next, __ATOMIC_ACQUIRE);
		if (now - *from >= TRACE_ENTRIES) {
			*lost += now - TRACE_ENTRIES + 1 - *from;
			*from = now - TRACE_ENTRIES + 1;
			next = now;
			continue;
		}
		++*from;
		got++;
	}
	return got;
}

unsigned trace_last(unsigned core, struct trace_entry *to, unsigned n)
{
	const struct ring *r = core < cpu_count ? rings[core] : NULL;
	uint64_t lost, from = r ? r->next - min_u64(r->next, n) : 0;

	return trace_read(core, &from, to, n, &lost);
}
