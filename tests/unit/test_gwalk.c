/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walk of guest page tables: every mode, right, reserved bit and error code. */
/* sources: kernel/gwalk.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/regs.h"
#include "kernel/errno.h"
#include "kernel/gwalk.h"

#define P  BIT(0)
#define W  BIT(1)
#define U  BIT(2)
#define A  BIT(5)
#define D  BIT(6)
#define PS BIT(7)
#define NX BIT(63)

#define RAM 0x10000u

static uint8_t ram[RAM] __attribute__((aligned(8)));
static unsigned updates;
static int contend; /* updates that find the entry changed; negative: they fail */

void *gwalk_entry(struct vm *vm, gpa_t gpa, unsigned size)
{
	(void)vm;
	assert_int_equal(gpa % size, 0);
	return gpa > RAM - size ? NULL : ram + gpa;
}

int gwalk_update(void *at, unsigned size, uint64_t old, uint64_t new_value)
{
	if (contend < 0)
		return -EFAULT;
	if (contend) {
		contend--;
		return -EAGAIN;
	}
	assert_memory_equal(at, &old, size);
	memcpy(at, &new_value, size);
	updates++;
	return 0;
}

static struct gwalk_regs regs;
static struct gwalk_result res;

static void put8(gpa_t at, uint64_t e)
{
	memcpy(ram + at, &e, 8);
}

static uint64_t get8(gpa_t at)
{
	uint64_t e;

	memcpy(&e, ram + at, 8);
	return e;
}

static void put4(gpa_t at, uint32_t e)
{
	memcpy(ram + at, &e, 4);
}

static uint32_t get4(gpa_t at)
{
	uint32_t e;

	memcpy(&e, ram + at, 4);
	return e;
}

static int walk(gva_t va, unsigned access)
{
	return gwalk(&regs, NULL, va, access, &res);
}

static void expect_gpa(gva_t va, unsigned access, gpa_t gpa, uint64_t page)
{
	int err = walk(va, access);

	if (err || res.gpa != gpa || res.page != page)
		fail_msg("%llx: %d, %llx in a page of %llx, error code %x", (unsigned long long)va,
			 err, (unsigned long long)res.gpa, (unsigned long long)res.page,
			 res.pf_error);
}

static void expect_fault(gva_t va, unsigned access, uint32_t code)
{
	int err = walk(va, access);

	if (err != -EFAULT || res.pf_error != code)
		fail_msg("%llx: %d, error code %x, not %x", (unsigned long long)va, err,
			 res.pf_error, code);
}

static void reset(uint64_t cr4, uint64_t efer)
{
	memset(ram, 0, sizeof(ram));
	updates = 0;
	contend = 0;
	regs = (struct gwalk_regs){
		.cr0 = CR0_PE | CR0_PG | CR0_WP,
		.cr3 = 0x1000,
		.cr4 = cr4,
		.efer = efer,
		.maxphyaddr = 40,
	};
}

#define LONG_EFER (EFER_LME | EFER_LMA | EFER_NXE)
#define VA        0x7f8123456789ull /* indices 255, 4, 282, 86 */

/* 4-level tables at 0x1000, 0x2000, 0x3000, 0x4000 that map VA to 0x5000. */
static void reset_long(void)
{
	reset(CR4_PAE, LONG_EFER);
	put8(0x1000 + 255 * 8, 0x2000 | P | W | U);
	put8(0x2000 + 4 * 8, 0x3000 | P | W | U);
	put8(0x3000 + 282 * 8, 0x4000 | P | W | U);
	put8(0x4000 + 86 * 8, 0x5000 | P | W | U);
}

static void paging_off(void **state)
{
	(void)state;
	reset(0, 0);
	regs.cr0 = CR0_PE;
	expect_gpa(0x12345678, GWALK_W, 0x12345678, PAGE_SIZE);
	expect_gpa(0xffffffff12345678, GWALK_U, 0x12345678, PAGE_SIZE);
}

static void four_levels(void **state)
{
	(void)state;
	reset_long();
	expect_gpa(VA, 0, 0x5789, PAGE_SIZE);
	/* accessed on each level, dirty only by a write and only in the leaf */
	assert_int_equal(get8(0x1000 + 255 * 8) & (A | D), A);
	assert_int_equal(get8(0x4000 + 86 * 8) & (A | D), A);
	assert_int_equal(updates, 4);
	expect_gpa(VA, GWALK_W, 0x5789, PAGE_SIZE);
	assert_int_equal(get8(0x4000 + 86 * 8) & (A | D), A | D);
	assert_int_equal(get8(0x3000 + 282 * 8) & (A | D), A);
	assert_int_equal(updates, 5);
	expect_gpa(VA, GWALK_W | GWALK_U | GWALK_X, 0x5789, PAGE_SIZE);
	assert_int_equal(updates, 5);

	reset_long();
	expect_gpa(VA, GWALK_W | GWALK_PEEK, 0x5789, PAGE_SIZE);
	assert_int_equal(updates, 0);

	/* CR3 may hold a PCID and flags below bit 12. */
	regs.cr3 = 0x1fff;
	expect_gpa(VA, 0, 0x5789, PAGE_SIZE);

	put8(0x3000 + 282 * 8, 0x7fc0000000 | P | W | U | PS | BIT(12)); /* 12: PAT */
	expect_gpa(VA, GWALK_W, 0x7fc0000000 | (VA & 0x1fffff), MIB(2));
	assert_int_equal(get8(0x3000 + 282 * 8) & (A | D), A | D);
	put8(0x2000 + 4 * 8, 0x40000000 | P | W | U | PS);
	expect_gpa(VA, 0, 0x40000000 | (VA & 0x3fffffff), GIB(1));
	put8(0x2000 + 4 * 8, 0);
	expect_fault(VA, GWALK_W, PFEC_W);
	put8(0x1000 + 255 * 8, 0);
	expect_fault(VA, GWALK_U, PFEC_U);
}

static void five_levels(void **state)
{
	(void)state;
	reset_long();
	regs.cr4 |= CR4_LA57;
	regs.cr3 = 0x6000;
	put8(0x6000 + 3 * 8, 0x1000 | P | W | U);
	expect_gpa(VA | 3ull << 48, GWALK_W, 0x5789, PAGE_SIZE);
	put8(0x6000 + 3 * 8, 0x1000 | P | W | U | PS);
	expect_fault(VA | 3ull << 48, 0, PFEC_P | PFEC_RSVD);
}

static void pae(void **state)
{
	const gva_t va = 0xc0a03123; /* indices 3, 5, 3 */

	(void)state;
	reset(CR4_PAE, 0);
	regs.cr3 = 0x1020; /* 32-byte aligned table; lower bits ignored */
	put8(0x1020 + 3 * 8, 0x2000 | P);
	put8(0x2000 + 5 * 8, 0x3000 | P | W);
	put8(0x3000 + 3 * 8, 0x9000004000 | P | W);
	expect_gpa(va, GWALK_W, 0x9000004123, PAGE_SIZE);
	assert_int_equal(get8(0x1020 + 3 * 8), 0x2000 | P); /* no accessed bit here */
	assert_int_equal(get8(0x3000 + 3 * 8) & (A | D), A | D);
	/* a linear address has 32 bits */
	expect_gpa(0xffffffff00000000 | va, 0, 0x9000004123, PAGE_SIZE);

	put8(0x2000 + 5 * 8, 0x9000200000 | P | W | PS);
	expect_gpa(va, GWALK_W, 0x9000200000 | (va & 0x1fffff), MIB(2));

	/* reserved: bits of the PDPTE but 5, which QEMU sets, 62:52, 63 without NXE, above
	 * MAXPHYADDR */
	for (unsigned bit = 1; bit < 64; bit++) {
		bool reserved = bit <= 2 || (bit >= 6 && bit <= 8) || bit >= 40;

		put8(0x1020 + 3 * 8, 0x2000 | P | BIT(bit));
		if (reserved)
			expect_fault(va, 0, PFEC_P | PFEC_RSVD);
		else if (bit < 12)
			expect_gpa(va, 0, 0x9000200000 | (va & 0x1fffff), MIB(2));
	}
	put8(0x1020 + 3 * 8, 0x2000 | P);
	put8(0x2000 + 5 * 8, 0x3000 | P | W | NX);
	expect_fault(va, 0, PFEC_P | PFEC_RSVD);
	regs.efer = EFER_NXE;
	expect_gpa(va, 0, 0x9000004123, PAGE_SIZE);
	expect_fault(va, GWALK_X, PFEC_P | PFEC_I);
	put8(0x2000 + 5 * 8, 0x3000 | P | W | BIT(52));
	expect_fault(va, 0, PFEC_P | PFEC_RSVD);
}

static void two_levels(void **state)
{
	const gva_t va = 0x00c03123; /* indices 3, 3 */

	(void)state;
	reset(0, 0);
	put4(0x1000 + 3 * 4, 0x2000 | P | W | U);
	put4(0x2000 + 3 * 4, 0xfffff000 | P | W | U);
	expect_gpa(va, GWALK_W | GWALK_U, 0xfffff123, PAGE_SIZE);
	assert_int_equal(get4(0x1000 + 3 * 4) & (A | D), A);
	assert_int_equal(get4(0x2000 + 3 * 4) & (A | D), A | D);

	/* PS without CR4.PSE is ignored */
	put4(0x1000 + 3 * 4, 0x2000 | P | W | U | PS);
	expect_gpa(va, 0, 0xfffff123, PAGE_SIZE);
	regs.cr4 = CR4_PSE;
	put4(0x1000 + 3 * 4, 0x00800000 | P | W | U | PS);
	expect_gpa(va, GWALK_W, 0x00800000 | (va & 0x3fffff), MIB(4));
	assert_int_equal(get4(0x1000 + 3 * 4) & (A | D), A | D);
	/* PSE-36: bits 20:13 are address bits 39:32; 21 is reserved, and what MAXPHYADDR lacks */
	put4(0x1000 + 3 * 4, 0x00800000 | P | W | U | PS | 0xa5 << 13);
	expect_gpa(va, 0, 0xa500800000 | (va & 0x3fffff), MIB(4));
	put4(0x1000 + 3 * 4, 0x00800000 | P | W | U | PS | BIT(21));
	expect_fault(va, 0, PFEC_P | PFEC_RSVD);
	regs.maxphyaddr = 36;
	put4(0x1000 + 3 * 4, 0x00800000 | P | W | U | PS | BIT(17));
	expect_fault(va, 0, PFEC_P | PFEC_RSVD);
	put4(0x1000 + 3 * 4, 0x00800000 | P | W | U | PS | BIT(16));
	expect_gpa(va, 0, 0x800800000 | (va & 0x3fffff), MIB(4));
	/* NXE means nothing without PAE */
	regs.efer = EFER_NXE;
	put4(0x1000 + 3 * 4, 0);
	expect_fault(va, GWALK_X, 0);
}

static void reserved_bits_long(void **state)
{
	static const gpa_t where[] = {0x1000 + 255 * 8, 0x2000 + 4 * 8, 0x3000 + 282 * 8,
				      0x4000 + 86 * 8};

	(void)state;
	for (unsigned level = 0; level < 4; level++) {
		for (unsigned bit = 40; bit < 52; bit++) {
			reset_long();
			put8(where[level], get8(where[level]) | BIT(bit));
			expect_fault(VA, 0, PFEC_P | PFEC_RSVD);
			assert_int_equal(updates, 0);
		}
		/* 62:52 are free for software */
		reset_long();
		put8(where[level], get8(where[level]) | (BIT(63) - BIT(52)));
		expect_gpa(VA, 0, 0x5789, PAGE_SIZE);
		/* NX without NXE */
		put8(where[level], get8(where[level]) | NX);
		regs.efer = EFER_LME | EFER_LMA;
		expect_fault(VA, GWALK_U | GWALK_W, PFEC_P | PFEC_RSVD | PFEC_U | PFEC_W);
	}
	reset_long();
	put8(where[0], get8(where[0]) | PS);
	expect_fault(VA, 0, PFEC_P | PFEC_RSVD);
	/* address bits below the page's size: 20:13, 29:13 */
	for (unsigned bit = 13; bit < 30; bit++) {
		reset_long();
		put8(where[bit < 21 ? 2 : 1], P | W | U | PS | BIT(bit));
		expect_fault(VA, 0, PFEC_P | PFEC_RSVD);
	}
	/* not present: nothing is reserved */
	reset_long();
	put8(where[2], ~P);
	expect_fault(VA, 0, 0);
	/* 52 address bits: nothing above them is reserved */
	reset_long();
	regs.maxphyaddr = 52;
	put8(where[3], 0xffffffffff000 | P | W | U);
	expect_gpa(VA, 0, 0xffffffffff789, PAGE_SIZE);
}

/* Every combination of rights, against the rules as SDM 3A 4.6.1 lists them. */
static void rights(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 3u << 8; n++) {
		bool wp = n & 1, smep = n & 2, smap = n & 4, ac = n & 8;
		bool w = n & 16, u = n & 32, nx = n & 64, user = n & 128;
		unsigned kind = n >> 8; /* 0: read, 1: write, 2: fetch */
		unsigned access = (user ? GWALK_U : 0) | (kind == 1   ? GWALK_W
							  : kind == 2 ? GWALK_X
								      : 0);
		bool ok = true;
		uint32_t code;

		reset_long();
		regs.cr0 = CR0_PE | CR0_PG | (wp ? CR0_WP : 0);
		regs.cr4 |= (smep ? CR4_SMEP : 0) | (smap ? CR4_SMAP : 0);
		regs.rflags = ac ? RFLAGS_AC : 0;
		/* each right is taken away on another level */
		if (!w)
			put8(0x1000 + 255 * 8, 0x2000 | P | U);
		if (!u)
			put8(0x2000 + 4 * 8, 0x3000 | P | W);
		if (nx)
			put8(0x3000 + 282 * 8, 0x4000 | P | W | U | NX);
		if (user) {
			ok = u && (kind != 1 || w) && (kind != 2 || !nx);
		} else if (kind == 2) {
			ok = !nx && !(u && smep);
		} else {
			ok = !(kind == 1 && !w && wp);
			if (u && smap && !ac)
				ok = false;
		}
		if (ok) {
			expect_gpa(VA, access, 0x5789, PAGE_SIZE);
			continue;
		}
		code = PFEC_P | (user ? PFEC_U : 0) | (kind == 1 ? PFEC_W : 0) |
		       (kind == 2 ? PFEC_I : 0);
		expect_fault(VA, access, code);
		assert_int_equal(updates, 0); /* an access that faults leaves no mark */
	}
}

static void fetch_bit_of_error_code(void **state)
{
	(void)state;
	reset_long();
	put8(0x1000 + 255 * 8, 0);
	expect_fault(VA, GWALK_X, PFEC_I);
	regs.efer &= ~EFER_NXE;
	expect_fault(VA, GWALK_X, 0);
	regs.cr4 |= CR4_SMEP;
	expect_fault(VA, GWALK_X, PFEC_I);
}

static void tables_outside_ram(void **state)
{
	(void)state;
	reset_long();
	regs.cr3 = 0xfffffff000;
	assert_int_equal(walk(VA, 0), -EIO);
	reset_long();
	put8(0x3000 + 282 * 8, 0x200000 | P | W | U);
	assert_int_equal(walk(VA, 0), -EIO);
	/* another vCPU changes an entry: again; all the time: give up */
	reset_long();
	contend = 3;
	expect_gpa(VA, GWALK_W, 0x5789, PAGE_SIZE);
	assert_int_equal(contend, 0);
	reset_long();
	contend = 1000;
	assert_int_equal(walk(VA, 0), -EIO);
	reset_long();
	contend = -1;
	assert_int_equal(walk(VA, 0), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paging_off),
		cmocka_unit_test(four_levels),
		cmocka_unit_test(five_levels),
		cmocka_unit_test(pae),
		cmocka_unit_test(two_levels),
		cmocka_unit_test(reserved_bits_long),
		cmocka_unit_test(rights),
		cmocka_unit_test(fetch_bit_of_error_code),
		cmocka_unit_test(tables_outside_ram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
