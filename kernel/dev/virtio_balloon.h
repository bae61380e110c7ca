/* SPDX-License-Identifier: GPL-2.0-or-later */
/* virtio memory balloon with free page reporting (virtio 1.2, 5.5). Pure. */
#pragma once

#include "kernel/dev/virtio.h"

struct virtio_balloon {
	struct virtio virtio; /* virtio_balloon_prepare(), and the rest as virtio_init() says */
	struct {
		uint32_t wanted, actual; /* pages in the balloon (5.5.4) */
	} config;
	uint64_t life;          /* of a driver: what another one has put into it is not there */
	struct vm_block *block; /* their host is none of the device's business */
	uint64_t blocks;
	/* Taken away, to the host when the vCPUs have forgotten it; the first ones were asked for.
	 */
	hpa_t gone[256];
	unsigned gone_count, asked;
};

/* block: those from address 0 on, cleared. What was taken from an earlier guest is gone. */
void virtio_balloon_prepare(struct virtio_balloon *b, struct vm_block *block, uint64_t blocks);
/* What vm_ram_flush() was called for has come about. */
void virtio_balloon_flushed(struct virtio_balloon *b);
/* The driver is to put so many pages in all into the balloon. */
void virtio_balloon_ask(struct virtio_balloon *b, uint32_t pages);
