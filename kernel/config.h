/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration file: parsed by the loader (which files to read), by the
 * hypervisor, and by mullion-check on the host. Pure; allocates nothing.
 */
#pragma once

#include "kernel/types.h"

#define CONFIG_PATH        "\\mullion\\mullion.conf"
#define CONFIG_MAX_SIZE    KIB(64) /* a larger file is refused whole */
#define CONFIG_MAX_VMS     16u
#define CONFIG_MAX_VCPUS   16u /* of one VM */
#define CONFIG_MAX_CORES   64u
#define CONFIG_NAME_MAX    32u  /* with the NUL */
#define CONFIG_PATH_MAX    128u /* = sizeof(struct handoff_module.path) */
#define CONFIG_CMDLINE_MAX 1024u

#define CONFIG_MAX_WINDOWS 16u /* of one cyclic core */
#define CONFIG_MAX_ORDER   1000u
#define CONFIG_MAX_GRANTS  32u /* of one VM */
#define CONFIG_MAX_MODULES 4u  /* of one VM, with the initrd */

enum vm_type { VM_LINUX, VM_PV, VM_PC }; /* VM_LINUX: another word for VM_PC */
enum config_boot { BOOT_AUTO, BOOT_LINUX, BOOT_LINUX16, BOOT_PVH, BOOT_MULTIBOOT, BOOT_FLAT };
/* The processor that a guest sees: all of the host's, or a level of the x86-64 psABI. */
enum config_cpu { CPU_HOST, CPU_V1, CPU_V2, CPU_V3, CPU_V4 };
enum config_console { CONSOLE_SERIAL, CONSOLE_VIRTIO };
enum core_policy { POLICY_AUTO, POLICY_DEDICATED, POLICY_FAIR, POLICY_BUDGET, POLICY_CYCLIC };
enum on_crash { ON_CRASH_STOP, ON_CRASH_RESTART, ON_CRASH_HOLD };
enum config_monitor { MONITOR_NONE, MONITOR_COM2 };

/* Each key has the line where it stands, 0: nowhere. */
struct config_file {
	char path[CONFIG_PATH_MAX];
	unsigned line;
};

/* Something of the machine that policy would refuse, and that the file gives to a VM. */
enum grant_kind { GRANT_MSR, GRANT_PORT, GRANT_PCI };
struct config_grant {
	enum grant_kind kind;
	uint32_t first, last; /* MSRs; ports; PCI functions as bus << 8 | device << 3 | function */
	bool read, write;     /* GRANT_PCI: configuration space, read only */
	unsigned line;
};

struct config_vm {
	char name[CONFIG_NAME_MAX];  /* letters, digits, '-', '_'; unique */
	unsigned line;               /* of the section */
	bool refused;                /* something in it is wrong: a diagnostic was given */
	enum vm_type type;           /* default: linux */
	enum config_boot boot;       /* default: auto; not for PV */
	enum config_cpu cpu_model;   /* default: host */
	enum config_console console; /* default: serial; not for PV */
	union {                      /* what is not given has line 0 */
		struct config_file file[2 + CONFIG_MAX_MODULES];
		struct { /* initrd, which is the first module: not PV */
			struct config_file disk, kernel, initrd, module[CONFIG_MAX_MODULES - 1];
		};
	};
	char net[CONFIG_NAME_MAX]; /* the switch it is at; "": none; not for PV */
	char cmdline[CONFIG_CMDLINE_MAX];
	uint64_t memory; /* bytes, 2 MiB granular; default 128 MiB */
	unsigned vcpus;  /* default 1 */
	/* vCPU i is on cores[i % core_count]; core_count 0: auto */
	unsigned cores[CONFIG_MAX_VCPUS], core_count;
	unsigned weight; /* 1..1000, default 1 */
	unsigned budget,
		period; /* us, of each vCPU on a core whose policy is budget; 0: not given */
	enum on_crash on_crash; /* default: stop */
	unsigned autostart;     /* a truth, default yes */
	unsigned order;         /* of start: lower first, ties as in the file; default 0 */
	unsigned watchdog;      /* a truth: the guest may arm one; default no */
	unsigned balloon;       /* a truth: it may give memory back; default no; not for PV */
	unsigned learn;         /* a truth: what is refused is kept for the monitor; default no */
	unsigned debug_exit;    /* a truth: the port of test suites; default no */
	unsigned apicv;         /* a truth: the processor's virtual local APIC; default yes */
	struct config_grant grant[CONFIG_MAX_GRANTS];
	unsigned grant_count;
	unsigned type_line, cmdline_line, memory_line, vcpus_line, cores_line, weight_line;
	unsigned budget_line, period_line, on_crash_line, autostart_line, order_line;
	unsigned watchdog_line, learn_line, boot_line, debug_exit_line, apicv_line, net_line,
		cpu_model_line, console_line, balloon_line;
};

extern const char *const config_type_name[]; /* by enum vm_type */

struct config_window {
	char vm[CONFIG_NAME_MAX]; /* "": nobody's */
	unsigned us;
};

struct config_core {
	enum core_policy policy;
	unsigned frame; /* us, the major frame of a cyclic core */
	struct config_window window[CONFIG_MAX_WINDOWS];
	unsigned window_count;
	unsigned slack;             /* a truth: time of nobody goes to whoever can run */
	unsigned policy_line, line; /* of the key and the section */
	unsigned frame_line, windows_line, slack_line;
};

struct config {
	/* A truth. No VM may start while errors is not 0: the caller sees to it. */
	unsigned strict, strict_line;
	enum config_monitor monitor; /* where programs find the monitor */
	unsigned monitor_line;
	struct config_core core[CONFIG_MAX_CORES];
	struct config_vm vm[CONFIG_MAX_VMS];
	unsigned vm_count;
	unsigned errors; /* diagnostics given, or more */
};

enum config_where { CONFIG_GLOBAL, CONFIG_CORE, CONFIG_VM };
struct config_setting;

/* What may stand in the file; docs/configuration.md shows this table. */
struct config_key {
	const char *name;
	enum config_where where;
	/* Takes the value; false: it is not as expected. */
	bool (*set)(const struct config_setting *s);
	const char *expected; /* in words; of a word: "a, b", in the order of the enum */
	uint64_t min, max;
	unsigned offset;      /* in struct config, config_core or config_vm */
	unsigned line_offset; /* likewise; 0: the key may be given again */
};

extern const struct config_key config_keys[];
extern const unsigned config_key_count;
/* One of the expected words. */
bool config_set_word(const struct config_setting *s);

/*
 * Receives each diagnostic once: line (1.., 0: the whole file) and one sentence
 * that says what was found, what was expected and how to mend it. Whoever reads the
 * file: kernel/main.c, boot/modules.c, mullion-check, or a test.
 */
#define CONFIG_SENTENCE 352u /* bytes at most, with the 0 at its end */
void config_diag(unsigned line, const char *sentence);

/*
 * Parses any bytes whatever. A wrong line in a VM's section refuses that VM;
 * one outside refuses the file: -EINVAL (then vm_count is 0). At most 20
 * diagnostics are given, then a last one that says that there are more.
 */
int config_parse(struct config *c, const char *text, uint64_t size);

/* Where a VM's vCPUs go on this machine. */
struct placement {
	unsigned core[CONFIG_MAX_VMS][CONFIG_MAX_VCPUS]; /* valid for VMs not refused */
	enum core_policy policy[CONFIG_MAX_CORES];       /* never AUTO */
};

/*
 * Puts VMs on cores: those that name some where they ask to be, each vCPU of the
 * others on the least loaded core (ties: highest number first, so that core 0,
 * which serves the console, stays freest) that is not budget or cyclic: these
 * must be named. A core whose policy is auto becomes dedicated with one vCPU and
 * fair with several. Refuses (diag, vm.refused) VMs that ask for cores that are
 * not there, for a second vCPU on a dedicated core, for more than all of a budget
 * core, for a cyclic core without a window, or for more memory (all together,
 * first come) than memory bytes.
 */
void config_place(struct config *c, unsigned cores, uint64_t memory, struct placement *p);
