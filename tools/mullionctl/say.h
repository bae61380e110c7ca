/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sentences for the user on standard error. */
#ifndef MULLIONCTL_SAY_H
#define MULLIONCTL_SAY_H

#include <stddef.h>

enum { EXIT_FINE, EXIT_REFUSED, EXIT_UNREACHED };

void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Until it is called with NULL: sentences go there, and progress nowhere. */
void say_into(char *to, size_t size);
/* A line that the next one replaces; nothing where standard error is no terminal. */
void progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
void progress_end(void);

#endif
