/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The KVM clock: written once, since the TSC offset of a VM is constant. */
#include "kernel/dev/pvclock.h"

#define NS_PER_S    1000000000ull
#define FLAG_STABLE 1u

struct time_info { /* struct pvclock_vcpu_time_info */
	uint32_t version, pad0;
	uint64_t tsc_timestamp, system_time;
	uint32_t mul;
	int8_t shift;
	uint8_t flags, pad[2];
};
static_assert(sizeof(struct time_info) == 32, "KVM ABI");

struct steal_time { /* struct kvm_steal_time, the part in front */
	uint64_t steal;
	uint32_t version, flags;
};
static_assert(sizeof(struct steal_time) == 16, "KVM ABI");

struct wall_clock { /* struct pvclock_wall_clock */
	uint32_t version, sec, nsec;
};
static_assert(sizeof(struct wall_clock) == 12, "KVM ABI");

void pvclock_scale(uint64_t hz, uint32_t *mul, int8_t *shift)
{
	*shift = 0;
	/* Into (1 GHz, 2 GHz]: the multiplier has 31 to 32 significant bits then. */
	for (; hz > 2 * NS_PER_S; hz >>= 1)
		(*shift)--;
	for (; hz <= NS_PER_S; hz <<= 1)
		(*shift)++;
	*mul = (uint32_t)((NS_PER_S << 32) / hz);
}

/* An odd version tells readers that the rest is being changed; an even one, that it is whole. */
static int publish(struct vm *vm, gpa_t version_at, gpa_t at, const void *data, uint64_t size)
{
	uint32_t version;
	int err = vm_read(vm, version_at, &version, sizeof(version));

	version = (version | 1) + (version & 1 ? 2 : 0);
	err = err ? err : vm_write(vm, version_at, &version, sizeof(version));
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	err = err ? err : vm_write(vm, at, data, size);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	version++;
	return err ? err : vm_write(vm, version_at, &version, sizeof(version));
}

int pvclock_write(struct vm *vm, gpa_t gpa, uint64_t hz, uint64_t tsc, uint64_t ns)
{
	struct time_info t = {.tsc_timestamp = tsc, .system_time = ns, .flags = FLAG_STABLE};

	if (!is_aligned(gpa, 4))
		return -EINVAL;
	pvclock_scale(hz, &t.mul, &t.shift);
	return publish(vm, gpa, gpa + 4, &t.pad0, sizeof(t) - 4);
}

/* The version stands behind the value here. */
int pvclock_write_steal(struct vm *vm, gpa_t gpa, uint64_t ns)
{
	gpa_t version_at = gpa + offsetof(struct steal_time, version);

	return is_aligned(gpa, 64) ? publish(vm, version_at, gpa, &ns, sizeof(ns)) : -EINVAL;
}

int pvclock_write_wall(struct vm *vm, gpa_t gpa, uint64_t epoch)
{
	struct wall_clock w = {.sec = (uint32_t)epoch};

	return is_aligned(gpa, 4) ? publish(vm, gpa, gpa + 4, &w.sec, sizeof(w) - 4) : -EINVAL;
}
