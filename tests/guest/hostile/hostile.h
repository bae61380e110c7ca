/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hostile guest's groups: each prints one line that starts with "hostile: ". */
#ifndef TESTS_GUEST_HOSTILE_HOSTILE_H
#define TESTS_GUEST_HOSTILE_HOSTILE_H

#include "guests/rt/rt.h"

#define VEC_DB 1
#define VEC_BP 3
#define VEC_UD 6
#define VEC_GP 13
#define VEC_PF 14
#define VEC_AC 17

/* How attempts of one kind ended. */
struct tally {
	unsigned tried, quiet, ud, gp, pf, other;
};

/* Counts a result of probe_call() and gives it back. */
int count(struct tally *t, int vector);
void report(const char *group, const struct tally *t);

/* Pages to do harm to, and a virtual address that nothing else is mapped at. */
extern uint8_t scratch[2 * PAGE_SIZE];
#define TEST_VA 0x700000000000ull

uint64_t random64(void); /* the same sequence at each start */

void test_cpuid(void);
void test_insns(void);
void test_control(void);
void test_tables(void);
void test_exceptions(void);
void test_user(void);
void test_msrs(void);
void test_ports(bool quick);
void test_memory(void);
void test_hypercalls(void);
void test_halt(void);
void endless_debug(void); /* does not return */

#endif
