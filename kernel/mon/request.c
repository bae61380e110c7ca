/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flat objects of JSON (RFC 8259): strings, numbers, true, false, null. */
#include "kernel/mon/request.h"

#include "kernel/string.h"

#define SYNTAX "expected one JSON object such as {\"id\":1,\"command\":\"list\"}"

struct in {
	const char *s;
	size_t n;
};

static char peek(struct in *in)
{
	while (in->n && (*in->s == ' ' || *in->s == '\t' || *in->s == '\r')) {
		in->s++;
		in->n--;
	}
	return (char)(in->n ? *in->s : '\0');
}

static char next(struct in *in)
{
	char c = (char)(in->n ? *in->s : '\0');

	in->s += in->n > 0;
	in->n -= in->n > 0;
	return c;
}

static bool take(struct in *in, char c)
{
	return peek(in) == c && next(in) == c;
}

/* \uXXXX; what is no printable ASCII becomes a question mark. */
static bool unicode(struct in *in, char *c)
{
	unsigned v = 0;

	for (unsigned i = 0; i < 4; i++) {
		char d = next(in);

		if (d >= '0' && d <= '9')
			v = v << 4 | (unsigned)(d - '0');
		else if ((d | 0x20) >= 'a' && (d | 0x20) <= 'f')
			v = v << 4 | (unsigned)((d | 0x20) - 'a' + 10);
		else
			return false;
	}
	*c = (char)(v >= ' ' && v <= '~' ? v : '?');
	return true;
}

/* Into to, cut to size - 1 bytes; *whole: it was not cut. */
static bool string(struct in *in, char *to, size_t size, bool *whole)
{
	static const char from[] = "\"\\/bfnrt", means[] = "\"\\/     ";
	size_t len = 0;

	if (!take(in, '"'))
		return false;
	while (in->n && *in->s != '"') {
		char c = next(in);
		unsigned i = 0;

		if ((unsigned char)c < ' ')
			return false;
		if (c == '\\') {
			c = next(in);
			while (from[i] && from[i] != c)
				i++;
			if (from[i])
				c = means[i];
			else if (c != 'u' || !unicode(in, &c))
				return false;
		}
		if (len < size - 1)
			to[len] = c;
		len++;
	}
	*whole = len < size;
	to[*whole ? len : size - 1] = '\0';
	return next(in) == '"';
}

/* A number or a word, as it stands. */
static bool scalar(struct in *in, char *to, size_t size)
{
	size_t len = 0;

	(void)peek(in);
	while (in->n) {
		char c = *in->s;
		bool letter = (c >= 'a' && c <= 'z') || c == 'E';

		if (!letter && !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.')
			break;
		if (len < size - 1)
			to[len++] = c;
		(void)next(in);
	}
	to[len] = '\0';
	return len > 0;
}

static bool number(const char *s, uint64_t *n)
{
	*n = 0;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || *n > (UINT64_MAX - 9) / 10)
			return false;
		*n = *n * 10 + (unsigned)(*s - '0');
	}
	return true;
}

/* key : value */
static const char *member(struct request *q, struct in *in)
{
	char key[16], text[LINE_SIZE];
	bool whole, is_string;
	uint64_t id;

	if (!string(in, key, sizeof(key), &whole) || !take(in, ':'))
		return SYNTAX;
	bool is_id = whole && !strcmp(key, "id"), is_command = whole && !strcmp(key, "command");
	is_string = peek(in) == '"';
	if (is_string ? !string(in, text, sizeof(text), &whole) : !scalar(in, text, sizeof(text)))
		return SYNTAX;
	if (is_id) {
		if (is_string || !number(text, &id))
			return "\"id\": expected an unsigned integer";
		q->id = id;
	} else if (is_command) {
		if (!is_string || !whole)
			return "\"command\": expected a string of at most 120 bytes";
		memcpy(q->command, text, sizeof(text));
	}
	return NULL;
}

const char *request_parse(struct request *q, const char *text, size_t n)
{
	struct in in = {text, n};
	const char *why = NULL;

	*q = (struct request){0};
	if (!take(&in, '{'))
		return SYNTAX;
	if (!take(&in, '}')) {
		do
			why = member(q, &in);
		while (!why && take(&in, ','));
		if (why || !take(&in, '}'))
			return why ? why : SYNTAX;
	}
	if (peek(&in) || in.n)
		return SYNTAX;
	return q->command[0] ? NULL : "no \"command\" is given: \"help\" lists them";
}
