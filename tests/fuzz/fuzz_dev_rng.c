/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio entropy device, whose source is dry at times. */
/* sources: kernel/dev/virtio_rng.c kernel/dev/virtio.c kernel/dev/virtq.c kernel/dev/msix.c */
/* sources: kernel/dev/pci.c kernel/dev/reset.c kernel/dev/iobus.c */
#include "kernel/dev/virtio_rng.h"
#include "tests/fuzz/dev_virtio.h"

#define REQUEST 64u /* bytes that it gives at once */

static const struct bound bound = {SERVE_REQUESTS, VIRTQ_SEGMENTS + REQUEST / 8,
				   SERVE_REQUESTS *REQUEST};

static unsigned left, asked;

static bool source(uint64_t *value)
{
	*value = 0x0123456789abcdef;
	asked++;
	return left && left--;
}

static void refill(unsigned op, struct input *in)
{
	(void)in;
	left = op - 1;
}

static void check(void)
{
	MUST(asked <= SERVE_REQUESTS * REQUEST / 8);
	asked = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct virtio_rng r;
	struct input in = {data, size};
	uint64_t option = take(&in, 1);

	memset(&r, 0, sizeof(r));
	left = option & 1 ? 0 : UINT32_MAX;
	asked = 0;
	virtio_rng_prepare(&r, source);
	start(&r.virtio, option, &in);
	operate(&r.virtio, &in, &bound, refill, check);
	return 0;
}
