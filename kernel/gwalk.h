/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Walks the guest's own page tables in every paging mode (SDM 3A 4, APM 2 5). Pure. */
#pragma once

#include "kernel/types.h"

#define GWALK_W    BIT(0) /* write */
#define GWALK_X    BIT(1) /* instruction fetch */
#define GWALK_U    BIT(2) /* made with CPL 3 (explicit accesses) */
#define GWALK_PEEK BIT(3) /* leave accessed and dirty bits alone */

#define GWALK_LEVELS 5u

struct vm;

struct gwalk_regs {
	uint64_t cr0, cr3, cr4, efer, rflags;
	unsigned maxphyaddr; /* of the guest, bits */
};

/*
 * An entry of page tables in the guest's memory: kernel/insns.c, or a test. size is 4
 * or 8, gpa aligned to it; NULL when it is not RAM. The second one replaces old by new
 * atomically: -EAGAIN when the entry is no longer old.
 */
void *gwalk_entry(struct vm *vm, gpa_t gpa, unsigned size);
int gwalk_update(void *entry, unsigned size, uint64_t old, uint64_t new_value);

struct gwalk_result {
	gpa_t gpa;         /* of the address asked for */
	uint64_t page;     /* size of the page: 4 KiB .. 1 GiB */
	uint32_t pf_error; /* with -EFAULT */
	/* The entries used, the leaf last: where they are, and what they are now. */
	unsigned count;
	void *at[GWALK_LEVELS];
	uint64_t entry[GWALK_LEVELS];
};

/*
 * 0, or -EFAULT: #PF with out->pf_error (the caller sets CR2); -EIO: a page
 * table is not in RAM, or changes all the time.
 */
int gwalk(const struct gwalk_regs *r, struct vm *vm, gva_t va, unsigned access,
	  struct gwalk_result *out);
