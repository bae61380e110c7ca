/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a static ELF executable for x86, of 32 or 64 bits. */
#include "kernel/load/load.h"

#define NOTE_PVH 18u /* XEN_ELFNOTE_PHYS32_ENTRY of "Xen": where a PVH guest begins */

/* Notes that are cut or malformed are none. */
static void read_notes(struct load_image *img, const struct elf_segment *s)
{
	const uint8_t *p = (const uint8_t *)img->f.data + s->offset;
	uint64_t left = s->filesz, name, size;
	struct elf_note note;

	if (s->offset > img->f.size || left > img->f.size - s->offset)
		return;
	for (; left >= sizeof(note); left -= size, p += size) {
		memcpy(&note, p, sizeof(note));
		name = sizeof(note) + align_up((uint64_t)note.namesz, 4);
		size = name + align_up((uint64_t)note.descsz, 4);
		if (size > left)
			return;
		if (note.type == NOTE_PVH && note.namesz == 4 && note.descsz >= 4 &&
		    !memcmp(p + sizeof(note), "Xen", 4))
			memcpy(&img->pvh_entry, p + name, sizeof(img->pvh_entry));
	}
}

/* Linkers give the entry as a physical or as a virtual address. */
static bool find_entry(struct load_image *img, uint64_t entry)
{
	for (unsigned by_vaddr = 0; by_vaddr < 2; by_vaddr++)
		for (unsigned i = 0; i < img->count; i++) {
			const struct elf_segment *s = &img->seg[i];
			uint64_t at = entry - (by_vaddr ? s->vaddr : s->paddr);

			if (s->flags & PF_X && at < s->filesz) {
				img->entry = s->paddr + at;
				return true;
			}
		}
	return false;
}

int elf_read(struct load_image *img, struct load_mem *m)
{
	struct elf_header h;
	const char *reason = img->f.data ? elf_open(img->f.data, img->f.size, &h) : "it is empty";
	int err = 0;

	if (reason)
		return load_fail(m, -EINVAL, "the file cannot be started: %s", reason);
	for (unsigned i = 0; !err && i < h.phnum; i++) {
		struct elf_segment s = elf_segment_at(img->f.data, &h, i);

		if (s.type == PT_INTERP)
			return load_fail(m, -EINVAL,
					 "the ELF file is dynamically linked; link it with "
					 "-static -no-pie");
		if (s.type == PT_NOTE)
			read_notes(img, &s);
		else if (s.type == PT_LOAD && s.memsz)
			err = image_add(img, m, &s);
	}
	if (err)
		return err;
	img->is_64 = h.machine == EM_X86_64;
	if (!find_entry(img, h.entry))
		return load_fail(m, -EINVAL,
				 "the ELF file's entry 0x%lx is in none of its executable segments",
				 h.entry);
	return 0;
}
