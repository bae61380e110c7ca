/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MSR policy: what a guest may read and write; everything else is #GP. */
#include "arch/x86/msr.h"
#include "arch/x86/cpu.h"
#include "arch/x86/tsc.h"
#include "kernel/errno.h"
#include "kernel/guest.h"
#include "kernel/pvclock.h"

#define DEBUGCTL_LBR 1ull
#define DEBUGCTL_BTF 2ull

/* Held by the backend; not intercepted as a rule, but the answer is the same. */
static bool backend_reg(uint32_t msr, enum vcpu_reg *reg)
{
	switch (msr) {
	case MSR_SYSENTER_CS:
		*reg = REG_SYSENTER_CS;
		return true;
	case MSR_SYSENTER_ESP:
		*reg = REG_SYSENTER_ESP;
		return true;
	case MSR_SYSENTER_EIP:
		*reg = REG_SYSENTER_EIP;
		return true;
	case MSR_STAR:
		*reg = REG_STAR;
		return true;
	case MSR_LSTAR:
		*reg = REG_LSTAR;
		return true;
	case MSR_CSTAR:
		*reg = REG_CSTAR;
		return true;
	case MSR_SFMASK:
		*reg = REG_SFMASK;
		return true;
	case MSR_KERNEL_GS_BASE:
		*reg = REG_KERNEL_GS_BASE;
		return true;
	default:
		return false;
	}
}

static bool canonical(uint64_t v)
{
	return (uint64_t)((int64_t)(v << 16) >> 16) == v;
}

static bool is_apic(uint32_t msr)
{
	return msr == MSR_APIC_BASE || msr == MSR_TSC_DEADLINE || (msr >= 0x800 && msr <= 0x8ff);
}

/* Index into mtrr_fix, or -1. */
static int mtrr_fixed(uint32_t msr)
{
	if (msr == MSR_MTRR_FIX64K_00000)
		return 0;
	if (msr == MSR_MTRR_FIX16K_80000 || msr == MSR_MTRR_FIX16K_A0000)
		return (int)(1 + msr - MSR_MTRR_FIX16K_80000);
	if (msr >= MSR_MTRR_FIX4K_C0000 && msr < MSR_MTRR_FIX4K_C0000 + 8)
		return (int)(3 + msr - MSR_MTRR_FIX4K_C0000);
	return -1;
}

static bool is_mtrr_var(uint32_t msr)
{
	return msr >= MSR_MTRR_PHYSBASE0 && msr < MSR_MTRR_PHYSBASE0 + 2 * MTRR_VARIABLE;
}

static bool mtrr_type_ok(uint64_t t)
{
	return t == MT_UC || t == MT_WC || t == MT_WT || t == MT_WP || t == MT_WB;
}

static bool types_ok(uint64_t v, bool pat)
{
	for (unsigned i = 0; i < 8; i++, v >>= 8)
		if (!mtrr_type_ok(v & 0xff) && !(pat && (v & 0xff) == MT_UC_MINUS))
			return false;
	return true;
}

void msr_reset(struct vcpu *v)
{
	struct vcpu_more *m = v->more;

	/* As firmware leaves them: everything write-back. */
	m->mtrr_def = BIT(11) | MT_WB;
	for (unsigned i = 0; i < MTRR_FIXED; i++)
		m->mtrr_fix[i] = 0x0606060606060606ull;
	for (unsigned i = 0; i < 2 * MTRR_VARIABLE; i++)
		m->mtrr_var[i] = 0;
	m->misc_enable = BIT(0); /* fast strings */
	m->tsc_aux = m->tsc_adjust = m->kvm_clock = m->kvm_steal = m->stolen = 0;
}

static int apic_msr(struct vcpu *v, uint32_t msr, uint64_t *value, bool write)
{
	spin_lock(&v->vm->more->lock);
	lapic_set_tpr(&v->more->lapic, vcpu_ops->get_tpr(v));
	int err = write ? lapic_msr_write(&v->more->lapic, msr, *value)
			: lapic_msr_read(&v->more->lapic, msr, value);
	vcpu_ops->set_tpr(v, v->more->lapic.tpr);
	v->apic_base = v->more->lapic.base;
	spin_unlock(&v->vm->more->lock);
	return err;
}

static int mtrr_read(struct vcpu *v, uint32_t msr, uint64_t *value)
{
	struct vcpu_more *m = v->more;
	int fixed = mtrr_fixed(msr);

	if (fixed >= 0)
		*value = m->mtrr_fix[fixed];
	else if (is_mtrr_var(msr))
		*value = m->mtrr_var[msr - MSR_MTRR_PHYSBASE0];
	else if (msr == MSR_MTRRCAP)
		*value = MTRR_VARIABLE | BIT(8) | BIT(10); /* fixed ranges, WC */
	else if (msr == MSR_MTRR_DEF_TYPE)
		*value = m->mtrr_def;
	else
		return -ENOENT;
	return 0;
}

/* Kept and read back only: guest memory is write-back whatever they say. */
static int mtrr_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
	struct vcpu_more *m = v->more;
	int fixed = mtrr_fixed(msr);
	uint64_t phys = BIT(cpuid(0x80000008, 0).eax & 0xff) - 1;

	if (fixed >= 0) {
		if (!types_ok(value, false))
			return -EINVAL;
		m->mtrr_fix[fixed] = value;
	} else if (is_mtrr_var(msr)) {
		bool mask = msr & 1;
		if ((value & ~phys) || (value & (mask ? 0x7ff : 0xf00)) ||
		    (!mask && !mtrr_type_ok(value & 0xff)))
			return -EINVAL;
		m->mtrr_var[msr - MSR_MTRR_PHYSBASE0] = value;
	} else if (msr == MSR_MTRR_DEF_TYPE) {
		if ((value & ~(uint64_t)0xcff) || !mtrr_type_ok(value & 0xff))
			return -EINVAL;
		m->mtrr_def = value;
	} else {
		return -ENOENT;
	}
	return 0;
}

/* -ENOENT: no such register is virtualized. */
static int virtual_read(struct vcpu *v, uint32_t msr, uint64_t *value)
{
	enum vcpu_reg reg;

	if (is_apic(msr))
		return apic_msr(v, msr, value, false);
	if (backend_reg(msr, &reg)) {
		*value = vcpu_ops->get(v, reg);
		return 0;
	}
	*value = 0;
	switch (msr) {
	case MSR_TSC:
		*value = rdtsc() + v->tsc_offset;
		return 0;
	case MSR_TSC_ADJUST:
		*value = v->more->tsc_adjust;
		return 0;
	case MSR_EFER:
		*value = vcpu_ops->get(v, REG_EFER);
		return 0;
	case MSR_PAT:
		*value = vcpu_ops->get(v, REG_PAT);
		return 0;
	case MSR_FS_BASE:
		*value = vcpu_ops->get_seg(v, SREG_FS).base;
		return 0;
	case MSR_GS_BASE:
		*value = vcpu_ops->get_seg(v, SREG_GS).base;
		return 0;
	case MSR_TSC_AUX:
		if (!cpu_has_rdtscp())
			return -EINVAL;
		*value = v->more->tsc_aux;
		return 0;
	case MSR_DEBUGCTL:
		*value = vcpu_ops->get(v, REG_DEBUGCTL);
		return 0;
	case MSR_MISC_ENABLE:
		*value = v->more->misc_enable;
		return 0;
	case MSR_KVM_STEAL_TIME:
		*value = v->more->kvm_steal;
		return v->vm->more->pc ? 0 : -EINVAL;
	case MSR_KVM_SYSTEM_TIME:
		*value = v->more->kvm_clock;
		return v->vm->more->pc ? 0 : -EINVAL;
	case MSR_FEATURE_CONTROL: /* locked: no VMX, no SMX */
		*value = 1;
		return 0;
	case MSR_HWCR: /* AMD: TSC runs at P0 frequency */
		*value = BIT(24);
		return 0;
	case MSR_VM_CR: /* AMD: SVM disabled and locked */
		*value = BIT(4) | BIT(3);
		return 0;
	/* There and quiet: asked for by packaged kernels without a safety net. */
	case MSR_PLATFORM_ID:
	case MSR_BIOS_SIGN_ID:
	case MSR_MCG_CAP:
	case MSR_MCG_STATUS:
	case MSR_SYSCFG:
	case MSR_NB_CFG:
		return 0;
	case MSR_DE_CFG: /* AMD: LFENCE is serializing */
		*value = BIT(1);
		return 0;
	default:
		return mtrr_read(v, msr, value);
	}
}

static int write_efer(struct vcpu *v, uint64_t value)
{
	uint64_t old = vcpu_ops->get(v, REG_EFER);

	if (value & ~v->more->efer_allowed)
		return -EINVAL;
	/* LME cannot change while paging is on (SDM 3A 4.1.1); LMA is not software's. */
	if (((value ^ old) & EFER_LME) && (vcpu_ops->get(v, REG_CR0) & CR0_PG))
		return -EINVAL;
	vcpu_ops->set(v, REG_EFER, (value & ~EFER_LMA) | (old & EFER_LMA));
	return 0;
}

static int update_kvm_clock(struct vcpu *v)
{
	uint64_t now = rdtsc();

	if (!(v->more->kvm_clock & KVM_CLOCK_ENABLE))
		return 0;
	return pvclock_write(v->vm, v->more->kvm_clock & ~(uint64_t)KVM_CLOCK_ENABLE, tsc_hz(),
			     now + v->tsc_offset, tsc_to_ns(now - v->vm->more->tsc_start));
}

static int write_kvm_clock(struct vcpu *v, uint64_t value)
{
	uint64_t old = v->more->kvm_clock;

	v->more->kvm_clock = value;
	if (!update_kvm_clock(v))
		return 0;
	v->more->kvm_clock = old;
	return -EINVAL;
}

void vcpu_steal(struct vcpu *v, uint64_t now)
{
	struct vcpu_more *m = v->more;

	m->stolen += now - m->ready;
	m->ready = now;
	if (m->kvm_steal & KVM_CLOCK_ENABLE)
		(void)pvclock_write_steal(v->vm, m->kvm_steal & ~(uint64_t)KVM_CLOCK_ENABLE,
					  tsc_to_ns(m->stolen));
}

static int write_steal(struct vcpu *v, uint64_t value)
{
	gpa_t gpa = value & ~(uint64_t)KVM_CLOCK_ENABLE;

	if (!v->vm->more->pc || (value & KVM_STEAL_RESERVED))
		return -EINVAL;
	if ((value & KVM_CLOCK_ENABLE) &&
	    pvclock_write_steal(v->vm, gpa, tsc_to_ns(v->more->stolen)))
		return -EINVAL;
	v->more->kvm_steal = value;
	return 0;
}

/* The guest's TSC jumps: what is derived from it follows. */
static void tsc_moved(struct vcpu *v)
{
	vcpu_ops->tsc_changed(v);
	spin_lock(&v->vm->more->lock);
	lapic_tsc_changed(&v->more->lapic);
	spin_unlock(&v->vm->more->lock);
	(void)update_kvm_clock(v);
}

static void write_tsc(struct vcpu *v, uint64_t value)
{
	uint64_t offset = value - rdtsc();

	v->more->tsc_adjust += offset - v->tsc_offset;
	v->tsc_offset = offset;
	tsc_moved(v);
}

static int write_backend(struct vcpu *v, enum vcpu_reg reg, uint64_t value)
{
	bool address = reg == REG_SYSENTER_ESP || reg == REG_SYSENTER_EIP || reg == REG_LSTAR ||
		       reg == REG_CSTAR || reg == REG_KERNEL_GS_BASE;

	if (address && !canonical(value))
		return -EINVAL;
	vcpu_ops->set(v, reg, value);
	return 0;
}

static int write_base(struct vcpu *v, enum vcpu_sreg s, uint64_t value)
{
	struct vcpu_seg seg = vcpu_ops->get_seg(v, s);

	if (!canonical(value))
		return -EINVAL;
	seg.base = value;
	vcpu_ops->set_seg(v, s, &seg);
	return 0;
}

static int virtual_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
	enum vcpu_reg reg;

	if (is_apic(msr))
		return apic_msr(v, msr, &value, true);
	if (backend_reg(msr, &reg))
		return write_backend(v, reg, value);
	switch (msr) {
	case MSR_TSC:
		write_tsc(v, value);
		return 0;
	case MSR_TSC_ADJUST:
		v->tsc_offset += value - v->more->tsc_adjust;
		v->more->tsc_adjust = value;
		tsc_moved(v);
		return 0;
	case MSR_EFER:
		return write_efer(v, value);
	case MSR_PAT:
		if (!types_ok(value, true))
			return -EINVAL;
		vcpu_ops->set(v, REG_PAT, value);
		return 0;
	case MSR_FS_BASE:
		return write_base(v, SREG_FS, value);
	case MSR_GS_BASE:
		return write_base(v, SREG_GS, value);
	case MSR_TSC_AUX:
		if ((value >> 32) || !cpu_has_rdtscp())
			return -EINVAL;
		v->more->tsc_aux = value;
		return 0;
	case MSR_DEBUGCTL: /* branch records are not given; single-stepping on branches is */
		if (value & ~(DEBUGCTL_BTF | DEBUGCTL_LBR))
			return -EINVAL;
		vcpu_ops->set(v, REG_DEBUGCTL, value & DEBUGCTL_BTF);
		return 0;
	case MSR_MISC_ENABLE:
		v->more->misc_enable = value & BIT(0);
		return 0;
	case MSR_KVM_STEAL_TIME:
		return write_steal(v, value);
	case MSR_KVM_SYSTEM_TIME:
		return v->vm->more->pc ? write_kvm_clock(v, value) : -EINVAL;
	case MSR_KVM_WALL_CLOCK:
		return v->vm->more->pc && !pvclock_write_wall(v->vm, value, v->vm->more->epoch)
			       ? 0
			       : -EINVAL;
	case MSR_BIOS_SIGN_ID: /* the step before reading a microcode revision */
	case MSR_MCG_STATUS:
		return value ? -EINVAL : 0;
	case MSR_NB_CFG: /* extended PCI configuration by port: there is none to enable */
		return 0;
	default:
		return mtrr_write(v, msr, value);
	}
}

int msr_read(struct vcpu *v, uint32_t msr, uint64_t *value)
{
	int err = virtual_read(v, msr, value);

	return err ? msr_beyond(v, msr, false, value, err != -ENOENT) : 0;
}

int msr_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
	int err = virtual_write(v, msr, value);

	return err ? msr_beyond(v, msr, true, &value, err != -ENOENT) : 0;
}
