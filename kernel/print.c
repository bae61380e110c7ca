/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formatted printing into a buffer; pure. */
#include "kernel/print.h"

#include "kernel/types.h"

struct out {
	char *buf;
	size_t size; /* of buf, NUL included */
	size_t len;  /* of the whole text, whether it fits or not */
};

/* One conversion. */
struct field {
	bool left, zero, alt, is_long;
	int width, precision; /* precision: of a text, at most so many bytes */
};

static void put(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_many(struct out *o, char c, int n)
{
	while (n-- > 0)
		put(o, c);
}

/* The prefix goes before zeros, and behind blanks. */
static void put_field(struct out *o, const struct field *f, const char *prefix, const char *text,
		      int n)
{
	int pad = f->width - (int)strlen(prefix) - n;

	if (!f->left && !f->zero)
		put_many(o, ' ', pad);
	while (*prefix)
		put(o, *prefix++);
	if (!f->left && f->zero)
		put_many(o, '0', pad);
	for (int i = 0; i < n; i++)
		put(o, text[i]);
	if (f->left)
		put_many(o, ' ', pad);
}

static void put_number(struct out *o, const struct field *f, const char *prefix, uint64_t v,
		       unsigned base)
{
	char digits[20]; /* UINT64_MAX has 20 decimal digits */
	int n = 0;

	do {
		digits[sizeof(digits) - (size_t)++n] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	put_field(o, f, prefix, digits + sizeof(digits) - n, n);
}

/* Flags, width, precision and length; the rest of the format. */
static const char *parse(struct field *f, const char *s, va_list *ap)
{
	static_assert(sizeof(long) == sizeof(long long), "l and ll are the same");

	for (; *s == '-' || *s == '0' || *s == '#'; s++) {
		f->left |= *s == '-';
		f->zero |= *s == '0';
		f->alt |= *s == '#';
	}
	for (; *s >= '0' && *s <= '9'; s++)
		f->width = f->width < 100 ? f->width * 10 + (*s - '0') : f->width;
	if (s[0] == '.' && s[1] == '*') {
		f->precision = va_arg(*ap, int);
		s += 2;
	}
	for (; *s == 'l'; s++)
		f->is_long = true;
	return s;
}

/* Everything after the '%'; returns the rest of the format. */
static const char *conversion(struct out *o, const char *start, va_list *ap)
{
	struct field f = {.precision = INT32_MAX};
	const char *s = parse(&f, start, ap), *text;
	int64_t d;
	uint64_t u;
	int n = 0;
	char c;

	switch (*s) {
	case 'd':
		d = f.is_long ? va_arg(*ap, long long) : va_arg(*ap, int);
		/* Negation in unsigned arithmetic: INT64_MIN has no positive counterpart. */
		put_number(o, &f, d < 0 ? "-" : "", d < 0 ? 0 - (uint64_t)d : (uint64_t)d, 10);
		break;
	case 'u':
	case 'x':
		u = f.is_long ? va_arg(*ap, unsigned long long) : va_arg(*ap, unsigned int);
		put_number(o, &f, f.alt && u && *s == 'x' ? "0x" : "", u, *s == 'x' ? 16 : 10);
		break;
	case 's':
		text = va_arg(*ap, const char *);
		if (!text)
			text = "(null)";
		/* With a precision the text need not be terminated. */
		while (n < f.precision && text[n])
			n++;
		put_field(o, &f, "", text, n);
		break;
	case 'c':
		c = (char)va_arg(*ap, int);
		put_field(o, &f, "", &c, 1);
		break;
	case '%':
		put(o, '%');
		break;
	default: /* not ours: shown as it stands, so that the mistake is seen */
		put(o, '%');
		return start;
	}
	return s + 1;
}

int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = {.buf = buf, .size = size};
	va_list own; /* an array, perhaps: only a copy has an address to pass on */

	va_copy(own, ap);
	while (*fmt) {
		if (*fmt == '%')
			fmt = conversion(&o, fmt + 1, &own);
		else
			put(&o, *fmt++);
	}
	va_end(own);
	if (size)
		buf[o.len < size ? o.len : size - 1] = '\0';
	return (int)o.len;
}

int ksnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = kvsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
