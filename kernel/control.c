/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the monitor asks of VMs. */
#include "kernel/control.h"
#include "kernel/errno.h"
#include "kernel/guest.h"

const char *vm_state_name(const struct vm *vm)
{
	static const char *const state[] = {"off", "running", "ending", "waiting"};

	return state[vm->more->state];
}

int vm_control(struct vm *vm, enum vm_verb verb, const char **why)
{
	(void)vm;
	(void)verb;
	*why = "not there yet";
	return -EINVAL;
}
