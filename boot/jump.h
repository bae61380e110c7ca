/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last instructions of the loader, which run from a page below 1 MiB. */
#pragma once

#include "kernel/types.h"

/* The beginning of the code that is copied; boot/jump.asm has the same layout. */
struct jump {
	uint64_t entry, handoff, stack; /* stack: its upper end */
	uint64_t pml4, pml5;
};

extern const char jump_begin[], jump_end[];

/* page: a copy of [jump_begin, jump_end) with struct jump filled in. */
void jump_enter(uint64_t page) __attribute__((noreturn));
