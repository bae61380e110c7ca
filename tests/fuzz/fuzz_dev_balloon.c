/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio balloon: no block goes twice, and none to the host before the vCPUs have flushed. */
/* sources: kernel/dev/virtio_balloon.c kernel/dev/virtio.c kernel/dev/virtq.c kernel/dev/msix.c */
/* sources: kernel/dev/pci.c kernel/dev/reset.c kernel/dev/iobus.c */
#include "kernel/dev/virtio_balloon.h"
#include "tests/fuzz/dev_virtio.h"

#define BLOCKS 40u
#define PAGES  1024u /* that one request can move, 64 at once */

static const struct bound bound = {SERVE_REQUESTS, VIRTQ_SEGMENTS + PAGES / 64 + 1,
				   SERVE_REQUESTS *PAGES * 4};

static struct virtio_balloon b;
static struct vm_block block[BLOCKS];
static unsigned round_of[BLOCKS], rounds, takes; /* round_of: when it went; 0: it has not */
static bool asked;

hpa_t vm_ram_take(struct vm *vm, gpa_t gpa)
{
	uint64_t n = gpa / VM_BLOCK;

	(void)vm;
	MUST(gpa % VM_BLOCK == 0);
	takes++;
	if (n >= BLOCKS || round_of[n])
		return 0;
	round_of[n] = rounds + 1;
	return GIB(3) + gpa;
}

void vm_ram_flush(struct vm *vm)
{
	(void)vm;
	MUST(!asked);
	asked = true;
	rounds++;
}

void vm_ram_give(hpa_t host)
{
	uint64_t n = (host - GIB(3)) / VM_BLOCK;

	MUST(n < BLOCKS && round_of[n] && round_of[n] <= rounds);
	round_of[n] = 0; /* touched again */
}

static void own(unsigned op, struct input *in)
{
	if (op & 1) {
		virtio_balloon_ask(&b, (uint32_t)take(in, 4));
	} else if (asked) {
		asked = false;
		virtio_balloon_flushed(&b);
	}
}

static void check(void)
{
	unsigned gone = 0;

	for (unsigned i = 0; i < BLOCKS; i++)
		gone += round_of[i] != 0;
	MUST(b.gone_count == gone && asked == !!gone);
	MUST(takes <= SERVE_REQUESTS * PAGES);
	takes = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint64_t option = take(&in, 1);

	memset(&b, 0, sizeof(b));
	memset(block, 0, sizeof(block));
	memset(round_of, 0, sizeof(round_of));
	rounds = takes = 0;
	asked = false;
	virtio_balloon_prepare(&b, block, BLOCKS);
	start(&b.virtio, option, &in);
	operate(&b.virtio, &in, &bound, own, check);
	return 0;
}
