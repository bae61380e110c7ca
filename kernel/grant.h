/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of the machine a VM can be given by configuration, and what it never can. Pure. */
#pragma once

#include "kernel/config.h"

struct grant_never {
	enum grant_kind kind;
	uint32_t first, last;
	bool readable; /* to write it is what cannot be given */
	const char *why;
};

/* The first thing among first to last that no VM may read, or write; NULL: all can be given. */
const struct grant_never *grant_never(enum grant_kind kind, uint32_t first, uint32_t last,
				      bool write);
/* The configuration gives all of first to last (a few), each by some line. */
bool grant_has(const struct config_vm *c, enum grant_kind kind, uint32_t first, uint32_t last,
	       bool write);
