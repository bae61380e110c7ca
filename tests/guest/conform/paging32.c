/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paging of a 32-bit kernel: none, two levels, PAE, and the way to long mode and back (SDM 3A
 * 4.1.2, 4.3, 4.4, 9.8.5).
 */
#include "tests/guest/conform/conform.h"

const char conform_name[] = "paging32";

#define CR0_PG 0x80000000u
#define CR0_WP 0x10000u
#define PSE    0x10u
#define PAE    0x20u
#define LME    0x100u
#define LMA    0x400u
#define NXE    0x800u
#define HIGH   0x40000000u /* where tables lead elsewhere */
#define PG4    0x400000u

static uint32_t dir[1024] __attribute__((aligned(4096)));
static uint32_t table[1024] __attribute__((aligned(4096)));
static uint64_t pdpt[4] __attribute__((aligned(4096)));
static uint64_t pds[4][512] __attribute__((aligned(4096)));
static uint64_t pt[512] __attribute__((aligned(4096)));
static uint64_t top[512] __attribute__((aligned(4096)));

USER_DATA static union {
	uint8_t code[PAGE_SIZE];
	uint32_t words[PAGE_SIZE / 4];
} page __attribute__((aligned(4096)));

static void try_read(word va)
{
	invlpg(va);
	TRY("mov (%0), %%eax", ::"r"(va) : "eax", "memory");
}

static void try_write(word va)
{
	invlpg(va);
	TRY("movl $0xc3, (%0)", ::"r"(va) : "memory");
}

static void try_call(word va)
{
	invlpg(va);
	TRY("call *%0", ::"r"(va) : "memory");
}

USER static word user_read(word va)
{
	return *(volatile word *)va;
}

static uint32_t read32(word va)
{
	invlpg(va);
	return *(volatile uint32_t *)va;
}

static void no_paging(void)
{
	check("no paging: an address is its own", page.words[1],
	      *(volatile uint32_t *)((word)&page + 4));
	TRY("mov 0xfffffffc, %%eax", ::: "eax");
	expect("no paging: nothing faults at the top", NONE, 0);
	check("no paging: user mode", user(user_read, (word)&page.words[1], 0), page.words[1]);
}

/* A page, or a byte of one, as it stands in memory. */
static void two_levels(void)
{
	uint32_t *e = &dir[HIGH >> 22], *t = &table[5];
	word va = HIGH + 0x5000;

	for (unsigned i = 0; i < 1024; i++)
		dir[i] = i << 22 | (i == HIGH >> 22 ? 0 : 0x87);
	*e = (word)table | 7;
	*t = (word)&page | 7;
	write_cr4(read_cr4() | PSE);
	write_cr3((word)dir);
	write_cr0(read_cr0() | CR0_PG | CR0_WP);
	check("4 KiB page", read32(va + 4), page.words[1]);
	check("accessed: the directory's", *e & (A | D), A);
	check("accessed: the table's", *t & (A | D), A);
	try_write(va);
	check("dirty", *t & (A | D), A | D);
	*t &= ~1u;
	try_read(va);
	expect("#PF(0) of a read, not present", PF, 0);
	check("and CR2", trap.cr2, va);
	try_write(va);
	expect("#PF(2) of a write, not present", PF, 2);
	try_call(va);
	expect_any("#PF(0) of a fetch: no NX, no I bit", PF, 0);
	*t = (word)&page | 5;
	try_write(va);
	expect("#PF(3) of a write, read-only", PF, 3);
	*t = (word)&page | 3;
	invlpg(va);
	user(user_read, va, 0);
	expect_any("#PF(5) of a user's read, supervisor", PF, 5);
	*e = PG4 | 0x87;
	*(volatile uint32_t *)(PG4 + 0x5008) = 77;
	check("4 MiB page", read32(va + 8), 77);
	*e |= 1u << 21;
	try_read(va);
	expect("#PF(9) of bit 21 of a 4 MiB page", PF, 9);
	write_cr0(read_cr0() & ~CR0_PG);
}

static void without_pse(void)
{
	word sum, va = HIGH + 0x5004;

	/* The code and the stack have to be in tables, too: the first 4 MiB. */
	for (unsigned i = 0; i < 1024; i++)
		table[i] = i << 12 | 7;
	dir[0] = (word)table | 0x87;
	dir[HIGH >> 22] = (word)table | 0x87;
	*(volatile uint32_t *)0x5004 = 99;
	write_cr4(read_cr4() & ~PSE);
	write_cr0(read_cr0() | CR0_PG);
	sum = read32(va);
	write_cr0(read_cr0() & ~CR0_PG);
	check("without CR4.PSE bit 7 means nothing", sum, 99);
}

static void pae_tables(void)
{
	for (unsigned i = 0; i < 4; i++) {
		pdpt[i] = (word)pds[i] | P;
		for (uint64_t j = 0; j < 512; j++)
			pds[i][j] = (uint64_t)i << 30 | j << 21 | 0x87;
	}
	pds[1][0] = (word)pt | 7;
	pt[5] = (word)&page | 7;
}

static void pae(void)
{
	word va = HIGH + 0x5000;
	unsigned width = cpuid(0x80000008, 0).eax & 0xff;

	pae_tables();
	write_cr4(read_cr4() | PAE);
	write_cr3((word)pdpt);
	write_cr0(read_cr0() | CR0_PG);
	check("PAE: 4 KiB page", read32(va + 4), page.words[1]);
	check("PAE: a PDPTE has no accessed bit", pdpt[1], (word)pds[1] | P);
	pt[5] &= ~P;
	try_write(va);
	expect("PAE: #PF(2) of a write, not present", PF, 2);
	pt[5] = (word)&page | P;
	user(user_read, va, 0);
	expect_any("PAE: #PF(5) of a user's read, supervisor", PF, 5);
	pt[5] |= U;
	try_write(va);
	expect("PAE: #PF(3) of a write, read-only", PF, 3);
	pt[5] = (word)&page | 7 | 1ull << width;
	try_read(va);
	expect("PAE: #PF(9) of an address beyond the width", PF, 9);
	pt[5] = (word)&page | 7 | 1ull << 62;
	try_read(va);
	expect("PAE: #PF(9) of bit 62", PF, 9);
	pt[5] = (word)&page | 7 | NX;
	try_read(va);
	expect("PAE: #PF(9) of NX without EFER.NXE", PF, 9);
	wrmsr(MSR_EFER, NXE);
	try_read(va);
	expect("PAE: no #PF of a read, no-execute", NONE, 0);
	try_call(va);
	expect_any("PAE: #PF(0x11) of a fetch, no-execute", PF, 0x11);
	pds[1][0] = PG4 | 0x87;
	check("PAE: 2 MiB page", read32(va + 8), 77);
	pds[1][0] |= 1u << 13;
	try_read(va);
	expect("PAE: #PF(9) of bit 13 of a 2 MiB page", PF, 9);
	pds[1][0] = (word)pt | 7;
	pt[5] = (word)&page | 7;
}

/* SDM 3A 4.4.1: MOV to CR3 loads all four, and checks them. False: it does not. */
static bool pdptes(void)
{
	bool checked;

	word cr3 = read_cr3(), va = HIGH + 0x5000;

	pdpt[1] = 0;
	write_cr3(cr3);
	try_read(va);
	expect("PAE: #PF(0) without a PDPTE", PF, 0);
	pdpt[1] = (word)pds[1] | P | W;
	try_cr3(cr3);
	expect("PAE: #GP of a reserved bit of a PDPTE", GP, 0);
	checked = trap.vector == GP;
	check("and CR3 is as it was", read_cr3(), cr3);
	pdpt[1] = (word)pds[1] | W;
	try_cr3(cr3);
	expect("PAE: no #GP of a PDPTE that is not present", NONE, 0);
	pdpt[1] = (word)pds[1] | P;
	write_cr3(cr3);
	check("PAE: with it back", read32(va + 4), page.words[1]);
	write_cr0(read_cr0() & ~CR0_PG);
	pdpt[2] |= W;
	try_cr0(read_cr0() | CR0_PG);
	expect("PAE: #GP of a reserved bit when paging begins", GP, 0);
	check("and CR0.PG stays clear", read_cr0() & CR0_PG, 0);
	write_cr0(read_cr0() & ~CR0_PG);
	pdpt[2] &= ~W;
	return checked;
}

/* Code of 32 bits goes on in compatibility mode, where the tables are those of 4 levels. */
static void long_mode(bool checked)
{
	for (unsigned i = 0; i < 4; i++)
		pdpt[i] |= 7;
	top[0] = (word)pdpt | 7;
	write_cr4(read_cr4() & ~PAE);
	wrmsr(MSR_EFER, LME | NXE);
	check("EFER.LME before CR4.PAE", rdmsr(MSR_EFER), LME | NXE);
	if (checked) {
		try_cr0(read_cr0() | CR0_PG);
		expect("#GP of CR0.PG with EFER.LME, but no CR4.PAE", GP, 0);
	} else { /* QEMU's processor is in no mode at all then */
		skip("#GP of CR0.PG with EFER.LME, but no CR4.PAE",
		     "PDPTEs are not checked either");
	}
	write_cr4(read_cr4() | PAE);
	write_cr3((word)top);
	check("EFER.LMA is clear before", rdmsr(MSR_EFER) & LMA, 0);
	try_cr0(read_cr0() | CR0_PG);
	expect("CR0.PG with EFER.LME", NONE, 0);
	check("EFER.LMA is set then", rdmsr(MSR_EFER) & LMA, LMA);
	check("and in compatibility mode", read32(HIGH + 0x5004), page.words[1]);
	write_cr0(read_cr0() & ~CR0_PG);
	check("EFER.LMA is clear again", rdmsr(MSR_EFER) & LMA, 0);
	wrmsr(MSR_EFER, 0);
}

void conform_main(void)
{
	page.code[0] = 0xc3;
	page.words[1] = 0x12345678;
	no_paging();
	two_levels();
	without_pse();
	pae();
	long_mode(pdptes());
}
