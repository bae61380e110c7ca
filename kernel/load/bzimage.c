/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads a Linux bzImage and its initrd by the 64-bit boot protocol, the 32-bit or 16-bit one. */
#include "kernel/load/load.h"

#include "build/gen/bios.h"

/*
 * Offsets of the setup header, the same in the file and in boot_params: Linux
 * Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header", and zero-page.rst.
 */
#define BP_ACPI_RSDP     0x070u
#define BP_E820_COUNT    0x1e8u
#define HDR_SETUP_SECTS  0x1f1u
#define HDR_SYSSIZE      0x1f4u
#define HDR_VID_MODE     0x1fau
#define HDR_BOOT_FLAG    0x1feu
#define HDR_JUMP_LENGTH  0x201u
#define HDR_MAGIC        0x202u
#define HDR_VERSION      0x206u
#define HDR_LOADER       0x210u
#define HDR_LOADFLAGS    0x211u
#define HDR_CODE32       0x214u
#define HDR_RAMDISK      0x218u
#define HDR_RAMDISK_SIZE 0x21cu
#define HDR_HEAP_END     0x224u
#define HDR_CMDLINE      0x228u
#define HDR_INITRD_MAX   0x22cu
#define HDR_XLOADFLAGS   0x236u
#define HDR_CMDLINE_MAX  0x238u
#define HDR_PREF_ADDRESS 0x258u
#define HDR_INIT_SIZE    0x260u
#define HDR_END_2_12     0x268u /* the header of protocol 2.12 ends here */
#define BP_HDR_END       0x290u /* room for it in boot_params */
#define BP_E820          0x2d0u

#define LOADED_HIGH     BIT(0)
#define CAN_USE_HEAP    BIT(7)
#define XLF_KERNEL_64   BIT(0)
#define ENTRY_64        0x200u
#define LOADER_OTHER    0xffu
#define VID_MODE_NORMAL 0xffffu
#define PROTOCOL_MIN    0x020cu /* the first with xloadflags */

static_assert(GUEST_CMDLINE + PAGE_SIZE <= GUEST_PAGETABLES, "start area overlaps");

/* What the header says, and where things go. */
struct image {
	const uint8_t *file;
	uint64_t payload_at, payload_size; /* in the file */
	uint64_t base, init_size;          /* in guest memory */
	uint64_t initrd_max;               /* its last byte may be here */
	gpa_t params, cmdline;             /* boot_params, or the setup code that makes them */
	uint32_t cmdline_max;
	bool is_64; /* it has the 64-bit entry; the 32-bit one it has always */
	bool is_16; /* the 16-bit one is asked for */
};

static int read_header(struct load_mem *m, struct load_file f, struct image *img)
{
	const uint8_t *p = f.data;
	unsigned version;
	uint64_t setup, system;

	if (!p || f.size < 2)
		return load_fail(m, -EINVAL, "the kernel file is empty");
	if (f.size < HDR_END_2_12 || le_get(p + HDR_BOOT_FLAG, 2) != 0xaa55 ||
	    memcmp(p + HDR_MAGIC, "HdrS", 4))
		return load_fail(m, -EINVAL, "the kernel is not a Linux bzImage%s",
				 memcmp(p, "\037\213", 2) ? "" : "; it is compressed with gzip");
	version = (unsigned)le_get(p + HDR_VERSION, 2);
	if (version < PROTOCOL_MIN)
		return load_fail(m, -EINVAL,
				 "the kernel speaks boot protocol %u.%02u, but 2.12 (Linux 3.8) is "
				 "needed",
				 version >> 8, version & 0xff);
	if (!(le_get(p + HDR_LOADFLAGS, 1) & LOADED_HIGH))
		return load_fail(m, -EINVAL, "the kernel is a zImage, not a bzImage");

	setup = (le_get(p + HDR_SETUP_SECTS, 1) ? le_get(p + HDR_SETUP_SECTS, 1) : 4) * 512 + 512;
	system = le_get(p + HDR_SYSSIZE, 4) * 16;
	/* syssize is rounded up to paragraphs. */
	if (f.size <= setup || f.size - setup + 15 < system || f.size - setup <= ENTRY_64)
		return load_fail(m, -EINVAL,
				 "the kernel file is truncated: it has %lu bytes of %lu", f.size,
				 (setup + system));
	img->is_64 = le_get(p + HDR_XLOADFLAGS, 2) & XLF_KERNEL_64;
	img->file = p;
	img->payload_at = setup;
	img->payload_size = f.size - setup;
	img->base = le_get(p + HDR_PREF_ADDRESS, 8);
	img->init_size = max_u64(le_get(p + HDR_INIT_SIZE, 4), img->payload_size);
	img->initrd_max = le_get(p + HDR_INITRD_MAX, 4);
	img->cmdline_max = (uint32_t)min_u64(le_get(p + HDR_CMDLINE_MAX, 4), PAGE_SIZE - 1);
	if (img->base < GUEST_IMAGE_MIN || img->base >= GUEST_LOW_RAM_MAX ||
	    !is_aligned(img->base, PAGE_SIZE))
		return load_fail(m, -EINVAL, "the kernel wants to be loaded at 0x%lx", img->base);
	if (img->base + img->init_size > guest_low_ram(m->size))
		return load_too_small(m, "the kernel needs", img->base + img->init_size);
	return 0;
}

static int write_e820(const struct load_mem *m, gpa_t at, uint8_t *count)
{
	struct e820 map[E820_MAX];

	*count = (uint8_t)load_e820(m, map);
	return vm_write(m->vm, at, map, *count * sizeof(map[0]));
}

static void set(uint8_t *hdr, unsigned at, uint64_t value, unsigned size)
{
	memcpy(hdr + at - HDR_SETUP_SECTS, &value, size);
}

/* The header as the file has it, with what a boot loader fills in. */
static int write_header(const struct load_mem *m, const struct image *img, gpa_t initrd,
			uint64_t initrd_size)
{
	uint8_t hdr[BP_HDR_END - HDR_SETUP_SECTS] = {0};
	unsigned end = HDR_MAGIC + img->file[HDR_JUMP_LENGTH];

	end = end < HDR_END_2_12 ? HDR_END_2_12 : end > BP_HDR_END ? BP_HDR_END : end;
	/* The file may end within the header that it claims; its payload comes after it. */
	end = (unsigned)min_u64(end, img->payload_at + img->payload_size);
	memcpy(hdr, img->file + HDR_SETUP_SECTS, end - HDR_SETUP_SECTS);
	set(hdr, HDR_VID_MODE, VID_MODE_NORMAL, 2);
	set(hdr, HDR_LOADER, LOADER_OTHER, 1);
	set(hdr, HDR_RAMDISK, initrd, 4);
	set(hdr, HDR_RAMDISK_SIZE, initrd_size, 4);
	set(hdr, HDR_CMDLINE, img->cmdline, 4);
	if (img->is_16) {
		set(hdr, HDR_LOADFLAGS, img->file[HDR_LOADFLAGS] | CAN_USE_HEAP, 1);
		set(hdr, HDR_CODE32, img->base, 4);
		set(hdr, HDR_HEAP_END, GUEST_SETUP_HEAP - 0x200, 2);
	}
	return vm_write(m->vm, img->params + HDR_SETUP_SECTS, hdr, end - HDR_SETUP_SECTS);
}

/* What a boot loader tells and setup code would find out; paging as the entry wants it. */
static int start_linux(const struct load_mem *m, const struct image *img, struct vcpu_start *start)
{
	const gpa_t rsdp = GUEST_ACPI;
	uint8_t count;

	/* All that the protocol wants mapped is below 4 GiB; the kernel makes its own tables. */
	if ((img->is_64 ? start_tables(m, GIB(4), start) : start_flat(m, start)) ||
	    write_e820(m, img->params + BP_E820, &count) ||
	    vm_write(m->vm, img->params + BP_E820_COUNT, &count, 1) ||
	    vm_write(m->vm, img->params + BP_ACPI_RSDP, &rsdp, sizeof(rsdp)))
		return -EFAULT;
	start->rip = img->base + (img->is_64 ? ENTRY_64 : 0);
	start->rsi = img->params;
	return 0;
}

/* The setup code, to which the BIOS goes on; behind the BIOS, the memory map that it tells. */
static int start_setup(const struct load_mem *m, const struct image *img, struct vcpu_start *start)
{
	uint8_t count;

	*start = (struct vcpu_start){.real_mode = true, .sipi = GUEST_BIOS >> PAGE_SHIFT};
	return vm_write(m->vm, img->params, img->file, img->payload_at)
		       ?: vm_write(m->vm, GUEST_BIOS, bios, sizeof(bios))
		       ?: write_e820(m, GUEST_BIOS + sizeof(bios), &count);
}

int bzimage_load(struct load_mem *m, const struct pc_image *pc, struct vcpu_start *start)
{
	struct image img = {.params = GUEST_INFO, .cmdline = GUEST_CMDLINE};
	size_t cmdline_size = strlen(pc->cmdline);
	uint64_t initrd_size = pc->modules ? pc->module[0].size : 0;
	gpa_t initrd = 0;
	int err = read_header(m, pc->kernel, &img);

	if (err)
		return err;
	if (pc->boot == BOOT_LINUX16) {
		img.is_16 = true;
		img.params = GUEST_SETUP;
		img.cmdline = GUEST_SETUP + GUEST_SETUP_HEAP;
	}
	if (img.is_16 && img.payload_at > GUEST_SETUP_MAX)
		return load_fail(m, -EINVAL, "the kernel's 16-bit code has %lu bytes, %u fit",
				 img.payload_at, GUEST_SETUP_MAX);
	if (pc->modules > 1)
		return load_fail(m, -EINVAL, "a Linux bzImage takes an initrd and no modules");
	if (cmdline_size > img.cmdline_max)
		return load_fail(m, -EINVAL,
				 "the command line has %lu characters, the kernel takes %u",
				 cmdline_size, img.cmdline_max);
	/* Until it has seen the memory map and the initrd, the kernel uses no more than init_size.
	 */
	err = pc_modules(m, pc, img.base + img.init_size, &initrd);
	if (err)
		return err;
	if (initrd + initrd_size > img.initrd_max + 1)
		return load_fail(m, -EINVAL,
				 "the initrd does not fit below 0x%lx, where the kernel wants it",
				 img.initrd_max);
	if ((img.is_16 ? start_setup : start_linux)(m, &img, start) ||
	    write_header(m, &img, initrd, initrd_size) ||
	    vm_write(m->vm, img.cmdline, pc->cmdline, cmdline_size + 1) ||
	    vm_write(m->vm, img.base, img.file + img.payload_at, img.payload_size))
		return load_fail(m, -EFAULT, "the VM's memory cannot be written");
	return 0;
}
