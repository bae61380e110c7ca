; SPDX-License-Identifier: GPL-2.0-or-later
; The way into the guest and back.
bits 64
default rel
%include "arch/x86/gpr.asm"

; struct vcpu: gpr[16] first (asserted in exit.c), in encoding order (in kernel/vcpu.h);
; struct vmx_vcpu (in exit.c).
%define VMX_CR2       0
%define VMX_HOST_RSP  8
%define VMX_LAUNCHED  16
%define FIELD_HOST_RSP 0x6c14

section .text

; bool vmx_enter(struct vcpu *v, struct vmx_vcpu *h)
; False after an exit, true after VMfail. Interrupts are off; they stay off after
; an exit, which clears RFLAGS (SDM 3C 27.5.3).
global vmx_enter
global vmx_exit_point
vmx_enter:
	pushes	CALLEE_SAVED
	push	rsi
	push	rdi

	; The stack is the core's own and mostly equally deep: write HOST_RSP when it is not.
	cmp	[rsi + VMX_HOST_RSP], rsp
	je	.rsp_set
	mov	[rsi + VMX_HOST_RSP], rsp
	mov	eax, FIELD_HOST_RSP
	vmwrite	rax, rsp
.rsp_set:
	; No VMCS field holds CR2.
	mov	rax, [rsi + VMX_CR2]
	mov	rcx, cr2
	cmp	rax, rcx
	je	.cr2_set
	mov	cr2, rax
.cr2_set:
	cmp	qword [rsi + VMX_LAUNCHED], 0	; MOV leaves the flags alone
	gprs	load_gpr
	load_gpr rax, 0
	load_gpr rdi, 7
	je	.launch
	vmresume
	jmp	.failed
.launch:
	vmlaunch
.failed:
	; VMfailInvalid or VMfailValid (SDM 3C 30.2). Guest registers are as they were.
	mov	eax, 1
	jmp	vmx_exit_point.restore

vmx_exit_point:
	push	rdi
	mov	rdi, [rsp + 8]
	gprs	save_gpr
	save_gpr rax, 0
	pop	qword [GPR(7)]
%ifdef FLOOR
%include "tests/bench/floor-vmx.inc"
%endif
	; At once: a page fault of the hypervisor would overwrite it.
	mov	rsi, [rsp + 8]
	mov	rax, cr2
	mov	[rsi + VMX_CR2], rax
	xor	eax, eax
.restore:
	; No value of the guest outlives this in a register.
	clears	ecx, edx, r8d, r9d, r10d, r11d
	pop	rdi
	pop	rsi
	pops	CALLEE_SAVED
	ret

section .note.GNU-stack noalloc noexec nowrite progbits
