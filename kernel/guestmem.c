/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory: host pages behind it, and copies that stay inside it. */
#include "kernel/guest.h"
#include "kernel/load/layout.h"

#define KEPT_FREE MIB(16) /* what guests take back does not touch it */
#define ALL_CLEAR UINT64_MAX
static_assert(VM_BLOCK / VM_CHUNK == 64, "a bit for each");

static uint64_t chunk_bit(gpa_t gpa)
{
	return BIT(gpa % VM_BLOCK / VM_CHUNK);
}

/*
 * At least the chunk of gpa is there and cleared: a former owner's data must never be seen
 * (ACRN 8472 was such a leak). p2m_lock held. 0, or -ENOMEM: the guest is ended.
 */
static int make_clear(struct vm *vm, gpa_t gpa, bool whole)
{
	struct vm_more *m = vm->more;
	struct vm_block *b = &m->block[gpa / VM_BLOCK];
	hpa_t host = b->host;

	if (host == VM_BLOCK_GONE) {
		if (mem_free_bytes() <= KEPT_FREE || mem_take(VM_BLOCK, VM_BLOCK, 0, &host)) {
			if (m->state == VM_RUNNING)
				log_err("%s: ended: it needs memory that it had given away, and "
					"none is free",
					vm->name);
			vm_end(vm, END_CRASH);
			return -ENOMEM;
		}
		m->held += VM_BLOCK;
		__atomic_store_n(&b->host, host, __ATOMIC_RELEASE);
	}
	for (uint64_t left = (whole ? ALL_CLEAR : chunk_bit(gpa)) & ~b->clear; left;
	     left &= left - 1) {
		memset(phys_to_virt(host + (unsigned)__builtin_ctzll(left) * VM_CHUNK), 0,
		       VM_CHUNK);
		__atomic_fetch_or(&b->clear, left & -left, __ATOMIC_RELEASE);
	}
	return 0;
}

/*
 * Host view of gpa and how many bytes of it are contiguous; NULL: not RAM. Whether the guest
 * has it mapped yet is of no matter.
 */
static void *ram_at(struct vm *vm, gpa_t gpa, uint64_t *len)
{
	struct vm_more *m = vm->more;
	int err;

	if (!vm_is_ram(vm, gpa))
		return NULL;
	struct vm_block *b = &m->block[gpa / VM_BLOCK];
	/* In this order: of a block that is taken away and comes back, nothing is clear between. */
	hpa_t host = __atomic_load_n(&b->host, __ATOMIC_ACQUIRE);
	if (unlikely(!(__atomic_load_n(&b->clear, __ATOMIC_ACQUIRE) & chunk_bit(gpa)) ||
		     host == VM_BLOCK_GONE)) {
		spin_lock(&m->p2m_lock);
		err = make_clear(vm, gpa, false);
		host = b->host;
		spin_unlock(&m->p2m_lock);
		if (err)
			return NULL;
	}
	*len = VM_CHUNK - gpa % VM_CHUNK;
	return phys_to_virt(host + gpa % VM_BLOCK);
}

void vm_apic_page(struct vm *vm, bool on)
{
	struct vm_more *m = vm->more;

	spin_lock(&m->p2m_lock);
	if (on)
		(void)pt_map(&vm->p2m, LAPIC_DEFAULT_BASE, vcpu_caps.apic_access, PAGE_SIZE,
			     PT_R | PT_W, MT_UC);
	else /* to unmap it would free tables that other cores may be walking */
		(void)pt_protect(&vm->p2m, LAPIC_DEFAULT_BASE, PAGE_SIZE, PT_R);
	spin_unlock(&m->p2m_lock);
	for (unsigned i = 0; i < m->vcpu_count; i++)
		vcpu_request(m->vcpu[i], VCPU_REQ_TLB);
}

int vm_make_executable(struct vm *vm, gpa_t gpa)
{
	if (!vm_is_ram(vm, gpa))
		return -ENOENT;
	/*
	 * Several vCPUs may come here at once, and find that another one was faster. Rights only
	 * grow: the fault itself has ended what this core remembers (SDM 3C 28.3.3.1).
	 */
	SPIN_HOLD(&vm->more->p2m_lock);
	return pt_protect(&vm->p2m, align_down(gpa, PAGE_SIZE), PAGE_SIZE, PT_RWX);
}

static int map(struct vm *vm, gpa_t block, hpa_t host)
{
	return pt_map(&vm->p2m, block, host, VM_BLOCK, vcpu_caps.lazy_exec ? PT_R | PT_W : PT_RWX,
		      MT_WB);
}

APART int vm_ram_alloc(struct vm *vm, uint64_t size)
{
	struct vm_more *m = vm->more;
	uint64_t blocks = guest_ram_gpa(size - 1) / VM_BLOCK + 1; /* the hole in RAM included */

	vm->p2m.keep = true;
	m->block = mem_free_bytes() > size ? pages_alloc(blocks * sizeof(m->block[0])) : NULL;
	if (!m->block)
		return -ENOMEM;
	m->blocks = blocks;
	for (uint64_t at = 0; at < size; at += VM_BLOCK) {
		gpa_t gpa = guest_ram_gpa(at);
		hpa_t *host = &m->block[gpa / VM_BLOCK].host;

		/* Its table is there from now on; there is nothing in it yet. */
		if (mem_take(VM_BLOCK, VM_BLOCK, 0, host) || map(vm, gpa, *host))
			goto fail;
		m->held += VM_BLOCK;
	}
	(void)pt_unmap(&vm->p2m, 0, PT_VA_LIMIT);
	return 0;
fail:
	vm_ram_free(vm);
	return -ENOMEM;
}

void vm_ram_free(struct vm *vm)
{
	struct vm_more *m = vm->more;

	SPIN_HOLD(&m->lock); /* a vCPU that has left may still say that it has flushed */
	vm->p2m.keep = false;
	(void)pt_unmap(&vm->p2m, 0, PT_VA_LIMIT);
	vm->p2m_gen++;
	while (m->own_pc.balloon.gone_count)
		virtio_balloon_flushed(&m->own_pc.balloon);
	m->unflushed = 0;
	for (uint64_t i = 0; i < m->blocks; i++)
		if (m->block[i].host > VM_BLOCK_GONE)
			mem_give(m->block[i].host, VM_BLOCK);
	if (m->block)
		mem_give(virt_to_phys(m->block),
			 align_up(m->blocks * sizeof(m->block[0]), PAGE_SIZE));
	m->block = NULL;
	m->blocks = m->held = 0;
}

hpa_t vm_ram_take(struct vm *vm, gpa_t gpa)
{
	struct vm_more *m = vm->more;

	SPIN_HOLD(&m->p2m_lock);
	if (!vm_is_ram(vm, gpa))
		return 0;
	struct vm_block *b = &m->block[gpa / VM_BLOCK];
	hpa_t host = b->host;
	if (host == VM_BLOCK_GONE || pt_unmap(&vm->p2m, gpa, VM_BLOCK))
		return 0;
	b->clear = 0;
	__atomic_store_n(&b->host, VM_BLOCK_GONE, __ATOMIC_RELEASE);
	m->held -= VM_BLOCK;
	__atomic_add_fetch(&vm->p2m_gen, 1, __ATOMIC_SEQ_CST);
	return host;
}

void vm_ram_give(hpa_t host)
{
	mem_give(host, VM_BLOCK);
}

/*
 * Each vCPU is asked to drop its translations, and nobody waits for that (APM 2 15.16.1, SDM
 * 3C 28.3.3.4). Who answers is not in an exit either, with a pointer to what was taken away;
 * all others who look at guest memory hold the VM's lock, as does who takes it away.
 */
void vm_ram_flush(struct vm *vm)
{
	struct vm_more *m = vm->more;

	m->unflushed = BIT(m->vcpu_count) - 1;
	for (unsigned i = 0; i < m->vcpu_count; i++)
		vcpu_request(m->vcpu[i], VCPU_REQ_TLB);
}

void vm_ram_flushed(struct vcpu *v)
{
	struct vm_more *m = v->vm->more;

	SPIN_HOLD(&m->lock);
	if ((m->unflushed & BIT(v->id)) && !(m->unflushed &= ~BIT(v->id)))
		virtio_balloon_flushed(&m->own_pc.balloon);
}

int vm_ram_touched(struct vm *vm, gpa_t gpa, bool whole)
{
	struct vm_more *m = vm->more;
	struct vm_block *b = &m->block[gpa / VM_BLOCK];
	struct pt_leaf leaf;

	SPIN_HOLD(&m->p2m_lock);
	gpa = align_down(gpa, VM_BLOCK);
	if (b->clear != ALL_CLEAR) {
		unsigned next = (unsigned)__builtin_ctzll(~b->clear);
		int err = make_clear(vm, gpa + next * VM_CHUNK, whole);

		if (err || b->clear != ALL_CLEAR)
			return err ? err : -EAGAIN;
	}
	/* Unless another vCPU was faster. */
	return pt_walk(&vm->p2m, gpa, &leaf) ? map(vm, gpa, b->host) : 0;
}

static int copy(struct vm *vm, gpa_t gpa, char *to, const char *from, uint64_t size)
{
	for (uint64_t n = 0, done = 0; done < size; done += n) {
		char *ram = ram_at(vm, gpa + done, &n);

		if (!ram)
			return -EFAULT;
		n = min_u64(n, size - done);
		if (to)
			memcpy(to + done, ram, n);
		else
			memcpy(ram, from + done, n);
	}
	return 0;
}

int vm_read(struct vm *vm, gpa_t gpa, void *buf, uint64_t size)
{
	return copy(vm, gpa, buf, NULL, size);
}

int vm_write(struct vm *vm, gpa_t gpa, const void *buf, uint64_t size)
{
	return copy(vm, gpa, NULL, buf, size);
}

void *vm_ptr(struct vm *vm, gpa_t gpa, unsigned size)
{
	uint64_t n = 0;
	void *p = ram_at(vm, gpa, &n);

	return p && n >= size ? p : NULL;
}
