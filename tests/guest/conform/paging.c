/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 4-level paging, its faults, and the control registers (SDM 3A 2.5, 4.5, 4.6, 4.7, 4.10.4). */
#include "tests/guest/conform/conform.h"

const char conform_name[] = "paging";

#define CR0_WP  0x10000u
#define VA      (HOLE + 0x5000)
#define VA_2M   (HOLE + 0x200000)
#define VA_1G   (HOLE + 0x40000000)
#define EFER_NX 0x800u

/* Its contents are code, too: returns at once. */
USER_DATA static union {
	uint8_t code[PAGE_SIZE];
	uint64_t words[PAGE_SIZE / 8];
} page __attribute__((aligned(4096)));

static uint64_t *const level[] = {&pml4[1], &hole3[0], &hole2[0], &hole1[5]};
static const char *const read_name[] = {"PML4E", "PDPTE", "PDE", "PTE"};

static void try_read(uint64_t va)
{
	invlpg(va);
	TRY("mov (%0), %%rax", ::"r"(va) : "rax", "memory");
}

static void try_write(uint64_t va)
{
	invlpg(va);
	TRY("movq $0xc3, (%0)", ::"r"(va) : "memory");
}

static void try_call(uint64_t va)
{
	invlpg(va);
	TRY("call *%0", ::"r"(va) : "memory");
}

USER static word user_read(word va)
{
	return *(volatile word *)va;
}

USER static word user_write(word va)
{
	*(volatile word *)va = 0xc3;
	return 0;
}

USER static word user_call(word va)
{
	((void (*)(void))va)();
	return 0;
}

static void fault(const char *what, const char *where, word error)
{
	char name[64];
	unsigned n = 0;

	for (const char *p = what; *p; p++)
		name[n++] = *p;
	for (const char *p = where; *p; p++)
		name[n++] = *p;
	name[n] = 0;
	expect_any(name, PF, error);
}

/* The same at each level: its entry is changed, and put back. */
static void levels(void)
{
	unsigned width = cpuid(0x80000008, 0).eax & 0xff;

	hole1[5] = (word)&page | P | W | U;
	for (unsigned i = 0; i < 4; i++) {
		uint64_t *e = level[i], old = *e;

		*e = old & ~P;
		try_read(VA);
		fault("#PF(0) of a read, not present: ", read_name[i], 0);
		check("and CR2", trap.cr2, VA);
		try_write(VA + 8);
		fault("#PF(2) of a write, not present: ", read_name[i], 2);
		check("and CR2", trap.cr2, VA + 8);
		user(user_write, VA, 0);
		fault("#PF(6) of a user's write, not present: ", read_name[i], 6);
		try_call(VA);
		fault("#PF(0x10) of a fetch, not present: ", read_name[i], 0x10);
		*e = old & ~W;
		try_read(VA);
		expect("no #PF of a read, read-only", NONE, 0);
		try_write(VA);
		fault("#PF(3) of a write, read-only: ", read_name[i], 3);
		user(user_write, VA, 0);
		fault("#PF(7) of a user's write, read-only: ", read_name[i], 7);
		*e = old & ~U;
		invlpg(VA);
		user(user_read, VA, 0);
		fault("#PF(5) of a user's read, supervisor: ", read_name[i], 5);
		user(user_call, VA, 0);
		fault("#PF(0x15) of a user's fetch, supervisor: ", read_name[i], 0x15);
		*e = old | NX;
		try_read(VA);
		expect("no #PF of a read, no-execute", NONE, 0);
		try_call(VA);
		fault("#PF(0x11) of a fetch, no-execute: ", read_name[i], 0x11);
		if (width < 52) {
			*e = old | 1ull << width;
			try_read(VA);
			fault("#PF(9) of a reserved address bit: ", read_name[i], 9);
			try_write(VA);
			fault("#PF(0xb) of a reserved address bit, write: ", read_name[i], 0xb);
		} else {
			skip("#PF(9) of a reserved address bit", "52 bits of address");
		}
		*e = old;
		try_write(VA);
		expect("no #PF with all of it back", NONE, 0);
	}
	*level[0] |= PS;
	try_read(VA);
	fault("#PF(9) of bit 7: ", read_name[0], 9);
	*level[0] &= ~PS;
}

static void access_bits(void)
{
	for (unsigned i = 0; i < 4; i++)
		*level[i] &= ~(A | D);
	try_read(VA);
	for (unsigned i = 0; i < 4; i++)
		check("accessed, and not dirty, after a read", *level[i] & (A | D), A);
	try_write(VA);
	check("dirty after a write", hole1[5] & (A | D), A | D);
	check("not dirty above", *level[2] & (A | D), A);
	/* The first byte that is not there is what CR2 has. */
	hole1[6] = 0;
	try_read(VA + PAGE_SIZE - 3);
	expect("#PF of a read across the end of a page", PF, 0);
	check("and CR2 is the next page", trap.cr2, VA + PAGE_SIZE);
	try_write(VA + PAGE_SIZE - 3);
	expect("#PF of a write across the end of a page", PF, 2);
	check("and nothing of it was written", page.words[PAGE_SIZE / 8 - 1], 0);
}

static void protection(void)
{
	word cr0 = read_cr0();
	uint64_t efer = rdmsr(MSR_EFER);

	write_cr0(cr0 & ~(word)CR0_WP);
	hole1[5] = (word)&page | P | U;
	try_write(VA);
	expect("no #PF of a write, read-only, without CR0.WP", NONE, 0);
	check("and it is dirty", hole1[5] & D, D);
	user(user_write, VA, 0);
	expect_any("#PF(7) of a user's write all the same", PF, 7);
	write_cr0(cr0);
	try_write(VA);
	expect("#PF(3) with CR0.WP", PF, 3);
	hole1[5] = (word)&page | P | W | NX;
	wrmsr(MSR_EFER, efer & ~(uint64_t)EFER_NX);
	try_read(VA);
	expect("#PF(9) of NX without EFER.NXE", PF, 9);
	hole1[5] = 0;
	try_call(VA);
	expect_any("#PF(0) of a fetch, no I bit without EFER.NXE", PF, 0);
	wrmsr(MSR_EFER, efer);
}

static void large(void)
{
	hole2[1] = 0x400000 | P | W | PS; /* where nothing else is */
	*(volatile uint64_t *)0x412348 = 0x1234;
	invlpg(VA_2M);
	check("2 MiB page", *(volatile uint64_t *)(VA_2M + 0x12348), 0x1234);
	hole2[1] |= 1ull << 13;
	try_read(VA_2M);
	expect("#PF(9) of bit 13 of a 2 MiB page", PF, 9);
	hole2[1] = 0;
	if (!(cpuid(0x80000001, 0).edx & 1u << 26)) {
		skip("1 GiB page", "CPUID does not name it");
		return;
	}
	hole3[1] = P | W | PS;
	invlpg(VA_1G);
	check("1 GiB page", *(volatile uint64_t *)(VA_1G + 0x412348), 0x1234);
	hole3[1] |= 1ull << 13;
	try_read(VA_1G);
	expect("#PF(9) of bit 13 of a 1 GiB page", PF, 9);
	hole3[1] = 0;
}

static void translations(void)
{
	static uint64_t other[512] __attribute__((aligned(4096)));

	other[0] = 1, page.words[0] = 2;
	hole1[5] = (word)&page | P | W;
	invlpg(VA);
	check("one mapping", *(volatile uint64_t *)VA, 2);
	hole1[5] = (word)other | P | W;
	invlpg(VA);
	check("another after INVLPG", *(volatile uint64_t *)VA, 1);
	hole1[5] = (word)&page | P | W;
	write_cr3(read_cr3());
	check("another after MOV to CR3", *(volatile uint64_t *)VA, 2);
	hole1[5] = (word)other | P | W | 0x100;
	write_cr4(read_cr4() | 0x80);
	invlpg(VA);
	check("a global one", *(volatile uint64_t *)VA, 1);
	hole1[5] = (word)&page | P | W;
	write_cr4(read_cr4() & ~0x80ul);
	check("another after CR4.PGE has changed", *(volatile uint64_t *)VA, 2);
}

/* An emulator that takes the value must not be left with it. */
static bool refused_cr0(const char *name, word value)
{
	word cr0 = read_cr0();

	TRY("mov %0, %%cr0; mov %1, %%cr0; ud2", ::"r"(value), "r"(cr0) : "memory");
	expect(name, GP, 0);
	return trap.vector == GP;
}

static void registers(void)
{
	word cr0 = read_cr0(), cr3 = read_cr3(), cr4 = read_cr4();
	unsigned width = cpuid(0x80000008, 0).eax & 0xff;
	uint64_t efer = rdmsr(MSR_EFER);
	bool checked;

	checked = refused_cr0("#GP of CR0 with PG and not PE", cr0 & ~1ul);
	refused_cr0("#GP of CR0 with NW and not CD", cr0 | 0x20000000);
	refused_cr0("#GP of bit 32 of CR0", cr0 | 1ul << 32);
	try_cr0(cr0 | 0x60000000);
	expect("no #GP of CR0 with NW and CD", NONE, 0);
	check("and they read back", read_cr0() & 0x60000000, 0x60000000);
	write_cr0(cr0 & ~0x10ul);
	check("CR0.ET cannot be cleared", read_cr0(), cr0);
	if (checked) {
		try_cr4(cr4 & ~0x20ul);
		expect("#GP of clearing CR4.PAE in long mode", GP, 0);
	} else { /* and no guest would survive that */
		skip("#GP of clearing CR4.PAE in long mode", "CR0 is not checked either");
	}
	try_cr4(cr4 | 1ul << 31);
	expect("#GP of a reserved bit of CR4", GP, 0);
	check("and CR4 is as it was", read_cr4(), cr4);
	try_cr4(cr4 | 1ul << 13);
	expect("#GP of CR4.VMXE, which CPUID does not name", GP, 0);
	try_cr3(cr3 | 1ull << width);
	expect("#GP of CR3 beyond the width of addresses", GP, 0);
	try_wrmsr(MSR_EFER, efer & ~0x100ull);
	expect("#GP of clearing EFER.LME with paging", GP, 0);
	try_wrmsr(MSR_EFER, efer | 1ull << 16);
	expect("#GP of a reserved bit of EFER", GP, 0);
	try_cr8(16);
	expect("#GP of a reserved bit of CR8", GP, 0);
	check("EFER.LMA", efer & 0x500, 0x500);
	TRY("smsw %0", : "=r"(cr0));
	check("SMSW", cr0, read_cr0());
	TRY("lmsw %w0", ::"r"(0));
	check("LMSW does not clear PE", read_cr0() & 0xf, 1);
	write_cr0(cr0);
}

static void pcid(void)
{
	word cr0 = read_cr0(), cr3 = read_cr3(), cr4 = read_cr4();

	if (!(cpuid(1, 0).ecx & 1u << 17)) {
		try_cr4(cr4 | 1ul << 17);
		expect("#GP of CR4.PCIDE, which CPUID does not name", GP, 0);
		skip("PCID", "CPUID does not name it");
		return;
	}
	write_cr3(cr3 | 0x18); /* the low bits must be 0 by then (SDM 3A 4.10.1) */
	try_cr4(cr4 | 1ul << 17);
	expect("#GP of CR4.PCIDE with bits in CR3", GP, 0);
	write_cr3(cr3);
	try_cr4(cr4 | 1ul << 17);
	expect("CR4.PCIDE", NONE, 0);
	hole1[5] = (word)&page | P | W;
	try_cr3(cr3 | 5);
	expect("a PCID in CR3", NONE, 0);
	check("and it reads back", read_cr3(), cr3 | 5);
	try_cr3(cr3 | 6 | 1ul << 63);
	expect("bit 63 of CR3 with CR4.PCIDE", NONE, 0);
	check("which does not read back", read_cr3(), cr3 | 6);
	try_cr0(cr0 & ~0x80000000ul);
	expect("#GP of clearing CR0.PG with CR4.PCIDE", GP, 0);
	write_cr3(cr3);
	write_cr4(cr4);
	try_cr3(cr3 | 1ul << 63);
	expect("#GP of bit 63 of CR3 without CR4.PCIDE", GP, 0);
}

static void five_levels(void)
{
	word cr4 = read_cr4();

	if (cpuid(7, 0).ecx & 1u << 16) {
		try_cr4(cr4 | 1ul << 12);
		expect("#GP of CR4.LA57 in long mode", GP, 0);
		return;
	}
	try_cr4(cr4 | 1ul << 12);
	expect("#GP of CR4.LA57, which CPUID does not name", GP, 0);
	skip("5-level paging", "CPUID does not name it");
}

void conform_main(void)
{
	page.code[0] = 0xc3;
	levels();
	access_bits();
	protection();
	large();
	translations();
	registers();
	pcid();
	five_levels();
}
