/* SPDX-License-Identifier: MIT */
/* Parts of the demo guest. */
#ifndef GUESTS_DEMO_DEMO_H
#define GUESTS_DEMO_DEMO_H

#include "guests/rt/rt.h"

/* Writes and reads back the disk's first sectors, and restores them; one line of result. */
void disk_test(void);

#endif
