/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks the guest's page tables, checks rights and sets accessed and dirty bits.
 *
 *            levels  entry  index bits   large pages
 *   32-bit      2      4        10       4 MiB with CR4.PSE, PSE-36 address
 *   PAE         3      8      2, 9, 9    2 MiB
 *   4-level     4      8         9       2 MiB, 1 GiB
 *   5-level     5      8         9       2 MiB, 1 GiB
 */
#include "kernel/gwalk.h"
#include "arch/x86/pt_host.h"
#include "arch/x86/regs.h"

#define MAX_TRIES 8u /* other vCPUs may change an entry under the walk */

struct walk {
	const struct gwalk_regs *r;
	struct vm *vm;
	struct gwalk_result *out;
	gva_t va;
	unsigned access;
	unsigned levels, entry_size;
	bool pae; /* 8-byte entries */
	bool nx;  /* EFER.NXE counts */
};

static int page_fault(struct walk *w, uint32_t why)
{
	/* SDM 3A 4.7: I/D is set only where fetches are told from reads. */
	bool fetch = w->access & GWALK_X && (w->nx || w->r->cr4 & CR4_SMEP);

	w->out->pf_error = (uint32_t)(why | (w->access & GWALK_W ? PFEC_W : 0) |
				      (w->access & GWALK_U ? PFEC_U : 0) | (fetch ? PFEC_I : 0));
	return -EFAULT;
}

static void set_mode(struct walk *w)
{
	w->pae = w->r->cr4 & CR4_PAE;
	w->nx = w->pae && w->r->efer & EFER_NXE;
	w->entry_size = w->pae ? 8 : 4;
	w->levels = !w->pae ? 2 : !(w->r->efer & EFER_LMA) ? 3 : w->r->cr4 & CR4_LA57 ? 5 : 4;
}

/* SDM 3A tables 4-4 to 4-20, APM 2 5.3: reserved bits of a present entry. */
static uint64_t reserved_bits(const struct walk *w, unsigned level, bool leaf)
{
	/* Of an 8-byte entry: maxphyaddr to 51. */
	uint64_t bits = w->r->maxphyaddr >= 52 ? 0 : BIT(52) - BIT(w->r->maxphyaddr);

	if (!w->pae) {
		if (!leaf || level == 1)
			return 0;
		/* PSE-36: address bits 39:32 are in 20:13; bit 21 is reserved. */
		bits = BIT(21);
		for (unsigned b = w->r->maxphyaddr; b < 40; b++)
			bits |= BIT(b - 32 + 13);
		return bits;
	}
	if (!(w->r->efer & EFER_LMA)) {
		bits |= ((BIT(63) - 1) & ~(BIT(52) - 1)); /* 62:52 */
		/* PDPTE: also 63, 8:5, 2:1; but QEMU sets the accessed bit, 5, itself. */
		if (level == 3)
			return bits | BIT(63) | 0x1c6;
	}
	if (!w->nx)
		bits |= PTE_NX;
	if (level >= 4)
		bits |= PTE_PS;
	if (leaf && level > 1)
		bits |= (BIT(9 * level + 3) - 1) & ~(BIT(13) - 1); /* bit 12 is PAT */
	return bits;
}

static unsigned index_shift(const struct walk *w, unsigned level)
{
	return w->pae ? 9 * level + 3 : 10 * level + 2;
}

static bool is_leaf(const struct walk *w, unsigned level, uint64_t e)
{
	if (level == 1)
		return true;
	if (!(e & PTE_PS))
		return false;
	if (!w->pae)
		return w->r->cr4 & CR4_PSE;
	/* A PDPTE of PAE has bit 7 reserved; 1 GiB pages are of long mode. */
	return level == 2 || (level == 3 && w->r->efer & EFER_LMA);
}

static gpa_t leaf_base(const struct walk *w, unsigned level, uint64_t e)
{
	if (!w->pae && level == 2)
		return (e & 0xffc00000) | (e >> 13 & 0xff) << 32;
	return e & (BIT(52) - 1) & ~(BIT(index_shift(w, level)) - 1);
}

/* Reads entries from the root to the leaf; *level is the leaf's. */
static int descend(struct walk *w, unsigned *level)
{
	const uint64_t address = w->pae ? (BIT(52) - 1) & ~0xfffull : 0xfffff000;
	struct gwalk_result *out = w->out;
	gpa_t table = w->r->cr3 & address;

	if (w->levels == 3)
		table = w->r->cr3 & 0xffffffe0;
	for (unsigned l = w->levels;; l--) {
		uint64_t mask = l == 3 && w->levels == 3 ? 3 : w->pae ? 511 : 1023, e;
		gpa_t where = table + (w->va >> index_shift(w, l) & mask) * w->entry_size;
		void *at = gwalk_entry(w->vm, where, w->entry_size);

		if (!at)
			return -EIO;
		e = w->pae ? *(const volatile uint64_t *)at : *(const volatile uint32_t *)at;
		if (!(e & PTE_P))
			return page_fault(w, 0);
		bool leaf = is_leaf(w, l, e);
		if (e & reserved_bits(w, l, leaf))
			return page_fault(w, PFEC_P | PFEC_RSVD);
		out->at[out->count] = at;
		out->entry[out->count++] = e;
		if (leaf) {
			*level = l;
			return 0;
		}
		table = e & address;
	}
}

/* SDM 3A 4.6.1. */
static bool allowed(const struct walk *w)
{
	uint64_t and = PTE_W | PTE_U, or = 0;
	bool user_access = w->access & GWALK_U;

	for (unsigned i = 0; i < w->out->count; i++) {
		/* PDPTEs of PAE have no rights: those bits are reserved there. */
		if (!(w->levels == 3 && i == 0))
			and &= w->out->entry[i];
		or |= w->out->entry[i];
	}
	if ((user_access && !(and&PTE_U)) || (w->access & GWALK_X && w->nx && or &PTE_NX))
		return false;
	if (w->access & GWALK_W && !(and&PTE_W) && (user_access || w->r->cr0 & CR0_WP))
		return false;
	if (user_access || !(and&PTE_U))
		return true;
	/* A supervisor's access to a user page. */
	if (w->access & GWALK_X)
		return !(w->r->cr4 & CR4_SMEP);
	return !(w->r->cr4 & CR4_SMAP) || w->r->rflags & RFLAGS_AC;
}

static int mark(struct walk *w)
{
	for (unsigned i = 0; i < w->out->count; i++) {
		uint64_t want = PTE_A, *e = &w->out->entry[i];

		if (w->levels == 3 && i == 0) /* no accessed bit there */
			continue;
		if (i == w->out->count - 1 && w->access & GWALK_W)
			want |= PTE_D;
		if ((*e & want) == want)
			continue;
		if (gwalk_update(w->out->at[i], w->entry_size, *e, *e | want))
			return -EAGAIN;
		*e |= want;
	}
	return 0;
}

static int walk_once(struct walk *w)
{
	unsigned level = 1;

	w->out->count = 0;
	int err = descend(w, &level);
	if (err)
		return err;
	if (!allowed(w))
		return page_fault(w, PFEC_P);
	if (!(w->access & GWALK_PEEK) && mark(w))
		return -EAGAIN;
	w->out->page = BIT(index_shift(w, level));
	w->out->gpa = leaf_base(w, level, w->out->entry[w->out->count - 1]) |
		      (w->va & (w->out->page - 1));
	return 0;
}

int gwalk(const struct gwalk_regs *r, struct vm *vm, gva_t va, unsigned access,
	  struct gwalk_result *out)
{
	struct walk w = {.r = r, .vm = vm, .out = out, .va = va, .access = access};

	*out = (struct gwalk_result){0};
	if (!(r->efer & EFER_LMA))
		w.va = (uint32_t)va;
	if (!(r->cr0 & CR0_PG)) {
		out->gpa = w.va;
		out->page = PAGE_SIZE;
		return 0;
	}
	set_mode(&w);
	for (unsigned n = 0; n < MAX_TRIES; n++) {
		int err = walk_once(&w);

		if (err != -EAGAIN)
			return err;
	}
	return -EIO;
}
