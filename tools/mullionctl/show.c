/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Aligned tables and lines from JSON that nothing is known of but its shape. */
#include "tools/mullionctl/show.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_COLUMNS 32u
#define BAR_WIDTH   20

void show_text(FILE *out, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		/* C0 and DEL; C1 as UTF-8, which some terminals obey, too. */
		bool c1 = *p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;

		if ((*p < ' ' && *p != '\n' && *p != '\t') || *p == 0x7f || c1)
			fprintf(out, "\\x%02x", c1 ? *++p : *p);
		else
			fputc(*p, out);
	}
}

static void show_number(FILE *out, double n)
{
	if (n == floor(n) && fabs(n) < 1e15)
		fprintf(out, "%.0f", n);
	else
		fprintf(out, "%.6g", n);
}

static void show_bar(FILE *out, double part)
{
	int filled = (int)lround(fmin(fmax(part, 0), 1) * BAR_WIDTH);

	fputc('[', out);
	for (int i = 0; i < BAR_WIDTH; i++)
		fputc(i < filled ? '#' : '.', out);
	fprintf(out, "] %5.1f%%", part * 100);
}

/* What fills a bar when it is `whole`; 0: nothing. */
static double whole(const cJSON *v)
{
	static const struct {
		const char *key;
		double whole;
	} parts[] = {{"share", 1}, {"busy", 1}, {"share_percent", 100}, {"busy_percent", 100}};

	for (unsigned i = 0; v->string && i < sizeof(parts) / sizeof(*parts); i++)
		if (cJSON_IsNumber(v) && strcmp(v->string, parts[i].key) == 0)
			return parts[i].whole;
	return 0;
}

static bool is_nested(const cJSON *v)
{
	return cJSON_IsObject(v) || cJSON_IsArray(v);
}

/* All in one line. */
static void show_inline(FILE *out, const cJSON *v)
{
	if (whole(v) > 0) {
		show_bar(out, v->valuedouble / whole(v));
	} else if (cJSON_IsNumber(v)) {
		show_number(out, v->valuedouble);
	} else if (cJSON_IsString(v)) {
		show_text(out, v->valuestring);
	} else if (cJSON_IsBool(v)) {
		fputs(cJSON_IsTrue(v) ? "yes" : "no", out);
	} else if (is_nested(v)) {
		const cJSON *item;

		cJSON_ArrayForEach(item, v)
		{
			if (item != v->child)
				fputs(cJSON_IsObject(v) ? " " : ",", out);
			if (cJSON_IsObject(v)) {
				show_text(out, item->string);
				fputc('=', out);
			}
			show_inline(out, item);
		}
	} else {
		fputc('-', out);
	}
}

/* ---- tables ---- */

static char *cell_text(const cJSON *v)
{
	char *text;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		abort();
	if (v)
		show_inline(out, v);
	else
		fputc('-', out);
	fclose(out);
	/* A table's row is one line. */
	for (char *p = text; *p; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	return text;
}

/* Columns that it takes: the continuation bytes of UTF-8 take none. */
static int width(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

struct column {
	const char *name; /* NULL: rows are arrays */
	int width;
	bool right; /* numbers only */
};

static unsigned find_columns(const cJSON *rows, struct column *c)
{
	unsigned n = 0;
	const cJSON *row, *item;

	cJSON_ArrayForEach(row, rows)
	{
		unsigned position = 0;

		cJSON_ArrayForEach(item, row)
		{
			unsigned i = 0;

			if (item->string)
				while (i < n &&
				       (!c[i].name || strcmp(c[i].name, item->string) != 0))
					i++;
			else
				i = position++;
			if (i >= n && n < MAX_COLUMNS)
				c[n++] = (struct column){
					item->string, item->string ? width(item->string) : 0, true};
		}
	}
	return n;
}

static const cJSON *cell(const cJSON *row, const struct column *c, unsigned i)
{
	return c->name ? cJSON_GetObjectItemCaseSensitive(row, c->name)
		       : cJSON_GetArrayItem(row, (int)i);
}

static void put_cell(FILE *out, const struct column *c, const char *text, bool last)
{
	int gap = c->width - width(text);

	if (c->right)
		fprintf(out, "%*s", gap, "");
	fputs(text, out);
	if (!last)
		fprintf(out, "%*s", 2 + (c->right ? 0 : gap), "");
}

static void measure(const cJSON *row, struct column *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const cJSON *v = cell(row, &c[i], i);
		char *text = cell_text(v);

		if (width(text) > c[i].width)
			c[i].width = width(text);
		if (v && (!cJSON_IsNumber(v) || whole(v) > 0))
			c[i].right = false;
		free(text);
	}
}

static void show_table(FILE *out, const cJSON *rows, int indent)
{
	struct column c[MAX_COLUMNS];
	unsigned n = find_columns(rows, c);
	const cJSON *row;

	cJSON_ArrayForEach(row, rows)
	{
		measure(row, c, n);
	}
	if (n && c[0].name) {
		fprintf(out, "%*s", indent, "");
		for (unsigned i = 0; i < n; i++)
			put_cell(out, &c[i], c[i].name, i + 1 == n);
		fputc('\n', out);
	}
	cJSON_ArrayForEach(row, rows)
	{
		fprintf(out, "%*s", indent, "");
		for (unsigned i = 0; i < n; i++) {
			char *text = cell_text(cell(row, &c[i], i));

			put_cell(out, &c[i], text, i + 1 == n);
			free(text);
		}
		fputc('\n', out);
	}
}

/* ---- the rest ---- */

static bool all_rows(const cJSON *v)
{
	const cJSON *item;
	int first = v->child ? v->child->type & 0xff : 0;

	cJSON_ArrayForEach(item, v)
	{
		if (!is_nested(item) || (item->type & 0xff) != first)
			return false;
	}
	return cJSON_IsArray(v) && v->child;
}

/* Sentences are not strung together with commas. */
static bool has_lines(const cJSON *v)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, v)
	{
		if (cJSON_IsArray(v) && cJSON_IsString(item) && strchr(item->valuestring, ' '))
			return true;
	}
	return cJSON_IsObject(v) || all_rows(v);
}

static void show_at(FILE *out, const cJSON *v, int indent);

static void show_object(FILE *out, const cJSON *v, int indent)
{
	const cJSON *item;
	int widest = 0;

	cJSON_ArrayForEach(item, v)
	{
		if (!has_lines(item) && width(item->string) > widest)
			widest = width(item->string);
	}
	cJSON_ArrayForEach(item, v)
	{
		fprintf(out, "%*s", indent, "");
		show_text(out, item->string);
		fputc(':', out);
		if (has_lines(item)) {
			fputc('\n', out);
			show_at(out, item, indent + 2);
		} else {
			fprintf(out, "%*s", widest - width(item->string) + 1, "");
			show_inline(out, item);
			fputc('\n', out);
		}
	}
}

static void show_at(FILE *out, const cJSON *v, int indent)
{
	const cJSON *item;

	if (all_rows(v)) {
		show_table(out, v, indent);
	} else if (cJSON_IsObject(v)) {
		show_object(out, v, indent);
	} else if (cJSON_IsArray(v)) {
		cJSON_ArrayForEach(item, v)
		{
			fprintf(out, "%*s", indent, "");
			show_inline(out, item);
			fputc('\n', out);
		}
	} else {
		fprintf(out, "%*s", indent, "");
		show_inline(out, v);
		fputc('\n', out);
	}
}

void show(FILE *out, const cJSON *value)
{
	if (value && !cJSON_IsNull(value))
		show_at(out, value, 0);
}
