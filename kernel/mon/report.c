/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listings as aligned text or as JSON (RFC 8259). */
#include "kernel/mon/report.h"

#include "kernel/print.h"

#define RECORD_WIDTH 16 /* of the names */

struct column {
	struct span key;
	int width; /* below 0: of a text, to the left */
};

static struct column next_column(struct report_level *l)
{
	struct span width = words_cut(&l->left, ' '), key = words_cut(&width, ':');
	bool text = width.len && *width.s == '-';
	uint64_t n;

	(void)words_number((struct span){width.s + text, width.len - text}, 10, &n);
	return (struct column){key, text ? -(int)n : (int)n};
}

static void put_span(struct report *r, struct span s)
{
	r->begun = true;
	r->out(r->ctx, s.s, s.len);
}

static void put(struct report *r, const char *s)
{
	put_span(r, words_span(s));
}

static void put_cell(struct report *r, struct span text, int width)
{
	int n = (int)text.len;

	for (int i = n; i < width; i++)
		put(r, " ");
	put_span(r, text);
	for (int i = n; i < -width; i++)
		put(r, " ");
}

void report_quoted(struct report *r, const char *s)
{
	put(r, "\"");
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		char text[8];

		/* Bytes from 0x80 on as Latin-1, so that it is valid whatever they mean. */
		ksnprintf(text, sizeof(text),
			  c == '"' || c == '\\' ? "\\%c"
			  : c < ' ' || c > '~'  ? "\\u%04x"
						: "%c",
			  c);
		put(r, text);
	}
	put(r, "\"");
}

/* What stands before a value or a part. */
static void put_key(struct report *r, const struct report_level *l, struct span key)
{
	put(r, l->cells ? "," : "");
	if (l->layout == REPORT_TABLE || l->layout == REPORT_RECORD) {
		put(r, "\"");
		put_span(r, key);
		put(r, "\":");
	}
}

static void value(struct report *r, struct report_level *l, struct column c, const char *text)
{
	if (r->json) {
		put_key(r, l, c.key);
		if (c.width > 0)
			put(r, text);
		else
			report_quoted(r, text);
	} else if (l->layout <= REPORT_ARRAYS) {
		put(r, l->cells ? "  " : "");
		put_cell(r, words_span(text), c.width);
	} else {
		if (l->layout == REPORT_RECORD)
			put_cell(r, c.key, -RECORD_WIDTH);
		put(r, text);
		put(r, "\n");
	}
	l->cells++;
}

void report_begin(struct report *r, enum report_layout layout, const char *columns)
{
	struct report_level *l = &r->level[r->depth];

	if (r->depth++) {
		struct span part = next_column(l - 1).key;

		if (r->json) {
			put_key(r, l - 1, part);
		} else {
			put(r, r->begun ? "\n" : "");
			put_span(r, part);
			put(r, ":\n");
		}
		l[-1].cells++;
	}
	*l = (struct report_level){layout, words_span(columns), words_span(columns), 0, 0};
	if (r->json)
		put(r, layout == REPORT_RECORD ? "{" : "[");
	while (!r->json && layout <= REPORT_ARRAYS && l->left.len) {
		struct column c = next_column(l);

		put_cell(r, c.key, c.width);
		put(r, l->left.len ? "  " : "\n");
	}
}

void report_end(struct report *r)
{
	if (r->json)
		put(r, r->level[r->depth - 1].layout == REPORT_RECORD ? "}" : "]");
	r->depth--;
	if (r->json && !r->depth)
		put(r, "\n");
}

void report_row(struct report *r, const char *fmt, ...)
{
	struct report_level *l = &r->level[r->depth - 1];
	bool row = l->layout <= REPORT_ARRAYS;
	char text[512], *s = text, *end;
	va_list ap;

	va_start(ap, fmt);
	(void)kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (row) {
		l->cells = 0;
		l->left = l->columns;
	}
	if (row && r->json) {
		put(r, l->rows ? "," : "");
		put(r, l->layout == REPORT_TABLE ? "{" : "[");
	}
	l->rows++;
	for (bool more = true; more; s = end + 1) {
		struct column c = next_column(l);

		for (end = s; *end && (*end != '\t' || !l->left.len); end++)
			;
		more = *end != '\0';
		*end = '\0';
		value(r, l, c, s);
	}
	if (row)
		put(r, !r->json ? "\n" : l->layout == REPORT_TABLE ? "}" : "]");
}
