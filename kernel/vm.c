/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual machines: made from the configuration, started, ended, started again. */
#include "arch/x86/tsc.h"
#include "arch/x86/xstate.h"
#include "kernel/console.h"
#include "kernel/errno.h"
#include "kernel/guest.h"
#include "kernel/load/load.h"
#include "kernel/log.h"
#include "kernel/mem.h"
#include "kernel/modules.h"
#include "kernel/print.h"
#include "kernel/string.h"
#include "kernel/wallclock.h"

#define RESTART_GAP_NS 1000000000ull

struct vm *vms[CONFIG_MAX_VMS];
unsigned vm_count;

uint64_t vm_now(struct vm *vm)
{
	return tsc_to_ns(rdtsc() - vm->more->tsc_start);
}

/* A sentence about a line of the configuration. */
__attribute__((format(printf, 2, 3))) static void complain(unsigned line, const char *fmt, ...)
{
	char text[220];
	va_list ap;

	va_start(ap, fmt);
	(void)kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_err("mullion.conf:%u: %s", line, text);
}

/* The file's bytes; NULL after a message. */
static void *file(const struct config_vm *c, const struct config_file *f, uint64_t *size)
{
	const struct handoff_module *m = module_find(f->path);
	const char *why = "was not read by the loader";

	if (m && module_data(m)) {
		*size = m->size;
		return module_data(m);
	}
	if (m && m->status == HANDOFF_MOD_MISSING)
		why = "is not on the boot volume: copy it there, or correct the path";
	else if (m && m->status == HANDOFF_MOD_EMPTY)
		why = "is empty: copy it to the boot volume again";
	else if (m && m->status == HANDOFF_MOD_IO)
		why = "cannot be read: the boot volume is damaged";
	else if (m && m->status == HANDOFF_MOD_NOMEM)
		why = "does not fit into memory";
	complain(f->line, "[vm %s] %s %s; the VM is not started", c->name, f->path, why);
	return NULL;
}

/* One writer a disk: two guests on one image would destroy it. */
static bool disk_taken(const struct config_vm *c)
{
	for (unsigned i = 0; i < vm_count; i++)
		if (vms[i]->more->has_disk &&
		    !strcmp(vms[i]->more->conf->disk.path, c->disk.path)) {
			complain(c->disk.line,
				 "[vm %s] disk %s belongs to [vm %s] already: give each VM its own "
				 "file; the VM is not started",
				 c->name, c->disk.path, vms[i]->name);
			return true;
		}
	return false;
}

static int open_disk(struct vm *vm)
{
	struct vm_more *m = vm->more;
	uint64_t size = 0;

	if (!m->conf->disk.line)
		return 0;
	if (disk_taken(m->conf))
		return -EBUSY;
	void *image = file(m->conf, &m->conf->disk, &size);
	if (!image)
		return -ENOENT;
	if (blk_mem_init(&m->disk, image, size, false)) {
		complain(m->conf->disk.line,
			 "[vm %s] disk %s has %llu bytes: a disk needs at least one sector of 512; "
			 "the VM is not started",
			 vm->name, m->conf->disk.path, (unsigned long long)size);
		return -EINVAL;
	}
	m->has_disk = true;
	return 0;
}

static void destroy(struct vm *vm)
{
	struct vm_more *m = vm->more;

	for (unsigned i = 0; i < m->vcpu_count; i++)
		vcpu_unmake(m->vcpu[i]);
	vm_ram_free(vm);
	if (m->pc)
		pages_free(m->pc, sizeof(*m->pc));
	if (m->learn)
		pages_free(m->learn, sizeof(*m->learn));
	pt_destroy(&vm->p2m);
	pages_free(m, sizeof(*m));
	page_free(vm);
}

struct vm *vm_create(const struct config_vm *conf, const unsigned *cores)
{
	struct vm *vm = page_alloc();
	struct vm_more *m = pages_alloc(sizeof(*m), PAGE_SIZE);

	if (!vm || !m ||
	    pt_init(&vm->p2m, vcpu_ops->pt_format, &host_pt_mem, vcpu_ops->pt_max_leaf()))
		panic("no memory for the structures of a VM");
	vm->name = conf->name;
	vm->id = vm_count + 1;
	vm->more = m;
	m->conf = conf;
	if (conf->type == VM_LINUX) {
		m->pc = pages_alloc(sizeof(*m->pc), PAGE_SIZE);
		if (!m->pc)
			goto no_memory;
	}
	if (conf->learn) {
		m->learn = pages_alloc(sizeof(*m->learn), PAGE_SIZE);
		if (!m->learn)
			goto no_memory;
	}
	for (unsigned i = 0; i < conf->vcpus; i++) {
		m->vcpu[i] = vcpu_make(vm, i, &cpus[cores[i]]);
		if (!m->vcpu[i])
			goto no_memory;
		m->lapics[i] = &m->vcpu[i]->more->lapic;
		m->vcpu_count++;
	}
	if (open_disk(vm))
		goto fail;
	m->console = (unsigned)console_add(conf->name);
	vms[vm_count++] = vm;
	return vm;
no_memory:
	complain(conf->line, "[vm %s] no memory for its structures; the VM is not started",
		 conf->name);
fail:
	destroy(vm);
	return NULL;
}

static int mem_write(void *vm, gpa_t gpa, const void *buf, uint64_t size)
{
	return vm_write(vm, gpa, buf, size);
}

static int mem_zero(void *vm, gpa_t gpa, uint64_t size)
{
	return vm_zero(vm, gpa, size);
}

static int load_image(struct vm *vm, struct vcpu_start *start)
{
	struct vm_more *m = vm->more;
	const struct config_vm *c = m->conf;
	struct load_mem mem = {vm, mem_write, mem_zero, c->memory};
	char buf[160] = "";
	struct load_why why = {buf, sizeof(buf)};
	struct load_file kernel = {0}, initrd = {0};
	int err;

	kernel.data = file(c, &c->kernel, &kernel.size);
	if (c->initrd.line)
		initrd.data = file(c, &c->initrd, &initrd.size);
	if (!kernel.data || (c->initrd.line && !initrd.data))
		return -ENOENT;
	if (m->pc) {
		gpa_t rsdp = 0;

		err = acpi_tables_load(&mem, m->vcpu_count, &rsdp);
		if (!err)
			err = bzimage_load(&mem, kernel, initrd, c->cmdline, rsdp, start, &why);
	} else {
		struct elf_info info = {
			.name = c->name,
			.cmdline = c->cmdline,
			.vcpus = m->vcpu_count,
			.features = pv_features(vm),
			.tsc_khz = tsc_hz() / 1000,
			.apic_khz = LAPIC_TIMER_HZ / 1000,
			.boot_epoch = m->epoch,
		};
		err = elf_load(&mem, kernel, &info, start, &why);
	}
	if (err)
		complain(c->kernel.line, "[vm %s] %s: %s; the VM is not started", c->name,
			 c->kernel.path, buf[0] ? buf : "cannot be loaded");
	return err;
}

/* Everything as at power-on. */
static int reset(struct vm *vm, const struct vcpu_start *start)
{
	struct vm_more *m = vm->more;
	struct cpuid_policy policy;

	m->ports = m->mmio = (struct iobus){0};
	m->in_head = m->in_count = 0;
	for (unsigned i = 0; i < m->vcpu_count; i++) {
		struct vcpu *v = m->vcpu[i];

		memset(v->gpr, 0, sizeof(v->gpr));
		v->requests = VCPU_REQ_EVENT | VCPU_REQ_TLB;
		v->pending.valid = v->more->lost_irq.valid = v->nmi_pending = false;
		memset(v->dr, 0, sizeof(v->dr));
		v->dr6 = DR6_INIT;
		v->xcr0 = XCR0_X87;
		v->tsc_offset = -m->tsc_start;
		xstate_reset(v->xsave);
		v->more->halted = v->more->halt_asked = false;
		msr_reset(v);
		lapic_setup(v);
		vcpu_cpuid_policy(v, &policy, 0);
		v->more->efer_allowed = cpuid_efer_allowed(&policy);
		v->cr4_allowed = cpuid_cr4_allowed(&policy);
		vcpu_ops->vcpu_reset(v, start);
	}
	return m->pc ? pc_init(vm) : pv_init(vm);
}

int vm_load(struct vm *vm)
{
	struct vm_more *m = vm->more;
	int err = vm_ram_alloc(vm, m->conf->memory);

	if (err) {
		complain(m->conf->memory_line ? m->conf->memory_line : m->conf->line,
			 "[vm %s] %llu MiB of memory are not free (%llu MiB are): give it less; "
			 "the VM is not started",
			 vm->name, (unsigned long long)m->conf->memory >> 20,
			 (unsigned long long)mem_free_bytes() >> 20);
		return err;
	}
	if (m->learn) /* until now it could be read */
		memset(m->learn, 0, sizeof(*m->learn));
	/* From here on time counts for the guest. */
	m->epoch = wallclock_now();
	m->tsc_start = rdtsc();
	m->start = (struct vcpu_start){0};
	err = load_image(vm, &m->start);
	if (err)
		vm_ram_free(vm);
	return err;
}

/* The loaded VM begins; its vCPUs are in their run queues. */
static int launch(struct vm *vm)
{
	struct vm_more *m = vm->more;

	spin_lock(&m->lock); /* the console may have a byte for a device */
	int err = reset(vm, &m->start);
	if (!err)
		m->state = VM_RUNNING;
	spin_unlock(&m->lock);
	if (err) {
		log_err("%s: cannot be started: error %d", vm->name, err);
		vm_ram_free(vm);
		return err;
	}
	m->starts++;
	log_info("%s: started on core %u (%s), %llu MiB", vm->name, m->vcpu[0]->cpu->id,
		 m->vcpu[0]->cpu->more->queue.ops->name, (unsigned long long)m->conf->memory >> 20);
	return 0;
}

int vm_start(struct vm *vm)
{
	struct vm_more *m = vm->more;

	for (unsigned i = 0; i < m->vcpu_count; i++)
		if (core_add(m->vcpu[i])) {
			log_err("%s: core %u takes no further vCPU", vm->name, m->vcpu[i]->cpu->id);
			while (i--)
				core_remove(m->vcpu[i]);
			vm_ram_free(vm);
			return -EBUSY;
		}
	int err = launch(vm);
	for (unsigned i = 0; i < m->vcpu_count; i++)
		if (err)
			core_remove(m->vcpu[i]);
		else
			core_wake(m->vcpu[i]);
	return err;
}

void vm_end(struct vm *vm, enum vm_end how)
{
	if (vm->more->state != VM_RUNNING)
		return;
	vm->more->end = how;
	vm->more->state = VM_ENDING;
	for (unsigned i = 0; i < vm->more->vcpu_count; i++) {
		struct vcpu *v = vm->more->vcpu[i];

		__atomic_or_fetch(&v->requests, VCPU_REQ_STOP, __ATOMIC_SEQ_CST);
		cpu_kick(v->cpu);
	}
}

static void log_learnt(void *vm, const char *text)
{
	log_info("%s: learnt: %s", ((struct vm *)vm)->name, text);
}

static void list_refusals(struct vm *vm)
{
	const struct refusals *r = &vm->more->refused;

	for (unsigned i = 0; i < r->ranges; i++)
		log_info("%s: refused %s 0x%llx-0x%llx: %llu times", vm->name,
			 refuse_kind_name(r->range[i].kind), (unsigned long long)r->range[i].first,
			 (unsigned long long)r->range[i].last,
			 (unsigned long long)r->range[i].count);
	if (r->unnamed)
		log_info("%s: and %llu more", vm->name, (unsigned long long)r->unnamed);
	if (vm->more->learn)
		learn_print(vm, log_learnt, vm);
}

static void stop_timers(struct vm *vm)
{
	struct vm_more *m = vm->more;

	for (unsigned i = 0; i < m->vcpu_count; i++)
		guest_timer_arm(&m->vcpu[i]->more->lapic_timer, DEV_TIMER_NEVER);
	if (!m->pc) {
		guest_timer_arm(&m->pv_timer, DEV_TIMER_NEVER);
		return;
	}
	guest_timer_arm(&m->pc->pit_timer, DEV_TIMER_NEVER);
	guest_timer_arm(&m->pc->rtc_timer, DEV_TIMER_NEVER);
	guest_timer_arm(&m->pc->pm_timer, DEV_TIMER_NEVER);
}

/* Nothing of the VM stays in the registers of its core. */
static void detach(struct vm *vm)
{
	for (unsigned i = 0; i < vm->more->vcpu_count; i++) {
		xstate_release(vm->more->vcpu[i]);
		vcpu_put(vm->more->vcpu[i]);
	}
}

static void leave(struct vm *vm)
{
	for (unsigned i = 0; i < vm->more->vcpu_count; i++)
		core_remove(vm->more->vcpu[i]);
	vm->more->state = VM_OFF;
	for (unsigned i = 0; i < vm_count; i++)
		if (vms[i]->more->state != VM_OFF)
			return;
	log_warn("no VM runs any more: Ctrl-a x switches the machine off");
}

/* On the VM's own account: it stays the current one of its queue. */
static void relaunch(struct vm *vm)
{
	if (vm_load(vm) || launch(vm))
		leave(vm);
	else
		core_resched(vm->more->vcpu[0]);
}

static void restart_due(struct timerq_node *t)
{
	core_wake(container_of(t, struct vm_more, restart_timer)->vcpu[0]);
}

/* One restart a second: loading and clearing memory is work that neighbours would feel. */
static void restart(struct vm *vm)
{
	struct vm_more *m = vm->more;
	uint64_t due = m->tsc_start + ns_to_tsc(RESTART_GAP_NS);

	if (rdtsc() >= due) {
		relaunch(vm);
		return;
	}
	m->state = VM_WAITING;
	m->restart_timer.expired = restart_due;
	core_block(m->vcpu[0]);
	core_timer(m->vcpu[0]->cpu, &m->restart_timer, due);
}

void vm_finish(struct vm *vm)
{
	static const char *const how[] = {"powered off", "restarts", "crashed and is stopped"};
	struct vm_more *m = vm->more;

	detach(vm);
	if (m->state == VM_WAITING) { /* woken by restart_due() */
		relaunch(vm);
		return;
	}
	stop_timers(vm);
	list_refusals(vm);
	m->refused = (struct refusals){0};
	vm_ram_free(vm);
	log_warn("%s: %s", vm->name, how[m->end]);
	if (m->end == END_RESTART)
		restart(vm);
	else
		leave(vm);
}
