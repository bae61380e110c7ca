/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test guest: looks through all its memory for the pattern that an earlier run
 * of it, or of another VM, has left; then fills its memory with it.
 */
#include "guests/rt/rt.h"

#define PATTERN 0x6d756c6c696f6e21ull /* made of two halves, so that it is not in the image */

/* Above the image and what the stack is in: 2 MiB are plenty. */
#define FIRST 0x200000ull

void guest_main(void)
{
	volatile uint64_t half = PATTERN >> 32;
	uint64_t pattern = half << 32 | (uint32_t)PATTERN, found = 0, words = 0;

	for (unsigned i = 0; i < rt_info->memory_count; i++) {
		const struct mullion_memory *m = &rt_info->memory[i];
		uint64_t from = m->base < FIRST ? FIRST : m->base, end = m->base + m->size;

		for (uint64_t at = from; at < end; at += 8, words++)
			found += *(volatile uint64_t *)at == pattern;
		for (uint64_t at = from; at < end; at += 8)
			*(volatile uint64_t *)at = pattern;
	}
	print("former: found %lu in %lu MiB, and left it there\n", found, words >> 17);
	for (;;)
		halt();
}
