/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listings as aligned text or as JSON (RFC 8259). */
#include "kernel/mon/report.h"

#include "kernel/print.h"
#include "kernel/string.h"

#define RECORD_WIDTH 14 /* of the names */

static void put(struct report *r, const char *s)
{
	r->begun = true;
	r->out(r->ctx, s, strlen(s));
}

/* Aligned: to the left when the width is below 0. */
static void put_cell(struct report *r, const char *text, int width)
{
	int n = (int)strlen(text);

	for (int i = n; i < width; i++)
		put(r, " ");
	put(r, text);
	for (int i = n; i < -width; i++)
		put(r, " ");
}

/* With blanks, for people. */
static void put_name(struct report *r, const char *name, int width)
{
	char text[40];

	ksnprintf(text, sizeof(text), "%s", name);
	for (char *c = text; *c; c++)
		*c = *c == '_' ? ' ' : *c;
	put_cell(r, text, width);
}

/* Of a column; blanks at the end of a line are none. */
static int width(const struct report_level *l, unsigned column)
{
	int w = l->column[column].width;

	return w < 0 && column == l->columns - 1 ? 0 : w;
}

void report_quoted(struct report *r, const char *s)
{
	put(r, "\"");
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		char text[8] = {(char)c};

		if (c == '"' || c == '\\')
			ksnprintf(text, sizeof(text), "\\%c", c);
		else if (c < ' ' || c > '~') /* other bytes as Latin-1: always valid */
			ksnprintf(text, sizeof(text), "\\u%04x", c);
		put(r, text);
	}
	put(r, "\"");
}

static struct report_level *top(struct report *r)
{
	return r->depth ? &r->level[r->depth - 1] : NULL;
}

void report_begin(struct report *r, const char *key, enum report_layout layout,
		  const struct report_column *column, unsigned columns)
{
	struct report_level *l = top(r);

	if (r->json && l) {
		put(r, l->cells++ ? "," : "");
		report_quoted(r, key);
		put(r, ":");
	} else if (!r->json && key) {
		put(r, r->begun ? "\n" : "");
		put_name(r, key, 0);
		put(r, ":\n");
	}
	l = &r->level[r->depth++];
	*l = (struct report_level){.layout = layout, .column = column, .columns = columns};
	if (r->json)
		put(r, layout == REPORT_RECORD ? "{" : "[");
	if (r->json || layout >= REPORT_LIST)
		return;
	for (unsigned i = 0; i < columns; i++) {
		put(r, i ? "  " : "");
		put_name(r, column[i].key, width(l, i));
	}
	put(r, "\n");
}

static void row_end(struct report *r, const struct report_level *l)
{
	if (!l->rows)
		return;
	if (!r->json)
		put(r, "\n");
	else if (l->layout <= REPORT_ARRAYS)
		put(r, l->layout == REPORT_TABLE ? "}" : "]");
}

void report_row(struct report *r)
{
	struct report_level *l = top(r);

	row_end(r, l);
	if (r->json) {
		put(r, l->rows ? "," : "");
		put(r, l->layout == REPORT_TABLE ? "{" : "[");
	}
	l->rows++;
	l->cells = 0;
}

void report_end(struct report *r)
{
	struct report_level *l = top(r);

	row_end(r, l);
	if (r->json)
		put(r, l->layout == REPORT_RECORD ? "}" : "]");
	r->depth--;
	if (r->json && !r->depth)
		put(r, "\n");
}

/* What stands before a value, or all of it in text. */
static void value(struct report *r, const char *text, bool quoted)
{
	struct report_level *l = top(r);
	bool keyed = l->layout == REPORT_TABLE || l->layout == REPORT_RECORD;

	if (r->json) {
		put(r, l->cells ? "," : "");
		if (keyed) {
			report_quoted(r, l->column[l->cells].key);
			put(r, ":");
		}
		if (quoted)
			report_quoted(r, text);
		else
			put(r, text);
	} else if (l->layout >= REPORT_LIST) {
		if (keyed)
			put_name(r, l->column[l->cells].key, -RECORD_WIDTH);
		put(r, keyed ? "  " : "");
		put(r, text);
		put(r, "\n");
	} else {
		put(r, l->cells ? "  " : "");
		put_cell(r, text, width(l, l->cells));
	}
	l->cells++;
}

void report_number(struct report *r, uint64_t n)
{
	char text[24];

	ksnprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	value(r, text, false);
}

void report_text(struct report *r, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	(void)kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	value(r, text, true);
}

void report_say(struct report *r, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	if (r->json)
		return;
	va_start(ap, fmt);
	(void)kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put(r, text);
	put(r, "\n");
}
