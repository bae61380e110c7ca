/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verbs about the machine and the hypervisor. */
#include "arch/x86/power.h"
#include "kernel/dmesg.h"
#include "kernel/guest.h"
#include "kernel/mon/monitor.h"
#include "kernel/trace.h"

#define DMESG_BYTES   KIB(8) /* of one answer to a program */
#define TRACE_AT_ONCE 64u

/*
 * A core's accounts as of one moment. A guest can make its core account at each
 * exit, so there is an end to trying: 1 s, longer than an emulator leaves a CPU
 * standing in the midst of it. False: what was read may not fit together.
 */
static bool view_core(unsigned core, struct sched_view *view)
{
	uint64_t until = rdtsc() + tsc_hz();

	do {
		if (sched_view(&cpus[core].more->queue, rdtsc(), view))
			return true;
	} while (rdtsc() < until);
	return false;
}

/* ---- top ---- */

/* The counters at the last top. */
struct snapshot {
	uint64_t busy[MAX_CPUS], idle[MAX_CPUS], ran[CONFIG_MAX_VMS], exits[CONFIG_MAX_VMS];
};

/* What was counted since. Less than before: a VM has begun anew, or another core was counting. */
static uint64_t since(uint64_t *last, uint64_t now)
{
	uint64_t n = now > *last ? now - *last : 0;

	*last = now;
	return n;
}

static uint64_t permille(uint64_t part, uint64_t whole)
{
	return part / max_u64(whole / 1000, 1);
}

static void top_vm(struct report *r, struct snapshot *s, unsigned i, const uint64_t *elapsed)
{
	const struct vm_more *m = vms[i]->more;
	uint64_t ran = 0, exits = 0, ticks = 0;

	for (unsigned j = 0; j < m->vcpu_count; j++) {
		const struct vcpu *v = m->vcpu[j];

		ran += v->more->se.viewed;
		ticks = max_u64(ticks, elapsed[v->cpu->id]);
		exits += vcpu_exits(v);
	}
	ran = since(&s->ran[i], ran);
	exits = since(&s->exits[i], exits);
	uint64_t share = permille(ran, ticks);
	report_row(r, "%u\t%s\t%s\t%lu.%lu\t%lu\t%lu", i + 1, vms[i]->name, vm_state_name(vms[i]),
		   share / 10, share % 10, exits,
		   exits * 1000000 / max_u64(tsc_to_ns(ticks) / 1000, 1));
}

int verb_top(struct call *c)
{
	static struct snapshot last[2]; /* people's and programs' */
	static uint64_t elapsed[MAX_CPUS];
	struct snapshot *s = &last[c->remote];

	report_begin(&c->r, REPORT_RECORD, "cores vms interval_ms:1");
	report_begin(&c->r, REPORT_TABLE, "core:4 policy:-9 busy_percent:12");
	for (unsigned i = 0; i < cpu_count; i++) {
		struct sched_view view = {0};

		(void)view_core(i, &view);
		uint64_t busy = since(&s->busy[i], view.busy);
		elapsed[i] = busy + since(&s->idle[i], view.idle);
		uint64_t share = permille(busy, elapsed[i]);
		report_row(&c->r, "%u\t%s\t%lu.%lu", i, cpus[i].more->queue.ops->name, share / 10,
			   share % 10);
	}
	report_end(&c->r);
	report_begin(&c->r, REPORT_TABLE,
		     "id:2 name:-16 state:-9 share_percent:13 exits:12 exits_per_s:11");
	for (unsigned i = 0; i < vm_count; i++)
		top_vm(&c->r, s, i, elapsed);
	report_end(&c->r);
	report_row(&c->r, "%lu", tsc_to_ns(elapsed[0]) / 1000000);
	return 0;
}

/* ---- accounts ---- */

/* Each core's accounts and its vCPUs' as of one moment, exactly. */
int verb_cores(struct call *c)
{
	static struct sched_view view[MAX_CPUS];

	for (unsigned i = 0; i < cpu_count; i++)
		if (!view_core(i, &view[i]))
			return call_fail(c, -EAGAIN, "core %u switches too fast: try again", i);
	report_begin(&c->r, REPORT_RECORD, "cores vcpus");
	report_begin(&c->r, REPORT_TABLE,
		     "core:4 policy:-9 since_tick:18 until_tick:18 busy_ticks:18 idle_ticks:18");
	for (unsigned i = 0; i < cpu_count; i++)
		report_row(&c->r, "%u\t%s\t%lu\t%lu\t%lu\t%lu", i, cpus[i].more->queue.ops->name,
			   view[i].since, view[i].last, view[i].busy, view[i].idle);
	report_end(&c->r);
	report_begin(&c->r, REPORT_TABLE, "core:4 vm:-16 vcpu:4 ran_ticks:18");
	for (unsigned i = 0; i < cpu_count; i++)
		for (struct sched_entity *e = cpus[i].more->queue.list; e; e = e->next) {
			const struct vcpu *v = &container_of(e, struct vcpu_more, se)->vcpu;

			report_row(&c->r, "%u\t%s\t%u\t%lu", i, v->vm->name, v->id, e->viewed);
		}
	return 0;
}

/* ---- log and trace ---- */

int verb_dmesg(struct call *c)
{
	uint64_t at = 0, bytes = 0;
	char line[DMESG_LINE];

	if (c->words > 1 && call_number(c, 1, &at))
		return -EINVAL;
	if (c->r.json)
		report_begin(&c->r, REPORT_RECORD, "lines next:1");
	report_begin(&c->r, REPORT_LIST, "");
	while ((!c->r.json || bytes < DMESG_BYTES) && dmesg_read(&log_ring, &at, line)) {
		report_row(&c->r, "%s", line);
		bytes += strlen(line);
	}
	if (c->r.json) {
		report_end(&c->r);
		report_row(&c->r, "%lu", at);
	}
	return 0;
}

static const char *kind_word(unsigned i)
{
	return i < TRACE_KINDS    ? trace_kind_name((enum trace_kind)i)
	       : i == TRACE_KINDS ? "all"
				  : NULL;
}

static int trace_on(struct call *c, struct span kinds)
{
	uint32_t mask = 0;

	while (kinds.len) {
		int i = call_choose(c, "kind", kind_word, words_cut(&kinds, ','));

		if (i < 0)
			return i;
		mask |= i == TRACE_KINDS ? (1u << TRACE_KINDS) - 1 : 1u << i;
	}
	if (trace_start(mask))
		return call_fail(c, -ENOMEM, "no memory for the rings: destroy a VM first");
	return 0;
}

static int trace_print(struct call *c)
{
	struct trace_entry e[TRACE_AT_ONCE];
	uint64_t core, from, lost;

	if (call_number(c, 2, &core) || call_number(c, 3, &from))
		return -EINVAL;
	if (core >= cpu_count)
		return call_fail(c, -EINVAL, "no core %lu: there are 0 to %u", core, cpu_count - 1);
	unsigned n = trace_read((unsigned)core, &from, e, TRACE_AT_ONCE, &lost);
	report_begin(&c->r, REPORT_RECORD, "next:1 lost:1 entries");
	report_row(&c->r, "%lu\t%lu", from, lost);
	report_begin(&c->r, REPORT_ARRAYS, "tsc:20 kind:-9 vm:2 vcpu:4 a:20 b:20");
	for (unsigned i = 0; i < n; i++)
		report_row(&c->r, "%lu\t%s\t%u\t%u\t%lu\t%lu", e[i].tsc,
			   trace_kind_name((enum trace_kind)e[i].kind), e[i].vm, e[i].vcpu, e[i].a,
			   e[i].b);
	return 0;
}

int verb_trace(struct call *c)
{
	if (words_is(c->word[1], "start") && c->words <= 3)
		return trace_on(c, c->words > 2 ? c->word[2] : words_span("all"));
	if (words_is(c->word[1], "stop") && c->words == 2)
		return trace_start(0);
	if (words_is(c->word[1], "read") && c->words == 4)
		return trace_print(c);
	return call_fail(c, -EINVAL, "usage: trace %s", c->verb->args);
}

/* ---- the machine ---- */

int verb_memory(struct call *c)
{
	report_begin(&c->r, REPORT_RECORD, "free_bytes:1 largest_bytes:1 vms");
	report_row(&c->r, "%lu\t%lu", mem_free_bytes(), mem_largest(PAGE_SIZE));
	report_begin(&c->r, REPORT_TABLE, "id:2 name:-16 memory_mib:10");
	for (unsigned i = 0; i < vm_count; i++)
		report_row(&c->r, "%u\t%s\t%lu", i + 1, vms[i]->name, vms[i]->more->held >> 20);
	return 0;
}

int verb_version(struct call *c)
{
	report_begin(&c->r, REPORT_RECORD,
		     "version:-1 backend:-1 cores:1 tsc_hz:1 protocol:1 exit_kinds vms");
	report_row(&c->r, HV_VERSION "\t%s\t%u\t%lu\t1", vcpu_ops->name, cpu_count, tsc_hz());
	if (c->r.json) { /* what a program needs to read traces */
		report_begin(&c->r, REPORT_LIST, "");
		for (unsigned i = 0; i < EXIT_KIND_COUNT; i++)
			report_row(&c->r, "%s", exit_names[i]);
		report_end(&c->r);
		report_begin(&c->r, REPORT_TABLE, "id:2 name:-1");
		for (unsigned i = 0; i < vm_count; i++)
			report_row(&c->r, "%u\t%s", i + 1, vms[i]->name);
		report_end(&c->r);
	}
	return 0;
}

int verb_power(struct call *c)
{
	if (c->verb->arg)
		power_off();
	power_reset();
}
