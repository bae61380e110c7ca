/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console multiplexer: what the terminal shows, byte for byte. */
/* sources: kernel/conmux.c kernel/print.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/conmux.h"

static struct conmux m;
static char seen[65536];
static size_t seen_len;

void conmux_emit(const char *bytes, size_t len)
{
	assert_true(len > 0 && seen_len + len < sizeof(seen));
	memcpy(seen + seen_len, bytes, len);
	seen_len += len;
	seen[seen_len] = '\0';
}

/* What came since the last call. */
static void expect(const char *want)
{
	assert_string_equal(seen, want);
	seen_len = 0;
	seen[0] = '\0';
}

static void out(unsigned vm, const char *text)
{
	conmux_output(&m, vm, text, strlen(text));
}

static struct conmux_action key(uint8_t byte)
{
	return conmux_input(&m, byte);
}

static struct conmux_action ctrl_a(uint8_t byte)
{
	assert_int_equal(key(1).kind, CONMUX_NONE);
	return key(byte);
}

static int setup(void **state)
{
	(void)state;
	seen_len = 0;
	seen[0] = '\0';
	conmux_init(&m);
	conmux_add(&m, "demo");
	conmux_add(&m, "linux");
	return 0;
}

#define BANNER(vm)                                                                                 \
	"-- " vm ": keyboard is yours; Ctrl-a 0 goes back, Ctrl-a ? lists the keys --\r\n"
#define OVERVIEW "-- all VMs; Ctrl-a ? lists the keys --\r\n"

static void test_lines(void **state)
{
	(void)state;
	out(0, "one\ntwo\r\n\n");
	expect("demo| one\r\ndemo| two\r\ndemo| \r\n");
	/* Halves of lines wait for their other half. */
	out(0, "hel");
	out(1, "Lin");
	out(0, "lo\n");
	out(1, "ux\r");
	out(1, "\nx");
	expect("demo| hello\r\nlinux| Linux\r\n");
	conmux_log(&m, "said \x1b[31mred\a\nand more", false);
	expect("mullion| said red\r\nmullion| and more\r\n");
	out(2, "no such VM\n");
	conmux_output(&m, UINT32_MAX, "x\n", 2);
	expect("");
}

static void test_partial_lines(void **state)
{
	(void)state;
	conmux_tick(&m, 100);
	assert_false(conmux_waiting(&m));
	out(0, "login: ");
	assert_true(conmux_waiting(&m));
	conmux_tick(&m, 119);
	expect("");
	conmux_tick(&m, 120);
	assert_false(conmux_waiting(&m));
	expect("demo| login: ");
	/* It goes on on the same line… */
	out(0, "ro");
	conmux_tick(&m, 140);
	out(0, "ot\n");
	expect("root\r\n");
	/* …unless another one printed in between. */
	out(0, "a");
	conmux_tick(&m, 160);
	out(1, "b\n");
	out(0, "c\n");
	expect("demo| a\r\nlinux| b\r\ndemo| c\r\n");
	/* A newline alone is no line then. */
	out(0, "a");
	conmux_tick(&m, 180);
	conmux_log(&m, "b", false);
	out(0, "\n\n");
	expect("demo| a\r\nmullion| b\r\ndemo| \r\n");
	out(0, "a");
	conmux_tick(&m, 200);
	out(0, "\nb\n");
	expect("demo| a\r\ndemo| b\r\n");
}

static void test_long_line(void **state)
{
	char line[601], want[700];

	(void)state;
	memset(line, 'x', 600);
	line[600] = '\0';
	out(0, line);
	/* All but the last 256, which wait; in pieces it comes to the same. */
	snprintf(want, sizeof(want), "demo| %.344s", line);
	expect(want);
	out(1, "!\n");
	out(0, "\n");
	snprintf(want, sizeof(want), "\r\nlinux| !\r\ndemo| %.256s\r\n", line);
	expect(want);
	for (unsigned i = 0; i < 257; i++)
		out(0, "y");
	expect("demo| y");
}

static void test_carriage_return(void **state)
{
	(void)state;
	out(0, "10%\r20%\r");
	out(0, "\r\n\r\rx\n");
	expect("demo| 10%\r\ndemo| 20%\r\ndemo| x\r\n");
	out(0, "part");
	conmux_tick(&m, 1000);
	out(0, "\rnew\n");
	expect("demo| part\r\ndemo| new\r\n");
}

static void test_escapes(void **state)
{
	(void)state;
	out(0, "\x1b[1;31mred\x1b[0m \x1b(Bplain\x1b"
	       "7\x1b]0;title\aA\x1b]\xc3\x1b[\xc3\x9b"
	       "2JB\x1b!\"7C\n");
	expect("demo| red plain0;titleA??2JBC\r\n");
	/* In pieces; one without an end hides no more than its line. */
	out(0, "a\x1b");
	out(0, "[2");
	out(0, "Jb\n\x1b[1;\nc\n\x1b[9\nd\x1b\x1b[me\n");
	expect("demo| ab\r\ndemo| \r\ndemo| c\r\ndemo| \r\ndemo| de\r\n");
	conmux_output(&m, 0, "\0\b\x0e\x7f\tz\n", 7);
	expect("demo| \tz\r\n");
}

static void test_not_ascii(void **state)
{
	(void)state;
	out(0, "\xc3\xa4 \xe2\x82\xac\n");
	expect("demo| ?? ???\r\n");
	/* Control characters in disguise: U+009B, a lone 0x9b, overlong ESC. */
	out(0, "\xc2\x9b"
	       "2J\x9b"
	       "2J\xc0\x9b[\xff\n");
	expect("demo| ??2J?2J??[?\r\n");
}

static void test_focus(void **state)
{
	(void)state;
	out(1, "booting\n/ # ");
	conmux_tick(&m, 50);
	expect("linux| booting\r\nlinux| / # ");
	assert_int_equal(ctrl_a('2').kind, CONMUX_NONE);
	/* The prompt is there again. */
	expect("\r\n" BANNER("linux") "/ # ");
	assert_ptr_equal(m.focus, &m.source[2]);
	struct conmux_action a = key('l');
	assert_int_equal(a.kind, CONMUX_DELIVER);
	assert_int_equal(a.vm, 1);
	assert_int_equal(a.byte, 'l');
	/* As it is, but for line ends and what changes a terminal for good. */
	conmux_output(&m, 1, "\x1b[1ml\x1b[0m\b\a\t\x0e\x05\0\x7f\xc3\xa4\r\nb\n\r", 23);
	expect("\x1b[1ml\x1b[0m\b\a\t\x7f\xc3\xa4\r\r\nb\r\n\r");
	/* Ctrl-a itself. */
	a = ctrl_a('a');
	assert_true(a.kind == CONMUX_DELIVER && a.vm == 1 && a.byte == 1);
	a = ctrl_a(1);
	assert_true(a.kind == CONMUX_DELIVER && a.vm == 1 && a.byte == 1);
	/* The others wait, until the overview shows them. */
	out(0, "tick\nta");
	conmux_log(&m, "quiet", false);
	conmux_tick(&m, 5000);
	assert_false(conmux_waiting(&m));
	out(1, "# ");
	expect("# ");
	ctrl_a('0');
	assert_null(m.focus);
	expect("\x1b[0m\r\n" OVERVIEW "mullion| quiet\r\ndemo| tick\r\n");
	out(0, "ck\n");
	/* linux's prompt was seen: its newline alone is none. */
	out(1, "\nls\n");
	expect("demo| tack\r\nlinux| ls\r\n");
}

static void test_urgent(void **state)
{
	(void)state;
	conmux_log(&m, "early", true);
	expect("mullion| early\r\n");
	ctrl_a('1');
	out(0, "ok\n> type");
	expect(BANNER("demo") "ok\r\n> type");
	/* On a line of its own, and the prompt again. */
	conmux_log(&m, "linux died", true);
	expect("\r\nmullion| linux died\r\n> type");
	out(0, "d\x1b[7m");
	conmux_log(&m, "again", true);
	expect("d\x1b[7m\x1b[0m\r\nmullion| again\r\n> typed\x1b[7m");
	/* Not a second time in the overview. */
	ctrl_a('0');
	expect("\x1b[0m\r\n" OVERVIEW);
}

static void test_switch(void **state)
{
	(void)state;
	ctrl_a('1');
	out(0, "demo text\n$ ");
	out(1, "hidden\nlast");
	expect(BANNER("demo") "demo text\r\n$ ");
	ctrl_a('2');
	/* What was not shown yet, as it is. */
	expect("\r\n" BANNER("linux") "hidden\r\nlast");
	out(0, "later\n");
	ctrl_a('2');
	expect("\r\n" BANNER("linux") "last");
	ctrl_a('0');
	expect("\r\n" OVERVIEW "demo| later\r\n");
	ctrl_a('0');
	expect(OVERVIEW);
	/* Held back as the focus came, and shown in it: not again. */
	out(1, "abc");
	ctrl_a('2');
	ctrl_a('0');
	conmux_tick(&m, 100000);
	expect(BANNER("linux") "lastabc\r\n" OVERVIEW);
}

static void test_backlog(void **state)
{
	char line[32];

	(void)state;
	ctrl_a('1');
	/* 500 lines of 10 bytes: 4096 of 5000 are kept. */
	for (unsigned i = 0; i < 500; i++) {
		snprintf(line, sizeof(line), "line %04u\n", i);
		out(1, line);
	}
	expect(BANNER("demo"));
	ctrl_a('0');
	assert_non_null(
		strstr(seen, OVERVIEW
		       "linux| (904 bytes were not kept)\r\nlinux|  0090\r\nlinux| line 0091\r\n"));
	assert_non_null(strstr(seen, "linux| line 0499\r\n"));
	seen_len = 0;
	/* Without any line end, what is there is shown. */
	ctrl_a('1');
	for (unsigned i = 0; i < 1000; i++)
		out(1, "0123456789");
	ctrl_a('2');
	assert_int_equal(seen_len, 2 * strlen(BANNER("linux")) - 1 + CONMUX_BACKLOG);
	assert_string_equal(seen + seen_len - 10, "0123456789");
}

static void test_keys(void **state)
{
	(void)state;
	ctrl_a('?');
	assert_non_null(strstr(seen, "mullion| Ctrl-a 2  keyboard and terminal to linux\r\n"));
	assert_non_null(strstr(seen, "mullion| Ctrl-a x"));
	seen_len = 0;
	ctrl_a('3');
	expect("mullion| there is no VM 3; Ctrl-a ? lists them\r\n");
	ctrl_a('q');
	expect("mullion| no such key; Ctrl-a ? lists them\r\n");
	/* Power-off wants a y. */
	assert_int_equal(ctrl_a('x').kind, CONMUX_NONE);
	assert_non_null(strstr(seen, "y does it, any other key does not\r\n"));
	seen_len = 0;
	assert_int_equal(key('x').kind, CONMUX_NONE);
	expect("mullion| the machine stays on\r\n");
	ctrl_a('x');
	assert_int_equal(key('y').kind, CONMUX_POWEROFF);
	/* A plain y is none. */
	ctrl_a('1');
	assert_int_equal(key('y').kind, CONMUX_DELIVER);
}

static void test_nowhere(void **state)
{
	static const char hint[] = "mullion| no VM has the keyboard: Ctrl-a and a digit give it to "
				   "one, Ctrl-a ? lists the keys\r\n";

	(void)state;
	key('a');
	key('b');
	expect("");
	assert_int_equal(key('\r').kind, CONMUX_NONE);
	expect(hint);
	key('\n');
	expect(hint);
	key(1);
	assert_int_equal(key('a').kind, CONMUX_NONE);
	expect("");
}

static void test_limits(void **state)
{
	static char name[CONFIG_MAX_VMS][CONFIG_NAME_MAX];

	(void)state;
	for (unsigned i = 2; i < CONFIG_MAX_VMS; i++) {
		snprintf(name[i], sizeof(name[i]), "vm%u", i);
		conmux_add(&m, name[i]);
	}
	assert_int_equal(m.count, CONMUX_SOURCES);
	out(15, "x\n");
	expect("vm15| x\r\n");
	conmux_focus(&m, 15);
	expect(BANNER("vm15"));
	out(16, "nobody\n");
	expect("");
}

/*
 * Any bytes from any VM: in the overview each line on the terminal starts with
 * a name and holds nothing that a terminal obeys.
 */
static void test_random(void **state)
{
	static const char bytes[] = "ab \t\r\n\n\x1b[];?0\a\\\x9b\xc2\xe2\x82\xac\x7f\x0e";
	char chunk[40];

	(void)state;
	srand(2);
	for (unsigned round = 0; round < 20000; round++) {
		size_t n = (size_t)rand() % sizeof(chunk);

		for (size_t i = 0; i < n; i++)
			chunk[i] = bytes[(size_t)rand() % (sizeof(bytes) - 1)];
		conmux_output(&m, (unsigned)rand() % 2, chunk, n);
		if (rand() % 8 == 0)
			conmux_tick(&m, round);
		if (rand() % 64)
			continue;
		conmux_log(&m, "end", false);
		for (char *line = seen; *line;) {
			char *end = strstr(line, "\r\n");

			assert_non_null(end);
			*end = '\0';
			assert_true(!strncmp(line, "demo| ", 6) || !strncmp(line, "linux| ", 7) ||
				    !strcmp(line, "mullion| end"));
			for (char *c = line; *c; c++)
				assert_true((*c >= ' ' && *c <= '~') || *c == '\t');
			line = end + 2;
		}
		seen_len = 0;
		seen[0] = '\0';
	}
}

static void mon(const char *text)
{
	conmux_monitor(&m, text, strlen(text));
}

static void test_monitor(void **state)
{
	(void)state;
	mon("nobody looks");
	expect("");
	out(0, "part");
	struct conmux_action a = ctrl_a('m');
	assert_true(a.kind == CONMUX_MONITOR && a.byte == 0);
	assert_true(conmux_monitored(&m));
	expect(BANNER("monitor"));
	mon("> a\nb\b\x0e");
	expect("> a\r\nb\b");
	a = key('x');
	assert_true(a.kind == CONMUX_MONITOR && a.byte == 'x');
	a = ctrl_a('a');
	assert_true(a.kind == CONMUX_MONITOR && a.byte == 1);
	/* The log and the VMs wait, but what is urgent; the prompt is the monitor's business. */
	conmux_log(&m, "quiet", false);
	out(0, "ial\n");
	out(1, "text\n");
	conmux_tick(&m, 10000);
	assert_false(conmux_waiting(&m));
	expect("");
	conmux_log(&m, "urgent", true);
	expect("\r\nmullion| urgent\r\n");
	a = ctrl_a('#');
	assert_true(a.kind == CONMUX_MONITOR && a.byte == 0);
	expect("mullion| no such key; Ctrl-a ? lists them\r\n");
	ctrl_a('0');
	assert_false(conmux_monitored(&m));
	expect(OVERVIEW "mullion| quiet\r\ndemo| partial\r\nlinux| text\r\n");
	/* To a VM without a key. */
	ctrl_a('m');
	expect(BANNER("monitor"));
	conmux_focus(&m, 2);
	conmux_focus(&m, UINT32_MAX);
	assert_true(conmux_monitored(&m));
	conmux_focus(&m, 1);
	expect(BANNER("linux"));
	a = key('y');
	assert_true(a.kind == CONMUX_DELIVER && a.vm == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_lines, setup),
		cmocka_unit_test_setup(test_partial_lines, setup),
		cmocka_unit_test_setup(test_long_line, setup),
		cmocka_unit_test_setup(test_carriage_return, setup),
		cmocka_unit_test_setup(test_escapes, setup),
		cmocka_unit_test_setup(test_not_ascii, setup),
		cmocka_unit_test_setup(test_focus, setup),
		cmocka_unit_test_setup(test_urgent, setup),
		cmocka_unit_test_setup(test_switch, setup),
		cmocka_unit_test_setup(test_backlog, setup),
		cmocka_unit_test_setup(test_keys, setup),
		cmocka_unit_test_setup(test_nowhere, setup),
		cmocka_unit_test_setup(test_limits, setup),
		cmocka_unit_test_setup(test_random, setup),
		cmocka_unit_test_setup(test_monitor, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
