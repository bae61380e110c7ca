/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ticket lock: fair, and one word. Taken with interrupts off only. */
#pragma once

#include "kernel/types.h"

struct spinlock {
	uint32_t next, owner;
};

static inline void spin_lock(struct spinlock *l)
{
	uint32_t me = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != me)
		__builtin_ia32_pause();
}

static inline void spin_unlock(struct spinlock *l)
{
	__atomic_store_n(&l->owner, l->owner + 1, __ATOMIC_RELEASE);
}

static inline void spin_unlock_at(struct spinlock *const *l)
{
	spin_unlock(*l);
}

/* Takes a lock until the end of the block, however that is left. */
#define SPIN_HOLD(l)                                                                               \
	struct spinlock *const held __attribute__((cleanup(spin_unlock_at))) = (l);                \
	spin_lock(held)
