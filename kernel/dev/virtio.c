/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers of a virtio device on PCI, and the service of its queues. */
#include "kernel/dev/virtio.h"

#define VENDOR 0x1af4u
#define DEVICE 0x1040u /* and the device's kind */

/* BAR 0. */
#define COMMON_AT 0x0000u
#define ISR_AT    0x0100u
#define CONFIG_AT 0x0200u
#define NOTIFY_AT 0x1000u
#define MSIX_AT   0x2000u
#define PBA_AT    0x3000u

#define COMMON_SIZE 56u
#define CONFIG_MAX  0x100u
#define NOTIFY_STEP 4u

/* Capabilities in configuration space: where, and of which type (4.1.4). */
#define CAPS_AT     0x40u
#define CAP_VENDOR  0x09u
#define CAP_COMMON  1u
#define CAP_NOTIFY  2u
#define CAP_ISR     3u
#define CAP_DEVICE  4u
#define CAP_PCI     5u
#define CAP_MSIX    0x11u
#define MSIX_CAP_AT 0x98u
#define PCI_CAP_AT  0x84u

/* Device status (2.1). */
#define STATUS_DRIVER_OK   4u
#define STATUS_FEATURES_OK 8u
#define STATUS_NEEDS_RESET 0x40u

#define ISR_QUEUE  1u
#define ISR_CONFIG 2u
#define NO_VECTOR  0xffffu

/* Bytes moved before others have their turn; a request counts as so many in itself. */
#define SERVE_BYTES   KIB(256)
#define REQUEST_BYTES KIB(4)

static void update_irq(struct virtio *v)
{
	bool on = v->isr && !(v->msix.control & MSIX_ENABLE) &&
		  !(v->pci.config[PCI_COMMAND] & PCI_COMMAND_NO_INT);

	v->pci.config[PCI_COMMAND] &= ~(uint32_t)BIT(19); /* interrupt status */
	v->pci.config[PCI_COMMAND] |= v->isr ? (uint32_t)BIT(19) : 0;
	dev_irq_set(&v->irq, on);
}

static void interrupt(struct virtio *v, uint16_t vector, uint8_t why)
{
	if (!(v->msix.control & MSIX_ENABLE)) {
		v->isr |= why;
		update_irq(v);
	} else if (vector < MSIX_VECTORS) {
		msix_raise(&v->msix, vector);
	}
}

/* The driver has broken the rules (2.1.2). */
static void stop(struct virtio *v)
{
	v->status |= STATUS_NEEDS_RESET;
	interrupt(v, v->config_vector, ISR_CONFIG);
}

static void reset(struct virtio *v)
{
	v->accepted = 0;
	v->feature_page = v->accepted_page = 0;
	v->queue_select = 0;
	v->config_vector = NO_VECTOR;
	v->status = v->isr = 0;
	for (unsigned i = 0; i < VIRTIO_QUEUES; i++) {
		v->queue[i] = (struct virtq){.size = VIRTQ_MAX_SIZE};
		v->vector[i] = NO_VECTOR;
	}
	update_irq(v);
	if (v->model->reset)
		v->model->reset(v);
}

void virtio_config_changed(struct virtio *v)
{
	v->generation++;
	if (v->status & STATUS_DRIVER_OK)
		interrupt(v, v->config_vector, ISR_CONFIG);
}

/* Else it leaves guest memory alone: 2.1.2, and PCI 3.0, 6.2.2. */
static bool runs(const struct virtio *v)
{
	return (v->status & (STATUS_DRIVER_OK | STATUS_NEEDS_RESET)) == STATUS_DRIVER_OK &&
	       (v->pci.config[PCI_COMMAND] & PCI_COMMAND_MASTER);
}

bool virtio_take(struct virtio *v, unsigned queue)
{
	struct virtq *q = &v->queue[queue];
	int got = runs(v) && q->ready ? virtq_pop(q, &v->chain) : 0;

	if (got < 0)
		stop(v);
	return got > 0;
}

void virtio_give(struct virtio *v, unsigned queue, long written)
{
	int wanted = written < 0 ? (int)written
				 : virtq_push(&v->queue[queue], &v->chain, (uint32_t)written);

	if (wanted < 0)
		stop(v);
	else if (wanted)
		interrupt(v, v->vector[queue], ISR_QUEUE);
}

static void serve(struct virtio *v, unsigned queue, uint64_t *moved)
{
	while (*moved < SERVE_BYTES && virtio_take(v, queue)) {
		*moved += REQUEST_BYTES + virtq_length(&v->chain.out) + virtq_length(&v->chain.in);
		virtio_give(v, queue, v->model->request(v, queue));
	}
}

static void serve_from(struct virtio *v, unsigned first, unsigned end)
{
	uint64_t moved = 0;

	for (unsigned i = first; i < end && runs(v); i++)
		if (v->model->passive >> i & 1)
			v->model->fill(v, i);
		else
			serve(v, i, &moved);
	if (moved >= SERVE_BYTES)
		dev_timer_arm(v->later, dev_now(v->later));
}

void virtio_serve_all(void *virtio)
{
	struct virtio *v = virtio;

	serve_from(v, 0, v->model->queues);
}

static struct virtq *selected(struct virtio *v)
{
	return v->queue_select < v->model->queues ? &v->queue[v->queue_select] : NULL;
}

/* 4.1.4.3 */
struct common {
	uint32_t feature_page, features, accepted_page, accepted;
	uint16_t config_vector, queues;
	uint8_t status, generation;
	uint16_t queue_select, size, vector, ready, notify;
	gpa_t desc, driver, device;
};
static_assert(sizeof(struct common) == COMMON_SIZE, "no padding");

#define AT(field) offsetof(struct common, field)

static uint32_t page(uint64_t features, uint32_t n)
{
	return n < 2 ? (uint32_t)(features >> (32 * n)) : 0;
}

/* As the driver reads it, of the queue that is selected. */
static struct common common_of(struct virtio *v)
{
	const struct virtq *q = selected(v);
	struct common c = {
		.feature_page = v->feature_page,
		.features = page(v->features, v->feature_page),
		.accepted_page = v->accepted_page,
		.accepted = page(v->accepted, v->accepted_page),
		.config_vector = v->config_vector,
		.queues = (uint16_t)v->model->queues,
		.status = v->status,
		.generation = v->generation,
		.queue_select = v->queue_select,
	};

	if (q) {
		c.size = q->size;
		c.vector = v->vector[v->queue_select];
		c.ready = q->ready;
		c.notify = v->queue_select;
		c.desc = q->desc;
		c.driver = q->driver;
		c.device = q->device;
	}
	return c;
}

/* Features are final once the device has agreed (3.1.1); 0 is a reset. */
static void write_status(struct virtio *v, uint8_t value)
{
	if (!value) {
		reset(v);
		return;
	}
	if ((v->accepted & ~v->features) || !(v->accepted & VIRTIO_F_VERSION_1))
		value &= (uint8_t)~STATUS_FEATURES_OK;
	v->status = value | (v->status & STATUS_NEEDS_RESET);
	if (value & STATUS_DRIVER_OK)
		virtio_serve_all(v);
}

static uint16_t checked_vector(uint64_t vector)
{
	return vector < MSIX_VECTORS ? (uint16_t)vector : NO_VECTOR;
}

/* Its bytes are laid over what is there; what is read-only stays. */
static void common_write(struct virtio *v, unsigned offset, unsigned size, uint64_t value)
{
	struct common c = common_of(v);
	struct virtq *q = selected(v);
	bool agreed = v->status & STATUS_FEATURES_OK;

	memcpy((char *)&c + offset, &value, min_u64(size, sizeof(c) - offset));
	if (q)
		v->vector[v->queue_select] = checked_vector(c.vector);
	if (q && !q->ready) { /* then it stays as it is */
		q->size = c.size;
		q->desc = c.desc;
		q->driver = c.driver;
		q->device = c.device;
		if (c.ready == 1 && agreed && virtq_start(q, v->vm, v->accepted))
			stop(v);
	}
	if (v->accepted_page < 2 && !agreed)
		memcpy((char *)&v->accepted + 4 * v->accepted_page, &c.accepted, 4);
	v->feature_page = c.feature_page;
	v->accepted_page = c.accepted_page;
	v->config_vector = checked_vector(c.config_vector);
	v->queue_select = c.queue_select;
	if (offset == AT(status))
		write_status(v, c.status);
}

static uint64_t config_read(const struct virtio *v, unsigned offset, unsigned size)
{
	return offset + size <= v->config_size ? le_get(v->config + offset, size) : 0;
}

static uint64_t bar_read(void *dev, uint64_t at, unsigned size)
{
	struct virtio *v = dev;
	unsigned offset = (unsigned)at;
	unsigned pending = offset - PBA_AT;
	uint8_t isr = v->isr;

	if (offset - COMMON_AT < COMMON_SIZE) {
		const struct common c = common_of(v);

		return le_get((const char *)&c + offset, min_u64(size, sizeof(c) - offset));
	}
	if (offset - CONFIG_AT < CONFIG_MAX)
		return config_read(v, offset - CONFIG_AT, size);
	if (offset - MSIX_AT < MSIX_TABLE_SIZE)
		return msix_read(&v->msix, offset - MSIX_AT, size);
	if (pending < MSIX_PBA_SIZE)
		return v->msix.pending >> (8 * pending);
	if (offset != ISR_AT)
		return 0;
	v->isr = 0;
	update_irq(v);
	return isr;
}

static void bar_write(void *dev, uint64_t at, unsigned size, uint64_t value)
{
	struct virtio *v = dev;
	unsigned offset = (unsigned)at, queue = (offset - NOTIFY_AT) / NOTIFY_STEP;

	if (offset - COMMON_AT < COMMON_SIZE)
		common_write(v, offset, size, value);
	else if (offset - NOTIFY_AT < v->model->queues * NOTIFY_STEP)
		serve_from(v, queue, queue + 1);
	else if (offset - CONFIG_AT < CONFIG_MAX && v->model->configure)
		v->model->configure(v, offset - CONFIG_AT, size, value);
	else if (offset - MSIX_AT < MSIX_TABLE_SIZE)
		msix_write(&v->msix, offset - MSIX_AT, size, value);
}

static const struct io_ops bar_ops = {.read = bar_read, .write = bar_write};

/* The window from configuration space into the BAR (4.1.4.9). False: it shows nothing. */
static bool window(const struct virtio *v, uint32_t *offset, uint32_t *size)
{
	const uint32_t *cap = &v->pci.config[PCI_CAP_AT / 4];

	*offset = cap[2];
	*size = cap[3];
	return !(cap[1] & 0xff) && (*size == 1 || *size == 2 || *size == 4) &&
	       *offset % *size == 0 && *offset <= VIRTIO_BAR_SIZE - *size;
}

static void reading(struct pci_func *f, unsigned reg)
{
	struct virtio *v = container_of(f, struct virtio, pci);
	uint32_t offset, size;

	if (reg == PCI_CAP_AT / 4 + 4 && window(v, &offset, &size))
		f->config[reg] = (uint32_t)(bar_read(v, offset, size) & dev_ones(size));
}

static void written(struct pci_func *f, unsigned reg)
{
	struct virtio *v = container_of(f, struct virtio, pci);
	uint32_t offset, size;

	if (reg == PCI_CAP_AT / 4 + 4 && window(v, &offset, &size))
		bar_write(v, offset, size, f->config[reg] & dev_ones(size));
	else if (reg == MSIX_CAP_AT / 4)
		msix_control(&v->msix, (uint16_t)(f->config[reg] >> 16));
	update_irq(v);
}

/* Four or five doublewords (4.1.4): a structure of a type in BAR 0. */
static void put_cap(uint32_t *config, unsigned at, unsigned type, unsigned next, uint32_t offset,
		    uint32_t size)
{
	uint32_t *c = config + at / 4, length = type == CAP_NOTIFY || type == CAP_PCI ? 20 : 16;

	c[0] = CAP_VENDOR | next << 8 | length << 16 | type << 24;
	c[1] = 0;
	c[2] = offset;
	c[3] = size;
}

int virtio_init(struct virtio *v, struct pci *pci, unsigned slot, uint32_t bar)
{
	uint32_t *c = v->pci.config, *w = v->pci.writable;

	v->pci = (struct pci_func){
		.written = written, .reading = reading, .bar = {&bar_ops, v, VIRTIO_BAR_SIZE}};
	c[0] = VENDOR | (DEVICE + v->model->id) << 16;
	c[PCI_COMMAND] = BIT(20); /* there is a list of capabilities */
	w[PCI_COMMAND] = PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_NO_INT;
	c[2] = v->model->class_code << 8 | 1;
	c[0xb] = VENDOR | (DEVICE + v->model->id) << 16;
	c[0xd] = CAPS_AT;
	c[0xf] = 1 << 8; /* INTA */
	w[0xf] = 0xff;
	put_cap(c, CAPS_AT, CAP_COMMON, 0x50, COMMON_AT, COMMON_SIZE);
	put_cap(c, 0x50, CAP_NOTIFY, 0x64, NOTIFY_AT, VIRTIO_QUEUES * NOTIFY_STEP);
	c[0x60 / 4] = NOTIFY_STEP;
	put_cap(c, 0x64, CAP_ISR, v->config_size ? 0x74 : PCI_CAP_AT, ISR_AT, 1);
	put_cap(c, 0x74, CAP_DEVICE, PCI_CAP_AT, CONFIG_AT, v->config_size);
	put_cap(c, PCI_CAP_AT, CAP_PCI, MSIX_CAP_AT, 0, 0);
	w[PCI_CAP_AT / 4 + 1] = 0xff;
	w[PCI_CAP_AT / 4 + 2] = w[PCI_CAP_AT / 4 + 3] = w[PCI_CAP_AT / 4 + 4] = UINT32_MAX;
	c[MSIX_CAP_AT / 4] = CAP_MSIX | (MSIX_VECTORS - 1) << 16;
	w[MSIX_CAP_AT / 4] = (uint32_t)(MSIX_ENABLE | MSIX_MASK) << 16;
	c[MSIX_CAP_AT / 4 + 1] = MSIX_AT;
	c[MSIX_CAP_AT / 4 + 2] = PBA_AT;
	v->features |= VIRTIO_F_VERSION_1 | VIRTIO_F_RING_PACKED | VIRTIO_F_INDIRECT_DESC |
		       VIRTIO_F_EVENT_IDX;
	msix_init(&v->msix, v->vm);
	reset(v);
	return pci_add(pci, slot, &v->pci, bar);
}
