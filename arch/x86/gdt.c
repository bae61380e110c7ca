/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segments and task state of each core. */
#include "arch/x86/gdt.h"
#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "arch/x86/paging.h"

/* 64-bit TSS (SDM 3A 7.7, APM 2 12.2.5). */
struct tss {
	uint32_t unused0;
	uint64_t rsp[3];
	uint64_t unused1;
	uint64_t ist[7];
	uint64_t unused2;
	uint16_t unused3, iomap;
} __attribute__((packed));
static_assert(sizeof(struct tss) == 104, "SDM 3A figure 7-11");

struct core_tables {
	uint64_t gdt[5]; /* null, code, data, TSS (two slots) */
	struct tss tss;
} __attribute__((aligned(64)));

static struct core_tables tables[MAX_CPUS];

void reload_segments(void);

void gdt_init(struct cpu *cpu)
{
	struct core_tables *t = &tables[cpu->id];
	uint64_t base = (uint64_t)(uintptr_t)&t->tss;

	memset(t, 0, sizeof(*t));
	for (unsigned i = IST_DF; i <= IST_MC; i++)
		t->tss.ist[i - 1] = stack_top(cpu->id, i);
	t->tss.iomap = sizeof(struct tss);

	t->gdt[SEL_CODE / 8] = 0x00af9b000000ffffull;
	t->gdt[SEL_DATA / 8] = 0x00cf93000000ffffull;
	/* Available 64-bit TSS, present, byte granular (SDM 3A 7.2.3). */
	t->gdt[SEL_TSS / 8] = (sizeof(struct tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 |
			      ((base >> 24) & 0xff) << 56;
	t->gdt[SEL_TSS / 8 + 1] = base >> 32;
	cpu->tss_va = base;
	cpu->gdt_va = (uint64_t)(uintptr_t)t->gdt;
	cpu->self = cpu;
}

void gdt_load(struct cpu *cpu)
{
	struct desc_ptr p = {sizeof(tables[0].gdt) - 1, cpu->gdt_va};

	/* A reset core's TSS is never marked busy here: LTR sets the bit once. */
	tables[cpu->id].gdt[SEL_TSS / 8] &= ~BIT(41);
	__asm__ volatile("lgdt %0" ::"m"(p));
	reload_segments();
	__asm__ volatile("ltr %w0" ::"r"(SEL_TSS));
	wrmsr(MSR_GS_BASE, (uint64_t)(uintptr_t)cpu);
	wrmsr(MSR_FS_BASE, 0);
}
