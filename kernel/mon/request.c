/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flat objects of JSON (RFC 8259): strings, numbers, true, false, null. */
#include "kernel/mon/request.h"

#include "kernel/words.h"

#define SYNTAX "expected one JSON object such as {\"id\":1,\"command\":\"list\"}"

static char peek(const char **s)
{
	while (**s == ' ' || **s == '\t' || **s == '\r')
		++*s;
	return **s;
}

static bool take(const char **s, char c)
{
	bool there = peek(s) == c;

	*s += there;
	return there;
}

/* What follows a backslash; 0: nothing that may. Of \uXXXX, only printable ASCII is told apart. */
static char escape(const char **s)
{
	char c = **s;
	uint64_t v;

	*s += c != '\0';
	if (c == '"' || c == '\\' || c == '/')
		return c;
	if (c == 'b' || c == 'f' || c == 'n' || c == 'r' || c == 't')
		return ' ';
	if (c != 'u' || !words_number((struct span){*s, 4}, 16, &v))
		return '\0';
	*s += 4;
	return (char)(v >= ' ' && v <= '~' ? v : '?');
}

/* A string, or anything else as it stands, into to, cut. False: it is neither, or too long. */
static bool scalar(const char **s, char *to, size_t size, bool *whole)
{
	bool quoted = take(s, '"');
	size_t n = 0;

	for (;; n++) {
		char c = **s;
		bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == 'E' ||
			    c == '+' || c == '-' || c == '.';

		if (quoted ? c == '"' : !word)
			break;
		++*s;
		if (c == '\\')
			c = escape(s);
		if ((unsigned char)c < ' ')
			return false;
		if (n < size - 1)
			to[n] = c;
	}
	*s += quoted;
	*whole = n < size;
	to[min_u64(n, size - 1)] = '\0';
	return quoted || n;
}

/* key : value */
static const char *member(struct request *q, const char **s)
{
	char key[16], text[LINE_SIZE];
	bool whole;

	if (peek(s) != '"' || !scalar(s, key, sizeof(key), &whole) || !take(s, ':'))
		return SYNTAX;
	bool quoted = peek(s) == '"';
	if (!scalar(s, text, sizeof(text), &whole))
		return SYNTAX;
	if (!strcmp(key, "id") && (quoted || !words_number(words_span(text), 10, &q->id)))
		return "\"id\": expected an unsigned integer";
	if (strcmp(key, "command") != 0)
		return NULL;
	memcpy(q->command, text, sizeof(text));
	return quoted && whole ? NULL : "\"command\": expected a string of at most 120 bytes";
}

const char *request_parse(struct request *q, const char *text)
{
	const char *why = NULL;

	*q = (struct request){0};
	if (!take(&text, '{'))
		return SYNTAX;
	if (peek(&text) != '}')
		do
			why = member(q, &text);
		while (!why && take(&text, ','));
	if (!why && (!take(&text, '}') || peek(&text)))
		why = SYNTAX;
	return why || q->command[0] ? why : "no \"command\" is given: \"help\" lists them";
}
