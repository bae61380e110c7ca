/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is it JSON (RFC 8259)? As strict as a parser would be, and no more. */
#ifndef TESTS_UNIT_JSON_CHECK_H
#define TESTS_UNIT_JSON_CHECK_H

#include <ctype.h>
#include <string.h>

/* What follows a value, or NULL. */
static const char *json_value(const char *s);

static const char *json_string(const char *s)
{
	if (*s++ != '"')
		return NULL;
	for (; *s != '"'; s++) {
		if (*s < ' ' || *s > '~') /* ours is ASCII */
			return NULL;
		if (*s != '\\')
			continue;
		if (*++s == 'u') {
			for (int i = 0; i < 4; i++)
				if (!isxdigit(*++s))
					return NULL;
		} else if (!*s || !strchr("\"\\/bfnrt", *s)) {
			return NULL;
		}
	}
	return s + 1;
}

static const char *json_number(const char *s)
{
	if (!isdigit(*s) || (s[0] == '0' && isdigit(s[1])))
		return NULL;
	while (isdigit(*s))
		s++;
	if (*s == '.' && !isdigit(*++s))
		return NULL;
	while (isdigit(*s))
		s++;
	return s;
}

static const char *json_items(const char *s, char end)
{
	if (*s == end)
		return s + 1;
	for (;;) {
		if (end == '}' && (!(s = json_string(s)) || *s++ != ':'))
			return NULL;
		if (!(s = json_value(s)))
			return NULL;
		if (*s == end)
			return s + 1;
		if (*s++ != ',')
			return NULL;
	}
}

static const char *json_value(const char *s)
{
	static const char *const words[] = {"null", "true", "false"};

	for (unsigned i = 0; i < 3; i++)
		if (!strncmp(s, words[i], strlen(words[i])))
			return s + strlen(words[i]);
	if (*s == '{' || *s == '[')
		return json_items(s + 1, *s == '{' ? '}' : ']');
	return *s == '"' ? json_string(s) : json_number(s);
}

/* One value and a newline. */
static int json_line(const char *s)
{
	s = json_value(s);
	return s && !strcmp(s, "\n");
}

#endif
