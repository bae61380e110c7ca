/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Listings as aligned text or as JSON (RFC 8259). */
#include "kernel/mon/report.h"

#include "kernel/print.h"

#define RECORD_WIDTH 16 /* of the names */

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
static void key(struct report *r, struct report_level *l)
{
	put(r, l->cells ? "," : "");
	if (l->layout == REPORT_TABLE || l->layout == REPORT_RECORD) {
		report_quoted(r, l->column[l->cells].key);
		put(r, ":");
	}
}

static void value(struct report *r, struct report_level *l, const char *text)
{
	if (r->json) {
		key(r, l);
		if (l->column && l->column[l->cells].width > 0)
			put(r, text);
		else
			report_quoted(r, text);
	} else if (l->layout <= REPORT_ARRAYS) {
		put(r, l->cells ? "  " : "");
		put_cell(r, text, l->column[l->cells].width);
	} else {
		if (l->layout == REPORT_RECORD)
			put_cell(r, l->column[l->cells].key, -RECORD_WIDTH);
		put(r, text);
		put(r, "\n");
	}
	l->cells++;
}

void report_begin(struct report *r, enum report_layout layout, const struct report_column *column,
		  unsigned columns)
{
	struct report_level *l = &r->level[r->depth];

	if (r->depth++) {
		if (r->json) {
			key(r, l - 1);
		} else {
			put(r, r->begun ? "\n" : "");
			put(r, l[-1].column[l[-1].cells].key);
			put(r, ":\n");
		}
		l[-1].cells++;
	}
	*l = (struct report_level){.layout = layout, .column = column, .columns = columns};
	if (r->json)
		put(r, layout == REPORT_RECORD ? "{" : "[");
	for (unsigned i = 0; !r->json && layout <= REPORT_ARRAYS && i < columns; i++) {
		put_cell(r, column[i].key, column[i].width);
		put(r, i + 1 < columns ? "  " : "\n");
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
	if (row)
		l->cells = 0;
	if (row && r->json) {
		put(r, l->rows ? "," : "");
		put(r, l->layout == REPORT_TABLE ? "{" : "[");
	}
	l->rows++;
	for (bool more = true; more; s = end + 1) {
		for (end = s; *end && (*end != '\t' || l->cells + 1 >= l->columns); end++)
			;
		more = *end != '\0';
		*end = '\0';
		value(r, l, s);
	}
	if (row)
		put(r, !r->json ? "\n" : l->layout == REPORT_TABLE ? "}" : "]");
}
