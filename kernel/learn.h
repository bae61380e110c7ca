/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Learn mode: what policy refused a VM, as configuration lines that would allow it. Pure. */
#pragma once

#include "kernel/refuse.h"

typedef void (*learn_line_fn)(void *ctx, const char *text);
/*
 * Lines for mullion.conf, each below a comment that says how often and from
 * where; what cannot be given is a comment altogether.
 */
void learn_lines(const struct refusals *r, learn_line_fn line, void *ctx);
