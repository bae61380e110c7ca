/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formatted printing into a buffer; pure. */
#include "kernel/print.h"

#include "kernel/string.h"
#include "kernel/types.h"

struct out {
	char *buf;
	size_t size; /* of buf, NUL included */
	size_t len;  /* of the whole text, whether it fits or not */
};

/* One conversion specification. */
struct spec {
	bool left, zero, alt, plus, space;
	int width;     /* 0: none */
	int precision; /* -1: none */
	int length;    /* bytes of the integer argument */
};

/* va_list may be an array type: wrapped, so that helpers advance the caller's copy. */
struct args {
	va_list ap;
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

static void put_bytes(struct out *o, const char *s, int n)
{
	for (int i = 0; i < n; i++)
		put(o, s[i]);
}

static void put_text(struct out *o, const struct spec *s, const char *text, int n)
{
	if (!s->left)
		put_many(o, ' ', s->width - n);
	put_bytes(o, text, n);
	if (s->left)
		put_many(o, ' ', s->width - n);
}

static void put_string(struct out *o, const struct spec *s, const char *text)
{
	int n = 0;

	if (!text)
		text = "(null)";
	/* With a precision the text need not be terminated. */
	while ((s->precision < 0 || n < s->precision) && text[n])
		n++;
	put_text(o, s, text, n);
}

/* sign: "", "-", "+", " " or a prefix; it goes before the zeros. */
static void put_number(struct out *o, const struct spec *s, uint64_t v, unsigned base,
		       const char *sign, bool upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char digits[20]; /* UINT64_MAX has 20 decimal digits */
	int n = 0, sign_len = (int)strlen(sign), zeros, pad;

	for (uint64_t rest = v; rest; rest /= base)
		digits[sizeof(digits) - (size_t)++n] = set[rest % base];
	/* C11 7.21.6.1: 0 with precision 0 has no digits; a precision turns off the 0 flag. */
	zeros = (s->precision < 0 ? 1 : s->precision) - n;
	if (s->zero && !s->left && s->precision < 0 && s->width - sign_len - n > zeros)
		zeros = s->width - sign_len - n;
	if (zeros < 0)
		zeros = 0;
	pad = s->width - sign_len - n - zeros;
	if (!s->left)
		put_many(o, ' ', pad);
	put_bytes(o, sign, sign_len);
	put_many(o, '0', zeros);
	put_bytes(o, digits + sizeof(digits) - n, n);
	if (s->left)
		put_many(o, ' ', pad);
}

static void put_signed(struct out *o, const struct spec *s, struct args *a)
{
	const char *sign = s->plus ? "+" : s->space ? " " : "";
	int64_t v;

	if (s->length == 8)
		v = va_arg(a->ap, long long);
	else
		v = va_arg(a->ap, int);
	if (s->length == 1)
		v = (signed char)v;
	else if (s->length == 2)
		v = (short)v;
	/* Negation in unsigned arithmetic: INT64_MIN has no positive counterpart. */
	put_number(o, s, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 10, v < 0 ? "-" : sign, false);
}

static void put_unsigned(struct out *o, const struct spec *s, char conv, struct args *a)
{
	const char *prefix = "";
	uint64_t v;

	if (s->length == 8)
		v = va_arg(a->ap, unsigned long long);
	else
		v = va_arg(a->ap, unsigned int);
	if (s->length == 1)
		v = (unsigned char)v;
	else if (s->length == 2)
		v = (unsigned short)v;
	if (s->alt && v)
		prefix = conv == 'x' ? "0x" : conv == 'X' ? "0X" : "";
	put_number(o, s, v, conv == 'u' ? 10 : 16, prefix, conv == 'X');
}

/* Digits or '*'; stops short of overflow. */
static int parse_int(const char **f, struct args *a)
{
	int v = 0;

	if (**f == '*') {
		++*f;
		return va_arg(a->ap, int);
	}
	for (; **f >= '0' && **f <= '9'; ++*f)
		if (v < 100000)
			v = v * 10 + (**f - '0');
	return v;
}

static void parse_flags(struct spec *s, const char **f)
{
	for (;; ++*f) {
		switch (**f) {
		case '-':
			s->left = true;
			break;
		case '0':
			s->zero = true;
			break;
		case '#':
			s->alt = true;
			break;
		case '+':
			s->plus = true;
			break;
		case ' ':
			s->space = true;
			break;
		default:
			return;
		}
	}
}

static int parse_length(const char **f)
{
	static_assert(sizeof(long) == 8 && sizeof(size_t) == 8 && sizeof(ptrdiff_t) == 8 &&
			      sizeof(intmax_t) == 8,
		      "l, ll, z, j and t are all 64 bits");
	int length = 4;

	if (**f == 'h') {
		length = 2;
		if (*++*f == 'h') {
			length = 1;
			++*f;
		}
		return length;
	}
	while (**f == 'l' || **f == 'z' || **f == 'j' || **f == 't') {
		length = 8;
		++*f;
	}
	return length;
}

/* Everything after the '%'; returns the rest of the format. */
static const char *conversion(struct out *o, const char *f, struct args *a)
{
	const char *start = f;
	struct spec s = {.precision = -1};
	char c;

	parse_flags(&s, &f);
	s.width = parse_int(&f, a);
	if (s.width < 0) { /* a negative '*' is a '-' flag and a width */
		s.left = true;
		s.width = s.width == INT32_MIN ? INT32_MAX : -s.width;
	}
	if (*f == '.') {
		f++;
		s.precision = parse_int(&f, a);
	}
	s.length = parse_length(&f);
	switch (*f) {
	case 'd':
	case 'i':
		put_signed(o, &s, a);
		break;
	case 'u':
	case 'x':
	case 'X':
		put_unsigned(o, &s, *f, a);
		break;
	case 'p':
		put_number(o, &s, (uintptr_t)va_arg(a->ap, void *), 16, "0x", false);
		break;
	case 's':
		put_string(o, &s, va_arg(a->ap, const char *));
		break;
	case 'c':
		c = (char)va_arg(a->ap, int);
		put_text(o, &s, &c, 1);
		break;
	case '%':
		put(o, '%');
		break;
	default: /* not ours: shown as it stands, so that the mistake is seen */
		put(o, '%');
		return start;
	}
	return f + 1;
}

int kvsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = {.buf = buf, .size = size};
	struct args a;

	va_copy(a.ap, ap);
	while (*fmt) {
		if (*fmt == '%')
			fmt = conversion(&o, fmt + 1, &a);
		else
			put(&o, *fmt++);
	}
	va_end(a.ap);
	if (size)
		buf[o.len < size ? o.len : size - 1] = '\0';
	return o.len > INT32_MAX ? INT32_MAX : (int)o.len;
}

int ksnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = kvsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
