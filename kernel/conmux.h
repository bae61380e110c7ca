/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The console multiplexer: the consoles of all VMs and the hypervisor's log
 * share one physical stream of bytes. Pure; no locks: the caller serializes.
 *
 * In the overview every line carries its VM's name ("demo| …"), and no line is
 * broken by another VM. With the keyboard, a VM gets the terminal as it is;
 * what the others print meanwhile is kept, and shown on return. So it is while
 * the hypervisor's monitor has it.
 */
#pragma once

#include "kernel/config.h"

#define CONMUX_LINE    256u  /* of a line without its end that is held back */
#define CONMUX_BACKLOG 4096u /* bytes of each source that are remembered */
#define CONMUX_AGE_MS  20u   /* so long a prompt waits for the rest of its line */
#define CONMUX_SOURCES (CONFIG_MAX_VMS + 1u)

enum conmux_kind {
	CONMUX_NONE,
	CONMUX_DELIVER,  /* byte is input of VM vm */
	CONMUX_POWEROFF, /* asked for and confirmed */
	CONMUX_MONITOR,  /* byte is input of the monitor; 0: its prompt is to be shown (again) */
};

struct conmux_action {
	enum conmux_kind kind;
	unsigned vm;
	uint8_t byte;
};

/* Something that prints: [0] is the hypervisor, [i + 1] is VM i. */
struct conmux_source {
	const char *name;
	char ring[CONMUX_BACKLOG]; /* the last bytes, as printed */
	uint64_t total, shown;     /* bytes ever; those of them that the terminal has had */
	uint64_t since;            /* when the last came */
	/* Of the overview: */
	bool begun;  /* the line that has no end yet is on the terminal, in part */
	bool cr;     /* a carriage return came; does a newline follow? */
	char escape; /* within a sequence that is stripped: ESC, then perhaps [ */
};

struct conmux {
	struct conmux_source source[CONMUX_SOURCES];
	unsigned count;              /* sources */
	struct conmux_source *focus; /* source[0]: the monitor, whose text nobody keeps */
	struct conmux_source *open;
	bool at_start;   /* the terminal is at the start of a line */
	bool escapes;    /* the VM with the keyboard has sent escape sequences */
	uint8_t pending; /* a key that another one must follow: Ctrl-a, or its x */
	uint64_t now;    /* ms, of the last tick */
	char out[128];   /* gathered for conmux_emit() */
	unsigned out_len;
};

void conmux_init(struct conmux *m);

/* The physical stream: kernel/console.c, or a test. */
void conmux_emit(const char *bytes, size_t len);

/* The next VM, 0 at first, CONFIG_MAX_VMS at most; its key is Ctrl-a and its index + 1. */
void conmux_add(struct conmux *m, const char *name);

/* What VM vm prints. */
void conmux_output(struct conmux *m, unsigned vm, const char *bytes, size_t len);

/* A line of the hypervisor; an urgent one is shown even while a VM has the terminal. */
void conmux_log(struct conmux *m, const char *line, bool urgent);

/* The keyboard goes to VM vm. */
void conmux_focus(struct conmux *m, unsigned vm);
/* Has the monitor the keyboard? Then it shows its prompt again after an urgent line. */
bool conmux_monitored(const struct conmux *m);
/* What the monitor prints; nothing when it has not. */
void conmux_monitor(struct conmux *m, const char *bytes, size_t len);

/* A byte from the keyboard. */
struct conmux_action conmux_input(struct conmux *m, uint8_t byte);

/* Time goes on; call it every 10 ms or so while conmux_waiting(). */
void conmux_tick(struct conmux *m, uint64_t now_ms);

/* True when a line is held back that only a tick would show. */
bool conmux_waiting(const struct conmux *m);
