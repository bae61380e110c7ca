/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A word that is set, and a line of those who wait for it. The first in line is
 * not handed the lock, and who comes by may be faster: where cores are threads
 * of a host (QEMU, nested) one that does not run would stop all the others.
 * Taken with interrupts off only.
 */
#pragma once

#include "kernel/types.h"

struct spinlock {
	uint32_t taken;
	uint16_t next, first; /* tickets of those who wait */
};

static __attribute__((noinline, cold)) void spin_wait(struct spinlock *l)
{
	uint16_t me = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&l->first, __ATOMIC_ACQUIRE) != me)
		__builtin_ia32_pause();
	while (__atomic_load_n(&l->taken, __ATOMIC_RELAXED) ||
	       __atomic_exchange_n(&l->taken, 1, __ATOMIC_ACQUIRE))
		__builtin_ia32_pause();
	__atomic_store_n(&l->first, me + 1, __ATOMIC_RELEASE);
}

static inline void spin_lock(struct spinlock *l)
{
	if (unlikely(__atomic_exchange_n(&l->taken, 1, __ATOMIC_ACQUIRE)))
		spin_wait(l);
}

static inline void spin_unlock(struct spinlock *l)
{
	__atomic_store_n(&l->taken, 0, __ATOMIC_RELEASE);
}

static inline void spin_unlock_at(struct spinlock *const *l)
{
	spin_unlock(*l);
}

/* Takes a lock until the end of the block, however that is left. */
#define SPIN_HOLD(l)                                                                               \
	struct spinlock *const held __attribute__((cleanup(spin_unlock_at))) = (l);                \
	spin_lock(held)
