/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The instructions that exits are about, decoded, and the translations that they
 * need. Both are kept, and used again while every byte that they were made of is as
 * it was: what is given is what a new walk and decoding would give. Pure.
 */
#pragma once

#include "arch/x86/decode.h"
#include "kernel/gwalk.h"
#include "kernel/vcpu.h"
#include "kernel/vm.h"

#define INSN_SLOTS 16u

/* The last translation of a place. */
struct trail {
	uint64_t key; /* page and kind of access; 0: none */
	struct gwalk_result walk;
	const char *ram; /* the page; NULL: it is not RAM */
};

/* Of an instruction, by a hash of its address. */
struct insn_slot {
	struct vcpu_context c; /* and p2m_gen: what the trails were made with */
	uint64_t p2m_gen;
	struct trail code;          /* .ram: the instruction */
	struct trail operand;       /* of its memory operand, the last one */
	uint64_t bytes[2], mask[2]; /* those of the instruction */
	struct insn insn;           /* len 0: none */
	bool plain;                 /* a MOV of 4 or 8 bytes, with no segment's base */
};

enum cpu_mode vcpu_mode(const struct vcpu_context *c);
/*
 * The instruction at RIP; n bytes of it, where the hardware has told them (told has 16). NULL:
 * there is none, and why is in *fault, if that is valid.
 */
struct insn_slot *vcpu_insn(struct vcpu *v, const struct vcpu_context *c, const uint8_t *told,
			    unsigned n, struct vcpu_event *fault);
/* Bytes at RIP; how many could be read without a fault (then *fault is set if none). */
unsigned vcpu_fetch(struct vcpu *v, const struct vcpu_context *c, uint8_t *buf, unsigned n,
		    struct vcpu_event *fault);
/* This place was translated for such an access, and nothing has changed since. */
bool vcpu_knows(const struct vcpu_context *c, const struct trail *t, gva_t va, unsigned access);
/* Linear to guest-physical, access is GWALK_*; -EFAULT: *fault is what the guest gets. */
int vcpu_translate(struct vcpu *v, const struct vcpu_context *c, struct trail *t, gva_t va,
		   unsigned access, gpa_t *gpa, struct vcpu_event *fault);
