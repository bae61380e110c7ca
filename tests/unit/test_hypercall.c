/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every hypercall with good and hostile arguments. */
/* sources: kernel/hypercall.c kernel/evtchn.c kernel/blk/blk.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/errno.h"
#include "kernel/hypercall.h"
#include "tests/unit/fake_ram.h"

#define SECTORS 2048u
#define REQ     (RAM_BASE + 0x1000) /* where requests and segments lie */
#define SEG     (RAM_BASE + 0x4000)
#define DATA    (RAM_BASE + 0x10000)

static uint8_t image[SECTORS * 512];
static struct blk disk;
static struct evtchn events;
static unsigned interrupts, yields;

static char written[16384];
static unsigned written_n;
static const char *typed;

static uint64_t armed;
static int power;
static uint64_t power_reason;
static char power_text[256];

static struct vm machine;
static int owner;

enum { POWER_OFF, RESTART, CRASH };

void evtchn_notify(struct evtchn *e, unsigned vcpu, uint8_t vector)
{
	(void)e;
	(void)vcpu;
	interrupts += vector != 0;
}

void vm_console_write(struct vm *vm, const char *p, unsigned n)
{
	assert_ptr_equal(vm, &machine);
	assert_true(written_n + n <= sizeof(written));
	memcpy(written + written_n, p, n);
	written_n += n;
}

unsigned vm_port_read(struct vm *vm, unsigned port, char *p, unsigned n)
{
	unsigned i = 0;

	assert_ptr_equal(vm, &machine);
	assert_int_equal(port, 0);
	while (i < n && *typed)
		p[i++] = *typed++;
	return i;
}

uint64_t hcall_time_ns(struct vcpu *v, enum mullion_clock clock)
{
	assert_ptr_equal(v, &owner);
	return 1000 + clock;
}

void hcall_timer_arm(struct vcpu *v, uint64_t deadline_ns)
{
	assert_ptr_equal(v, &owner);
	armed = deadline_ns;
}

void hcall_yield(struct vcpu *v)
{
	assert_ptr_equal(v, &owner);
	yields++;
}

void vm_end(struct vm *vm, enum vm_end how)
{
	assert_ptr_equal(vm, &machine);
	assert_int_equal(power, -1);
	assert_true(how == END_RESTART || how == END_POWEROFF);
	power = how == END_RESTART ? RESTART : POWER_OFF;
}

void hcall_crash(struct vcpu *v, uint64_t reason, const char *text)
{
	assert_ptr_equal(v, &owner);
	assert_int_equal(power, -1);
	power = CRASH;
	power_reason = reason;
	assert_true(strlen(text) < sizeof(power_text));
	strcpy(power_text, text);
}

int vm_watchdog(struct vm *vm, uint64_t ns)
{
	assert_ptr_equal(vm, &machine);
	armed = ns;
	return 0;
}

static struct hcall_ctx ctx;

static int setup(void **state)
{
	(void)state;
	ctx = (struct hcall_ctx){.vm = &machine,
				 .vcpu_count = 2,
				 .events = &events,
				 .disk = &disk,
				 .caller = (void *)&owner};
	events = (struct evtchn){0};
	assert_int_equal(evtchn_bind(&events, MULLION_PORT_BLOCK, 0x41, 0), 0);
	for (unsigned i = 0; i < sizeof(image); i++)
		image[i] = (uint8_t)(i * 7 + i / 512);
	assert_int_equal(blk_mem_init(&disk, image, sizeof(image), false), 0);
	memset(ram, 0, sizeof(ram));
	ram_after_read = NULL;
	interrupts = yields = written_n = 0;
	typed = "";
	power = -1;
	return 0;
}

static int64_t call(uint64_t nr, uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t args[5] = {a, b, c, UINT64_MAX, UINT64_MAX};

	return hypercall(&ctx, nr, args);
}

static void test_dispatch(void **state)
{
	(void)state;
	assert_int_equal(call(MULLION_VERSION, 0, 0, 0), MULLION_ABI_VERSION);
	assert_int_equal(call(MULLION_CALLS, 0, 0, 0), -ENOSYS);
	assert_int_equal(call(MULLION_WATCHDOG, MULLION_WATCHDOG_MAX, 0, 0), 0);
	assert_true(armed == MULLION_WATCHDOG_MAX);
	assert_int_equal(call(MULLION_WATCHDOG, MULLION_WATCHDOG_MAX + 1, 0, 0), -EINVAL);
	assert_int_equal(call(UINT64_MAX, 0, 0, 0), -ENOSYS);
	assert_int_equal(call(1ull << 32 | MULLION_POWER_OFF, 0, 0, 0), -ENOSYS);
	for (unsigned cpl = 1; cpl <= 3; cpl++) {
		ctx.cpl = cpl;
		for (uint64_t nr = 0; nr <= MULLION_CALLS; nr++)
			assert_int_equal(call(nr, RAM_BASE, 1, 0), -MULLION_EPERM);
	}
	assert_int_equal(power, -1);
	assert_int_equal(written_n + yields, 0);
}

static void test_console_write(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RAM_SIZE; i++)
		ram[i] = (uint8_t)(i * 13);
	assert_int_equal(call(MULLION_CONSOLE_WRITE, RAM_BASE + 5, 1000, 0), 1000);
	assert_int_equal(written_n, 1000);
	assert_memory_equal(written, ram + 5, 1000);
	assert_int_equal(call(MULLION_CONSOLE_WRITE, 0, 0, 0), 0);
	assert_int_equal(call(MULLION_CONSOLE_WRITE, RAM_BASE, UINT64_MAX, 0),
			 MULLION_CONSOLE_WRITE_MAX);

	/* The end of RAM: what can be read is taken in whole pieces, then it is an error. */
	assert_int_equal(call(MULLION_CONSOLE_WRITE, RAM_END - 300, 400, 0), 256);
	assert_int_equal(call(MULLION_CONSOLE_WRITE, RAM_END - 44, 144, 0), -EFAULT);
	assert_int_equal(call(MULLION_CONSOLE_WRITE, RAM_END - 1, 1, 0), 1);
	assert_int_equal(call(MULLION_CONSOLE_WRITE, RAM_END, 1, 0), -EFAULT);
	assert_int_equal(call(MULLION_CONSOLE_WRITE, UINT64_MAX, 1, 0), -EFAULT);
	assert_int_equal(call(MULLION_CONSOLE_WRITE, UINT64_MAX - 1, 4096, 0), -EFAULT);
}

static void test_console_read(void **state)
{
	char *at = ram_at(RAM_BASE + 100);

	(void)state;
	assert_int_equal(call(MULLION_CONSOLE_READ, RAM_BASE, 10, 0), 0);
	typed = "hello, world";
	assert_int_equal(call(MULLION_CONSOLE_READ, RAM_BASE + 100, 5, 0), 5);
	assert_memory_equal(at, "hello\0", 6);
	/* No input is lost to a bad address. */
	assert_int_equal(call(MULLION_CONSOLE_READ, RAM_END - 3, 10, 0), -EFAULT);
	assert_int_equal(call(MULLION_CONSOLE_READ, UINT64_MAX, 10, 0), -EFAULT);
	assert_int_equal(call(MULLION_CONSOLE_READ, 0, 0, 0), 0);
	assert_int_equal(call(MULLION_CONSOLE_READ, RAM_BASE + 100, UINT64_MAX, 0), 7);
	assert_memory_equal(at, ", world\0", 8);
}

static void test_block_info(void **state)
{
	struct mullion_block_info *info = ram_at(DATA);

	(void)state;
	assert_int_equal(call(MULLION_BLOCK_INFO, 0, DATA, UINT64_MAX), sizeof(*info));
	assert_int_equal(info->sectors, SECTORS);
	assert_int_equal(info->flags, 0);
	assert_int_equal(info->max_sectors, MULLION_BLOCK_MAX_SECTORS);
	disk.readonly = true;
	info->max_sectors = 0;
	assert_int_equal(call(MULLION_BLOCK_INFO, 0, DATA, 12), 12);
	assert_int_equal(info->flags, MULLION_BLOCK_FLAG_READONLY);
	assert_int_equal(info->max_sectors, 0);
	assert_int_equal(call(MULLION_BLOCK_INFO, 0, RAM_END - 23, 24), -EFAULT);
	assert_int_equal(call(MULLION_BLOCK_INFO, 1, DATA, 24), -ENODEV);
	ctx.disk = NULL;
	assert_int_equal(call(MULLION_BLOCK_INFO, 0, DATA, 24), -ENODEV);
	assert_int_equal(call(MULLION_BLOCK_SUBMIT, 0, REQ, 1), -ENODEV);
}

static struct mullion_block_request *req(unsigned i)
{
	return (struct mullion_block_request *)ram_at(REQ) + i;
}

static struct mullion_block_segment *seg(unsigned i)
{
	return (struct mullion_block_segment *)ram_at(SEG) + i;
}

/* Request i: op with one segment of that many sectors, at segment i. */
static void put(unsigned i, unsigned op, uint64_t sector, uint32_t sectors)
{
	*seg(i) = (struct mullion_block_segment){DATA, sectors * 512, 0};
	*req(i) = (struct mullion_block_request){
		.op = (uint16_t)op,
		.segment_count = 1,
		.sector = sector,
		.segments = SEG + i * sizeof(*seg(0)),
		.cookie = 77,
		.status = MULLION_BLOCK_PENDING,
	};
}

static int64_t submit(uint64_t count)
{
	return call(MULLION_BLOCK_SUBMIT, 0, REQ, count);
}

static void test_block_transfer(void **state)
{
	(void)state;
	put(0, MULLION_BLOCK_READ, 5, 3);
	put(1, MULLION_BLOCK_WRITE, 100, 3);
	put(2, MULLION_BLOCK_FLUSH, 0, 0);
	req(2)->segment_count = 0;
	put(3, MULLION_BLOCK_READ, SECTORS, 1);
	assert_int_equal(submit(4), 4);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(req(i)->status, 0);
	assert_int_equal(req(3)->status, -EINVAL);
	assert_int_equal(req(0)->cookie, 77);
	assert_memory_equal(ram_at(DATA), image + 5 * 512, 3 * 512);
	assert_memory_equal(image + 100 * 512, image + 5 * 512, 3 * 512);
	assert_int_equal(interrupts, 1); /* one event for the batch */
	assert_int_equal(call(MULLION_EVENT_TAKE, UINT32_MAX, 0, 0), 1u << MULLION_PORT_BLOCK);

	disk.readonly = true;
	req(1)->status = MULLION_BLOCK_PENDING;
	assert_int_equal(submit(2), 2);
	assert_int_equal(req(1)->status, -EROFS);
}

static int32_t one(void)
{
	req(0)->status = MULLION_BLOCK_PENDING;
	assert_int_equal(submit(1), 1);
	assert_int_not_equal(req(0)->status, MULLION_BLOCK_PENDING);
	return req(0)->status;
}

static void test_block_malformed(void **state)
{
	(void)state;
	for (unsigned op = 0; op < 65536; op += op < 8 ? 1 : 251) {
		put(0, op, 0, 1);
		assert_int_equal(
			one(), op == MULLION_BLOCK_READ || op == MULLION_BLOCK_WRITE ? 0 : -EINVAL);
	}
	put(0, MULLION_BLOCK_READ, 0, 1);
	req(0)->flags = 1;
	assert_int_equal(one(), -EINVAL);
	put(0, MULLION_BLOCK_READ, 0, 1);
	req(0)->reserved = 1;
	assert_int_equal(one(), -EINVAL);
	put(0, MULLION_BLOCK_READ, 0, 1);
	seg(0)->reserved = 1;
	assert_int_equal(one(), -EINVAL);
	put(0, MULLION_BLOCK_READ, 0, 1);
	seg(0)->gpa += 4;
	assert_int_equal(one(), -EINVAL);
	put(0, MULLION_BLOCK_READ, 0, 1);
	seg(0)->gpa += 8;
	assert_int_equal(one(), 0);
	put(0, MULLION_BLOCK_READ, 0, 1);
	req(0)->segments += 4;
	assert_int_equal(one(), -EINVAL);
	put(0, MULLION_BLOCK_READ, 0, 1);
	req(0)->segment_count = 0;
	assert_int_equal(one(), -EINVAL);
	put(0, MULLION_BLOCK_READ, UINT64_MAX, 1);
	assert_int_equal(one(), -EINVAL);
}

static void test_block_limits(void **state)
{
	(void)state;
	put(0, MULLION_BLOCK_READ, 0, MULLION_BLOCK_MAX_SECTORS);
	assert_int_equal(one(), 0);
	put(0, MULLION_BLOCK_READ, 0, MULLION_BLOCK_MAX_SECTORS + 1);
	assert_int_equal(one(), -EINVAL);

	/* All segments that there may be, all at the same place, which is also where they stand. */
	for (unsigned i = 0; i < MULLION_BLOCK_MAX_SEGMENTS; i++)
		*seg(i) = (struct mullion_block_segment){SEG, 512, 0};
	*req(0) = (struct mullion_block_request){.op = MULLION_BLOCK_READ,
						 .segment_count = MULLION_BLOCK_MAX_SEGMENTS,
						 .segments = SEG};
	assert_int_equal(one(), 0);
	assert_memory_equal(ram_at(SEG), image + 63 * 512, 512);
	req(0)->segment_count = MULLION_BLOCK_MAX_SEGMENTS + 1;
	assert_int_equal(one(), -EINVAL);
	req(0)->segment_count = UINT32_MAX;
	assert_int_equal(one(), -EINVAL);
}

static void test_block_memory(void **state)
{
	(void)state;
	put(0, MULLION_BLOCK_READ, 0, 1);
	req(0)->segments = RAM_END - 8;
	assert_int_equal(one(), -EFAULT);
	req(0)->segments = UINT64_MAX - 7;
	assert_int_equal(one(), -EFAULT);
	put(0, MULLION_BLOCK_READ, 0, 1);
	seg(0)->gpa = RAM_END - 504;
	assert_int_equal(one(), -EFAULT);
	put(0, MULLION_BLOCK_WRITE, 0, 1);
	seg(0)->gpa = UINT64_MAX - 7; /* wraps to 504 */
	assert_int_equal(one(), -EFAULT);

	assert_int_equal(call(MULLION_BLOCK_SUBMIT, 0, REQ + 4, 1), -EINVAL);
	assert_int_equal(call(MULLION_BLOCK_SUBMIT, 0, RAM_END, 1), -EFAULT);
	assert_int_equal(call(MULLION_BLOCK_SUBMIT, 0, RAM_END - 32, 1), -EFAULT);
	assert_int_equal(call(MULLION_BLOCK_SUBMIT, 0, UINT64_MAX - 7, UINT64_MAX), -EFAULT);
	assert_int_equal(call(MULLION_BLOCK_SUBMIT, 1, REQ, 1), -ENODEV);
	interrupts = 0;
	assert_int_equal(call(MULLION_BLOCK_SUBMIT, 0, 0, 0), 0);
	assert_int_equal(interrupts, 0);
}

static void test_block_bounded(void **state)
{
	(void)state;
	/* An array that runs out of RAM: what fits is done. */
	for (unsigned i = 0; i < 3; i++) {
		put(i, MULLION_BLOCK_READ, i, 1);
		memcpy(ram_at(RAM_END - 120 + i * 40), req(i), 40);
	}
	assert_int_equal(call(MULLION_BLOCK_SUBMIT, 0, RAM_END - 120, UINT64_MAX), 3);

	for (unsigned i = 0; i < 200; i++)
		put(i, MULLION_BLOCK_READ, i, 1);
	assert_int_equal(submit(200), 64);
	assert_int_equal(req(63)->status, 0);
	assert_int_equal(req(64)->status, MULLION_BLOCK_PENDING);
	for (unsigned i = 0; i < 8; i++)
		put(i, MULLION_BLOCK_READ, 0, i == 0 ? 1 : MULLION_BLOCK_MAX_SECTORS);
	assert_int_equal(submit(8), 2);
	for (unsigned i = 0; i < 64; i++)
		put(i, 99, 0, 1);
	assert_int_equal(submit(UINT64_MAX), 64);
}

static unsigned reads;

/* As soon as something is read, it says something else. */
static void change_mind(gpa_t gpa, uint64_t size)
{
	reads++;
	memset(ram_at(gpa), 0xff, size);
}

static void test_no_double_fetch(void **state)
{
	(void)state;
	put(0, MULLION_BLOCK_READ, 9, 1);
	reads = 0;
	ram_after_read = change_mind;
	assert_int_equal(submit(1), 1);
	assert_int_equal(req(0)->status, 0);
	assert_int_equal(reads, 2); /* the request and its segments, once each */
	assert_memory_equal(ram_at(DATA), image + 9 * 512, 512);
}

static void test_time(void **state)
{
	(void)state;
	assert_int_equal(call(MULLION_TIME, MULLION_CLOCK_MONOTONIC, 0, 0), 1000);
	assert_int_equal(call(MULLION_TIME, MULLION_CLOCK_VCPU, 0, 0), 1002);
	assert_int_equal(call(MULLION_TIME, MULLION_CLOCK_VCPU + 1, 0, 0), -EINVAL);
	assert_int_equal(call(MULLION_TIME, 1ull << 32, 0, 0), -EINVAL);
	assert_int_equal(call(MULLION_TIMER_SET, MULLION_TIMER_OFF, 0, 0), 0);
	assert_true(armed == UINT64_MAX);
	assert_int_equal(call(MULLION_TIMER_SET, 5, 0, 0), 0);
	assert_int_equal(armed, 5);
	assert_int_equal(call(MULLION_YIELD, 0, 0, 0), 0);
	assert_int_equal(yields, 1);
}

static void test_events(void **state)
{
	(void)state;
	assert_int_equal(call(MULLION_HALT, 0, 0, 0), 0);
	assert_int_equal(call(MULLION_EVENT_SEND, MULLION_PORT_TIMER, 0, 0), -EINVAL);
	assert_int_equal(call(MULLION_EVENT_SEND, MULLION_PORT_USER - 1, 0, 0), -EINVAL);
	assert_int_equal(call(MULLION_EVENT_SEND, MULLION_PORTS, 0, 0), -EINVAL);
	assert_int_equal(call(MULLION_EVENT_SEND, UINT64_MAX, 0, 0), -EINVAL);
	assert_int_equal(call(MULLION_EVENT_SEND, 31, 0, 0), 0);
	assert_int_equal(call(MULLION_EVENT_MASK, 1ull << 31, 0, 0), 0);
	assert_int_equal(call(MULLION_EVENT_MASK, 1ull << 32, 0, 0), -EINVAL);
	assert_int_equal(call(MULLION_EVENT_TAKE, 1ull << 32, 0, 0), -EINVAL);
	assert_int_equal(call(MULLION_EVENT_MASK, 0, 0, 0), 1ll << 31);
	assert_int_equal(call(MULLION_EVENT_TAKE, UINT32_MAX, 0, 0), 1ll << 31);

	assert_int_equal(call(MULLION_EVENT_BIND, 31, 0x50, 2), -EINVAL);
	assert_int_equal(call(MULLION_EVENT_BIND, 31, 0x50, 1ull << 32), -EINVAL);
	assert_int_equal(call(MULLION_EVENT_BIND, 32, 0x50, 0), -EINVAL);
	assert_int_equal(call(MULLION_EVENT_BIND, 31, 0x50, 1), 0);
	assert_int_equal(call(MULLION_EVENT_SEND, 31, 0, 0), 0);
	assert_int_equal(interrupts, 1);
}

static void test_power(void **state)
{
	(void)state;
	assert_int_equal(call(MULLION_POWER_OFF, 0, 0, 0), 0);
	assert_int_equal(power, POWER_OFF);
	power = -1;
	assert_int_equal(call(MULLION_RESTART, 0, 0, 0), 0);
	assert_int_equal(power, RESTART);
	power = -1;
	memset(ram_at(DATA), 'x', 1000);
	memcpy(ram_at(DATA), "a\nb\x1b\x80\0c", 8);
	assert_int_equal(call(MULLION_CRASH, 99, DATA, UINT64_MAX), 0);
	assert_int_equal(power, CRASH);
	assert_int_equal(power_reason, 99);
	assert_int_equal(strlen(power_text), MULLION_CRASH_TEXT_MAX);
	assert_memory_equal(power_text, "a.b...c.xx", 10);
	power = -1;
	assert_int_equal(call(MULLION_CRASH, 1, RAM_END - 1, 2), 0);
	assert_string_equal(power_text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_dispatch, setup),
		cmocka_unit_test_setup(test_console_write, setup),
		cmocka_unit_test_setup(test_console_read, setup),
		cmocka_unit_test_setup(test_block_info, setup),
		cmocka_unit_test_setup(test_block_transfer, setup),
		cmocka_unit_test_setup(test_block_malformed, setup),
		cmocka_unit_test_setup(test_block_limits, setup),
		cmocka_unit_test_setup(test_block_memory, setup),
		cmocka_unit_test_setup(test_block_bounded, setup),
		cmocka_unit_test_setup(test_no_double_fetch, setup),
		cmocka_unit_test_setup(test_time, setup),
		cmocka_unit_test_setup(test_events, setup),
		cmocka_unit_test_setup(test_power, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
