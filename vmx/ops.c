/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table by which common code reaches the VMX backend. */
#include "vmx/ept_format.h"
#include "vmx/vmx.h"

static void tsc_changed(struct vcpu *v)
{
	vmwrite(TSC_OFFSET, v->tsc_offset);
}

const struct vcpu_ops vmx_ops = {
	.name = "VMX",
	.probe = vmx_probe,
	.cpu_on = vmx_cpu_on,
	.cpu_off = vmx_cpu_off,
	.pt_format = &pt_format_ept,
	.vcpu_create = vmx_vcpu_create,
	.vcpu_reset = vmx_vcpu_reset,
	.load = vmx_load,
	.unload = vmx_unload,
	.run = vmx_run,
	.advance = vmx_skip,
	.get = vmx_get,
	.set = vmx_set,
	.get_seg = vmx_get_seg,
	.context = vmx_context,
	.set_seg = vmx_set_seg,
	.can_take_irq = vmx_can_take_irq,
	.can_take_nmi = vmx_can_take_nmi,
	.want_irq_window = vmx_want_irq_window,
	.want_nmi_window = vmx_want_nmi_window,
	.inject = vmx_inject,
	.get_tpr = vmx_get_tpr,
	.set_tpr = vmx_set_tpr,
	.virtualize_apic = vmx_virtualize_apic,
	.tsc_changed = tsc_changed,
	.flush_tlb = vmx_flush_tlb,
	.dump = vmx_dump,
};
