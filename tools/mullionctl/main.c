/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mullionctl: speaks to the monitor of a running machine through its second serial port. */
#include "tools/mullionctl/say.h"
#include "tools/mullionctl/show.h"
#include "tools/mullionctl/verbs.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: mullionctl [-c PORT] [--json] [--timeout SECONDS] VERB [WORD...]\n"
	"\n"
	"  -c PORT    the machine's second serial port, as seen from here:\n"
	"               unix:PATH       a Unix socket, such as `make run` makes\n"
	"               tty:DEVICE      a serial port, 115200 8N1\n"
	"               tcp:HOST:PORT   a terminal server, or an emulator elsewhere\n"
	"               pipe:COMMAND    input and output of a shell command\n"
	"             (otherwise MULLION_MONITOR from the environment, or " PORT_DEFAULT ")\n"
	"  --json     the answer as it is, for programs\n"
	"  --timeout SECONDS   how long to wait for an answer (10); then what changes nothing is\n"
	"             asked a second time\n"
	"\n"
	"Verbs of the monitor; `mullionctl help` asks the machine for its own list:\n"
	"  list, info VM, vcpus [VM], stats VM, learn VM       look at VMs\n"
	"  start VM, shutdown VM, destroy VM, restart VM, suspend VM, resume VM\n"
	"  memory, version, dmesg [FROM]                       look at the machine\n"
	"  trace start [KIND,...], trace stop, trace read CORE FROM\n"
	"  reboot, poweroff                                    end every VM\n"
	"\n"
	"Verbs of this program:\n"
	"  top [-n COUNT]       cores and VMs, each second until q; plain with -n, or when the\n"
	"                       output is no terminal (then once)\n"
	"  trace [-d SECONDS] [-k KIND,...] [-o FILE] [--raw FILE]\n"
	"                       traces (2 s, all kinds) into a timeline for ui.perfetto.dev;\n"
	"                       --raw keeps the answers as they came\n"
	"  trace --convert FILE -o FILE   the timeline of what --raw kept\n"
	"    kinds: entry, exit, sched, inject, hypercall, irq\n"
	"\n"
	"Exit status: 0 done, 1 the monitor refused, 2 not reached, or not understood here.\n";

volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

void catch_interrupts(void)
{
	/* No SA_RESTART: waiting ends at once. */
	const struct sigaction action = {.sa_handler = interrupt};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

double parse_seconds(const char *option, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end != text && !*end && seconds > 0 && seconds <= 1e6)
		return seconds;
	say("%s %s: expected seconds, such as 2.5.", option, text);
	return 0;
}

int print_result(const struct link *l, bool json, cJSON *result)
{
	size_t n = 4;
	const char *text = l->answer ? raw_member(l->answer, "result", &n) : NULL;
	int status = EXIT_FINE;

	if (json)
		printf("%.*s\n", (int)n, text ? text : "null");
	else
		show(stdout, result);
	if (fflush(stdout) != 0) {
		say("the output could not be written.");
		status = EXIT_UNREACHED;
	}
	cJSON_Delete(result);
	return status;
}

/* The whole log from there on, though an answer holds a part only. */
static int dmesg(struct link *l, const char *command)
{
	cJSON *answer;
	int status = link_ask(l, command, &answer);
	double next = -1;

	while (status == EXIT_FINE) {
		const cJSON *lines = cJSON_GetObjectItemCaseSensitive(answer, "lines");
		const cJSON *to = cJSON_GetObjectItemCaseSensitive(answer, "next");

		if (!cJSON_IsArray(lines))
			return print_result(l, false, answer);
		if (lines->child)
			show(stdout, lines);
		/* It must come to an end, whatever the other side says. */
		if (!lines->child || !cJSON_IsNumber(to) || to->valuedouble <= next)
			break;
		next = to->valuedouble;
		cJSON_Delete(answer);
		status = link_askf(l, &answer, "dmesg %.0f", next);
	}
	cJSON_Delete(answer);
	return status;
}

static char *join(int argc, char **argv)
{
	size_t n = 1;
	char *text, *end;

	for (int i = 0; i < argc; i++)
		n += strlen(argv[i]) + 1;
	text = end = malloc(n);
	if (!text)
		abort();
	*end = '\0';
	for (int i = 0; i < argc; i++) {
		end = stpcpy(end, argv[i]);
		if (i + 1 < argc)
			end = stpcpy(end, " ");
	}
	return text;
}

static int pass_on(const struct options *o, int argc, char **argv)
{
	char *command = join(argc, argv);
	cJSON *result;
	struct link l;
	int status = link_open(&l, o->where, o->timeout);

	if (status == EXIT_FINE) {
		if (strcmp(argv[0], "dmesg") == 0 && !o->json) {
			status = dmesg(&l, command);
		} else {
			status = link_ask(&l, command, &result);
			if (status == EXIT_FINE)
				status = print_result(&l, o->json, result);
		}
		link_close(&l);
	}
	free(command);
	return status;
}

/* The monitor's own `trace start`, `stop` and `read` have a word next, ours an option or nothing.
 */
static bool is_our_trace(int argc, char **argv)
{
	return strcmp(argv[0], "trace") == 0 && (argc == 1 || argv[1][0] == '-');
}

/* --json may also stand behind the verb, as in the monitor. */
static int take_json(struct options *o, int argc, char **argv)
{
	int kept = 0;

	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], "--json") == 0)
			o->json = true;
		else
			argv[kept++] = argv[i];
	argv[kept] = NULL;
	return kept;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {{"connect", required_argument, NULL, 'c'},
					      {"json", no_argument, NULL, 'j'},
					      {"timeout", required_argument, NULL, 't'},
					      {"help", no_argument, NULL, 'h'},
					      {0}};
	const char *environment = getenv("MULLION_MONITOR");
	struct options o = {.where = environment && *environment ? environment : PORT_DEFAULT,
			    .timeout = 10};
	int option;

	signal(SIGPIPE, SIG_IGN);
	while ((option = getopt_long(argc, argv, "+c:h", longs, NULL)) != -1) {
		switch (option) {
		case 'c':
			o.where = optarg;
			break;
		case 'j':
			o.json = true;
			break;
		case 't':
			o.timeout = parse_seconds("--timeout", optarg);
			if (o.timeout <= 0)
				return EXIT_UNREACHED;
			break;
		case 'h':
			fputs(usage, stdout);
			return EXIT_FINE;
		default:
			fputs("mullionctl --help lists options and verbs.\n", stderr);
			return EXIT_UNREACHED;
		}
	}
	argv += optind;
	argc = take_json(&o, argc - optind, argv);
	if (argc == 0) {
		fputs(usage, stderr);
		return EXIT_UNREACHED;
	}
	if (strcmp(argv[0], "top") == 0)
		return top_main(&o, argc, argv);
	if (is_our_trace(argc, argv))
		return trace_main(&o, argc, argv);
	return pass_on(&o, argc, argv);
}
