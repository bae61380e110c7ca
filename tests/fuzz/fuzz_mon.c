/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as keys and as a request: the line fits and is shown as it is, requests are bounded. */
/* sources: kernel/mon/line.c kernel/mon/request.c kernel/words.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/mon/request.h"

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A terminal's last line. */
static char screen[4096];
static unsigned col;

static void out(void *ctx, const char *bytes, size_t n)
{
	MUST(ctx == screen && n > 0);
	for (size_t i = 0; i < n; i++) {
		char c = bytes[i];

		if (c == '\n')
			memset(screen, 0, sizeof(screen));
		if (c == '\n' || c == '\r') {
			col = 0;
		} else if (c == '\b') {
			MUST(col-- > 0);
		} else {
			MUST(c >= ' ' && c <= '~' && col < sizeof(screen) - 1);
			screen[col++] = c;
		}
	}
}

static const char *word(const char *text, unsigned start, unsigned i)
{
	static const char *const words[] = {"start", "stats", "list",
					    "a name of no less than 31 bytes!"};

	MUST(start <= strlen(text));
	return i < ARRAY_SIZE(words) ? words[i] : NULL;
}

static void type(const uint8_t *data, size_t size)
{
	static struct line l;

	memset(screen, 0, sizeof(screen));
	col = 0;
	l = (struct line){.prompt = "> ", .out = out, .word = word, .ctx = screen};
	line_show(&l);
	for (size_t i = 0; i < size; i++) {
		bool done = line_input(&l, data[i]);

		MUST(l.len < LINE_SIZE && l.at <= l.len && strlen(l.text) == l.len);
		for (unsigned c = 0; c < l.len; c++)
			MUST(l.text[c] >= ' ' && l.text[c] <= '~');
		if (done) {
			line_show(&l);
			MUST(l.len == 0);
		}
		MUST(col == 2 + l.at && !memcmp(screen, "> ", 2) &&
		     !memcmp(screen + 2, l.text, l.len));
		for (const char *c = screen + 2 + l.len; *c; c++)
			MUST(*c == ' ');
	}
}

static void request(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct request q;

	memcpy(text, data, size);
	text[size] = '\0';
	const char *why = request_parse(&q, text);
	free(text);
	MUST(memchr(q.command, 0, sizeof(q.command)));
	MUST(why ? strlen(why) > 0 && strlen(why) < 100 : q.command[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	type(data, size);
	request(data, size);
	return 0;
}
