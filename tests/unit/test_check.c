/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mullion-check: its statuses and output, and that the documentation has every key. */
/* sources: kernel/config.c kernel/config_key.c kernel/grant.c */
/* sources: kernel/place.c kernel/words.c kernel/print.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

int check_main(int argc, char **argv);

#define main check_main
#include "tools/mullion-check.c"
#undef main

static char out[65536], err[16384];

static int capture(int fd, FILE *to)
{
	int saved = dup(fd);

	assert_true(saved >= 0 && dup2(fileno(to), fd) == fd);
	return saved;
}

static void release(int fd, int saved, FILE *from, char *text, size_t size)
{
	dup2(saved, fd);
	close(saved);
	rewind(from);
	text[fread(text, 1, size - 1, from)] = '\0';
	fclose(from);
}

/* Up to four arguments. */
static int run(const char *a, const char *b, const char *c, const char *d)
{
	const char *args[] = {"mullion-check", a, b, c, d, NULL};
	FILE *to_out = tmpfile(), *to_err = tmpfile();
	int saved_out, saved_err, status, argc = 1;
	char *argv[6];

	while (args[argc])
		argc++;
	for (int i = 0; i <= argc; i++)
		argv[i] = args[i] ? strdup(args[i]) : NULL;
	fflush(NULL);
	saved_out = capture(1, to_out);
	saved_err = capture(2, to_err);
	optind = 0; /* getopt: from the start again */
	status = check_main(argc, argv);
	fflush(NULL);
	release(1, saved_out, to_out, out, sizeof(out));
	release(2, saved_err, to_err, err, sizeof(err));
	for (int i = 0; i < argc; i++)
		free(argv[i]);
	return status;
}

static const char *write_file(const char *text)
{
	static char path[] = "/tmp/mullion-check-XXXXXX";
	int fd;

	memset(path + sizeof(path) - 7, 'X', 6);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static void test_documentation(void **state)
{
	static const char begin[] = "a test compares them. -->\n",
			  end[] = "<!-- End of the keys. -->";
	static char doc[65536];
	FILE *f = fopen("docs/configuration.md", "rb");
	char *from, *to;

	(void)state;
	assert_non_null(f);
	doc[fread(doc, 1, sizeof(doc) - 1, f)] = '\0';
	fclose(f);
	from = strstr(doc, begin);
	assert_non_null(from);
	from += strlen(begin);
	to = strstr(from, end);
	assert_non_null(to);
	*to = '\0';
	assert_int_equal(run("--keys", NULL, NULL, NULL), 0);
	assert_string_equal(from, out);
}

static void test_shipped_configuration(void **state)
{
	(void)state;
	for (unsigned cores = 1; cores <= 4; cores++) {
		char n[4];

		snprintf(n, sizeof(n), "%u", cores);
		assert_int_equal(run("--cores", n, "guests/mullion.conf", NULL), 0);
		assert_string_equal(err, "");
		assert_non_null(strstr(out, "2 of 2 VMs"));
	}
}

static void test_refusals(void **state)
{
	const char *path = write_file("[vm a]\nkernel = /k\nmemroy = 3M\n[vm b]\nkernel = /k\n");
	char want[256];

	(void)state;
	assert_int_equal(run(path, NULL, NULL, NULL), 1);
	snprintf(
		want, sizeof(want),
		"%s:3: unknown key \"memroy\": did you mean \"memory\"? Mend or remove the line.\n",
		path);
	assert_string_equal(err, want);
	assert_non_null(strstr(out, "1 of 2 VMs"));
	assert_non_null(strstr(out, "a (linux): refused, see above\n"));
	assert_int_equal(run("--memory", "126M", path, NULL), 1);
	assert_non_null(strstr(err, ":4: b asks for 128M"));
	unlink(path);

	path = write_file("[mullion]\nstrict = yes\n[vm a]\n[vm b]\nkernel = /k\n");
	assert_int_equal(run(path, NULL, NULL, NULL), 1);
	assert_non_null(strstr(out, "0 of 2 VMs"));
	assert_non_null(strstr(out, "b (linux): not started, because of strict = yes\n"));
	unlink(path);

	path = write_file("");
	assert_int_equal(run(path, NULL, NULL, NULL), 1);
	assert_non_null(strstr(out, "The file is refused"));
	unlink(path);
}

static void test_json(void **state)
{
	const char *path = write_file("[core 0]\npolicy = fair\n[vm a]\nkernel = /k\ncmdline = "
				      "q\\ \xc3\xa4\xff\tx\n");

	(void)state;
	assert_int_equal(run("--json", "--cores", "1", path), 0);
	assert_non_null(strstr(out, "\"diagnostics\": []"));
	assert_non_null(strstr(out, "\"kernel\": \"\\\\k\", \"initrd\": null"));
	assert_non_null(strstr(out, "\"cmdline\": \"q\\\\ \xc3\xa4\\ufffd\\u0009x\""));
	assert_non_null(strstr(out, "\"cores\": [0]"));
	assert_non_null(strstr(out, "\"cores\": [\"fair\"]"));
	unlink(path);
}

static void test_partition(void **state)
{
	const char *path =
		write_file("monitor = com2\n"
			   "[core 1]\npolicy = budget\n"
			   "[core 2]\npolicy = cyclic\nframe = 20000\n"
			   "windows = a 5000, idle 2000, b 3000\nslack = yes\n"
			   "[core 3]\npolicy = cyclic\nframe = 500\nwindows = b 500\n"
			   "[vm a]\nkernel = /k\nvcpus = 3\ncores = 2,1\nbudget = 1000\n"
			   "period = 3000\non_crash = restart\nwatchdog = yes\n"
			   "learn = yes\norder = 7\nallow_msr = 0x140 read\n"
			   "allow_port = 0x378-0x37a read write\n"
			   "allow_pci = 00:1f.2 read\n"
			   "[vm b]\nkernel = /k\ncores = 2-3\nvcpus = 2\nautostart = no\n"
			   "allow_port = 0x80 write\n");
	static const char *const text[] = {
		"2 of 2 VMs",
		"  vCPU 0   core 2, cyclic\n  vCPU 1   core 1, budget, 33.33 % (1000 us in 3000 "
		"us)\n"
		"  vCPU 2   core 2, cyclic\n  start    by itself, order 7\n  on crash restart\n"
		"  watchdog the guest may arm one\n"
		"  learn    what policy refuses is kept for the monitor\n"
		"  allowed  MSR 0x140, read\n  allowed  port 0x378-0x37a, read and write\n"
		"  allowed  PCI 00:1f.2, read\n",
		"  start    by hand\n  allowed  port 0x80, write\n",
		"  0   free\n  1   budget: a (33.33 %)\n  2   cyclic: a and a and b\n"
		"      frame of 20000 us\n"
		"             0 to     5000  a\n"
		"          5000 to     7000  idle: for whoever can run\n"
		"          7000 to    10000  b\n"
		"         10000 to    20000  idle: for whoever can run\n"
		"  3   cyclic: b\n      frame of 500 us\n             0 to      500  b\n\n",
		"\nmonitor\n  on com2, for programs\n",
	};
	static const char *const json[] = {
		"\"monitor\": \"com2\"",
		"\"on_crash\": \"restart\", \"autostart\": true, \"order\": 7, \"watchdog\": true, "
		"\"learn\": true",
		"\"vcpus\": 3, \"weight\": 1, \"budget\": 1000, \"period\": 3000, \"percent\": "
		"33.33, "
		"\"grants\": [{\"kind\": \"MSR\", \"range\": \"0x140\", \"read\": true, \"write\": "
		"false}, {\"kind\": \"port\", \"range\": \"0x378-0x37a\", \"read\": true, "
		"\"write\": "
		"true}, {\"kind\": \"PCI\", \"range\": \"00:1f.2\", \"read\": true, \"write\": "
		"false}], \"cores\": [2, 1, 2]}",
		"\"autostart\": false",
		"\"cores\": [\"fair\", \"budget\", \"cyclic\", \"cyclic\"]",
		"\"cyclic\": [\n    {\"core\": 2, \"frame\": 20000, \"slack\": true, \"windows\": "
		"[{\"vm\": \"a\", \"us\": 5000}, {\"vm\": null, \"us\": 2000}, {\"vm\": \"b\", "
		"\"us\": 3000}]},\n    {\"core\": 3, \"frame\": 500, \"slack\": false, "
		"\"windows\": [{\"vm\": \"b\", \"us\": 500}]}]\n}\n",
	};

	(void)state;
	assert_int_equal(run(path, NULL, NULL, NULL), 0);
	assert_string_equal(err, "");
	for (unsigned i = 0; i < ARRAY_SIZE(text); i++)
		if (!strstr(out, text[i]))
			fail_msg("%s\nis not in\n%s", text[i], out);
	assert_int_equal(run("--json", path, NULL, NULL), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(json); i++)
		if (!strstr(out, json[i]))
			fail_msg("%s\nis not in\n%s", json[i], out);
	unlink(path);
}

/* The example of the documentation is in order, and has every policy. */
static void test_example(void **state)
{
	static char doc[65536];
	FILE *f = fopen("docs/configuration.md", "rb");
	const char *path;
	char *from, *to;

	(void)state;
	assert_non_null(f);
	doc[fread(doc, 1, sizeof(doc) - 1, f)] = '\0';
	fclose(f);
	from = strstr(doc, "```ini\n");
	assert_non_null(from);
	from += strlen("```ini\n");
	to = strstr(from, "```");
	assert_non_null(to);
	*to = '\0';
	path = write_file(from);
	assert_int_equal(run(path, NULL, NULL, NULL), 0);
	assert_string_equal(err, "");
	for (unsigned i = POLICY_DEDICATED; i <= POLICY_CYCLIC; i++) {
		char want[32];

		snprintf(want, sizeof(want), "  %s: ", policy_name[i]);
		assert_non_null(strstr(out, want));
	}
	unlink(path);
}

static void test_usage(void **state)
{
	(void)state;
	assert_int_equal(run(NULL, NULL, NULL, NULL), 2);
	assert_int_equal(run("a", "b", NULL, NULL), 2);
	assert_int_equal(run("--nonsense", NULL, NULL, NULL), 2);
	assert_int_equal(run("--cores", "0", "x", NULL), 2);
	assert_int_equal(run("--cores", "65", "x", NULL), 2);
	assert_int_equal(run("--memory", "7", "x", NULL), 2);
	assert_int_equal(run("--memory", "99999999999999G", "x", NULL), 2);
	assert_int_equal(run("/nonexistent/mullion.conf", NULL, NULL, NULL), 2);
	assert_non_null(strstr(err, "/nonexistent/mullion.conf"));
	assert_int_equal(run("--help", NULL, NULL, NULL), 0);
	assert_non_null(strstr(out, "--json"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documentation), cmocka_unit_test(test_shipped_configuration),
		cmocka_unit_test(test_refusals),      cmocka_unit_test(test_json),
		cmocka_unit_test(test_partition),     cmocka_unit_test(test_example),
		cmocka_unit_test(test_usage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
