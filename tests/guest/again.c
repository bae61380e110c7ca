/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Restarts at once, for ever: its neighbours must not feel the work that this makes. */
#include "guests/rt/rt.h"

void guest_main(void)
{
	print("again\n");
	restart();
}
