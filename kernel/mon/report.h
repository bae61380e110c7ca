/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one writer of everything the monitor lists: the same calls give aligned
 * text for people or JSON for programs. Pure; keeps nothing but its place.
 */
#pragma once

#include "kernel/words.h"

enum report_layout {
	REPORT_TABLE,  /* rows under a heading; an array of objects */
	REPORT_ARRAYS, /* likewise; an array of arrays */
	REPORT_LIST,   /* a text a line, without columns; an array of strings */
	REPORT_RECORD, /* a line "name value" each; an object. It may have other listings as parts
			*/
};

#define REPORT_DEPTH 2u

struct report {
	void (*out)(void *ctx, const char *bytes, size_t n);
	void *ctx;
	bool json;

	/* Its own: */
	bool begun; /* something was written */
	unsigned depth;
	struct report_level {
		enum report_layout layout;
		struct span columns, left; /* all; those that are still to come in this row */
		unsigned rows, cells;      /* rows so far; cells of this one */
	} level[REPORT_DEPTH];
};

/*
 * Begins a listing; within a record, it takes a column of it. columns: "id:2 name:-16 vms", by
 * width. It is a number, or with a minus a text, which stands to the left (-1 for the last); a
 * part of a record has none.
 */
void report_begin(struct report *r, enum report_layout layout, const char *columns);
void report_end(struct report *r);
/*
 * A row of a table, the next line of a list, or the next values of a record.
 * A tab divides values; one within the last of a table's row stays.
 */
void report_row(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A string of JSON. */
void report_quoted(struct report *r, const char *s);
