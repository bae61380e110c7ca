/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the image loaders share: an image is spoilt, and refused with a reason. */
#ifndef TESTS_UNIT_LOAD_REFUSE_H
#define TESTS_UNIT_LOAD_REFUSE_H

#include "tests/unit/load_mem.h"

static struct vcpu_start start;

/* The test's own: makes its image good; loads it. */
static void good_image(void);
static int load(struct test_mem *t);

static void check_refusal(struct test_mem *t, int err, const char *word)
{
	assert_int_equal(load(t), err);
	if (!strstr(t->m.why, word))
		fail_msg("\"%s\" does not say \"%s\"", t->m.why, word);
}

/* ... spoils it. */
#define REFUSED(err, word, ...)                                                                    \
	do {                                                                                       \
		good_image();                                                                      \
		__VA_ARGS__;                                                                       \
		check_refusal(&t, err, word);                                                      \
	} while (0)

#endif
