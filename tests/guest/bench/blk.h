/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small driver for a virtio block device on PCI (virtio 1.2, 4.1, 5.2). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BLK_BATCH   32u
#define BLK_LARGEST (128u * 1024)

/* Finds it, and gives it a queue whose interrupts have this vector; false: there is none. */
bool blk_init(uint8_t vector);
/* The next reads are of so many bytes each, and raise an interrupt when they are done, or not. */
void blk_prepare(unsigned bytes, bool interrupt);
/* Asks for so many at once. */
void blk_start(unsigned count);
/* All that was asked for is there. */
bool blk_done(void);
