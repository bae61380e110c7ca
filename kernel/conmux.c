/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console multiplexer: many consoles on one stream of bytes; pure. */
#include "kernel/conmux.h"

#include "kernel/print.h"

#define CTRL_A 0x01
#define ESC    '\x1b'

/* ---- the terminal ---- */

static void flush(struct conmux *m)
{
	if (m->out_len)
		conmux_emit(m->out, m->out_len);
	m->out_len = 0;
}

static void put(struct conmux *m, char c)
{
	if (m->out_len == sizeof(m->out))
		flush(m);
	m->out[m->out_len++] = c;
	m->at_start = c == '\n';
}

static void put_str(struct conmux *m, const char *s)
{
	while (*s)
		put(m, *s++);
}

bool conmux_monitored(const struct conmux *m)
{
	return m->focus == m->source;
}

static void fresh_line(struct conmux *m)
{
	if (!m->at_start)
		put_str(m, "\r\n");
	m->open = NULL;
}

/* ---- what a source has printed ---- */

static char recall(const struct conmux_source *s, uint64_t at)
{
	return s->ring[at % CONMUX_BACKLOG];
}

static uint64_t oldest(const struct conmux_source *s)
{
	return s->total - min_u64(s->total, CONMUX_BACKLOG);
}

/* Where the line begins that has no end yet, or the last piece of it. */
static uint64_t tail_start(const struct conmux_source *s)
{
	uint64_t at = s->total;

	while (at > 0 && s->total - at < CONMUX_LINE && recall(s, at - 1) != '\n')
		at--;
	return at;
}

/* ---- decorated ---- */

static void line_begin(struct conmux *m, struct conmux_source *s)
{
	if (m->open != s) {
		fresh_line(m);
		put_str(m, s->name);
		put_str(m, "| ");
		m->open = s;
	}
	s->begun = true;
}

static void line_end(struct conmux *m, struct conmux_source *s)
{
	/* Unless all of the line was shown already, and others have printed since. */
	if (m->open == s || !s->begun) {
		line_begin(m, s);
		fresh_line(m);
	}
	s->begun = false;
}

/* ECMA-48 5.3 and 5.4: true when c belongs to an escape sequence. */
static bool escaped(struct conmux_source *s, unsigned char c)
{
	char state = s->escape;

	if (c == ESC || (c == '[' && state == ESC))
		s->escape = (char)c;
	else if (state == '[' ? c >= 0x40 : c < 0x20 || c > 0x2f) /* not an intermediate byte */
		s->escape = 0;
	return state || c == ESC;
}

static void decorate(struct conmux *m, struct conmux_source *s, char c)
{
	bool cr = s->cr;

	s->cr = c == '\r';
	if (s->cr)
		return;
	if (c == '\n') {
		s->escape = 0; /* a sequence without an end hides one line at most */
		line_end(m, s);
		return;
	}
	/* Alone, a carriage return begins a new line, so that nothing is lost. */
	if (cr && s->begun)
		line_end(m, s);
	/* Bytes from 0x80 on may be control characters to a terminal: it gets none. */
	if (escaped(s, (unsigned char)c) || ((unsigned char)c < ' ' && c != '\t') || c == 0x7f)
		return;
	line_begin(m, s);
	put(m, (unsigned char)c < 0x80 ? c : '?');
}

static void decorate_text(struct conmux *m, struct conmux_source *s, const char *text)
{
	while (*text)
		decorate(m, s, *text++);
}

/* Shows in the overview what s has printed up to end. */
static void show(struct conmux *m, struct conmux_source *s, uint64_t end)
{
	char note[64];
	uint64_t from = max_u64(s->shown, oldest(s));

	if (from > s->shown) {
		ksnprintf(note, sizeof(note), "\r(%lu bytes were not kept)\n", from - s->shown);
		s->escape = 0;
		decorate_text(m, s, note);
		s->shown = from;
	}
	for (; s->shown < end; s->shown++)
		decorate(m, s, recall(s, s->shown));
}

/* ---- undecorated ---- */

static void raw(struct conmux *m, char c)
{
	unsigned char b = (unsigned char)c;

	if (c == '\n')
		put(m, '\r'); /* a second one does no harm */
	if (c == ESC)
		m->escapes = true;
	/* SO, SI, ENQ and the like would change the terminal for good. */
	if (b >= ' ' || (c >= '\a' && c <= '\r' && c != '\v' && c != '\f') || c == ESC)
		put(m, c);
}

/* Shows all that s has printed from there on, for the VM that has the terminal. */
static void raw_from(struct conmux *m, struct conmux_source *s, uint64_t at)
{
	for (at = max_u64(at, oldest(s)); at < s->total; at++)
		raw(m, recall(s, at));
	s->shown = s->total;
}

static void plain_line(struct conmux *m)
{
	if (m->escapes)
		put_str(m, "\x1b[0m");
	fresh_line(m);
}

/* A line between the output of the VM that has the terminal, then its prompt again. */
static void notice(struct conmux *m, const char *text)
{
	if (m->focus)
		plain_line(m);
	decorate_text(m, &m->source[0], text);
	decorate(m, &m->source[0], '\n');
	if (m->focus && !conmux_monitored(m))
		raw_from(m, m->focus, tail_start(m->focus));
}

/* ---- switching ---- */

static void leave(struct conmux *m)
{
	struct conmux_source *s = m->focus;

	plain_line(m);
	m->escapes = false;
	m->focus = NULL;
	if (!s)
		return;
	s->escape = 0;
	s->cr = false;
	s->begun = tail_start(s) < s->total;
}

static void overview(struct conmux *m)
{
	leave(m);
	put_str(m, "-- all VMs; Ctrl-a ? lists the keys --\r\n");
	for (unsigned i = 0; i < m->count; i++)
		show(m, &m->source[i], tail_start(&m->source[i]));
}

static void focus(struct conmux *m, struct conmux_source *s)
{
	leave(m);
	m->focus = s;
	put_str(m, "-- ");
	put_str(m, conmux_monitored(m) ? "monitor" : s->name);
	put_str(m, ": keyboard is yours; Ctrl-a 0 goes back, Ctrl-a ? lists the keys --\r\n");
	if (!conmux_monitored(m))
		raw_from(m, s, min_u64(s->shown, tail_start(s)));
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
	notice(m, "Ctrl-a m  the monitor: start and stop VMs, look into them");
	notice(m, "Ctrl-a a  sends Ctrl-a itself");
	notice(m, "Ctrl-a x  powers the machine off (asks first)");
	notice(m, "Ctrl-a ?  this list");
}

/* A key for whoever has the keyboard. */
static struct conmux_action deliver(struct conmux *m, uint8_t byte)
{
	if (conmux_monitored(m))
		return (struct conmux_action){.kind = CONMUX_MONITOR, .byte = byte};
	if (m->focus)
		return (struct conmux_action){CONMUX_DELIVER, (unsigned)(m->focus - m->source) - 1,
					      byte};
	if (byte == '\r' || byte == '\n')
		notice(m, "no VM has the keyboard: Ctrl-a and a digit give it to one, Ctrl-a ? "
			  "lists the keys");
	return (struct conmux_action){.kind = CONMUX_NONE};
}

/* The key after Ctrl-a. */
static struct conmux_action command(struct conmux *m, uint8_t key)
{
	unsigned digit = key - '0';
	char line[64];

	if (key == 'a' || key == CTRL_A)
		return deliver(m, CTRL_A);
	if (key == 'm') {
		focus(m, &m->source[0]);
		return (struct conmux_action){.kind = CONMUX_MONITOR};
	}
	if (digit == 0) {
		overview(m);
	} else if (digit <= 9 && digit < m->count) {
		focus(m, &m->source[digit]);
	} else if (digit <= 9) {
		ksnprintf(line, sizeof(line), "there is no VM %u; Ctrl-a ? lists them", digit);
		notice(m, line);
	} else if (key == 'x') {
		m->pending = key;
		notice(m,
		       "power the machine off and end every VM? y does it, any other key does not");
	} else if (key == '?') {
		help(m);
	} else {
		notice(m, "no such key; Ctrl-a ? lists them");
	}
	return (struct conmux_action){.kind = CONMUX_NONE};
}

/* ---- interface ---- */

void conmux_focus(struct conmux *m, unsigned vm)
{
	if (vm < m->count - 1)
		focus(m, &m->source[vm + 1]);
	flush(m);
}

void conmux_monitor(struct conmux *m, const char *bytes, size_t len)
{
	for (size_t i = 0; conmux_monitored(m) && i < len; i++)
		raw(m, bytes[i]);
	flush(m);
}

void conmux_add(struct conmux *m, const char *name)
{
	m->source[m->count++].name = name;
}

void conmux_init(struct conmux *m)
{
	memset(m, 0, sizeof(*m));
	m->at_start = true;
	conmux_add(m, "mullion");
}

static void output(struct conmux *m, struct conmux_source *s, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		s->ring[s->total++ % CONMUX_BACKLOG] = bytes[i];
	s->since = m->now;
	if (!m->focus)
		show(m, s, tail_start(s));
	else if (m->focus == s && !conmux_monitored(m))
		raw_from(m, s, s->shown);
	flush(m);
}

void conmux_output(struct conmux *m, unsigned vm, const char *bytes, size_t len)
{
	if (vm < m->count - 1)
		output(m, &m->source[vm + 1], bytes, len);
}

void conmux_log(struct conmux *m, const char *line, bool urgent)
{
	if (urgent) {
		notice(m, line);
		flush(m);
	} else {
		output(m, &m->source[0], line, strlen(line));
		output(m, &m->source[0], "\n", 1);
	}
}

struct conmux_action conmux_input(struct conmux *m, uint8_t byte)
{
	struct conmux_action action = {.kind = CONMUX_NONE};
	uint8_t pending = m->pending;

	m->pending = 0;
	if (pending == CTRL_A)
		action = command(m, byte);
	else if (pending && byte == 'y')
		action.kind = CONMUX_POWEROFF;
	else if (pending)
		notice(m, "the machine stays on");
	else if (byte == CTRL_A)
		m->pending = CTRL_A;
	else
		action = deliver(m, byte);
	if (pending && action.kind == CONMUX_NONE && conmux_monitored(m))
		action.kind = CONMUX_MONITOR; /* something was said below its prompt */
	flush(m);
	return action;
}

void conmux_tick(struct conmux *m, uint64_t now_ms)
{
	m->now = now_ms;
	for (unsigned i = 0; !m->focus && i < m->count; i++)
		if (now_ms - m->source[i].since >= CONMUX_AGE_MS)
			show(m, &m->source[i], m->source[i].total);
	flush(m);
}

bool conmux_waiting(const struct conmux *m)
{
	for (unsigned i = 0; !m->focus && i < m->count; i++)
		if (m->source[i].shown < m->source[i].total)
			return true;
	return false;
}
