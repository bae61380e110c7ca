/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where things are in a guest's physical address space. */
#pragma once

#include "kernel/types.h"

/*
 * RAM is [0, min(size, 3 GiB)) and, for what is left, from 4 GiB on. Between
 * them: PCI windows, the IOAPIC and the local APICs.
 *
 *   0x0000000000  RAM
 *     0x00006000    GDT of the start state
 *     0x00007000    boot_params (Linux) or start-info page (PV)
 *     0x00008000    command line, 4 KiB at most
 *     0x00010000    page tables of the start state
 *     0x00070000    stack of the start state, 16 KiB
 *     0x00010000    in place of these, for Linux in real mode: setup code, heap, command line
 *     0x0009c000    in place of all these for 32-bit kernels: GDT, information, texts
 *     0x0009fc00    e820 of Linux ends here: EBDA on a PC
 *     0x000e0000    ACPI tables, RSDP first (RAM that e820 calls reserved)
 *     0x000f0000    BIOS of a guest that begins in real mode
 *     0x00100000    kernel image from here on, then initrd and modules
 *   0x00c0000000  PCI memory window
 *   0x00feb00000  ECAM of PCI bus 0
 *   0x00fec00000  IOAPIC
 *   0x00fee00000  local APIC
 *   0x0100000000  RAM above 3 GiB
 */
#define GUEST_LOW_RAM_MAX   GIB(3)
#define GUEST_HIGH_RAM_BASE GIB(4)

#define GUEST_GDT        0x6000ull
#define GUEST_INFO       0x7000ull
#define GUEST_CMDLINE    0x8000ull
#define GUEST_PAGETABLES 0x10000ull
#define GUEST_PT_MAX     0x60000ull /* bytes: PML4, PDPT, one PD for each GiB */
#define GUEST_STACK      0x70000ull
#define GUEST_STACK_TOP  0x74000ull
#define GUEST_START_END  GUEST_STACK_TOP /* of all of the above */
#define GUEST_SETUP      0x10000ull      /* also in kernel/load/bios.asm, as the next one */
#define GUEST_SETUP_HEAP 0xe000u         /* where it ends, and the command line begins */
#define GUEST_SETUP_MAX  0x8000u
#define GUEST_FLAT_GDT   0x9c000ull
#define GUEST_FLAT_INFO  0x9d000ull
#define GUEST_FLAT_TEXTS 0x9e000ull
#define GUEST_EBDA       0x9fc00ull
#define GUEST_ACPI       0xe0000ull
#define GUEST_ACPI_END   0x100000ull
#define GUEST_BIOS       0xf0000ull
#define GUEST_IMAGE_MIN  0x100000ull

/* Also in kernel/load/acpi. A slot's INTA is the pin of its number behind the first one. */
#define GUEST_PCI_WINDOW 0xc0000000u
#define GUEST_PCI_PIN    15u
#define GUEST_ECAM       0xfeb00000ull

/* Where byte n of a guest's RAM lies in its physical address space. */
static inline gpa_t guest_ram_gpa(uint64_t n)
{
	return n < GUEST_LOW_RAM_MAX ? n : n - GUEST_LOW_RAM_MAX + GUEST_HIGH_RAM_BASE;
}

static inline uint64_t guest_low_ram(uint64_t size)
{
	return min_u64(size, GUEST_LOW_RAM_MAX);
}

static inline uint64_t guest_high_ram(uint64_t size)
{
	return size - guest_low_ram(size);
}
