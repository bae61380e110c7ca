/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line that is being typed: editing, history, completion. Pure: bytes of the
 * keyboard in, bytes for the terminal out. Only characters, blanks and
 * backspaces go out, so that the dullest terminal shows them.
 */
#pragma once

#include "kernel/types.h"

#define LINE_SIZE    121u /* with the NUL */
#define LINE_HISTORY 16u

struct line {
	const char *prompt;
	void (*out)(void *ctx, const char *bytes, size_t n);
	/* The ith word that may stand at text[start]; NULL behind the last. */
	const char *(*word)(const char *text, unsigned start, unsigned i);
	void *ctx;

	/* Its own, zero at first; text may be read once line_input() has said true. */
	char text[LINE_SIZE];
	unsigned len, at;                          /* length; where the cursor is */
	bool open;                                 /* prompt and text are on the terminal */
	char history[LINE_HISTORY + 1][LINE_SIZE]; /* the one behind the last: what is typed now */
	unsigned lines, shown;                     /* kept ever; the one that is shown */
	uint8_t escape, number; /* within a sequence: ESC, [ or O; its digit, if only one */
};

/* Shows prompt and text, on a new line: at first, and after something else was printed. */
void line_show(struct line *l);
/* A byte from the keyboard. True: text is complete; line_show() begins the next one. */
bool line_input(struct line *l, uint8_t byte);
