/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts a multiboot (version 1) kernel or a flat binary: 32-bit, EBX: the information. */
#include "kernel/load/load.h"

/* Multiboot Specification 0.6.96, sections 3.1 to 3.3. */
#define HEADER_MAGIC  0x1badb002u
#define HEADER_WITHIN 8192u

#define FLAT GUEST_IMAGE_MIN /* where a file without any header goes */

#define HEADER_ADDRESSES BIT(16)
#define HEADER_REQUIRED  0xffffu
#define HEADER_KNOWN     7u /* modules on pages, memory; the video mode is not changed */

#define INFO_GIVEN 0x24du /* memory 0, command line 2, modules 3, map 6, loader's name 9 */

struct header {
	uint32_t magic, flags, checksum;
	uint32_t header_addr, load_addr, load_end, bss_end, entry; /* with HEADER_ADDRESSES */
};

/* All in the page GUEST_FLAT_INFO; its texts in the page GUEST_FLAT_TEXTS. */
struct info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, modules, module_list;
	uint32_t symbols[4], map_size, map, drives_size, drives, config, loader;
	uint32_t apm, vbe[4], framebuffer[7];
	struct {
		uint32_t at, end, text, reserved;
	} module[CONFIG_MAX_MODULES];
	struct {
		uint32_t size; /* of what follows */
		struct e820 range;
	} memory[E820_MAX];
};
static_assert(offsetof(struct info, loader) == 64 && offsetof(struct info, module) == 116,
	      "Multiboot Specification 3.3");
static_assert(sizeof(struct info) <= PAGE_SIZE, "one page");

struct texts {
	char cmdline[CONFIG_PATH_MAX + CONFIG_CMDLINE_MAX], loader[8];
	char module[CONFIG_MAX_MODULES][CONFIG_PATH_MAX];
};
static_assert(sizeof(struct texts) <= PAGE_SIZE, "one page");

#define TEXT(field) ((uint32_t)(GUEST_FLAT_TEXTS + offsetof(struct texts, field)))

/* Where in the file; its size: not there. */
static uint64_t find_header(const struct load_file *f, struct header *h)
{
	for (uint64_t at = 0; at + 12 <= min_u64(f->size, HEADER_WITHIN); at += 4) {
		*h = (struct header){0};
		memcpy(h, (const uint8_t *)f->data + at, min_u64(f->size - at, sizeof(*h)));
		if (h->magic == HEADER_MAGIC && !(h->magic + h->flags + h->checksum))
			return at;
	}
	return f->size;
}

bool multiboot_is(const struct load_file *f)
{
	struct header h;

	return find_header(f, &h) < f->size;
}

/* The segment that the addresses in the header describe. */
static int add_segment(struct load_image *img, struct load_mem *m, const struct header *h,
		       uint64_t header_at)
{
	uint64_t before = (uint64_t)h->header_addr - h->load_addr;
	struct elf_segment s = {.offset = header_at - before, .paddr = h->load_addr};

	if (h->header_addr < h->load_addr || before > header_at ||
	    (h->load_end && h->load_end < h->load_addr))
		return load_fail(m, -EINVAL, "the addresses in its multiboot header are wrong");
	s.filesz = h->load_end ? h->load_end - h->load_addr : img->f.size - s.offset;
	s.memsz = max_u64(s.filesz, h->bss_end > h->load_addr ? h->bss_end - h->load_addr : 0);
	img->entry = h->entry;

	int err = image_add(img, m, &s);

	if (!err && !image_holds(img, img->entry))
		err = load_fail(m, -EINVAL, "its multiboot entry is not in the image");
	return err;
}

static int write_info(const struct load_mem *m, const struct pc_image *pc, const gpa_t *at)
{
	struct info info = {
		.flags = INFO_GIVEN,
		.mem_lower = GUEST_EBDA >> 10,
		.mem_upper = (uint32_t)((guest_low_ram(m->size) - MIB(1)) >> 10),
		.cmdline = TEXT(cmdline),
		.modules = pc->modules,
		.module_list = GUEST_FLAT_INFO + offsetof(struct info, module),
		.map = GUEST_FLAT_INFO + offsetof(struct info, memory),
		.loader = TEXT(loader),
	};
	struct texts t = {.loader = "Mullion"};
	const char *name = pc->path;
	struct e820 map[E820_MAX];
	unsigned ranges = load_e820(m, map);

	/* Kernels take the first word for their own name. */
	for (const char *p = name; *p; p++)
		if (*p == '\\')
			name = p + 1;
	(void)ksnprintf(t.cmdline, sizeof(t.cmdline), "%s%s%s", name, *pc->cmdline ? " " : "",
			pc->cmdline);
	for (unsigned i = 0; i < pc->modules; i++) {
		info.module[i].at = (uint32_t)at[i];
		info.module[i].end = (uint32_t)(at[i] + pc->module[i].size);
		info.module[i].text = TEXT(module[i]);
		(void)ksnprintf(t.module[i], sizeof(t.module[i]), "%s", pc->module_path[i]);
	}
	for (unsigned i = 0; i < ranges; i++) {
		info.memory[i].size = sizeof(info.memory[i].range);
		info.memory[i].range = map[i];
	}
	info.map_size = ranges * (uint32_t)sizeof(info.memory[0]);
	return vm_write(m->vm, GUEST_FLAT_INFO, &info, sizeof(info))
		       ?: vm_write(m->vm, GUEST_FLAT_TEXTS, &t, sizeof(t));
}

int multiboot_load(struct load_mem *m, const struct pc_image *pc, struct vcpu_start *start)
{
	struct load_image img = {
		.f = pc->kernel, .kept = GUEST_FLAT_GDT, .kept_end = GUEST_ACPI_END};
	gpa_t at[CONFIG_MAX_MODULES];
	struct header h;
	uint64_t header_at = find_header(&img.f, &h);
	int err;

	if (pc->boot == BOOT_FLAT) { /* as if its first byte were such a header */
		h = (struct header){HEADER_MAGIC, HEADER_ADDRESSES, 0, FLAT, FLAT, 0, 0, FLAT};
		header_at = 0;
	}
	if (header_at == img.f.size)
		return load_fail(m, -EINVAL, "no multiboot header in the file's first 8 KiB");
	if (h.flags & HEADER_REQUIRED & ~HEADER_KNOWN)
		return load_fail(m, -EINVAL,
				 "its multiboot header asks for what is not known: "
				 "flags 0x%x",
				 h.flags);
	err = h.flags & HEADER_ADDRESSES ? add_segment(&img, m, &h, header_at) : elf_read(&img, m);
	err = err ?: pc_modules(m, pc, img.end, at);
	if (err)
		return err;
	if (image_copy(&img, m) || write_info(m, pc, at) || start_flat(m, start))
		return load_fail(m, -EFAULT, "the VM's memory cannot be written");
	start->rip = img.entry;
	start->rax = 0x2badb002; /* 3.2 */
	start->rbx = GUEST_FLAT_INFO;
	return 0;
}
