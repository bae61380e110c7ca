/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formatted printing into a buffer; pure. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/*
 * As C11 snprintf, always terminated when size > 0, for %d %u %x %s %c %% with
 * flags '-', '0', '#', a width, the precision ".*" of %s, and lengths l and ll.
 * Returns what the whole text would take.
 */
int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));
int ksnprintf(char *buf, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
