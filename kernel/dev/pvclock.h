/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The KVM clock (Linux Documentation/virt/kvm/x86/{cpuid,msr}.rst), which
 * unmodified Linux uses by itself: a page that turns the TSC into nanoseconds.
 * Pure but for vm_write().
 */
#pragma once

#include "kernel/vm.h"

#define KVM_CPUID_BASE     0x40000100u
#define KVM_CPUID_FEATURES 0x40000101u
#define KVM_SIGNATURE_EBX  0x4b4d564bu /* "KVMKVMKVM\0\0\0" */
#define KVM_SIGNATURE_ECX  0x564b4d56u
#define KVM_SIGNATURE_EDX  0x0000004du
#define KVM_FEATURE_CLOCK2 BIT(3)
#define KVM_FEATURE_STEAL  BIT(5)
#define KVM_FEATURE_STABLE BIT(24)

#define MSR_KVM_WALL_CLOCK  0x4b564d00u
#define MSR_KVM_SYSTEM_TIME 0x4b564d01u
#define MSR_KVM_STEAL_TIME  0x4b564d03u
#define KVM_CLOCK_ENABLE    1u /* of both */
#define KVM_STEAL_RESERVED  0x3eull

/* nanoseconds = (ticks << shift, or >> -shift) * mul >> 32, for a TSC of hz. */
void pvclock_scale(uint64_t hz, uint32_t *mul, int8_t *shift);

/*
 * Writes the time page at gpa: at guest TSC tsc it was `ns` after the VM's
 * start. -EFAULT, -EINVAL (not 4-byte aligned).
 */
int pvclock_write(struct vm *vm, gpa_t gpa, uint64_t hz, uint64_t tsc, uint64_t ns);
/* Writes how long, in all, a vCPU could have run and did not. Aligned to 64 bytes. */
int pvclock_write_steal(struct vm *vm, gpa_t gpa, uint64_t ns);
/* Writes the calendar time of the VM's start. */
int pvclock_write_wall(struct vm *vm, gpa_t gpa, uint64_t epoch);
