/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mullionctl top: cores and VMs, drawn anew each second. */
#include "tools/mullionctl/say.h"
#include "tools/mullionctl/show.h"
#include "tools/mullionctl/verbs.h"

#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define ALTERNATE_SCREEN "\033[?1049h\033[?25l"
#define FORMER_SCREEN    "\033[?25h\033[?1049l"

/* Scalars in one line above a table for each array. */
static void print_snapshot(FILE *out, const cJSON *top)
{
	const cJSON *item;
	bool any = false;

	if (!cJSON_IsObject(top)) {
		show(out, top);
		return;
	}
	cJSON_ArrayForEach(item, top)
	{
		if (cJSON_IsArray(item) || cJSON_IsObject(item))
			continue;
		fprintf(out, "%s%s ", any ? "  " : "", item->string);
		if (cJSON_IsNumber(item))
			fprintf(out, "%.6g", item->valuedouble);
		else
			show_text(out, cJSON_IsString(item) ? item->valuestring : "-");
		any = true;
	}
	if (any)
		fputc('\n', out);
	cJSON_ArrayForEach(item, top)
	{
		if (!item->child)
			continue;
		fputc('\n', out);
		show(out, item);
	}
}

/* What of the text has room on the screen, over what was there before. */
static void draw(const char *text)
{
	struct winsize w = {.ws_row = 24, .ws_col = 80};
	unsigned row = 0;

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &w);
	fputs("\033[H", stdout);
	for (; *text && row + 1 < w.ws_row; row++) {
		size_t n = strcspn(text, "\n");

		printf("%.*s\033[K\r\n", (int)(n < w.ws_col ? n : w.ws_col), text);
		text += n + (text[n] == '\n');
	}
	fputs("\033[J\033[7m q ends \033[0m", stdout);
	fflush(stdout);
}

/* Whether to go on after a second in which a key may be pressed. */
static bool pause_live(void)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	char key = 0;

	if (poll(&p, 1, 1000) > 0 && read(STDIN_FILENO, &key, 1) != 1)
		return false;
	return !interrupted && key != 'q' && key != 'Q' && key != 3;
}

static int snapshot(struct link *l, const struct options *o, bool live)
{
	cJSON *top;
	int status = link_ask(l, "top", &top);

	if (status != EXIT_FINE)
		return status;
	if (o->json)
		return print_result(l, true, top);
	if (live) {
		char *text;
		size_t n;
		FILE *out = open_memstream(&text, &n);

		if (!out)
			abort();
		print_snapshot(out, top);
		fclose(out);
		draw(text);
		free(text);
	} else {
		print_snapshot(stdout, top);
		fflush(stdout);
	}
	cJSON_Delete(top);
	return EXIT_FINE;
}

static int run_live(struct link *l, const struct options *o)
{
	struct termios before, raw;
	char sentence[512] = "";
	int status;

	/* The first one on the usual screen: what goes wrong at once is said there. */
	status = snapshot(l, o, false);
	if (status != EXIT_FINE || tcgetattr(STDIN_FILENO, &before) != 0)
		return status;
	catch_interrupts();
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs(ALTERNATE_SCREEN, stdout);
	say_into(sentence, sizeof(sentence));
	do
		status = snapshot(l, o, true);
	while (status == EXIT_FINE && pause_live());
	say_into(NULL, 0);
	fputs(FORMER_SCREEN, stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	if (sentence[0] && !interrupted)
		say("%s", sentence);
	return interrupted ? EXIT_FINE : status;
}

int top_main(const struct options *o, int argc, char **argv)
{
	bool live = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !o->json;
	unsigned long count = live ? 0 : 1;
	struct link l;
	int option, status;

	optind = 0;
	while ((option = getopt(argc, argv, "n:")) != -1) {
		char *end;

		if (option != 'n')
			return EXIT_UNREACHED;
		count = strtoul(optarg, &end, 10);
		if (!count || *end || *optarg == '-') {
			say("top -n %s: expected how many snapshots, 1 or more.", optarg);
			return EXIT_UNREACHED;
		}
		live = false;
	}
	if (optind < argc) {
		say("top %s: top takes no words, only -n COUNT.", argv[optind]);
		return EXIT_UNREACHED;
	}
	status = link_open(&l, o->where, o->timeout);
	if (status != EXIT_FINE)
		return status;
	if (live)
		status = run_live(&l, o);
	for (unsigned long i = 0; status == EXIT_FINE && !live && i < count; i++) {
		if (i) {
			sleep(1);
			if (!o->json)
				putchar('\n');
		}
		status = snapshot(&l, o, false);
	}
	link_close(&l);
	return status;
}
