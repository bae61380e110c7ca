/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio console: any driver, while bytes are typed, sent to the agent, and it is resized. */
/* sources: kernel/dev/virtio_console.c kernel/dev/virtio.c kernel/dev/virtq.c kernel/dev/msix.c */
/* sources: kernel/dev/pci.c kernel/dev/reset.c kernel/dev/iobus.c */
#include "kernel/dev/virtio_console.h"
#include "tests/fuzz/dev_virtio.h"

#define PORTS VIRTIO_CONSOLE_PORTS
#define PIECE 256u  /* at a time, of each port and way */
#define WAITS 4096u /* as many as kernel/port.c keeps */
#define DUE   4u    /* control messages that can wait for a port */

/* All that is due, one that is obeyed, and of each port a piece both ways and one that is held. */
static const struct bound bound = {PORTS * DUE + 1 + PORTS * 3, VIRTQ_SEGMENTS + 1,
				   PORTS *DUE * 32 + 8 + PORTS * 2 * PIECE};

static struct virtio_console c;
static unsigned waits[PORTS], reads[PORTS], writes[PORTS]; /* reads, writes: of one operation */

void vm_port_write(struct vm *vm, unsigned port, const char *p, unsigned n)
{
	char piece[PIECE];

	(void)vm;
	MUST(port < PORTS && n && n <= sizeof(piece));
	memcpy(piece, p, n);
	writes[port]++;
}

unsigned vm_port_read(struct vm *vm, unsigned port, char *p, unsigned n)
{
	(void)vm;
	MUST(port < PORTS && n <= waits[port] && n <= PIECE);
	memset(p, 'a', n);
	waits[port] -= n;
	reads[port]++;
	return n;
}

unsigned vm_port_waiting(const struct vm *vm, unsigned port)
{
	(void)vm;
	MUST(port < PORTS);
	return waits[port];
}

/* As kernel/port.c calls it. */
static void own(unsigned op, struct input *in)
{
	unsigned port = op >> 1 & 1, n;

	if (op & 1) {
		c.config.columns = (uint16_t)take(in, 2);
		c.config.rows = (uint16_t)take(in, 2);
		virtio_console_resized(&c);
		return;
	}
	n = (unsigned)take(in, 1) << (op & 4);
	if (port && (!c.port[1].open || n > WAITS - waits[1]))
		return;
	waits[port] = (unsigned)min_u64(waits[port] + n, WAITS);
	virtio_console_receive(&c, port);
}

static void check(void)
{
	for (unsigned i = 0; i < PORTS; i++) {
		const struct console_port *p = &c.port[i];

		/* Opening it, what was left of before is read, too. */
		MUST(reads[i] <= 1 + WAITS / PIECE && writes[i] <= 1);
		reads[i] = writes[i] = 0;
		MUST((unsigned)__builtin_popcount(p->due) <= DUE);
		MUST(!p->sending || p->sent.out.count <= VIRTQ_SEGMENTS);
		MUST(c.virtio.status || (!p->sending && !p->open));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint64_t option = take(&in, 1);

	memset(&c, 0, sizeof(c));
	memset(waits, 0, sizeof(waits));
	virtio_console_prepare(&c);
	start(&c.virtio, option, &in);
	operate(&c.virtio, &in, &bound, own, check);
	return 0;
}
