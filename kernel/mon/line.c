/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line editor: keys as in readline's emacs mode. */
#include "kernel/mon/line.h"

#include "kernel/string.h"

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

static void delete (struct line *l, unsigned from, unsigned to)
{
	replace(l, from, to, "", 0);
}

static unsigned word_start(const struct line *l)
{
	unsigned i = l->at;

	while (i && l->text[i - 1] == ' ')
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

	put(l, "\n", 1);
	if (l->len && !same)
		memcpy(kept(l, l->lines++), l->text, LINE_SIZE);
	l->shown = l->lines;
	l->open = false;
}

/* ---- completion ---- */

static void complete(struct line *l)
{
	unsigned start = l->at, found = 0, common = 0;
	const char *w, *first = NULL;

	while (start && l->text[start - 1] != ' ')
		start--;
	unsigned len = l->at - start;

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
	static const char keys[][2] = {{'A', CTRL('P')}, {'B', CTRL('N')}, {'C', CTRL('F')},
				       {'D', CTRL('B')}, {'H', CTRL('A')}, {'F', CTRL('E')}};
	static const char numbered[] = {0, CTRL('A'), 0,         CTRL('D'), CTRL('E'),
					0, 0,         CTRL('A'), CTRL('E')};
	uint8_t before = l->escape;

	l->escape = 0;
	if (before == ESC && (c == '[' || c == 'O')) {
		l->escape = c;
		l->number = 0;
	} else if (before != ESC && ((c >= '0' && c <= '9') || c == ';')) {
		l->escape = before;
		l->number = l->number || c == ';' ? UINT8_MAX : (uint8_t)(c - '0');
	} else if (before != ESC && c == '~') {
		return l->number < sizeof(numbered) ? (uint8_t)numbered[l->number] : 0;
	} else if (before != ESC) {
		for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
			if (c == (uint8_t)keys[i][0])
				return (uint8_t)keys[i][1];
	}
	return 0;
}

bool line_input(struct line *l, uint8_t byte)
{
	char c = (char)byte;

	if (!l->open)
		return false;
	if (l->escape && byte != ESC) {
		byte = sequence(l, byte);
		if (!byte)
			return false;
	}
	switch (byte) {
	case '\r':
	case '\n':
		go(l, l->len);
		enter(l);
		return true;
	case ESC:
		l->escape = ESC;
		break;
	case CTRL('A'):
		go(l, 0);
		break;
	case CTRL('E'):
		go(l, l->len);
		break;
	case CTRL('B'):
		go(l, l->at - (l->at > 0));
		break;
	case CTRL('F'):
		go(l, l->at + (l->at < l->len));
		break;
	case '\b':
	case 0x7f:
		delete (l, l->at - (l->at > 0), l->at);
		break;
	case CTRL('D'):
		delete (l, l->at, l->at + (l->at < l->len));
		break;
	case CTRL('K'):
		delete (l, l->at, l->len);
		break;
	case CTRL('U'):
		delete (l, 0, l->at);
		break;
	case CTRL('W'):
		delete (l, word_start(l), l->at);
		break;
	case CTRL('L'):
		line_show(l);
		break;
	case CTRL('P'):
		recall(l, l->shown - 1);
		break;
	case CTRL('N'):
		recall(l, l->shown + 1);
		break;
	case '\t':
		complete(l);
		break;
	default:
		if (byte >= ' ' && byte <= '~' && l->len < LINE_SIZE - 1)
			replace(l, l->at, l->at, &c, 1);
	}
	return false;
}

void line_init(struct line *l, const char *prompt,
	       void (*out)(void *ctx, const char *bytes, size_t n),
	       const char *(*word)(const char *text, unsigned start, unsigned i), void *ctx)
{
	*l = (struct line){.prompt = prompt, .out = out, .word = word, .ctx = ctx};
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
