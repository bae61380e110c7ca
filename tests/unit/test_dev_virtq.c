/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtqueues: random requests in both layouts against a driver, and what breaks the rules. */
/* sources: kernel/dev/virtq.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/errno.h"
#include "tests/unit/virtq_driver.h"

#define ALL (VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC)

static struct virtq q;
static struct virtq_chain c;
static struct driver d;

static uint64_t rnd(uint64_t n)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x % n;
}

static void start(unsigned size, bool packed, uint64_t features)
{
	driver_init(&d, &q, size, packed, features & VIRTIO_F_EVENT_IDX);
	assert_int_equal(virtq_start(&q, NULL, features | (packed ? VIRTIO_F_RING_PACKED : 0)), 0);
}

/* What a request holds, and how it was answered. */
struct sent {
	unsigned id, outs, ins, slots;
	uint64_t out_bytes, in_bytes;
	uint32_t written;
};

#define DATA (RAM_BASE + 0x20000)

static void send(struct sent *r, unsigned room, bool indirect, gpa_t table)
{
	struct driver_seg s[8];
	unsigned n = 1 + (unsigned)rnd(min_u64(indirect ? 8 : room, 8));

	*r = (struct sent){.outs = (unsigned)rnd(n + 1), .slots = indirect ? 1 : n};
	r->ins = n - r->outs;
	for (unsigned i = 0; i < n; i++) {
		s[i] = (struct driver_seg){DATA + rnd(0x1000), 1 + (uint32_t)rnd(600),
					   i >= r->outs};
		*(s[i].write ? &r->in_bytes : &r->out_bytes) += s[i].len;
	}
	r->id = driver_add(&d, s, n, indirect ? table : 0);
}

/* Requests in flight, served in order; every one comes once, whole, and back with its length. */
static void run_random(unsigned size, bool packed, uint64_t features)
{
	struct sent sent[64];
	unsigned head = 0, tail = 0, busy = 0;

	start(size, packed, features);
	for (unsigned round = 0; round < 20000; round++) {
		bool indirect = (features & VIRTIO_F_INDIRECT_DESC) && rnd(2);

		if (head - tail < 16 && busy < size && rnd(2)) {
			struct sent *r = &sent[head % 64];

			send(r, size - busy, indirect, RAM_BASE + 0x8000 + 0x100 * (head % 64));
			busy += r->slots;
			head++;
		} else if (tail != head) {
			struct sent *r = &sent[tail % 64];
			unsigned id;
			uint32_t written;
			bool wanted = rnd(2);

			if (wanted)
				driver_want(&d);
			assert_int_equal(virtq_pop(&q, &c), 1);
			assert_int_equal(c.id, r->id);
			assert_int_equal(c.out.count, r->outs);
			assert_int_equal(c.in.count, r->ins);
			assert_int_equal(virtq_length(&c.out), r->out_bytes);
			assert_int_equal(virtq_length(&c.in), r->in_bytes);
			r->written = (uint32_t)rnd(r->in_bytes + 1);
			int irq = virtq_push(&q, &c, r->written);
			if (wanted && (features & VIRTIO_F_EVENT_IDX))
				assert_int_equal(irq, 1);
			assert_true(driver_used(&d, r->slots, &id, &written));
			assert_int_equal(id, r->id);
			assert_int_equal(written, r->written);
			busy -= r->slots;
			tail++;
		} else {
			assert_int_equal(virtq_pop(&q, &c), 0);
		}
	}
}

static void random_requests(void **state)
{
	(void)state;
	for (unsigned packed = 0; packed < 2; packed++) {
		run_random(8, packed, 0);
		run_random(256, packed, ALL);
		run_random(1, packed, VIRTIO_F_INDIRECT_DESC);
	}
	run_random(7, true, ALL);
}

static void sizes(void **state)
{
	(void)state;
	static const struct {
		unsigned size;
		int split, packed;
	} t[] = {{0, -EINVAL, -EINVAL},   {1, 0, 0},
		 {3, -EINVAL, 0},         {256, 0, 0},
		 {257, -EINVAL, -EINVAL}, {512, -EINVAL, -EINVAL}};

	for (unsigned i = 0; i < ARRAY_SIZE(t); i++) {
		q.size = (uint16_t)t[i].size;
		assert_int_equal(virtq_start(&q, NULL, 0), t[i].split);
		assert_int_equal(virtq_start(&q, NULL, VIRTIO_F_RING_PACKED), t[i].packed);
	}
}

/* An interrupt only when the driver's event was passed; none at all when it says so. */
static void suppression(void **state)
{
	static const struct driver_seg s = {DATA, 16, true};
	uint32_t written;
	unsigned id;

	(void)state;
	for (unsigned packed = 0; packed < 2; packed++) {
		start(8, packed, 0);
		put(packed ? d.driver + 2 : d.driver, 1, 2);
		driver_add(&d, &s, 1, 0);
		assert_int_equal(virtq_pop(&q, &c), 1);
		assert_int_equal(virtq_push(&q, &c, 0), 0);
		put(packed ? d.driver + 2 : d.driver, 0, 2);
		driver_add(&d, &s, 1, 0);
		assert_int_equal(virtq_pop(&q, &c), 1);
		assert_int_equal(virtq_push(&q, &c, 0), 1);

		/* Three turns of the ring; the driver asks for every third answer. */
		start(8, packed, ALL);
		for (unsigned i = 0; i < 24; i++) {
			if (i % 3 == 0)
				driver_want(&d);
			driver_add(&d, &s, 1, 0);
			assert_int_equal(virtq_pop(&q, &c), 1);
			assert_int_equal(virtq_push(&q, &c, 1), i % 3 == 0);
			assert_true(driver_used(&d, 1, &id, &written));
		}
	}
	/* The device asks to be told of the next request (split, 2.7.10.1). */
	start(8, false, ALL);
	driver_add(&d, &s, 1, 0);
	assert_int_equal(virtq_pop(&q, &c), 1);
	assert_int_equal(virtq_pop(&q, &c), 0);
	assert_int_equal(get(d.device + 4 + 8 * 8, 2), 1);
}

static int pop_of(bool packed, uint64_t features, void (*damage)(void))
{
	static const struct driver_seg s[] = {{DATA, 16, false}, {DATA + 64, 8, true}};

	start(8, packed, features);
	driver_add(&d, s, 2, features & VIRTIO_F_INDIRECT_DESC ? RAM_BASE + 0x8000 : 0);
	damage();
	return virtq_pop(&q, &c);
}

static void nothing(void)
{
}

static void head_outside(void)
{
	put(d.driver + 4, 8, 2);
}

static void index_far(void)
{
	put(d.driver + 2, 9, 2);
}

static void next_outside(void)
{
	put(d.desc + 14, 8, 2);
}

static void loop(void)
{
	put(d.desc + 16 + 12, D_NEXT | D_WRITE, 2);
	put(d.desc + 16 + 14, 1, 2);
}

static void write_first(void)
{
	put(d.desc + 12, D_NEXT | D_WRITE, 2);
	put(d.desc + 16 + 12, 0, 2);
}

static void ring_outside(void)
{
	q.desc = RAM_END - 8;
}

static void driver_outside(void)
{
	q.driver = RAM_END;
}

static void odd_table(void)
{
	put(d.desc + 8, 24, 4);
}

static void no_table(void)
{
	put(d.desc + 8, 0, 4);
}

static void table_in_table(void)
{
	put(RAM_BASE + 0x8000 + 12, D_INDIRECT, 2);
}

static void long_table(void)
{
	for (unsigned i = 0; i <= VIRTQ_SEGMENTS; i++)
		put_desc(RAM_BASE + 0x8000 + 16 * i, DATA, 1, d.packed ? 0 : D_NEXT,
			 d.packed ? 0 : i + 1);
	put(d.desc + 8, 16 * (VIRTQ_SEGMENTS + 1), 4);
}

/* Entries without a byte count for no segment, but each is read. */
static void endless_table(void)
{
	put(d.desc + 8, 16 * (VIRTQ_SEGMENTS + 1), 4);
	memset(ram_at(RAM_BASE + 0x8000), 0, 16 * (VIRTQ_SEGMENTS + 1));
}

static void table_and_next(void)
{
	put(d.desc + (d.packed ? 14 : 12), (d.packed ? 1u << 7 : 0) | D_INDIRECT | D_NEXT, 2);
}

static void all_next(void)
{
	for (unsigned i = 0; i < 8; i++)
		put_desc(d.desc + 16 * i, DATA, 1, 0, packed_flags(true, D_NEXT));
}

static void late_table(void)
{
	put_desc(d.desc + 16, RAM_BASE + 0x8000, 16, 0, packed_flags(true, D_INDIRECT));
}

static void broken_rules(void **state)
{
	(void)state;
	assert_int_equal(pop_of(false, 0, nothing), 1);
	assert_int_equal(pop_of(false, 0, head_outside), -EINVAL);
	assert_int_equal(pop_of(false, 0, index_far), -EINVAL);
	assert_int_equal(pop_of(false, 0, next_outside), -EINVAL);
	assert_int_equal(pop_of(false, 0, loop), -EINVAL);
	assert_int_equal(pop_of(false, 0, write_first), -EINVAL);
	assert_int_equal(pop_of(false, 0, ring_outside), -EFAULT);
	assert_int_equal(pop_of(false, 0, driver_outside), -EFAULT);
	assert_int_equal(pop_of(true, 0, ring_outside), -EFAULT);
	assert_int_equal(pop_of(true, 0, all_next), -EINVAL);
	for (unsigned packed = 0; packed < 2; packed++) {
		assert_int_equal(pop_of(packed, ALL, nothing), 1);
		assert_int_equal(pop_of(packed, ALL, odd_table), -EINVAL);
		assert_int_equal(pop_of(packed, ALL, no_table), -EINVAL);
		assert_int_equal(pop_of(packed, ALL, long_table), -EINVAL);
		assert_int_equal(pop_of(packed, ALL, endless_table), -EINVAL);
		assert_int_equal(pop_of(packed, ALL, table_and_next), -EINVAL);
	}
	assert_int_equal(pop_of(false, ALL, table_in_table), -EINVAL);
	assert_int_equal(pop_of(true, 0, late_table), -EINVAL);
	/* Not agreed on. */
	start(8, false, 0);
	put_desc(d.desc, RAM_BASE + 0x8000, 16, D_INDIRECT, 0);
	put(d.driver + 2, 1, 2);
	assert_int_equal(virtq_pop(&q, &c), -EINVAL);
	/* What cannot be written. */
	start(8, false, 0);
	q.device = RAM_END;
	assert_int_equal(virtq_push(&q, &c, 0), -EFAULT);
}

static void copies(void **state)
{
	static const struct driver_seg s[] = {{DATA, 3, false},
					      {DATA + 16, 5, false},
					      {DATA + 32, 4, true},
					      {DATA + 48, 4, true}};
	char buf[16];

	(void)state;
	start(8, false, 0);
	memcpy(ram_at(DATA), "abc", 3);
	memcpy(ram_at(DATA + 16), "defgh", 5);
	driver_add(&d, s, 4, 0);
	assert_int_equal(virtq_pop(&q, &c), 1);
	assert_int_equal(virtq_take(&q, &c.out, buf, 4), 4);
	assert_memory_equal(buf, "abcd", 4);
	assert_int_equal(virtq_length(&c.out), 4);
	assert_int_equal(virtq_take(&q, &c.out, buf, 16), 4);
	assert_memory_equal(buf, "efgh", 4);
	assert_int_equal(c.out.count, 0);
	assert_int_equal(virtq_put(&q, &c.in, "123456", 6), 6);
	assert_memory_equal(ram_at(DATA + 32), "1234", 4);
	assert_memory_equal(ram_at(DATA + 48), "56", 2);
	c.in.seg->gpa = RAM_END - 1;
	assert_int_equal(virtq_put(&q, &c.in, "12", 2), -EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),       cmocka_unit_test(random_requests),
		cmocka_unit_test(suppression), cmocka_unit_test(broken_rules),
		cmocka_unit_test(copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
