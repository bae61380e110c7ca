/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual machines: made from the configuration, started, ended, started again. */
#include "guests/include/mullion.h"
#include "kernel/guest.h"
#include "kernel/learn.h"
#include "kernel/load/load.h"
#include "kernel/print.h"

struct vm *vms[CONFIG_MAX_VMS];
unsigned vm_count;
static uint64_t boot_epoch, boot_tsc; /* UTC seconds as firmware said, and when that was */
static const struct handoff_module *modules;
static unsigned module_count;

void modules_init(const struct handoff *h)
{
	modules = phys_to_virt(h->modules);
	module_count = h->module_count;
}

void wallclock_init(uint64_t epoch)
{
	boot_epoch = epoch;
	boot_tsc = rdtsc();
}

uint64_t vm_now(struct vm *vm)
{
	return tsc_to_ns(rdtsc() - vm->more->tsc_start);
}

/* A sentence about a line of the configuration. */
#define complain(line, fmt, ...) log_err("mullion.conf:%u: " fmt, line, __VA_ARGS__)

/* The file's bytes; NULL after a message. */
static void *file(const struct config_vm *c, const struct config_file *f, uint64_t *size)
{
	const struct handoff_module *m = modules, *end = modules + module_count;

	while (m < end && strcmp(m->path, f->path) != 0)
		m++;
	if (m < end && m->base) {
		*size = m->size;
		return phys_to_virt(m->base);
	}
	complain(f->line, "[vm %s] %s %s; the VM is not started", c->name, f->path,
		 m < end ? m->why : "was not read by the loader");
	return NULL;
}

void net_wake(struct net_port *p)
{
	vcpu_request(p->vm->more->vcpu[0], VCPU_REQ_NET);
}

/* The address is of the kind that is given locally (IEEE 802c), its end the VM's number. */
static void join_net(struct vm *vm)
{
	struct net_port *p = pages_need(sizeof(*p));

	p->net = vm->more->conf->net;
	memcpy(p->mac, (uint8_t[]){0x02, 'M', 'u', 'l', 0, (uint8_t)vm->id}, NET_MAC);
	p->vm = vm;
	net_join(p);
	vm->more->port = p;
}

/* disk stays as it is for a VM that has none; false after a message. */
static bool open_disk(const struct config_vm *c, struct blk *disk)
{
	uint64_t size = 0;
	void *image = c->disk.line ? file(c, &c->disk, &size) : NULL;

	if (image && blk_mem_init(disk, image, size, false)) {
		complain(c->disk.line,
			 "[vm %s] disk %s has %lu bytes: a disk needs at least one sector of 512; "
			 "the VM is not started",
			 c->name, c->disk.path, size);
		return false;
	}
	return image || !c->disk.line;
}

struct vm *vm_create(const struct config_vm *conf, const unsigned *cores)
{
	struct blk disk = {0};

	if (!open_disk(conf, &disk))
		return NULL;

	struct vm_more *m = pages_need(sizeof(*m));
	struct vm *vm = &m->vm;

	if (pt_init(&vm->p2m, vcpu_ops->pt_format, vcpu_caps.pt_max_leaf))
		panic("no memory for the structures of a VM");
	vm->name = conf->name;
	vm->id = vm_count + 1;
	vm->more = m;
	m->conf = conf;
	m->pc = conf->type != VM_PV ? &m->own_pc : NULL;
	m->disk = disk;
	m->vcpu_count = conf->vcpus;
	vm_resize(vm, 80, 25);
	for (unsigned i = 0; i < conf->vcpus; i++) {
		m->vcpu[i] = vcpu_make(vm, i, &cpus[cores[i]]);
		m->lapics[i] = &m->vcpu[i]->more->lapic;
	}
	if (*conf->net)
		join_net(vm);
	console_add(conf->name);
	vms[vm_count++] = vm;
	return vm;
}

static int load_image(struct vm *vm, struct vcpu_start *start)
{
	struct vm_more *m = vm->more;
	const struct config_vm *c = m->conf;
	struct load_mem mem = {.vm = vm, .size = c->memory};
	struct pc_image pc = {.boot = c->boot, .path = c->kernel.path, .cmdline = c->cmdline};
	int err;

	pc.kernel.data = file(c, &c->kernel, &pc.kernel.size);
	for (const struct config_file *f = &c->initrd; f < c->file + ARRAY_SIZE(c->file); f++)
		if (f->line) {
			pc.module[pc.modules].data = file(c, f, &pc.module[pc.modules].size);
			if (!pc.module[pc.modules].data)
				return -ENOENT;
			pc.module_path[pc.modules++] = f->path;
		}
	if (!pc.kernel.data)
		return -ENOENT;
	if (m->pc) {
		err = acpi_tables_load(&mem, m->vcpu_count) ?: pc_load(&mem, &pc, start);
	} else {
		struct mullion_start_info info = {
			.features = pv_features(vm),
			.vcpu_count = m->vcpu_count,
			.tsc_khz = tsc_hz() / 1000,
			.apic_khz = LAPIC_TIMER_HZ / 1000,
			.boot_epoch = m->epoch,
		};
		(void)ksnprintf(info.name, sizeof(info.name), "%s", c->name);
		(void)ksnprintf(info.cmdline, sizeof(info.cmdline), "%s", c->cmdline);
		err = pv_load(&mem, pc.kernel, &info, start);
	}
	if (err)
		complain(c->kernel.line, "[vm %s] %s: %s; the VM is not started", c->name,
			 c->kernel.path, mem.why[0] ? mem.why : "cannot be loaded");
	return err;
}

/* The guest has not reset its watchdog in time. */
static void watchdog_bites(void *vm)
{
	const struct vm_more *m = ((struct vm *)vm)->more;

	/* Reset as it expired; or the guest is not let reset it: resume gives it the time. */
	if (!m->watchdog_due || m->suspended || vm_now(vm) < m->watchdog_due)
		return;
	log_warn("%s: its watchdog was not reset in time", ((struct vm *)vm)->name);
	vm_end(vm, END_CRASH);
}

int vm_watchdog(struct vm *vm, uint64_t ns)
{
	struct vm_more *m = vm->more;

	if (!m->conf->watchdog)
		return -ENODEV;
	m->watchdog_due = ns ? vm_now(vm) + ns : 0;
	dev_timer_arm(&m->watchdog, ns ? m->watchdog_due : DEV_TIMER_NEVER);
	return 0;
}

int vm_reset(struct vm *vm)
{
	struct vm_more *m = vm->more;
	struct cpuid_policy policy;

	vcpu_put();
	m->ports = m->mmio = (struct iobus){0};
	m->to[0].count = m->to[1].count = m->from_agent.count = 0;
	m->on_port = false;
	m->timers = NULL;
	m->watchdog_due = 0;
	for (unsigned i = 0; i < m->vcpu_count; i++) {
		struct vcpu *v = m->vcpu[i];

		v->more->lost_irq.valid = false;
		__atomic_or_fetch(&v->requests, VCPU_REQ_EVENT | VCPU_REQ_TLB, __ATOMIC_SEQ_CST);
		v->xcr0 = XCR0_X87;
		v->tsc_offset = -m->tsc_start;
		xstate_reset(v->xsave);
		msr_reset(v);
		lapic_setup(v);
		policy = vcpu_cpuid_policy(v, 0);
		v->cr4_allowed = cpuid_cr4_allowed(&policy);
		vcpu_ops->vcpu_reset(v, i ? NULL : &m->start);
	}
	dev_timer_init(&m->watchdog, vm, m->vcpu[0]->cpu, watchdog_bites, vm);
	if (m->lapics[0]->c.virtualized && m->pc)
		vm_apic_page(vm, true);
	if (m->pc)
		return pc_init(vm);
	pv_init(vm);
	return 0;
}

static bool has_cpu(struct vm *vm)
{
	const struct config_vm *c = vm->more->conf;
	struct cpuid_policy policy = vcpu_cpuid_policy(vm->more->vcpu[0], 0);
	uint32_t leaf, lacks = cpuid_lacks(&policy, &leaf);

	if (lacks)
		complain(c->cpu_model_line,
			 "[vm %s] the processor is less than cpu_model promises (CPUID 0x%x lacks "
			 "0x%x): "
			 "choose a lower level or host; the VM is not started",
			 vm->name, leaf, lacks);
	return !lacks;
}

int vm_load(struct vm *vm)
{
	struct vm_more *m = vm->more;
	const struct config_vm *c = m->conf;

	if (!has_cpu(vm))
		return -ENODEV;
	int err = vm_ram_alloc(vm, c->memory);
	if (err) {
		complain(c->memory_line ? c->memory_line : c->line,
			 "[vm %s] %lu MiB of memory are not free (%lu MiB are): give it less; "
			 "the VM is not started",
			 vm->name, c->memory >> 20, mem_free_bytes() >> 20);
		return err;
	}
	spin_lock(&m->refuse_lock); /* until now it could be read */
	memset(&m->refused, 0, sizeof(m->refused));
	m->refused.room = c->learn ? REFUSE_RANGES_LEARN : REFUSE_RANGES;
	spin_unlock(&m->refuse_lock);
	/* From here on time counts for the guest. */
	m->tsc_start = rdtsc();
	m->epoch = boot_epoch + tsc_to_ns(m->tsc_start - boot_tsc) / 1000000000;
	m->start = (struct vcpu_start){0};
	err = load_image(vm, &m->start);
	if (err)
		vm_ram_free(vm);
	return err;
}

static void log_learnt(void *vm, const char *text)
{
	log_info("%s: learnt: %s", ((struct vm *)vm)->name, text);
}

void vm_list_refusals(struct vm *vm)
{
	struct refusals *r = &vm->more->refused;
	uint64_t more = 0;

	if (r->listed) /* one that was held, and then destroyed */
		return;
	r->listed = true;
	for (unsigned k = 0; k < REFUSE_KINDS; k++)
		more += r->unnamed[k];
	for (unsigned i = 0; i < r->ranges; i++) {
		const struct refuse_range *a = &r->range[i];

		log_info("%s: refused %s 0x%lx-0x%lx: %lu times", vm->name,
			 refuse_kind_names[a->kind], a->first, a->last, a->count);
	}
	if (more)
		log_info("%s: and %lu more", vm->name, more);
	if (vm->more->conf->learn)
		learn_lines(r, log_learnt, vm);
}
