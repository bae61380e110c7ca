/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtio device on PCI, without legacy interface (virtio 1.2, 4.1). Pure. */
#pragma once

#include "kernel/dev/msix.h"
#include "kernel/dev/pci.h"
#include "kernel/dev/virtq.h"

#define VIRTIO_QUEUES   8u
#define VIRTIO_BAR_SIZE 0x4000u

enum virtio_id { /* virtio 1.2, 5 */
		 VIRTIO_ID_NET = 1,
		 VIRTIO_ID_BLK = 2,
		 VIRTIO_ID_CONSOLE = 3,
		 VIRTIO_ID_RNG = 4,
		 VIRTIO_ID_BALLOON = 5,
};

struct virtio;

/* What a kind of device is, and does. Called with the VM's lock held. */
struct virtio_model {
	enum virtio_id id;
	uint32_t class_code;
	unsigned queues;
	/*
	 * A request of a queue is in v->chain: carries it out. Bytes written into it, or
	 * -EINVAL, -EFAULT: it breaks the rules of its kind, and the device stops.
	 */
	long (*request)(struct virtio *v, unsigned queue);
	/* Bits of the queues whose buffers are not requests; fill() puts into them what there is.
	 */
	uint8_t passive;
	void (*fill)(struct virtio *v, unsigned queue);
	void (*reset)(struct virtio *v); /* may be NULL */
	/* The driver writes into the device's own configuration; may be NULL. */
	void (*configure)(struct virtio *v, unsigned offset, unsigned size, uint64_t value);
};

struct virtio {
	struct pci_func pci;
	const struct virtio_model *model;
	struct vm *vm;
	uint64_t features;     /* what the device offers */
	const uint8_t *config; /* what the driver reads of the device's own */
	unsigned config_size;
	struct msix msix;
	struct dev_irq irq;      /* INTx */
	struct dev_timer *later; /* virtio_serve_all() is called */

	uint64_t accepted; /* by the driver, of the features */
	uint32_t feature_page, accepted_page;
	uint16_t queue_select, config_vector;
	uint8_t status, isr, generation;
	struct virtq queue[VIRTIO_QUEUES];
	uint16_t vector[VIRTIO_QUEUES];
	struct virtq_chain chain; /* the request that is being carried out */
};

/*
 * The fields before accepted are set, but for pci and msix: a function at that slot,
 * with BAR 0 there. Errors of pci_add().
 */
int virtio_init(struct virtio *v, struct pci *pci, unsigned slot, uint32_t bar);

/* The device's own configuration is another now. */
void virtio_config_changed(struct virtio *v);

/* Carries out what waits in the queues, but not for long: then v->later. */
void virtio_serve_all(void *virtio);

/* For fill(): the next buffer is in v->chain; false: there is none. */
bool virtio_take(struct virtio *v, unsigned queue);
/* Gives it back, so many bytes written; negative as request() says. */
void virtio_give(struct virtio *v, unsigned queue, long written);
