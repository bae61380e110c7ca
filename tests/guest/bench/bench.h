/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rounds that are timed, and a line for each operation: bench NAME MIN MEDIAN P99 MAX, in ticks of
 * the TSC, without what measuring takes. After the header of a runtime, and what it makes text().
 */
#ifndef TESTS_GUEST_BENCH_BENCH_H
#define TESTS_GUEST_BENCH_BENCH_H

#define ROUNDS  1000u
#define WARM_UP 32u

static uint64_t sample[ROUNDS], overhead;

static void decimal(uint64_t n)
{
	char digits[24];
	unsigned at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	text(&digits[at]);
}

static void sort(unsigned rounds)
{
	for (unsigned i = 1; i < rounds; i++) {
		uint64_t v = sample[i];
		unsigned j = i;

		for (; j && sample[j - 1] > v; j--)
			sample[j] = sample[j - 1];
		sample[j] = v;
	}
}

static void report(const char *name, unsigned rounds)
{
	const unsigned at[] = {0, rounds / 2, rounds * 99 / 100, rounds - 1};

	sort(rounds);
	text("bench ");
	text(name);
	for (unsigned i = 0; i < ARRAY_SIZE(at); i++) {
		text(" ");
		decimal(sample[at[i]] - overhead);
	}
	text("\n");
}

static inline void take(unsigned round, uint64_t ticks)
{
	sample[round < WARM_UP ? 0 : round - WARM_UP] = ticks;
}

/*
 * Bochs stops here when it is told to (magic_break): bench.py has it trace a round in between, but
 * for those that mostly copy (MEASURE_ROUNDS).
 */
#define MARK() __asm__ volatile("xchg %%bx, %%bx" ::: "memory")

#define MEASURE_ROUNDS(name, rounds, what)                                                         \
	do {                                                                                       \
		for (unsigned round = 0; round < (rounds) + WARM_UP; round++) {                    \
			uint64_t begin = rdtsc();                                                  \
			what;                                                                      \
			take(round, rdtsc() - begin);                                              \
		}                                                                                  \
		report(name, rounds);                                                              \
	} while (0)
#define MEASURE(name, what)                                                                        \
	do {                                                                                       \
		MEASURE_ROUNDS(name, ROUNDS, what);                                                \
		MARK();                                                                            \
		what;                                                                              \
		MARK();                                                                            \
	} while (0)

static void nothing(void)
{
	MEASURE("nothing", (void)0);
	overhead = sample[ROUNDS / 2];
}

#endif
