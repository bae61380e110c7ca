/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A word that is set. Whoever comes first has it, and there is no line: where cores are
 * threads of a host (QEMU, nested), all would wait for the one that it does not run.
 * Taken with interrupts off only.
 */
#pragma once

#include "kernel/types.h"

struct spinlock {
	uint32_t taken;
};

static inline void spin_lock(struct spinlock *l)
{
	while (unlikely(__atomic_exchange_n(&l->taken, 1, __ATOMIC_ACQUIRE)))
		while (__atomic_load_n(&l->taken, __ATOMIC_RELAXED))
			__builtin_ia32_pause();
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
