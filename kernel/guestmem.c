/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guest memory: host pages behind it, and copies that stay inside it. */
#include "kernel/guest.h"
#include "kernel/load/layout.h"

/*
 * Host view of gpa and how many bytes of it are contiguous; NULL: not RAM, which the page of the
 * local APIC is not, either.
 */
static void *ram_at(struct vm *vm, gpa_t gpa, uint64_t *len)
{
	struct pt_leaf leaf;

	if (gpa >= PT_VA_LIMIT || pt_walk(&vm->p2m, gpa, &leaf) || leaf.type != MT_WB)
		return NULL;
	uint64_t page = PAGE_SIZE << (9 * (leaf.level - 1));
	*len = page - (gpa & (page - 1));
	return phys_to_virt(leaf.pa);
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
	uint64_t len;

	if (!ram_at(vm, gpa, &len))
		return -ENOENT;
	/*
	 * Several vCPUs may come here at once, and find that another one was faster. Rights only
	 * grow: the fault itself has ended what this core remembers (SDM 3C 28.3.3.1).
	 */
	spin_lock(&vm->more->p2m_lock);
	int err = pt_protect(&vm->p2m, align_down(gpa, PAGE_SIZE), PAGE_SIZE, PT_RWX);
	spin_unlock(&vm->more->p2m_lock);
	return err;
}

/* In blocks as large as there are, aligned so that large pages can map them. */
static int take_block(uint64_t left, struct alloc_range *r)
{
	static const uint64_t aligns[] = {GIB(1), MIB(2)};

	for (unsigned i = 0; i < ARRAY_SIZE(aligns); i++) {
		/* Another core may be faster: then there is less, or nothing. */
		while ((r->size = min_u64(align_down(left, aligns[i]),
					  align_down(mem_largest(aligns[i]), aligns[i]))))
			if (!mem_take(r->size, aligns[i], 0, &r->base))
				return 0;
	}
	return -ENOMEM;
}

int vm_ram_alloc(struct vm *vm, uint64_t size)
{
	unsigned prot = vcpu_caps.lazy_exec ? PT_R | PT_W : PT_RWX;
	struct vm_more *m = vm->more;
	uint64_t at = 0;

	m->cleared = 0;
	while (at < size) {
		/* No block straddles the hole below 4 GiB. */
		uint64_t room = at < GUEST_LOW_RAM_MAX ? GUEST_LOW_RAM_MAX - at : size - at;
		struct alloc_range *r = &m->ram[m->ram_count];

		if (m->ram_count == ARRAY_SIZE(m->ram) || take_block(min_u64(size - at, room), r))
			goto fail;
		m->ram_count++;
		if (pt_map(&vm->p2m, guest_ram_gpa(at), r->base, r->size, prot, MT_WB))
			goto fail;
		at += r->size;
	}
	return 0;
fail:
	vm_ram_free(vm);
	return -ENOMEM;
}

/* A former owner's data must never be seen (ACRN 8472 was such a leak). */
bool vm_ram_clear(struct vm *vm, uint64_t max)
{
	struct vm_more *m = vm->more;
	uint64_t at = m->cleared;

	for (unsigned i = 0; i < m->ram_count && max; i++) {
		const struct alloc_range *r = &m->ram[i];
		uint64_t n = at < r->size ? min_u64(r->size - at, max) : 0;

		memset((char *)phys_to_virt(r->base) + at, 0, n);
		m->cleared += n;
		max -= n;
		at = n ? 0 : at - r->size;
	}
	return m->cleared == m->conf->memory;
}

void vm_ram_free(struct vm *vm)
{
	struct vm_more *m = vm->more;

	(void)pt_unmap(&vm->p2m, 0, PT_VA_LIMIT);
	vm->p2m_gen++;
	for (unsigned i = 0; i < m->ram_count; i++)
		mem_give(m->ram[i].base, m->ram[i].size);
	m->ram_count = 0;
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
