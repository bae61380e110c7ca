/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verbs about VMs. */
#include "kernel/guest.h"
#include "kernel/learn.h"
#include "kernel/mon/monitor.h"

struct cores {
	char s[4 * CONFIG_MAX_VCPUS];
};

/* Of each vCPU: "1,2". */
static struct cores cores(const struct vm_more *m)
{
	struct cores c = {""};
	int n = 0;

	for (unsigned i = 0; i < m->vcpu_count; i++)
		n += ksnprintf(c.s + n, sizeof(c.s) - (size_t)n, i ? ",%u" : "%u",
			       m->vcpu[i]->cpu->id);
	return c;
}

uint64_t vcpu_exits(const struct vcpu *v)
{
	uint64_t sum = 0;

	for (unsigned k = 0; k < EXIT_KIND_COUNT; k++)
		sum += v->exits[k];
	return sum;
}

int verb_list(struct call *c)
{
	report_begin(&c->r, REPORT_TABLE,
		     "id:2 name:-16 state:-9 vcpus:5 cores:-8 memory_mib:10 held_mib:8 starts:6");
	for (unsigned i = 0; i < vm_count; i++) {
		const struct vm_more *m = vms[i]->more;

		report_row(&c->r, "%u\t%s\t%s\t%u\t%s\t%lu\t%lu\t%lu", i + 1, vms[i]->name,
			   vm_state_name(vms[i]), m->vcpu_count, cores(m).s, m->conf->memory >> 20,
			   m->held >> 20, m->starts);
	}
	return 0;
}

int verb_info(struct call *c)
{
	const struct vm_more *m = c->vm->more;
	const struct config_vm *conf = m->conf;
	uint64_t exits = 0, refused = 0;

	for (unsigned i = 0; i < m->vcpu_count; i++)
		exits += vcpu_exits(m->vcpu[i]);
	for (unsigned k = 0; k < REFUSE_KINDS; k++)
		refused += m->refused.count[k];
	report_begin(&c->r, REPORT_RECORD,
		     "id:1 name:-1 type:-1 state:-1 vcpus:1 cores:-1 weight:1 order:1 autostart:-1 "
		     "memory_mib:1 starts:1 uptime_s:1 exits:1 refused:1 kernel:-1 cmdline:-1");
	report_row(&c->r, "%u\t%s\t%s\t%s\t%u\t%s\t%u\t%u\t%s", c->vm->id, c->vm->name,
		   config_type_name[conf->type], vm_state_name(c->vm), m->vcpu_count, cores(m).s,
		   conf->weight, conf->order, conf->autostart ? "yes" : "no");
	report_row(&c->r, "%lu\t%lu\t%lu\t%lu\t%lu\t%s\t%.*s", conf->memory >> 20, m->starts,
		   m->state == VM_OFF ? 0 : vm_now(c->vm) / 1000000000, exits, refused,
		   conf->kernel.path, 300, conf->cmdline);
	return 0;
}

int verb_control(struct call *c)
{
	const char *why = "";
	int err = vm_control(c->vm, (enum vm_verb)c->verb->arg, &why);

	return err ? call_fail(c, err, "%s: %s", c->vm->name, why) : 0;
}

int verb_balloon(struct call *c)
{
	struct vm_more *m = c->vm->more;
	uint64_t mib, all = m->conf->memory >> 20;

	if (call_number(c, 2, &mib))
		return -EINVAL;
	SPIN_HOLD(&m->lock);
	if (!m->conf->balloon || m->state != VM_RUNNING || mib > all)
		return call_fail(c, -EINVAL,
				 "%s has %lu MiB: that or less, if it runs and has balloon = yes",
				 c->vm->name, all);
	virtio_balloon_ask(&m->own_pc.balloon, (uint32_t)((all - mib) << 8));
	return 0;
}

int verb_console(struct call *c)
{
	if (c->remote)
		return call_fail(c, -EINVAL,
				 "only at the hypervisor's console can console be used");
	console_focus(c->vm->id - 1);
	return 0;
}

int verb_resize(struct call *c)
{
	uint64_t columns, rows;

	if (call_number(c, 1, &columns) || call_number(c, 2, &rows))
		return -EINVAL;
	if (columns - 1 >= 1000 || rows - 1 >= 1000)
		return call_fail(c, -EINVAL, "a terminal has 1 to 1000 columns and rows");
	for (unsigned i = 0; i < vm_count; i++)
		vm_resize(vms[i], (uint16_t)columns, (uint16_t)rows);
	return 0;
}

int verb_send(struct call *c)
{
	struct span first = c->word[2], last = c->word[c->words - 1];
	char text[LINE_SIZE];
	int n = ksnprintf(text, sizeof(text), "%.*s\n", (int)(last.s + last.len - first.s),
			  first.s);
	int err = vm_agent_send(c->vm, text, (unsigned)n);

	return err ? call_fail(c, err, "%s: %s", c->vm->name,
			       err == -ENOSPC ? "the agent has not read what was sent before"
					      : "nobody there has opened " VIRTIO_CONSOLE_AGENT)
		   : 0;
}

/* In lines; what is not text is shown as a question mark. */
int verb_receive(struct call *c)
{
	char line[256], byte;
	unsigned n = 0;

	report_begin(&c->r, REPORT_LIST, "");
	/* No more than waits at most: the agent may go on writing. */
	for (unsigned i = 0; i < VM_BYTES && vm_agent_receive(c->vm, &byte, 1); i++) {
		if (byte != '\n')
			line[n++] = byte < ' ' || byte > '~' ? '?' : byte;
		if (byte == '\n' || n == sizeof(line) - 1) {
			report_row(&c->r, "%.*s", (int)n, line);
			n = 0;
		}
	}
	if (n)
		report_row(&c->r, "%.*s", (int)n, line);
	return 0;
}

static const char *state(const struct vcpu_more *m)
{
	uint64_t blocked = __atomic_load_n(&m->blocked, __ATOMIC_RELAXED);

	if (!blocked)
		return m->se.queue->current == &m->se ? "running" : "ready";
	return blocked & BLOCK_OFF     ? "off"
	       : blocked & BLOCK_PAUSE ? "suspended"
	       : blocked & BLOCK_SIPI  ? "not started"
				       : "halted";
}

int verb_vcpus(struct call *c)
{
	report_begin(&c->r, REPORT_TABLE,
		     "vm:-16 vcpu:4 core:4 policy:-9 state:-11 ran_ms:12 exits:12");
	for (unsigned i = 0; i < vm_count; i++)
		for (unsigned j = 0; j < vms[i]->more->vcpu_count; j++) {
			const struct vcpu *v = vms[i]->more->vcpu[j];

			if (c->vm && c->vm != vms[i])
				continue;
			report_row(&c->r, "%s\t%u\t%u\t%s\t%s\t%lu\t%lu", vms[i]->name, j,
				   v->cpu->id, v->cpu->more->queue.ops->name, state(v->more),
				   tsc_to_ns(v->more->se.ran) / 1000000, vcpu_exits(v));
		}
	return 0;
}

/* What was refused, as of one moment. */
static const struct refusals *refusals(struct vm_more *m)
{
	static struct refusals copy;

	SPIN_HOLD(&m->refuse_lock);
	copy = m->refused;
	return &copy;
}

int verb_stats(struct call *c)
{
	struct vm_more *m = c->vm->more;
	const struct refusals *r = refusals(m);

	report_begin(&c->r, REPORT_RECORD, "vm:-1 exits exit_ticks refused");
	report_row(&c->r, "%s", c->vm->name);
	report_begin(&c->r, REPORT_TABLE, "vcpu:4 kind:-22 count:12");
	for (unsigned i = 0; i < m->vcpu_count; i++)
		for (unsigned k = 0; k < EXIT_KIND_COUNT; k++)
			if (m->vcpu[i]->exits[k])
				report_row(&c->r, "%u\t%s\t%lu", i, exit_names[k],
					   m->vcpu[i]->exits[k]);
	report_end(&c->r);
	report_begin(&c->r, REPORT_TABLE, "vcpu:4 from:10 count:12");
	for (unsigned i = 0; i < m->vcpu_count; i++)
		for (unsigned k = 0; k < EXIT_TIME_BUCKETS; k++)
			if (m->vcpu[i]->exit_ticks[k])
				report_row(&c->r, "%u\t%llu\t%lu", i, BIT(k),
					   m->vcpu[i]->exit_ticks[k]);
	report_end(&c->r);
	report_begin(&c->r, REPORT_TABLE, "kind:-15 first:-18 last:-18 count:12");
	for (const struct refuse_range *a = r->range; a < r->range + r->ranges; a++)
		report_row(&c->r, "%s\t0x%lx\t0x%lx\t%lu", refuse_kind_names[a->kind], a->first,
			   a->last, a->count);
	return 0;
}

static void learn_line(void *ctx, const char *text)
{
	report_row(ctx, "%s", text);
}

int verb_learn(struct call *c)
{
	report_begin(&c->r, REPORT_LIST, "");
	if (c->vm->more->conf->learn)
		learn_lines(refusals(c->vm->more), learn_line, &c->r);
	else
		report_row(&c->r,
			   "# nothing is recorded: that needs learn = yes in the VM's section");
	return 0;
}
