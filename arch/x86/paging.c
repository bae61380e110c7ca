/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's address space: direct map, image (W^X), stacks with guards, devices. */
#include "arch/x86/paging.h"
#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "arch/x86/pt_host.h"
#include "arch/x86/spinlock.h"
#include "kernel/log.h"
#include "kernel/mem.h"

#define MMIO_BASE 0xffffff0000000000ull
#define MMIO_END  STACKS_BASE
#define VA48(va)  ((uint64_t)(va) & (PT_VA_LIMIT - 1))

extern const char image_start[], text_end[], rodata_end[], image_end[];

static struct pt pt;
static struct spinlock lock;
static uint64_t mmio_next = MMIO_BASE;

static void must_map(uint64_t va, hpa_t pa, uint64_t size, unsigned prot, const char *what)
{
	int err = pt_map(&pt, VA48(va), pa, size, prot, MT_WB);

	if (err)
		panic("mapping the %s at 0x%lx (%lu KiB): error %d", what, pa, size >> 10, err);
}

static void map_ram(uint64_t base, uint64_t end)
{
	if (end > base)
		must_map(DIRECT_MAP_BASE + base, base, end - base, PT_R | PT_W, "memory");
}

static void map_direct(const struct handoff *h)
{
	const struct handoff_mem *m = (const void *)(uintptr_t)h->mem;
	uint64_t base = 0, end = 0;

	/* Neighbours of different types are joined, so that large pages fit. */
	for (uint32_t i = 0; i < h->mem_count; i++) {
		if (m[i].type == HANDOFF_MEM_RESERVED || !(m[i].flags & HANDOFF_MEM_WB) ||
		    m[i].base >= MEM_LIMIT)
			continue;
		if (m[i].base != end) {
			map_ram(base, end);
			base = m[i].base;
		}
		end = min_u64(m[i].base + m[i].size, MEM_LIMIT);
	}
	map_ram(base, end);
}

static void map_image(hpa_t pa)
{
	uint64_t base = (uint64_t)(uintptr_t)image_start;
	uint64_t text = (uint64_t)(uintptr_t)text_end - base;
	uint64_t ro = (uint64_t)(uintptr_t)rodata_end - base;
	uint64_t end = (uint64_t)(uintptr_t)image_end - base;

	must_map(base, pa, text, PT_R | PT_X, "image");
	must_map(base + text, pa + text, ro - text, PT_R, "image");
	must_map(base + ro, pa + ro, end - ro, PT_R | PT_W, "image");
	/* No writable second view of what is executed or constant. */
	if (pt_protect(&pt, VA48(DIRECT_MAP_BASE + pa), ro, PT_R))
		panic("the direct map of the image cannot be protected");
}

APART void paging_init(const struct handoff *h)
{
	bool gib = (cpuid(0x80000001, 0).edx & BIT(26)) != 0;

	if (pt_init(&pt, &pt_format_host, gib ? 3 : 2))
		panic("no memory for page tables");
	map_direct(h);
	map_image(h->kernel_base);
	if (paging_add_stacks(0))
		panic("no memory for stacks");
	paging_load();
}

void paging_load(void)
{
	uint64_t cr4 = read_cr4() | CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_MCE;
	struct cpuid_regs f7 = cpuid(7, 0);

	if (f7.ebx & BIT(7))
		cr4 |= CR4_SMEP;
	if (f7.ebx & BIT(20))
		cr4 |= CR4_SMAP;
	if (f7.ecx & BIT(2))
		cr4 |= CR4_UMIP;
	if (cpuid(1, 0).ecx & BIT(26))
		cr4 |= CR4_OSXSAVE;
	cr4 &= ~(CR4_PCIDE | CR4_PKE | CR4_FSGSBASE);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
	wrmsr(MSR_PAT, PT_HOST_PAT);
	write_cr3(pt.root);
	write_cr4(cr4);
	write_cr0((read_cr0() | CR0_WP | CR0_NE | CR0_MP) &
		  ~(CR0_EM | CR0_TS | CR0_CD | CR0_NW | CR0_AM));
}

int paging_add_stacks(unsigned cpu)
{
	for (unsigned n = 0; n < STACKS_PER_CPU; n++) {
		for (uint64_t off = PAGE_SIZE; off <= STACK_SIZE; off += PAGE_SIZE) {
			hpa_t pa = pt_page_alloc();

			if (!pa)
				return -ENOMEM;
			SPIN_HOLD(&lock);
			int err = pt_map(&pt, VA48(stack_top(cpu, n) - off), pa, PAGE_SIZE,
					 PT_R | PT_W, MT_WB);
			if (err)
				return err;
		}
	}
	return 0;
}

void *map_mmio(hpa_t pa, uint64_t size, enum mem_type type)
{
	hpa_t first = align_down(pa, PAGE_SIZE);
	uint64_t len = align_up(pa + size, PAGE_SIZE) - first;

	SPIN_HOLD(&lock);
	uint64_t va = mmio_next;
	if (len > MMIO_END - va || pt_map(&pt, VA48(va), first, len, PT_R | PT_W, type))
		return NULL;
	mmio_next += len + PAGE_SIZE;
	return (void *)(uintptr_t)(va + (pa - first));
}

bool phys_is_mapped(hpa_t pa, uint64_t len)
{
	struct pt_leaf leaf;

	if (pa >= MEM_LIMIT || len > MEM_LIMIT - pa)
		return false;
	for (uint64_t at = align_down(pa, PAGE_SIZE); at < pa + len; at += PAGE_SIZE)
		if (pt_walk(&pt, VA48(DIRECT_MAP_BASE + at), &leaf))
			return false;
	return true;
}
