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

struct acpi_host {
	void *ctx;
	/*
	 * Pointer to len bytes at pa, good until acpi is done; NULL when they
	 * cannot be mapped. len is at most ACPI_MAX_TABLE.
	 */
	const void *(*map)(void *ctx, hpa_t pa, uint64_t len);
	/* Told of everything that is skipped; may be NULL. table: 4 characters and NUL. */
	void (*warn)(void *ctx, const char *table, const char *sentence);
	unsigned warnings; /* how many were given */
};

struct acpi_cpu {
	uint32_t apic_id;
	uint32_t uid;
	bool enabled;        /* may be started now; else only online_capable */
	bool online_capable; /* can be plugged in later */
	bool x2apic;         /* came from an x2APIC entry */
};

struct acpi_ioapic {
	uint8_t id;
	uint32_t address;
	uint32_t gsi_base;
};

struct acpi_override {
	uint8_t irq; /* ISA */
	uint32_t gsi;
	bool low, level; /* polarity and trigger; ISA's default is high, edge */
};

/* Address in one of the address spaces; kind: */
#define ACPI_SPACE_MEMORY 0u
#define ACPI_SPACE_IO     1u
#define ACPI_SPACE_PCI    2u /* address = device << 32 | function << 16 | offset, on bus 0 */

struct acpi_gas {
	uint8_t space, bit_width, bit_offset, access_size;
	uint64_t address; /* 0: not there */
};

struct acpi_info {
	bool has_madt, has_fadt;

	/* MADT */
	struct acpi_cpu cpu[ACPI_MAX_CPUS]; /* enabled or online-capable, no id twice */
	unsigned cpu_count;
	struct acpi_ioapic ioapic[ACPI_MAX_IOAPICS];
	unsigned ioapic_count;
	struct acpi_override override[ACPI_MAX_OVERRIDES];
	unsigned override_count;
	hpa_t lapic; /* MMIO address of the local APIC, override applied */
	bool has_8259;

	/* FADT */
	struct acpi_gas pm_timer; /* address 0: none */
	bool pm_timer_32;         /* else 24 bits wide */
	struct acpi_gas pm1a_cnt, pm1b_cnt, pm1a_evt;
	uint32_t smi_cmd;    /* port; with acpi_enable: how to enter ACPI mode */
	uint8_t acpi_enable; /* 0: it is on already */
	bool has_reset;      /* reset is a register, and may be used */
	struct acpi_gas reset;
	uint8_t reset_value;
	uint32_t fadt_flags;        /* ACPI 6.4 table 5.10 */
	uint16_t boot_arch;         /* IAPC_BOOT_ARCH */
	bool hw_reduced;            /* no PM1 registers */
	bool has_s5;                /* the two below are valid */
	uint8_t slp_typa, slp_typb; /* of \_S5_: written to PM1x_CNT with SLP_EN, bit 13 */
};

#define ACPI_PM1_SCI_EN    BIT(0)
#define ACPI_PM1_SLP_SHIFT 10
#define ACPI_PM1_SLP_EN    BIT(13)

/*
 * Reads what the hypervisor needs. 0 even if tables are missing or broken (see
 * the has_ flags and host->warnings); -ENOENT when rsdp leads to no table list.
 */
int acpi_parse(struct acpi_host *host, hpa_t rsdp, struct acpi_info *out);
