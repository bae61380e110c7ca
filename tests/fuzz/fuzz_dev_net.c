/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio network device at a switch, with another port there and one elsewhere. */
/* sources: kernel/net.c kernel/dev/virtio_net.c kernel/dev/virtio.c kernel/dev/virtq.c */
/* sources: kernel/dev/msix.c kernel/dev/pci.c kernel/dev/reset.c kernel/dev/iobus.c */
#include "kernel/dev/virtio_net.h"
#include "tests/fuzz/dev_virtio.h"

#define HEADER 12u
#define FRAME  (RINGS + 0x6000) /* one that the switch takes */

/* A turn of what is sent, and as many frames received as can wait, and one. */
#define REQUESTS (SERVE_REQUESTS + NET_QUEUE + 1)
static const struct bound bound = {REQUESTS, VIRTQ_SEGMENTS + 2,
				   REQUESTS *(HEADER + NET_FRAME_MAX)};

enum { OURS, OTHER, ELSEWHERE, PORTS };
static struct net_port port[PORTS];
static struct virtio_net n;
static bool woken;

void net_wake(struct net_port *p)
{
	MUST(p == &port[OURS] || p == &port[OTHER]);
	woken |= p == &port[OURS];
}

static void plug_in(void)
{
	for (unsigned i = 0; i < PORTS; i++) {
		bool joined = port[i].net;
		struct net_port *next = port[i].next;

		memset(&port[i], 0, sizeof(port[i]));
		port[i].net = i == ELSEWHERE ? "elsewhere" : "here";
		memcpy(port[i].mac, (const uint8_t[]){2, 0, 0, 0, 0, (uint8_t)i}, NET_MAC);
		port[i].next = next;
		if (!joined)
			net_join(&port[i]);
	}
}

/* What arrives last, and whether more does all the while, from another core. */
static struct net_frame frame;
static bool flood;

static void more(void)
{
	if (flood)
		net_send(&port[OTHER], &frame);
}

/* Frames arrive, up to more than can wait; or are received that did. */
static void own(unsigned op, struct input *in)
{
	unsigned count = op & 16 ? NET_QUEUE + 8 : 1 + (op >> 1 & 3);

	if (op & 1) {
		flood = op & 2;
		if (woken)
			virtio_net_receive(&n);
		woken = flood = false;
		return;
	}
	frame.length = (uint16_t)(take(in, 2) % (NET_FRAME_MAX + 1));
	memcpy(frame.bytes, port[OURS].mac, NET_MAC);
	if (op & 8)
		frame.bytes[0] |= 1; /* to a group */
	memcpy(frame.bytes + NET_MAC, port[OTHER].mac, NET_MAC);
	while (count--)
		net_send(&port[OTHER], &frame);
}

static void check(void)
{
	static struct net_frame f;
	unsigned got = 0;

	for (; net_receive(&port[OTHER], &f); got++) {
		MUST(f.length >= NET_FRAME_MIN && f.length <= NET_FRAME_MAX);
		MUST(!memcmp(f.bytes + NET_MAC, port[OURS].mac, NET_MAC));
	}
	MUST(got + port[OTHER].lost + port[OURS].refused <= SERVE_REQUESTS);
	port[OTHER].lost = port[OURS].refused = 0;
	MUST(port[OURS].count <= NET_QUEUE && port[OURS].head < NET_QUEUE);
	MUST(!net_waiting(&port[ELSEWHERE]) && n.frame.length <= NET_FRAME_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint64_t option = take(&in, 1);

	memset(&n, 0, sizeof(n));
	woken = flood = false;
	memset(&frame, 0, sizeof(frame));
	meanwhile = more;
	plug_in();
	virtio_net_prepare(&n, &port[OURS]);
	start(&n.virtio, option, &in);
	memcpy(at(FRAME + HEADER, NET_MAC), port[OTHER].mac, NET_MAC);
	memcpy(at(FRAME + HEADER + NET_MAC, NET_MAC), port[OURS].mac, NET_MAC);
	operate(&n.virtio, &in, &bound, own, check);
	return 0;
}
