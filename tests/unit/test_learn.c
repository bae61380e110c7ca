/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sources: kernel/learn.c kernel/refuse.c kernel/grant.c kernel/print.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/grant.h"
#include "kernel/learn.h"

static struct refusals l;
static char out[1 << 20]; /* all lines, each with a newline */

static int setup(void **state)
{
	(void)state;
	memset(&l, 0, sizeof(l));
	l.room = REFUSE_RANGES_LEARN;
	return 0;
}

static void on_line(void *ctx, const char *text)
{
	assert_ptr_equal(ctx, &l);
	assert_true(strlen(text) < 155); /* none was cut */
	strcat(out, text);
	strcat(out, "\n");
}

static const char *lines(void)
{
	out[0] = 0;
	learn_lines(&l, on_line, &l);
	return out;
}

/* As kernel/beyond.c does it, and kernel/vcpu.c. */
static void add_by(unsigned vcpu, enum grant_kind kind, uint32_t id, unsigned size, bool write,
		   const char *kept, uint64_t rip)
{
	const struct grant_never *n = grant_never(kind, id, id + size - 1, write);
	struct refuse_range a = {
		.first = id,
		.last = id + size - 1,
		.why = n ? n->why : kept,
		.kind = (uint8_t)(2 * kind + write),
	};
	struct refuse_range *begun = refuse_add(&l, &a);

	if (begun) {
		begun->rip = rip;
		begun->vcpu = vcpu;
	}
}

static void add(enum grant_kind kind, uint32_t id, unsigned size, bool write, uint64_t rip)
{
	add_by(0, kind, id, size, write, NULL, rip);
}

static void nothing(void **state)
{
	(void)state;
	assert_string_equal(lines(), "# nothing was refused\n");
}

static void one(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 12; i++)
		add_by(i, GRANT_MSR, 0x140, 1, false, NULL, 0xffffffff81012345 + i);
	assert_string_equal(lines(), "# 12 times, first at rip 0xffffffff81012345 (vCPU 0)\n"
				     "allow_msr = 0x140 read\n");
}

static void both_directions_are_one_line(void **state)
{
	(void)state;
	add(GRANT_MSR, 0x141, 1, true, 0x2000);
	add(GRANT_MSR, 0x140, 1, true, 0x3000);
	add(GRANT_MSR, 0x140, 1, false, 0x1000);
	add(GRANT_MSR, 0x141, 1, false, 0x4000);
	add(GRANT_MSR, 0x144, 1, false, 0x6000);
	assert_string_equal(lines(), "# 4 times, first at rip 0x2000 (vCPU 0)\n"
				     "allow_msr = 0x140-0x141 read write\n"
				     "# 1 time, first at rip 0x6000 (vCPU 0)\n"
				     "allow_msr = 0x144 read\n");
	/* Where more was read than written, each has a line of its own. */
	add(GRANT_MSR, 0x142, 1, false, 0x5000);
	assert_string_equal(lines(), "# 2 times, first at rip 0x2000 (vCPU 0)\n"
				     "allow_msr = 0x140-0x141 write\n"
				     "# 3 times, first at rip 0x1000 (vCPU 0)\n"
				     "allow_msr = 0x140-0x142 read\n"
				     "# 1 time, first at rip 0x6000 (vCPU 0)\n"
				     "allow_msr = 0x144 read\n");
}

static void wide_accesses_need_all_their_ports(void **state)
{
	(void)state;
	add(GRANT_PORT, 0x300, 4, false, 0x1000);
	add(GRANT_PORT, 0x300, 4, false, 0x1000);
	add(GRANT_PORT, 0x302, 1, false, 0x2000);
	assert_string_equal(lines(), "# 3 times, first at rip 0x1000 (vCPU 0)\n"
				     "allow_port = 0x300-0x303 read\n");
	/* One that cannot be given in part cannot be given. */
	setup(state);
	add(GRANT_PORT, 0xcf6, 4, false, 0x1000);
	add(GRANT_PORT, 0xcf6, 1, false, 0x2000);
	assert_string_equal(lines(),
			    "# 1 time, first at rip 0x2000 (vCPU 0)\n"
			    "allow_port = 0xcf6 read\n"
			    "# 1 time, first at rip 0x1000 (vCPU 0)\n"
			    "# cannot be given: allow_port = 0xcf6-0xcf9 read: PCI configuration "
			    "and the reset of the machine are there\n");
}

static void pci_functions_one_by_one(void **state)
{
	(void)state;
	add(GRANT_PCI, 0x00fa, 1, false, 0x1000);
	add(GRANT_PCI, 0x00fb, 1, false, 0x1000);
	add(GRANT_PCI, 0xff08, 1, true, 0x1000);
	assert_string_equal(lines(), "# 1 time, first at rip 0x1000 (vCPU 0)\n"
				     "allow_pci = 00:1f.2 read\n"
				     "# 1 time, first at rip 0x1000 (vCPU 0)\n"
				     "allow_pci = 00:1f.3 read\n"
				     "# 1 time, first at rip 0x1000 (vCPU 0)\n"
				     "# cannot be given: allow_pci = ff:01.0 write: a device that "
				     "it sets up reaches memory of others\n");
}

static void what_the_hypervisor_keeps(void **state)
{
	(void)state;
	add(GRANT_MSR, 0xc0000080, 1, true, 0x1000);
	add(GRANT_MSR, 0x3a, 1, false, 0x2000);
	add(GRANT_MSR, 0x3a, 1, true, 0x3000);
	add_by(1, GRANT_MSR, 0x1d9, 1, true, "the hypervisor answers it itself", 0x4000);
	assert_string_equal(lines(),
			    "# 1 time, first at rip 0x2000 (vCPU 0)\n"
			    "allow_msr = 0x3a read\n"
			    "# 1 time, first at rip 0x1000 (vCPU 0)\n"
			    "# cannot be given: allow_msr = 0xc0000080 write: EFER holds the "
			    "hypervisor's long mode and SVM\n"
			    "# 1 time, first at rip 0x3000 (vCPU 0)\n"
			    "# cannot be given: allow_msr = 0x3a write: it decides whether the "
			    "hypervisor has VMX\n"
			    "# 1 time, first at rip 0x4000 (vCPU 1)\n"
			    "# cannot be given: allow_msr = 0x1d9 write: the hypervisor answers it "
			    "itself\n");
}

static void a_full_table_is_said(void **state)
{
	(void)state;
	for (unsigned i = 0; i < REFUSE_RANGES_LEARN + 10; i++)
		add(GRANT_PORT, 0x1000 + 2 * i, 1, true, 0x1000);
	add(GRANT_PORT, 0x1000, 1, true, 0x1000);
	add(GRANT_MSR, 0x140, 1, true, 0x1000); /* each other kind has room for one */
	assert_ptr_equal(strstr(lines(), "# 1 time, first at rip 0x1000 (vCPU 0)\n"
					 "allow_msr = 0x140 write\n"
					 "# 2 times, first at rip 0x1000 (vCPU 0)\n"
					 "allow_port = 0x1000 write\n"),
			 out);
	assert_non_null(strstr(out, "\n# 19 accesses to other ports are not listed: 192 ranges "
				    "are kept\n"));
	assert_null(strstr(out, "nothing was refused"));
}

static void more_lines_than_a_vm_may_have(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CONFIG_MAX_GRANTS; i++)
		add(GRANT_MSR, 0x1000 + 2 * i, 1, true, 0x1000);
	assert_null(strstr(lines(), "choose"));
	add(GRANT_PORT, 0x1000, 1, true, 0x1000);
	assert_non_null(strstr(lines(), "\n# these are 33 lines, and a VM takes 32: choose\n"));
}

static void both_ends_of_the_number_line(void **state)
{
	(void)state;
	add(GRANT_MSR, UINT32_MAX, 1, false, 0x1000);
	add(GRANT_MSR, 0, 1, false, 0x1000);
	add(GRANT_MSR, UINT32_MAX - 1, 1, false, 0x1000);
	assert_string_equal(lines(), "# 2 times, first at rip 0x1000 (vCPU 0)\n"
				     "allow_msr = 0xfffffffe-0xffffffff read\n"
				     "# 1 time, first at rip 0x1000 (vCPU 0)\n"
				     "allow_msr = 0x0 read\n");
}

/* Takes the lines as the parser would. */
static void paste(struct config_vm *vm)
{
	char *save = NULL;

	vm->grant_count = 0;
	for (char *line = strtok_r(out, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct config_grant *g = &vm->grant[vm->grant_count++];
		char *what = strstr(line, " = "), *end;

		if (line[0] == '#') {
			vm->grant_count--;
			continue;
		}
		assert_true(vm->grant_count <= CONFIG_MAX_GRANTS);
		g->kind = GRANT_PORT;
		assert_memory_equal(line, "allow_port", 10);
		g->first = g->last = (uint32_t)strtoul(what + 3, &end, 0);
		if (*end == '-')
			g->last = (uint32_t)strtoul(end + 1, &end, 0);
		g->read = strstr(end, "read") != NULL;
		g->write = strstr(end, "write") != NULL;
		assert_null(grant_never(GRANT_PORT, g->first, g->last, g->write));
	}
}

/* The lines allow what was refused, all of it that can be given, and nothing else. */
static void pasted_lines_allow_exactly_that(void **state)
{
	static bool given[0x100][2];
	static struct config_vm vm;

	srand(11);
	for (unsigned round = 0; round < 300; round++) {
		setup(state);
		memset(given, 0, sizeof(given));
		for (unsigned i = 0; i < 14; i++) {
			unsigned size = 1u << rand() % 3, write = (unsigned)rand() % 2,
				 port = (unsigned)rand() % 48 + 0x40;

			add(GRANT_PORT, port, size, write, 0x1000);
			/* Of an access that can be given, all; of another one, nothing. */
			if (grant_never(GRANT_PORT, port, port + size - 1, write))
				continue;
			for (unsigned j = 0; j < size; j++)
				given[port + j][write] = true;
		}
		lines();
		paste(&vm);
		for (unsigned port = 0; port < 0x100; port++)
			for (unsigned write = 0; write < 2; write++)
				assert_int_equal(grant_has(&vm, GRANT_PORT, port, port, write),
						 given[port][write]);
	}
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nothing),
		T(one),
		T(both_directions_are_one_line),
		T(wide_accesses_need_all_their_ports),
		T(pci_functions_one_by_one),
		T(what_the_hypervisor_keeps),
		T(a_full_table_is_said),
		T(more_lines_than_a_vm_may_have),
		T(both_ends_of_the_number_line),
		T(pasted_lines_allow_exactly_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
