/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's ACPI tables (ACPI 6.4, 5.2). Firmware is not trusted: a table
 * that is broken is skipped with a warning. Pure: memory comes through map().
 */
#pragma once

#include "kernel/types.h"

#define ACPI_MAX_CPUS      256u
#define ACPI_MAX_IOAPICS   16u
#define ACPI_MAX_OVERRIDES 24u
#define ACPI_MAX_TABLE     MIB(4) /* a longer one is taken for broken */

/* What the parser asks of its surroundings: kernel/main.c, or a test. */
/*
 * Pointer to len bytes at pa, good until acpi_parse() is done; NULL when they
 * cannot be mapped. len is at most ACPI_MAX_TABLE.
 */
const void *acpi_map(hpa_t pa, uint64_t len);
/* Told of everything that is skipped. table: 4 characters and NUL. */
void acpi_warn(const char *table, const char *sentence);

struct acpi_ioapic {
	uint32_t address, gsi_base;
};

struct acpi_override {
	uint8_t irq; /* ISA */
	uint32_t gsi;
	bool low, level; /* polarity and trigger; ISA's default is high, edge */
};

struct acpi_info {
	/* MADT */
	bool has_madt;
	uint32_t apic_id[ACPI_MAX_CPUS]; /* of the processors that are enabled, none twice */
	unsigned cpu_count;
	struct acpi_ioapic ioapic[ACPI_MAX_IOAPICS];
	unsigned ioapic_count;
	struct acpi_override override[ACPI_MAX_OVERRIDES];
	unsigned override_count;
	hpa_t lapic; /* MMIO address of the local APIC, override applied */

	/* FADT: I/O ports; 0 where there is none, or where it is in another address space */
	uint16_t pm_timer, pm1a_cnt, pm1b_cnt, reset;
	uint16_t smi_cmd;    /* with acpi_enable: how to enter ACPI mode */
	uint8_t acpi_enable; /* 0: it is on already */
	uint8_t reset_value;
	bool has_s5;                /* the two below are valid */
	uint8_t slp_typa, slp_typb; /* of \_S5_: written to PM1x_CNT with SLP_EN, bit 13 */
};

#define ACPI_PM1_SCI_EN    BIT(0)
#define ACPI_PM1_SLP_SHIFT 10
#define ACPI_PM1_SLP_EN    BIT(13)

/*
 * Reads what the hypervisor needs. 0 even if tables are missing or broken (see
 * the has_ flags); -ENOENT when rsdp leads to no table list.
 */
int acpi_parse(hpa_t rsdp, struct acpi_info *out);
