/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loaders of guest images: they write into guest memory and say where to start. Pure. */
#pragma once

#include "kernel/config.h"
#include "kernel/elf.h"
#include "kernel/load/layout.h"
#include "kernel/print.h"
#include "kernel/types.h"
#include "kernel/vcpu.h"
#include "kernel/vm.h"

/*
 * One load: the guest's memory, and what goes wrong. It is clear before: what is to be
 * zero, such as a BSS, is not written.
 */
struct load_mem {
	struct vm *vm;
	uint64_t size; /* bytes of RAM, at least 2 MiB, laid out as layout.h says */
	char why[160]; /* a sentence for the person who named the image; "": nothing is wrong */
};

struct load_file {
	const void *data; /* NULL: not given */
	uint64_t size;
};

#define LOAD_SEGMENTS 32u

/* What an image puts where, segments in the form of ELF: offset in the file, paddr, sizes, flags.
 */
struct load_image {
	struct load_file f;
	struct elf_segment seg[LOAD_SEGMENTS];
	unsigned count;
	gpa_t kept, kept_end; /* of the start information: no segment may be there */
	gpa_t end, entry;     /* behind the highest segment; where the guest begins */
	bool is_64;           /* ELF64 */
	uint32_t pvh_entry;   /* 0: it has none */
};

/* One more segment, unless it is not in the file or the guest's RAM, or overlaps another. */
int image_add(struct load_image *img, struct load_mem *m, const struct elf_segment *s);
bool image_holds(const struct load_image *img, gpa_t at);
int image_copy(const struct load_image *img, const struct load_mem *m);
/* A static ELF executable, img->f, of 32 or 64 bits: fills in the rest. Returns as pc_load(). */
int elf_read(struct load_image *img, struct load_mem *m);

/* An unmodified guest for a PC. */
struct pc_image {
	enum config_boot boot;
	const char *path, *cmdline; /* the kernel's, on the boot volume */
	struct load_file kernel, module[CONFIG_MAX_MODULES];
	const char *module_path[CONFIG_MAX_MODULES]; /* Linux: module 0 is the initrd */
	unsigned modules;
};

/*
 * As boot says or the file looks: a Linux bzImage, PVH, multiboot. 0, or -EINVAL
 * (not an image that can be started), -ENOMEM (the guest's memory is too small;
 * the sentence says how much is needed), -EFAULT; then m->why is filled in and the
 * guest is not to be run.
 */
int pc_load(struct load_mem *m, const struct pc_image *pc, struct vcpu_start *start);

/* Its parts; each returns as pc_load(). */
/* A Linux bzImage by its boot protocols (Linux Documentation/arch/x86/boot.rst). */
int bzimage_load(struct load_mem *m, const struct pc_image *pc, struct vcpu_start *start);
/* Multiboot 1 (Multiboot Specification 0.6.96), ELF or by the addresses in its header. */
bool multiboot_is(const struct load_file *f);
int multiboot_load(struct load_mem *m, const struct pc_image *pc, struct vcpu_start *start);
/* ELF with the PVH note (Xen docs/misc/pvh.pandoc, xen/include/public/arch-x86/hvm/start_info.h).
 */
int pvh_load(struct load_mem *m, const struct pc_image *pc, struct vcpu_start *start);
/* The modules behind the kernel and from 1 MiB on, each on its own pages; their addresses in at. */
int pc_modules(struct load_mem *m, const struct pc_image *pc, gpa_t end, gpa_t *at);

#define E820_RAM      1u
#define E820_RESERVED 2u
#define E820_MAX      5u

struct e820 {
	uint64_t base, size;
	uint32_t type;
} __attribute__((packed));
static_assert(sizeof(struct e820) == 20, "as in boot_params and multiboot");

/* The guest's memory as a PC tells of it; how many there are. */
unsigned load_e820(const struct load_mem *m, struct e820 map[E820_MAX]);

struct mullion_start_info;

/*
 * A static ELF64 executable for a PV guest, set up as "Entry state" in
 * guests/include/mullion.h says. *info: as the guest finds it, but for its format
 * and the memory, which are filled in. Returns as pc_load().
 */
int pv_load(struct load_mem *m, struct load_file kernel, struct mullion_start_info *info,
	    struct vcpu_start *start);

/*
 * The start state of 64-bit entries: GDT at GUEST_GDT (code 0x10, data 0x18) and
 * page tables at GUEST_PAGETABLES that map [0, end), rounded up to 1 GiB, 1:1
 * with 2 MiB pages, writable and executable; fills in the fields of *start for
 * them, with the stack, and clears the others. -ENOMEM when end takes more than GUEST_PT_MAX.
 */
int start_tables(const struct load_mem *m, uint64_t end, struct vcpu_start *start);
/* The same for 32-bit entries, paging off. */
int start_flat(const struct load_mem *m, struct vcpu_start *start);

/* Writes the sentence; its value is err, which the reader of a caller shall see. */
#define load_fail(m, err, ...) ((void)ksnprintf((m)->why, sizeof((m)->why), __VA_ARGS__), (err))

/* -ENOMEM: who, as "the kernel needs", wants all below 3 GiB up to end. */
int load_too_small(struct load_mem *m, const char *who, uint64_t end);

/* Do all bytes of [gpa, gpa + size) lie in the guest's RAM? */
bool load_in_ram(const struct load_mem *m, gpa_t gpa, uint64_t size);

/* The guest's ACPI tables at GUEST_ACPI, where the RSDP is. -EINVAL for too many vCPUs. */
int acpi_tables_load(const struct load_mem *m, unsigned vcpus);
