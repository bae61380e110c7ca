/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration parser: what it accepts, each refusal word for word, and its limits. */
/* sources: kernel/config.c kernel/config_key.c kernel/words.c kernel/print.c */
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

static void diag(void *ctx, unsigned line, const char *sentence)
{
	size_t n = strlen(said);

	assert_ptr_equal(ctx, said);
	for (const char *s = sentence; *s; s++)
		assert_in_range(*s, ' ', '~');
	assert_true(strlen(sentence) < 319); /* not cut */
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
	err = config_parse(&c, copy, n, diag, said);
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
	assert_int_equal(v->core, 3);
	assert_int_equal(v->core_line, 15);
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
	assert_int_equal(v->core, CONFIG_ANY_CORE);
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
	assert_int_equal(c.vm[0].core, CONFIG_ANY_CORE);
	accepts("cores = 63");
	assert_int_equal(c.vm[0].core, 63);
	accepts("cores = 0");
	assert_int_equal(c.vm[0].core, 0);
	accepts("initrd = \\a/b");
	assert_string_equal(c.vm[0].initrd.path, "\\a\\b");
	accepts("weight = 0001");
	assert_int_equal(c.vm[0].weight, 1);
}

#define KEYS                                                                                       \
	"type, kernel, initrd, disk, cmdline, memory, vcpus, cores, weight. Mend or "              \
	"remove the line."

static void test_refused_keys(void **state)
{
	static const char *const near[][2] = {
		{"memroy", "memory"},  {"mem", "memory"},       {"meory", "memory"},
		{"memmory", "memory"}, {"mamory", "memory"},    {"emory", "memory"},
		{"memor", "memory"},   {"cpus", "vcpus"},       {"core", "cores"},
		{"disc", "disk"},      {"initramfs", "initrd"}, {"Type", "type"}};
	static const char *const far[] = {"policy", "strict", "qqq", "x", "MEMORY", "desk top"};
	char line[64], want[256];

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
	refuses("type = windows", "unknown type \"windows\": expected one of linux, pv. Mend or "
				  "remove the line.");
	refuses("type =", "unknown type \"\": expected one of linux, pv. Mend or remove the line.");
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
	static const char *const core[] = {"64", "-1", "1,2", "1-2", "a", "", "4294967296"};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(memory); i++)
		expects("memory", memory[i], "2M to 1024G, a multiple of 2M, such as 64M");
	for (unsigned i = 0; i < ARRAY_SIZE(weight); i++)
		expects("weight", weight[i], "a whole number from 1 to 1000");
	for (unsigned i = 0; i < ARRAY_SIZE(core); i++)
		expects("cores", core[i], "auto or the number of a core, 0 to 63");
	expects("vcpus", "2", "1, as this version supports no more");
	expects("vcpus", "auto", "1, as this version supports no more");
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
			       "[vm c]\n" K "disk = /d\n[vm d]\n" K),
			 0);
	assert_string_equal(
		said,
		"1: [vm a] names no kernel. Add a line such as kernel = \\mullion\\vmlinuz.\n"
		"6: b is of type pv, which has no use for this file. Remove the line or mend the "
		"type.\n"
		"9: c is of type linux, which has no use for this file. Remove the line or mend "
		"the "
		"type.\n");
	assert_int_equal(c.vm_count, 4);
	assert_true(c.vm[0].refused && c.vm[1].refused && c.vm[2].refused);
	assert_false(c.vm[3].refused);
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
	"a VM's name is 1 to 31 letters, digits, '-' and '_', and not mullion. Mend the "          \
	"name.\n"

static void test_names(void **state)
{
	(void)state;
	assert_int_equal(parse("[vm a]\n" K "[vm a]\nnot looked at\n[vm b]\n" K "[vm ]\n[vm x y]\n"
			       "[vm a23456789012345678901234567890xx]\n"
			       "[vm a23456789012345678901234567890x]\n" K "[vm mullion]\n"),
			 0);
	assert_string_equal(
		said,
		"3: [vm a] is there already, in line 1; this one is left out. Choose another "
		"name.\n"
		"7: [vm ]: " A_NAME "8: [vm x y]: " A_NAME
		"9: [vm a23456789012345678901234567890xx]: " A_NAME "12: [vm mullion]: " A_NAME);
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
		     "1: unknown key \"kernel\": expected one of strict. "
		     "Mend or remove the line.\n");
	refuses_file("[mullion]\nstrict = 1\n", "2: unknown strict \"1\": expected one of no, yes. "
						"Mend or remove the line.\n");
	refuses_file("[mullion]\nstrict = no\n[core 1]\n[mullion]\nstrict = no\n",
		     "5: strict is given again, first in line 2. Remove one of the two lines.\n");
	refuses_file("[mullion]\npolcy = fair\n",
		     "2: unknown key \"polcy\": expected one of strict. "
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

/* Any bytes whatever: no more than 21 sentences, printable ones (diag checks), no overrun. */
static void test_random(void **state)
{
	static const char *const piece[] = {
		"[",     "]",        "vm ",      "core ",      "mullion", "=",     "\n", "kernel",
		"cores", "0-",       "\"",       "#",          "64M",     "\\",    " ",  ",",
		"\xff",  "\r",       "\x1b",     "policy",     "1",       "type",  "pv", "disk",
		"linux", "\n[vm a]", "\n[vm b]", "\nkernel=/", "auto",    "memory"};
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
		cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
