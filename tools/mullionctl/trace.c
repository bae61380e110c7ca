/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mullionctl trace: reads the cores' trace rings while they fill, and makes a timeline of them. */
#include "tools/mullionctl/say.h"
#include "tools/mullionctl/timeline.h"
#include "tools/mullionctl/verbs.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_CORES 1024u
/* Beyond any ring: a read from there says where the ring's end is, and gives nothing. */
#define FAR_AWAY "9007199254740991"

static const char trace_usage[] =
	"trace: expected `trace [-d SECONDS] [-k KIND,...] [-o FILE] [--raw FILE]`, "
	"`trace --convert FILE -o FILE`, or the monitor's own `trace start|stop|read`.";

struct trace_options {
	double seconds;
	const char *kinds, *out, *raw, *convert;
};

struct capture {
	struct link link;
	struct timeline *timeline;
	FILE *raw;
	unsigned cores;
	double next[MAX_CORES]; /* number of the entry to be read */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static FILE *create(const char *path)
{
	FILE *f = fopen(path, "w");

	if (!f)
		say("%s: %s; name a file that may be written.", path, strerror(errno));
	return f;
}

static int finish(FILE *f, const char *path)
{
	bool bad = ferror(f);

	if (fclose(f) != 0 || bad) {
		say("%s: %s; what is there is not whole.", path, strerror(errno));
		return EXIT_UNREACHED;
	}
	return EXIT_FINE;
}

static int write_timeline(struct timeline *t, const char *path)
{
	FILE *out = create(path);
	int status;

	if (!out)
		return EXIT_UNREACHED;
	timeline_write(t, out);
	status = finish(out, path);
	if (status != EXIT_FINE)
		return status;
	say("%s: %lu entries%s.", path, timeline_entries(t),
	    timeline_entries(t) ? "; open it in https://ui.perfetto.dev or chrome://tracing"
				: ", as nothing that is traced happened");
	if (timeline_lost(t))
		say("%lu entries were lost, as the rings filled faster than they were read: trace "
		    "fewer kinds with -k.",
		    timeline_lost(t));
	return EXIT_FINE;
}

/* ---- from the machine ---- */

/* Asks, and keeps the answer as it came. */
static int ask(struct capture *c, const char *command, cJSON **result)
{
	int status = link_ask(&c->link, command, result);
	size_t n = c->link.answer ? strcspn(c->link.answer, "\r\n") : 0;

	if (status == EXIT_FINE && c->raw && n)
		fprintf(c->raw, "{\"command\":\"%s\",\"answer\":%.*s}\n", command, (int)n,
			c->link.answer);
	return status;
}

static int bad_answer(const char *command)
{
	say("the answer to `%s` has not the form of protocol 1: use the mullionctl that was "
	    "built with the hypervisor.",
	    command);
	return EXIT_UNREACHED;
}

/* What the timeline needs to know: names, cores, the TSC's frequency. */
static int get_version(struct capture *c)
{
	const cJSON *cores;
	cJSON *version;
	int status = ask(c, "version", &version);

	if (status != EXIT_FINE)
		return status;
	cores = cJSON_GetObjectItemCaseSensitive(version, "cores");
	if (timeline_version(c->timeline, version) != 0 || !cJSON_IsNumber(cores) ||
	    cores->valuedouble < 1 || cores->valuedouble > MAX_CORES)
		status = bad_answer("version");
	else
		c->cores = (unsigned)cores->valuedouble;
	cJSON_Delete(version);
	return status;
}

static double next_of(const cJSON *answer)
{
	const cJSON *next = cJSON_GetObjectItemCaseSensitive(answer, "next");

	return cJSON_IsNumber(next) && next->valuedouble >= 0 ? next->valuedouble : -1;
}

/* What an earlier trace left in the rings is not of this one. */
static int skip_old(struct capture *c)
{
	for (unsigned i = 0; i < c->cores; i++) {
		cJSON *answer;
		int status = link_askf(&c->link, &answer, "trace read %u %s", i, FAR_AWAY);
		double next = next_of(answer);

		cJSON_Delete(answer);
		if (status != EXIT_FINE)
			return status;
		if (next < 0)
			return bad_answer("trace read");
		c->next[i] = next < strtod(FAR_AWAY, NULL) ? next : 0;
	}
	return EXIT_FINE;
}

/* One answer of one core: *count is how many entries it had. */
static int read_some(struct capture *c, unsigned core, int *count)
{
	char command[64];
	cJSON *answer;
	double next;
	int status;

	snprintf(command, sizeof(command), "trace read %u %.0f", core, c->next[core]);
	status = ask(c, command, &answer);
	if (status != EXIT_FINE)
		return status;
	*count = timeline_add(c->timeline, core, answer);
	next = next_of(answer);
	cJSON_Delete(answer);
	if (*count < 0 || next < 0 || (*count && next <= c->next[core]))
		return bad_answer("trace read");
	c->next[core] = next;
	return EXIT_FINE;
}

/* One answer of each core in turn; *any: one had entries. */
static int read_round(struct capture *c, bool *any)
{
	int status = EXIT_FINE, count;

	*any = false;
	for (unsigned i = 0; status == EXIT_FINE && i < c->cores; i++) {
		count = 0;
		status = read_some(c, i, &count);
		*any = *any || count > 0;
	}
	return status;
}

static int run_capture(struct capture *c, const struct trace_options *t)
{
	double began, left;
	bool any = true;
	cJSON *answer;
	int status, stopped;

	status = get_version(c);
	if (status == EXIT_FINE)
		status = skip_old(c);
	if (status != EXIT_FINE)
		return status;
	status = link_askf(&c->link, &answer, "trace start %s", t->kinds);
	cJSON_Delete(answer);
	if (status != EXIT_FINE)
		return status;
	catch_interrupts();
	began = now();
	while (status == EXIT_FINE && !interrupted && (left = began + t->seconds - now()) > 0) {
		const struct timespec moment = {.tv_nsec = 20000000};

		if (!any)
			nanosleep(&moment, NULL);
		progress("tracing, %.1f s to go: %lu entries, %lu lost", left,
			 timeline_entries(c->timeline), timeline_lost(c->timeline));
		status = read_round(c, &any);
	}
	stopped = link_ask(&c->link, "trace stop", &answer);
	cJSON_Delete(answer);
	if (stopped != EXIT_FINE)
		say("the machine goes on tracing: stop it with `trace stop`.");
	for (any = true; status == EXIT_FINE && stopped == EXIT_FINE && any;) {
		progress("reading what is left: %lu entries, %lu lost",
			 timeline_entries(c->timeline), timeline_lost(c->timeline));
		status = read_round(c, &any);
	}
	progress_end();
	return status != EXIT_FINE ? status : stopped;
}

static int capture(const struct options *o, const struct trace_options *t)
{
	struct capture *c = calloc(1, sizeof(*c));
	int status, written;

	if (!c)
		abort();
	c->timeline = timeline_new();
	status = t->raw && !(c->raw = create(t->raw)) ? EXIT_UNREACHED : EXIT_FINE;
	if (status == EXIT_FINE) {
		status = link_open(&c->link, o->where, o->timeout);
		if (status == EXIT_FINE) {
			status = run_capture(c, t);
			link_close(&c->link);
		}
	}
	if (c->raw && finish(c->raw, t->raw) != EXIT_FINE && status == EXIT_FINE)
		status = EXIT_UNREACHED;
	/* Half a trace is better than none. */
	if (t->out && (status == EXIT_FINE || timeline_entries(c->timeline))) {
		written = write_timeline(c->timeline, t->out);
		status = status == EXIT_FINE ? written : status;
	}
	timeline_free(c->timeline);
	free(c);
	return status;
}

/* ---- from a file ---- */

/* One line of --raw; false when it is none. */
static bool take_line(struct timeline *t, const char *line)
{
	cJSON *all = cJSON_Parse(line);
	const char *command =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(all, "command"));
	const cJSON *result = cJSON_GetObjectItemCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(all, "answer"), "result");
	bool fine = false;

	if (command && strcmp(command, "version") == 0)
		fine = timeline_version(t, result) == 0;
	else if (command && strncmp(command, "trace read ", 11) == 0)
		fine = timeline_add(t, (unsigned)strtoul(command + 11, NULL, 10), result) >= 0;
	cJSON_Delete(all);
	return fine;
}

static int convert(const struct trace_options *t)
{
	FILE *in = fopen(t->convert, "r");
	struct timeline *timeline;
	int status = EXIT_FINE;
	char *line = NULL;
	size_t size = 0;

	if (!in) {
		say("%s: %s; expected a file that --raw made.", t->convert, strerror(errno));
		return EXIT_UNREACHED;
	}
	timeline = timeline_new();
	for (unsigned n = 1; status == EXIT_FINE && getline(&line, &size, in) > 0; n++)
		if (!take_line(timeline, line)) {
			say("%s:%u: no answer to `version` or `trace read` in protocol 1; expected "
			    "a file that --raw made.",
			    t->convert, n);
			status = EXIT_UNREACHED;
		}
	free(line);
	fclose(in);
	if (status == EXIT_FINE)
		status = write_timeline(timeline, t->out);
	timeline_free(timeline);
	return status;
}

int trace_main(const struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {{"raw", required_argument, NULL, 'r'},
					      {"convert", required_argument, NULL, 'c'},
					      {0}};
	struct trace_options t = {.seconds = 2, .kinds = "all"};
	int option;

	optind = 0;
	while ((option = getopt_long(argc, argv, "d:k:o:", longs, NULL)) != -1) {
		switch (option) {
		case 'd':
			t.seconds = parse_seconds("-d", optarg);
			if (t.seconds <= 0)
				return EXIT_UNREACHED;
			break;
		case 'k':
			t.kinds = optarg;
			break;
		case 'o':
			t.out = optarg;
			break;
		case 'r':
			t.raw = optarg;
			break;
		case 'c':
			t.convert = optarg;
			break;
		default:
			say("%s", trace_usage);
			return EXIT_UNREACHED;
		}
	}
	if (optind < argc || (!t.out && (t.convert || !t.raw)) || (t.convert && t.raw)) {
		say("%s", trace_usage);
		return EXIT_UNREACHED;
	}
	return t.convert ? convert(&t) : capture(o, &t);
}
