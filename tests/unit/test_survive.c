/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of a panic: what comes back of it, and that nothing else is believed. */
/* sources: kernel/survive.c kernel/survive_print.c kernel/dmesg.c kernel/print.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/log.h"
#include "kernel/survive.h"

#define CORES 3u

static struct survive *r;
static size_t room; /* bytes in use, with CORES cores */
static char seen[1 << 20];
static size_t seen_len;

void log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	seen_len += (size_t)vsnprintf(seen + seen_len, sizeof(seen) - seen_len, fmt, ap);
	va_end(ap);
	assert_true(seen_len + 2 < sizeof(seen));
	memcpy(seen + seen_len, "\n", 2);
	seen_len++;
}

const char *trace_kind_name(enum trace_kind kind)
{
	return kind == TRACE_EXIT ? "exit" : kind < TRACE_KINDS ? "other" : "?";
}

static size_t size_for(unsigned cores)
{
	return offsetof(struct survive, core) + cores * sizeof(struct survive_core);
}

/* Lines of the log, each with a newline. */
static void record(const char *why, const char *log)
{
	char line[DMESG_LINE];

	memset(r, 0, room);
	r->core_count = CORES;
	r->boot_epoch = 1234;
	r->tsc = 1000000;
	r->tsc_hz = 2000000000;
	(void)snprintf(r->reason, sizeof(r->reason), "%s", why);
	for (; *log; log = strchr(log, '\n') + 1) {
		(void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(log, "\n"), log);
		dmesg_add(&r->log, 1500000, line);
	}
	r->core[1].count = 2;
	r->core[1].e[0] = (struct trace_entry){.tsc = 997531, .kind = TRACE_EXIT, .vm = 1, .a = 7};
	r->core[1].e[1] = (struct trace_entry){.tsc = 1000002, .kind = 200, .vcpu = 3, .b = 0xfed};
	r->core[2].count = TRACE_KEPT;
	survive_seal(r);
}

static int setup(void **state)
{
	(void)state;
	room = size_for(CORES);
	r = malloc(sizeof(*r));
	if (!r)
		return -1;
	memset(r, 0xa5, sizeof(*r));
	seen_len = 0;
	seen[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(r);
	return 0;
}

static unsigned count_of(const char *what)
{
	unsigned n = 0;

	for (const char *p = seen; (p = strstr(p, what)); p++)
		n++;
	return n;
}

static void prints_once(void **state)
{
	static const char begin[] =
		"the hypervisor panicked in the boot before this one: core 1: #UD\n"
		"before| it was started 1234 s after 1970 began\n"
		"before|     0.001500 one\nbefore|     0.001500 two\n"
		"before|     0.001500 panic| three\n"
		"before| core 0: 0 trace entries, times from the panic on\n"
		"before| core 1: 2 trace entries, times from the panic on\n"
		"before| core 1 -1.234 us exit      vm 1 vcpu 0 a 0x7 b 0x0\n"
		"before| core 1 +0.001 us ?         vm 0 vcpu 3 a 0x0 b 0xfed\n"
		"before| core 2: 256 trace entries, times from the panic on\n"
		"before| core 2 -500.000 us other     vm 0 vcpu 0 a 0x0 b 0x0\n";

	(void)state;
	record("core 1: #UD", "one\ntwo\npanic| three\n");
	assert_true(survive_valid(r));
	survive_print(r);
	assert_memory_equal(seen, begin, sizeof(begin) - 1);
	assert_int_equal(count_of("before| core 2 -"), TRACE_KEPT);
	assert_false(survive_valid(r));
	seen_len = 0;
	survive_print(r);
	assert_int_equal(seen_len, 0);
}

/* Whatever wrote it: no escape sequence reaches the terminal, no line is endless. */
static void prints_text_only(void **state)
{
	static const char text[] = "\x1b[31mred\x07\n\n%s%n\nno end";

	(void)state;
	record("\x1b[2J\xff\x7fx", "");
	memcpy(r->log.text, text, sizeof(text));
	r->log.head = sizeof(text) - 1;
	r->tsc_hz = 0;
	r->tsc = UINT64_MAX;
	survive_seal(r);
	survive_print(r);
	assert_int_equal(count_of("one: ?[2J??x\n"), 1);
	assert_int_equal(count_of("before| ?[31mred?\nbefore| \nbefore| %s%n\n"), 1);
	for (size_t i = 0; i < seen_len; i++)
		assert_true(seen[i] == '\n' || (seen[i] >= ' ' && seen[i] <= '~'));
}

static void prints_the_last_lines(void **state)
{
	char log[4096];
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < 2 * SURVIVE_LINES; i++)
		n += (size_t)snprintf(log + n, sizeof(log) - n, "line %u\n", i);
	record("x", log);
	survive_print(r);
	assert_int_equal(count_of("before|     0.001500 line "), SURVIVE_LINES);
	assert_int_equal(count_of(" line 80\n"), 1);
	assert_int_equal(count_of(" line 159\n"), 1);
}

/* No newline in all of the log, and a place in it that cannot be. */
static void full_log(void **state)
{
	static const uint64_t heads[] = {sizeof(r->log.text), UINT64_MAX, UINT64_MAX - 40000};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(heads); i++) {
		record("x", "");
		memset(r->log.text, 'a', sizeof(r->log.text));
		r->log.head = heads[i];
		memset(r->reason, 'b', sizeof(r->reason)); /* sealing ends it */
		survive_seal(r);
		assert_true(survive_valid(r));
		survive_print(r);
		assert_true(count_of("before| aaaa") <= SURVIVE_LINES);
		seen_len = 0;
	}
}

static void any_byte_counts(void **state)
{
	uint8_t *bytes = (uint8_t *)r;
	size_t step;

	(void)state;
	record("core 1: #UD", "one\ntwo\n");
	/* All of the header; places in the texts and in each core's entries. */
	for (size_t at = 0; at < room; at += step) {
		step = at < offsetof(struct survive, log) ? 1 : 977;
		for (unsigned bit = 0; bit < 8; bit += at < 80 ? 1 : 7) {
			bytes[at] ^= (uint8_t)(1u << bit);
			assert_false(survive_valid(r));
			bytes[at] ^= (uint8_t)(1u << bit);
		}
	}
	bytes[room - 1] ^= 0x80;
	survive_print(r);
	assert_int_equal(seen_len, 0);
	bytes[room - 1] ^= 0x80;
	assert_true(survive_valid(r));
}

/* Each has a right checksum: it is the value itself that is refused. */
static void values_out_of_range(void **state)
{
	(void)state;
	record("x", "one\n");
	r->core[2].count = TRACE_KEPT + 1;
	survive_seal(r);
	assert_false(survive_valid(r));
	r->core[2].count = 0;
	r->core[0].count = UINT64_MAX;
	survive_seal(r);
	assert_false(survive_valid(r));
	r->core[0].count = 0;
	survive_seal(r);
	assert_true(survive_valid(r));
	/* Fewer cores: the checksum would cover another range. */
	r->core_count = CORES - 1;
	assert_false(survive_valid(r));
	survive_print(r);
	assert_int_equal(seen_len, 0);
	/* Of another build. */
	record("x", "one\n");
	r->version++;
	assert_false(survive_valid(r));
	r->version--;
	assert_true(survive_valid(r));
}

/* More of them than there is room for are not looked at. */
static void too_many_cores(void **state)
{
	static const uint64_t counts[] = {SURVIVE_CORES + 1, UINT32_MAX, BIT(32), UINT64_MAX};
	struct survive *large = calloc(1, sizeof(*large));

	(void)state;
	assert_non_null(large);
	large->core_count = SURVIVE_CORES;
	survive_seal(large);
	assert_true(survive_valid(large));
	for (unsigned i = 0; i < ARRAY_SIZE(counts); i++) {
		large->core_count = counts[i];
		assert_false(survive_valid(large));
	}
	free(large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(prints_once, setup, teardown),
		cmocka_unit_test_setup_teardown(prints_text_only, setup, teardown),
		cmocka_unit_test_setup_teardown(prints_the_last_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(full_log, setup, teardown),
		cmocka_unit_test_setup_teardown(any_byte_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(values_out_of_range, setup, teardown),
		cmocka_unit_test_setup_teardown(too_many_cores, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
