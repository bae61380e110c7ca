/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request at a time; whatever is not its answer is skipped. */
#define _GNU_SOURCE
#include "tools/mullionctl/link.h"
#include "tools/mullionctl/say.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES (4u << 20)

/* To be asked a second time, these could be carried out a second time. */
static const char *const once[] = {"start",   "shutdown", "destroy", "restart",
				   "suspend", "resume",   "reboot",  "poweroff"};

static bool is_verb(const char *command, const char *verb)
{
	size_t n = strlen(verb);

	return strncmp(command, verb, n) == 0 && (!command[n] || command[n] == ' ');
}

static bool may_repeat(const char *command)
{
	for (unsigned i = 0; i < sizeof(once) / sizeof(*once); i++)
		if (is_verb(command, once[i]))
			return false;
	return true;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int link_open(struct link *l, const char *where, double timeout)
{
	*l = (struct link){.where = where, .timeout = timeout};
	/* An answer to another run of this program should not look like one to this run. */
	l->id = ((unsigned)time(NULL) * 1009u + (unsigned)getpid() * 101u) & 0xfffffffu;
	return port_open(&l->port, where) == 0 ? EXIT_FINE : EXIT_UNREACHED;
}

void link_close(struct link *l)
{
	close(l->port.out);
	if (l->port.in != l->port.out)
		close(l->port.in);
	free(l->in);
	free(l->answer);
}

/* ---- text of members ---- */

static const char *skip_string(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

static const char *skip_space(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

const char *raw_member(const char *text, const char *name, size_t *length)
{
	const char *value = NULL, *p = text;
	size_t n = strlen(name);

	for (unsigned depth = 0; *p; p++) {
		if (*p == '"') {
			const char *key = p + 1, *end = skip_string(p);
			const char *colon = skip_space(end);

			if (depth == 1 && !value && *colon == ':' && (size_t)(end - key) == n + 1 &&
			    strncmp(key, name, n) == 0) {
				value = skip_space(colon + 1);
				p = value - 1;
				continue;
			}
			p = end - 1;
		} else if (*p == '{' || *p == '[') {
			depth++;
		} else if (*p == '}' || *p == ']') {
			depth--;
		}
		if (value && ((depth == 1 && *p == ',') || depth == 0)) {
			*length = (size_t)(p - value);
			return value;
		}
		if (depth == 0)
			break;
	}
	return NULL;
}

/* ---- lines ---- */

static bool is_answer(const cJSON *all, unsigned id)
{
	const cJSON *its = cJSON_GetObjectItemCaseSensitive(all, "id");

	/* An echo of the request has the id, too, but says not how it went. */
	return cJSON_IsNumber(its) && its->valuedouble == (double)id &&
	       cJSON_IsBool(cJSON_GetObjectItemCaseSensitive(all, "ok"));
}

/* The answer in a line that may begin with half of another one. */
static cJSON *find_answer(const char *line, unsigned id, const char **text)
{
	for (const char *p = strchr(line, '{'); p; p = strstr(p + 1, "{\"id\"")) {
		cJSON *all = cJSON_Parse(p);

		*text = p;
		if (is_answer(all, id))
			return all;
		cJSON_Delete(all);
	}
	return NULL;
}

static int send_all(const struct link *l, const char *text, size_t n)
{
	while (n) {
		ssize_t done = write(l->port.out, text, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			say("%s: connection ended (%s): the machine was switched off, or its "
			    "launcher ended.",
			    l->where, strerror(errno));
			return EXIT_UNREACHED;
		}
		text += done;
		n -= (size_t)done;
	}
	return EXIT_FINE;
}

static int send_request(const struct link *l, const char *command)
{
	cJSON *request = cJSON_CreateObject();
	char *text, *line;
	int status;

	cJSON_AddNumberToObject(request, "id", l->id);
	cJSON_AddStringToObject(request, "command", command);
	text = cJSON_PrintUnformatted(request);
	/* The end of a line first: another client may have left half a request. */
	if (!text || asprintf(&line, "\n%s\n", text) < 0)
		abort();
	status = send_all(l, line, strlen(line));
	free(line);
	cJSON_free(text);
	cJSON_Delete(request);
	return status;
}

/* Takes in what is there; 0 at the end of the connection. NUL bytes are noise of a line. */
static ssize_t receive(struct link *l)
{
	ssize_t n, kept = 0;

	if (l->used > LINE_MAX_BYTES)
		l->used = 0;
	if (l->size - l->used < 65536) {
		l->size = l->used + 131072;
		l->in = realloc(l->in, l->size);
		if (!l->in)
			abort();
	}
	n = read(l->port.in, l->in + l->used, 65536);
	for (ssize_t i = 0; i < n; i++)
		if (l->in[l->used + (size_t)i])
			l->in[l->used + (size_t)kept++] = l->in[l->used + (size_t)i];
	l->used += (size_t)kept;
	return n;
}

/* Uses the whole lines that are there. */
static cJSON *take_lines(struct link *l)
{
	cJSON *found = NULL;
	char *line = l->in, *end;

	while (!found && (end = memchr(line, '\n', l->used - (size_t)(line - l->in)))) {
		const char *text;

		*end = '\0';
		found = find_answer(line, l->id, &text);
		if (found) {
			free(l->answer);
			l->answer = strdup(text);
		}
		line = end + 1;
	}
	l->used -= (size_t)(line - l->in);
	memmove(l->in, line, l->used);
	return found;
}

/* NULL after the time, or *ended. */
static cJSON *wait_answer(struct link *l, const char *command, bool *ended)
{
	double began = now(), left;
	cJSON *found = NULL;

	while (!found && (left = began + l->timeout - now()) > 0) {
		struct pollfd p = {.fd = l->port.in, .events = POLLIN};
		double step = left < 1 ? left : 1;
		ssize_t n;

		if (now() - began > 1)
			progress("%s: waiting for the answer, %.0f s", command, now() - began);
		if (poll(&p, 1, (int)ceil(step * 1000)) <= 0)
			continue;
		n = receive(l);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		*ended = n <= 0;
		if (*ended)
			break;
		found = take_lines(l);
	}
	progress_end();
	return found;
}

/* ---- requests ---- */

static int no_answer(const struct link *l, const char *command, bool ended)
{
	if (ended && (is_verb(command, "poweroff") || is_verb(command, "reboot"))) {
		say("the connection ended, as it does when the machine goes.");
		return EXIT_FINE;
	}
	if (ended)
		say("%s: connection ended before the answer: the machine was switched off, or "
		    "its launcher ended.",
		    l->where);
	else if (may_repeat(command))
		say("%s: asked twice, no answer in %g s each: see that mullion.conf says "
		    "monitor = com2, end another mullionctl, or wait longer with --timeout.",
		    l->where, l->timeout);
	else
		say("%s: no answer in %g s; `%s` may have been carried out: look with `list` "
		    "before asking again.",
		    l->where, l->timeout, command);
	return EXIT_UNREACHED;
}

int link_ask(struct link *l, const char *command, cJSON **result)
{
	unsigned tries = may_repeat(command) ? 2 : 1;
	bool ended = false;
	cJSON *all = NULL;
	int status = EXIT_FINE;

	*result = NULL;
	free(l->answer);
	l->answer = NULL;
	l->id++;
	while (!all && !ended && tries--) {
		status = send_request(l, command);
		if (status != EXIT_FINE)
			return status;
		all = wait_answer(l, command, &ended);
	}
	if (!all)
		return no_answer(l, command, ended);
	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(all, "ok"))) {
		*result = cJSON_DetachItemFromObjectCaseSensitive(all, "result");
	} else {
		const char *why =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(all, "error"));

		say("%s", why ? why : "the monitor refused, and said not why.");
		status = EXIT_REFUSED;
	}
	cJSON_Delete(all);
	return status;
}

int link_askf(struct link *l, cJSON **result, const char *format, ...)
{
	char *command;
	va_list args;
	int status;

	va_start(args, format);
	if (vasprintf(&command, format, args) < 0)
		abort();
	va_end(args);
	status = link_ask(l, command, result);
	free(command);
	return status;
}
