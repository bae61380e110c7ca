/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random bytes, not more at a time than a seed needs: a driver asks again. */
#include "kernel/dev/virtio_rng.h"

#define BYTES_MAX 64u

static long request(struct virtio *v, unsigned queue)
{
	struct virtio_rng *r = container_of(v, struct virtio_rng, virtio);
	long written = 0;

	while (written < (long)BYTES_MAX && v->chain.in.count) {
		uint64_t value;

		if (!r->random(&value))
			break;

		long n = virtq_put(&v->queue[queue], &v->chain.in, &value, sizeof(value));

		if (n < 0)
			return n;
		written += n;
	}
	return written;
}

static const struct virtio_model model = {
	.id = VIRTIO_ID_RNG,
	.class_code = 0xff0000,
	.queues = 1,
	.request = request,
};

void virtio_rng_prepare(struct virtio_rng *r, bool (*random)(uint64_t *value))
{
	r->random = random;
	r->virtio.model = &model;
}
