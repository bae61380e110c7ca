/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the ACPI tables of a guest (ACPI 6.4 chapter 5). */
#include "kernel/config.h"
#include "kernel/dev/acpi_pm.h"
#include "kernel/dev/reset.h"
#include "kernel/dev/rtc.h"
#include "kernel/load/load.h"

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

/* At an offset from the table's start; what is left out stays zero. */
static void put_at(struct table *t, unsigned at, uint64_t value, unsigned size)
{
	t->n = at;
	put(t, value, size);
}

/* Generic address structure of an I/O port; access 1: byte, 2: word, 3: doubleword. */
static void put_port(struct table *t, unsigned at, uint16_t port, unsigned bits, unsigned access)
{
	put_at(t, at, 1, 1);
	put_at(t, at + 1, bits, 1);
	put_at(t, at + 3, access, 1);
	put_at(t, at + 4, port, 8);
}

static void begin(struct table *t, const char *signature, unsigned revision)
{
	memset(t, 0, sizeof(*t));
	put_text(t, signature, 4);
	put_at(t, 8, revision, 2); /* and the checksum */
	put_text(t, "MULLN\0MULLION\0", 14);
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
		a->err = vm_write(a->m->vm, at, bytes, n);
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
	memset(t, 0, sizeof(*t));
	put_text(t, "FACS", 4);
	put(t, FACS_SIZE, 4);
	put_at(t, 32, 2, 1); /* version */
	return place(a, t->b, FACS_SIZE);
}

/* FADT flags (table 5.10) and IAPC_BOOT_ARCH (table 5.11). */
#define FADT_WBINVD        BIT(0)
#define FADT_PROC_C1       BIT(2)
#define FADT_SLP_BUTTON    BIT(5) /* no fixed sleep button */
#define FADT_FIX_RTC       BIT(6) /* no RTC wake status */
#define FADT_TMR_VAL_EXT   BIT(8)
#define FADT_RESET_REG_SUP BIT(10)
#define FADT_FLAGS                                                                                 \
	(FADT_WBINVD | FADT_PROC_C1 | FADT_SLP_BUTTON | FADT_FIX_RTC | FADT_TMR_VAL_EXT |          \
	 FADT_RESET_REG_SUP)
#define BOOT_LEGACY  BIT(0) /* devices on ISA: the UART; bit 1 clear: no 8042 */
#define BOOT_NO_VGA  BIT(2)
#define BOOT_NO_ASPM BIT(4)

/* No SMI command: always in ACPI mode. No GPEs; X_FIRMWARE_CTRL stays 0. */
static gpa_t make_fadt(struct area *a, struct table *t, gpa_t facs, gpa_t dsdt_at)
{
	begin(t, "FACP", 6);
	put_at(t, 36, facs, 4);
	put_at(t, 40, dsdt_at, 4);
	put_at(t, 46, ACPI_SCI_IRQ, 2);
	put_at(t, 56, ACPI_PM1A_EVT, 4);
	put_at(t, 64, ACPI_PM1A_CNT, 4);
	put_at(t, 76, ACPI_PM_TMR, 4);
	put_at(t, 88, ACPI_PM1A_EVT_LEN, 1);
	put_at(t, 89, ACPI_PM1A_CNT_LEN, 1);
	put_at(t, 91, ACPI_PM_TMR_LEN, 1);
	put_at(t, 96, 101, 2);  /* no C2: latency above 100 us */
	put_at(t, 98, 1001, 2); /* no C3: above 1000 us */
	put_at(t, 108, RTC_CENTURY, 1);
	put_at(t, 109, BOOT_LEGACY | BOOT_NO_VGA | BOOT_NO_ASPM, 2);
	put_at(t, 112, FADT_FLAGS, 4);
	put_port(t, 116, RESET_PORT, 8, 1);
	put_at(t, 128, RESET_VALUE, 1);
	put_at(t, 140, dsdt_at, 8);
	put_port(t, 148, ACPI_PM1A_EVT, 8 * ACPI_PM1A_EVT_LEN, 2);
	put_port(t, 172, ACPI_PM1A_CNT, 8 * ACPI_PM1A_CNT_LEN, 2);
	put_port(t, 208, ACPI_PM_TMR, 8 * ACPI_PM_TMR_LEN, 3);
	t->n = 268;
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
	memset(t, 0, sizeof(*t));
	put_text(t, "RSD PTR \0MULLN\0\2", 16); /* revision 2 */
	put(t, rsdt, 4);
	put(t, RSDP_SIZE, 4);
	put(t, xsdt, 8);
	t->b[8] = checksum(t->b, 20);
	t->b[32] = checksum(t->b, RSDP_SIZE);
	if (!a->err)
		a->err = vm_write(a->m->vm, GUEST_ACPI, t->b, RSDP_SIZE);
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
