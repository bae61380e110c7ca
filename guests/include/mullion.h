/* SPDX-License-Identifier: MIT */
/*
 * The interface between Mullion and its paravirtual guests: everything that a
 * guest may rely on, and all of it. The reference text is docs/abi.md.
 *
 * Rules for all of it: integers are little endian; addresses that a guest hands
 * over are guest-physical (GPA); sizes are bytes; reserved fields and unused
 * argument bits are zero. A minor version adds calls, ports and feature bits;
 * anything else makes a new major version.
 */
#ifndef MULLION_H
#define MULLION_H

#include <stdint.h>

#define MULLION_ABI_MAJOR   1u
#define MULLION_ABI_MINOR   1u /* 1: WATCHDOG, its feature bit, MULLION_PORT_SHUTDOWN */
#define MULLION_ABI_VERSION (MULLION_ABI_MAJOR << 16 | MULLION_ABI_MINOR)

/*
 * Identification. CPUID.1:ECX[31] is 1 and the leaves below are there.
 *
 * 0x40000000  EAX  highest of these leaves
 *             EBX, ECX, EDX  the 12 characters of MULLION_SIGNATURE
 * 0x40000001  EAX  ABI version: major << 16 | minor
 *             EBX  MULLION_FEATURE_*: what this VM has
 *             ECX  MULLION_INSN_*: the instruction that makes a hypercall
 *             EDX  0
 * 0x40000002  EAX  TSC frequency in kHz
 *             EBX  local APIC timer input frequency in kHz (before its divider)
 *             ECX, EDX  0
 */
#define MULLION_CPUID_BASE    0x40000000u
#define MULLION_CPUID_ABI     0x40000001u
#define MULLION_CPUID_CLOCKS  0x40000002u
#define MULLION_CPUID_MAX     MULLION_CPUID_CLOCKS
#define MULLION_SIGNATURE     "MullionMulli"
#define MULLION_SIGNATURE_EBX 0x6c6c754du /* "Mull" */
#define MULLION_SIGNATURE_ECX 0x4d6e6f69u /* "ionM" */
#define MULLION_SIGNATURE_EDX 0x696c6c75u /* "ulli" */

#define MULLION_INSN_VMCALL  1u /* 0f 01 c1 */
#define MULLION_INSN_VMMCALL 2u /* 0f 01 d9 */

#define MULLION_FEATURE_CONSOLE  (1u << 0) /* CONSOLE_* calls and their port */
#define MULLION_FEATURE_BLOCK    (1u << 1) /* BLOCK_* calls and their port; at least disk 0 */
#define MULLION_FEATURE_TIME     (1u << 2) /* TIME, TIMER_SET and its port */
#define MULLION_FEATURE_EVENTS   (1u << 3) /* EVENT_* calls */
#define MULLION_FEATURE_WATCHDOG (1u << 4) /* the WATCHDOG call */

/*
 * Entry state. A PV guest is a static ELF64 executable for x86-64; its PT_LOAD
 * segments are copied to their p_paddr (inside RAM, not overlapping) and the
 * rest of p_memsz is zero. vCPU 0 starts at e_entry:
 * - 64-bit mode, CPL 0, RFLAGS = 2 (interrupts off); CR0 = PE|ET|NE|WP|PG,
 *   CR4 = PAE, EFER = LME|LMA|NXE; CR3 points to tables that map all memory of
 *   the memory map 1:1, writable and executable, with pages up to 2 MiB;
 * - CS = MULLION_BOOT_CS and the other selectors MULLION_BOOT_DS in a GDT of
 *   the memory of type MULLION_MEM_BOOT; IDT limit 0 (set one before
 *   interrupts or exceptions may come); TR and LDTR unusable;
 * - RDI = GPA of struct mullion_start_info, page aligned; RSP = top of a stack
 *   of MULLION_BOOT_STACK bytes, 16-byte aligned; other registers 0;
 * - the local APIC is in x2APIC mode, enabled (SVR = 0x1ff), TPR 0; EOI is a
 *   write of 0 to MSR 0x80b. The other vCPUs wait for INIT and SIPI, as on any
 *   PC: they start in real mode, in x2APIC mode too. There is no IOAPIC, PIC, PIT or other device:
 * I/O ports and memory that is not RAM read as all ones, and writes are dropped.
 */
#define MULLION_BOOT_CS    0x10u
#define MULLION_BOOT_DS    0x18u
#define MULLION_BOOT_STACK 16384u

#define MULLION_START_MAGIC   0x4f464e494c4c554dull /* "MULLINFO" */
#define MULLION_START_VERSION 1u                    /* grows only with the structure's meaning */

#define MULLION_MEM_RAM  1u /* free for the guest, its own image included */
#define MULLION_MEM_BOOT 2u /* RAM with start info, tables, GDT, stack: free once not needed */

struct mullion_memory { /* sorted by base, page granular, not overlapping */
	uint64_t base;
	uint64_t size; /* bytes */
	uint32_t type; /* MULLION_MEM_* */
	uint32_t reserved;
};

#define MULLION_MEMORY_MAX  16u
#define MULLION_NAME_MAX    32u
#define MULLION_CMDLINE_MAX 1024u

struct mullion_start_info {
	uint64_t magic;       /* MULLION_START_MAGIC */
	uint32_t version;     /* MULLION_START_VERSION */
	uint32_t size;        /* of this structure */
	uint32_t abi_version; /* as in CPUID */
	uint32_t features;    /* as in CPUID */
	uint32_t vcpu_count;  /* 1.. */
	uint32_t memory_count;
	uint64_t memory_bytes; /* all RAM: the sum of the map */
	uint64_t tsc_khz;
	uint64_t apic_khz;   /* local APIC timer input */
	uint64_t boot_epoch; /* seconds since 1970 at the start of the VM; 0: not known */
	struct mullion_memory memory[MULLION_MEMORY_MAX];
	char name[MULLION_NAME_MAX];       /* of the VM, NUL terminated */
	char cmdline[MULLION_CMDLINE_MAX]; /* from the configuration, NUL terminated */
};

/*
 * Hypercalls. RAX = number; arguments in RDI, RSI, RDX, R10, R8; result in RAX:
 * 0 or more on success, -MULLION_E* on failure. Every other register and all
 * flags are preserved. From CPL 1 to 3 the answer is -MULLION_EPERM, and a
 * number that does not exist gets -MULLION_ENOSYS; neither has another effect.
 * A call that fails has not changed anything unless its text says so. All calls
 * return after bounded work.
 */
#define MULLION_EPERM  1
#define MULLION_EIO    5
#define MULLION_EFAULT 14 /* a byte of the range is not RAM of this VM */
#define MULLION_ENODEV 19
#define MULLION_EINVAL 22
#define MULLION_ENOSYS 38
#define MULLION_EROFS  30

enum mullion_call {
	/* () -> the ABI version. */
	MULLION_VERSION = 0,

	/*
	 * (gpa, size) -> bytes taken, from the front; 0..size, at most
	 * MULLION_CONSOLE_WRITE_MAX. Not blocking: 0 when the console takes
	 * nothing now. EFAULT.
	 */
	MULLION_CONSOLE_WRITE = 1,
	/*
	 * (gpa, size) -> bytes stored; 0 when nothing was typed; at most
	 * MULLION_CONSOLE_READ_MAX. Not blocking. EFAULT.
	 */
	MULLION_CONSOLE_READ = 2,

	/*
	 * (disk, gpa, size) -> bytes stored: struct mullion_block_info, cut to
	 * size. Disks are numbered from 0. ENODEV, EFAULT.
	 */
	MULLION_BLOCK_INFO = 3,
	/*
	 * (disk, gpa, count) -> requests accepted, from the front of the array
	 * struct mullion_block_request[count]; 1..count (0 only for count 0).
	 * Call again with the rest. Each accepted request gets its status, good
	 * or bad, when it is complete, which may be before the call returns;
	 * MULLION_PORT_BLOCK is raised for it afterwards. ENODEV; EINVAL: gpa is
	 * not 8-byte aligned; EFAULT: the first request cannot be read.
	 */
	MULLION_BLOCK_SUBMIT = 4,

	/* (clock) -> nanoseconds on MULLION_CLOCK_*. EINVAL. */
	MULLION_TIME = 5,
	/*
	 * (deadline) -> 0. The VM's one timer: MULLION_PORT_TIMER is raised once
	 * when MULLION_CLOCK_MONOTONIC reaches the deadline, at once if it is
	 * past. Replaces the deadline before; MULLION_TIMER_OFF: none.
	 */
	MULLION_TIMER_SET = 6,

	/* () -> 0. Lets others run that share the core. */
	MULLION_YIELD = 7,
	/*
	 * () -> 0 when an event is pending that is not masked (perhaps at once),
	 * or after an interrupt was taken. Works with interrupts off. HLT works
	 * too; with interrupts off it ends the VM when nothing can wake it.
	 */
	MULLION_HALT = 8,

	/*
	 * (port, vector, vcpu) -> 0. Each raise of the port then sends the vector
	 * (32..255, edge) to that vCPU's local APIC; 0: none. One that is pending
	 * and not masked is sent at once. EINVAL.
	 */
	MULLION_EVENT_BIND = 9,
	/* (ports) -> the mask before. Bits that are set: no interrupt, no end of HALT. EINVAL. */
	MULLION_EVENT_MASK = 10,
	/* (ports) -> those of them that were pending; they are not any more. EINVAL. */
	MULLION_EVENT_TAKE = 11,
	/* (port) -> 0. Raises a port of this VM from MULLION_PORT_USER on. EINVAL. */
	MULLION_EVENT_SEND = 12,

	/* (): do not return. RESTART loads the image again. */
	MULLION_POWER_OFF = 13,
	MULLION_RESTART = 14,
	/*
	 * (reason, gpa, size): does not return. The VM stops with a register dump
	 * and the text, at most MULLION_CRASH_TEXT_MAX characters, in the log; a
	 * text that cannot be read is left out.
	 */
	MULLION_CRASH = 15,

	/*
	 * (nanoseconds) -> 0. Unless it is called again within that time, the VM
	 * has crashed (its configuration says what comes then). 0: no watchdog.
	 * ENODEV: this VM has none; EINVAL: more than MULLION_WATCHDOG_MAX.
	 */
	MULLION_WATCHDOG = 16,

	MULLION_CALLS
};

#define MULLION_CONSOLE_WRITE_MAX 4096u
#define MULLION_CONSOLE_READ_MAX  256u
#define MULLION_CRASH_TEXT_MAX    128u
#define MULLION_WATCHDOG_MAX      3600000000000ull /* an hour */

enum mullion_clock {
	MULLION_CLOCK_MONOTONIC = 0, /* since the start of the VM; never goes back */
	MULLION_CLOCK_WALL = 1,      /* since 1970-01-01 UTC */
	MULLION_CLOCK_VCPU = 2,      /* time for which the calling vCPU had a core */
};

#define MULLION_TIMER_OFF UINT64_MAX

/*
 * Events. Each VM has MULLION_PORTS ports with a pending bit, a mask bit and a
 * binding each; at the start nothing is pending, masked or bound. To raise a
 * port sets its pending bit and, if it is not masked, sends the bound vector,
 * whether or not the bit was set already. The handler takes the bit first and
 * then looks for work, so that none is lost.
 */
#define MULLION_PORTS 32u

enum mullion_port {
	MULLION_PORT_TIMER = 0,
	MULLION_PORT_CONSOLE = 1,  /* characters wait for CONSOLE_READ */
	MULLION_PORT_BLOCK = 2,    /* requests have got their status */
	MULLION_PORT_SHUTDOWN = 3, /* somebody wants the VM to power itself off */
	MULLION_PORT_USER = 8,     /* 8..31: for the guest's own use */
};

/* Block devices. */
#define MULLION_SECTOR              512u
#define MULLION_BLOCK_MAX_SEGMENTS  64u
#define MULLION_BLOCK_MAX_SECTORS   512u /* of one request */
#define MULLION_BLOCK_FLAG_READONLY (1u << 0)

struct mullion_block_info {
	uint64_t sectors;     /* of MULLION_SECTOR bytes */
	uint32_t flags;       /* MULLION_BLOCK_FLAG_* */
	uint32_t max_sectors; /* of one request; at least MULLION_BLOCK_MAX_SECTORS */
	uint32_t max_segments;
	uint32_t reserved;
};

enum mullion_block_op {
	MULLION_BLOCK_READ = 1,
	MULLION_BLOCK_WRITE = 2,
	MULLION_BLOCK_FLUSH = 3, /* what is complete is on stable storage; no segments, sector 0 */
};

struct mullion_block_segment {
	uint64_t gpa; /* 8-byte aligned */
	uint32_t len; /* bytes; a multiple of MULLION_SECTOR, not 0 */
	uint32_t reserved;
};

#define MULLION_BLOCK_PENDING 1 /* any positive status */

/*
 * The guest sets status to MULLION_BLOCK_PENDING and leaves the request, its
 * segment list and (for a write) its data alone until the status is 0 or less:
 * 0 done; -EINVAL the request is malformed or goes beyond the end of the disk;
 * -EROFS; -EFAULT the segment list or a segment is not RAM (sectors or memory
 * may be partly written); -EIO. Requests of one call may complete in any order.
 */
struct mullion_block_request {
	uint16_t op;    /* MULLION_BLOCK_READ… */
	uint16_t flags; /* 0 */
	uint32_t segment_count;
	uint64_t sector;
	uint64_t segments; /* GPA of struct mullion_block_segment[], 8-byte aligned */
	uint64_t cookie;   /* the guest's own; not looked at */
	int32_t status;
	uint32_t reserved;
};

#ifndef __cplusplus
_Static_assert(sizeof(struct mullion_memory) == 24, "ABI");
_Static_assert(sizeof(struct mullion_start_info) == 64 + 16 * 24 + 32 + 1024, "ABI");
_Static_assert(__builtin_offsetof(struct mullion_start_info, memory) == 64, "ABI");
_Static_assert(sizeof(struct mullion_block_info) == 24, "ABI");
_Static_assert(sizeof(struct mullion_block_segment) == 16, "ABI");
_Static_assert(sizeof(struct mullion_block_request) == 40, "ABI");
_Static_assert(__builtin_offsetof(struct mullion_block_request, status) == 32, "ABI");
#endif

#endif
