/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of text, and which word somebody may have meant. */
#include "kernel/words.h"

struct span words_span(const char *s)
{
	return (struct span){s, (unsigned)strlen(s)};
}

bool words_is(struct span s, const char *word)
{
	return s.len == strlen(word) && memcmp(s.s, word, s.len) == 0;
}

/* \r: lines may end as on DOS. */
static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span trim(struct span s)
{
	for (; s.len && blank(s.s[0]); s.s++)
		s.len--;
	while (s.len && blank(s.s[s.len - 1]))
		s.len--;
	return s;
}

struct span words_cut(struct span *rest, char c)
{
	struct span all = trim(*rest), part = {all.s, 0};

	while (part.len < all.len && (c == ' ' ? !blank(part.s[part.len]) : part.s[part.len] != c))
		part.len++;
	unsigned taken = part.len + (part.len < all.len);
	*rest = trim((struct span){all.s + taken, all.len - taken});
	return trim(part);
}

/* One letter too many, too few, wrong, or two swapped; also "mem" for "memory". */
unsigned words_unlike(struct span a, struct span b)
{
	unsigned shorter = a.len < b.len ? a.len : b.len;
	unsigned longer = a.len < b.len ? b.len : a.len;
	unsigned head = 0, tail = 0;

	/* What they have in common at their beginnings and ends. */
	while (head < shorter && a.s[head] == b.s[head])
		head++;
	while (head + tail < shorter && a.s[a.len - 1 - tail] == b.s[b.len - 1 - tail])
		tail++;
	unsigned unlike = longer - head - tail;
	return unlike <= longer / 2 ? unlike : WORDS_UNLIKE;
}

bool words_offer(struct words_search *w, struct span other)
{
	unsigned unlike = words_unlike(w->word, other);

	if (unlike < w->least) {
		w->least = unlike;
		w->nearest = other;
	}
	return !unlike;
}

bool words_number(struct span s, unsigned base, uint64_t *n)
{
	*n = 0;
	for (unsigned i = 0; i < s.len; i++) {
		unsigned c = (unsigned char)s.s[i], letter = c | 0x20u;
		unsigned digit = c <= '9' ? c - '0' : letter >= 'a' ? letter - 'a' + 10 : base;

		if (digit >= base || *n > (UINT64_MAX - digit) / base) {
			*n = 0;
			return false;
		}
		*n = *n * base + digit;
	}
	return s.len > 0;
}
