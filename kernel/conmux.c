/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console multiplexer: many consoles on one stream of bytes; pure. */
#include "kernel/conmux.h"

#include "kernel/errno.h"
#include "kernel/print.h"
#include "kernel/string.h"

#define CTRL_A   0x01
#define ESC      '\x1b'
#define TAIL_MAX 512u /* of a line that is shown again */

/* ---- the terminal ---- */

static void flush(struct conmux *m)
{
	if (m->out_len)
		m->emit(m->ctx, m->out, m->out_len);
	m->out_len = 0;
}

static void put(struct conmux *m, char c)
{
	if (m->out_len == sizeof(m->out))
		flush(m);
	m->out[m->out_len++] = c;
	m->at_start = c == '\n';
}

static void put_bytes(struct conmux *m, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(m, s[i]);
}

static void put_str(struct conmux *m, const char *s)
{
	put_bytes(m, s, strlen(s));
}

static void fresh_line(struct conmux *m)
{
	if (!m->at_start)
		put_str(m, "\r\n");
	m->open = NULL;
}

/* ---- what a source has printed ---- */

static void remember(struct conmux_source *s, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		s->ring[s->total++ % CONMUX_BACKLOG] = bytes[i];
}

static char recall(const struct conmux_source *s, uint64_t at)
{
	return s->ring[at % CONMUX_BACKLOG];
}

/* Where the line begins that has no end yet. */
static uint64_t tail_start(const struct conmux_source *s)
{
	uint64_t at = s->total;

	while (at > 0 && s->total - at < TAIL_MAX && recall(s, at - 1) != '\n')
		at--;
	return at;
}

/* Where what is not shown yet begins; *dropped: so many bytes before it are gone. */
static uint64_t unshown_start(const struct conmux_source *s, uint64_t *dropped)
{
	uint64_t at = s->total - min_u64(s->unshown, CONMUX_BACKLOG), line = at;

	*dropped = s->unshown - (s->total - at);
	if (!*dropped)
		return at;
	/* From the next whole line on, unless there is none. */
	while (line < s->total && recall(s, line) != '\n')
		line++;
	if (line + 1 < s->total) {
		*dropped += line + 1 - at;
		at = line + 1;
	}
	return at;
}

/* ---- decorated ---- */

/* Prints what is held back; end: and ends the line. */
static void line_flush(struct conmux *m, struct conmux_source *s, bool end)
{
	/* All of the line was shown already, and others have printed since. */
	if (end && !s->len && s->shown && m->open != s) {
		s->shown = false;
		return;
	}
	if (m->open != s) {
		fresh_line(m);
		put_str(m, s->name);
		put_str(m, "| ");
		m->open = s;
	}
	put_bytes(m, s->line, s->len);
	s->len = 0;
	s->shown = !end;
	if (end)
		fresh_line(m);
}

static void line_add(struct conmux *m, struct conmux_source *s, char c)
{
	if (!s->len)
		s->since = m->now;
	s->line[s->len++] = c;
	if (s->len == CONMUX_LINE)
		line_flush(m, s, false);
}

/* ECMA-48 5.3 to 5.6: true when c belongs to an escape sequence. */
static bool escaped(struct conmux_source *s, char c)
{
	if (c == ESC && s->escape != ESC_STRING) {
		s->escape = ESC_START;
		return true;
	}
	switch (s->escape) {
	case ESC_NONE:
		return false;
	case ESC_START:
		if (c == '[')
			s->escape = ESC_CSI;
		else if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_')
			s->escape = ESC_STRING;
		else if (c < 0x20 || c > 0x2f) /* not an intermediate byte: the last one */
			s->escape = ESC_NONE;
		return true;
	case ESC_CSI:
		if (c >= 0x40)
			s->escape = ESC_NONE;
		return true;
	case ESC_STRING:
		if (c == '\a')
			s->escape = ESC_NONE;
		else if (c == ESC)
			s->escape = ESC_STRING_END;
		return true;
	case ESC_STRING_END: /* ESC \ ends the string; any other ESC begins anew */
		s->escape = c == '\\' ? ESC_NONE : ESC_START;
		return c == '\\' || escaped(s, c);
	}
	return false;
}

/*
 * Bytes from 0x80 on are text only as part of a UTF-8 sequence; alone, or
 * encoded as U+0080 to U+009F, they are control characters to a terminal.
 */
static void text_add(struct conmux *m, struct conmux_source *s, char c)
{
	unsigned char b = (unsigned char)c;
	bool after_c2 = s->utf8_c2;

	s->utf8_c2 = false;
	if (b < 0x80) {
		s->utf8_left = 0;
		if ((b >= ' ' && b != 0x7f) || b == '\t')
			line_add(m, s, c);
	} else if (b < 0xc0) {
		if (after_c2 && b >= 0xa0)
			line_add(m, s, '\xc2');
		if (s->utf8_left || after_c2)
			line_add(m, s, after_c2 && b < 0xa0 ? '?' : c);
		if (s->utf8_left)
			s->utf8_left--;
	} else if (b == 0xc2) {
		s->utf8_left = 0;
		s->utf8_c2 = true;
	} else {
		s->utf8_left = b < 0xc2 || b >= 0xf8 ? 0 : b >= 0xf0 ? 3 : b >= 0xe0 ? 2 : 1;
		line_add(m, s, s->utf8_left ? c : '?');
	}
}

static void decorate(struct conmux *m, struct conmux_source *s, char c)
{
	if (c == '\n') {
		s->cr = false;
		s->escape = ESC_NONE; /* a sequence without an end hides one line at most */
		line_flush(m, s, true);
		return;
	}
	if (c == '\r') {
		s->cr = true;
		return;
	}
	/* Alone, a carriage return begins a new line, so that nothing is lost. */
	if (s->cr && (s->len || s->shown))
		line_flush(m, s, true);
	s->cr = false;
	if (!escaped(s, c))
		text_add(m, s, c);
}

static void decorate_text(struct conmux *m, struct conmux_source *s, const char *text)
{
	while (*text)
		decorate(m, s, *text++);
}

/* Shows in the overview what was printed while another VM had the terminal. */
static void replay(struct conmux *m, struct conmux_source *s)
{
	char note[64];
	uint64_t dropped, at = unshown_start(s, &dropped);

	if (!s->unshown)
		return;
	if (dropped) {
		ksnprintf(note, sizeof(note), "\r(%llu bytes were not kept)\n",
			  (unsigned long long)dropped);
		s->escape = ESC_NONE;
		decorate_text(m, s, note);
	}
	for (; at < s->total; at++)
		decorate(m, s, recall(s, at));
	s->unshown = 0;
}

/* ---- undecorated ---- */

static void raw(struct conmux *m, char c)
{
	bool cr = m->raw_cr;
	unsigned char b = (unsigned char)c;

	m->raw_cr = c == '\r';
	if (c == '\n' && !cr)
		put(m, '\r');
	if (c == ESC)
		m->escapes = true;
	/* SO, SI, ENQ and the like would change the terminal for good. */
	if (b >= ' ' || (c >= '\a' && c <= '\r' && c != '\v' && c != '\f') || c == ESC)
		put(m, c);
}

static void raw_from(struct conmux *m, const struct conmux_source *s, uint64_t at)
{
	m->raw_cr = false;
	for (; at < s->total; at++)
		raw(m, recall(s, at));
}

/* A line between the output of the VM that has the terminal, then its prompt again. */
static void notice(struct conmux *m, const char *text)
{
	struct conmux_source *own = &m->source[0];

	if (m->focus) {
		if (m->escapes)
			put_str(m, "\x1b[0m");
		fresh_line(m);
	}
	decorate_text(m, own, text);
	decorate(m, own, '\n');
	if (m->focus)
		raw_from(m, m->focus, tail_start(m->focus));
}

/* ---- switching ---- */

static void undecorate_reset(struct conmux_source *s)
{
	s->len = 0;
	s->escape = ESC_NONE;
	s->cr = false;
	s->utf8_left = 0;
	s->utf8_c2 = false;
	s->shown = tail_start(s) < s->total;
}

static void leave(struct conmux *m)
{
	if (m->escapes)
		put_str(m, "\x1b[0m");
	m->escapes = false;
	fresh_line(m);
	if (m->focus)
		undecorate_reset(m->focus);
	m->focus = NULL;
}

static void overview(struct conmux *m)
{
	bool had_focus = m->focus;

	leave(m);
	put_str(m, "-- all VMs; Ctrl-a ? lists the keys --\r\n");
	for (unsigned i = 0; had_focus && i < m->count; i++)
		replay(m, &m->source[i]);
}

static void focus(struct conmux *m, struct conmux_source *s)
{
	uint64_t dropped, at = unshown_start(s, &dropped);

	leave(m);
	put_str(m, "-- ");
	put_str(m, s->name);
	put_str(m, ": keyboard is yours; Ctrl-a 0 goes back, Ctrl-a ? lists the keys --\r\n");
	m->focus = s;
	s->unshown = 0;
	raw_from(m, s, min_u64(at, tail_start(s)));
}

static void help(struct conmux *m)
{
	char line[96];

	for (unsigned i = 1; i < m->count && i <= 9; i++) {
		ksnprintf(line, sizeof(line), "Ctrl-a %u  keyboard and terminal to %s", i,
			  m->source[i].name);
		notice(m, line);
	}
	notice(m, "Ctrl-a 0  back to the lines of all VMs");
	notice(m, "Ctrl-a a  sends Ctrl-a itself");
	notice(m, "Ctrl-a l  lists the VMs and their state");
	notice(m, "Ctrl-a x  powers the machine off (asks first)");
	notice(m, "Ctrl-a ?  this list");
}

static void nowhere(struct conmux *m)
{
	if (!m->hinted || m->now - m->last_key >= CONMUX_IDLE_MS)
		notice(m, "no VM has the keyboard: Ctrl-a and a digit give it to one, Ctrl-a ? "
			  "lists the keys");
	m->hinted = true;
	m->last_key = m->now;
}

/* The key after Ctrl-a. */
static struct conmux_action command(struct conmux *m, uint8_t key)
{
	struct conmux_action none = {.kind = CONMUX_NONE};
	char line[64];

	if (key == '0') {
		overview(m);
	} else if (key >= '1' && key <= '9' && key - '0' < (int)m->count) {
		focus(m, &m->source[key - '0']);
	} else if (key >= '1' && key <= '9') {
		ksnprintf(line, sizeof(line), "there is no VM %c; Ctrl-a l lists them", key);
		notice(m, line);
	} else if (key == 'a' || key == CTRL_A) {
		if (m->focus)
			return (struct conmux_action){CONMUX_DELIVER, conmux_focus(m), CTRL_A};
		nowhere(m);
	} else if (key == 'l') {
		return (struct conmux_action){.kind = CONMUX_LIST};
	} else if (key == 'x') {
		m->confirm = true;
		notice(m,
		       "power the machine off and end every VM? y does it, any other key does not");
	} else if (key == '?') {
		help(m);
	} else {
		notice(m, "no such key; Ctrl-a ? lists them");
	}
	return none;
}

/* ---- interface ---- */

void conmux_init(struct conmux *m, void (*emit)(void *ctx, const char *bytes, size_t len),
		 void *ctx)
{
	memset(m, 0, sizeof(*m));
	m->emit = emit;
	m->ctx = ctx;
	m->at_start = true;
	memcpy(m->source[0].name, "mullion", sizeof("mullion"));
	m->count = 1;
}

int conmux_add(struct conmux *m, const char *name)
{
	if (m->count == CONMUX_SOURCES)
		return -ENOSPC;
	ksnprintf(m->source[m->count].name, CONFIG_NAME_MAX, "%s", name);
	return (int)m->count++ - 1;
}

static void output(struct conmux *m, struct conmux_source *s, const char *bytes, size_t len)
{
	remember(s, bytes, len);
	if (m->focus && m->focus != s) {
		s->unshown += len;
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (m->focus)
			raw(m, bytes[i]);
		else
			decorate(m, s, bytes[i]);
	}
}

void conmux_output(struct conmux *m, unsigned vm, const char *bytes, size_t len)
{
	if (vm >= m->count - 1)
		return;
	output(m, &m->source[vm + 1], bytes, len);
	flush(m);
}

void conmux_log(struct conmux *m, const char *line, bool urgent)
{
	if (urgent) {
		notice(m, line);
	} else {
		output(m, &m->source[0], line, strlen(line));
		output(m, &m->source[0], "\n", 1);
	}
	flush(m);
}

struct conmux_action conmux_input(struct conmux *m, uint8_t byte)
{
	struct conmux_action action = {.kind = CONMUX_NONE};

	if (m->confirm) {
		m->confirm = false;
		if (byte == 'y')
			action.kind = CONMUX_POWEROFF;
		else
			notice(m, "the machine stays on");
	} else if (m->prefix) {
		m->prefix = false;
		action = command(m, byte);
	} else if (byte == CTRL_A) {
		m->prefix = true;
	} else if (m->focus) {
		action = (struct conmux_action){CONMUX_DELIVER, conmux_focus(m), byte};
	} else {
		nowhere(m);
	}
	flush(m);
	return action;
}

void conmux_tick(struct conmux *m, uint64_t now_ms)
{
	m->now = now_ms;
	for (unsigned i = 0; !m->focus && i < m->count; i++) {
		struct conmux_source *s = &m->source[i];

		if (s->len && now_ms - s->since >= CONMUX_AGE_MS)
			line_flush(m, s, false);
	}
	flush(m);
}

bool conmux_waiting(const struct conmux *m)
{
	for (unsigned i = 0; !m->focus && i < m->count; i++)
		if (m->source[i].len)
			return true;
	return false;
}

unsigned conmux_focus(const struct conmux *m)
{
	return m->focus ? (unsigned)(m->focus - m->source) - 1 : CONMUX_NO_FOCUS;
}
