/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the ACPI tables of a guest (ACPI 6.4 chapter 5). */
#include "kernel/config.h"
#include "kernel/dev/acpi_pm.h"
#include "kernel/dev/reset.h"
#include "kernel/dev/rtc.h"
#include "kernel/errno.h"
#include "kernel/load/load.h"
#include "kernel/string.h"

static const uint8_t dsdt[] = {
#include "build/gen/dsdt.h"
};

#define TABLE_MAX   1024u
#define FACS_SIZE   64u
#define RSDP_SIZE   36u
#define LENGTH_AT   4u
#define CHECKSUM_AT 9u

/* A table under construction, and where it will be. */
struct table {
	uint8_t b[TABLE_MAX];
	unsigned n; /* > TABLE_MAX: it did not fit */
};

struct area {
	const struct load_mem *m;
	gpa_t at; /* of the next table */
	int err;
};

static void put(struct table *t, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++, t->n++)
		if (t->n < TABLE_MAX)
			t->b[t->n] = (uint8_t)(value >> (8 * i));
}

static void put_text(struct table *t, const char *s, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		put(t, (uint8_t)s[i], 1);
}

static void pad_to(struct table *t, unsigned n)
{
	while (t->n < n)
		put(t, 0, 1);
}

/* Generic address structure of an I/O port. */
static void put_port(struct table *t, uint16_t port, unsigned bits, unsigned access)
{
	put(t, 1, 1);
	put(t, bits, 1);
	put(t, 0, 1);
	put(t, access, 1); /* 1: byte, 2: word, 3: doubleword */
	put(t, port, 8);
}

static void begin(struct table *t, const char *signature, unsigned revision)
{
	t->n = 0;
	put_text(t, signature, 4);
	put(t, 0, 4); /* length */
	put(t, revision, 1);
	put(t, 0, 1); /* checksum */
	put_text(t, "MULLN\0", 6);
	put_text(t, "MULLION\0", 8);
	put(t, 1, 4);
	put_text(t, "MULL", 4);
	put(t, 1, 4);
}

static uint8_t checksum(const uint8_t *p, unsigned n)
{
	uint8_t sum = 0;

	while (n--)
		sum = (uint8_t)(sum + *p++);
	return (uint8_t)-sum;
}

/* Puts bytes into guest memory, 64-byte aligned as the FACS wants it, and says where. */
static gpa_t place(struct area *a, const void *bytes, unsigned n)
{
	gpa_t at = a->at;

	a->at = align_up(at + n, 64);
	if (a->at > GUEST_ACPI_END)
		a->err = -ENOSPC;
	else if (!a->err)
		a->err = a->m->write(a->m->ctx, at, bytes, n);
	return at;
}

static gpa_t finish(struct area *a, struct table *t)
{
	if (t->n > TABLE_MAX) {
		a->err = -ENOSPC;
		return 0;
	}
	memcpy(t->b + LENGTH_AT, &(uint32_t){t->n}, 4);
	t->b[CHECKSUM_AT] = checksum(t->b, t->n);
	return place(a, t->b, t->n);
}

static gpa_t make_facs(struct area *a, struct table *t)
{
	t->n = 0;
	put_text(t, "FACS", 4);
	put(t, FACS_SIZE, 4);
	pad_to(t, 32);
	put(t, 2, 1); /* version */
	pad_to(t, FACS_SIZE);
	return place(a, t->b, t->n);
}

/* FADT flags (table 5.10) and IAPC_BOOT_ARCH (table 5.11). */
#define FADT_WBINVD        BIT(0)
#define FADT_PROC_C1       BIT(2)
#define FADT_SLP_BUTTON    BIT(5) /* no fixed sleep button */
#define FADT_FIX_RTC       BIT(6) /* no RTC wake status */
#define FADT_TMR_VAL_EXT   BIT(8)
#define FADT_RESET_REG_SUP BIT(10)
#define BOOT_LEGACY        BIT(0) /* devices on ISA: the UART; bit 1 clear: no 8042 */
#define BOOT_NO_VGA        BIT(2)
#define BOOT_NO_ASPM       BIT(4)

static gpa_t make_fadt(struct area *a, struct table *t, gpa_t facs, gpa_t dsdt_at)
{
	begin(t, "FACP", 6);
	put(t, facs, 4);
	put(t, dsdt_at, 4);
	put(t, 0, 2); /* reserved; no preferred profile */
	put(t, ACPI_SCI_IRQ, 2);
	put(t, 0, 8); /* no SMI command: always in ACPI mode */
	put(t, ACPI_PM1A_EVT, 4);
	put(t, 0, 4);
	put(t, ACPI_PM1A_CNT, 4);
	put(t, 0, 8);
	put(t, ACPI_PM_TMR, 4);
	put(t, 0, 8); /* GPE0, GPE1 */
	put(t, ACPI_PM1A_EVT_LEN, 1);
	put(t, ACPI_PM1A_CNT_LEN, 1);
	put(t, 0, 1);
	put(t, ACPI_PM_TMR_LEN, 1);
	put(t, 0, 4);
	put(t, 101, 2);  /* no C2: latency above 100 us */
	put(t, 1001, 2); /* no C3: above 1000 us */
	pad_to(t, 108);
	put(t, RTC_CENTURY, 1);
	put(t, BOOT_LEGACY | BOOT_NO_VGA | BOOT_NO_ASPM, 2);
	put(t, 0, 1);
	put(t,
	    FADT_WBINVD | FADT_PROC_C1 | FADT_SLP_BUTTON | FADT_FIX_RTC | FADT_TMR_VAL_EXT |
		    FADT_RESET_REG_SUP,
	    4);
	put_port(t, RESET_PORT, 8, 1);
	put(t, RESET_VALUE, 1);
	pad_to(t, 140); /* X_FIRMWARE_CTRL stays 0: FIRMWARE_CTRL is given */
	put(t, dsdt_at, 8);
	put_port(t, ACPI_PM1A_EVT, 8 * ACPI_PM1A_EVT_LEN, 2);
	pad_to(t, 172);
	put_port(t, ACPI_PM1A_CNT, 8 * ACPI_PM1A_CNT_LEN, 2);
	pad_to(t, 208);
	put_port(t, ACPI_PM_TMR, 8 * ACPI_PM_TMR_LEN, 3);
	pad_to(t, 268);
	put_text(t, "MULLION", 8); /* hypervisor vendor identity */
	return finish(a, t);
}

/* Interrupt flags of MADT entries. */
#define INTI_CONFORMS   0u
#define INTI_HIGH_LEVEL 0xdu

static void put_override(struct table *t, unsigned irq, unsigned gsi, unsigned flags)
{
	put(t, 2, 1);
	put(t, 10, 1);
	put(t, 0, 1); /* ISA */
	put(t, irq, 1);
	put(t, gsi, 4);
	put(t, flags, 2);
}

static gpa_t make_madt(struct area *a, struct table *t, unsigned vcpus)
{
	begin(t, "APIC", 5);
	put(t, GUEST_LAPIC, 4);
	put(t, 1, 4); /* PCAT_COMPAT: there are 8259s */
	for (unsigned i = 0; i < vcpus; i++) {
		put(t, 0x0800, 2); /* local APIC */
		put(t, i, 1);      /* UID in the SSDT */
		put(t, i, 1);      /* APIC id */
		put(t, 1, 4);      /* enabled */
	}
	put(t, 0x0c01, 2);
	put(t, GUEST_IOAPIC_ID, 1);
	put(t, 0, 1);
	put(t, GUEST_IOAPIC, 4);
	put(t, 0, 4);
	put_override(t, 0, 2, INTI_CONFORMS);
	put_override(t, ACPI_SCI_IRQ, ACPI_SCI_IRQ, INTI_HIGH_LEVEL);
	put(t, 0x0604, 2); /* NMI at LINT1 of every processor */
	put(t, 0xff, 1);
	put(t, INTI_CONFORMS, 2);
	put(t, 1, 1);
	return finish(a, t);
}

/*
 * Scope (\_SB) { Device (CPnn) { Name (_HID, "ACPI0007") Name (_UID, nn) } … } in
 * AML (20.2): made here, since their number differs between VMs.
 */
static gpa_t make_ssdt(struct area *a, struct table *t, unsigned vcpus)
{
	const unsigned device = 27, scope = 2 + 5 + vcpus * (device + 2);

	begin(t, "SSDT", 2);
	put(t, 0x10, 1);                 /* ScopeOp */
	put(t, 0x40 | (scope & 0xf), 1); /* PkgLength of two bytes, itself included */
	put(t, scope >> 4, 1);
	put_text(t, "\\_SB_", 5);
	for (unsigned i = 0; i < vcpus; i++) {
		put(t, 0x825b, 2); /* DeviceOp */
		put(t, device, 1);
		put_text(t, "CP", 2);
		put(t, (uint8_t) "0123456789ABCDEF"[i >> 4 & 0xf], 1);
		put(t, (uint8_t) "0123456789ABCDEF"[i & 0xf], 1);
		put(t, 0x08, 1); /* NameOp */
		put_text(t,
			 "_HID\x0d"
			 "ACPI0007",
			 14);
		put(t, 0x08, 1);
		put_text(t, "_UID\x0a", 5);
		put(t, i, 1);
	}
	return finish(a, t);
}

static gpa_t make_list(struct area *a, struct table *t, const char *signature, unsigned width,
		       const gpa_t *tables, unsigned count)
{
	begin(t, signature, 1);
	for (unsigned i = 0; i < count; i++)
		put(t, tables[i], width);
	return finish(a, t);
}

static void make_rsdp(struct area *a, struct table *t, gpa_t rsdt, gpa_t xsdt)
{
	t->n = 0;
	put_text(t, "RSD PTR ", 8);
	put(t, 0, 1);
	put_text(t, "MULLN\0", 6);
	put(t, 2, 1);
	put(t, rsdt, 4);
	put(t, RSDP_SIZE, 4);
	put(t, xsdt, 8);
	put(t, 0, 4);
	t->b[8] = checksum(t->b, 20);
	t->b[32] = checksum(t->b, RSDP_SIZE);
	if (!a->err)
		a->err = a->m->write(a->m->ctx, GUEST_ACPI, t->b, RSDP_SIZE);
}

int acpi_tables_load(const struct load_mem *m, unsigned vcpus, gpa_t *rsdp)
{
	struct area a = {.m = m, .at = GUEST_ACPI + 64};
	struct table t = {.n = 0};
	gpa_t facs, tables[3], rsdt, xsdt;

	if (!vcpus || vcpus > CONFIG_MAX_VCPUS)
		return -EINVAL;
	facs = make_facs(&a, &t);
	tables[0] = make_fadt(&a, &t, facs, place(&a, dsdt, sizeof(dsdt)));
	tables[1] = make_madt(&a, &t, vcpus);
	tables[2] = make_ssdt(&a, &t, vcpus);
	rsdt = make_list(&a, &t, "RSDT", 4, tables, ARRAY_SIZE(tables));
	xsdt = make_list(&a, &t, "XSDT", 8, tables, ARRAY_SIZE(tables));
	make_rsdp(&a, &t, rsdt, xsdt);
	*rsdp = GUEST_ACPI;
	return a.err;
}
