/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration parser: what it accepts, each refusal word for word, and its limits. */
/* sources: kernel/config.c kernel/config_key.c kernel/grant.c */
/* sources: kernel/words.c kernel/print.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/config.h"
#include "kernel/errno.h"

static struct config c;
static char said[16384];
static unsigned sentences;

void config_diag(unsigned line, const char *sentence)
{
	size_t n = strlen(said);

	for (const char *s = sentence; *s; s++)
		assert_in_range(*s, ' ', '~');
	assert_true(strlen(sentence) < CONFIG_SENTENCE - 1); /* not cut */
	snprintf(said + n, sizeof(said) - n, "%u: %s\n", line, sentence);
	sentences++;
}

static int parse_bytes(const char *text, size_t n)
{
	/* Exactly as large as the file: a read beyond it is caught. */
	char *copy = malloc(n ? n : 1);
	int err;

	memcpy(copy, text, n);
	said[0] = '\0';
	sentences = 0;
	memset(&c, 0xa5, sizeof(c));
	err = config_parse(&c, copy, n);
	free(copy);
	/* That there are more is no mistake of its own. */
	assert_int_equal(sentences, c.errors > 20 ? 21 : c.errors);
	if (err)
		assert_int_equal(c.vm_count, 0);
	return err;
}

static int parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

#define K       "kernel = /k\n"
#define VM(txt) "[vm demo]\n" K txt "\n"

/* One mistake in line 3, in a VM: this sentence, and this VM refused. */
static void refuses(const char *line3, const char *sentence)
{
	char text[4096], want[512];

	snprintf(text, sizeof(text), VM("%s") "[vm other]\n" K, line3);
	snprintf(want, sizeof(want), "3: %s\n", sentence);
	assert_int_equal(parse(text), 0);
	assert_string_equal(said, want);
	assert_int_equal(c.vm_count, 2);
	assert_true(c.vm[0].refused);
	assert_false(c.vm[1].refused);
}

/* The same, outside: the file is refused. */
static void refuses_file(const char *text, const char *want)
{
	assert_int_equal(parse(text), -EINVAL);
	assert_string_equal(said, want);
}

static void accepts(const char *line3)
{
	char text[4096];

	snprintf(text, sizeof(text), VM("%s"), line3);
	assert_int_equal(parse(text), 0);
	assert_string_equal(said, "");
	assert_int_equal(c.vm_count, 1);
	assert_false(c.vm[0].refused);
}

static void test_whole(void **state)
{
	static const char text[] = "# two guests\r\n"
				   "[mullion]\r\n"
				   "strict = yes\r\n"
				   "\r\n"
				   "\t[ core  1 ] \r\n"
				   "policy=dedicated\r\n"
				   "[core 3]\r\n"
				   "  policy  =  fair  \r\n"
				   "[core 4]\r\n"
				   "[vm demo-1]\r\n"
				   "type = pv\r\n"
				   "kernel = \\mullion\\demo.elf\r\n"
				   "disk=/mullion/demo disk.img\r\n"
				   "vcpus = 1\r\n"
				   "cores = 3\r\n"
				   "weight = 1000\r\n"
				   "\r\n"
				   "; ---\r\n"
				   "[vm Linux_2]\r\n"
				   "kernel = /vmlinuz\r\n"
				   "initrd = /initrd.img\r\n"
				   "cmdline = console=ttyS0 a#b x=\"1 2\" # this, too\r\n"
				   "memory = 1G";

	(void)state;
	assert_int_equal(parse(text), 0);
	assert_string_equal(said, "");
	assert_true(c.strict);
	assert_int_equal(c.core[0].line, 0);
	assert_int_equal(c.core[0].policy, POLICY_AUTO);
	assert_int_equal(c.core[1].line, 5);
	assert_int_equal(c.core[1].policy, POLICY_DEDICATED);
	assert_int_equal(c.core[2].policy, POLICY_AUTO);
	assert_int_equal(c.core[3].policy, POLICY_FAIR);
	assert_int_equal(c.core[4].line, 9);
	assert_int_equal(c.core[4].policy, POLICY_AUTO);
	assert_int_equal(c.vm_count, 2);

	const struct config_vm *v = &c.vm[0];
	assert_string_equal(v->name, "demo-1");
	assert_int_equal(v->line, 10);
	assert_int_equal(v->type, VM_PV);
	assert_string_equal(v->kernel.path, "\\mullion\\demo.elf");
	assert_int_equal(v->kernel.line, 12);
	assert_string_equal(v->disk.path, "\\mullion\\demo disk.img");
	assert_int_equal(v->disk.line, 13);
	assert_int_equal(v->initrd.line, 0);
	assert_int_equal(v->vcpus_line, 14);
	assert_int_equal(v->core_count, 1);
	assert_int_equal(v->cores[0], 3);
	assert_int_equal(v->cores_line, 15);
	assert_int_equal(v->weight, 1000);
	assert_int_equal(v->memory, MIB(128));
	assert_int_equal(v->memory_line, 0);

	v = &c.vm[1];
	assert_string_equal(v->name, "Linux_2");
	assert_int_equal(v->type, VM_LINUX);
	assert_string_equal(v->initrd.path, "\\initrd.img");
	assert_string_equal(v->cmdline, "console=ttyS0 a#b x=\"1 2\" # this, too");
	assert_int_equal(v->memory, GIB(1));
	assert_int_equal(v->memory_line, 23);
	assert_int_equal(v->vcpus, 1);
	assert_int_equal(v->weight, 1);
	assert_int_equal(v->core_count, 0);
	assert_int_equal(v->autostart, 1);
	assert_int_equal(v->on_crash, ON_CRASH_STOP);
	assert_int_equal(v->order | v->watchdog | v->learn | v->budget | v->period, 0);
	assert_int_equal(v->grant_count, 0);
	assert_int_equal(c.monitor, MONITOR_NONE);
}

static void test_values(void **state)
{
	(void)state;
	accepts("cmdline =");
	assert_string_equal(c.vm[0].cmdline, "");
	accepts("cmdline = = \xc3\xa4 = ]");
	assert_string_equal(c.vm[0].cmdline, "= \xc3\xa4 = ]");
	accepts("memory = 2048k");
	assert_int_equal(c.vm[0].memory, MIB(2));
	accepts("memory = 1024g");
	assert_int_equal(c.vm[0].memory, GIB(1024));
	accepts("memory = 00064m");
	assert_int_equal(c.vm[0].memory, MIB(64));
	accepts("cores = auto");
	assert_int_equal(c.vm[0].core_count, 0);
	accepts("cores = 63");
	assert_int_equal(c.vm[0].cores[0], 63);
	accepts("cores = 0");
	assert_int_equal(c.vm[0].core_count, 1);
	assert_int_equal(c.vm[0].cores[0], 0);
	accepts("initrd = \\a/b");
	assert_string_equal(c.vm[0].initrd.path, "\\a\\b");
	accepts("weight = 0001");
	assert_int_equal(c.vm[0].weight, 1);
}

#define KEYS                                                                                       \
	"type, boot, cpu_model, kernel, initrd, module, disk, net, console, cmdline, memory, "     \
	"balloon, vcpus, "                                                                         \
	"cores, "                                                                                  \
	"weight, "                                                                                 \
	"budget, period, "                                                                         \
	"on_crash, autostart, order, watchdog, learn, debug-exit, apicv, allow_msr, allow_port, "  \
	"allow_pci. Mend or "                                                                      \
	"remove the line."

static void test_refused_keys(void **state)
{
	static const char *const near[][2] = {
		{"memroy", "memory"},  {"mem", "memory"},       {"meory", "memory"},
		{"memmory", "memory"}, {"mamory", "memory"},    {"emory", "memory"},
		{"memor", "memory"},   {"cpus", "vcpus"},       {"core", "cores"},
		{"disc", "disk"},      {"initramfs", "initrd"}, {"Type", "type"}};
	static const char *const far[] = {"policy", "strict", "qqq", "x", "MEMORY", "desk top"};
	char line[64], want[320];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(near); i++) {
		snprintf(line, sizeof(line), "%s = 64M", near[i][0]);
		snprintf(want, sizeof(want),
			 "unknown key \"%s\": did you mean \"%s\"? Mend or remove the line.",
			 near[i][0], near[i][1]);
		refuses(line, want);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(far); i++) {
		snprintf(line, sizeof(line), "%s = fair", far[i]);
		snprintf(want, sizeof(want), "unknown key \"%s\": expected one of " KEYS, far[i]);
		refuses(line, want);
	}
	refuses("\xc3\xa4\xff = 1", "unknown key \"\\xc3\\xa4\\xff\": expected one of " KEYS);
	refuses("1234567890123456789012345678901234567890 = 1",
		"unknown key \"1234567890123456789012345678901234567...\": expected one of " KEYS);
	refuses(K, "kernel is given again, first in line 2. Remove one of the two lines.");
	refuses("just words", "\"just words\": expected key = value, a [section] or a # comment. "
			      "Mend or remove the line.");
	refuses("= 5", "\"= 5\": expected key = value, a [section] or a # comment. Mend or remove "
		       "the line.");
}

/* A refused line says what it holds, and what its key takes. */
static void expects(const char *key, const char *value, const char *expected)
{
	char line[2048], want[512];

	snprintf(line, sizeof(line), "%s = %s", key, value);
	snprintf(want, sizeof(want), "%s = \"%s\": expected %s. Mend the value or remove the line.",
		 key, value, expected);
	refuses(line, want);
}

static void test_refused_words(void **state)
{
	(void)state;
	refuses("type = linx",
		"unknown type \"linx\": did you mean \"linux\"? Mend or remove the line.");
	refuses("type = windows",
		"unknown type \"windows\": expected one of linux, pv, pc. Mend or "
		"remove the line.");
	refuses("type =",
		"unknown type \"\": expected one of linux, pv, pc. Mend or remove the line.");
	refuses("type = Linux",
		"unknown type \"Linux\": did you mean \"linux\"? Mend or remove the "
		"line.");
}

static void test_refused_numbers(void **state)
{
	/* The last two would be 0 and 2M in 64 bits. */
	static const char *const memory[] = {"",
					     "64",
					     "64MB",
					     "M",
					     "-64M",
					     "0x40M",
					     "6 4M",
					     "64 M",
					     "1.5G",
					     "0M",
					     "1M",
					     "2047K",
					     "1025G",
					     "3M",
					     "2049K",
					     "64M # half",
					     "18446744073709551616K",
					     "18014398509483008K"};
	static const char *const weight[] = {"0",    "1001", "-1",         "1x",
					     "auto", "",     "4294967297", "18446744073709551617"};
	static const char *const core[] = {
		"64",     "-1",           "a",     "",     "4294967296", "1,",  ",1",  "1,,2",
		"1-",     "3-1",          "1-64",  "0-16", "0-15,16",    "1 2", "0x1", "1-2-3",
		"auto,1", "0-4294967295", "1,auto"};
	static const char *const vcpus[] = {"0", "17", "auto", ""};
	static const char *const us[] = {"9", "1000001", "3ms", "-1", ""};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(memory); i++)
		expects("memory", memory[i], "2M to 1024G, a multiple of 2M, such as 64M");
	for (unsigned i = 0; i < ARRAY_SIZE(weight); i++)
		expects("weight", weight[i], "a whole number from 1 to 1000");
	for (unsigned i = 0; i < ARRAY_SIZE(core); i++)
		expects("cores", core[i],
			"auto or up to 16 numbers of cores, 0 to 63, such as 1 or 0,2-3");
	for (unsigned i = 0; i < ARRAY_SIZE(vcpus); i++)
		expects("vcpus", vcpus[i], "a whole number from 1 to 16");
	for (unsigned i = 0; i < ARRAY_SIZE(us); i++) {
		expects("budget", us[i], "a whole number of microseconds from 10 to 1000000");
		expects("period", us[i], "a whole number of microseconds from 100 to 1000000");
	}
	expects("period", "99", "a whole number of microseconds from 100 to 1000000");
	expects("order", "1001", "a whole number from 0 to 1000");
}

#define A_PATH                                                                                     \
	"a path such as \\mullion\\vmlinuz, at most 127 ASCII characters, of a file on the boot "  \
	"volume"

static void test_refused_paths(void **state)
{
	static const char *const bad[] = {"boot/x", "", "/", "/dir/", "\\a\\\\b", "//a", "\"/a\""};
	char line[300], want[512];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		expects("initrd", bad[i], A_PATH);
	refuses("initrd = /\xc3\xa4", "initrd = \"/\\xc3\\xa4\": expected " A_PATH
				      ". Mend the value or remove the line.");
	/* 127 characters fit, 128 do not; what is echoed is cut. */
	snprintf(line, sizeof(line), "initrd = /%0126d", 0);
	accepts(line);
	assert_int_equal(strlen(c.vm[0].initrd.path), CONFIG_PATH_MAX - 1);
	snprintf(line, sizeof(line), "initrd = /%0127d", 0);
	snprintf(want, sizeof(want),
		 "initrd = \"/%036d...\": expected " A_PATH ". Mend the value or remove the line.",
		 0);
	refuses(line, want);
}

static void test_long_cmdline(void **state)
{
	char line[1200], want[256];

	(void)state;
	snprintf(line, sizeof(line), "cmdline = %01023d", 7);
	accepts(line);
	assert_int_equal(strlen(c.vm[0].cmdline), CONFIG_CMDLINE_MAX - 1);
	snprintf(line, sizeof(line), "cmdline = %01024d", 7);
	snprintf(want, sizeof(want),
		 "cmdline = \"%037d...\": expected at most 1023 bytes. Mend the value or remove "
		 "the line.",
		 0);
	refuses(line, want);
}

static void test_whole_vm(void **state)
{
	(void)state;
	/* Judged when the section is complete; the other VM is not touched. */
	assert_int_equal(parse("[vm a]\nmemory = 2M\n[vm b]\n" K "type = pv\ninitrd = /i\n"
			       "[vm c]\n" K "net = lan\ntype = pv\n[vm d]\n" K),
			 0);
	assert_string_equal(
		said, "1: [vm a] names no kernel. Add a line such as kernel = \\mullion\\vmlinuz.\n"
		      "6: b is of type pv, which has no use for this. Remove the line or mend the "
		      "type.\n"
		      "9: c is of type pv, which has no use for this. Remove the line or mend "
		      "the "
		      "type.\n");
	assert_int_equal(c.vm_count, 4);
	assert_true(c.vm[0].refused && c.vm[1].refused && c.vm[2].refused);
	assert_false(c.vm[3].refused);
	refuses("allow_pci = 00:1f.0 read\ntype = pv",
		"demo is of type pv, which has no PCI bus. Remove the line.");
	/* A value that was refused is not complained about in another form. */
	assert_int_equal(parse("[vm a]\nkernel = k\ntype = vp\ndisk = /d\n"), 0);
	assert_int_equal(sentences, 2);
}

static void test_disks(void **state)
{
	(void)state;
	assert_int_equal(parse("[vm a]\ntype = pv\n" K "disk = /d\n"
			       "[vm b]\ntype = pv\n" K "disk = \\d\n"
			       "[vm c]\nkernel = /d\n"
			       "[vm e]\ntype = pv\nkernel = /e\ndisk = /e\n"),
			 0);
	assert_string_equal(
		said, "8: \"\\d\" is named in line 4 already: what is the disk of a VM is of "
		      "no other use. Make a copy of the file.\n"
		      "10: \"\\d\" is named in line 4 already: what is the disk of a VM is of "
		      "no other use. Make a copy of the file.\n"
		      "10: \"\\d\" is named in line 8 already: what is the disk of a VM is of "
		      "no other use. Make a copy of the file.\n"
		      "14: \"\\e\" is named in line 13 already: what is the disk of a VM is of "
		      "no other use. Make a copy of the file.\n");
	assert_false(c.vm[0].refused);
	assert_true(c.vm[1].refused && c.vm[2].refused && c.vm[3].refused);
	/* The disk may come last; what is only read may be shared. */
	assert_int_equal(parse("[vm a]\n" K "initrd = /i\n[vm b]\n" K "initrd = /i\n"
			       "[vm c]\ntype = pv\ndisk = /i\nkernel = /k\n"),
			 0);
	assert_string_equal(said,
			    "9: \"\\i\" is named in line 3 already: what is the disk of a VM is of "
			    "no other use. Make a copy of the file.\n"
			    "9: \"\\i\" is named in line 6 already: what is the disk of a VM is of "
			    "no other use. Make a copy of the file.\n");
	assert_false(c.vm[0].refused || c.vm[1].refused);
}

#define A_NAME                                                                                     \
	"a VM's name is 1 to 31 letters, digits, '-' and '_', and not mullion or idle. Mend the "  \
	"name.\n"

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(parse("[vm a]\n" K "[vm a]\nnot looked at\n[vm b]\n" K "[vm ]\n[vm x y]\n"
			       "[vm a23456789012345678901234567890xx]\n"
			       "[vm a23456789012345678901234567890x]\n" K "[vm mullion]\n"
			       "[vm idle]\n"),
			 0);
	assert_string_equal(
		said, "3: [vm a] is there already, in line 1; this one is left out. Choose another "
		      "name.\n"
		      "7: [vm ]: " A_NAME "8: [vm x y]: " A_NAME
		      "9: [vm a23456789012345678901234567890xx]: " A_NAME
		      "12: [vm mullion]: " A_NAME "13: [vm idle]: " A_NAME);
	assert_int_equal(c.vm_count, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_false(c.vm[i].refused);
	assert_string_equal(c.vm[2].name, "a23456789012345678901234567890x");
}

static void test_too_many_vms(void **state)
{
	char text[2048];
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i <= CONFIG_MAX_VMS; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "[vm v%u]\n" K, i);
	assert_int_equal(parse(text), 0);
	assert_int_equal(c.vm_count, CONFIG_MAX_VMS);
	assert_string_equal(said, "33: [vm v16] is one VM too many: at most 16 fit. Remove one.\n");
}

static void test_sections(void **state)
{
	(void)state;
	refuses_file("[vn demo]\nx\n", "1: unknown section \"vn\": did you mean \"vm\"? Mend or "
				       "remove the line.\n");
	refuses_file(VM("") "[demo]\n",
		     "4: unknown section \"demo\": expected one of mullion, core, "
		     "vm. Mend or remove the line.\n");
	refuses_file("[]\n", "1: unknown section \"\": expected one of mullion, core, vm. Mend or "
			     "remove the line.\n");
	refuses_file("[vm demo\n" K,
		     "1: \"[vm demo\": expected nothing but a section such as [core "
		     "1]. Mend the line.\n");
	refuses_file("[\n", "1: \"[\": expected nothing but a section such as [core 1]. Mend the "
			    "line.\n");
	refuses_file("[mullion] strict = yes\n",
		     "1: \"[mullion] strict = yes\": expected nothing "
		     "but a section such as [core 1]. Mend the line.\n");
	refuses_file("[mullion x]\n", "1: [mullion x]: expected [mullion]. Mend the line.\n");
	/* Above the first section, keys are those of [mullion]. */
	assert_int_equal(parse("strict = yes\n" VM("")), 0);
	assert_true(c.strict);
	refuses_file("strict = yes\nmore\n[vm a]\n" K,
		     "2: \"more\": expected key = value, a [section] or a # comment. Mend or "
		     "remove the line.\n");
	refuses_file("kernel = /k\n[vm a]\n" K,
		     "1: unknown key \"kernel\": expected one of strict, monitor. "
		     "Mend or remove the line.\n");
	refuses_file("[mullion]\nstrict = 1\n", "2: unknown strict \"1\": expected one of no, yes. "
						"Mend or remove the line.\n");
	refuses_file("[mullion]\nstrict = no\n[core 1]\n[mullion]\nstrict = no\n",
		     "5: strict is given again, first in line 2. Remove one of the two lines.\n");
	refuses_file("[mullion]\npolcy = fair\n",
		     "2: unknown key \"polcy\": expected one of strict, monitor. "
		     "Mend or remove the line.\n");
	refuses_file("[core 0]\npolicy = fare\n",
		     "2: unknown policy \"fare\": did you mean \"fair\"? "
		     "Mend or remove the line.\n");
	refuses_file("[core 3]\n[core 3]\n",
		     "2: core 3 is described twice, first in line 1. Remove one of the two.\n");
	static const char *const cores[] = {"", "64", "1-2", "x", "1,2", "-1", "4294967296"};
	for (unsigned i = 0; i < ARRAY_SIZE(cores); i++) {
		char text[64], want[256];

		snprintf(text, sizeof(text), "[core %s]\npolicy = fair\n", cores[i]);
		snprintf(want, sizeof(want),
			 "1: [core %s]: expected the number of a core, 0 to 63. Mend it.\n",
			 cores[i]);
		refuses_file(text, want);
	}
	/* A key counts anew in each section of its kind. */
	assert_int_equal(parse("[core 0]\npolicy = fair\n[core 63]\npolicy = fair\n" VM("")), 0);
	assert_int_equal(sentences, 0);
	assert_int_equal(c.core[63].policy, POLICY_FAIR);
}

static void test_no_text(void **state)
{
	static char big[CONFIG_MAX_SIZE + 1];
	char want[256];

	(void)state;
	refuses_file("", "0: no VM is described. Add a section [vm NAME] with a kernel.\n");
	refuses_file("[mullion]\n",
		     "0: no VM is described. Add a section [vm NAME] with a kernel.\n");
	/* UTF-16; a tab is none, nor are \r and bytes from 0x80 on. */
	assert_int_equal(parse_bytes("\n[\0v\0m\0", 7), -EINVAL);
	assert_string_equal(said, "2: this is not a text file: it holds a control character, 0x00. "
				  "Save it as plain text (ASCII or UTF-8, not UTF-16).\n");
	for (unsigned ch = 0; ch < 256; ch++) {
		char text[] = "wrong\n#\n#?";

		text[9] = (char)ch;
		if ((ch >= ' ' && ch != 0x7f) || ch == '\t' || ch == '\r' || ch == '\n')
			continue;
		assert_int_equal(parse_bytes(text, 10), -EINVAL);
		snprintf(
			want, sizeof(want),
			"3: this is not a text file: it holds a control character, 0x%02x. Save it "
			"as plain text (ASCII or UTF-8, not UTF-16).\n",
			ch);
		assert_string_equal(said, want);
	}
	assert_int_equal(parse("#\t\r\x80\xff\n" VM("")), 0);
	assert_int_equal(sentences, 0);
	/* The largest file, and one byte more. */
	memset(big, '\n', sizeof(big));
	memcpy(big, VM(""), strlen(VM("")));
	assert_int_equal(parse_bytes(big, CONFIG_MAX_SIZE), 0);
	assert_int_equal(sentences, 0);
	assert_int_equal(parse_bytes(big, CONFIG_MAX_SIZE + 1), -EINVAL);
	snprintf(want, sizeof(want),
		 "0: the file is larger than 64 KiB: it has 65537 bytes. "
		 "Shorten it, or put the right file in its place.\n");
	assert_string_equal(said, want);
}

static void test_many_mistakes(void **state)
{
	char text[4096] = VM("");
	size_t n = strlen(text);

	(void)state;
	for (unsigned i = 0; i < 25; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "wrong%u\n", i);
	assert_int_equal(parse(text), 0);
	assert_int_equal(c.errors, 25);
	assert_int_equal(sentences, 21);
	assert_non_null(strstr(said, "\n0: there are more mistakes. Mend those above.\n"));
	assert_non_null(strstr(said, "\"wrong19\""));
	assert_null(strstr(said, "\"wrong20\""));
}

static void test_life(void **state)
{
	(void)state;
	accepts("on_crash = restart\nautostart = no\norder = 1000\nwatchdog = yes\nlearn = yes\n"
		"budget = 10\nperiod = 1000000\nvcpus = 16\ncores = 0,2-3, 5 - 6 ,2");
	assert_int_equal(c.vm[0].on_crash, ON_CRASH_RESTART);
	assert_int_equal(c.vm[0].autostart, 0);
	assert_int_equal(c.vm[0].order, 1000);
	assert_int_equal(c.vm[0].watchdog, 1);
	assert_int_equal(c.vm[0].learn, 1);
	assert_int_equal(c.vm[0].budget, 10);
	assert_int_equal(c.vm[0].period, 1000000);
	assert_int_equal(c.vm[0].vcpus, 16);
	assert_int_equal(c.vm[0].core_count, 6);
	static const unsigned cores[] = {0, 2, 3, 5, 6, 2};
	assert_memory_equal(c.vm[0].cores, cores, sizeof(cores));
	accepts("cores = 48-63\nvcpus = 16");
	assert_int_equal(c.vm[0].cores[15], 63);
	accepts("balloon = yes");
	assert_int_equal(c.vm[0].balloon, 1);
	refuses("balloon = yes\ntype = pv", "demo is of type pv, which has no use for this. Remove "
					    "the line or mend the type.");
	assert_int_equal(c.vm[0].apicv, 1);
	accepts("on_crash = hold\nautostart = yes\nwatchdog = no\napicv = no");
	assert_int_equal(c.vm[0].apicv, 0);
	assert_int_equal(c.vm[0].balloon, 0);
	assert_int_equal(c.vm[0].on_crash, ON_CRASH_HOLD);
	assert_int_equal(c.vm[0].autostart, 1);
	refuses("on_crash = reboot",
		"unknown on_crash \"reboot\": expected one of stop, restart, hold. Mend or remove "
		"the line.");
	refuses("cores = 1-3", "demo names 3 cores, but has vcpus = 1. Name no more cores than it "
			       "has vCPUs, or write vcpus = 3.");
	refuses("budget = 10", "demo has a budget, but no period. Add one, or remove the line.");
	refuses("period = 100", "demo has a period, but no budget. Add one, or remove the line.");
	refuses("budget = 101\nperiod = 100", "demo asks for a budget of 101 us in a period of 100 "
					      "us (line 4). Make the budget no "
					      "longer than the period.");
	accepts("budget = 100\nperiod = 100");
	assert_int_equal(parse("monitor = com2\n" VM("")), 0);
	assert_int_equal(c.monitor, MONITOR_COM2);
	refuses_file("monitor = com1\n" VM(""), "1: unknown monitor \"com1\": did you mean "
						"\"com2\"? Mend or remove the line.\n");
}

#define CYCLIC "[core 5]\npolicy = cyclic\n"
#define WINDOWS                                                                                    \
	"1 to 16 windows such as a 5000, idle 2000: a VM's name or idle, and 50 to 10000000 "      \
	"microseconds"

static void test_cyclic(void **state)
{
	static const char *const bad[] = {"",
					  "a",
					  "5000",
					  "a 49",
					  "a 10000001",
					  "a 50,",
					  ",a 50",
					  "a 50,,b 50",
					  "a 50 60",
					  "a b 50",
					  "a -50",
					  "a 50us",
					  "a=50",
					  "a 50 b 50",
					  "a1234567890123456789012345678901 50",
					  "a 50,a 50,a 50,a 50,a 50,a 50,a 50,a 50,a 50,a 50,a "
					  "50,a 50,a 50,a 50,a 50,a 50,a 50"};
	const struct config_core *core = &c.core[5];

	(void)state;
	/* The VMs may come before or after the core. */
	assert_int_equal(parse(VM("") CYCLIC "windows = demo 5000,idle\t2000 , b 3000,demo 50\n"
					     "slack = yes\nframe = 10050\n[vm b]\n" K),
			 0);
	assert_string_equal(said, "");
	assert_int_equal(core->policy, POLICY_CYCLIC);
	assert_int_equal(core->frame, 10050);
	assert_int_equal(core->slack, 1);
	assert_int_equal(core->window_count, 4);
	assert_string_equal(core->window[0].vm, "demo");
	assert_string_equal(core->window[1].vm, "");
	assert_string_equal(core->window[2].vm, "b");
	assert_int_equal(core->window[0].us, 5000);
	assert_int_equal(core->window[1].us, 2000);
	assert_int_equal(core->window[3].us, 50);
	assert_int_equal(core->windows_line, 6);
	/* Sixteen windows, the longest frame and name. */
	assert_int_equal(parse(CYCLIC "frame = 10000000\nwindows = "
				      "a234567890123456789012345678901 9999250,idle 50,idle 50,"
				      "idle 50,idle 50,idle 50,idle 50,idle 50,idle 50,idle 50,"
				      "idle 50,idle 50,idle 50,idle 50,idle 50,idle 50\n"
				      "[vm a234567890123456789012345678901]\n" K),
			 0);
	assert_string_equal(said, "");
	assert_int_equal(core->window_count, 16);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		char text[512], want[512];
		bool cut = strlen(bad[i]) > 40;

		snprintf(text, sizeof(text), CYCLIC "frame = 1000\nwindows = %s\n[vm a]\n" K,
			 bad[i]);
		snprintf(want, sizeof(want),
			 "4: windows = \"%.*s%s\": expected " WINDOWS
			 ". Mend the value or remove the line.\n",
			 cut ? 37 : 40, bad[i], cut ? "..." : "");
		refuses_file(text, want);
	}
}

static void test_cyclic_refused(void **state)
{
	char text[2048];
	size_t n = 0;

	(void)state;
	refuses_file(
		"[core 5]\nframe = 1000\nwindows = a 50\nslack = no\npolicy = fair\n[vm a]\n" K,
		"2: frame is of use only to a core whose policy is cyclic. Remove the line, or "
		"write policy = cyclic.\n"
		"3: windows is of use only to a core whose policy is cyclic. Remove the line, "
		"or write policy = cyclic.\n"
		"4: slack is of use only to a core whose policy is cyclic. Remove the line, or "
		"write policy = cyclic.\n");
	/* Of the last section, too. */
	refuses_file(VM("") CYCLIC,
		     "5: core 5 is cyclic, but has no frame. Add a line such as frame = 20000 "
		     "(microseconds).\n"
		     "5: core 5 is cyclic, but has no windows. Add a line such as windows = NAME "
		     "5000, idle 2000 (microseconds).\n");
	refuses_file(CYCLIC "frame = 99\n[vm a]\n" K,
		     "3: frame = \"99\": expected a whole number of microseconds from 100 to "
		     "10000000. Mend the value or remove the line.\n");
	refuses_file("[core 5]\npolicy = cycle\nframe = 100\n[vm a]\n" K,
		     "2: unknown policy \"cycle\": did you mean \"cyclic\"? Mend or remove the "
		     "line.\n");
	refuses_file(CYCLIC "frame = 10000\nwindows = a 5000, idle 5001\n[vm a]\n" K,
		     "4: the windows are 10001 us long together, but the frame (line 3) has 10000. "
		     "Shorten them, or lengthen the frame.\n");
	/* A sum of more than 32 bits is beyond what 16 windows can hold; the largest: */
	refuses_file(CYCLIC "frame = 10000000\nwindows = a 10000000,a 10000000\n[vm a]\n" K,
		     "4: the windows are 20000000 us long together, but the frame (line 3) has "
		     "10000000. Shorten them, or lengthen the frame.\n");
	refuses_file(CYCLIC "frame = 10000\nwindows = lniux 50, Idle 50, qqq 50\n[vm linux]\n" K,
		     "4: unknown VM \"lniux\": did you mean \"linux\"? Mend or remove the line.\n"
		     "4: unknown VM \"Idle\": did you mean \"idle\"? Mend or remove the line.\n"
		     "4: unknown VM \"qqq\": expected one of idle, linux. Mend or remove the "
		     "line.\n");
	/* What may be chosen from is cut, not the sentence. */
	n += (size_t)snprintf(text, sizeof(text), CYCLIC "frame = 10000\nwindows = ? 50\n");
	for (unsigned i = 0; i < CONFIG_MAX_VMS; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "[vm %030u]\n" K, i);
	assert_int_equal(parse(text), -EINVAL);
	assert_non_null(strstr(said, "000.... Mend or remove the line."));
}

static void refuses_grant(const char *line, const char *why)
{
	const char *value = strchr(line, '=') + 2;
	char want[512];

	snprintf(want, sizeof(want),
		 "%.*s\"%s\": a VM may never %s. Leave that out, or remove the "
		 "line.",
		 (int)(value - line), line, value, why);
	refuses(line, want);
}

static void test_grants(void **state)
{
	const struct config_grant *g = c.vm[0].grant;

	(void)state;
	accepts("allow_msr = 0x140 read\nallow_port = 96-0x64\tread\nallow_msr = 0x1a0-418 write  "
		"read\n"
		"allow_pci = 00:1f.2 read\nallow_pci = ff:1F.7 read\nallow_msr = 0xffffffff write\n"
		"allow_port = 0xffff write");
	assert_int_equal(c.vm[0].grant_count, 7);
	static const struct config_grant want[] = {
		{GRANT_MSR, 0x140, 0x140, true, false, 3},
		{GRANT_PORT, 0x60, 0x64, true, false, 4},
		{GRANT_MSR, 0x1a0, 0x1a2, true, true, 5},
		{GRANT_PCI, 0xfa, 0xfa, true, false, 6},
		{GRANT_PCI, 0xffff, 0xffff, true, false, 7},
		{GRANT_MSR, 0xffffffff, 0xffffffff, false, true, 8},
		{GRANT_PORT, 0xffff, 0xffff, false, true, 9},
	};
	for (unsigned i = 0; i < ARRAY_SIZE(want); i++) {
		assert_int_equal(g[i].kind, want[i].kind);
		assert_int_equal(g[i].first, want[i].first);
		assert_int_equal(g[i].last, want[i].last);
		assert_int_equal(g[i].read, want[i].read);
		assert_int_equal(g[i].write, want[i].write);
		assert_int_equal(g[i].line, want[i].line);
	}
	/* Beside what is never given, and what may be read only. */
	accepts("allow_msr = 0x11-0x1a read write\nallow_msr = 0x49 write\nallow_msr = 0x3a read\n"
		"allow_msr = 0x480-0x493 read\nallow_msr = 0x494 write\nallow_msr = 0x200-0x276 "
		"read\n"
		"allow_port = 0x64 read\nallow_port = 0x61-0x63 write\nallow_port = 0x400 write\n"
		"allow_port = 0x80 write\nallow_msr = 0xc001011a write");
}

static void test_refused_grants(void **state)
{
	static const char *const msr[] = {"",
					  "0x140",
					  "read",
					  "0x140 reed",
					  "0x140 read read",
					  "0x140 read,write",
					  "0x read",
					  "0x140-0x13f read",
					  "0x100000000 read",
					  "140h read",
					  "0x140- read",
					  "-0x140 read",
					  "0x140 - 0x141 read",
					  "0x140 write write",
					  "0x1: read",
					  "0x1; read",
					  "0x<=> read",
					  "0x?-0x@ read",
					  "0x1[ read",
					  "0x1g read"};
	static const char *const port[] = {"0x10000 read", "0-0x10000 read", "0x378"};
	static const char *const pci[] = {
		"00:1f.2",        "00:1f.2 write",  "00:1f.2 read write", "00:20.0 read",
		"100:00.0 read",  "00:00.8 read",   "00:00 read",         "00.0 read",
		"0x00:1f.2 read", "00:1f.2-3 read", "0000:00:1f.2 read",  ":. read",
		" read"};
	char line[2048] = "";
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(msr); i++)
		expects("allow_msr", msr[i],
			"an MSR or a range and read, write or read write, such as 0x1a0-0x1a2 "
			"read");
	for (unsigned i = 0; i < ARRAY_SIZE(port); i++)
		expects("allow_port", port[i],
			"a port or a range and read, write or read write, such as 0x378-0x37a read "
			"write");
	for (unsigned i = 0; i + 1 < ARRAY_SIZE(pci); i++)
		expects("allow_pci", pci[i],
			"bus:device.function as lspci prints it and read, such as 00:1f.2 read");
	refuses_grant("allow_msr = 0xc0000080 read",
		      "have 0xc0000080: EFER holds the hypervisor's long mode and SVM");
	refuses_grant("allow_msr = 16 write", "have 0x10: each VM has a TSC of its own");
	refuses_grant("allow_msr = 0x0-0xffffffff read", "have 0x10: each VM has a TSC of its own");
	refuses_grant("allow_msr = 0x276-0x278 read", "have 0x277: each VM has a PAT of its own");
	refuses_grant("allow_msr = 0x493-0x500 write",
		      "write 0x480-0x493: they describe the hypervisor's VMX");
	refuses_grant("allow_msr = 0xc0010117 read",
		      "have 0xc0010114-0xc0010119: the hypervisor's SVM depends on it");
	refuses_grant("allow_port = 0x60-0x64 read write",
		      "write 0x60: a write may reset the machine");
	refuses_grant("allow_port = 0x64 write", "write 0x64: a write of 0xfe resets the machine");
	refuses_grant("allow_port = 0x3f7-0x3f8 read",
		      "have 0x3f8-0x3ff: COM1 is the hypervisor's");
	/* Each of these, alone, and whatever is asked for it. */
	static const uint32_t never[][3] = {{0, 0x10, 0x10},
					    {0, 0x1b, 0x1b},
					    {0, 0x3b, 0x3b},
					    {0, 0x79, 0x79},
					    {0, 0x277, 0x277},
					    {0, 0x6e0, 0x6e0},
					    {0, 0x800, 0x8ff},
					    {0, 0xc0000080, 0xc0000084},
					    {0, 0xc0000100, 0xc0000103},
					    {0, 0xc0010114, 0xc0010119},
					    {1, 0x20, 0x21},
					    {1, 0xa0, 0xa1},
					    {1, 0x92, 0x92},
					    {1, 0xb2, 0xb2},
					    {1, 0x2f8, 0x2ff},
					    {1, 0x3f8, 0x3ff},
					    {1, 0xcf8, 0xcff}};
	for (unsigned i = 0; i < ARRAY_SIZE(never); i++)
		for (uint32_t x = never[i][1]; x <= never[i][2]; x++)
			for (unsigned w = 0; w < 2; w++) {
				snprintf(line, sizeof(line), VM("allow_%s = 0x%x %s"),
					 never[i][0] ? "port" : "msr", x, w ? "write" : "read");
				assert_int_equal(parse(line), 0);
				assert_true(c.vm[0].refused);
				assert_non_null(strstr(said, "a VM may never have"));
			}
	/* 32 fit. */
	for (unsigned i = 0; i < CONFIG_MAX_GRANTS; i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%sallow_port = %u read",
				      i ? "\n" : "", 0x400 + i);
	accepts(line);
	assert_int_equal(c.vm[0].grant_count, CONFIG_MAX_GRANTS);
	snprintf(line + n, sizeof(line) - n, "\nallow_msr = 0x140 read");
	char text[2200];
	snprintf(text, sizeof(text), VM("%s"), line);
	assert_int_equal(parse(text), 0);
	assert_string_equal(said, "35: allow_msr is one grant too many: demo may have 32. Join "
				  "ranges, or remove a line.\n");
	assert_true(c.vm[0].refused);
}

/* Any bytes whatever: no more than 21 sentences, printable ones (config_diag() checks), no overrun.
 */
static void test_random(void **state)
{
	static const char *const piece[] = {"[",
					    "]",
					    "vm ",
					    "core ",
					    "mullion",
					    "=",
					    "\n",
					    "kernel",
					    "cores",
					    "0-",
					    "\"",
					    "#",
					    "64M",
					    "\\",
					    " ",
					    ",",
					    "\xff",
					    "\r",
					    "\x1b",
					    "policy",
					    "1",
					    "type",
					    "pv",
					    "disk",
					    "frame = 20000",
					    "windows = a ",
					    "idle",
					    "cyclic",
					    "500",
					    "budget",
					    "\nallow_msr =",
					    "\nallow_port = ",
					    "0x",
					    ":1f.2",
					    "read",
					    "write",
					    "\n[core 1]\n",
					    "period",
					    "linux",
					    "\n[vm a]",
					    "\n[vm b]",
					    "\nkernel=/",
					    "auto",
					    "memory"};
	static char text[70000];

	(void)state;
	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		size_t n = 0;

		while (n < 300 && rand() % 64)
			n += (size_t)snprintf(text + n, 20, "%s",
					      piece[(size_t)rand() % ARRAY_SIZE(piece)]);
		parse_bytes(text, n);
		assert_true(sentences <= 21);
	}
	for (unsigned round = 0; round < 200; round++) {
		size_t n = (size_t)rand() % sizeof(text);

		for (size_t i = 0; i < n; i++)
			text[i] = (char)rand();
		parse_bytes(text, n);
		assert_true(n < 100 || sentences == 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),           cmocka_unit_test(test_values),
		cmocka_unit_test(test_refused_keys),    cmocka_unit_test(test_refused_words),
		cmocka_unit_test(test_refused_numbers), cmocka_unit_test(test_refused_paths),
		cmocka_unit_test(test_long_cmdline),    cmocka_unit_test(test_whole_vm),
		cmocka_unit_test(test_disks),           cmocka_unit_test(test_names),
		cmocka_unit_test(test_too_many_vms),    cmocka_unit_test(test_sections),
		cmocka_unit_test(test_no_text),         cmocka_unit_test(test_many_mistakes),
		cmocka_unit_test(test_random),          cmocka_unit_test(test_life),
		cmocka_unit_test(test_cyclic),          cmocka_unit_test(test_cyclic_refused),
		cmocka_unit_test(test_grants),          cmocka_unit_test(test_refused_grants),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
