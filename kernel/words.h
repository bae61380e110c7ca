/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nearest right word to a wrong one, and numbers in words; pure. */
#pragma once

#include "kernel/types.h"

#define WORDS_UNLIKE UINT32_MAX

/*
 * How many letters of two words differ, 0: none does; WORDS_UNLIKE when nobody
 * would have meant the one by the other.
 */
unsigned words_unlike(const char *a, size_t a_len, const char *b, size_t b_len);

/* The words of a list by their number; NULL behind the last. */
typedef const char *(*words_fn)(unsigned i);

/* The number of a word in a list, or -1; then *nearest is the nearest right one, or NULL. */
int words_find(words_fn list, const char *word, const char **nearest);

/* All of s is digits of the base, a number of 64 bits; else *n is 0. Reads up to what is none. */
bool words_number(const char *s, size_t len, unsigned base, uint64_t *n);
