/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtual machine: what backends and hypercalls need of it; the rest is behind `more`. */
#pragma once

#include "arch/x86/pt.h"
#include "kernel/types.h"

struct vm_more;

enum vm_end { END_POWEROFF, END_RESTART, END_CRASH, END_DESTROY };

struct vm {
	const char *name;
	unsigned id;   /* 1.. */
	struct pt p2m; /* guest-physical to host-physical: EPT or NPT */
	struct vm_more *more;
	uint64_t p2m_gen; /* counts up when RAM is taken from it: host pointers into it end */
};

/*
 * Copies between guest-physical memory and buf, across pages; -EFAULT when any
 * byte is not RAM of this VM (then nothing useful is in buf, guest memory may
 * be written up to the bad page).
 */
int vm_read(struct vm *vm, gpa_t gpa, void *buf, uint64_t size);
int vm_write(struct vm *vm, gpa_t gpa, const void *buf, uint64_t size);
/*
 * The host's view of size bytes within one page of guest memory, or NULL. The
 * guest may change them at any time: for atomic updates only, never for checks.
 */
void *vm_ptr(struct vm *vm, gpa_t gpa, unsigned size);

#define VM_BLOCK      MIB(2) /* of memory that a guest may give back, and its alignment */
#define VM_BLOCK_GONE 1u

struct vm_block {
	hpa_t host;     /* where it is; 0: no RAM, VM_BLOCK_GONE: given back */
	uint64_t clear; /* a bit for each chunk of it that is */
	uint64_t life;  /* of the driver of the balloon in which pages are; see there */
	uint64_t in[8]; /* a bit for each page */
};

/*
 * Takes a block away from the guest: where it is in the host, or 0: it has none there. It comes
 * back, zeroed, when it is next touched, by whomever. The others with the VM's lock held, too:
 * virtio_balloon_flushed() follows when no vCPU knows any more what was taken; to the host.
 */
hpa_t vm_ram_take(struct vm *vm, gpa_t gpa);
void vm_ram_flush(struct vm *vm);
void vm_ram_give(hpa_t host);

void vm_console_write(struct vm *vm, const char *p, unsigned n);
/* What was typed at the console (port 0) or sent to the agent (1): how many of n bytes. VM lock. */
unsigned vm_port_read(struct vm *vm, unsigned port, char *p, unsigned n);
/* The guest's watchdog bites after ns, 0: never; -ENODEV: it may have none. VM lock held. */
int vm_watchdog(struct vm *vm, uint64_t ns);
/* Asks for the end; any core, any lock. Its cores carry it out before the next entry. */
void vm_end(struct vm *vm, enum vm_end how);
