/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces of text, the nearest right word to a wrong one, and numbers in words; pure. */
#pragma once

#include "kernel/types.h"

/* A piece of text. */
struct span {
	const char *s;
	unsigned len;
};

/* All of a string. */
struct span words_span(const char *s);
bool words_is(struct span s, const char *word);
/* Takes what stands before the first c off *rest, and c with it; ' ': any blank. Trims both. */
struct span words_cut(struct span *rest, char c);

#define WORDS_UNLIKE UINT32_MAX

/*
 * How many letters of two words differ, 0: none does; WORDS_UNLIKE when nobody
 * would have meant the one by the other.
 */
unsigned words_unlike(struct span a, struct span b);

/* Someone looks for a word among others. */
struct words_search {
	struct span word;
	unsigned least;      /* letters that the nearest differs in: begins as WORDS_UNLIKE */
	struct span nearest; /* length 0: there is none */
};

/* The next of the others: true when it is the word. */
bool words_offer(struct words_search *w, struct span other);

/* All of s is digits of the base, a number of 64 bits; else *n is 0. Reads up to what is none. */
bool words_number(struct span s, unsigned base, uint64_t *n);
