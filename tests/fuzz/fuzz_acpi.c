/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as the firmware's ACPI memory. */
/* sources: arch/x86/acpi.c */
#include <string.h>

#include "arch/x86/acpi.h"
#include "kernel/errno.h"
#include "tests/fuzz/dev_input.h"

/* The input lies at this address; sums of what looks like a table are made right. */
#define BASE 0x1000u

static uint8_t *memory;
static size_t memory_size;
static void *mapped[4096];
static unsigned mapped_count;

static void mend(uint8_t *p, uint64_t len)
{
	uint32_t size;
	uint8_t sum = 0;

	if (len < 36)
		return;
	memcpy(&size, p + 4, 4);
	if (size != len)
		return;
	for (uint64_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + (i == 9 ? 0 : p[i]));
	p[9] = (uint8_t)-sum;
}

const void *acpi_map(hpa_t pa, uint64_t len)
{
	MUST(len && len <= ACPI_MAX_TABLE);
	if (pa < BASE || pa - BASE > memory_size || len > memory_size - (pa - BASE) ||
	    mapped_count == 4096)
		return NULL;
	mapped[mapped_count] = memcpy(malloc(len), memory + (pa - BASE), len);
	mend(mapped[mapped_count], len);
	return mapped[mapped_count++];
}

void acpi_warn(const char *table, const char *sentence)
{
	MUST(strlen(table) == 4 && strlen(sentence) > 5);
}

static void check(const struct acpi_info *i)
{
	MUST(i->cpu_count <= ACPI_MAX_CPUS && i->ioapic_count <= ACPI_MAX_IOAPICS);
	MUST(i->override_count <= ACPI_MAX_OVERRIDES);
	MUST(i->slp_typa <= 7 || !i->has_s5);
	for (unsigned a = 0; a < i->cpu_count; a++)
		for (unsigned b = 0; b < a; b++)
			MUST(i->apic_id[a] != i->apic_id[b]);
}

/* Puts an RSDP before the input: a table list at its beginning. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct acpi_info info;
	uint8_t sum = 0;

	memory_size = size + 36;
	memory = calloc(1, memory_size);
	memcpy(memory, "RSD PTR ", 8);
	memory[16] = 36;
	memory[17] = BASE >> 8;
	for (unsigned i = 0; i < 20; i++)
		sum = (uint8_t)(sum + memory[i]);
	memory[8] = (uint8_t)-sum;
	if (size)
		memcpy(memory + 36, data, size);
	if (acpi_parse(BASE, &info) == 0)
		check(&info);
	while (mapped_count)
		free(mapped[--mapped_count]);
	free(memory);
	return 0;
}
