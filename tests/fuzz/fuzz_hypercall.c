/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any sequence of hypercalls over any guest memory: bounds, answers, a read-only disk. */
/* sources: kernel/hypercall.c kernel/evtchn.c kernel/blk/blk.c */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/errno.h"
#include "kernel/hypercall.h"

#define MUST(x)                                                                                    \
	do {                                                                                       \
		if (!(x))                                                                          \
			abort();                                                                   \
	} while (0)

#define RAM_BASE 0x10000ull
#define RAM_SIZE 0x2000ull
#define SECTORS  8u
/* Two requests of the largest size, and what describes 64 of them. */
#define WORK_MAX (2 * 512 * MULLION_BLOCK_MAX_SECTORS + 64 * (40 + 4 + 64 * 16))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t ram[RAM_SIZE], *image;
static uint64_t work; /* bytes moved by the call */
static unsigned powers;

static bool covers(gpa_t gpa, uint64_t n)
{
	return gpa >= RAM_BASE && gpa <= RAM_BASE + RAM_SIZE && n <= RAM_BASE + RAM_SIZE - gpa;
}

int vm_read(struct vm *vm, gpa_t gpa, void *buf, uint64_t n)
{
	(void)vm;
	if (!covers(gpa, n))
		return -EFAULT;
	work += n;
	memcpy(buf, ram + (gpa - RAM_BASE), n);
	return 0;
}

int vm_write(struct vm *vm, gpa_t gpa, const void *buf, uint64_t n)
{
	(void)vm;
	if (!covers(gpa, n))
		return -EFAULT;
	work += n;
	memcpy(ram + (gpa - RAM_BASE), buf, n);
	return 0;
}

void evtchn_notify(struct evtchn *e, unsigned vcpu, uint8_t vector)
{
	(void)e;
	MUST(vcpu == 0);
	MUST(vector == 0 || vector >= 32);
}

void vm_console_write(struct vm *vm, const char *p, unsigned n)
{
	(void)vm;
	MUST(n > 0);
	(void)*(const volatile char *)&p[n - 1];
}

unsigned vm_port_read(struct vm *vm, unsigned port, char *p, unsigned n)
{
	(void)vm;
	(void)port;
	memset(p, 'i', n);
	return n;
}

uint64_t hcall_time_ns(struct vcpu *v, enum mullion_clock clock)
{
	(void)v;
	MUST(clock <= MULLION_CLOCK_VCPU);
	return clock;
}

void hcall_timer_arm(struct vcpu *v, uint64_t deadline_ns)
{
	(void)v;
	(void)deadline_ns;
}

void hcall_yield(struct vcpu *v)
{
	(void)v;
}

void vm_end(struct vm *vm, enum vm_end how)
{
	(void)vm;
	(void)how;
	powers++;
}

void hcall_crash(struct vcpu *v, uint64_t reason, const char *text)
{
	(void)v;
	(void)reason;
	MUST(strlen(text) <= MULLION_CRASH_TEXT_MAX);
	for (; *text; text++)
		MUST(*text >= ' ' && *text <= '~');
	powers++;
}

int vm_watchdog(struct vm *vm, uint64_t ns)
{
	(void)vm;
	MUST(ns <= MULLION_WATCHDOG_MAX);
	return -ENODEV;
}

struct input {
	const uint8_t *p, *end;
};

static uint8_t byte(struct input *in)
{
	return in->p < in->end ? *in->p++ : 0;
}

/* Numbers near what the checks compare with. */
static uint64_t number(struct input *in)
{
	static const uint64_t near[] = {0,
					RAM_BASE,
					RAM_BASE + RAM_SIZE / 2,
					RAM_BASE + RAM_SIZE,
					UINT64_MAX,
					1ull << 32,
					1ull << 63,
					SECTORS};
	uint8_t kind = byte(in);
	uint64_t low = byte(in);

	low |= (uint64_t)byte(in) << 8;
	return near[kind % 8] + (kind & 8 ? -low : low);
}

/* One request that gets past the checks of its layout. */
static void put_request(struct input *in, uint64_t *args)
{
	args[1] = RAM_BASE + (args[1] & (RAM_SIZE / 2 - 8));

	const struct mullion_block_request q = {
		.op = (uint16_t)(byte(in) % 5),
		.segment_count = byte(in) % 4 ? 1 : byte(in),
		.sector = byte(in) % (SECTORS + 2),
		.segments = args[1] + 40,
	};
	const struct mullion_block_segment s = {number(in) & ~7ull, byte(in) % 12 * 512, 0};

	memcpy(ram + (args[1] - RAM_BASE), &q, sizeof(q));
	memcpy(ram + (args[1] - RAM_BASE) + 40, &s, sizeof(s));
}

static uint32_t hash(const uint8_t *p, size_t n)
{
	uint32_t h = 5381;

	while (n--)
		h = h * 33 + *p++;
	return h;
}

static void check(uint64_t nr, int64_t r, const uint64_t *args)
{
	MUST(r >= -ENOSYS);
	MUST(nr < MULLION_CALLS || r == -ENOSYS);
	if (nr == MULLION_CONSOLE_WRITE || nr == MULLION_CONSOLE_READ)
		MUST(r <= 4096 && (r < 0 || (uint64_t)r <= args[1]));
	if (nr == MULLION_BLOCK_SUBMIT)
		MUST(r <= 64 && (r < 0 || (uint64_t)r <= args[2]));
	if (nr == MULLION_EVENT_TAKE || nr == MULLION_EVENT_MASK)
		MUST(r <= UINT32_MAX);
	MUST(work <= WORK_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, data + size};
	struct evtchn events = {0};
	struct blk disk;
	struct hcall_ctx ctx = {
		.vcpu_count = 1, .events = &events, .disk = &disk, .caller = (void *)&events};

	if (!image)
		image = calloc(SECTORS, BLK_SECTOR); /* as large as the disk, for ASan */
	MUST(image);
	MUST(!blk_mem_init(&disk, image, SECTORS * BLK_SECTOR, byte(&in) & 1));
	/* Memory: the input over and over, so that requests point at other pieces of it. */
	for (size_t i = 0; i < RAM_SIZE; i++)
		ram[i] = size ? data[i % size] : 0;

	uint32_t before = hash(image, SECTORS * BLK_SECTOR);

	while (in.p < in.end) {
		uint64_t nr = byte(&in) % 20, args[5];

		for (unsigned i = 0; i < 5; i++)
			args[i] = number(&in);
		if (nr == MULLION_BLOCK_SUBMIT || nr == MULLION_BLOCK_INFO)
			args[0] &= 1;
		if (nr == MULLION_BLOCK_SUBMIT && byte(&in) % 4)
			put_request(&in, args);
		ctx.cpl = byte(&in) % 16 == 0 ? 3 : 0;
		work = 0;

		int64_t r = hypercall(&ctx, nr, args);

		if (ctx.cpl)
			MUST(r == -MULLION_EPERM && work == 0);
		else
			check(nr, r, args);
	}
	MUST(!disk.readonly || hash(image, SECTORS * BLK_SECTOR) == before);
	return 0;
}
