/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Merging of events: every pair of type and vector against the table of SDM 3A 6-5. */
/* sources: kernel/event.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/event.h"

/* SDM 3A table 6-4, written out by vector: B benign, C contributory, P page fault, D double fault.
 */
static const char class_of[33] = "CBBBBBBBDBCCCCPBBBBBPCBBBBBBBBBB";

/* SDM 3A table 6-5: rows: the first event, columns: the second. s: serially, d: #DF, t: shutdown.
 */
static char outcome(char first, char second)
{
	static const char order[] = "BCPD";
	static const char *const table[] = {
		"ssss",
		"sdss",
		"sdds",
		"sttt",
	};
	return table[strchr(order, first) - order][strchr(order, second) - order];
}

static const uint8_t types[] = {EVENT_EXTINT, EVENT_NMI,   EVENT_EXCEPTION,
				EVENT_SWINT,  EVENT_ICEBP, EVENT_SWEXC};

static struct vcpu_event make(uint8_t type, uint8_t vector)
{
	struct vcpu_event e = {.valid = true, .type = type, .vector = vector};

	if (type == EVENT_EXCEPTION &&
	    (vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)) {
		e.has_error = true;
		e.error = 0x40u + vector;
	}
	if (type >= EVENT_SWINT)
		e.insn_len = 2;
	return e;
}

static void assert_same(struct vcpu_event a, struct vcpu_event b)
{
	assert_int_equal(a.valid, b.valid);
	if (!a.valid)
		return;
	assert_int_equal(a.type, b.type);
	assert_int_equal(a.vector, b.vector);
	assert_int_equal(a.has_error, b.has_error);
	assert_int_equal(a.error, b.error);
	assert_int_equal(a.insn_len, b.insn_len);
}

static void check(struct vcpu_event first, struct vcpu_event second)
{
	const struct vcpu_event none = {0};
	struct vcpu_event lost, got, want_lost = none, want = second;
	char c1 = first.type == EVENT_EXCEPTION ? class_of[first.vector] : 'B';
	char c2 = second.type == EVENT_EXCEPTION ? class_of[second.vector] : 'B';
	bool shutdown, want_shutdown = false;

	memset(&lost, 0xa5, sizeof(lost));
	memset(&shutdown, 1, sizeof(shutdown));
	got = event_merge(first, second, &shutdown, &lost);

	if (second.type != EVENT_EXCEPTION) {
		want = first;
		if (second.type == EVENT_EXTINT || second.type == EVENT_NMI)
			want_lost = second;
	} else {
		switch (outcome(c1, c2)) {
		case 't':
			want = none;
			want_shutdown = true;
			break;
		case 'd':
			want = (struct vcpu_event){
				.valid = true, .type = 3, .vector = 8, .has_error = true};
			break;
		default:
			if (first.type == EVENT_EXTINT || first.type == EVENT_NMI)
				want_lost = first;
		}
	}
	assert_int_equal(shutdown, want_shutdown);
	assert_same(got, want);
	assert_same(lost, want_lost);
}

static void test_all_pairs(void **state)
{
	(void)state;
	for (unsigned t1 = 0; t1 < sizeof(types); t1++)
		for (unsigned t2 = 0; t2 < sizeof(types); t2++)
			for (uint8_t v1 = 0; v1 < 32; v1++)
				for (uint8_t v2 = 0; v2 < 32; v2++)
					check(make(types[t1], v1), make(types[t2], v2));
}

static void test_one_only(void **state)
{
	const struct vcpu_event none = {0};
	struct vcpu_event gp = make(EVENT_EXCEPTION, 13), lost;
	bool shutdown;

	(void)state;
	assert_same(event_merge(none, gp, &shutdown, &lost), gp);
	assert_false(shutdown || lost.valid);
	assert_same(event_merge(gp, none, &shutdown, &lost), gp);
	assert_false(shutdown || lost.valid);
	assert_same(event_merge(none, none, &shutdown, &lost), none);
	assert_false(shutdown || lost.valid);
	/* An invalid event's other fields are not looked at. */
	struct vcpu_event stale = make(EVENT_EXCEPTION, 8);
	stale.valid = false;
	assert_same(event_merge(stale, gp, &shutdown, &lost), gp);
	assert_false(shutdown || lost.valid);
}

/* The chain that a guest without a usable IDT runs through. */
static void test_triple_fault(void **state)
{
	struct vcpu_event e = make(EVENT_EXTINT, 0x30), lost;
	bool shutdown;

	(void)state;
	e = event_merge(e, make(EVENT_EXCEPTION, 13), &shutdown, &lost);
	assert_int_equal(e.vector, 13);
	assert_int_equal(lost.vector, 0x30);
	e = event_merge(e, make(EVENT_EXCEPTION, 11), &shutdown, &lost);
	assert_int_equal(e.vector, 8);
	assert_int_equal(e.error, 0);
	assert_false(shutdown || lost.valid);
	e = event_merge(e, make(EVENT_EXCEPTION, 11), &shutdown, &lost);
	assert_true(shutdown);
	assert_false(e.valid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_one_only),
		cmocka_unit_test(test_triple_fault),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
