/* SPDX-License-Identifier: MIT */
/* Disk self-test: many requests per call, scattered, completed by event. */
#include "guests/demo/demo.h"

enum {
	VECTOR_BLOCK = 0x41,
	TEST_SECTORS = 1024, /* at most */
	REQUESTS = 32,
	SEGMENTS = 4, /* of each request */
};

#define TEST_BYTES (TEST_SECTORS * MULLION_SECTOR)

static uint8_t original[TEST_BYTES] __attribute__((aligned(8)));
static uint8_t pattern[TEST_BYTES] __attribute__((aligned(8)));
static uint8_t result[TEST_BYTES] __attribute__((aligned(8)));
static struct mullion_block_request request[REQUESTS];
static struct mullion_block_segment segment[REQUESTS][SEGMENTS];
static volatile unsigned events;

static void on_block(struct frame *f)
{
	(void)f;
	event_take(1u << MULLION_PORT_BLOCK);
	events++;
}

/* Requests of equal size; segments of a request in reverse order in memory when `flip`. */
static unsigned prepare(uint16_t op, uint8_t *buf, unsigned sectors, bool flip)
{
	unsigned chunk = sectors / REQUESTS, part = chunk / SEGMENTS;

	for (unsigned i = 0; i < REQUESTS; i++) {
		for (unsigned s = 0; s < SEGMENTS; s++) {
			unsigned at = i * chunk + (flip ? SEGMENTS - 1 - s : s) * part;

			segment[i][s] = (struct mullion_block_segment){
				.gpa = gpa_of(buf + at * MULLION_SECTOR),
				.len = part * MULLION_SECTOR,
			};
		}
		request[i] = (struct mullion_block_request){
			.op = op,
			.segment_count = SEGMENTS,
			.sector = i * chunk,
			.segments = gpa_of(segment[i]),
			.cookie = i,
			.status = MULLION_BLOCK_PENDING,
		};
	}
	return REQUESTS;
}

static const char *run(unsigned count)
{
	volatile struct mullion_block_request *q = request;

	for (unsigned done = 0; done < count;) {
		int64_t n =
			hcall(MULLION_BLOCK_SUBMIT, 0, gpa_of(&request[done]), count - done, 0, 0);

		if (n <= 0)
			return "requests refused";
		done += (unsigned)n;
	}
	for (unsigned i = 0; i < count; i++) {
		while (q[i].status > 0)
			irq_wait();
		if (q[i].status < 0)
			return "a request failed";
	}
	return NULL;
}

static const char *transfer(uint16_t op, uint8_t *buf, unsigned sectors, bool flip)
{
	return run(prepare(op, buf, sectors, flip));
}

static const char *flush(void)
{
	request[0] = (struct mullion_block_request){.op = MULLION_BLOCK_FLUSH,
						    .status = MULLION_BLOCK_PENDING};
	return run(1);
}

/* The flipped read must give each request's quarters in reverse. */
static bool flipped(unsigned sectors)
{
	unsigned part = sectors / REQUESTS / SEGMENTS * MULLION_SECTOR;

	for (unsigned i = 0; i < REQUESTS; i++)
		for (unsigned s = 0; s < SEGMENTS; s++)
			if (memcmp(result + (i * SEGMENTS + s) * part,
				   pattern + (i * SEGMENTS + SEGMENTS - 1 - s) * part, part) != 0)
				return false;
	return true;
}

static const char *test(unsigned sectors, uint32_t *crc)
{
	unsigned bytes = sectors * MULLION_SECTOR;
	const char *err = transfer(MULLION_BLOCK_READ, original, sectors, false);
	uint32_t x = 0x6d756c6c;

	if (err)
		return err;
	for (unsigned i = 0; i < bytes; i++) {
		x = x * 1664525 + 1013904223;
		pattern[i] = (uint8_t)(x >> 24);
	}
	*crc = crc32(pattern, bytes);
	err = transfer(MULLION_BLOCK_WRITE, pattern, sectors, false);
	if (!err)
		err = flush();
	if (!err)
		err = transfer(MULLION_BLOCK_READ, result, sectors, false);
	if (!err && crc32(result, bytes) != *crc)
		err = "what was read is not what was written";
	if (!err)
		err = transfer(MULLION_BLOCK_READ, result, sectors, true);
	if (!err && !flipped(sectors))
		err = "scatter lists are not followed";

	const char *back = transfer(MULLION_BLOCK_WRITE, original, sectors, false);

	if (!err && !events)
		err = "no event came";
	return err ? err : back;
}

void disk_test(void)
{
	struct mullion_block_info info;
	const char *err;
	uint32_t crc = 0;

	if (hcall(MULLION_BLOCK_INFO, 0, gpa_of(&info), sizeof(info), 0, 0) !=
	    (int64_t)sizeof(info)) {
		print("disk: none\n");
		return;
	}
	uint64_t sectors = info.sectors < TEST_SECTORS ? info.sectors : TEST_SECTORS;

	sectors -= sectors % (REQUESTS * SEGMENTS);
	print("disk: %lu sectors, ", info.sectors);
	if (info.flags & MULLION_BLOCK_FLAG_READONLY || !sectors) {
		print("%s: not tested\n", sectors ? "read-only" : "too small");
		return;
	}
	events = 0;
	event_handler(MULLION_PORT_BLOCK, VECTOR_BLOCK, on_block);
	irq_on(); /* what has completed before the wait is announced here */
	err = test((unsigned)sectors, &crc);
	irq_off();
	if (err)
		print("self-test FAILED: %s\n", err);
	else
		print("self-test passed (crc32 %08x)\n", crc);
}
