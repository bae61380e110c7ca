/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hypervisor's log: memory ring, serial port and framebuffer. */
#pragma once

/* One line each, without a newline at the end. Safe on any core, in any context. */
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Prints registers and a backtrace on every console and stops the machine. */
void panic(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
