/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sources: kernel/grant.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/grant.h"

static void nothing_by_default(void **state)
{
	static const struct config_vm vm;

	(void)state;
	for (uint32_t id = 0; id < 0x10000; id++)
		for (unsigned kind = GRANT_MSR; kind <= GRANT_PCI; kind++) {
			assert_false(grant_has(&vm, (enum grant_kind)kind, id, id, false));
			assert_false(grant_has(&vm, (enum grant_kind)kind, id, id, true));
		}
}

static void kinds_and_directions_are_apart(void **state)
{
	static const struct config_vm vm = {
		.grant = {{GRANT_MSR, 0x140, 0x142, true, false, 1},
			  {GRANT_PORT, 0x300, 0x303, true, true, 2},
			  {GRANT_PORT, 0x304, 0x304, false, true, 3},
			  {GRANT_PCI, 0xfa, 0xfa, true, false, 4}},
		.grant_count = 4,
	};

	(void)state;
	assert_true(grant_has(&vm, GRANT_MSR, 0x140, 0x140, false));
	assert_true(grant_has(&vm, GRANT_MSR, 0x142, 0x142, false));
	assert_false(grant_has(&vm, GRANT_MSR, 0x13f, 0x13f, false));
	assert_false(grant_has(&vm, GRANT_MSR, 0x143, 0x143, false));
	assert_false(grant_has(&vm, GRANT_MSR, 0x140, 0x140, true));
	assert_false(grant_has(&vm, GRANT_MSR, 0x300, 0x300, false));
	assert_true(grant_has(&vm, GRANT_PCI, 0xfa, 0xfa, false));
	assert_false(grant_has(&vm, GRANT_PCI, 0xfb, 0xfb, false));
	/* Each byte of a wide access: by several lines, too. */
	assert_true(grant_has(&vm, GRANT_PORT, 0x300, 0x303, false));
	assert_true(grant_has(&vm, GRANT_PORT, 0x301, 0x304, true));
	assert_false(grant_has(&vm, GRANT_PORT, 0x301, 0x304, false));
	assert_false(grant_has(&vm, GRANT_PORT, 0x302, 0x305, true));
	assert_false(grant_has(&vm, GRANT_PORT, 0x2ff, 0x302, true));
}

static void not_past_the_last_port(void **state)
{
	static const struct config_vm vm = {.grant = {{GRANT_PORT, 0x1000, 0xffff, true, true, 1}},
					    .grant_count = 1};

	(void)state;
	assert_true(grant_has(&vm, GRANT_PORT, 0xfffc, 0xffff, true));
	assert_false(grant_has(&vm, GRANT_PORT, 0xfffd, 0x10000, true));
}

/* Whatever the file says. */
static void never(void **state)
{
	static const struct {
		enum grant_kind kind;
		uint32_t id;
		bool read, write; /* can be given */
	} cases[] = {
		{GRANT_MSR, 0x10, false, false},       {GRANT_MSR, 0x1b, false, false},
		{GRANT_MSR, 0x3a, true, false},        {GRANT_MSR, 0x3b, false, false},
		{GRANT_MSR, 0x79, false, false},       {GRANT_MSR, 0x277, false, false},
		{GRANT_MSR, 0x480, true, false},       {GRANT_MSR, 0x493, true, false},
		{GRANT_MSR, 0x494, true, true},        {GRANT_MSR, 0x6e0, false, false},
		{GRANT_MSR, 0x600, true, false},       {GRANT_MSR, 0x7ff, true, true},
		{GRANT_MSR, 0x800, false, false},      {GRANT_MSR, 0x8ff, false, false},
		{GRANT_MSR, 0x900, true, true},        {GRANT_MSR, 0xc0000080, false, false},
		{GRANT_MSR, 0xc0010114, false, false}, {GRANT_MSR, 0xc0010119, false, false},
		{GRANT_MSR, 0xc001011a, true, true},   {GRANT_MSR, 0x140, true, true},
		{GRANT_MSR, UINT32_MAX, true, true},   {GRANT_PORT, 0x20, false, false},
		{GRANT_PORT, 0x21, false, false},      {GRANT_PORT, 0x22, true, true},
		{GRANT_PORT, 0xa0, false, false},      {GRANT_PORT, 0xa1, false, false},
		{GRANT_PORT, 0x60, true, false},       {GRANT_PORT, 0x61, true, true},
		{GRANT_PORT, 0x64, true, false},       {GRANT_PORT, 0x92, false, false},
		{GRANT_PORT, 0xb2, false, false},      {GRANT_PORT, 0x2f7, true, true},
		{GRANT_PORT, 0x2f8, false, false},     {GRANT_PORT, 0x2ff, false, false},
		{GRANT_PORT, 0x3f8, false, false},     {GRANT_PORT, 0x3ff, false, false},
		{GRANT_PORT, 0xcf7, true, true},       {GRANT_PORT, 0xcf8, false, false},
		{GRANT_PORT, 0xcff, false, false},     {GRANT_PORT, 0xd00, true, true},
		{GRANT_PCI, 0, true, false},           {GRANT_PCI, 0xffff, true, false},
	};
	static struct config_vm vm;

	(void)state;
	vm.grant_count = 3;
	for (unsigned k = GRANT_MSR; k <= GRANT_PCI; k++)
		vm.grant[k] =
			(struct config_grant){(enum grant_kind)k, 0, UINT32_MAX, true, true, 1};
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		enum grant_kind kind = cases[i].kind;
		uint32_t id = cases[i].id;

		assert_int_equal(!grant_never(kind, id, id, false), cases[i].read);
		assert_int_equal(!grant_never(kind, id, id, true), cases[i].write);
		assert_int_equal(grant_has(&vm, kind, id, id, false), cases[i].read);
		assert_int_equal(grant_has(&vm, kind, id, id, true), cases[i].write);
	}
	/* A range with something of it inside, or at an end; and a wide access to its edge. */
	assert_non_null(grant_never(GRANT_MSR, 0, UINT32_MAX, false));
	assert_non_null(grant_never(GRANT_PORT, 0xcf0, 0xcf8, false));
	assert_null(grant_never(GRANT_PORT, 0xcf0, 0xcf7, false));
	assert_false(grant_has(&vm, GRANT_PORT, 0xcf5, 0xcf8, false));
	assert_true(grant_has(&vm, GRANT_PORT, 0xcf4, 0xcf7, false));
	assert_true(grant_has(&vm, GRANT_PORT, 0x61, 0x62, true));
	assert_false(grant_has(&vm, GRANT_PORT, 0x61, 0x64, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_by_default),
		cmocka_unit_test(kinds_and_directions_are_apart),
		cmocka_unit_test(not_past_the_last_port),
		cmocka_unit_test(never),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
