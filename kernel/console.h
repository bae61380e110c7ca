/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The physical console: serial port and framebuffer behind the multiplexer. */
#ifndef KERNEL_CONSOLE_H
#define KERNEL_CONSOLE_H

#include "kernel/types.h"

/* Before anything is logged; after serial_init(). */
void console_init(void);
/* The index of a new VM's console, or -ENOSPC. */
int console_add(const char *name);
void console_output(unsigned index, const char *bytes, size_t n);
/* The keyboard and the terminal go to that VM. */
void console_focus(unsigned index);
/* Reads what was typed and carries it out, also what programs ask; on core 0, which gets the
 * interrupts. */
void console_poll(void);
/* True when a line without end waits to be shown by console_tick(). */
bool console_waiting(void);
void console_tick(void);
/* From now on the clock works. */
void console_clock_ready(void);

#endif
