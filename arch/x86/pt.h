/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The page-table engine: one for host paging, EPT and NPT. Pure: memory comes
 * from pt_page_alloc(), the entry encoding from a struct pt_format.
 * All three formats have 4 levels of 512 64-bit entries; level 1 maps 4 KiB,
 * level 2 2 MiB, level 3 1 GiB.
 */
#pragma once

#include "arch/x86/regs.h"
#include "kernel/types.h"

#define PT_R   BIT(0)
#define PT_W   BIT(1)
#define PT_X   BIT(2)
#define PT_RWX (PT_R | PT_W | PT_X)

/*
 * The same in all formats (SDM 3A 4.5.4, SDM 3C 28.3.2, APM 2 5.4): the address;
 * bit 7 of an entry of level 2 or 3 makes it a leaf; and bit 0, which is P, or R
 * for EPT, says that an entry is present, as every leaf can be read.
 */
#define PT_ADDR 0x000ffffffffff000ull
#define PT_PS   BIT(7)

struct pt_format {
	/* Entry that maps pa at the level (1..3), but for leaf_bits. */
	uint64_t (*leaf)(hpa_t pa, unsigned level, unsigned prot, enum mem_type type);
	uint64_t leaf_bits;  /* of every leaf */
	uint64_t table_bits; /* of every entry that points to a lower table */
	unsigned (*prot)(uint64_t e);
	enum mem_type (*type)(uint64_t e, unsigned level);
};

/*
 * Where table pages come from: kernel/mem.c, boot/pages.c, or a test. A page is
 * freed before the caller can flush any TLB: not if other cores may be walking
 * the tables, which pt->keep is for.
 */
hpa_t pt_page_alloc(void); /* zeroed; 0: none left */
void pt_page_free(hpa_t page);
uint64_t *pt_page_map(hpa_t page); /* pointer to its 512 entries */

struct pt {
	const struct pt_format *fmt;
	hpa_t root;
	unsigned max_leaf; /* 1, 2 or 3: the largest leaf level to use */
	bool keep;         /* tables that get empty stay, until an unmap without it */
};

struct pt_leaf {
	hpa_t pa;       /* of the address asked for, not of the page's start */
	unsigned level; /* 1..3 */
	unsigned prot;
	enum mem_type type;
};

#define PT_VA_LIMIT BIT(48) /* addresses are 48 bits, sign extension removed */

/* -ENOMEM when there is no page for the root. */
int pt_init(struct pt *pt, const struct pt_format *fmt, unsigned max_leaf);

/*
 * va, pa and size are page-aligned, prot has PT_R, pa is below 2^52. On
 * failure nothing has changed: -EINVAL alignment, range or protection,
 * -EEXIST something is mapped there, -ENOMEM. No TLB flush is needed after it.
 */
int pt_map(struct pt *pt, uint64_t va, hpa_t pa, uint64_t size, unsigned prot, enum mem_type type);

/*
 * Splits large pages at the ends of the range; holes are skipped; empty tables
 * are freed. -EINVAL as above. -ENOMEM: no mapping has changed, but large pages
 * may have become smaller ones.
 */
int pt_unmap(struct pt *pt, uint64_t va, uint64_t size);

/* As pt_unmap, but changes the protection; type stays. */
int pt_protect(struct pt *pt, uint64_t va, uint64_t size, unsigned prot);

/* 0, or -ENOENT when va is not mapped. */
int pt_walk(const struct pt *pt, uint64_t va, struct pt_leaf *out);
