/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line editor: what is typed, what the terminal shows, what comes out. */
/* sources: kernel/mon/line.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/mon/line.h"

#define WIDTH 200

static struct line l;
/* The last line of a terminal, and what was printed above it. */
static char screen[WIDTH + 1], above[2048];
static unsigned col;

static void out(void *ctx, const char *bytes, size_t n)
{
	assert_ptr_equal(ctx, screen);
	for (size_t i = 0; i < n; i++) {
		char c = bytes[i];

		if (c == '\r') {
			col = 0;
		} else if (c == '\b') {
			assert_true(col > 0);
			col--;
		} else if (c == '\n') {
			strcat(above, screen);
			strcat(above, "\n");
			memset(screen, 0, sizeof(screen));
			col = 0;
		} else {
			assert_in_range(c, ' ', '~');
			assert_true(col < WIDTH);
			screen[col++] = c;
		}
	}
}

static const char *word(const char *text, unsigned start, unsigned i)
{
	static const char *const verbs[] = {"start", "stats", "suspend", "list"};
	static const char *const vms[] = {"demo", "linux-a", "linux-b"};

	assert_true(strlen(text) >= start);
	if (start)
		return i < 3 ? vms[i] : NULL;
	return i < 4 ? verbs[i] : NULL;
}

static bool type(const char *keys)
{
	bool done = false;

	for (; *keys; keys++) {
		assert_false(done);
		done = line_input(&l, (uint8_t)*keys);
	}
	return done;
}

/* Screen and line, a | for the cursor. */
static void expect(const char *want)
{
	char got[LINE_SIZE + 1], shown[WIDTH + 1];

	snprintf(got, sizeof(got), "%.*s|%s", (int)l.at, l.text, l.text + l.at);
	assert_string_equal(got, want);
	snprintf(shown, sizeof(shown), "> %s", l.text);
	for (char *end = screen + strlen(screen); end > screen + strlen(shown) && end[-1] == ' ';)
		*--end = '\0';
	assert_string_equal(screen, shown);
	assert_int_equal(col, 2 + l.at);
	assert_int_equal(strlen(l.text), l.len);
}

static int setup(void **state)
{
	(void)state;
	memset(screen, 0, sizeof(screen));
	above[0] = '\0';
	col = 0;
	line_init(&l, "> ", out, word, screen);
	assert_false(line_input(&l, 'x')); /* nothing is typed before the prompt */
	line_show(&l);
	return 0;
}

static void enter(const char *keys)
{
	assert_true(type(keys));
	assert_false(l.open);
	line_show(&l);
}

static void test_editing(void **state)
{
	(void)state;
	type("helo");
	expect("helo|");
	type("\x1b[Dl");
	expect("hell|o");
	type("\x02\x02X");
	expect("heX|llo");
}

static void test_keys(void **state)
{
	(void)state;
	type("one two  three");
	type("\x17");
	expect("one two  |");
	type("\x17");
	expect("one |");
	type("\x01>\x05<");
	expect(">one <|");
	type("\x1b[1~\x1b[3~");
	expect("|one <");
	type("\x1b[4~\b\x7f");
	expect("one|");
	type("\x1b[H\x1b[C\x0b");
	expect("o|");
	type("\x1b[F\x1bOH\x1bOF\x1b[7~\x04");
	expect("|");
	/* At the ends nothing happens, and nothing is written over the prompt. */
	type("\b\x04\x02\x06\x1b[A\x1b[B\x1b[3~\x0b\x15\x17");
	expect("|");
	type("abc\x02\x15");
	expect("|c");
	/* What no key means is nothing. */
	type("\x1b[5~\x1b[1;5C\x1b[99~\x1b[200~\x1bx\x1b\x1b[D\x1b[Z\x80\xff\x03");
	expect("|c");
	type("\x0c");
	expect("|c");
	enter("\r");
	assert_string_equal(above, "> c\n");
	expect("|");
}

static void test_full(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300; i++)
		type("x");
	assert_int_equal(l.len, LINE_SIZE - 1);
	type("\x01y\t");
	assert_int_equal(l.len, LINE_SIZE - 1);
	enter("\n");
	type("linu\t");
	for (unsigned i = 0; i < 112; i++)
		type("y");
	type(" l\t\t"); /* as much of it as there is room for */
	assert_int_equal(l.len, LINE_SIZE - 1);
}

static void test_history(void **state)
{
	char text[8];

	(void)state;
	enter("one\r");
	enter("two\r");
	enter("two\r");
	enter("\r");
	type("thr\x1b[A");
	expect("two|");
	type("\x10");
	expect("one|");
	type("\x10");
	expect("one|");
	type("!\x1b[B");
	expect("two|");
	type("\x0e");
	expect("thr|");
	type("\x0e\x1bOA\x1bOA");
	expect("one!|");
	enter("\r");
	for (unsigned i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "n%u\r", i);
		enter(text);
	}
	for (unsigned i = 0; i < 30; i++)
		type("\x10");
	expect("n24|");
}

static void test_completion(void **state)
{
	(void)state;
	type("l\t");
	expect("list |");
	type("\x15st\t");
	expect("sta|");
	type("\t");
	assert_string_equal(above, "> sta\nstart  stats  \n");
	expect("sta|");
	type("ts l\t");
	expect("stats linux-|");
	type("a\t");
	expect("stats linux-a |");
	type("zz\t");
	expect("stats linux-a zz|");
	type("\x01\x06\x06\t");
	expect("sta|ats linux-a zz");
}

static void test_shown_again(void **state)
{
	(void)state;
	type("abc\x02");
	out(screen, "\nmullion| urgent\n", 17);
	line_show(&l);
	expect("ab|c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_editing, setup),
		cmocka_unit_test_setup(test_keys, setup),
		cmocka_unit_test_setup(test_full, setup),
		cmocka_unit_test_setup(test_history, setup),
		cmocka_unit_test_setup(test_completion, setup),
		cmocka_unit_test_setup(test_shown_again, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
