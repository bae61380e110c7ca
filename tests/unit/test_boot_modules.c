/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loader's list of files: room for all that a configuration can name, each once. */
/* sources: boot/modules.c kernel/config.c kernel/config_key.c kernel/grant.c */
/* sources: kernel/words.c kernel/print.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/loader.h"

static char conf[CONFIG_MAX_SIZE], said[4096];
static void *list; /* of exactly the size that was asked for: what is written beyond is caught */

void print(const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
}

uint64_t pages_alloc(uint64_t size, uint64_t max)
{
	assert_true(max == PAGES_ANYWHERE && !list);
	list = calloc(1, size);
	return (uintptr_t)list;
}

/* All are there but those whose names begin with "no". */
void volume_read(const char *path, struct handoff_module *mod)
{
	bool there = !!strncmp(path, "\\no", 3);

	mod->base = there ? (uintptr_t)conf : 0;
	mod->size = there ? strlen(conf) : 0;
	(void)snprintf(mod->why, sizeof(mod->why), "%s", there ? "" : "is not there");
}

static const struct handoff_module *load(struct handoff *h)
{
	*h = (struct handoff){0};
	said[0] = '\0';
	free(list);
	list = NULL;
	assert_int_equal(modules_load(h), 0);
	return list;
}

static void as_many_as_can_be(void **state)
{
	struct handoff h;
	size_t n = 0;
	unsigned files = 1;

	(void)state;
	for (unsigned vm = 0; vm < CONFIG_MAX_VMS; vm++) {
		n += (size_t)snprintf(conf + n, sizeof(conf) - n, "[vm v%u]\nkernel = /%u\n", vm,
				      files++);
		n += (size_t)snprintf(conf + n, sizeof(conf) - n, "initrd = /%u\n", files++);
		for (unsigned i = 1; i < CONFIG_MAX_MODULES; i++)
			n += (size_t)snprintf(conf + n, sizeof(conf) - n, "module = /%u\n",
					      files++);
	}
	const struct handoff_module *m = load(&h);

	assert_string_equal(said, "");
	assert_int_equal(h.module_count, files);
	assert_string_equal(m[0].path, CONFIG_PATH);
	for (unsigned i = 1; i < files; i++)
		assert_int_equal(atoi(m[i].path + 1), i);
}

/* One that several name is read once; that it is not there is said to each. */
static void each_once(void **state)
{
	struct handoff h;

	(void)state;
	(void)snprintf(conf, sizeof(conf),
		       "[vm a]\nkernel = /k\ninitrd = /none\n[vm b]\nkernel = \\k\nmodule = /none\n"
		       "[vm c]\nkernel = /k\nmemroy = 1\ninitrd = /other\n"
		       "[vm d]\ntype = pv\nkernel = /d\ndisk = /disk\n");
	const struct handoff_module *m = load(&h);

	assert_int_equal(h.module_count, 5);
	assert_string_equal(m[1].path, "\\k");
	assert_string_equal(m[2].path, "\\none");
	assert_non_null(strstr(said, "mullion.conf:3: [vm a] \\none is not there.\n"));
	assert_non_null(strstr(said, "mullion.conf:6: [vm b] \\none is not there.\n"));
	assert_null(strstr(said, "[vm c]"));
	assert_null(strstr(said, "[vm d]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_many_as_can_be),
		cmocka_unit_test(each_once),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(list);
	return failed;
}
