/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parses the host's ACPI tables, as far as a hypervisor needs them. */
#include "arch/x86/acpi.h"
#include "kernel/errno.h"
#include "kernel/string.h"

#define SDT_HEADER  36u
#define RSDP_V1     20u
#define RSDP_V2     36u
#define MADT_LIST   44u
#define FADT_V1     116u
#define MAX_ENTRIES 256u /* of the XSDT; firmware has a few dozen */

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static uint64_t get64(const uint8_t *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static void warn(struct acpi_host *h, const uint8_t *signature, const char *sentence)
{
	char name[5];

	for (unsigned i = 0; i < 4; i++)
		name[i] = signature[i] >= ' ' && signature[i] < 0x7f ? (char)signature[i] : '?';
	name[4] = 0;
	h->warnings++;
	if (h->warn)
		h->warn(h->ctx, name, sentence);
}

static void warn_named(struct acpi_host *h, const char *name, const char *sentence)
{
	uint8_t s[4];

	memcpy(s, name, 4);
	warn(h, s, sentence);
}

static bool sum_is_zero(const uint8_t *p, uint32_t n)
{
	uint8_t sum = 0;

	while (n--)
		sum = (uint8_t)(sum + *p++);
	return sum == 0;
}

static const uint8_t *map(struct acpi_host *h, hpa_t pa, uint64_t len)
{
	if (!pa || pa + len < pa)
		return NULL;
	return h->map(h->ctx, pa, len);
}

/* The whole table at pa, checked, or NULL with a warning. */
static const uint8_t *table_at(struct acpi_host *h, hpa_t pa, const char *what, uint32_t *size)
{
	const uint8_t *t = map(h, pa, SDT_HEADER);
	uint8_t signature[4];
	uint32_t len;

	if (!t) {
		warn_named(h, what, "points to a table outside memory that can be mapped");
		return NULL;
	}
	memcpy(signature, t, 4);
	len = get32(t + 4);
	if (len < SDT_HEADER || len > ACPI_MAX_TABLE) {
		warn(h, signature, "table has an impossible length");
		return NULL;
	}
	t = map(h, pa, len);
	if (!t) {
		warn(h, signature, "table ends outside memory that can be mapped");
		return NULL;
	}
	if (!sum_is_zero(t, len)) {
		warn(h, signature, "table has a wrong checksum");
		return NULL;
	}
	*size = len;
	return t;
}

/* The list of tables: the XSDT, or the RSDT where there is no good XSDT. */
struct table_list {
	const uint8_t *entry;
	unsigned count, width; /* width: 4 or 8 bytes */
};

static int list_from(struct acpi_host *h, hpa_t pa, const char *signature, unsigned width,
		     struct table_list *l)
{
	uint32_t size;
	const uint8_t *t = table_at(h, pa, "RSDP", &size);

	if (!t)
		return -ENOENT;
	if (memcmp(t, signature, 4)) {
		warn_named(h, signature, "is not what the RSDP points to");
		return -ENOENT;
	}
	l->entry = t + SDT_HEADER;
	l->width = width;
	l->count = (size - SDT_HEADER) / width;
	if (l->count > MAX_ENTRIES) {
		warn_named(h, signature, "lists more than 256 tables; the others are ignored");
		l->count = MAX_ENTRIES;
	}
	return 0;
}

/* ACPI 6.4, 5.2.5.3. */
static int find_list(struct acpi_host *h, hpa_t rsdp, struct table_list *l)
{
	const uint8_t *p = map(h, rsdp, RSDP_V1);
	hpa_t rsdt;

	if (!p || memcmp(p, "RSD PTR ", 8) || !sum_is_zero(p, RSDP_V1)) {
		warn_named(h, "RSDP", "is not there or has a wrong checksum");
		return -ENOENT;
	}
	rsdt = get32(p + 16);
	if (p[15] >= 2) {
		p = map(h, rsdp, RSDP_V2);
		if (!p || !sum_is_zero(p, RSDP_V2))
			warn_named(h, "RSDP", "has a wrong extended checksum; RSDT is used");
		else if (get64(p + 24) && !list_from(h, get64(p + 24), "XSDT", 8, l))
			return 0;
	}
	return list_from(h, rsdt, "RSDT", 4, l);
}

static hpa_t list_get(const struct table_list *l, unsigned i)
{
	const uint8_t *e = l->entry + (size_t)i * l->width;

	return l->width == 8 ? get64(e) : get32(e);
}

/* The nth good table with the signature in the list. */
static const uint8_t *list_find(struct acpi_host *h, const struct table_list *l,
				const char *signature, unsigned nth, uint32_t *size)
{
	for (unsigned i = 0; i < l->count; i++) {
		const uint8_t *t = map(h, list_get(l, i), SDT_HEADER);

		if (!t || memcmp(t, signature, 4))
			continue;
		t = table_at(h, list_get(l, i), "XSDT", size);
		if (t && nth-- == 0)
			return t;
	}
	return NULL;
}

const void *acpi_find(struct acpi_host *host, hpa_t rsdp, const char signature[4], unsigned nth,
		      uint32_t *size)
{
	struct acpi_host quiet = {.ctx = host->ctx, .map = host->map};
	struct table_list l;

	/* acpi_parse() has warned of what is broken. */
	if (find_list(&quiet, rsdp, &l))
		return NULL;
	return list_find(&quiet, &l, signature, nth, size);
}

static void add_cpu(struct acpi_host *h, struct acpi_info *out, const struct acpi_cpu *c)
{
	if (!c->enabled && !c->online_capable)
		return;
	/* Firmware lists a processor in both forms, or twice: the first counts. */
	for (unsigned i = 0; i < out->cpu_count; i++)
		if (out->cpu[i].apic_id == c->apic_id)
			return;
	if (out->cpu_count == ACPI_MAX_CPUS)
		warn_named(h, "APIC", "lists more than 256 processors; one is ignored");
	else
		out->cpu[out->cpu_count++] = *c;
}

static void add_ioapic(struct acpi_host *h, struct acpi_info *out, const uint8_t *e)
{
	if (out->ioapic_count == ACPI_MAX_IOAPICS) {
		warn_named(h, "APIC", "lists more than 16 I/O APICs; one is ignored");
		return;
	}
	out->ioapic[out->ioapic_count++] = (struct acpi_ioapic){
		.id = e[2],
		.address = get32(e + 4),
		.gsi_base = get32(e + 8),
	};
}

static void add_override(struct acpi_host *h, struct acpi_info *out, const uint8_t *e)
{
	uint16_t flags = get16(e + 8);

	if (out->override_count == ACPI_MAX_OVERRIDES) {
		warn_named(h, "APIC", "lists more than 24 interrupt overrides; one is ignored");
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

static void madt_entry(struct acpi_host *h, struct acpi_info *out, const uint8_t *e)
{
	struct acpi_cpu c = {0};
	uint32_t flags;

	switch (e[0]) {
	case MADT_LAPIC:
		flags = get32(e + 4);
		c.uid = e[2];
		c.apic_id = e[3];
		c.enabled = flags & 1;
		c.online_capable = !c.enabled && flags & 2;
		/* 255 is broadcast and cannot be a processor. */
		if (c.apic_id != 0xff)
			add_cpu(h, out, &c);
		break;
	case MADT_X2APIC:
		flags = get32(e + 8);
		c.x2apic = true;
		c.apic_id = get32(e + 4);
		c.uid = get32(e + 12);
		c.enabled = flags & 1;
		c.online_capable = !c.enabled && flags & 2;
		if (c.apic_id != UINT32_MAX)
			add_cpu(h, out, &c);
		break;
	case MADT_IOAPIC:
		add_ioapic(h, out, e);
		break;
	case MADT_OVERRIDE:
		add_override(h, out, e);
		break;
	case MADT_LAPIC_ADDRESS:
		out->lapic = get64(e + 4);
		break;
	default:
		break;
	}
}

/* ACPI 6.4, 5.2.12. */
static void parse_madt(struct acpi_host *h, const uint8_t *t, uint32_t size, struct acpi_info *out)
{
	uint32_t at = MADT_LIST;

	if (size < MADT_LIST) {
		warn(h, t, "table is too short");
		return;
	}
	out->has_madt = true;
	out->lapic = get32(t + 36);
	out->has_8259 = get32(t + 40) & 1;
	while (size - at >= 2) {
		const uint8_t *e = t + at;
		uint32_t len = e[1];

		if (len < 2 || len > size - at) {
			warn(h, t, "table has an entry of impossible length; the rest is ignored");
			return;
		}
		if (e[0] < ARRAY_SIZE(madt_length) && len < madt_length[e[0]])
			warn(h, t, "table has an entry that is too short; it is ignored");
		else
			madt_entry(h, out, e);
		at += len;
	}
}

static struct acpi_gas get_gas(const uint8_t *p)
{
	return (struct acpi_gas){
		.space = p[0],
		.bit_width = p[1],
		.bit_offset = p[2],
		.access_size = p[3],
		.address = get64(p + 4),
	};
}

/* The extended block at offset x where there is one, else the port at offset old. */
static struct acpi_gas fadt_block(const uint8_t *t, uint32_t size, unsigned old, unsigned x,
				  unsigned bytes)
{
	struct acpi_gas g = {0};

	if (size >= x + 12)
		g = get_gas(t + x);
	if (!g.address)
		g = (struct acpi_gas){
			.space = ACPI_SPACE_IO,
			.bit_width = (uint8_t)(bytes * 8),
			.address = get32(t + old),
		};
	return g;
}

/* An AML integer of a package (ACPI 6.4, 20.2.3); returns its length in bytes or 0. */
static unsigned aml_integer(const uint8_t *p, uint32_t n, uint8_t *value)
{
	if (n >= 1 && (p[0] <= 1 || p[0] == 0xff)) { /* ZeroOp, OneOp, OnesOp */
		*value = p[0];
		return 1;
	}
	if (n >= 2 && p[0] == 0x0a) { /* BytePrefix */
		*value = p[1];
		return 2;
	}
	if (n >= 3 && p[0] == 0x0b) { /* WordPrefix */
		*value = p[1];
		return 3;
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

static void parse_reset(const uint8_t *t, uint32_t size, struct acpi_info *out)
{
	if (size < 129 || !(out->fadt_flags & BIT(10))) /* RESET_REG_SUP */
		return;
	out->reset = get_gas(t + 116);
	out->reset_value = t[128];
	/* 5.2.9: 8 bits wide, in one of three spaces. */
	out->has_reset = out->reset.address && out->reset.space <= ACPI_SPACE_PCI;
}

/* ACPI 6.4, 5.2.9. */
static void parse_fadt(struct acpi_host *h, const uint8_t *t, uint32_t size, struct acpi_info *out)
{
	hpa_t dsdt_pa;
	const uint8_t *dsdt;

	if (size < FADT_V1) {
		warn(h, t, "table is too short");
		return;
	}
	out->has_fadt = true;
	out->smi_cmd = get32(t + 48);
	out->acpi_enable = t[52];
	out->boot_arch = get16(t + 109);
	out->fadt_flags = get32(t + 112);
	out->hw_reduced = size >= 148 && out->fadt_flags & BIT(20);
	parse_reset(t, size, out);
	if (!out->hw_reduced) {
		out->pm1a_evt = fadt_block(t, size, 56, 148, t[88]);
		out->pm1a_cnt = fadt_block(t, size, 64, 172, t[89]);
		out->pm1b_cnt = fadt_block(t, size, 68, 184, t[89]);
		if (t[91] == 4) /* PM_TMR_LEN: 0 where there is no timer */
			out->pm_timer = fadt_block(t, size, 76, 208, 4);
		out->pm_timer_32 = out->fadt_flags & BIT(8); /* TMR_VAL_EXT */
	}
	dsdt_pa = size >= 148 ? get64(t + 140) : 0;
	if (!dsdt_pa)
		dsdt_pa = get32(t + 40);
	dsdt = table_at(h, dsdt_pa, "FACP", &size);
	if (!dsdt)
		return;
	out->has_s5 = find_s5(dsdt, size, out);
	if (!out->has_s5)
		warn(h, dsdt, "table has no _S5_ that can be read; power-off is not possible");
}

int acpi_parse(struct acpi_host *host, hpa_t rsdp, struct acpi_info *out)
{
	struct table_list l;
	const uint8_t *t;
	uint32_t size;

	memset(out, 0, sizeof(*out));
	if (find_list(host, rsdp, &l))
		return -ENOENT;
	t = list_find(host, &l, "APIC", 0, &size);
	if (t)
		parse_madt(host, t, size, out);
	else
		warn_named(host, "APIC", "table is not there");
	t = list_find(host, &l, "FACP", 0, &size);
	if (t)
		parse_fadt(host, t, size, out);
	else
		warn_named(host, "FACP", "table is not there");
	return 0;
}
