/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text on the framebuffer that firmware left, for machines without a serial port. */
#pragma once

#include "boot/handoff.h"
#include "kernel/types.h"

/* pixels: fb->base, mapped. Does nothing useful for a size 0 screen. */
void fbcon_init(const struct handoff_fb *fb, void *pixels);
void fbcon_write(const char *s, size_t n);
