; SPDX-License-Identifier: GPL-2.0-or-later
; The way into a guest and back (APM 2 15.5, 15.17).
bits 64
default rel

%define GPR(n) rdi + 8 * (n)	; by number of the register: svm/svm.h asserts it

section .text exec

; void svm_enter(uint64_t *gpr, hpa_t vmcb, hpa_t host_vmcb)
; RAX and RSP are switched by the CPU, with the VMCB.
global svm_enter
svm_enter:
	push rbp
	push rbx
	push r12
	push r13
	push r14
	push r15
	push rdx		; [rsp + 8]: the VMCB with the host's FS, GS, TR, ...
	push rdi		; [rsp]: the guest's registers

	; GIF = 0 holds back everything up to VMRUN, which sets it again. With
	; V_INTR_MASKING the host's IF decides on physical interrupts then. STI
	; stands well before VMRUN: its shadow would leak into the guest.
	clgi
	sti
	mov rax, rsi
	vmload
	mov rcx, [GPR(1)]
	mov rdx, [GPR(2)]
	mov rbx, [GPR(3)]
	mov rbp, [GPR(5)]
	mov rsi, [GPR(6)]
	mov r8, [GPR(8)]
	mov r9, [GPR(9)]
	mov r10, [GPR(10)]
	mov r11, [GPR(11)]
	mov r12, [GPR(12)]
	mov r13, [GPR(13)]
	mov r14, [GPR(14)]
	mov r15, [GPR(15)]
	mov rdi, [GPR(7)]
global svm_vmrun
svm_vmrun:
	vmrun
	; RAX (the VMCB), RSP and RFLAGS are the host's; GIF = 0.
	vmsave
	push rdi
	mov rdi, [rsp + 8]
	pop qword [GPR(7)]
	mov [GPR(1)], rcx
	mov [GPR(2)], rdx
	mov [GPR(3)], rbx
	mov [GPR(5)], rbp
	mov [GPR(6)], rsi
	mov [GPR(8)], r8
	mov [GPR(9)], r9
	mov [GPR(10)], r10
	mov [GPR(11)], r11
	mov [GPR(12)], r12
	mov [GPR(13)], r13
	mov [GPR(14)], r14
	mov [GPR(15)], r15

	; GS and TR must be the host's before an NMI can come.
	mov rax, [rsp + 8]
	vmload
	cli
	stgi			; a physical NMI that ended the run is taken here

	; No value of the guest outlives this in a register.
	xor ecx, ecx
	xor edx, edx
	xor esi, esi
	xor r8d, r8d
	xor r9d, r9d
	xor r10d, r10d
	xor r11d, r11d
	add rsp, 16
	pop r15
	pop r14
	pop r13
	pop r12
	pop rbx
	pop rbp
	ret

; void svm_save_host(hpa_t host_vmcb)
global svm_save_host
svm_save_host:
	mov rax, rdi
	vmsave
	ret

section .note.GNU-stack noalloc noexec nowrite progbits
