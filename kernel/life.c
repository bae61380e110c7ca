/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a VM: started, suspended, ended, started again.
 *
 *   OFF --> STARTING --> RUNNING --> ENDING --> OFF, HELD,
 *              ^                       |
 *              +------ WAITING <-------+
 *
 * Anybody asks by setting a state and a request. The work itself (loading
 * memory, clearing away) is done by vCPU 0 as if it ran: on its core,
 * in its time, so that whoever shares the core keeps its own.
 */
#include "kernel/guest.h"

#define RESTART_GAP_NS 1000000000ull

static bool change(struct vm *vm, enum vm_state from, enum vm_state to)
{
	return __atomic_compare_exchange_n(&vm->more->state, &from, to, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

/* vCPU 0 has nothing more to do; in this order, as who sees the state may ask anew. */
static void rest(struct vm *vm, enum vm_state state)
{
	struct vcpu *v = vm->more->vcpu[0];

	__atomic_and_fetch(&v->requests, ~VCPU_REQ_WORK, __ATOMIC_SEQ_CST);
	core_block(v, BLOCK_OFF);
	__atomic_store_n(&vm->more->state, state, __ATOMIC_SEQ_CST);
	if (state != VM_OFF)
		return;
	for (unsigned i = 0; i < vm_count; i++)
		if (vms[i]->more->state != VM_OFF)
			return;
	log_warn("no VM runs any more: Ctrl-a x switches the machine off");
}

APART void vm_launch(struct vm *vm)
{
	struct vm_more *m = vm->more;
	struct vcpu *v = m->vcpu[0];

	m->suspended = false;
	m->leaving = m->vcpu_count; /* in its time */
	spin_lock(&m->lock);        /* the console may have a byte for a device */
	if (vm_reset(vm))
		panic("%s: its devices do not fit", vm->name);
	m->state = VM_RUNNING;
	spin_unlock(&m->lock);
	m->starts++;
	log_info("%s: started on core %u (%s), %lu MiB", vm->name, v->cpu->id,
		 v->cpu->more->queue.ops->name, m->conf->memory >> 20);
	__atomic_and_fetch(&v->requests, ~VCPU_REQ_WORK, __ATOMIC_SEQ_CST);
	core_unblock(v, BLOCK_OFF);
	v->cpu->more->resched = true; /* to be loaded */
}

void vm_end(struct vm *vm, enum vm_end how)
{
	struct vm_more *m = vm->more;

	if (!change(vm, VM_RUNNING, VM_ENDING))
		return;
	m->end = how;
	for (unsigned i = 0; i < m->vcpu_count; i++)
		vcpu_request(m->vcpu[i], VCPU_REQ_STOP);
}

void vcpu_leave(struct vcpu *v)
{
	struct vm_more *m = v->vm->more;

	vcpu_put();
	/* What was asked of it in this life is void; under the lock nobody asks any more. */
	spin_lock(&m->lock);
	__atomic_and_fetch(&v->requests, ~VCPU_REQ_LIVING, __ATOMIC_SEQ_CST);
	spin_unlock(&m->lock);
	v->more->blocked = 0;
	core_block(v, v->id ? BLOCK_SIPI : BLOCK_OFF);
	if (!__atomic_sub_fetch(&m->leaving, 1, __ATOMIC_SEQ_CST))
		vcpu_request(m->vcpu[0], VCPU_REQ_WORK);
}

static void restart_due(struct timerq_node *t)
{
	vcpu_request(container_of(t, struct vm_more, restart_timer)->vcpu[0], VCPU_REQ_WORK);
}

/* One restart a second: loading an image is work, even if on the VM's own account. */
static void start_again(struct vm *vm)
{
	struct vm_more *m = vm->more;
	uint64_t due = m->tsc_start + ns_to_tsc(RESTART_GAP_NS);

	if (rdtsc() >= due) {
		m->state = VM_STARTING;
		return;
	}
	rest(vm, VM_WAITING);
	m->restart_timer.expired = restart_due;
	core_timer(m->vcpu[0]->cpu, &m->restart_timer, due);
}

/* All its vCPUs have left. */
static void finish(struct vm *vm)
{
	static const char *const how[] = {"powered off", "restarts", "crashed and is stopped",
					  "ended from outside"};
	struct vm_more *m = vm->more;

	spin_lock(&m->lock);
	for (struct dev_timer *t = m->timers; t; t = t->next)
		dev_timer_arm(t, DEV_TIMER_NEVER);
	enum on_crash crash = m->end == END_CRASH ? m->conf->on_crash : ON_CRASH_STOP;
	bool again = m->end == END_RESTART || crash == ON_CRASH_RESTART;
	spin_unlock(&m->lock);
	core_timer(m->vcpu[0]->cpu, &m->restart_timer, UINT64_MAX);
	vm_list_refusals(vm);
	if (crash == ON_CRASH_HOLD) {
		log_warn("%s: crashed and is held: its memory stays until it is destroyed",
			 vm->name);
		rest(vm, VM_HELD);
		return;
	}
	vm_ram_free(vm);
	log_warn("%s: %s", vm->name,
		 crash == ON_CRASH_RESTART ? "crashed and restarts" : how[m->end]);
	if (again)
		start_again(vm);
	else
		rest(vm, VM_OFF);
}

/*
 * A timer or a request that was late: there is nothing to do. Who has changed
 * the state since may have asked before the bit was cleared here: ask again.
 */
static void not_yet(struct vm *vm)
{
	struct vm_more *m = vm->more;
	struct vcpu *v = m->vcpu[0];

	__atomic_and_fetch(&v->requests, ~VCPU_REQ_WORK, __ATOMIC_SEQ_CST);
	if (m->leaving) {
		v->cpu->more->resched = true; /* it runs on, or leaves first */
		return;
	}
	core_block(v, BLOCK_OFF);
	enum vm_state state = __atomic_load_n(&m->state, __ATOMIC_SEQ_CST);
	if (state == VM_STARTING || state == VM_ENDING)
		vcpu_request(v, VCPU_REQ_WORK);
}

void vm_work(struct vm *vm)
{
	switch (vm->more->leaving ? VM_RUNNING : vm->more->state) {
	case VM_ENDING:
		finish(vm);
		break;
	case VM_WAITING: /* unless somebody ends it at this moment */
		(void)change(vm, VM_WAITING, VM_STARTING);
		break;
	case VM_STARTING:
		if (vm_load(vm))
			rest(vm, VM_OFF);
		else
			vm_launch(vm);
		break;
	default:
		not_yet(vm);
	}
}

const char *vm_state_name(const struct vm *vm)
{
	static const char *const name[VM_STATES] = {"off",    "starting", "running",
						    "ending", "waiting",  "crashed"};
	enum vm_state state = vm->more->state;

	return state == VM_RUNNING && vm->more->suspended ? "suspended" : name[state];
}

static int suspend(struct vm *vm, bool on, const char **why)
{
	struct vm_more *m = vm->more;

	*why = on ? "it is not running" : "it is not suspended";
	SPIN_HOLD(&m->lock); /* none of its vCPUs leaves in between */
	if (m->state != VM_RUNNING || m->suspended == on)
		return -EINVAL;
	m->suspended = on;
	if (on) {
		m->suspended_at = vm_now(vm);
	} else if (m->watchdog_due) {
		m->watchdog_due += vm_now(vm) - m->suspended_at;
		dev_timer_arm(&m->watchdog, m->watchdog_due);
	}
	for (unsigned i = 0; i < m->vcpu_count; i++)
		vcpu_request(m->vcpu[i], VCPU_REQ_PAUSE);
	return 0;
}

/* From whatever state it has. */
static int end(struct vm *vm, enum vm_end how, const char **why)
{
	struct vm_more *m = vm->more;
	enum vm_state state = m->state;

	*why = state == VM_OFF ? "it is off" : "it is being started or ended: try again";
	if (state == VM_RUNNING) {
		vm_end(vm, how);
		return 0;
	}
	SPIN_HOLD(&m->lock); /* a timer that is due may have vCPU 0 begin before we say how */
	if ((state != VM_HELD && state != VM_WAITING) || !change(vm, state, VM_ENDING))
		return -EINVAL;
	m->end = how;
	vcpu_request(m->vcpu[0], VCPU_REQ_WORK);
	return 0;
}

static int turn_on(struct vm *vm, const char **why)
{
	*why = vm->more->state == VM_HELD ? "it is held after a crash: destroy or restart it"
					  : "it is not off";
	if (!change(vm, VM_OFF, VM_STARTING))
		return -EINVAL;
	vcpu_request(vm->more->vcpu[0], VCPU_REQ_WORK);
	return 0;
}

int vm_control(struct vm *vm, enum vm_verb verb, const char **why)
{
	switch (verb) {
	case VM_START:
		return turn_on(vm, why);
	case VM_DESTROY:
		return end(vm, END_DESTROY, why);
	case VM_RESTART:
		return vm->more->state == VM_OFF ? turn_on(vm, why) : end(vm, END_RESTART, why);
	case VM_SUSPEND:
	case VM_RESUME:
		return suspend(vm, verb == VM_SUSPEND, why);
	case VM_SHUTDOWN:
		*why = "it is not running";
		return vm_ask_shutdown(vm) ? 0 : -EINVAL;
	}
	return -EINVAL;
}
