/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as the kernel of a PC or a PV guest: loaded inside its memory, or refused. */
/* sources: kernel/elf.c */
/* sources: kernel/load/pv.c kernel/load/bzimage.c kernel/load/pc.c kernel/load/multiboot.c */
/* sources: kernel/load/pvh.c kernel/load/elf.c kernel/load/image.c kernel/load/start.c */
/* sources: kernel/print.c */
#include <string.h>

#include "guests/include/mullion.h"
#include "kernel/errno.h"
#include "kernel/load/load.h"
#include "tests/fuzz/dev_input.h"

static uint64_t written;

int vm_write(struct vm *vm, gpa_t gpa, const void *buf, uint64_t size)
{
	const volatile uint8_t *p = buf;

	/* All of the source must be readable. */
	for (uint64_t i = 0; i < size; i++)
		(void)p[i];
	MUST(load_in_ram((const struct load_mem *)vm, gpa, size));
	written += size;
	return 0;
}

static void check(struct load_mem *m, int err, const struct vcpu_start *s)
{
	MUST(err == 0 || err == -EINVAL || err == -ENOMEM);
	MUST(!err == !m->why[0]);
	if (!err)
		MUST(load_in_ram(m, s->rip, 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mullion_start_info info = {.name = "vm", .vcpu_count = 1};
	struct pc_image pc = {.path = "\\a\\kernel", .cmdline = "quiet"};
	struct vcpu_start start = {0};
	struct load_mem m = {0};
	int err;

	if (size < 4)
		return 0;
	m.vm = (struct vm *)&m;
	m.size = (uint64_t)(data[0] + 1) << 21 << (data[1] & 4);
	pc.boot = data[3] % (BOOT_FLAT + 1u);
	for (; pc.modules < data[2] % (CONFIG_MAX_MODULES + 1); pc.modules++) {
		pc.module[pc.modules] = (struct load_file){data, size};
		pc.module_path[pc.modules] = "\\module";
	}
	pc.kernel = (struct load_file){data + 4, size - 4};
	err = pc_load(&m, &pc, &start);
	check(&m, err, &start);
	m.why[0] = 0;
	err = pv_load(&m, pc.kernel, &info, &start);
	check(&m, err, &start);
	return 0;
}
