/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Basic types and helpers that every file, privileged or pure, may use. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/errno.h"
#include "kernel/string.h"

typedef uint64_t hpa_t; /* host physical address */
typedef uint64_t gpa_t; /* guest physical address */
typedef uint64_t gva_t; /* guest linear address */

/* C11 keyword; <assert.h> would bring libc into the freestanding build. */
#ifndef static_assert
#define static_assert _Static_assert
#endif

#define PAGE_SHIFT 12u
#define PAGE_SIZE  4096ull
#define KIB(n)     ((uint64_t)(n) << 10)
#define MIB(n)     ((uint64_t)(n) << 20)
#define GIB(n)     ((uint64_t)(n) << 30)

#define unlikely(condition) __builtin_expect(!!(condition), 0)
/* Not in line: what it needs of the stack and registers costs its caller nothing. */
#define APART                         __attribute__((noinline))
#define BIT(n)                        (1ull << (n))
#define ARRAY_SIZE(a)                 (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

static inline uint64_t align_down(uint64_t v, uint64_t a)
{
	return v & ~(a - 1);
}

/* Wraps to 0 when v is within a of 2^64: callers check the range first. */
static inline uint64_t align_up(uint64_t v, uint64_t a)
{
	return align_down(v + a - 1, a);
}

static inline bool is_aligned(uint64_t v, uint64_t a)
{
	return (v & (a - 1)) == 0;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The little-endian value of n bytes, 8 at most. */
static inline uint64_t le_get(const void *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

/* Bits 63:47 are all the same. With 5-level paging more would do; no guest has it. */
static inline bool is_canonical(uint64_t va)
{
	return (uint64_t)((int64_t)(va << 16) >> 16) == va;
}

/*
 * a * m / 2^32, the one conversion between clocks: m is a 32.32 fixed-point
 * ratio. Exact to one unit in 2^32; no division.
 */
static inline uint64_t mul_ratio(uint64_t a, uint64_t m)
{
	return (uint64_t)(((unsigned __int128)a * m) >> 32);
}
