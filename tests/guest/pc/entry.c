/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Test guest for a PC: says how it was entered and what it was told, by the
 * multiboot information (Multiboot Specification 3.3) or PVH's start info, and
 * ends by the debug-exit port with what the command line gives as exit=N.
 */
#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t base, size;
	uint32_t type;
} __attribute__((packed));

struct multiboot {
	uint32_t flags, lower, upper, device, cmdline, modules, module_list, symbols[4];
	uint32_t map_size, map, drives_size, drives, config, loader;
};

struct pvh {
	uint32_t magic, version, flags, modules;
	uint64_t module_list, cmdline, rsdp, map;
	uint32_t ranges, reserved;
};

void pc_main(uint32_t eax, uint32_t ebx, uint32_t is_pvh);

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static const void *at(uint64_t address)
{
	return (const void *)(uintptr_t)address;
}

static void put(char c)
{
	while (!(in8(0x3fd) & 0x20))
		;
	out8(0x3f8, (uint8_t)c);
}

static void text(const char *s)
{
	while (*s)
		put(*s++);
}

static void hex(uint64_t n)
{
	int shift = 60;

	text("0x");
	while (shift && !(n >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		put("0123456789abcdef"[n >> shift & 15]);
}

static void field(const char *name, uint64_t value)
{
	text(name);
	hex(value);
}

static void module(uint64_t begin, uint64_t size, const char *name)
{
	const uint8_t *p = at(begin);
	uint32_t sum = 0;

	for (uint64_t i = 0; i < size; i++)
		sum += p[i];
	field("entry: module at ", begin);
	field(", bytes ", size);
	field(", sum ", sum);
	text(" ");
	text(name);
	text("\n");
}

static void memory(const struct range *r)
{
	field("entry: memory ", r->base);
	field(" + ", r->size);
	field(", type ", r->type);
	text("\n");
}

static const char *by_multiboot(const struct multiboot *m)
{
	const uint32_t *list = at(m->module_list);

	field("entry: multiboot, flags ", m->flags);
	field(", lower ", m->lower);
	field(", upper ", m->upper);
	text(", loader ");
	text(at(m->loader));
	text("\n");
	for (uint32_t i = 0; i < m->modules; i++, list += 4)
		module(list[0], list[1] - list[0], at(list[2]));
	for (uint32_t p = m->map; p < m->map + m->map_size; p += *(const uint32_t *)at(p) + 4)
		memory(at(p + 4));
	return at(m->cmdline);
}

static const char *by_pvh(const struct pvh *s)
{
	const uint64_t *list = at(s->module_list);
	const uint64_t *map = at(s->map);

	field("entry: PVH, version ", s->version);
	field(", RSDP ", *(const uint64_t *)at(s->rsdp));
	text("\n");
	for (uint32_t i = 0; i < s->modules; i++, list += 4)
		module(list[0], list[1], list[2] ? at(list[2]) : "");
	for (uint32_t i = 0; i < s->ranges; i++, map += 3) {
		const struct range r = {map[0], map[1], (uint32_t)map[2]};

		memory(&r);
	}
	return at(s->cmdline);
}

void pc_main(uint32_t eax, uint32_t ebx, uint32_t is_pvh)
{
	const char *cmdline = "";
	uint32_t cr0, cr4, code = 0;

	__asm__ volatile("mov %%cr0, %0; mov %%cr4, %1" : "=r"(cr0), "=r"(cr4));
	field("entry: eax ", eax);
	field(", cr0 ", cr0);
	field(", cr4 ", cr4);
	text("\n");
	if (is_pvh && *(const uint32_t *)at(ebx) == 0x336ec578)
		cmdline = by_pvh(at(ebx));
	else if (!is_pvh && eax == 0x2badb002)
		cmdline = by_multiboot(at(ebx));
	else
		text("entry: nothing is where it should be\n");
	text("entry: command line ");
	text(cmdline);
	text("\n");
	for (const char *p = cmdline; *p; p++)
		if (p[0] == 'e' && p[1] == 'x' && p[2] == 'i' && p[3] == 't' && p[4] == '=')
			code = (uint32_t)(p[5] - '0');
	__asm__ volatile("outl %0, %1" : : "a"(code), "Nd"((uint16_t)0xf4));
	text("entry: still here\n");
}
