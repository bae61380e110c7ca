/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the loader hands to the hypervisor: one structure without EFI types.
 * All addresses are physical. Everything that is pointed to lies in memory of
 * type HANDOFF_MEM_LOADER and stays there until the hypervisor frees it.
 */
#pragma once

#include <stdint.h>

/*
 * The hypervisor is linked at HANDOFF_KERNEL_BASE, where the bytes stand that it takes in
 * memory, cleared BSS included; its entry point is behind these 8 bytes. It is loaded
 * 2 MiB aligned. Entry state: 64-bit mode, interrupts off, no stack,
 * RDI = physical address of struct handoff, and page tables that map
 * - physical memory 1:1, [0, 4 GiB) and all that the map lists above, but for
 *   RESERVED, RWX; and its first 64 TiB again at 2^47, sign-extended, as the
 *   hypervisor's own tables have them;
 * - the image at HANDOFF_KERNEL_BASE, RWX.
 * 4 levels of tables, CR4.PAE alone of CR4, the direction flag clear, flat
 * segments. No IDT; the GDT is in the start page. The hypervisor makes its own
 * tables, GDT and IDT at once. The other processors wait for a SIPI, which leads
 * them through the start page into the same state; PCI devices other than displays
 * and bridges are no bus masters.
 */
#define HANDOFF_KERNEL_BASE 0xffffffff80000000ull

/* The later one wins where firmware lists memory twice. */
enum handoff_mem_type {
	HANDOFF_MEM_FREE = 1, /* may be used at once (boot services memory too) */
	HANDOFF_MEM_LOADER,   /* the image, handoff data, modules, boot page tables */
	HANDOFF_MEM_ACPI,     /* ACPI tables, and what firmware keeps for them: keep */
	HANDOFF_MEM_RESERVED, /* EFI runtime services, device memory, all else: do not map */
};

#define HANDOFF_MEM_WB 1u /* flags: write-back is possible (EFI_MEMORY_WB) */

/* Sorted by base, page granular, not overlapping; neighbours may be of one type. */
struct handoff_mem {
	uint64_t base;
	uint64_t size; /* bytes */
	uint32_t type; /* enum handoff_mem_type */
	uint32_t flags;
};

/* A file that the configuration names, or the configuration itself. */
struct handoff_module {
	char path[128]; /* as the configuration spells it, NUL terminated */
	uint64_t base;  /* page aligned; 0 when it could not be read */
	uint64_t size;  /* bytes */
	char why[112];  /* base 0: what is wrong and how to mend it, "is empty: ..." */
};

struct handoff_fb { /* base 0: no framebuffer */
	uint64_t base;
	uint64_t size;  /* bytes */
	uint32_t width; /* pixels */
	uint32_t height;
	uint32_t stride; /* pixels a line, of 32 bits each */
	uint32_t ink;    /* the color of text; 0 is black */
};

struct handoff {
	uint64_t kernel_base; /* physical, of the image */

	uint64_t mem;     /* struct handoff_mem[mem_count] */
	uint64_t cpus;    /* local APIC ids, uint32_t[cpu_count]; from MP Services, may be empty */
	uint64_t modules; /* struct handoff_module[module_count]; [0] is mullion.conf */
	uint32_t mem_count;
	uint32_t cpu_count;
	uint32_t module_count;

	uint64_t rsdp;       /* 0: firmware has no ACPI tables */
	uint64_t start_page; /* below 1 MiB: boot/start.asm */
	struct handoff_fb fb;
	uint64_t boot_epoch; /* seconds since 1970 from EFI GetTime at hand-off, 0 if unknown */
	char firmware[64];   /* vendor and revision, for the log */

	/* A struct survive for a panic, not cleared: the same memory at each boot. 0: none. */
	uint64_t survive;
};
