/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts the ACPI tables of a guest into its memory; their sources are in kernel/load/acpi. */
#include "kernel/config.h"
#include "kernel/load/load.h"

#include "build/gen/acpi.h"

#define TABLE_MAX   1024u
#define LENGTH_AT   4u
#define CHECKSUM_AT 9u

/* The tables know each other's addresses. Those of processors come for all there can be. */
static const struct {
	gpa_t at;
	const uint8_t *bytes;
	unsigned size, per_vcpu; /* bytes in all, bytes of each processor at the end */
} tables[] = {
	{GUEST_ACPI, acpi_rsdp, sizeof(acpi_rsdp), 0},
	{GUEST_ACPI + 0x40, acpi_rsdt, sizeof(acpi_rsdt), 0},
	{GUEST_ACPI + 0x80, acpi_xsdt, sizeof(acpi_xsdt), 0},
	{GUEST_ACPI + 0x100, acpi_facs, sizeof(acpi_facs), 0},
	{GUEST_ACPI + 0x200, acpi_fadt, sizeof(acpi_fadt), 0},
	{GUEST_ACPI + 0x400, acpi_madt, sizeof(acpi_madt), 8},
	{GUEST_ACPI + 0x600, acpi_mcfg, sizeof(acpi_mcfg), 0},
	{GUEST_ACPI + 0x800, acpi_ssdt, sizeof(acpi_ssdt), 35},
	{GUEST_ACPI + 0x1000, acpi_dsdt, sizeof(acpi_dsdt), 0},
};
static_assert(sizeof(acpi_madt) <= TABLE_MAX && sizeof(acpi_ssdt) <= TABLE_MAX &&
		      sizeof(acpi_dsdt) <= TABLE_MAX,
	      "TABLE_MAX");

/* Cut to size bytes, with the length and the sum that go with it. */
static void cut(uint8_t *t, uint32_t size)
{
	uint8_t sum = 0;

	memcpy(t + LENGTH_AT, &size, sizeof(size));
	for (unsigned i = 0; i < size; i++)
		sum = (uint8_t)(sum + (i == CHECKSUM_AT ? 0 : t[i]));
	t[CHECKSUM_AT] = (uint8_t)-sum;
}

int acpi_tables_load(const struct load_mem *m, unsigned vcpus)
{
	int err = 0;

	if (!vcpus || vcpus > CONFIG_MAX_VCPUS)
		return -EINVAL;
	for (unsigned i = 0; i < ARRAY_SIZE(tables) && !err; i++) {
		unsigned less = (CONFIG_MAX_VCPUS - vcpus) * tables[i].per_vcpu;
		uint8_t t[TABLE_MAX];

		memcpy(t, tables[i].bytes, tables[i].size);
		if (less)
			cut(t, tables[i].size - less);
		err = vm_write(m->vm, tables[i].at, t, tables[i].size - less);
	}
	return err;
}
