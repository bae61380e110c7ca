/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio disk under any accesses to its registers, with any rings in guest memory. */
/* sources: kernel/dev/virtio_blk.c kernel/dev/virtio.c kernel/dev/virtq.c kernel/dev/msix.c */
/* sources: kernel/dev/pci.c kernel/dev/reset.c kernel/dev/iobus.c kernel/blk/blk.c */
#include "kernel/dev/virtio_blk.h"
#include "tests/fuzz/dev_virtio.h"

#define SECTORS 16u

/* As long as one turn lasts, and the longest request (MAX_BYTES), and what goes with each. */
static const struct bound bound = {SERVE_REQUESTS, VIRTQ_SEGMENTS + 3,
				   2 * KIB(256) + SERVE_REQUESTS * 40};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct virtio_blk b;
	struct input in = {data, size};
	uint64_t option = take(&in, 1);
	struct blk disk;
	uint8_t *image =
		calloc(SECTORS, BLK_SECTOR); /* exactly as large: the sanitizer sees its ends */

	memset(&b, 0, sizeof(b));
	MUST(image && !blk_mem_init(&disk, image, SECTORS * BLK_SECTOR, option & 1));
	virtio_blk_prepare(&b, &disk, "fuzz");
	start(&b.virtio, option, &in);
	operate(&b.virtio, &in, &bound, NULL, NULL);
	free(image);
	return 0;
}
