/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that the loader read from the boot volume. */
#include "kernel/guest.h"

static const struct handoff_module *modules;
static unsigned count;

void modules_init(const struct handoff *h)
{
	modules = phys_to_virt(h->modules);
	count = h->module_count;
}

const struct handoff_module *module_find(const char *path)
{
	for (unsigned i = 0; i < count; i++)
		if (!strncmp(modules[i].path, path, sizeof(modules[i].path)))
			return &modules[i];
	return NULL;
}

const struct handoff_module *module_config(void)
{
	return count ? &modules[0] : NULL;
}

void *module_data(const struct handoff_module *m)
{
	return m->status == 0 && m->base ? phys_to_virt(m->base) : NULL;
}
