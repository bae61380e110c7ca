/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line editor: keys as in readline's emacs mode. */
#include "kernel/mon/line.h"

#define CTRL(c) ((c)&0x1f)
#define ESC     0x1b

static void put(struct line *l, const char *s, unsigned n)
{
	if (n)
		l->out(l->ctx, s, n);
}

static void put_many(struct line *l, char c, unsigned n)
{
	while (n--)
		put(l, &c, 1);
}

/* The cursor of the terminal, too. */
static void go(struct line *l, unsigned to)
{
	if (to < l->at)
		put_many(l, '\b', l->at - to);
	else
		put(l, l->text + l->at, to - l->at);
	l->at = to;
}

/* Puts n bytes in place of those from `from` to `to`, and the cursor behind them. */
static void replace(struct line *l, unsigned from, unsigned to, const char *s, unsigned n)
{
	unsigned old = l->len;

	n = (unsigned)min_u64(n, LINE_SIZE - 1 - (l->len - (to - from)));
	go(l, from);
	memmove(l->text + from + n, l->text + to, l->len - to);
	memcpy(l->text + from, s, n);
	l->len = l->len - (to - from) + n;
	l->text[l->len] = '\0';
	go(l, l->len);
	if (old > l->len) {
		put_many(l, ' ', old - l->len);
		put_many(l, '\b', old - l->len);
	}
	go(l, from + n);
}

/* Of the word before the cursor; blanks: there may be some between. */
static unsigned word_start(const struct line *l, bool blanks)
{
	unsigned i = l->at;

	while (blanks && i && l->text[i - 1] == ' ')
		i--;
	while (i && l->text[i - 1] != ' ')
		i--;
	return i;
}

/* ---- history ---- */

static char *kept(struct line *l, unsigned n)
{
	return l->history[n % (LINE_HISTORY + 1)];
}

static void recall(struct line *l, unsigned n)
{
	if (n > l->lines || l->lines - n > LINE_HISTORY)
		return; /* also for n - 1 of 0, and behind what is typed now */
	memcpy(kept(l, l->shown), l->text, LINE_SIZE);
	l->shown = n;
	replace(l, 0, l->len, kept(l, n), (unsigned)strlen(kept(l, n)));
}

static void enter(struct line *l)
{
	bool same = l->lines && !strcmp(kept(l, l->lines - 1), l->text);

	go(l, l->len);
	put(l, "\n", 1);
	if (l->len && !same)
		memcpy(kept(l, l->lines++), l->text, LINE_SIZE);
	l->shown = l->lines;
	l->open = false;
}

/* ---- completion ---- */

static void complete(struct line *l)
{
	unsigned start = word_start(l, false), len = l->at - start, found = 0, common = 0;
	const char *w, *first = NULL;

	for (unsigned i = 0; (w = l->word(l->text, start, i)); i++) {
		unsigned n = 0;

		if (strncmp(w, l->text + start, len) != 0)
			continue;
		if (!found++) {
			first = w;
			common = (unsigned)strlen(w);
		}
		while (n < common && w[n] == first[n])
			n++;
		common = n;
	}
	if (!found)
		return;
	replace(l, l->at, l->at, first + len, common - len);
	if (found == 1)
		replace(l, l->at, l->at, " ", 1);
	if (found == 1 || common > len)
		return;
	put(l, "\n", 1);
	for (unsigned i = 0; (w = l->word(l->text, start, i)); i++)
		if (!strncmp(w, l->text + start, len)) {
			put(l, w, (unsigned)strlen(w));
			put(l, "  ", 2);
		}
	put(l, "\n", 1);
	line_show(l);
}

/* ---- keys ---- */

/* Sequences of VT100, xterm, linux, rxvt and screen become the control keys that do the same. */
static uint8_t sequence(struct line *l, uint8_t c)
{
	static const uint8_t lettered[] = {['A'] = CTRL('P'), ['B'] = CTRL('N'), ['C'] = CTRL('F'),
					   ['D'] = CTRL('B'), ['F'] = CTRL('E'), ['H'] = CTRL('A')};
	static const uint8_t numbered[] = {['1'] = CTRL('A'),
					   ['3'] = CTRL('D'),
					   ['4'] = CTRL('E'),
					   ['7'] = CTRL('A'),
					   ['8'] = CTRL('E')};
	uint8_t before = l->escape, number = l->number;

	l->escape = l->number = 0;
	if (before == ESC) {
		l->escape = c == '[' || c == 'O' ? c : 0;
	} else if ((c >= '0' && c <= '9') || c == ';') {
		l->escape = before;
		l->number = number ? UINT8_MAX : c;
	} else if (c == '~') {
		return number < sizeof(numbered) ? numbered[number] : 0;
	} else if (!number && c < sizeof(lettered)) {
		return lettered[c];
	}
	return 0;
}

static void key(struct line *l, uint8_t byte)
{
	unsigned left = l->at - (l->at > 0), right = l->at + (l->at < l->len);
	char c = (char)byte;

	if (byte == CTRL('A'))
		go(l, 0);
	else if (byte == CTRL('E'))
		go(l, l->len);
	else if (byte == CTRL('B'))
		go(l, left);
	else if (byte == CTRL('F'))
		go(l, right);
	else if (byte == '\b' || byte == 0x7f)
		replace(l, left, l->at, "", 0);
	else if (byte == CTRL('D'))
		replace(l, l->at, right, "", 0);
	else if (byte == CTRL('K'))
		replace(l, l->at, l->len, "", 0);
	else if (byte == CTRL('U'))
		replace(l, 0, l->at, "", 0);
	else if (byte == CTRL('W'))
		replace(l, word_start(l, true), l->at, "", 0);
	else if (byte == CTRL('L'))
		line_show(l);
	else if (byte == CTRL('P'))
		recall(l, l->shown - 1);
	else if (byte == CTRL('N'))
		recall(l, l->shown + 1);
	else if (byte == '\t')
		complete(l);
	else if (byte >= ' ' && byte <= '~')
		replace(l, l->at, l->at, &c, 1);
}

bool line_input(struct line *l, uint8_t byte)
{
	if (!l->open)
		return false;
	if (byte == ESC)
		l->escape = ESC;
	else if (l->escape)
		key(l, sequence(l, byte));
	else if (byte == '\r' || byte == '\n')
		enter(l);
	else
		key(l, byte);
	return !l->open;
}

void line_show(struct line *l)
{
	unsigned at = l->at;

	if (!l->open) {
		l->len = l->at = at = 0;
		l->text[0] = '\0';
		l->open = true;
	}
	put(l, "\r", 1);
	put(l, l->prompt, (unsigned)strlen(l->prompt));
	l->at = 0;
	go(l, l->len);
	go(l, at);
}
