/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual CPU, the neutral form of an exit, and the interface to a backend.
 * This is all that common code and the backends know of each other.
 */
#pragma once

#include "arch/x86/apic_regs.h"
#include "arch/x86/pt.h"
#include "kernel/event.h"
#include "kernel/gwalk.h"
#include "kernel/types.h"

/* General-purpose registers in the order of instruction encoding. */
enum vcpu_gpr {
	GPR_RAX,
	GPR_RCX,
	GPR_RDX,
	GPR_RBX,
	GPR_RSP,
	GPR_RBP,
	GPR_RSI,
	GPR_RDI,
	GPR_R8,
	GPR_R9,
	GPR_R10,
	GPR_R11,
	GPR_R12,
	GPR_R13,
	GPR_R14,
	GPR_R15,
	GPR_COUNT
};
static_assert(GPR_RAX == 0 && GPR_RCX == 1 && GPR_RDX == 2 && GPR_RBX == 3 && GPR_RSP == 4 &&
		      GPR_RBP == 5 && GPR_RSI == 6 && GPR_RDI == 7 && GPR_R8 == 8 && GPR_R15 == 15,
	      "arch/x86/gpr.asm");

/* State that the backend holds; read and written by ops->get and ops->set. */
enum vcpu_reg {
	REG_RSP,
	REG_RIP,
	REG_RFLAGS,
	REG_CR0,
	REG_CR2,
	REG_CR3,
	REG_CR4,  /* as the guest sees them */
	REG_EFER, /* as the guest sees it: no SVME */
	REG_DR7,
	REG_PAT,
	REG_SYSENTER_CS,
	REG_SYSENTER_ESP,
	REG_SYSENTER_EIP,
	REG_STAR,
	REG_LSTAR,
	REG_CSTAR,
	REG_SFMASK,
	REG_KERNEL_GS_BASE,
	REG_DEBUGCTL,
	REG_GDTR_BASE,
	REG_GDTR_LIMIT,
	REG_IDTR_BASE,
	REG_IDTR_LIMIT,
	REG_COUNT
};

enum vcpu_sreg {
	SREG_ES,
	SREG_CS,
	SREG_SS,
	SREG_DS,
	SREG_FS,
	SREG_GS,
	SREG_LDTR,
	SREG_TR,
	SREG_COUNT
};

/* Access rights as in SDM 3C 24.4.1: type 3:0, S 4, DPL 6:5, P 7, AVL 12, L 13, D/B 14, G 15,
 * unusable 16. */
#define SEG_S        BIT(4)
#define SEG_P        BIT(7)
#define SEG_L        BIT(13)
#define SEG_DB       BIT(14)
#define SEG_G        BIT(15)
#define SEG_UNUSABLE BIT(16)
#define SEG_DPL(ar)  (((ar) >> 5) & 3u)

struct vcpu_seg {
	uint16_t selector;
	uint32_t rights;
	uint32_t limit; /* bytes, expanded by G */
	uint64_t base;
};

/* What an instruction is fetched by, and its operands reached. */
struct vcpu_context {
	struct gwalk_regs regs;
	uint64_t rip, cs_base;
	uint32_t cs_rights;
	uint32_t cpl;
};

/* X(kind, name): EXIT_kind, and what logs and the monitor call it. */
#define EXIT_LIST(X)                                                                               \
	X(NONE, "none")                   /* nothing for common code: enter again */               \
	X(HOST_IRQ, "host interrupt")     /* it waits: open an interrupt window on the host */     \
	X(HOST_NMI, "host NMI")           /* VMX: already taken; SVM: taken after STGI */          \
	X(HOST_MC, "host machine check")  /* it came while the guest ran */                        \
	X(IRQ_WINDOW, "interrupt window") /* it is open: ask anew for what else waits */           \
	X(NMI_WINDOW, "NMI window")       /* likewise */                                           \
	X(IO, "I/O")                                                                               \
	X(PAGE_FAULT, "nested page fault") /* EPT violation, nested page fault */                  \
	X(RDMSR, "RDMSR")                                                                          \
	X(WRMSR, "WRMSR")                                                                          \
	X(CPUID, "CPUID")                                                                          \
	X(HYPERCALL, "hypercall") /* VMCALL or VMMCALL, the one of this vendor */                  \
	X(HLT, "HLT")                                                                              \
	X(SLICE, "end of slice") /* where the backend keeps it (keeps_slices) */                   \
	X(XSETBV, "XSETBV")                                                                        \
	X(CACHE, "INVD/WBINVD")                                                                    \
	X(EXCEPTION, "exception") /* an intercepted one of the guest (#DB, #AC, ...): u.event */   \
	X(UNDEFINED, "undefined instruction") /* the guest does not have it: gets #UD */           \
	X(PROTECTED, "protected access")      /* reserved CR bits, RDPMC: gets #GP(0) */           \
	X(SHUTDOWN, "triple fault")                                                                \
	X(INIT, "INIT")               /* a physical one; ignored */                                \
	X(TASK_SWITCH, "task switch") /* u.task; an event through a task gate is in v->pending */  \
	X(APIC_WRITE, "APIC write")   /* the guest has written to its APIC's page, at u.apic */    \
	X(APIC_EOI, "end of interrupt") /* it has ended the interrupt u.apic */                    \
	X(FAILED, "entry failed")       /* the hardware refused to enter: u.failed names why */    \
	X(UNKNOWN, "unknown")           /* no handler; u.unknown.reason is the hardware's code */

#define EXIT_KIND(kind, name) EXIT_##kind,
enum vcpu_exit_kind { EXIT_LIST(EXIT_KIND) EXIT_KIND_COUNT };
#undef EXIT_KIND

struct vcpu_exit {
	enum vcpu_exit_kind kind;
	uint8_t insn_len; /* of the exiting instruction when hardware told, else 0: decode */
	union {
		struct {
			uint16_t port;
			uint8_t size; /* 1, 2, 4 bytes */
			bool in, string;
		} io;
		struct {
			gpa_t gpa;
			bool exec;
			bool walk;        /* fault on the guest's own page tables */
			uint8_t insn[16]; /* instruction bytes where hardware has decode assists */
			uint8_t insn_bytes; /* how many; 0: fetch them from guest memory */
		} page_fault;
		struct vcpu_event event;
		uint32_t task; /* 15:0 selector of the TSS, 31:30 enum task_source */
		uint16_t apic;
		struct {
			const char *why;
			uint64_t code;
		} failed;
		struct {
			uint64_t reason, info;
		} unknown;
	} u;
};

/* Bits of vcpu.requests, for vcpu_request(). */
#define VCPU_REQ_EVENT BIT(0) /* an interrupt or NMI may be pending: look */
#define VCPU_REQ_TLB   BIT(1) /* second-level mappings changed */
#define VCPU_REQ_STOP  BIT(2) /* the VM has ended: leave the core */
#define VCPU_REQ_WORK  BIT(3) /* vCPU 0: its VM is to be started or cleared away */
#define VCPU_REQ_INIT  BIT(4) /* wait for a SIPI */
#define VCPU_REQ_SIPI  BIT(5) /* start at more->sipi, if waiting */
#define VCPU_REQ_PAUSE BIT(6) /* look at vm->suspended */
#define VCPU_REQ_NET   BIT(7) /* vCPU 0: a frame has come for its VM */
/* What only a vCPU of a VM that runs is asked for: with the VM's lock held, and its state seen. */
#define VCPU_REQ_LIVING (VCPU_REQ_INIT | VCPU_REQ_SIPI | VCPU_REQ_PAUSE)
#define VCPU_REQ_CONTROL                                                                           \
	(VCPU_REQ_STOP | VCPU_REQ_WORK | VCPU_REQ_NET | VCPU_REQ_TLB | VCPU_REQ_LIVING)

#define EXIT_TIME_BUCKETS 32u

struct vm;
struct cpu;

struct vcpu {
	/* Touched by run.asm and on every exit: keep first. */
	uint64_t gpr[GPR_COUNT]; /* GPR_RSP is not valid here: ops->get(REG_RSP) */
	void *hw;                /* the backend's own: struct svm_vcpu or vmx_vcpu */
	uint64_t requests;       /* VCPU_REQ_* */
	uint64_t slice_end; /* host TSC at which its core is to pick again; UINT64_MAX: never */

	struct vm *vm;
	unsigned id;             /* in the VM */
	uint16_t tag;            /* in the machine, 1..: what its TLB entries are told by */
	struct insn_slot *insns; /* kernel/insns.h */
	struct cpu *cpu;         /* core whose run queue it belongs to */

	struct vcpu_event pending; /* to be injected (again) at the next entry, first of all */
	uint8_t nmi_pending;       /* at most 2: one goes in, the next one waits for its IRET */
	uint64_t dr[4], dr6;       /* guest's DR0-3 and DR6 while it does not run */
	uint64_t xcr0;             /* guest's XCR0 */
	uint64_t tsc_offset;       /* guest TSC = host TSC + offset */
	uint64_t cr4_allowed;      /* CR4 bits whose features CPUID shows; others are #GP */
	void *xsave;               /* FPU/XSAVE area, 64-byte aligned, arch/x86/xstate.h */

	uint64_t exits[EXIT_KIND_COUNT];
	uint64_t exit_ticks[EXIT_TIME_BUCKETS]; /* [n]: handled in 2^n to 2^(n+1)-1 TSC ticks */

	struct apic_slot *apic_page;
	struct vcpu_more *more; /* rest of the common code's state; backends leave it alone */
};
static_assert(sizeof(((struct vcpu *)0)->gpr[0]) == 8, "arch/x86/gpr.asm");

/* Architectural state after a VM is made: what the loader of the image asks for. */
struct vcpu_start {
	bool long_mode; /* true: 64-bit, paging on with cr3; false: 32-bit flat, paging off */
	bool real_mode; /* as after a SIPI (SDM 3A 8.4.4.1): CS = sipi << 8, IP = 0 */
	uint8_t sipi;
	uint64_t rip, rsp, cr3;
	uint64_t rax, rbx, rsi, rdi;
	gpa_t gdt; /* with code 0x10 and data 0x18, size gdt_limit + 1 */
	uint16_t gdt_limit;
};

/* What a backend finds out of the processor, for common code. */
struct vcpu_caps {
	unsigned pt_max_leaf; /* of second-level paging: 1 or 2 */
	/*
	 * No large page may be executable: RAM is mapped without X, and each 4 KiB
	 * page gets it when it is first fetched from.
	 */
	bool lazy_exec;
	/* run() exits with EXIT_SLICE at v->slice_end: no timer of the core is needed for it. */
	bool keeps_slices;
	bool rdtscp;        /* guests may execute it, and have TSC_AUX */
	unsigned phys_bits; /* of an address; CPUID says so */
	/* Local APICs can be the processor's: the page to map where they are; 0: no. */
	hpa_t apic_access;
};

struct vcpu_ops {
	const char *name; /* "VMX" or "SVM" */

	/*
	 * Is it there and allowed? NULL, then *caps is filled in; or the reason and the
	 * remedy in words. Runs on the boot core.
	 */
	const char *(*probe)(struct vcpu_caps *caps);
	/*
	 * Turns it on for this core and checks that the core's capabilities are
	 * those of the boot core (which comes first). Interrupts are off. NULL, or why not.
	 */
	const char *(*cpu_on)(struct cpu *cpu);
	void (*cpu_off)(struct cpu *cpu); /* before reset or power-off */

	/* Second-level paging. */
	const struct pt_format *pt_format;

	/* Makes the hardware's structures, at boot; vm->p2m is there already. Nothing is loaded. */
	void (*vcpu_create)(struct vcpu *v);
	/*
	 * (Re)initializes guest state: registers at power-on, then what start says,
	 * and v->tsc_offset. Called on any core; v is loaded nowhere, and nothing here.
	 */
	void (*vcpu_reset)(struct vcpu *v, const struct vcpu_start *start);

	/*
	 * Make v the current vCPU of this core, or take it off (before another is
	 * loaded, or v moves). Everything below that takes a vCPU wants it loaded,
	 * except get/set/get_seg on SVM. Interrupts are off.
	 */
	void (*load)(struct vcpu *v);
	void (*unload)(struct vcpu *v); /* NULL: all state is in memory already */

	/*
	 * Enters the guest until something happens; interrupts are off before and
	 * after. An interrupt that is pending on the host ends the run at once.
	 * An event whose delivery the exit interrupted is put into v->pending.
	 * GPRs are in v->gpr; DR0-3, XCR0 and FPU are switched by the caller
	 * (kernel/vcpu.c), CR2 and syscall MSRs by the backend.
	 */
	void (*run)(struct vcpu *v, struct vcpu_exit *exit);

	/*
	 * RIP += len, and the STI/MOV-SS shadow and RF end. With TF set, or when RIP has carried
	 * over 16 bits, vcpu_wrap_or_step() does the rest.
	 */
	void (*advance)(struct vcpu *v, unsigned len);

	uint64_t (*get)(struct vcpu *v, enum vcpu_reg reg);
	/*
	 * The value is already checked by common code; the backend applies its fixed bits.
	 * CR0, CR3 and CR4 at a reset, and at a task switch (VMX): the guest's own writes are
	 * the backend's. A CR3 whose PDPTEs are not valid is not taken.
	 */
	void (*set)(struct vcpu *v, enum vcpu_reg reg, uint64_t value);
	struct vcpu_seg (*get_seg)(struct vcpu *v, enum vcpu_sreg s);
	/* What get and get_seg would give, at once; regs.maxphyaddr is common code's. */
	void (*context)(struct vcpu *v, struct vcpu_context *c);
	/*
	 * As VM entry wants it (SDM 3C 26.3.1.2): a segment that can be used is accessed,
	 * a TSS busy, G fits the limit, and a null one has SEG_UNUSABLE.
	 */
	void (*set_seg)(struct vcpu *v, enum vcpu_sreg s, const struct vcpu_seg *seg);

	/* Can an external interrupt / NMI be delivered at the next entry, if nothing else is? */
	bool (*can_take_irq)(struct vcpu *v);
	bool (*can_take_nmi)(struct vcpu *v);
	/*
	 * Exit as soon as it can: EXIT_IRQ_WINDOW, EXIT_NMI_WINDOW. Idempotent. After
	 * EXIT_IRQ_WINDOW it is said again whether the one for interrupts is wanted.
	 */
	void (*want_irq_window)(struct vcpu *v, bool on);
	void (*want_nmi_window)(struct vcpu *v);
	/* Deliver at the next entry. One event per entry. */
	void (*inject)(struct vcpu *v, const struct vcpu_event *e);

	/* The guest's TPR as in the local APIC; SVM has bits 7:4 only, in V_TPR. */
	uint8_t (*get_tpr)(struct vcpu *v);
	void (*set_tpr)(struct vcpu *v, uint8_t tpr);

	/*
	 * Only where vcpu_caps.apic_access says so: from the next entry on the processor does, out
	 * of v->apic_page, what it can of the local APIC whose APIC_BASE this is, interrupts
	 * included. irr and isr: the highest vectors there, or -1. False: of an APIC that is off,
	 * nothing.
	 */
	bool (*virtualize_apic)(struct vcpu *v, uint64_t base, int irr, int isr);

	/* v->tsc_offset has changed. */
	void (*tsc_changed)(struct vcpu *v);
	/* The VM's second-level mappings have changed since v ran here; v need not be loaded. */
	void (*flush_tlb)(struct vcpu *v);
	/* One line a register group that only the backend knows, for a crash dump. */
	void (*dump)(struct vcpu *v);
};

extern const struct vcpu_ops svm_ops, vmx_ops;

/* Chosen once at boot. */
extern const struct vcpu_ops *vcpu_ops;
extern struct vcpu_caps vcpu_caps;

/*
 * reset.c, for the backends: registers at power-up (signature: EDX), then what
 * start says, by vcpu_ops->set and set_seg.
 */
void vcpu_reset_registers(struct vcpu *v, uint32_t signature, const struct vcpu_start *start);

/* vcpu.c, for advance(): RIP stays within its mode's bits, and the #DB of a single step. */
void vcpu_wrap_or_step(struct vcpu *v);

/*
 * pc.c, for a backend whose processor may have delivered, while IF was clear, the vector that is
 * in service now: if it has, and the handler has not begun, it waits again as before.
 */
void vcpu_take_back(struct vcpu *v, unsigned vector);

static inline uint64_t vcpu_gpr_get(struct vcpu *v, unsigned n)
{
	return n == GPR_RSP ? vcpu_ops->get(v, REG_RSP) : v->gpr[n];
}

static inline void vcpu_gpr_set(struct vcpu *v, unsigned n, uint64_t value)
{
	if (n == GPR_RSP)
		vcpu_ops->set(v, REG_RSP, value);
	else
		v->gpr[n] = value;
}
