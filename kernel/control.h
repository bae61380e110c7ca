/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the monitor may ask of VMs. Any core, no lock held; carried out by the VM's own cores. */
#ifndef KERNEL_CONTROL_H
#define KERNEL_CONTROL_H

#include "kernel/types.h"

struct vm;

enum vm_verb {
	VM_START,    /* from off: memory, image, vCPUs */
	VM_SHUTDOWN, /* asks the guest: power button, or its shutdown port */
	VM_DESTROY,  /* ends it as it stands, also when held after a crash */
	VM_RESTART,  /* destroy, then start */
	VM_SUSPEND,  /* its vCPUs run no more until resume; its clock goes on, its watchdog waits */
	VM_RESUME,
};

/*
 * 0: under way (look at the state for the outcome). -EBUSY, -EINVAL: not in
 * this state; *why is a sentence for the user.
 */
int vm_control(struct vm *vm, enum vm_verb verb, const char **why);

/* "off", "running", "suspended", "starting", "ending", "crashed" (held), "waiting" (restart). */
const char *vm_state_name(const struct vm *vm);

#endif
