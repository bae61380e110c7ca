/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one writer of everything the monitor lists: the same calls give aligned
 * text for people or JSON for programs. Pure; keeps nothing but its place.
 */
#ifndef KERNEL_MON_REPORT_H
#define KERNEL_MON_REPORT_H

#include "kernel/types.h"

enum report_layout {
	REPORT_TABLE,  /* rows under a heading; an array of objects */
	REPORT_ARRAYS, /* likewise; an array of arrays */
	REPORT_LIST,   /* a value a line, without columns; an array of values */
	REPORT_RECORD, /* a line "name value" each; an object. Its parts follow the values */
};

struct report_column {
	const char *key; /* as in JSON; text shows _ as a blank */
	int width;       /* of text; below 0: to the left */
};

#define REPORT_DEPTH 3u

struct report {
	void (*out)(void *ctx, const char *bytes, size_t n);
	void *ctx;
	bool json;

	/* Its own: */
	bool begun; /* something was written */
	unsigned depth;
	struct report_level {
		enum report_layout layout;
		const struct report_column *column;
		unsigned columns, rows, cells; /* rows so far; cells of this one */
	} level[REPORT_DEPTH];
};

/*
 * Begins a listing. Within a record, it is the part of that name; elsewhere,
 * or for text that needs no title, key is NULL.
 */
void report_begin(struct report *r, const char *key, enum report_layout layout,
		  const struct report_column *column, unsigned columns);
void report_end(struct report *r);
/* A row of a table follows: one value for each column. */
void report_row(struct report *r);

void report_number(struct report *r, uint64_t n);
void report_text(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A sentence for people only. */
void report_say(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A string of JSON, quoted. */
void report_quoted(struct report *r, const char *s);

#endif
