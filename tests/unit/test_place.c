/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Placement: what is asked for, what is shared out, what is refused, and where it says so. */
/* sources: kernel/config.c kernel/config_key.c kernel/grant.c */
/* sources: kernel/place.c kernel/words.c kernel/print.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/config.h"

static struct config c;
static struct placement p;
static char said[4096];
static unsigned sentences;

void config_diag(unsigned line, const char *sentence)
{
	size_t n = strlen(said);

	assert_true(strlen(sentence) < 300); /* not cut */
	snprintf(said + n, sizeof(said) - n, "%u: %s\n", line, sentence);
	sentences++;
}

static void place(const char *text, unsigned cores, uint64_t memory)
{
	said[0] = '\0';
	sentences = 0;
	assert_int_equal(config_parse(&c, text, strlen(text)), 0);
	assert_string_equal(said, "");
	memset(&p, 0xff, sizeof(p));
	config_place(&c, cores, memory, &p);
	assert_int_equal(c.errors, sentences);
}

#define VM(name, rest) "[vm " name "]\nkernel = /k\n" rest

static void test_auto(void **state)
{
	(void)state;
	place(VM("a", "") VM("b", "") VM("c", ""), 4, GIB(1));
	assert_int_equal(sentences, 0);
	assert_int_equal(p.core[0][0], 3); /* core 0 stays free */
	assert_int_equal(p.core[1][0], 2);
	assert_int_equal(p.core[2][0], 1);
	assert_int_equal(p.policy[3], POLICY_DEDICATED);
	assert_int_equal(p.policy[0], POLICY_FAIR);

	place(VM("a", "") VM("b", "") VM("c", ""), 2, GIB(1));
	assert_int_equal(p.core[0][0], 1);
	assert_int_equal(p.core[1][0], 0);
	assert_int_equal(p.core[2][0], 1);
	assert_int_equal(p.policy[1], POLICY_FAIR);
	assert_int_equal(p.policy[0], POLICY_DEDICATED);

	place(VM("a", "") VM("b", ""), 1, GIB(1));
	assert_int_equal(p.core[0][0] | p.core[1][0], 0);
	assert_int_equal(p.policy[0], POLICY_FAIR);
}

static void test_named_first(void **state)
{
	(void)state;
	/* b names the core that a would have had. */
	place(VM("a", "") VM("b", "cores = 3\n") VM("c", "cores = 2\n"), 4, GIB(1));
	assert_int_equal(sentences, 0);
	assert_int_equal(p.core[0][0], 1);
	assert_int_equal(p.core[1][0], 3);
	assert_int_equal(p.core[2][0], 2);
	/* Two on one core that nobody described: it is shared. */
	place(VM("a", "cores = 1\n") VM("b", "cores = 1\n"), 2, GIB(1));
	assert_int_equal(sentences, 0);
	assert_int_equal(p.policy[1], POLICY_FAIR);
}

static void test_policies(void **state)
{
	(void)state;
	place("[core 0]\npolicy = fair\n[core 1]\npolicy = fair\n[core 2]\npolicy=dedicated\n" VM(
		      "a", "cores = 0\n"),
	      3, GIB(1));
	assert_int_equal(p.policy[0], POLICY_FAIR);
	assert_int_equal(p.policy[1], POLICY_FAIR);
	assert_int_equal(p.policy[2], POLICY_DEDICATED);
	for (unsigned i = 0; i < CONFIG_MAX_CORES; i++)
		assert_int_not_equal(p.policy[i], POLICY_AUTO);
	/* auto never joins a dedicated core that is taken */
	place("[core 1]\npolicy = dedicated\n" VM("a", "") VM("b", "") VM("c", ""), 2, GIB(1));
	assert_int_equal(sentences, 0);
	assert_int_equal(p.core[0][0], 1);
	assert_int_equal(p.core[1][0], 0);
	assert_int_equal(p.core[2][0], 0);
}

static void test_dedicated_twice(void **state)
{
	(void)state;
	place("[core 1]\npolicy = dedicated\n" VM("a", "cores = 1\n") VM("b", "cores = 1\n")
		      VM("c", ""),
	      2, GIB(1));
	assert_string_equal(
		said,
		"8: b asks for core 1, which is dedicated (line 1) and belongs to a (line 5). "
		"Name another core, or make the policy fair.\n");
	assert_false(c.vm[0].refused);
	assert_true(c.vm[1].refused);
	assert_int_equal(p.core[2][0], 0);
}

static void test_no_such_core(void **state)
{
	(void)state;
	place(VM("a", "cores = 4\n") VM("b", "cores = 3\n"), 4, GIB(1));
	assert_string_equal(said, "3: a asks for core 4, but this machine has 4 (0 to 3). Name "
				  "another core, or write cores = auto.\n");
	assert_true(c.vm[0].refused);
	assert_false(c.vm[1].refused);
}

static void test_no_core_left(void **state)
{
	(void)state;
	place("[core 0]\npolicy = dedicated\n[core 1]\npolicy = dedicated\n" VM("a", "") VM("b", "")
		      VM("c", ""),
	      2, GIB(1));
	assert_string_equal(said,
			    "9: no core is left for c: of all 2, some are dedicated and taken, the "
			    "others budget or cyclic, which must be named. Make the policy of one "
			    "fair, or remove a VM.\n");
	assert_true(c.vm[2].refused);
}

static void test_memory(void **state)
{
	(void)state;
	/* Exactly all of it. */
	place(VM("a", "memory = 512M\n") VM("b", "memory = 512M\n"), 2, GIB(1));
	assert_int_equal(sentences, 0);
	/* First come: b is refused, c still fits; what b had on the core is given back. */
	place(VM("a", "memory = 512M\n") VM("b", "cores = 1\nmemory = 514M\n")
		      VM("c", "memory = 512M\ncores = 1\n"),
	      2, GIB(1));
	assert_string_equal(said, "7: b asks for 514M of memory, but of 1024M for guests 512M are "
				  "left. Ask for less here or in a VM above.\n");
	assert_true(c.vm[1].refused);
	assert_false(c.vm[2].refused);
	assert_int_equal(p.policy[1], POLICY_DEDICATED);
	/* The default has no line of its own: that of the section is named. */
	place(VM("a", "") VM("b", ""), 2, MIB(128));
	assert_int_equal(strncmp(said, "3: b asks for 128M", 18), 0);
	/* No sum that could wrap. */
	place(VM("a", "memory = 1024G\n") VM("b", "memory = 1024G\n"), 2, UINT64_MAX);
	assert_int_equal(sentences, 0);
	place(VM("a", ""), 1, 0);
	assert_int_equal(sentences, 1);
}

static void test_refused_before(void **state)
{
	static const char text[] =
		VM("a", "cores = 1\nmemory = 1G\nnonsense\n") VM("b", "cores = 1\nmemory = 1G\n");

	(void)state;
	/* What the parser refused takes part in nothing. */
	said[0] = '\0';
	assert_int_equal(config_parse(&c, text, strlen(text)), 0);
	assert_true(c.vm[0].refused);
	sentences = 0;
	config_place(&c, 2, GIB(1), &p);
	assert_int_equal(sentences, 0);
	assert_int_equal(p.core[1][0], 1);
	assert_int_equal(p.policy[1], POLICY_DEDICATED);
}

static void test_many_cores(void **state)
{
	(void)state;
	/* A section for a core that is not there does nothing. */
	place("[core 9]\npolicy = fair\n" VM("a", ""), 4, GIB(1));
	assert_int_equal(p.core[0][0], 3);
	/* More cores than the configuration can number. */
	place(VM("a", ""), 200, GIB(1));
	assert_int_equal(p.core[0][0], CONFIG_MAX_CORES - 1);
}

static void test_vcpus(void **state)
{
	(void)state;
	/* Each on a core of its own, then round again. */
	place(VM("a", "vcpus = 3\n") VM("b", "vcpus = 3\n"), 4, GIB(1));
	assert_int_equal(sentences, 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(p.core[0][i], 3 - i);
	assert_int_equal(p.core[1][0], 0);
	assert_int_equal(p.core[1][1], 3);
	assert_int_equal(p.core[1][2], 2);
	assert_int_equal(p.policy[0], POLICY_DEDICATED);
	assert_int_equal(p.policy[1], POLICY_DEDICATED);
	assert_int_equal(p.policy[2], POLICY_FAIR);
	/* In turn. */
	place(VM("a", "vcpus = 5\ncores = 0,2-3\n"), 4, GIB(1));
	static const unsigned want[] = {0, 2, 3, 0, 2};
	assert_memory_equal(p.core[0], want, sizeof(want));
	assert_int_equal(p.policy[0], POLICY_FAIR);
	assert_int_equal(p.policy[3], POLICY_DEDICATED);
	/* Several of one VM on one core: not when that is dedicated, named or not. */
	place("[core 1]\npolicy = dedicated\n" VM("a", "vcpus = 3\ncores = 0-1\n"), 2, GIB(1));
	assert_int_equal(sentences, 0);
	place("[core 1]\npolicy = dedicated\n" VM("a", "vcpus = 4\ncores = 0-1\n")
		      VM("b", "cores = 1\n"),
	      2, GIB(1));
	assert_string_equal(said, "6: a asks for core 1 for several vCPUs, but it is dedicated "
				  "(line 1). Name another core for each, or make the policy "
				  "fair.\n");
	/* All that it had is free again. */
	assert_int_equal(p.core[1][0], 1);
	assert_int_equal(p.policy[0], POLICY_FAIR);
	place("[core 0]\npolicy = dedicated\n[core 1]\npolicy = dedicated\n" VM("a", "vcpus = 3\n")
		      VM("b", "vcpus = 2\n"),
	      2, GIB(1));
	assert_int_equal(sentences, 1);
	assert_int_equal(strncmp(said, "5: no core is left for a", 24), 0);
	assert_true(c.vm[0].refused);
	assert_int_equal(p.core[1][0], 1);
	assert_int_equal(p.core[1][1], 0);
	/* So is what was refused for its memory. */
	place(VM("a", "vcpus = 3\nmemory = 2G\n") VM("b", ""), 2, GIB(1));
	assert_int_equal(sentences, 1);
	assert_int_equal(p.core[1][0], 0);
	assert_int_equal(p.policy[0], POLICY_DEDICATED);
	assert_int_equal(p.policy[1], POLICY_FAIR);
	/* The last of its cores is not there. */
	place(VM("a", "vcpus = 3\ncores = 0-2\n"), 2, GIB(1));
	assert_string_equal(said, "4: a asks for core 2, but this machine has 2 (0 to 1). Name "
				  "another core, or write cores = auto.\n");
	assert_int_equal(p.policy[0], POLICY_FAIR);
}

#define BUDGET            "[core 1]\npolicy = budget\n"
#define SHARE(name, b, p) VM(name, "cores = 1\nbudget = " #b "\nperiod = " #p "\n")

static void test_budget(void **state)
{
	(void)state;
	/* Exactly all of it, in thirds, and in ratios whose sum no 64 bits hold. */
	place(BUDGET SHARE("a", 100, 300) SHARE("b", 200, 600) SHARE("c", 300, 900), 2, GIB(1));
	assert_int_equal(sentences, 0);
	assert_int_equal(p.policy[1], POLICY_BUDGET);
	place(BUDGET SHARE("a", 999983, 1000000) SHARE("b", 17, 1000000), 2, GIB(1));
	assert_int_equal(sentences, 0);
	place(BUDGET SHARE("a", 500000, 1000000) SHARE("b", 499979, 999959), 2, GIB(1));
	assert_int_equal(sentences, 0);
	/* One more is above 1 by half a millionth. */
	place(BUDGET SHARE("a", 500000, 1000000) SHARE("b", 499980, 999959), 2, GIB(1));
	assert_string_equal(
		said, "11: b asks for 50.01 % of core 1, of which 50.00 % are taken: that is more "
		      "than all of it. Make a budget there smaller or its period longer, or name "
		      "another core.\n");
	assert_true(c.vm[1].refused);
	/* The next takes what is left. */
	place(BUDGET SHARE("a", 6000, 10000) SHARE("b", 5000, 10000) SHARE("c", 400, 1000), 2,
	      GIB(1));
	assert_int_equal(sentences, 1);
	assert_int_equal(
		strncmp(said, "11: b asks for 50.00 % of core 1, of which 60.00 % are", 54), 0);
	assert_false(c.vm[2].refused);
	assert_int_equal(p.core[2][0], 1);
	/* Each vCPU has its budget; on other cores it takes none. */
	place(BUDGET VM("a", "vcpus = 4\ncores = 0-1\nbudget = 500\nperiod = 1000\n"), 2, GIB(1));
	assert_int_equal(sentences, 0);
	place(BUDGET VM("a", "vcpus = 4\ncores = 0-1\nbudget = 501\nperiod = 1000\n")
		      SHARE("b", 1000, 1000),
	      2, GIB(1));
	assert_int_equal(sentences, 1);
	assert_int_equal(strncmp(said, "7: a asks for 100.20 % of core 1, of which 0.00 % are", 53),
			 0);
	assert_false(c.vm[1].refused);
	/* Nobody comes there who has not named it and has no budget. */
	place(BUDGET VM("a", "") VM("b", "cores = 1\n") VM("c", ""), 2, GIB(1));
	assert_string_equal(said, "7: b asks for core 1, whose policy is budget (line 2), but has "
				  "none. Add lines such as budget = 2000 and period = 10000 "
				  "(microseconds).\n");
	assert_int_equal(p.core[0][0] | p.core[2][0], 0);
	/* A budget that is of no use. */
	place(BUDGET VM("a", "budget = 50\nperiod = 100\n") VM("b", ""), 2, GIB(1));
	assert_string_equal(said, "5: a has a budget, but no vCPU on a core whose policy is "
				  "budget. Remove budget and period, or name such a core.\n");
	assert_int_equal(p.policy[0], POLICY_DEDICATED); /* b alone */
	/* No core that can be had unasked. */
	place(BUDGET VM("a", ""), 1, GIB(1));
	assert_int_equal(sentences, 0);
	place("[core 0]\npolicy = budget\n" VM("a", ""), 1, GIB(1));
	assert_int_equal(strncmp(said, "3: no core is left for a", 24), 0);
}

/* Sums as near to 1 as can be, against 128-bit arithmetic. */
static void test_budget_random(void **state)
{
	(void)state;
	srand(1);
	for (unsigned round = 0; round < 3000; round++) {
		char text[512];
		unsigned __int128 over, one;
		uint64_t per[3], bud[3];

		for (unsigned i = 0; i < 3; i++)
			per[i] = 100 + (uint64_t)rand() % (round % 2 ? 900 : 999900);
		bud[0] = 10 + (uint64_t)rand() % (per[0] / 2);
		bud[1] = 10 + (uint64_t)rand() % (per[1] / 3);
		/* As near to all as the third period allows, and once in two one more. */
		one = (unsigned __int128)per[0] * per[1] * per[2];
		over = (unsigned __int128)bud[0] * per[1] * per[2] +
		       (unsigned __int128)bud[1] * per[0] * per[2];
		bud[2] = (uint64_t)((one - over) / (per[0] * per[1])) + (unsigned)rand() % 2;
		if (bud[2] < 10 || bud[2] > per[2])
			continue;
		over += (unsigned __int128)bud[2] * per[0] * per[1];
		/* Less than a part of 2^40 of each is not told from all. */
		if (over > one && (over - one) << 40 < 3 * one)
			continue;
		snprintf(text, sizeof(text),
			 BUDGET VM("a", "cores=1\nbudget=%u\nperiod=%u\n")
				 VM("b", "cores=1\nbudget=%u\nperiod=%u\n")
					 VM("c", "cores=1\nbudget=%u\nperiod=%u\n"),
			 (unsigned)bud[0], (unsigned)per[0], (unsigned)bud[1], (unsigned)per[1],
			 (unsigned)bud[2], (unsigned)per[2]);
		place(text, 2, GIB(1));
		assert_int_equal(c.vm[2].refused, over > one);
	}
}

static void test_budget_sixteen(void **state)
{
	static const unsigned period[] = {999983, 999979, 999961, 999959, 999953,
					  999931, 999917, 999907, 999883, 999863,
					  999853, 999809, 999773, 999769, 999763};
	char text[4096] = BUDGET;
	size_t n = strlen(text);

	(void)state;
	/* Fifteen primes: the exact sum has a denominator of 300 bits. */
	for (unsigned i = 0; i < 15; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      VM("v%u", "cores=1\nbudget=%u\nperiod=%u\n"), i,
				      period[i] / 15, period[i]);
	snprintf(text + n, sizeof(text) - n, "%s", SHARE("last", 10, 1000000));
	place(text, 2, GIB(3));
	/* Each floor leaves up to 14/15 of a millionth. */
	double sum = 10 / 1e6;
	for (unsigned i = 0; i < 15; i++)
		sum += (double)(period[i] / 15) / period[i];
	assert_int_equal(c.vm[15].refused, sum > 1);
	assert_int_equal(sentences, sum > 1);
	/* Sixteen sixteenths, of sixteen periods: exactly all. */
	n = strlen(BUDGET);
	for (unsigned i = 0; i < 16; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      VM("v%u", "cores=1\nbudget=%u\nperiod=%u\n"), i, 61 + i,
				      16 * (61 + i));
	place(text, 2, GIB(3));
	assert_int_equal(sentences, 0);
}

#define CYCLIC "[core 1]\npolicy = cyclic\nframe = 1000\nwindows = a 500, b 100\n"

static void test_cyclic(void **state)
{
	(void)state;
	place(CYCLIC VM("a", "cores = 1\nvcpus = 3\n") VM("b", "cores = 0-1\nvcpus = 2\n")
		      VM("c", "cores = 0-1\nvcpus = 2\n") VM("d", "vcpus = 2\n"),
	      2, GIB(1));
	assert_string_equal(said, "15: c asks for core 1, whose windows (line 4) have none for it. "
				  "Add one there, such as c 1000, or name another core.\n");
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(p.core[0][i], 1);
	assert_int_equal(p.core[1][1], 1);
	assert_int_equal(p.core[3][0] | p.core[3][1], 0);
	assert_int_equal(p.policy[1], POLICY_CYCLIC);
	assert_int_equal(p.policy[0], POLICY_FAIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_auto),           cmocka_unit_test(test_named_first),
		cmocka_unit_test(test_policies),       cmocka_unit_test(test_dedicated_twice),
		cmocka_unit_test(test_no_such_core),   cmocka_unit_test(test_no_core_left),
		cmocka_unit_test(test_memory),         cmocka_unit_test(test_refused_before),
		cmocka_unit_test(test_many_cores),     cmocka_unit_test(test_vcpus),
		cmocka_unit_test(test_budget),         cmocka_unit_test(test_budget_random),
		cmocka_unit_test(test_budget_sixteen), cmocka_unit_test(test_cyclic),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
