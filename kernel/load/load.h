/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loaders of guest images: they write into guest memory and say where to start. Pure. */
#pragma once

#include "kernel/load/layout.h"
#include "kernel/print.h"
#include "kernel/types.h"
#include "kernel/vcpu.h"
#include "kernel/vm.h"

/* The guest's memory, written by vm_write() and vm_zero(). */
struct load_mem {
	struct vm *vm;
	uint64_t size; /* bytes of RAM, laid out as layout.h says */
};

struct load_file {
	const void *data; /* NULL: not given */
	uint64_t size;
};

/* A sentence for the person who named the image, in a buffer of the caller. */
struct load_why {
	char *buf;
	size_t size;
};

/*
 * A Linux bzImage by the 64-bit boot protocol (Linux Documentation/arch/x86/boot.rst).
 * rsdp: where acpi_tables_load() has put it, 0: none. 0, or -EINVAL (not an
 * image that can be started), -ENOMEM (the guest's memory is too small; the
 * sentence says how much is needed), -EFAULT; then *why is filled in and the
 * guest is not to be run.
 */
int bzimage_load(const struct load_mem *m, struct load_file kernel, struct load_file initrd,
		 const char *cmdline, gpa_t rsdp, struct vcpu_start *start,
		 const struct load_why *why);

/* What the start-info page of a PV guest says beyond its memory; see struct mullion_start_info. */
struct elf_info {
	const char *name;    /* of the VM */
	const char *cmdline; /* "" when there is none */
	uint32_t features;   /* MULLION_FEATURE_* */
	unsigned vcpus;
	uint64_t tsc_khz, apic_khz, boot_epoch;
};

/*
 * A static ELF64 executable for a PV guest, set up as "Entry state" in
 * guests/include/mullion.h says. Returns as bzimage_load().
 */
int elf_load(const struct load_mem *m, struct load_file image, const struct elf_info *info,
	     struct vcpu_start *start, const struct load_why *why);

/*
 * The start state that both share: GDT at GUEST_GDT (code 0x10, data 0x18) and
 * page tables at GUEST_PAGETABLES that map [0, end), rounded up to 1 GiB, 1:1
 * with 2 MiB pages, writable and executable; fills in the fields of *start for
 * them and clears the others. -ENOMEM when end takes more than GUEST_PT_MAX.
 */
int start_tables(const struct load_mem *m, uint64_t end, struct vcpu_start *start);

/* Writes the sentence; its value is err, which the reader of a caller shall see. */
#define load_fail(why, err, ...) ((void)ksnprintf((why)->buf, (why)->size, __VA_ARGS__), (err))

/* Do all bytes of [gpa, gpa + size) lie in the guest's RAM? */
bool load_in_ram(const struct load_mem *m, gpa_t gpa, uint64_t size);

/* The guest's ACPI tables at GUEST_ACPI; *rsdp is where. -EINVAL for too many vCPUs. */
int acpi_tables_load(const struct load_mem *m, unsigned vcpus, gpa_t *rsdp);
