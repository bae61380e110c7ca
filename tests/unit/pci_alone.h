/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rest of the machine for tests of one PCI device: nothing is beside it, and no VM ends. */
#ifndef TESTS_UNIT_PCI_ALONE_H
#define TESTS_UNIT_PCI_ALONE_H

#include "kernel/dev/pci.h"
#include "kernel/vm.h"

uint32_t pci_beyond(struct vm *v, uint16_t function, unsigned reg, bool write)
{
	(void)v;
	(void)function;
	(void)reg;
	(void)write;
	return UINT32_MAX;
}

void vm_end(struct vm *v, enum vm_end how)
{
	(void)v;
	(void)how;
	fail();
}

#endif
