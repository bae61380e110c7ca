/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The common code's state of VMs and vCPUs, and what its files offer each other. */
#pragma once

#include "arch/x86/cpu.h"
#include "arch/x86/msr.h"
#include "arch/x86/percpu.h"
#include "arch/x86/spinlock.h"
#include "arch/x86/tsc.h"
#include "arch/x86/xstate.h"
#include "kernel/blk/blk.h"
#include "kernel/config.h"
#include "kernel/cpuid.h"
#include "kernel/dev/acpi_pm.h"
#include "kernel/dev/ioapic.h"
#include "kernel/dev/lapic.h"
#include "kernel/dev/pci.h"
#include "kernel/dev/pic.h"
#include "kernel/dev/pit.h"
#include "kernel/dev/reset.h"
#include "kernel/dev/rtc.h"
#include "kernel/dev/uart.h"
#include "kernel/dev/virtio_balloon.h"
#include "kernel/dev/virtio_blk.h"
#include "kernel/dev/virtio_console.h"
#include "kernel/dev/virtio_net.h"
#include "kernel/dev/virtio_rng.h"
#include "kernel/emulate.h"
#include "kernel/evtchn.h"
#include "kernel/insns.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/refuse.h"
#include "kernel/sched.h"
#include "kernel/timerq.h"
#include "kernel/vcpu.h"
#include "kernel/vm.h"

enum vm_state {
	VM_OFF,
	VM_STARTING, /* its memory is being loaded */
	VM_RUNNING,
	VM_ENDING,  /* its vCPUs leave their cores, then its memory is freed */
	VM_WAITING, /* to be started again when its restart timer says so */
	VM_HELD,    /* crashed, and kept as it is */
	VM_STATES
};

/* Why a vCPU does not run: it is runnable when none is set. Only its own core writes them. */
#define BLOCK_HALT  BIT(0) /* HLT, or the hypercall */
#define BLOCK_SIPI  BIT(1) /* not started by its guest */
#define BLOCK_OFF   BIT(2) /* vCPU 0: the VM is not running */
#define BLOCK_PAUSE BIT(3) /* the VM is suspended */

/* A deadline, of a device as a rule, in the timer queue of a core of its VM. */
struct dev_timer {
	struct timerq_node node;
	void (*fire)(void *dev);
	void *dev;
	struct vm *vm;
	struct cpu *cpu;        /* whose queue */
	struct dev_timer *next; /* of the VM's */
	bool firing;            /* what it arms now is a period of its own, not the guest's doing */
};

#define MTRR_VARIABLE 8u
#define MTRR_FIXED    11u

/* An answer to CPUID that stays the same: asking the host may be an exit of its own. */
struct cpuid_known {
	_Alignas(32) uint64_t asked; /* 0: nothing */
	struct cpuid_regs regs;
};
#define CPUID_KNOWN 16u

struct vcpu_more {
	struct cpuid_known cpuid[CPUID_KNOWN];
	struct vcpu vcpu;
	const struct virtual_msr *msr; /* kernel/msr.c: that was accessed last */
	struct sched_entity se;
	struct insn_slot insns[INSN_SLOTS];
	struct lapic lapic;
	struct dev_timer lapic_timer;
	struct vcpu_event lost_irq; /* accepted already, displaced by a fault during delivery */
	uint64_t blocked;           /* BLOCK_* */
	uint8_t sipi;               /* vector of the start-up IPI */
	bool halt_irq;              /* an interrupt may end the halt (RFLAGS.IF was on) */
	bool halt_event;            /* so may an event port (PV halt call) */
	uint64_t tsc_aux;
	uint64_t tsc_adjust;
	uint64_t misc_enable;
	uint64_t kvm_clock; /* MSR_KVM_SYSTEM_TIME: address and enable bit */
	uint64_t kvm_steal; /* MSR_KVM_STEAL_TIME: likewise */
	uint64_t ready;     /* TSC since when it could run and did not */
	uint64_t stolen;    /* ticks in which it could run and did not */
	uint64_t mtrr_def, mtrr_fix[MTRR_FIXED], mtrr_var[2 * MTRR_VARIABLE];
};

/* The PC of an unmodified guest; a PV guest has none of it. */
struct pc {
	struct uart uart;
	struct pic pic;
	struct pit pit;
	struct rtc rtc;
	struct acpi_pm pm;
	struct ioapic ioapic;
	struct pci pci;
	struct reset reset;
	struct virtio_blk disk;
	struct virtio_net net;
	struct virtio_rng rng;
	struct virtio_console console;
	struct virtio_balloon balloon;
	struct dev_timer pit_timer, rtc_timer, pm_timer, disk_timer, net_timer, rng_timer;
	struct dev_timer console_timer, balloon_timer;
};

#define VM_BYTES 4096u
#define VM_CHUNK KIB(32) /* of memory, cleared at once */

/* That have not been taken. */
struct bytes {
	char ring[VM_BYTES];
	unsigned head, count;
};

struct vm_more {
	struct vm vm;
	const struct config_vm *conf;
	enum vm_state state; /* changed by vCPU 0's core, but for RUNNING to ENDING: atomically */
	enum vm_end end;
	unsigned leaving; /* vCPUs that have yet to leave their cores; 0: it does not live */
	bool suspended;
	struct spinlock lock; /* device models, local APICs, input */
	struct vcpu *vcpu[CONFIG_MAX_VCPUS];
	unsigned vcpu_count;
	struct lapic *lapics[CONFIG_MAX_VCPUS];
	struct iobus ports, mmio;
	struct pc *pc; /* NULL: paravirtual; else own_pc */
	struct pc own_pc;
	struct evtchn events;
	struct dev_timer pv_timer;
	struct blk disk;         /* where conf->disk names one */
	struct net_port *port;   /* NULL: at no switch */
	struct vcpu_start start; /* as its image wants it */
	uint64_t tsc_start;      /* host TSC when the VM was loaded */
	uint64_t epoch;          /* UTC seconds then */
	struct spinlock refuse_lock;
	struct refusals refused; /* since its last start; refuse_lock held while it lives */
	/* Whose access the devices serve, and how far RIP is beyond it; VM lock held. */
	struct vcpu *io_vcpu;
	unsigned io_passed;
	/* VM lock held. */
	struct bytes to[2], from_agent; /* by port: what was typed, what the agent is sent */
	bool on_port; /* the guest's last output was to port 0 of its virtio console */
	uint64_t starts;
	struct spinlock p2m_lock; /* while it runs: what follows, and changes of its mappings */
	struct vm_block *block;   /* by guest address; NULL: the VM has no memory now */
	uint64_t blocks;
	uint64_t held;      /* bytes of it */
	uint64_t unflushed; /* vCPUs that may know yet what was taken; VM lock held */
	struct timerq_node restart_timer;
	struct dev_timer *timers; /* all that it has */
	struct dev_timer watchdog;
	uint64_t watchdog_due; /* ns of the VM's clock; 0: off. VM lock held */
	uint64_t suspended_at; /* likewise */
};

struct cpu_more {
	struct sched_queue queue;
	struct sched_window window[CONFIG_MAX_WINDOWS]; /* of a cyclic queue */
	struct timerq timers;
	struct spinlock timer_lock;
	bool resched;       /* look again who runs, and load it anew */
	uint64_t armed;     /* TSC value the local timer is set to; UINT64_MAX: off */
	uint64_t slice_end; /* of the vCPU that runs */
	struct vcpu *running;
	struct vm *last_vm;               /* whose branches trained the predictors */
	struct timerq_node console_timer; /* shows prompts that have no line end */
	uint64_t tsc_aux;                 /* what the MSR holds */
};

/* kernel/vm.c */
extern struct vm *vms[CONFIG_MAX_VMS];
extern unsigned vm_count;
/* The files that the loader read: before a VM is made. */
void modules_init(const struct handoff *h);
/* Makes a VM of the configuration, not started; NULL after a message. */
struct vm *vm_create(const struct config_vm *conf, const unsigned *cores);
/* Memory with its image in it. 0, or an error, after a message. */
int vm_load(struct vm *vm);
/*
 * Everything as at power-on; its vCPUs are loaded nowhere. Takes off the core who is loaded
 * there: a look who runs, or core_block(), follows. 0 or error.
 */
int vm_reset(struct vm *vm);
/* Before it is loaded for the first time: the time of day. */
void wallclock_init(uint64_t epoch);
/* To the log, when its vCPUs run no more. */
void vm_list_refusals(struct vm *vm);
/* Nanoseconds since the start of the VM. */
uint64_t vm_now(struct vm *vm);

/* kernel/life.c */
/* What was loaded runs as soon as its cores do. */
void vm_launch(struct vm *vm);
/* On vCPU 0's core, on its account: a bounded step of starting or clearing away. */
void vm_work(struct vm *vm);
/* v leaves its core, since its VM ends; on that core. */
void vcpu_leave(struct vcpu *v);

/* What the monitor may ask of VMs. Any core, no lock held; carried out by the VM's own cores. */
enum vm_verb {
	VM_START,    /* from off: memory, image, vCPUs */
	VM_SHUTDOWN, /* asks the guest: power button, or its shutdown port */
	VM_DESTROY,  /* ends it as it stands, also when held after a crash */
	VM_RESTART,  /* destroy, then start */
	VM_SUSPEND,  /* its vCPUs run no more until resume; its clock goes on, its watchdog waits */
	VM_RESUME,
};
/*
 * 0: under way (look at the state for the outcome). -EINVAL: not in this
 * state; *why is a sentence for the user.
 */
int vm_control(struct vm *vm, enum vm_verb verb, const char **why);

/* "off", "running", "suspended", "starting", "ending", "crashed" (held), "waiting" (restart). */
const char *vm_state_name(const struct vm *vm);

/*
 * kernel/console.c: the physical console, which is serial port and framebuffer behind
 * the multiplexer.
 */
/* Before anything is logged; after serial_init(). */
void console_init(void);
/* The console of a new VM, whose index is that in vms. */
void console_add(const char *name);
void console_output(unsigned index, const char *bytes, size_t n);
/* The keyboard and the terminal go to that VM. */
void console_focus(unsigned index);
/* Reads what was typed and carries it out, also what programs ask; on core 0, which gets the
 * interrupts. */
void console_poll(void);
/* True when a line without end waits to be shown by console_tick(). */
bool console_waiting(void);
void console_tick(void);

/* kernel/guestmem.c: it is cleared, and mapped for the guest, as it is first touched. */
int vm_ram_alloc(struct vm *vm, uint64_t size);
static inline bool vm_is_ram(const struct vm *vm, gpa_t gpa)
{
	return gpa / VM_BLOCK < vm->more->blocks && vm->more->block[gpa / VM_BLOCK].host;
}
void vm_ram_free(struct vm *vm);
/*
 * The guest has touched RAM that it does not have mapped: another chunk of it is cleared, or the
 * whole block. 0: it is mapped now; -EAGAIN: there is more to clear; -ENOMEM: it had been given
 * back, none is free, and the guest is ended.
 */
int vm_ram_touched(struct vm *vm, gpa_t gpa, bool whole);
/* v is not in its guest, and drops its translations before it enters. */
void vm_ram_flushed(struct vcpu *v);
/*
 * Accesses to local APICs at their default address reach the processor's (on: before it
 * runs), or are emulated: when not all vCPUs have one there any more. Its page is read as nobody's
 * memory is by those who have none.
 */
void vm_apic_page(struct vm *vm, bool on);
/* The first fetch from a page of RAM (vcpu_caps.lazy_exec). -ENOENT: that is not it; -ENOMEM. */
int vm_make_executable(struct vm *vm, gpa_t gpa);

/* kernel/port.c */
/* One byte for the guest's console; lost when there is no room. VM lock held. */
void vm_console_in(struct vm *vm, uint8_t byte);
/* Gives the guest what was typed and found no room; after each access. VM lock held. */
void pc_console_feed(struct vm *vm);
/* To the guest's agent: all or, with an error, nothing. -ENODEV: nobody listens; -ENOSPC. */
int vm_agent_send(struct vm *vm, const char *p, unsigned n);
/* What the agent has written, at most n bytes: how many. */
unsigned vm_agent_receive(struct vm *vm, char *p, unsigned n);
/* The terminal of its virtio console has another size now. */
void vm_resize(struct vm *vm, uint16_t columns, uint16_t rows);

/* kernel/pc.c, kernel/pv.c: wire the devices of a VM; run under its lock. */
int pc_init(struct vm *vm);
void pv_init(struct vm *vm);
/*
 * Takes an interrupt from APIC or PIC: its vector, or -1, always so without `take`. *wait is
 * set when then still one could go in. VM lock held.
 */
int vcpu_irq(struct vcpu *v, bool take, bool *wait);
/* A frame may wait at its port; on its vCPU 0's core. */
void pc_receive(struct vm *vm);
/* Presses the power button, or raises the port that stands for it; false: it does not run. */
bool vm_ask_shutdown(struct vm *vm);
/* MULLION_FEATURE_*; 0 for unmodified guests. */
uint32_t pv_features(const struct vm *vm);
void pv_hypercall(struct vcpu *v);
void lapic_setup(struct vcpu *v);
/* Of what its processor has done in the page of its APIC: the rest. */
void lapic_exit(struct vcpu *v, const struct vcpu_exit *e);

/* kernel/vcpu.c */
/* Joins the run queue of its core for good, blocked; before cores run. */
struct vcpu *vcpu_make(struct vm *vm, unsigned id, struct cpu *cpu);
/* Asks v for VCPU_REQ_*: it is woken or kicked. Any core. */
void vcpu_request(struct vcpu *v, uint64_t what);
/* Carries requests out on v's core, v loaded or not: who is to run is looked at anew. */
void vcpu_serve(struct vcpu *v);
/* v runs again on its core: what others had of it meanwhile is told to its guest. */
void vcpu_steal(struct vcpu *v, uint64_t now);
/* Runs v, which is current on this core, and handles its exits until the core has other work. */
void vcpu_run(struct vcpu *v);
/* Makes v current on this core; takes off the one that is. */
void vcpu_get(struct vcpu *v);
void vcpu_put(void);
/* One more NMI is due; any core; the caller notifies. */
void vcpu_nmi(struct vcpu *v);
void vcpu_inject(struct vcpu *v, struct vcpu_event e);
void vcpu_exception(struct vcpu *v, enum x86_vector vec); /* #UD, #DB, #GP(0) */
/* By decoding. 0: an exception is pending instead. */
unsigned vcpu_insn_len(struct vcpu *v);
/* Is there something that ends v's halt? VM lock held. */
bool vcpu_can_wake(struct vcpu *v);
/* Counts what policy refused, and names it in the log the first times. */
void vcpu_refused(struct vcpu *v, enum refuse_kind kind, uint64_t id);
/* Likewise an access to several ids; RIP is `passed` bytes beyond its instruction. */
void vcpu_refused_access(struct vcpu *v, const struct refuse_range *a, unsigned passed);

/* kernel/exit.c */
void exit_dispatch(struct vcpu *v, struct vcpu_exit *e);
extern const char *const exit_names[EXIT_KIND_COUNT];
unsigned vcpu_cpl(struct vcpu *v);
/* Blocks v until an interrupt, if RFLAGS.IF is on, or an event port (event) wakes it. */
void vcpu_halt(struct vcpu *v, bool event);
/* Ends the VM when no vCPU can be woken any more. VM lock held. */
void vm_end_dead(struct vm *vm);
struct cpuid_policy vcpu_cpuid_policy(struct vcpu *v, uint64_t cr4);

/* kernel/msr.c: 0, or -EINVAL when #GP is due. */
int msr_read(struct vcpu *v, uint32_t msr, uint64_t *value);
int msr_write(struct vcpu *v, uint32_t msr, uint64_t value);
void msr_reset(struct vcpu *v);
bool vcpu_has_rdtscp(const struct vcpu *v); /* and TSC_AUX */
/* This core's register becomes the guest's. */
void vcpu_load_tsc_aux(uint64_t value);

/* kernel/mmio.c */
void handle_page_fault(struct vcpu *v, const struct vcpu_exit *e);
void handle_task_switch(struct vcpu *v, const struct vcpu_exit *e);
/* Carries out the instruction at RIP: INS, OUTS, or an access to where there is no RAM. */
void vcpu_emulate(struct vcpu *v, const struct vcpu_exit *exit);

/*
 * kernel/beyond.c: what no device and no virtual register answers. It goes to the
 * machine when the configuration gives it, else it is refused.
 */
/* 0, or -EINVAL when #GP is due. known: a virtual register has refused it. */
int msr_beyond(struct vcpu *v, uint32_t msr, bool write, uint64_t *value, bool known);

/* kernel/crash.c */
/* Shows its registers and ends its VM. */
void vcpu_crash(struct vcpu *v, const char *why);

/* kernel/cpuloop.c */
/* The run queue of a core, as the configuration wants it; policy: as config_place() says. */
void cpu_more_init(struct cpu *cpu, enum core_policy policy, const struct config *conf);
void cpu_loop(void) __attribute__((noreturn));
void cpu_kick(struct cpu *cpu);
/* On the vCPU's own core: BLOCK_* come and go. */
void core_block(struct vcpu *v, uint64_t why);
void core_unblock(struct vcpu *v, uint64_t why);
/* A deadline of the core; its expired() is called there. UINT64_MAX: none. */
void core_timer(struct cpu *cpu, struct timerq_node *t, uint64_t tsc);
/* A console line of this core waits for console_tick(). */
void core_console_waiting(void);
void dev_timer_init(struct dev_timer *t, struct vm *vm, struct cpu *cpu, void (*fire)(void *),
		    void *dev);
