; SPDX-License-Identifier: GPL-2.0-or-later
; The way into a guest and back (APM 2 15.5, 15.17).
bits 64
default rel
%include "arch/x86/gpr.asm"

section .text exec

; void svm_enter(uint64_t *gpr, hpa_t vmcb, hpa_t host_vmcb)
; RAX and RSP are switched by the CPU, with the VMCB.
global svm_enter
svm_enter:
	pushes CALLEE_SAVED
	push rdx		; [rsp + 8]: the VMCB with the host's FS, GS, TR, ...
	push rdi		; [rsp]: the guest's registers

	; GIF = 0 holds back everything up to VMRUN, which sets it again. With
	; V_INTR_MASKING the host's IF decides on physical interrupts then. STI
	; stands well before VMRUN: its shadow would leak into the guest.
	clgi
	sti
	mov rax, rsi
	vmload
	gprs load_gpr
	mov rdi, [GPR(7)]
global svm_vmrun
svm_vmrun:
	vmrun
	; RAX (the VMCB), RSP and RFLAGS are the host's; GIF = 0.
	vmsave
	push rdi
	mov rdi, [rsp + 8]
	pop qword [GPR(7)]
	gprs save_gpr
%ifdef FLOOR
%include "tests/bench/floor-svm.inc"
%endif

	; GS and TR must be the host's before an NMI can come.
	mov rax, [rsp + 8]
	vmload
	cli
	stgi			; a physical NMI that ended the run is taken here

	; No value of the guest outlives this in a register.
	clears ecx, edx, esi, r8d, r9d, r10d, r11d
	add rsp, 16
	pops CALLEE_SAVED
	ret

; void svm_save_host(hpa_t host_vmcb)
global svm_save_host
svm_save_host:
	mov rax, rdi
	vmsave
	ret

section .note.GNU-stack noalloc noexec nowrite progbits
