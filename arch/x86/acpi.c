/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parses the host's ACPI tables, as far as a hypervisor needs them. */
#include "arch/x86/acpi.h"

#define SDT_HEADER 36u
#define RSDP_SIZE  36u
#define MADT_LIST  44u
#define FADT_V1    116u
#define SPACE_IO   1u

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)le_get(p, 4);
}

/* signature: four characters, of a table or a literal. NULL: what there is of a table then. */
static const uint8_t *warn(const void *signature, const char *sentence)
{
	char name[5] = "";

	memcpy(name, signature, 4);
	for (unsigned i = 0; i < 4; i++)
		if (name[i] < ' ' || name[i] > '~')
			name[i] = '?';
	acpi_warn(name, sentence);
	return NULL;
}

static bool sum_is_zero(const uint8_t *p, uint32_t n)
{
	uint8_t sum = 0;

	while (n--)
		sum = (uint8_t)(sum + *p++);
	return sum == 0;
}

static const uint8_t *map(hpa_t pa, uint64_t len)
{
	return !pa || pa + len < pa ? NULL : acpi_map(pa, len);
}

/* The whole table at pa, checked, or NULL with a warning. */
static const uint8_t *table_at(hpa_t pa, const char *what, uint32_t *size)
{
	const uint8_t *t = map(pa, SDT_HEADER);
	uint8_t signature[4];

	if (!t)
		return warn(what, "points to a table outside memory that can be mapped");
	memcpy(signature, t, 4);
	*size = get32(t + 4);
	if (*size < SDT_HEADER || *size > ACPI_MAX_TABLE)
		return warn(signature, "table has an impossible length");
	t = map(pa, *size);
	if (!t)
		return warn(signature, "table ends outside memory that can be mapped");
	return sum_is_zero(t, *size) ? t : warn(signature, "table has a wrong checksum");
}

/* The list of tables (ACPI 6.4, 5.2.5.3). UEFI has it from ACPI 2.0 on. */
static const uint8_t *find_xsdt(hpa_t rsdp, uint32_t *size)
{
	const uint8_t *p = map(rsdp, RSDP_SIZE), *t;

	if (!p || memcmp(p, "RSD PTR ", 8) || !sum_is_zero(p, RSDP_SIZE))
		return warn("RSDP", "is not there, has a wrong checksum, or is of ACPI 1.0");
	t = table_at(le_get(p + 24, 8), "RSDP", size);
	return t && memcmp(t, "XSDT", 4) ? warn("XSDT", "is not what the RSDP points to") : t;
}

/* The first good table with the signature in the list, of n bytes. */
static const uint8_t *find(const uint8_t *xsdt, uint32_t n, const char *signature, uint32_t *size)
{
	for (uint32_t at = SDT_HEADER; at + 8 <= n; at += 8) {
		hpa_t pa = le_get(xsdt + at, 8);
		const uint8_t *t = map(pa, SDT_HEADER);

		if (!t || memcmp(t, signature, 4))
			continue;
		t = table_at(pa, "XSDT", size);
		if (t)
			return t;
	}
	return warn(signature, "table is not there");
}

static void add_cpu(struct acpi_info *out, uint32_t id)
{
	/* Firmware lists a processor in both forms, or twice: it counts once. */
	for (unsigned i = 0; i < out->cpu_count; i++)
		if (out->apic_id[i] == id)
			return;
	if (out->cpu_count == ACPI_MAX_CPUS)
		warn("APIC", "lists more than 256 processors; one is ignored");
	else
		out->apic_id[out->cpu_count++] = id;
}

static void add_ioapic(struct acpi_info *out, const uint8_t *e)
{
	if (out->ioapic_count == ACPI_MAX_IOAPICS) {
		warn("APIC", "lists more than 16 I/O APICs; one is ignored");
		return;
	}
	out->ioapic[out->ioapic_count++] = (struct acpi_ioapic){
		.address = get32(e + 4),
		.gsi_base = get32(e + 8),
	};
}

static void add_override(struct acpi_info *out, const uint8_t *e)
{
	uint16_t flags = (uint16_t)le_get(e + 8, 2);

	if (out->override_count == ACPI_MAX_OVERRIDES) {
		warn("APIC", "lists more than 24 interrupt overrides; one is ignored");
		return;
	}
	/* 0: as the bus says, and ISA is high and edge; 3: low, or level. */
	out->override[out->override_count++] = (struct acpi_override){
		.irq = e[3],
		.gsi = get32(e + 4),
		.low = (flags & 3) == 3,
		.level = (flags >> 2 & 3) == 3,
	};
}

enum madt_type {
	MADT_LAPIC = 0,
	MADT_IOAPIC = 1,
	MADT_OVERRIDE = 2,
	MADT_LAPIC_ADDRESS = 5,
	MADT_X2APIC = 9,
};

/* The smallest length of an entry of each type; 0: not looked at. */
static const uint8_t madt_length[] = {
	[MADT_LAPIC] = 8,          [MADT_IOAPIC] = 12, [MADT_OVERRIDE] = 10,
	[MADT_LAPIC_ADDRESS] = 12, [MADT_X2APIC] = 16,
};

static void madt_entry(struct acpi_info *out, const uint8_t *e)
{
	bool x2 = e[0] == MADT_X2APIC;
	uint32_t id;

	switch (e[0]) {
	case MADT_LAPIC:
	case MADT_X2APIC:
		id = x2 ? get32(e + 4) : e[3];
		/* Enabled; all ones are broadcast and cannot be a processor. */
		if (get32(e + (x2 ? 8 : 4)) & 1 && id != (x2 ? UINT32_MAX : 0xff))
			add_cpu(out, id);
		break;
	case MADT_IOAPIC:
		add_ioapic(out, e);
		break;
	case MADT_OVERRIDE:
		add_override(out, e);
		break;
	case MADT_LAPIC_ADDRESS:
		out->lapic = le_get(e + 4, 8);
		break;
	}
}

/* ACPI 6.4, 5.2.12. */
static void parse_madt(const uint8_t *t, uint32_t size, struct acpi_info *out)
{
	uint32_t at = MADT_LIST;

	if (size < MADT_LIST) {
		warn(t, "table is too short");
		return;
	}
	out->has_madt = true;
	out->lapic = get32(t + 36);
	while (size - at >= 2) {
		const uint8_t *e = t + at;
		uint32_t len = e[1];

		if (len < 2 || len > size - at) {
			warn(t, "table has an entry of impossible length; the rest is ignored");
			return;
		}
		if (e[0] < ARRAY_SIZE(madt_length) && len < madt_length[e[0]])
			warn(t, "table has an entry that is too short; it is ignored");
		else
			madt_entry(out, e);
		at += len;
	}
}

/* A generic address (ACPI 6.4, 5.2.3.2) that is an I/O port; 0: it is in another space. */
static uint16_t gas_port(const uint8_t *p)
{
	return p[0] == SPACE_IO ? (uint16_t)le_get(p + 4, 8) : 0;
}

/* The extended block at offset x where there is one, else the port at offset old. */
static uint16_t fadt_port(const uint8_t *t, uint32_t size, unsigned old, unsigned x)
{
	if (size >= x + 12 && le_get(t + x + 4, 8))
		return gas_port(t + x);
	return (uint16_t)get32(t + old);
}

/* An AML integer of a package (ACPI 6.4, 20.2.3); returns its length in bytes or 0. */
static unsigned aml_integer(const uint8_t *p, uint32_t n, uint8_t *value)
{
	if (n >= 1 && (p[0] <= 1 || p[0] == 0xff)) { /* ZeroOp, OneOp, OnesOp */
		*value = p[0];
		return 1;
	}
	/* BytePrefix, or WordPrefix, of which the lower byte comes first and is enough. */
	if ((n >= 2 && p[0] == 0x0a) || (n >= 3 && p[0] == 0x0b)) {
		*value = p[1];
		return p[0] == 0x0a ? 2 : 3;
	}
	return 0;
}

/*
 * Name (_S5_, Package () { a, b, … }) without an AML interpreter: the bytes
 * NameOp [\] "_S5_" PackageOp PkgLength NumElements, then two integers.
 */
static bool find_s5(const uint8_t *t, uint32_t size, struct acpi_info *out)
{
	for (uint32_t i = SDT_HEADER + 1; i + 7 <= size; i++) {
		uint32_t at = i + 5;
		unsigned n;

		if (memcmp(t + i, "_S5_", 4) || t[i + 4] != 0x12 ||
		    !(t[i - 1] == 0x08 || (t[i - 1] == '\\' && t[i - 2] == 0x08)))
			continue;
		at += 1u + (t[at] >> 6) + 1u; /* PkgLength is 1 to 4 bytes, then NumElements */
		if (at >= size)
			continue;
		n = aml_integer(t + at, size - at, &out->slp_typa);
		if (!n || !aml_integer(t + at + n, size - at - n, &out->slp_typb))
			continue;
		out->slp_typa &= 7;
		out->slp_typb &= 7;
		return true;
	}
	return false;
}

/* ACPI 6.4, 5.2.9. */
static void parse_fadt(const uint8_t *t, uint32_t size, struct acpi_info *out)
{
	const uint8_t *dsdt;
	hpa_t dsdt_pa;

	if (size < FADT_V1) {
		warn(t, "table is too short");
		return;
	}
	uint32_t flags = get32(t + 112);
	out->smi_cmd = (uint16_t)get32(t + 48);
	out->acpi_enable = t[52];
	if (size >= 129 && flags & BIT(10)) { /* RESET_REG_SUP */
		out->reset = gas_port(t + 116);
		out->reset_value = t[128];
	}
	if (size < 148 || !(flags & BIT(20))) { /* HW_REDUCED_ACPI: no such registers */
		out->pm1a_cnt = fadt_port(t, size, 64, 172);
		out->pm1b_cnt = fadt_port(t, size, 68, 184);
		if (t[91] == 4) /* PM_TMR_LEN: 0 where there is no timer */
			out->pm_timer = fadt_port(t, size, 76, 208);
	}
	dsdt_pa = size >= 148 ? le_get(t + 140, 8) : 0;
	dsdt = table_at(dsdt_pa ? dsdt_pa : get32(t + 40), "FACP", &size);
	if (!dsdt)
		return;
	out->has_s5 = find_s5(dsdt, size, out);
	if (!out->has_s5)
		warn(dsdt, "table has no _S5_ that can be read; power-off is not possible");
}

int acpi_parse(hpa_t rsdp, struct acpi_info *out)
{
	const uint8_t *xsdt, *t;
	uint32_t n = 0, size = 0;

	memset(out, 0, sizeof(*out));
	xsdt = find_xsdt(rsdp, &n);
	if (!xsdt)
		return -ENOENT;
	t = find(xsdt, n, "APIC", &size);
	if (t)
		parse_madt(t, size, out);
	t = find(xsdt, n, "FACP", &size);
	if (t)
		parse_fadt(t, size, out);
	return 0;
}
