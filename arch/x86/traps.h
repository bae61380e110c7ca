/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exceptions and interrupts of the hypervisor itself. */
#pragma once

#include "kernel/types.h"

/* Vectors of the hypervisor's own interrupts. */
enum host_vector {
	HOST_VEC_SERIAL = 0x40,
	HOST_VEC_SERIAL2 = 0x41,
	HOST_VEC_TIMER = 0xf0,
	HOST_VEC_KICK = 0xf1,
	HOST_VEC_ERROR = 0xfe,
	HOST_VEC_SPURIOUS = 0xff,
};

struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss; /* pushed by the processor */
};

/* 64-bit gates (SDM 3A 6.14.1), of all cores. */
extern struct gate {
	uint64_t low, high;
} idt[256];

/* Fills in the IDT; once, before any core loads it. */
void idt_init(void);
void idt_load(void);
