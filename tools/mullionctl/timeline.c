/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each core's entries, in order, make slices and instants:
 *
 *   cores  core 0  |--- demo vCPU 0 ---------------|   |- linux vCPU 0 -     from sched entries
 *   demo   vCPU 0  |guest|I/O|guest   |HLT|                                  entry and exit
 *                           ^ inject                                         instants
 *
 * A slice of an exit ends at the next entry of a guest on that core, or when the core
 * goes to another vCPU or idles. Where entries were lost nothing is known: what was open ends
 * there.
 */
#include "tools/mullionctl/timeline.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_CORES 1024u
#define PID_CORES 1u
#define PID_VM(n) (10u + (n))
/* Viewers look threads up by their number alone: no two processes have the same ones. */
#define TID(pid, n) ((pid)*4096u + (n))

enum kind { ENTRY, EXIT, SCHED, INJECT, HYPERCALL, IRQ, KINDS, LOST };

static const char *const kind_names[KINDS] = {"entry",  "exit",      "sched",
					      "inject", "hypercall", "irq"};

struct entry {
	double tsc; /* exact to 2^53 ticks: a month */
	enum kind kind;
	unsigned vm, vcpu;
	double a, b;
};

struct core {
	struct entry *e;
	size_t count, room;
};

/* A slice, or an instant when its end is before its begin. */
struct event {
	unsigned pid, tid;
	double begin, end;
	char name[64];
	const char *key; /* of its argument; NULL: it has none */
	double value;
};

struct timeline {
	cJSON *version;
	double hz, first, last;
	struct core core[MAX_CORES];
	unsigned cores;
	unsigned long entries, lost;
	struct event *events;
	size_t count, room;
};

struct timeline *timeline_new(void)
{
	struct timeline *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	t->hz = 1e9;
	return t;
}

void timeline_free(struct timeline *t)
{
	for (unsigned i = 0; i < MAX_CORES; i++)
		free(t->core[i].e);
	free(t->events);
	cJSON_Delete(t->version);
	free(t);
}

/* Makes room for one more element of a growing array. */
static void *grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 256;
	array = realloc(array, *room * size);
	if (!array)
		abort();
	return array;
}

/* ---- taking in ---- */

static double number(const cJSON *object, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

int timeline_version(struct timeline *t, const cJSON *version)
{
	double hz = number(version, "tsc_hz"), cores = number(version, "cores");

	if (hz <= 0)
		return -1;
	cJSON_Delete(t->version);
	t->version = cJSON_Duplicate(version, true);
	t->hz = hz;
	if (cores > t->cores && cores <= MAX_CORES)
		t->cores = (unsigned)cores;
	return 0;
}

static void add(struct timeline *t, unsigned core, const struct entry *e)
{
	struct core *c = &t->core[core];

	c->e = grow(c->e, c->count, &c->room, sizeof(*e));
	c->e[c->count++] = *e;
	if (core >= t->cores)
		t->cores = core + 1;
	if (e->kind == LOST)
		return;
	if (!t->entries || e->tsc < t->first)
		t->first = e->tsc;
	if (!t->entries || e->tsc > t->last)
		t->last = e->tsc;
	t->entries++;
}

static bool parse(const cJSON *row, struct entry *e)
{
	const char *kind = cJSON_GetStringValue(cJSON_GetArrayItem(row, 1));
	double n[6];

	if (cJSON_GetArraySize(row) != 6 || !kind)
		return false;
	for (int i = 0; i < 6; i++) {
		const cJSON *v = cJSON_GetArrayItem(row, i);

		if (i != 1 && (!cJSON_IsNumber(v) || v->valuedouble < 0))
			return false;
		n[i] = i == 1 ? 0 : v->valuedouble;
	}
	*e = (struct entry){n[0], ENTRY, (unsigned)n[2], (unsigned)n[3], n[4], n[5]};
	while (e->kind < KINDS && strcmp(kind_names[e->kind], kind) != 0)
		e->kind++;
	return e->kind < KINDS && n[2] < 65536 && n[3] < 4096;
}

int timeline_add(struct timeline *t, unsigned core, const cJSON *answer)
{
	const cJSON *rows = cJSON_GetObjectItemCaseSensitive(answer, "entries"), *row;
	double lost = number(answer, "lost");
	struct entry e;
	int count = 0;

	if (!cJSON_IsArray(rows) || core >= MAX_CORES)
		return -1;
	if (lost > 0) {
		e = (struct entry){.kind = LOST, .a = lost};
		add(t, core, &e);
		t->lost += (unsigned long)lost;
	}
	cJSON_ArrayForEach(row, rows)
	{
		if (!parse(row, &e))
			return -1;
		add(t, core, &e);
		count++;
	}
	return count;
}

unsigned long timeline_entries(const struct timeline *t)
{
	return t->entries;
}

unsigned long timeline_lost(const struct timeline *t)
{
	return t->lost;
}

/* ---- names ---- */

static const char *vm_name(const struct timeline *t, unsigned vm, char *room, size_t size)
{
	const cJSON *v;

	cJSON_ArrayForEach(v, cJSON_GetObjectItemCaseSensitive(t->version, "vms"))
	{
		const char *name =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(v, "name"));

		if (name && number(v, "id") == (double)vm)
			return name;
	}
	snprintf(room, size, "VM %u", vm);
	return room;
}

static const char *exit_kind(const struct timeline *t, double kind, char *room, size_t size)
{
	const cJSON *names = cJSON_GetObjectItemCaseSensitive(t->version, "exit_kinds");
	const char *name =
		kind < 1024 ? cJSON_GetStringValue(cJSON_GetArrayItem(names, (int)kind)) : NULL;

	if (name)
		return name;
	snprintf(room, size, "exit %.0f", kind);
	return room;
}

/* What b of an exit is. */
static const char *exit_detail(const char *name)
{
	static const struct {
		const char *name, *detail;
	} details[] = {
		{"I/O", "port"}, {"RDMSR", "MSR"}, {"WRMSR", "MSR"}, {"nested page fault", "GPA"}};

	for (unsigned i = 0; i < sizeof(details) / sizeof(*details); i++)
		if (strcmp(name, details[i].name) == 0)
			return details[i].detail;
	return "detail";
}

/* ---- slices and instants ---- */

static struct event *event(struct timeline *t, unsigned pid, unsigned thread, double begin,
			   double end)
{
	struct event *v;

	t->events = grow(t->events, t->count, &t->room, sizeof(*t->events));
	v = &t->events[t->count++];
	*v = (struct event){.pid = pid, .tid = TID(pid, thread), .begin = begin, .end = end};
	return v;
}

/* What is known of a core while its entries are gone through. */
struct state {
	unsigned core;
	bool runs; /* vm, vcpu are on the core since begin */
	unsigned vm, vcpu;
	double begin;
	const struct entry *last; /* an entry or an exit whose slice is open */
	double now;
};

static void end_run(struct timeline *t, struct state *s, double end)
{
	char room[32];

	if (s->runs)
		snprintf(event(t, PID_CORES, s->core, s->begin, end)->name, sizeof(t->events->name),
			 "%.40s vCPU %u", vm_name(t, s->vm, room, sizeof(room)), s->vcpu);
	s->runs = false;
}

static void end_slice(struct timeline *t, struct state *s, double end)
{
	const struct entry *e = s->last;
	struct event *v;

	s->last = NULL;
	if (!e)
		return;
	v = event(t, PID_VM(e->vm), e->vcpu, e->tsc, end);
	if (e->kind == ENTRY) {
		snprintf(v->name, sizeof(v->name), "guest");
		v->key = e->a > 0 ? "RIP" : NULL;
		v->value = e->a;
	} else {
		char room[32];
		const char *name = exit_kind(t, e->a, room, sizeof(room));

		snprintf(v->name, sizeof(v->name), "%.60s", name);
		v->key = exit_detail(name);
		v->value = e->b;
	}
}

static void switch_to(struct timeline *t, struct state *s, const struct entry *e)
{
	if (s->runs && s->vm == e->vm && s->vcpu == e->vcpu)
		return;
	/* The slice of a guest without its exit: the exit was not traced. */
	if (s->last && s->last->kind == EXIT)
		end_slice(t, s, e->tsc);
	s->last = NULL;
	end_run(t, s, e->tsc);
	s->runs = e->vm != 0;
	s->vm = e->vm;
	s->vcpu = e->vcpu;
	s->begin = e->tsc;
}

static void instant(struct timeline *t, const struct state *s, const struct entry *e)
{
	static const char *const format[] = {
		[INJECT] = "inject 0x%02lx",
		[HYPERCALL] = "hypercall %lu",
		[IRQ] = "irq 0x%02lx",
	};
	static const char *const key[] = {[INJECT] = "type", [HYPERCALL] = "result", [IRQ] = NULL};
	struct event *v =
		event(t, e->vm ? PID_VM(e->vm) : PID_CORES, e->vm ? e->vcpu : s->core, e->tsc, -1);

	snprintf(v->name, sizeof(v->name), format[e->kind], (unsigned long)e->a);
	v->key = key[e->kind];
	v->value = e->b;
}

static void lose(struct timeline *t, struct state *s, const struct entry *e)
{
	struct event *v;

	/* Up to the last entry before the gap all was seen; a slice has no end that is known. */
	s->last = NULL;
	end_run(t, s, s->now);
	v = event(t, PID_CORES, s->core, s->now, -1);
	snprintf(v->name, sizeof(v->name), "lost %.0f entries", e->a);
}

static void take(struct timeline *t, struct state *s, const struct entry *e)
{
	if (e->kind == LOST) {
		lose(t, s, e);
		return;
	}
	/* A core with one vCPU never switches: what it enters is what it runs. */
	if (e->kind == SCHED || (e->vm && e->kind <= EXIT))
		switch_to(t, s, e);
	if (e->kind == ENTRY || e->kind == EXIT) {
		/* Two of a kind in a row: what was between them was not traced. */
		if (s->last && s->last->kind != e->kind)
			end_slice(t, s, e->tsc);
		s->last = e;
	} else if (e->kind != SCHED) {
		instant(t, s, e);
	}
	s->now = e->tsc;
}

static void walk(struct timeline *t, unsigned core)
{
	const struct core *c = &t->core[core];
	struct state s = {.core = core, .now = t->first};

	for (size_t i = 0; i < c->count; i++)
		take(t, &s, &c->e[i]);
	/* A guest that is in goes on; when an exit is done with is not known. */
	if (s.last)
		end_slice(t, &s, s.last->kind == ENTRY ? t->last : s.now);
	end_run(t, &s, t->last);
}

/* By thread, then time; of those that begin together the longest first, instants last. */
static int compare(const void *left, const void *right)
{
	const struct event *a = left, *b = right;

	if (a->tid != b->tid)
		return a->tid < b->tid ? -1 : 1;
	if (a->begin != b->begin)
		return a->begin < b->begin ? -1 : 1;
	return a->end == b->end ? 0 : a->end > b->end ? -1 : 1;
}

/*
 * TSCs of two cores differ by a few ticks, so a vCPU that moved could seem to be
 * on both: its later slice begins with the end of the earlier one.
 */
static void separate(struct timeline *t)
{
	double busy = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct event *v = &t->events[i];

		if (i == 0 || v->tid != v[-1].tid)
			busy = 0;
		if (v->end < 0)
			continue;
		if (v->begin < busy)
			v->begin = busy;
		if (v->end < v->begin)
			v->end = v->begin;
		busy = v->end;
	}
}

/* ---- writing ---- */

struct writer {
	FILE *out;
	bool any;
};

static void put(struct writer *w, cJSON *object)
{
	char *text = cJSON_PrintUnformatted(object);

	if (!text)
		abort();
	fprintf(w->out, "%s\n%s", w->any ? "," : "", text);
	w->any = true;
	cJSON_free(text);
	cJSON_Delete(object);
}

static cJSON *head(const char *phase, const char *name, unsigned pid, unsigned tid)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "ph", phase);
	cJSON_AddStringToObject(o, "name", name);
	cJSON_AddNumberToObject(o, "pid", pid);
	if (tid)
		cJSON_AddNumberToObject(o, "tid", tid);
	return o;
}

/* tid 0: of the process. */
static void put_names(struct writer *w, unsigned pid, unsigned tid, const char *name, unsigned sort)
{
	cJSON *o = head("M", tid ? "thread_name" : "process_name", pid, tid);

	cJSON_AddStringToObject(cJSON_AddObjectToObject(o, "args"), "name", name);
	put(w, o);
	o = head("M", tid ? "thread_sort_index" : "process_sort_index", pid, tid);
	cJSON_AddNumberToObject(cJSON_AddObjectToObject(o, "args"), "sort_index", sort);
	put(w, o);
}

static void put_thread(struct writer *w, const struct timeline *t, const struct event *v,
		       bool new_process)
{
	unsigned n = v->tid - TID(v->pid, 0);
	char name[32];

	if (v->pid == PID_CORES)
		return;
	if (new_process)
		put_names(w, v->pid, 0, vm_name(t, v->pid - PID_VM(0), name, sizeof(name)), v->pid);
	snprintf(name, sizeof(name), "vCPU %u", n);
	put_names(w, v->pid, v->tid, name, n);
}

static void put_event(struct writer *w, const struct timeline *t, const struct event *v)
{
	cJSON *o = head(v->end < 0 ? "i" : "X", v->name, v->pid, v->tid);
	double scale = 1e6 / t->hz, ts = (v->begin - t->first) * scale;

	cJSON_AddNumberToObject(o, "ts", ts);
	if (v->end < 0)
		cJSON_AddStringToObject(o, "s", "t");
	else
		cJSON_AddNumberToObject(o, "dur", (v->end - t->first) * scale - ts);
	if (v->key) {
		char value[32];

		/* 64 bits of a hypercall's result that were all set have become 2^64. */
		snprintf(value, sizeof(value), "0x%llx",
			 v->value < 0x1p64 ? (unsigned long long)v->value : ~0ull);
		cJSON_AddStringToObject(cJSON_AddObjectToObject(o, "args"), v->key, value);
	}
	put(w, o);
}

void timeline_write(struct timeline *t, FILE *out)
{
	struct writer w = {out, false};
	char name[32];

	for (unsigned i = 0; i < t->cores; i++)
		walk(t, i);
	if (t->count)
		qsort(t->events, t->count, sizeof(*t->events), compare);
	separate(t);
	fputs("{\"traceEvents\":[", out);
	put_names(&w, PID_CORES, 0, "cores", 0);
	for (unsigned i = 0; i < t->cores; i++) {
		snprintf(name, sizeof(name), "core %u", i);
		put_names(&w, PID_CORES, TID(PID_CORES, i), name, i);
	}
	for (size_t i = 0; i < t->count; i++) {
		const struct event *v = &t->events[i];

		if (i == 0 || v->tid != v[-1].tid)
			put_thread(&w, t, v, i == 0 || v->pid != v[-1].pid);
		put_event(&w, t, v);
	}
	fputs("\n],\"displayTimeUnit\":\"ns\"}\n", out);
}
