/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MSR policy: what a guest may read and write; everything else is #GP. */
#include "kernel/dev/pvclock.h"
#include "kernel/guest.h"

#define DEBUGCTL_LBR 1ull

/* Where a value is kept, and what arg says. */
enum msr_where {
	READ_ONLY, /* it is arg; there is nothing to write */
	CONSTANT,  /* it is arg; a write changes nothing */
	REG,       /* with the backend: enum vcpu_reg; not all of them are intercepted */
	BASE,      /* in a segment: enum vcpu_sreg */
	FIELD,     /* in struct vcpu_more, at this offset */
	TSC,
	APIC,
	WALL_CLOCK, /* nowhere: it is there to be written only */
};

/* One access; the value goes either way. */
struct access {
	struct vcpu *v;
	uint32_t msr;
	bool write;
	uint64_t value;
};

struct virtual_msr {
	uint32_t first, last;
	enum msr_where where;
	unsigned arg;
	uint64_t bits;                       /* that may be 1 in what is written */
	int (*check)(struct access *a);      /* more about it, and makes it what is kept */
	bool (*there)(const struct vcpu *v); /* NULL: always */
};

/* ---- checks of what is written ---- */

static int check_address(struct access *a)
{
	return is_canonical(a->value) ? 0 : -EINVAL;
}

static bool type_ok(uint64_t t)
{
	return t == MT_UC || t == MT_WC || t == MT_WT || t == MT_WP || t == MT_WB;
}

/* Eight of them. */
static int check_types(struct access *a)
{
	for (unsigned shift = 0; shift < 64; shift += 8) {
		uint64_t type = a->value >> shift & 0xff;

		if (!type_ok(type) && !(a->msr == MSR_PAT && type == MT_UC_MINUS))
			return -EINVAL;
	}
	return 0;
}

static int check_mtrr_default(struct access *a)
{
	return type_ok(a->value & 0xff) ? 0 : -EINVAL;
}

static int check_mtrr_variable(struct access *a)
{
	uint64_t phys = BIT(cpuid(0x80000008, 0).eax & 0xff) - 1;
	bool mask = a->msr & 1;

	if ((a->value & ~phys) || (a->value & (mask ? 0x7ff : 0xf00)))
		return -EINVAL;
	return mask ? 0 : check_mtrr_default(a);
}

static int check_efer(struct access *a)
{
	uint64_t old = vcpu_ops->get(a->v, REG_EFER);

	/* LME cannot change while paging is on (SDM 3A 4.1.1); LMA is not software's. */
	if (((a->value ^ old) & EFER_LME) && (vcpu_ops->get(a->v, REG_CR0) & CR0_PG))
		return -EINVAL;
	a->value = (a->value & ~EFER_LMA) | (old & EFER_LMA);
	return 0;
}

/* Branch records are not given; single-stepping on branches is. */
static int keep_btf(struct access *a)
{
	a->value &= DEBUGCTL_BTF;
	return 0;
}

/* ---- time ---- */

static int write_kvm_clock(struct access *a)
{
	uint64_t now = rdtsc();

	if (!(a->value & KVM_CLOCK_ENABLE))
		return 0;
	return pvclock_write(a->v->vm, a->value & ~(uint64_t)KVM_CLOCK_ENABLE, tsc_hz(),
			     now + a->v->tsc_offset, tsc_to_ns(now - a->v->vm->more->tsc_start));
}

static int write_steal(struct access *a)
{
	if (!(a->value & KVM_CLOCK_ENABLE))
		return 0;
	return pvclock_write_steal(a->v->vm, a->value & ~(uint64_t)KVM_CLOCK_ENABLE,
				   tsc_to_ns(a->v->more->stolen));
}

void vcpu_steal(struct vcpu *v, uint64_t now)
{
	v->more->stolen += now - v->more->ready;
	v->more->ready = now;
	(void)write_steal(&(struct access){.v = v, .value = v->more->kvm_steal});
}

/* The guest's TSC jumps: what is derived from it follows. */
static int move_tsc(struct vcpu *v, uint64_t ticks)
{
	v->tsc_offset += ticks;
	v->more->tsc_adjust += ticks;
	vcpu_ops->tsc_changed(v);
	spin_lock(&v->vm->more->lock);
	lapic_tsc_changed(&v->more->lapic);
	spin_unlock(&v->vm->more->lock);
	(void)write_kvm_clock(&(struct access){.v = v, .value = v->more->kvm_clock});
	return 0;
}

void vcpu_load_tsc_aux(uint64_t value)
{
	this_cpu()->more->tsc_aux = value;
	wrmsr(MSR_TSC_AUX, value);
}

static int write_tsc_aux(struct access *a)
{
	vcpu_load_tsc_aux(a->value);
	return 0;
}

static int follow_tsc_adjust(struct access *a)
{
	return move_tsc(a->v, a->value - a->v->more->tsc_adjust);
}

static int access_apic(struct access *a)
{
	struct vcpu *v = a->v;
	struct lapic *l = &v->more->lapic;

	SPIN_HOLD(&v->vm->more->lock);
	lapic_set_tpr(l, vcpu_ops->get_tpr(v));
	int err = a->write ? lapic_msr_write(l, a->msr, a->value)
			   : lapic_msr_read(l, a->msr, &a->value);
	vcpu_ops->set_tpr(v, lapic_tpr(l));
	if (a->write && a->msr == MSR_APIC_BASE && l->c.virtualized &&
	    !lapic_covers(l, LAPIC_DEFAULT_BASE))
		vm_apic_page(v->vm, false);
	return err;
}

/* ---- the registers ---- */

static bool has_pc(const struct vcpu *v)
{
	return v->vm->more->pc;
}

/* No level of the psABI has it, nor the MSR. */
bool vcpu_has_rdtscp(const struct vcpu *v)
{
	return vcpu_caps.rdtscp && v->vm->more->conf->cpu_model == CPU_HOST;
}

static bool is_amd(const struct vcpu *v)
{
	(void)v;
	return vcpu_ops == &svm_ops;
}

#define ONE(msr) (msr), (msr)
#define IN(name) FIELD, offsetof(struct vcpu_more, name)
#define ANY      UINT64_MAX

static const struct virtual_msr msrs[] = {
	{ONE(MSR_TSC_DEADLINE), APIC, 0, ANY, NULL, NULL},
	{MSR_X2APIC_BASE, MSR_X2APIC_BASE + 0xff, APIC, 0, ANY, NULL, NULL},
	{ONE(MSR_APIC_BASE), APIC, 0, ANY, NULL, NULL},
	{ONE(MSR_TSC), TSC, 0, ANY, NULL, NULL},
	{ONE(MSR_TSC_ADJUST), IN(tsc_adjust), ANY, follow_tsc_adjust, NULL},
	{ONE(MSR_TSC_AUX), IN(tsc_aux), UINT32_MAX, write_tsc_aux, vcpu_has_rdtscp},
	{ONE(MSR_KVM_WALL_CLOCK), WALL_CLOCK, 0, ANY, NULL, has_pc},
	{ONE(MSR_KVM_SYSTEM_TIME), IN(kvm_clock), ANY, write_kvm_clock, has_pc},
	{ONE(MSR_KVM_STEAL_TIME), IN(kvm_steal), ~KVM_STEAL_RESERVED, write_steal, has_pc},
	{ONE(MSR_SYSENTER_CS), REG, REG_SYSENTER_CS, ANY, NULL, NULL},
	{ONE(MSR_SYSENTER_ESP), REG, REG_SYSENTER_ESP, ANY, check_address, NULL},
	{ONE(MSR_SYSENTER_EIP), REG, REG_SYSENTER_EIP, ANY, check_address, NULL},
	{ONE(MSR_STAR), REG, REG_STAR, ANY, NULL, NULL},
	{ONE(MSR_LSTAR), REG, REG_LSTAR, ANY, check_address, NULL},
	{ONE(MSR_CSTAR), REG, REG_CSTAR, ANY, check_address, NULL},
	{ONE(MSR_SFMASK), REG, REG_SFMASK, ANY, NULL, NULL},
	{ONE(MSR_KERNEL_GS_BASE), REG, REG_KERNEL_GS_BASE, ANY, check_address, NULL},
	{ONE(MSR_FS_BASE), BASE, SREG_FS, ANY, check_address, NULL},
	{ONE(MSR_GS_BASE), BASE, SREG_GS, ANY, check_address, NULL},
	{ONE(MSR_EFER), REG, REG_EFER, EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE, check_efer, NULL},
	{ONE(MSR_PAT), REG, REG_PAT, ANY, check_types, NULL},
	{ONE(MSR_DEBUGCTL), REG, REG_DEBUGCTL, DEBUGCTL_BTF | DEBUGCTL_LBR, keep_btf, NULL},
	{ONE(MSR_MISC_ENABLE), IN(misc_enable), ANY, NULL, NULL}, /* kept, and without effect */
	/* Kept and read back only: guest memory is write-back whatever they say. */
	/* Variable ranges, fixed ones, WC. */
	{ONE(MSR_MTRRCAP), READ_ONLY, MTRR_VARIABLE | BIT(8) | BIT(10), 0, NULL, NULL},
	{ONE(MSR_MTRR_DEF_TYPE), IN(mtrr_def), 0xcff, check_mtrr_default, NULL},
	{MSR_MTRR_PHYSBASE0, MSR_MTRR_PHYSBASE0 + 2 * MTRR_VARIABLE - 1, IN(mtrr_var), ANY,
	 check_mtrr_variable, NULL},
	{ONE(MSR_MTRR_FIX64K_00000), IN(mtrr_fix[0]), ANY, check_types, NULL},
	{MSR_MTRR_FIX16K_80000, MSR_MTRR_FIX16K_A0000, IN(mtrr_fix[1]), ANY, check_types, NULL},
	{MSR_MTRR_FIX4K_C0000, MSR_MTRR_FIX4K_C0000 + 7, IN(mtrr_fix[3]), ANY, check_types, NULL},
	{ONE(MSR_FEATURE_CONTROL), READ_ONLY, 1, 0, NULL, NULL}, /* locked: no VMX, no SMX */
	{ONE(MSR_HWCR), READ_ONLY, BIT(24), 0, NULL, NULL},      /* AMD: TSC runs at P0 frequency */
	{ONE(MSR_VM_CR), READ_ONLY, BIT(4) | BIT(3), 0, NULL, NULL}, /* AMD: SVM off and locked */
	{ONE(MSR_DE_CFG), READ_ONLY, BIT(1), 0, NULL, NULL}, /* AMD: LFENCE is serializing */
	/* There and quiet: asked for by packaged kernels without a safety net. */
	{ONE(MSR_PLATFORM_ID), READ_ONLY, 0, 0, NULL, NULL},
	{ONE(MSR_MCG_CAP), READ_ONLY, 0, 0, NULL, NULL},
	{ONE(MSR_SYSCFG), READ_ONLY, 0, 0, NULL, NULL},
	{ONE(MSR_MCG_STATUS), CONSTANT, 0, 0, NULL, NULL},
	{ONE(MSR_BIOS_SIGN_ID), CONSTANT, 0, 0, NULL, NULL}, /* 0 before microcode is looked at */
	{ONE(MSR_NB_CFG), CONSTANT, 0, ANY, NULL, NULL},     /* there is no PCI port to enable */
	/* No CPUID bit says that they are there (APM 2 13.2.1): they are, and never count. */
	{MSR_PERF_EVTSEL0, MSR_PERF_EVTSEL0 + 7, CONSTANT, 0, ANY, NULL, is_amd},
};

static int carry_out(const struct virtual_msr *m, struct access *a)
{
	struct vcpu *v = a->v;
	struct vcpu_seg seg;
	uint64_t *field;

	switch (m->where) {
	case READ_ONLY:
	case CONSTANT:
		a->value = m->arg;
		break;
	case REG:
		if (a->write)
			vcpu_ops->set(v, (enum vcpu_reg)m->arg, a->value);
		else
			a->value = vcpu_ops->get(v, (enum vcpu_reg)m->arg);
		break;
	case BASE:
		seg = vcpu_ops->get_seg(v, (enum vcpu_sreg)m->arg);
		if (!a->write) {
			a->value = seg.base;
			break;
		}
		seg.base = a->value;
		vcpu_ops->set_seg(v, (enum vcpu_sreg)m->arg, &seg);
		break;
	case FIELD:
		field = (uint64_t *)(void *)((char *)v->more + m->arg) + (a->msr - m->first);
		if (a->write)
			*field = a->value;
		else
			a->value = *field;
		break;
	case TSC:
		if (a->write)
			return move_tsc(v, a->value - rdtsc() - v->tsc_offset);
		a->value = rdtsc() + v->tsc_offset;
		break;
	case APIC:
		return access_apic(a);
	case WALL_CLOCK:
		return pvclock_write_wall(v->vm, a->value, v->vm->more->epoch);
	}
	return 0;
}

/* -ENOENT: no such register is virtualized; else #GP is due. */
static int access(struct access *a)
{
	const struct virtual_msr *m = a->v->more->msr;
	int err = 0;

	if (a->msr < m->first || a->msr > m->last) {
		for (m = msrs; a->msr < m->first || a->msr > m->last;)
			if (++m == msrs + ARRAY_SIZE(msrs))
				return -ENOENT;
		a->v->more->msr = m;
	}
	if (m->where == (a->write ? READ_ONLY : WALL_CLOCK))
		return -ENOENT;
	if ((m->there && !m->there(a->v)) || (a->write && (a->value & ~m->bits)))
		return -EINVAL;
	if (a->write && m->check)
		err = m->check(a);
	return err ? err : carry_out(m, a);
}

int msr_read(struct vcpu *v, uint32_t msr, uint64_t *value)
{
	struct access a = {.v = v, .msr = msr};
	int err = access(&a);

	*value = a.value;
	return err ? msr_beyond(v, msr, false, value, err != -ENOENT) : 0;
}

static bool write_x2apic(struct vcpu *v, unsigned reg, uint64_t value)
{
	struct lapic *l = &v->more->lapic;

	SPIN_HOLD(&v->vm->more->lock);
	if (reg == APIC_TPR)
		lapic_set_tpr(l, vcpu_ops->get_tpr(v));
	bool done = lapic_quick_write(l, reg, value);
	if (reg == APIC_TPR)
		vcpu_ops->set_tpr(v, lapic_tpr(l));
	return done;
}

int msr_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
	if (msr - MSR_X2APIC_BASE <= 0xff && write_x2apic(v, msr - MSR_X2APIC_BASE, value))
		return 0;
	struct access a = {.v = v, .msr = msr, .write = true, .value = value};
	int err = access(&a);

	return err ? msr_beyond(v, msr, true, &value, err != -ENOENT) : 0;
}

void msr_reset(struct vcpu *v)
{
	struct vcpu_more *m = v->more;

	m->msr = msrs;
	/* As firmware leaves them: everything write-back. */
	m->mtrr_def = BIT(11) | MT_WB;
	memset(m->mtrr_fix, MT_WB, sizeof(m->mtrr_fix));
	memset(m->mtrr_var, 0, sizeof(m->mtrr_var));
	m->misc_enable = BIT(0); /* fast strings */
	m->tsc_aux = m->tsc_adjust = m->kvm_clock = m->kvm_steal = m->stolen = 0;
}
