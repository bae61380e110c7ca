/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guests' ACPI tables: sums, links and contents, and what iasl makes of them. */
/* sources: kernel/load/acpi_tables.c kernel/load/start.c kernel/print.c arch/x86/acpi.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86/acpi.h"
#include "kernel/config.h"
#include "kernel/dev/acpi_pm.h"
#include "kernel/dev/ioapic.h"
#include "kernel/dev/reset.h"
#include "kernel/dev/rtc.h"
#include "kernel/errno.h"
#include "kernel/load/load.h"
#include "tests/unit/load_mem.h"

static struct test_mem t;

const void *acpi_map(hpa_t pa, uint64_t len)
{
	/* The tables' own area and nothing else. */
	if (pa < GUEST_ACPI || pa + len > GUEST_ACPI_END)
		return NULL;
	return test_mem_at(&t, pa, len);
}

void acpi_warn(const char *table, const char *sentence)
{
	fail_msg("%s %s", table, sentence);
}

/* By the XSDT; the parser has checked it. */
static const uint8_t *find(const char *signature, uint32_t *size)
{
	gpa_t xsdt = test_mem_get(&t, GUEST_ACPI + 24, 8);

	for (gpa_t e = xsdt + 36; e < xsdt + test_mem_get(&t, xsdt + 4, 4); e += 8) {
		gpa_t table = test_mem_get(&t, e, 8);

		*size = (uint32_t)test_mem_get(&t, table + 4, 4);
		if (!memcmp(test_mem_at(&t, table, *size), signature, 4))
			return test_mem_at(&t, table, *size);
	}
	return NULL;
}

static int setup(void **state)
{
	(void)state;
	test_mem_init(&t, MIB(2));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	test_mem_free(&t);
	return 0;
}

/* The host's parser, which trusts nothing, reads the guest's tables without a warning. */
static void parser_reads_them(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= CONFIG_MAX_VCPUS; n++) {
		struct acpi_info i;

		assert_int_equal(acpi_tables_load(&t.m, n), 0);
		assert_int_equal(acpi_parse(GUEST_ACPI, &i), 0);
		assert_true(i.has_madt && i.has_s5);
		assert_int_equal(i.cpu_count, n);
		for (unsigned c = 0; c < n; c++)
			assert_int_equal(i.apic_id[c], c);
		assert_int_equal(i.lapic, LAPIC_DEFAULT_BASE);
		assert_int_equal(i.ioapic_count, 1);
		assert_int_equal(i.ioapic[0].address, IOAPIC_BASE);
		assert_int_equal(i.ioapic[0].gsi_base, 0);
		assert_int_equal(i.override_count, 2);
		assert_int_equal(i.override[0].irq, 0);
		assert_int_equal(i.override[0].gsi, 2);
		assert_false(i.override[0].low || i.override[0].level);
		assert_int_equal(i.override[1].irq, ACPI_SCI_IRQ);
		assert_int_equal(i.override[1].gsi, ACPI_SCI_IRQ);
		assert_true(!i.override[1].low && i.override[1].level);
		assert_int_equal(i.pm_timer, ACPI_PM_TMR);
		assert_int_equal(i.pm1a_cnt, ACPI_PM1A_CNT);
		assert_int_equal(i.pm1b_cnt, 0);
		assert_int_equal(i.smi_cmd, 0);
		assert_int_equal(i.reset, RESET_PORT);
		assert_int_equal(i.reset_value, RESET_VALUE);
		assert_int_equal(i.slp_typa, ACPI_SLP_TYP_S5);
		assert_int_equal(i.slp_typb, ACPI_SLP_TYP_S5);
	}
}

/* ACPI 6.4, 5.2.12: what the parser does not look at. */
static void madt_fields(void **state)
{
	const uint8_t *m;
	unsigned cpus = 0, ioapics = 0;
	uint32_t size;

	(void)state;
	assert_int_equal(acpi_tables_load(&t.m, 5), 0);
	m = find("APIC", &size);
	assert_non_null(m);
	assert_int_equal(m[40] & 1, 1); /* there is an 8259 */
	for (const uint8_t *e = m + 44; e < m + size; e += e[1]) {
		if (e[0] == 0)
			assert_int_equal(e[2], cpus++);
		if (e[0] == 1) {
			assert_int_equal(e[2], 0);
			ioapics++;
		}
	}
	assert_int_equal(cpus, 5);
	assert_int_equal(ioapics, 1);
}

/* A generic address: the space, the width in bits, the address. */
static void expect_gas(const uint8_t *p, uint8_t space, uint8_t width, uint64_t address)
{
	uint64_t v;

	memcpy(&v, p + 4, 8);
	assert_int_equal(p[0], space);
	assert_int_equal(p[1], width);
	assert_int_equal(v, address);
}

static void both_lists_agree(void **state)
{
	gpa_t rsdt, xsdt;
	uint32_t count;

	(void)state;
	assert_int_equal(acpi_tables_load(&t.m, 1), 0);
	rsdt = test_mem_get(&t, GUEST_ACPI + 16, 4);
	xsdt = test_mem_get(&t, GUEST_ACPI + 24, 8);
	count = ((uint32_t)test_mem_get(&t, rsdt + 4, 4) - 36) / 4;
	assert_int_equal(count, 4);
	assert_int_equal(test_mem_get(&t, xsdt + 4, 4), 36 + 8 * count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(test_mem_get(&t, rsdt + 36 + 4 * i, 4),
				 test_mem_get(&t, xsdt + 36 + 8 * i, 8));
}

/* ACPI 6.4, table 5.9: fields that the parser does not look at, at their offsets. */
static void fadt_fields(void **state)
{
	const uint8_t *f;
	gpa_t facs, dsdt;
	uint32_t size, len;

	(void)state;
	assert_int_equal(acpi_tables_load(&t.m, 1), 0);
	f = find("FACP", &size);
	assert_non_null(f);
	assert_int_equal(size, 276);
	assert_int_equal(f[8], 6);
	facs = *(const uint32_t *)(const void *)(f + 36);
	dsdt = *(const uint32_t *)(const void *)(f + 40);
	assert_int_equal(facs % 64, 0);
	assert_int_equal(test_mem_get(&t, facs, 4), 0x53434146);
	assert_int_equal(test_mem_get(&t, facs + 4, 4), 64);
	assert_int_equal(test_mem_get(&t, dsdt, 4), 0x54445344);
	memcpy(&len, f + 140, 4); /* X_DSDT */
	assert_int_equal(len, dsdt);
	assert_int_equal(f[46], ACPI_SCI_IRQ);
	assert_int_equal(f[88], 4);
	assert_int_equal(f[89], 2);
	assert_int_equal(f[91], 4);
	assert_int_equal(f[108], RTC_CENTURY);
	memcpy(&len, f + 56, 4);
	assert_int_equal(len, ACPI_PM1A_EVT);
	assert_int_equal(f[109] | f[110] << 8, 0x15); /* ISA devices, no 8042, no VGA, no ASPM */
	assert_int_equal(f[113] & 1, 1);              /* a PM timer of 32 bits */
	assert_int_equal(f[114] & 0x10, 0);           /* not hardware-reduced */
	expect_gas(f + 116, 1, 8, RESET_PORT);
	expect_gas(f + 148, 1, 32, ACPI_PM1A_EVT);
	expect_gas(f + 172, 1, 16, ACPI_PM1A_CNT);
	expect_gas(f + 208, 1, 32, ACPI_PM_TMR);
	assert_memory_equal(f + 268, "MULLION", 8);
}

/* iasl takes each table apart without an error, and finds what was meant. */
static void iasl_reads_them(void **state)
{
	static const struct {
		const char *signature, *has;
	} tables[] = {
		{"APIC", "Local Apic Address : FEE00000"},
		{"FACP", "PM Timer Block : \\[Generic Address"},
		{"SSDT", "CP0F)"},
		{"MCFG", "Base Address : 00000000FEB00000"},
		{"DSDT", "EisaId (\"PNP0501\")"},
	};
	char dir[] = "/tmp/mullion-acpi-XXXXXX", command[512];

	(void)state;
	if (system("iasl -v >/dev/null 2>&1"))
		skip();
	assert_int_equal(acpi_tables_load(&t.m, 16), 0);
	assert_non_null(mkdtemp(dir));
	for (unsigned i = 0; i < ARRAY_SIZE(tables); i++) {
		uint32_t size;
		const uint8_t *p = find(tables[i].signature, &size);
		FILE *f;

		if (!strcmp(tables[i].signature, "DSDT")) {
			p = find("FACP", &size);
			p = test_mem_at(&t, *(const uint32_t *)(const void *)(p + 40), 36);
			size = *(const uint32_t *)(const void *)(p + 4);
		}
		assert_non_null(p);
		snprintf(command, sizeof(command), "%s/%s.dat", dir, tables[i].signature);
		f = fopen(command, "w");
		assert_non_null(f);
		assert_int_equal(fwrite(p, 1, size, f), size);
		fclose(f);
		snprintf(command, sizeof(command),
			 "cd %s && iasl -d %s.dat >log 2>&1 && grep -q '%s' %s.dsl && "
			 "! grep -iE '(error|warning|invalid)' log",
			 dir, tables[i].signature, tables[i].has, tables[i].signature);
		if (system(command))
			fail_msg("iasl -d %s/%s.dat", dir, tables[i].signature);
	}
	/* The processors compile again without a warning. */
	snprintf(command, sizeof(command),
		 "cd %s && iasl -we -p again SSDT.dsl >log 2>&1 && cd / && rm -r %s", dir, dir);
	assert_int_equal(system(command), 0);
}

static void refusals(void **state)
{
	(void)state;
	assert_int_equal(acpi_tables_load(&t.m, 0), -EINVAL);
	assert_int_equal(acpi_tables_load(&t.m, CONFIG_MAX_VCPUS + 1), -EINVAL);
	for (long n = 0;; n++) {
		t.fail_after = n;
		if (acpi_tables_load(&t.m, 2) == 0)
			break;
		assert_in_range(n, 0, 20);
	}
	t.fail_after = -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(parser_reads_them, setup, teardown),
		cmocka_unit_test_setup_teardown(madt_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(both_lists_agree, setup, teardown),
		cmocka_unit_test_setup_teardown(fadt_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(iasl_reads_them, setup, teardown),
		cmocka_unit_test_setup_teardown(refusals, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
