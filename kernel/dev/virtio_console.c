/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes and control messages between a guest's queues and its ports: virtio 1.2, 5.3.6. */
#include "kernel/dev/virtio_console.h"

#define F_SIZE      BIT(0)
#define F_MULTIPORT BIT(1)

/* Queues (5.3.2). */
#define CONTROL_RX 2u
#define CONTROL_TX 3u
#define RX(port)   ((port) ? 4u : 0u)
#define TX(port)   (RX(port) + 1)
#define QUEUES     6u

/* Of what the guest writes, before others have their turn; of what it reads, one buffer. */
#define PIECE   256u
#define BYTE_NS 86806u /* at 115200 baud, the host's line */

enum { DEVICE_READY, DEVICE_ADD, PORT_READY = 3, CONSOLE_PORT, RESIZE, PORT_OPEN, PORT_NAME };

struct control { /* 5.3.6.2 */
	uint32_t port;
	uint16_t event, value;
};

static void put_control(struct virtio *v, unsigned port, unsigned event)
{
	struct virtio_console *c = container_of(v, struct virtio_console, virtio);
	struct {
		struct control control;
		char more[sizeof(VIRTIO_CONSOLE_AGENT) - 1];
	} m = {{port, (uint16_t)event, 1}, VIRTIO_CONSOLE_AGENT};
	unsigned more = event == RESIZE ? 4 : event == PORT_NAME ? sizeof(m.more) : 0;

	if (event == RESIZE)
		memcpy(m.more, &c->config, more);
	virtio_give(v, CONTROL_RX,
		    virtq_put(&v->queue[CONTROL_RX], &v->chain.in, &m, sizeof(m.control) + more));
}

static void control(struct virtio *v)
{
	struct virtio_console *c = container_of(v, struct virtio_console, virtio);

	for (unsigned i = 0; i < VIRTIO_CONSOLE_PORTS; i++)
		while (c->port[i].due && virtio_take(v, CONTROL_RX)) {
			unsigned event = (unsigned)__builtin_ctz(c->port[i].due);

			c->port[i].due &= (uint8_t)~BIT(event);
			put_control(v, i, event);
		}
}

/* The rest of something, when others have had their turn. */
static void go_on(struct virtio *v, uint64_t ns)
{
	dev_timer_arm(v->later, dev_now(v->later) + ns);
}

/* What was sent to who had it open before is not for who opens it now. */
static void open_port(struct virtio *v, unsigned port, bool open)
{
	struct console_port *p = &container_of(v, struct virtio_console, virtio)->port[port];
	char old[PIECE];
	unsigned n;

	while (port && open && !p->open && (n = vm_port_waiting(v->vm, port)))
		(void)vm_port_read(v->vm, port, old, (unsigned)min_u64(n, PIECE));
	p->open = open;
}

/* What the driver says: it is told of the ports, and then of each what it is. */
static void obey(struct virtio *v)
{
	struct virtio_console *c = container_of(v, struct virtio_console, virtio);
	struct control m;

	if (!virtio_take(v, CONTROL_TX))
		return;
	bool whole = virtq_take(&v->queue[CONTROL_TX], &v->chain.out, &m, sizeof(m)) == sizeof(m);
	virtio_give(v, CONTROL_TX, whole ? 0 : -EINVAL);
	if (!whole)
		return;
	if (m.event == DEVICE_READY && m.value)
		for (unsigned i = 0; i < VIRTIO_CONSOLE_PORTS; i++)
			c->port[i].due = BIT(DEVICE_ADD);
	else if (m.event == PORT_READY && m.value && m.port < VIRTIO_CONSOLE_PORTS)
		c->port[m.port].due |= BIT(PORT_OPEN) |
				       (m.port ? BIT(PORT_NAME) : BIT(CONSOLE_PORT) | BIT(RESIZE));
	else if (m.event == PORT_OPEN && m.port < VIRTIO_CONSOLE_PORTS)
		open_port(v, m.port, m.value);
	go_on(v, 0);
}

/* Is there a buffer whose bytes, or the rest of them, are to be taken? */
static bool hold(struct virtio *v, unsigned port)
{
	struct console_port *p = &container_of(v, struct virtio_console, virtio)->port[port];

	if (!p->sending && virtio_take(v, TX(port))) {
		p->sent = v->chain;
		p->sent.out.seg = p->sent.seg;
		p->sending = true;
	}
	return p->sending;
}

/* A piece of what is written; the next one not before a serial line would have taken this. */
static void transmit(struct virtio *v, unsigned port)
{
	struct console_port *p = &container_of(v, struct virtio_console, virtio)->port[port];
	char piece[PIECE];

	if (!hold(v, port))
		return;
	long n = virtq_take(&v->queue[TX(port)], &p->sent.out, piece, sizeof(piece));
	if (n > 0)
		vm_port_write(v->vm, port, piece, (unsigned)n);
	if (n < 0 || !p->sent.out.count) {
		v->chain = p->sent;
		p->sending = false;
		virtio_give(v, TX(port), n < 0 ? n : 0);
	}
	if (n >= 0 && hold(v, port))
		go_on(v, (uint64_t)n * BYTE_NS);
}

void virtio_console_receive(struct virtio_console *c, unsigned port)
{
	struct virtio *v = &c->virtio;
	unsigned queue = RX(port), n;
	char piece[PIECE];

	if ((!port || c->port[port].open) && (n = vm_port_waiting(v->vm, port)) &&
	    virtio_take(v, queue)) {
		n = (unsigned)min_u64(min_u64(n, PIECE), virtq_length(&v->chain.in));
		vm_port_read(v->vm, port, piece, n);
		/* A buffer without room is of no use, and may come again for ever. */
		virtio_give(v, queue,
			    n ? virtq_put(&v->queue[queue], &v->chain.in, piece, n) : -EINVAL);
		if (vm_port_waiting(v->vm, port))
			go_on(v, 0);
	}
}

static void fill(struct virtio *v, unsigned queue)
{
	if (queue == CONTROL_RX)
		control(v);
	else if (queue == CONTROL_TX)
		obey(v);
	else if (queue % 2)
		transmit(v, queue > TX(0));
	else
		virtio_console_receive(container_of(v, struct virtio_console, virtio),
				       queue > RX(0));
}

static void reset(struct virtio *v)
{
	struct virtio_console *c = container_of(v, struct virtio_console, virtio);

	for (unsigned i = 0; i < VIRTIO_CONSOLE_PORTS; i++)
		c->port[i].due = c->port[i].open = c->port[i].sending = 0;
}

void virtio_console_resized(struct virtio_console *c)
{
	if (c->virtio.accepted & F_MULTIPORT) {
		c->port[0].due |= BIT(RESIZE);
		control(&c->virtio);
	} else {
		virtio_config_changed(&c->virtio);
	}
}

static const struct virtio_model model = {
	.id = VIRTIO_ID_CONSOLE,
	.class_code = 0x078000,
	.queues = QUEUES,
	.passive = UINT8_MAX,
	.fill = fill,
	.reset = reset,
};

void virtio_console_prepare(struct virtio_console *c)
{
	c->config.ports = VIRTIO_CONSOLE_PORTS;
	c->virtio.model = &model;
	c->virtio.features = F_SIZE | F_MULTIPORT;
	c->virtio.config = (const uint8_t *)&c->config;
	c->virtio.config_size = sizeof(c->config);
}
