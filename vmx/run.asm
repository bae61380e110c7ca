; SPDX-License-Identifier: GPL-2.0-or-later
; The way into the guest and back.
bits 64
default rel

; struct vcpu: gpr[16] first, in encoding order; struct vmx_vcpu. Asserted in exit.c.
%define GPR(n)        8 * (n)
%define VMX_CR2       0
%define VMX_HOST_RSP  8
%define VMX_LAUNCHED  16
%define FIELD_HOST_RSP 0x6c14

section .text

; unsigned vmx_enter(struct vcpu *v, struct vmx_vcpu *h)
; 0 after an exit, 1 VMfailInvalid, 2 VMfailValid. Interrupts are off; they stay
; off after an exit, which clears RFLAGS (SDM 3C 27.5.3).
global vmx_enter
global vmx_exit_point
vmx_enter:
	push	rbp
	push	rbx
	push	r12
	push	r13
	push	r14
	push	r15
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
	mov	rax, [rdi + GPR(0)]
	mov	rcx, [rdi + GPR(1)]
	mov	rdx, [rdi + GPR(2)]
	mov	rbx, [rdi + GPR(3)]
	mov	rbp, [rdi + GPR(5)]
	mov	rsi, [rdi + GPR(6)]
	mov	r8,  [rdi + GPR(8)]
	mov	r9,  [rdi + GPR(9)]
	mov	r10, [rdi + GPR(10)]
	mov	r11, [rdi + GPR(11)]
	mov	r12, [rdi + GPR(12)]
	mov	r13, [rdi + GPR(13)]
	mov	r14, [rdi + GPR(14)]
	mov	r15, [rdi + GPR(15)]
	mov	rdi, [rdi + GPR(7)]
	je	.launch
	vmresume
	jmp	.failed
.launch:
	vmlaunch
.failed:
	; CF: VMfailInvalid, ZF: VMfailValid (SDM 3C 30.2). Guest registers are as they were.
	mov	eax, 1
	mov	ecx, 2
	cmovnc	eax, ecx
	jmp	vmx_exit_point.restore

vmx_exit_point:
	push	rdi
	mov	rdi, [rsp + 8]
	mov	[rdi + GPR(0)], rax
	mov	[rdi + GPR(1)], rcx
	mov	[rdi + GPR(2)], rdx
	mov	[rdi + GPR(3)], rbx
	pop	qword [rdi + GPR(7)]
	mov	[rdi + GPR(5)], rbp
	mov	[rdi + GPR(6)], rsi
	mov	[rdi + GPR(8)], r8
	mov	[rdi + GPR(9)], r9
	mov	[rdi + GPR(10)], r10
	mov	[rdi + GPR(11)], r11
	mov	[rdi + GPR(12)], r12
	mov	[rdi + GPR(13)], r13
	mov	[rdi + GPR(14)], r14
	mov	[rdi + GPR(15)], r15
	; At once: a page fault of the hypervisor would overwrite it.
	mov	rsi, [rsp + 8]
	mov	rax, cr2
	mov	[rsi + VMX_CR2], rax
	xor	eax, eax
.restore:
	; Nothing of the guest's stays in a register for speculation to find.
	xor	ecx, ecx
	xor	edx, edx
	xor	r8d, r8d
	xor	r9d, r9d
	xor	r10d, r10d
	xor	r11d, r11d
	pop	rdi
	pop	rsi
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbx
	pop	rbp
	ret

section .note.GNU-stack noalloc noexec nowrite progbits
