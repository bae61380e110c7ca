/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads a static ELF64 executable as a paravirtual guest. */
#include "kernel/elf.h"
#include "guests/include/mullion.h"
#include "kernel/load/load.h"

#define MAX_SEGMENTS 32u

/* One page-granular map of at most four ranges; see layout.h. */
static_assert(sizeof(struct mullion_start_info) <= PAGE_SIZE, "start info is one page");
static_assert(GUEST_STACK_TOP - GUEST_STACK == MULLION_BOOT_STACK, "stack");

struct load {
	const struct load_mem *m;
	struct load_file f;
	const struct load_why *why;
	struct elf_segment seg[MAX_SEGMENTS]; /* those that take memory */
	unsigned count;
};

static int check_header(const struct load *l, struct elf_header *h)
{
	if (!l->f.data || l->f.size < sizeof(*h))
		return load_fail(l->why, -EINVAL,
				 "the file has %lu bytes, too few for an ELF header (64)",
				 (l->f.data ? l->f.size : 0));
	memcpy(h, l->f.data, sizeof(*h));
	if (memcmp(h->ident, ELF_IDENT, 4))
		return load_fail(l->why, -EINVAL, "the file is not an ELF file");
	if (memcmp(h->ident, ELF_IDENT, 6) || h->machine != EM_X86_64)
		return load_fail(l->why, -EINVAL,
				 "the file is an ELF file, but not a 64-bit one for x86-64");
	if (h->type != ET_EXEC)
		return load_fail(l->why, -EINVAL,
				 "the file is ELF type %u, not a static executable (2)%s", h->type,
				 h->type == ET_DYN ? "; link it with -static -no-pie" : "");
	if (!h->phnum || h->phentsize != sizeof(struct elf_segment))
		return load_fail(l->why, -EINVAL, "the ELF file has no usable program headers");
	if (h->phoff > l->f.size ||
	    (uint64_t)h->phnum * sizeof(struct elf_segment) > l->f.size - h->phoff)
		return load_fail(l->why, -EINVAL,
				 "the ELF file is truncated: its program headers end beyond the "
				 "file's %lu bytes",
				 l->f.size);
	return 0;
}

static int check_segment(const struct load *l, const struct elf_segment *s)
{
	uint64_t base = s->paddr, size = s->memsz;

	if (s->filesz > s->memsz)
		return load_fail(l->why, -EINVAL,
				 "the ELF segment at 0x%lx is larger in the file than in memory",
				 base);
	if (s->offset > l->f.size || s->filesz > l->f.size - s->offset)
		return load_fail(l->why, -EINVAL,
				 "the ELF file is truncated: its segment at 0x%lx ends beyond "
				 "the file's %lu bytes",
				 base, l->f.size);
	if (s->paddr < GUEST_START_END)
		return load_fail(l->why, -EINVAL,
				 "the ELF segment at 0x%lx lies below 0x%llx, where the start "
				 "information goes; link it higher, for example at 0x200000",
				 base, GUEST_START_END);
	if (!load_in_ram(l->m, s->paddr, s->memsz)) {
		if (s->paddr < GUEST_LOW_RAM_MAX && size <= GUEST_LOW_RAM_MAX - base)
			return load_fail(l->why, -ENOMEM,
					 "the image needs at least %lu MiB of memory, the VM has "
					 "%lu MiB",
					 (base + size + MIB(1) - 1) >> 20, l->m->size >> 20);
		return load_fail(l->why, -EINVAL,
				 "the ELF segment at 0x%lx of 0x%lx bytes is not in the VM's "
				 "memory",
				 base, size);
	}
	for (unsigned i = 0; i < l->count; i++)
		if (s->paddr < l->seg[i].paddr + l->seg[i].memsz &&
		    l->seg[i].paddr < s->paddr + s->memsz)
			return load_fail(l->why, -EINVAL,
					 "the ELF segments at 0x%lx and 0x%lx overlap", base,
					 l->seg[i].paddr);
	return 0;
}

static int read_segments(struct load *l, const struct elf_header *h)
{
	const uint8_t *p = (const uint8_t *)l->f.data + h->phoff;

	for (unsigned i = 0; i < h->phnum; i++) {
		struct elf_segment s;
		int err;

		memcpy(&s, p + (size_t)i * sizeof(s), sizeof(s));
		if (s.type == PT_INTERP)
			return load_fail(l->why, -EINVAL,
					 "the ELF file is dynamically linked; link it with "
					 "-static -no-pie");
		if (s.type != PT_LOAD || !s.memsz)
			continue;
		if (l->count == MAX_SEGMENTS)
			return load_fail(l->why, -EINVAL, "the ELF file has more than 32 segments");
		err = check_segment(l, &s);
		if (err)
			return err;
		l->seg[l->count++] = s;
	}
	for (unsigned i = 0; i < l->count; i++)
		if (l->seg[i].flags & PF_X && h->entry - l->seg[i].paddr < l->seg[i].filesz)
			return 0;
	return load_fail(l->why, -EINVAL,
			 "the ELF file's entry 0x%lx is in none of its executable segments (by "
			 "physical address)",
			 h->entry);
}

static int copy_segments(const struct load *l)
{
	for (unsigned i = 0; i < l->count; i++) {
		const struct elf_segment *s = &l->seg[i];

		if (vm_write(l->m->vm, s->paddr, (const uint8_t *)l->f.data + s->offset,
			     s->filesz) ||
		    vm_zero(l->m->vm, s->paddr + s->filesz, s->memsz - s->filesz))
			return -EFAULT;
	}
	return 0;
}

static int write_info(const struct load_mem *m, const struct elf_info *info)
{
	const struct mullion_memory map[] = {
		{0, GUEST_GDT, MULLION_MEM_RAM, 0},
		{GUEST_GDT, GUEST_START_END - GUEST_GDT, MULLION_MEM_BOOT, 0},
		{GUEST_START_END, guest_low_ram(m->size) - GUEST_START_END, MULLION_MEM_RAM, 0},
		{GUEST_HIGH_RAM_BASE, guest_high_ram(m->size), MULLION_MEM_RAM, 0},
	};
	struct mullion_start_info s;

	memset(&s, 0, sizeof(s));
	s.magic = MULLION_START_MAGIC;
	s.version = MULLION_START_VERSION;
	s.size = sizeof(s);
	s.abi_version = MULLION_ABI_VERSION;
	s.features = info->features;
	s.vcpu_count = info->vcpus;
	s.memory_bytes = m->size;
	s.tsc_khz = info->tsc_khz;
	s.apic_khz = info->apic_khz;
	s.boot_epoch = info->boot_epoch;
	for (unsigned i = 0; i < ARRAY_SIZE(map); i++)
		if (map[i].size)
			s.memory[s.memory_count++] = map[i];
	(void)ksnprintf(s.name, sizeof(s.name), "%s", info->name);
	(void)ksnprintf(s.cmdline, sizeof(s.cmdline), "%s", info->cmdline);
	if (vm_zero(m->vm, GUEST_INFO, PAGE_SIZE) ||
	    vm_zero(m->vm, GUEST_STACK, GUEST_STACK_TOP - GUEST_STACK))
		return -EFAULT;
	return vm_write(m->vm, GUEST_INFO, &s, sizeof(s));
}

int elf_load(const struct load_mem *m, struct load_file image, const struct elf_info *info,
	     struct vcpu_start *start, const struct load_why *why)
{
	struct load l = {.m = m, .f = image, .why = why};
	struct elf_header h;
	uint64_t end = m->size ? guest_ram_gpa(m->size - 1) + 1 : 0;
	int err;

	if (m->size < MIB(1))
		return load_fail(why, -ENOMEM, "the VM has less than 1 MiB of memory");
	err = check_header(&l, &h);
	if (!err)
		err = read_segments(&l, &h);
	if (err)
		return err;
	err = start_tables(m, end, start);
	if (err == -ENOMEM)
		return load_fail(why, err, "the VM has more memory than its start tables can map");
	if (!err)
		err = copy_segments(&l);
	if (!err)
		err = write_info(m, info);
	if (err)
		return load_fail(why, err, "the VM's memory cannot be written");
	start->rip = h.entry;
	start->rsp = GUEST_STACK_TOP;
	start->rdi = GUEST_INFO;
	return 0;
}
