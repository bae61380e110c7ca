/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Placement: what is asked for, what is shared out, what is refused, and where it says so. */
/* sources: kernel/place.c kernel/config.c kernel/config_key.c kernel/words.c kernel/print.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/config.h"

static struct config c;
static struct placement p;
static char said[4096];
static unsigned sentences;

static void diag(void *ctx, unsigned line, const char *sentence)
{
	size_t n = strlen(said);

	assert_ptr_equal(ctx, &c);
	assert_true(strlen(sentence) < 250); /* not cut */
	snprintf(said + n, sizeof(said) - n, "%u: %s\n", line, sentence);
	sentences++;
}

static void place(const char *text, unsigned cores, uint64_t memory)
{
	said[0] = '\0';
	sentences = 0;
	assert_int_equal(config_parse(&c, text, strlen(text), diag, &c), 0);
	assert_string_equal(said, "");
	memset(&p, 0xff, sizeof(p));
	config_place(&c, cores, memory, &p, diag, &c);
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
			    "9: no core is left for c: all 2 are dedicated and taken. Make the "
			    "policy of one fair, or remove a VM.\n");
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
	assert_int_equal(config_parse(&c, text, strlen(text), diag, &c), 0);
	assert_true(c.vm[0].refused);
	sentences = 0;
	config_place(&c, 2, GIB(1), &p, diag, &c);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_auto),         cmocka_unit_test(test_named_first),
		cmocka_unit_test(test_policies),     cmocka_unit_test(test_dedicated_twice),
		cmocka_unit_test(test_no_such_core), cmocka_unit_test(test_no_core_left),
		cmocka_unit_test(test_memory),       cmocka_unit_test(test_refused_before),
		cmocka_unit_test(test_many_cores),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
