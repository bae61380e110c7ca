/* SPDX-License-Identifier: MIT */
/* Formatted text to the console. */
#include "guests/rt/rt.h"
#include <stdarg.h>

struct out {
	char buf[256];
	size_t n;
};

void print_bytes(const char *p, size_t n)
{
	while (n) {
		int64_t taken = hcall(MULLION_CONSOLE_WRITE, gpa_of(p), n, 0, 0, 0);

		if (taken < 0)
			return;
		if (taken == 0)
			hcall(MULLION_YIELD, 0, 0, 0, 0, 0);
		p += taken;
		n -= (size_t)taken;
	}
}

static void put(struct out *o, char c)
{
	if (o->n == sizeof(o->buf)) {
		print_bytes(o->buf, o->n);
		o->n = 0;
	}
	o->buf[o->n++] = c;
}

static void put_field(struct out *o, const char *s, size_t n, unsigned width, bool left)
{
	for (size_t i = n; !left && i < width; i++)
		put(o, ' ');
	for (size_t i = 0; i < n; i++)
		put(o, s[i]);
	for (size_t i = n; left && i < width; i++)
		put(o, ' ');
}

static void put_number(struct out *o, uint64_t v, unsigned base, bool minus, unsigned width,
		       bool left, bool zero)
{
	char text[32];
	size_t at = sizeof(text);

	if (width > 24)
		width = 24;
	do
		text[--at] = "0123456789abcdef"[v % base];
	while (v /= base);
	while (zero && !left && sizeof(text) - at + minus < width)
		text[--at] = '0';
	if (minus)
		text[--at] = '-';
	put_field(o, text + at, sizeof(text) - at, width, left);
}

static uint64_t number_arg(va_list *ap, unsigned longs, bool sign)
{
	if (longs)
		return va_arg(*ap, uint64_t);
	return sign ? (uint64_t)(int64_t)va_arg(*ap, int) : va_arg(*ap, unsigned);
}

void print(const char *fmt, ...)
{
	struct out o = {.n = 0};
	va_list ap;

	va_start(ap, fmt);
	for (; *fmt; fmt++) {
		bool left = false, zero = false;
		unsigned width = 0, longs = 0;
		const char *s;
		uint64_t v;
		char c;

		if (*fmt != '%') {
			put(&o, *fmt);
			continue;
		}
		for (fmt++; *fmt == '-' || *fmt == '0'; fmt++)
			*fmt == '-' ? (left = true) : (zero = true);
		for (; *fmt >= '0' && *fmt <= '9'; fmt++)
			width = width * 10 + (unsigned)(*fmt - '0');
		for (; *fmt == 'l'; fmt++)
			longs++;
		switch (*fmt) {
		case 's':
			s = va_arg(ap, const char *);
			put_field(&o, s, strlen(s), width, left);
			break;
		case 'c':
			c = (char)va_arg(ap, int);
			put_field(&o, &c, 1, width, left);
			break;
		case 'd':
			v = number_arg(&ap, longs, true);
			put_number(&o, (int64_t)v < 0 ? -v : v, 10, (int64_t)v < 0, width, left,
				   zero);
			break;
		case 'u':
			put_number(&o, number_arg(&ap, longs, false), 10, false, width, left, zero);
			break;
		case 'x':
			put_number(&o, number_arg(&ap, longs, false), 16, false, width, left, zero);
			break;
		case '%':
			put(&o, '%');
			break;
		default:
			va_end(ap);
			return;
		}
	}
	va_end(ap);
	print_bytes(o.buf, o.n);
}
