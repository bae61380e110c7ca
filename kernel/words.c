/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nearest right word: one letter too many, too few, wrong, or two swapped; also "mem". */
#include "kernel/words.h"

unsigned words_unlike(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t shorter = min_u64(a_len, b_len), longer = max_u64(a_len, b_len);
	size_t head = 0, tail = 0;

	/* What they have in common at their beginnings and ends. */
	while (head < shorter && a[head] == b[head])
		head++;
	while (head + tail < shorter && a[a_len - 1 - tail] == b[b_len - 1 - tail])
		tail++;
	size_t unlike = longer - head - tail;
	return unlike <= longer / 2 ? (unsigned)unlike : WORDS_UNLIKE;
}

int words_find(words_fn list, const char *word, const char **nearest)
{
	unsigned least = WORDS_UNLIKE;

	*nearest = NULL;
	for (unsigned i = 0; list(i); i++) {
		unsigned unlike = words_unlike(word, strlen(word), list(i), strlen(list(i)));

		if (!unlike)
			return (int)i;
		if (unlike < least) {
			least = unlike;
			*nearest = list(i);
		}
	}
	return -1;
}

bool words_number(const char *s, size_t len, unsigned base, uint64_t *n)
{
	*n = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned c = (unsigned char)s[i], letter = c | 0x20u;
		unsigned digit = c <= '9' ? c - '0' : letter >= 'a' ? letter - 'a' + 10 : base;

		if (digit >= base || *n > (UINT64_MAX - digit) / base) {
			*n = 0;
			return false;
		}
		*n = *n * base + digit;
	}
	return len > 0;
}
