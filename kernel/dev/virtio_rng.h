/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio entropy device (virtio 1.2, 5.4). Pure. */
#pragma once

#include "kernel/dev/virtio.h"

struct virtio_rng {
	struct virtio virtio; /* virtio_rng_prepare(), and the rest as virtio_init() says */
	bool (*random)(uint64_t *value);
};

/* random: false when there is nothing just now. */
void virtio_rng_prepare(struct virtio_rng *r, bool (*random)(uint64_t *value));
