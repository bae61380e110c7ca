/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that the loader read from the boot volume. */
#ifndef KERNEL_MODULES_H
#define KERNEL_MODULES_H

#include "boot/handoff.h"
#include "kernel/types.h"

void modules_init(const struct handoff *h);
/* The file of that path; NULL when the loader knows nothing of it. */
const struct handoff_module *module_find(const char *path);
const struct handoff_module *module_config(void);
/* Its bytes in the direct map; NULL when they could not be read. */
void *module_data(const struct handoff_module *m);

#endif
