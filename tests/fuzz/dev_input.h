/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a fuzzer's bytes as numbers; what is beyond the end is 0. */
#ifndef TESTS_FUZZ_DEV_INPUT_H
#define TESTS_FUZZ_DEV_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t left;
};

static inline uint64_t take(struct input *in, unsigned bytes)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < bytes && in->left; i++, in->left--)
		v |= (uint64_t)*in->data++ << (8 * i);
	return v;
}

/* An access size: 1, 2, 4 or 8. */
static inline unsigned take_size(struct input *in)
{
	return 1u << (take(in, 1) & 3);
}

#endif
