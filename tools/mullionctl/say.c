/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sentences and progress on standard error. */
#include "tools/mullionctl/say.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static bool in_progress;
static char *held;
static size_t held_size;

void say_into(char *to, size_t size)
{
	held = to;
	held_size = size;
}

void progress_end(void)
{
	if (in_progress)
		fputs("\r\033[K", stderr);
	in_progress = false;
}

void say(const char *format, ...)
{
	va_list args;

	progress_end();
	va_start(args, format);
	if (held) {
		vsnprintf(held, held_size, format, args);
	} else {
		fputs("mullionctl: ", stderr);
		vfprintf(stderr, format, args);
		fputc('\n', stderr);
	}
	va_end(args);
}

void progress(const char *format, ...)
{
	va_list args;

	if (held || !isatty(STDERR_FILENO))
		return;
	fputs("\r\033[K", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fflush(stderr);
	in_progress = true;
}
