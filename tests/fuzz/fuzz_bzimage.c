/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a Linux kernel or an ELF image: loaded inside the guest's memory, or refused. */
/* sources: kernel/load/bzimage.c kernel/load/elf.c kernel/load/start.c kernel/print.c */
#include <string.h>

#include "kernel/errno.h"
#include "kernel/load/load.h"
#include "tests/fuzz/dev_input.h"

static uint64_t written;

int vm_zero(struct vm *vm, gpa_t gpa, uint64_t size)
{
	MUST(load_in_ram((const struct load_mem *)vm, gpa, size));
	written += size;
	return 0;
}

int vm_write(struct vm *vm, gpa_t gpa, const void *buf, uint64_t size)
{
	const volatile uint8_t *p = buf;

	/* All of the source must be readable. */
	for (uint64_t i = 0; i < size; i++)
		(void)p[i];
	return vm_zero(vm, gpa, size);
}

static void check(struct load_mem *m, int err, const struct vcpu_start *s, const char *sentence)
{
	MUST(err == 0 || err == -EINVAL || err == -ENOMEM);
	MUST(!err == !sentence[0]);
	if (!err)
		MUST(s->long_mode && load_in_ram(m, s->rip, 1) && s->rip >= GUEST_START_END);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct elf_info info = {.name = "vm", .cmdline = "", .vcpus = 1};
	char sentence[160] = "";
	const struct load_why why = {sentence, sizeof(sentence)};
	struct load_file initrd, image;
	struct vcpu_start start = {0};
	struct load_mem m;
	int err;

	if (size < 4)
		return 0;
	m.vm = (struct vm *)&m;
	m.size = (uint64_t)(data[0] + 1) << 21 << (data[1] & 4);
	initrd = (struct load_file){data[2] & 1 ? data : NULL, size};
	image = (struct load_file){data + 4, size - 4};
	err = bzimage_load(&m, image, initrd, "quiet", GUEST_ACPI, &start, &why);
	check(&m, err, &start, sentence);
	sentence[0] = 0;
	err = elf_load(&m, image, &info, &start, &why);
	check(&m, err, &start, sentence);
	return 0;
}
